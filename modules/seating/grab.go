package seating

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fairseat/app/request"
	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/plan"
)

// grabs are those who want their first seats of one event on this replica. One call is under way at a time and serves
// all who came before it began: when hundreds tap in one second, a call costs each of them a fraction.
type grabs struct {
	mu      sync.Mutex
	waiting []*grab
	busy    bool // somebody is serving
}

// grab is one who waits; held and ok may be read once served is closed.
type grab struct {
	holds.Grab
	terms  holds.Terms
	gone   atomic.Bool // has given up
	served chan struct{}
	held   holds.Basket
	ok     bool
}

// slideFor is how long an admission lasts after a request: a hold that lives nearly as long lets it last longer.
const slideFor = 180 * time.Second

// Grab holds the first seats of a place that has nothing yet, together with whoever else does so at this moment. False
// says that nothing was done, whatever the reason, and that PlaceHold must judge. It asks no budget of changes: who gave
// anything back in the last minute cannot grab. The admission lasts at least as long as the hold.
func (s *Service) Grab(ctx context.Context, eventID int64, place string, seats []int) (Basket, bool) {
	e, b, room, err := s.onSale(ctx, eventID)
	if err != nil || !e.plain(room, seats) {
		return Basket{}, false
	}
	me := &grab{Grab: holds.Grab{Place: place, Seats: slices.Sorted(slices.Values(seats))}, served: make(chan struct{}),
		terms: holds.Terms{Most: e.MaxPerBuyer, Life: e.holdLife(), Budgets: s.PerPlace > 0}}
	if b.grabs.add(me) {
		go b.serveGrabs(context.WithoutCancel(ctx))
	}
	select {
	case <-me.served:
	case <-ctx.Done():
		me.gone.Store(true)
		return Basket{}, false
	}
	if !me.ok {
		return Basket{}, false
	}
	return e.basket(room, me.held), true // with what was read before: nothing can fail any more
}

// plain tells whether a wish needs no judgement beyond the map's own.
func (e *Event) plain(room *room, seats []int) bool {
	if e.OrphanRule != plan.OrphansOff || hasCompanions(room, seats) {
		return false
	}
	if e.holdLife()+20*time.Second < slideFor || len(seats) == 0 || len(seats) > min(holds.GrabSeats, e.MaxPerBuyer) {
		return false
	}
	for _, n := range seats {
		if n < 0 || n >= e.SeatsTotal {
			return false
		}
		if c := e.Categories[room.house[n]]; c.Price == nil || c.Locked {
			return false
		}
	}
	return true
}

func (e *Event) holdLife() time.Duration { return time.Duration(e.HoldSeconds) * time.Second }

// add tells whether nobody serves yet: then the caller must see to it.
func (g *grabs) add(one *grab) (begin bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, one)
	begin, g.busy = !g.busy, true
	return begin
}

// next are those to serve in one call, all on the same terms; none when nobody waits, and then the next one begins anew.
func (g *grabs) next() []*grab {
	g.mu.Lock()
	defer g.mu.Unlock()
	var now, later []*grab
	for _, one := range g.waiting {
		switch {
		case one.gone.Load():
		case len(now) == holds.GrabLimit || (len(now) > 0 && one.terms != now[0].terms):
			later = append(later, one)
		default:
			now = append(now, one)
		}
	}
	g.waiting, g.busy = later, len(now) > 0
	return now
}

// serveGrabs calls until nobody waits. It outlives the one who began it, for the others wait for it too.
func (b *board) serveGrabs(ctx context.Context) {
	for now := b.grabs.next(); len(now) > 0; now = b.grabs.next() {
		wishes := make([]holds.Grab, len(now))
		for i, one := range now {
			wishes[i] = one.Grab
		}
		due, version, done, err := b.s.store.Grab(ctx, b.at(), b.s.replica, now[0].terms, wishes)
		if err != nil {
			done = make([]bool, len(now)) // whatever it is, PlaceHold meets it too and knows what to do
		}
		if version > 0 {
			b.caused(version)
		}
		for i, one := range now {
			if one.ok = done[i]; one.ok {
				one.held = holds.Basket{Seats: one.Seats, Deadline: due, Version: version}
				b.tellHold(one.Place, one.held)
			}
			close(one.served)
		}
	}
}

// slide makes an admission last on, as every request of a place does.
func (s *Service) slide(ctx context.Context, place request.Place) {
	if err := s.Admissions.Touch(ctx, place.EventID, []string{place.Key}); err != nil {
		s.Log.Debug("admission not slid", "event_id", place.EventID, "error", err)
	}
}
