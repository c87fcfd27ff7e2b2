package seating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/internal/live"
)

// board is one event's map in this replica: a mirror of Redis, and whoever watches it. Every replica has its own, and
// none is special.
//
//	Redis log ──XRANGE──→ mirror ──tick──→ hub ──→ sockets
//	channel "v" ─bell──┘ (and a poll each second: bells get lost)
type board struct {
	s      *Service
	id     int64
	keys   holds.Keys
	mirror *live.Mirror
	hub    *live.Hub // of fans
	desk   *live.Hub // of staff, named by their sessions

	epoch atomic.Int64
	// mine is the newest version that this replica caused; who caused it must see it.
	mine     atomic.Int64
	bell     chan struct{}
	rung     atomic.Bool // a hold's key expired: sweep without waiting
	pulling  sync.Mutex
	building sync.Mutex
	followed atomic.Bool
	grabs    grabs
	onSale   atomic.Bool  // or about to be: looked after every second
	pulled   atomic.Int64 // the beat of the last good look

	phase struct {
		sync.Mutex
		word string
		beat int64
	}
	picks picks
	// clean is what the last comparison with Postgres found in order.
	clean struct {
		sync.Mutex
		mark  string
		until int64 // beat
	}
}

// board gives the event's board, made at the first use; while Run runs it is kept up to date by itself.
func (s *Service) board(eventID int64) *board {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boards[eventID]
	if b == nil {
		leases, born := s.Admissions.LeaseKeys(eventID)
		b = &board{
			s: s, id: eventID, mirror: live.NewMirror(), bell: make(chan struct{}, 1),
			keys: holds.Keys{Base: s.KeyPrefix + "{e" + strconv.FormatInt(eventID, 10) + "}:", Leases: leases, Born: born},
		}
		b.hub = live.NewHub(b.mirror, live.DefaultLimits(), b.left)
		b.desk = live.NewHub(b.mirror, live.DefaultLimits(), nil)
		if s.draining {
			b.hub.Close(context.Background())
			b.desk.Close(context.Background())
		}
		s.boards[eventID] = b
	}
	if s.running != nil && s.running.Err() == nil && b.followed.CompareAndSwap(false, true) {
		ctx := s.running
		s.work.Go(func() { b.follow(ctx) })
		s.work.Go(func() { b.listen(ctx) })
	}
	return b
}

func (s *Service) allBoards() []*board {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*board, 0, len(s.boards))
	for _, b := range s.boards {
		all = append(all, b)
	}
	return all
}

func (b *board) at() holds.At { return holds.At{Keys: b.keys, Epoch: b.epoch.Load()} }

// try runs a script in the epoch this replica believes in, and again when it learns better: a newer epoch is taken
// over, a lost map is rebuilt. Refusals come back as they are; a Redis that is away is ErrBusy.
func (b *board) try(ctx context.Context, script func(at holds.At) error) error {
	var err error
	for range 4 {
		if err = script(b.at()); err == nil {
			return nil
		}
		var other *holds.EpochError
		switch {
		case errors.As(err, &other):
			err = b.learn(ctx, other)
		case errors.Is(err, holds.ErrClosed):
			err = b.rebuild(ctx) // waits for whoever is at it, or does what they left undone
		}
		if err != nil {
			return away(err)
		}
	}
	return away(err)
}

// learn takes over the epoch the map is in, or rebuilds a lost map.
func (b *board) learn(ctx context.Context, other *holds.EpochError) error {
	if other.Epoch > 0 && other.Epoch >= b.epoch.Load() {
		b.epoch.Store(other.Epoch)
		b.ring()
		return nil
	}
	return b.rebuild(ctx)
}

// ring asks the follower to look.
func (b *board) ring() {
	select {
	case b.bell <- struct{}{}:
	default:
	}
}

// caused notes a version this replica brought about.
func (b *board) caused(version int64) {
	for {
		was := b.mine.Load()
		if version <= was || b.mine.CompareAndSwap(was, version) {
			break
		}
	}
	b.ring()
}

const (
	// pullLimit is how many changes one read takes.
	pullLimit = 2000
	// recentLimit is as much as the log keeps: what a new replica can replay to those who reconnect.
	recentLimit = 8192
)

// pull brings the mirror up to date.
func (b *board) pull(ctx context.Context) error {
	b.pulling.Lock()
	defer b.pulling.Unlock()
	beat := b.s.beat.Load()
	err := b.try(ctx, func(at holds.At) error {
		for holds.EpochOf(b.mirror.Version()) == at.Epoch && at.Epoch > 0 {
			changes, err := b.s.store.Changes(ctx, at, b.mirror.Version(), pullLimit)
			if err != nil {
				return err
			}
			if !b.mirror.Apply(convert(changes)) {
				break
			}
			if len(changes) < pullLimit {
				return nil
			}
		}
		return b.load(ctx, at)
	})
	if err == nil {
		b.pulled.Store(beat)
	}
	return err
}

// load reads the whole map: at the start, in a new epoch, and after a hole in the log.
func (b *board) load(ctx context.Context, at holds.At) error {
	snap, err := b.s.store.Snapshot(ctx, at, false)
	if err != nil {
		return err
	}
	// Not from the cache: what is on sale may be why there is a new epoch.
	event, err := b.s.loadEvent(ctx, "id = ?", b.id)
	if err != nil {
		return err
	}
	room, err := b.s.roomOf(ctx, event)
	if err != nil {
		return err
	}
	house := live.House{Category: room.house, OnSale: make([]bool, len(event.Categories))}
	for i, c := range event.Categories {
		house.OnSale[i] = c.Price != nil
	}
	seats := make([]live.SeatState, 0, len(snap.Held)+len(snap.Taken))
	for _, h := range snap.Held {
		seats = append(seats, live.SeatState{Seat: h.Seat, State: live.Held, Due: h.Due})
	}
	for _, c := range snap.Taken {
		seats = append(seats, live.SeatState{Seat: c.Seat, State: stateOf(c.Status)})
	}
	recent, err := b.s.store.Recent(ctx, at, recentLimit)
	if err != nil {
		return err
	}
	// The log was read after the map; what is newer comes with the next pull.
	for len(recent) > 0 && recent[len(recent)-1].Version > snap.Version {
		recent = recent[:len(recent)-1]
	}
	if !b.mirror.Load(snap.Version, house, seats, convert(recent)) {
		return &holds.EpochError{} // versions fell: rebuild, in a new epoch
	}
	return nil
}

// stateOf is what a claim makes of its seat.
func stateOf(status string) live.State {
	switch status {
	case holds.Sold:
		return live.Sold
	case holds.Blocked:
		return live.Blocked
	}
	return live.Paying
}

func convert(changes []holds.Change) []live.Change {
	out := make([]live.Change, len(changes))
	for i, c := range changes {
		out[i] = live.Change{Version: c.Version, Seat: c.Seat, State: live.State(c.State), Due: c.Due}
	}
	return out
}

// fresh makes sure that the mirror has been loaded and shows what this replica did itself. It gives up quietly when
// Redis is away and there is something to show.
func (b *board) fresh(ctx context.Context) error {
	if version := b.mirror.Version(); version > 0 && version >= b.mine.Load() {
		beat := b.s.beat.Load()
		if beat > 0 && (b.busy() || b.pulled.Load() == beat) {
			return nil
		}
	}
	err := b.pull(ctx)
	if err != nil && b.mirror.Version() > 0 {
		b.s.Log.Debug("map served from memory", "event_id", b.id, "error", err)
		return nil
	}
	return err
}

// lately makes sure that the mirror has been loaded and is kept up by the follower, which is enough for who knows besides
// what this replica is at; else it is fresh.
func (b *board) lately(ctx context.Context) error {
	if beat := b.s.beat.Load(); beat > 0 && b.mirror.Version() > 0 && b.busy() && beat-b.pulled.Load() <= 4 {
		return nil
	}
	return b.fresh(ctx)
}

// busy tells whether somebody may be choosing, so that the follower looks often. The rest are looked at when asked for.
func (b *board) busy() bool {
	return b.followed.Load() && (b.onSale.Load() || b.mirror.Holds() || b.hub.Sockets() > 0 || b.desk.Sockets() > 0)
}

const (
	poll = time.Second
	// tick is how long after a frame changes are gathered for the next.
	tick = 100 * time.Millisecond
)

// follow keeps the mirror near Redis and ticks the hub while something is new.
func (b *board) follow(ctx context.Context) {
	every := time.NewTicker(poll)
	defer every.Stop()
	var rest <-chan time.Time // until the next frame
	look := true
	for {
		if look {
			if err := b.pull(ctx); err != nil && ctx.Err() == nil {
				b.s.Log.Debug("map not read", "event_id", b.id, "error", err)
			}
		}
		look = true
		// The first change goes out at once, what comes right after it together.
		if rest == nil && b.mirror.Pending() {
			rest = time.After(tick)
			b.hub.Tick()
			b.desk.Wake()
		}
		select {
		case <-ctx.Done():
			return
		case <-b.bell:
		case <-every.C:
			look = b.busy()
		case <-rest:
			rest, look = nil, false
		}
	}
}

// listen hears the event's channel. It is only a bell; every subscription anew is followed by a look.
func (b *board) listen(ctx context.Context) {
	for ctx.Err() == nil {
		hooked := rueidis.WithOnSubscriptionHook(ctx, func(rueidis.PubSubSubscription) { b.ring() })
		_ = b.s.Redis.Receive(hooked, b.s.Redis.B().Ssubscribe().Channel(b.keys.Name("ch")).Build(), func(m rueidis.PubSubMessage) {
			b.hear(ctx, m.Message)
		})
		pause(ctx, 200*time.Millisecond)
	}
}

// hear takes one message of the channel. It runs on the connection's reader and must not wait.
func (b *board) hear(ctx context.Context, message string) {
	switch kind, rest, _ := strings.Cut(message, " "); kind {
	case "v":
		b.ring()
	case "h":
		b.ring()
		if from, rest, _ := strings.Cut(rest, " "); from != b.s.replica {
			if err := holds.Grabbed(rest, b.tellHold); err != nil {
				b.s.Log.Debug("frames not understood", "event_id", b.id, "error", err)
			}
		}
	case "s":
		from, place, seats, err := holds.Promised(rest)
		if err == nil && from != b.s.replica {
			b.heardPromise(place, seats)
		}
	case "shift":
		b.s.work.Go(func() { b.tellBaskets(ctx) })
	case "p":
		from, rest, _ := strings.Cut(rest, " ")
		place, frame, ok := strings.Cut(rest, " ")
		if ok && from != b.s.replica {
			b.hub.Tell(place, []byte(frame))
		}
	}
}

// tell sends a personal frame to a place's sockets, here and on the other replicas, as well as it can.
func (b *board) tell(place string, frame any) {
	text, err := json.Marshal(frame)
	if err != nil {
		b.s.Log.Error("frame not encoded", "event_id", b.id, "error", err)
		return
	}
	b.hub.Tell(place, text)
	if err := b.s.store.Publish(context.Background(), b.keys, fmt.Sprintf("p %s %s %s", b.s.replica, place, text)); err != nil {
		b.s.Log.Debug("frame not passed on", "event_id", b.id, "error", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
