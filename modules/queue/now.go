package queue

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"fairseat/app/clock"
)

const (
	// freshFor is how often /queue/now is made anew, per event and replica.
	freshFor = time.Second
	// staleFor is how long the last one is better than nothing.
	staleFor = 600 * time.Second
	// stuckFor is how long no seat must have been free before the page says so; one call takes it back.
	stuckFor = 15 * time.Second
)

// nowView is what a waiting page needs, the same for everyone.
type nowView struct {
	Phase             string         `json:"phase"`
	Now               clock.Time     `json:"now"`
	OpensAt           clock.Time     `json:"opens_at"`
	Serving           int64          `json:"serving"`
	Joined            int64          `json:"joined"`
	Draw              *drawView      `json:"draw"`
	Message           *string        `json:"message"`
	Reason            *string        `json:"reason"`
	SeatsFree         *int           `json:"seats_free"`
	SeatsHeld         *int           `json:"seats_held"` // or in checkout: they may come back
	Categories        []categoryView `json:"categories"`
	AdmittedPerMinute int64          `json:"admitted_per_minute"`
	Active            int64          `json:"active"`
	Cap               int64          `json:"cap"`
	Wait              []waitPoint    `json:"wait"`
	Lasts             *int64         `json:"lasts"`  // positions more that the seats left will feed; null: not known
	Slowed            *string        `json:"slowed"` // by what fewer are let in: "payments", a "fault" of ours, or "restored": nobody is; null: by nothing
	PollAfterMS       int64          `json:"poll_after_ms"`
	Log               *logHead       `json:"log"` // the last entry of the fairness log
}

// drawView is the proof: null until the draw, but for the commitment and what a lost Redis burnt.
type drawView struct {
	Commitment   string        `json:"commitment"`
	BeaconSource *beaconSource `json:"beacon_source"` // null: the draw uses no public randomness
	Size         *int64        `json:"size"`
	Secret       *string       `json:"secret"`
	Beacon       *string       `json:"beacon"`
	Seed         *string       `json:"seed"`
	Burnt        [][2]int64    `json:"burnt"`
	Lanes        []laneView    `json:"lanes,omitempty"`
}

// beaconSource is the public randomness that a draw takes: the hash of a drand chain, and the round.
type beaconSource struct {
	Chain string `json:"chain"`
	Round int64  `json:"round"`
}

type categoryView struct {
	ID    string `json:"id"`
	Price *int64 `json:"price"`
	Free  *int   `json:"free"`
	Lasts *int64 `json:"lasts"` // positions more until they are gone; null: not known
}

// moment is /queue/now of one second.
type moment struct {
	at      time.Time // by our clock, for its age
	body    []byte
	view    nowView
	state   reply
	waiting int64
	people  int64 // who joined; positions that were set aside are nobody's
}

// moment answers the last one while it is fresh, makes a new one, or falls back to one of the last ten minutes.
func (s *Service) moment(ctx context.Context, eventID int64) (*moment, error) {
	return s.momentAt(ctx, eventID, s.clock.Now())
}

// momentAt is moment for who knows what time it is: reading the clock is a part of what /queue/now costs.
func (s *Service) momentAt(ctx context.Context, eventID int64, now time.Time) (*moment, error) {
	r := s.room(eventID)
	if m := r.current(now, freshFor); m != nil {
		return m, nil
	}
	if r.renewing.Load() { // by one visitor; a crowd need not wait for it
		if m := r.current(now, 2*freshFor); m != nil {
			return m, nil
		}
	}
	err := s.together(ctx, "now", eventID, func(ctx context.Context) error {
		r.renewing.Store(true)
		defer r.renewing.Store(false)
		if r.current(s.clock.Now(), freshFor) != nil {
			return nil // made while we came
		}
		m, err := s.look(ctx, eventID)
		r.keep(s.clock.Now(), m)
		return err
	})
	if m := r.current(s.clock.Now(), staleFor); m != nil {
		return m, nil
	}
	if err == nil {
		err = errLost
	}
	return nil, away(err)
}

// current is the kept moment if it is younger than age, or if making one has just failed and it is still of use.
func (r *room) current(now time.Time, age time.Duration) *moment {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		return nil
	}
	if old := now.Sub(r.now.at); old < age || (old < staleFor && now.Sub(r.tried) < freshFor) {
		return r.now
	}
	return nil
}

func (r *room) keep(now time.Time, m *moment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried = now
	if m != nil {
		r.now = m
	}
}

// look asks the stores how a line stands.
func (s *Service) look(ctx context.Context, eventID int64) (*moment, error) {
	at := s.clock.Now()
	state, err := s.script(ctx, "look", eventID, "")
	if err != nil {
		return nil, err
	}
	if state.num("sealed") == 1 && state.num("drawn") == 0 {
		if err := s.settle(ctx, eventID); err != nil {
			s.complain(ctx, "draw is not settled", eventID, err)
		} else if state, err = s.script(ctx, "look", eventID, ""); err != nil {
			return nil, err
		}
	}
	event, row, err := s.eventAndRow(ctx, eventID)
	if err != nil {
		return nil, err
	}
	if opens := state.at("opens"); !opens.IsZero() {
		event.OpensAt = opens // the event may be a second old; what the line goes by is what decides
	}
	var counts *Counts
	if c, err := s.seats.Counts(ctx, eventID); err == nil {
		counts = &c
	}
	m := &moment{at: at, state: state}
	if m.view, err = s.view(event, row, state, counts); err != nil {
		return nil, err
	}
	m.waiting = max(0, m.view.Joined-m.view.Serving-burntFrom(m.view.Draw, m.view.Serving))
	if m.people, err = peopleOf(row, m.view.Joined); err != nil {
		return nil, err
	}
	m.view.PollAfterMS = pollOf(m).Milliseconds()
	m.body, err = json.Marshal(m.view)
	return m, err
}

// eventAndRow are an event and its line; the row as last read while Postgres is away.
func (s *Service) eventAndRow(ctx context.Context, eventID int64) (Event, *lineRow, error) {
	event, err := s.events.Event(ctx, eventID)
	if err != nil {
		return Event{}, nil, fmt.Errorf("read event: %w", err)
	}
	r := s.room(eventID)
	row, err := s.postgres.read(ctx, eventID)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.row, r.rowAt = row, s.clock.Now()
		return event, row, nil
	}
	if r.row == nil {
		return Event{}, nil, err
	}
	return event, r.row, nil
}

func (s *Service) view(event Event, row *lineRow, state reply, counts *Counts) (nowView, error) {
	now, perMinute := state.at("now"), 0
	if row.PerMinute != nil {
		perMinute = *row.PerMinute
	}
	known := estimateOf(state, row.Cap, perMinute)
	v := nowView{
		Phase: phase(now, event, row, counts), Now: clock.Time(now), OpensAt: clock.Time(event.OpensAt),
		Serving: state.num("shown"), Joined: state.num("joined"),
		AdmittedPerMinute: state.num("winsum"), Active: state.num("active"), Cap: int64(row.Cap),
		Wait: known.Wait, Lasts: known.Lasts, Categories: []categoryView{},
	}
	if !row.Draws && v.Phase != PhaseAnnounced && v.Phase != PhasePrequeue {
		v.Serving = v.Joined // nobody waits to be called; the ceiling records it
	}
	if row.Message != "" {
		v.Message = &row.Message
	}
	switch {
	case v.Phase == PhasePaused:
		v.Reason = row.PausedReason
	case v.Phase == PhaseEnded && row.EndedReason != "":
		v.Reason = &row.EndedReason
	}
	if v.Phase == PhaseOpen && row.Draws {
		v.Slowed, v.Reason = slowedBy(state)
	}
	if counts != nil {
		back := counts.Held + counts.Paying
		v.SeatsFree, v.SeatsHeld = &counts.Free, &back
		stuck := state.at("stuck")
		if v.Phase == PhaseOpen && back > 0 && !stuck.IsZero() && now.Sub(stuck) >= stuckFor {
			text := fmt.Sprintf("All seats are taken or being paid for. %d may come back.", back)
			v.Reason, v.Slowed = &text, nil
		}
	}
	if s.door.payments.Health().Closed && slices.Contains([]string{PhaseOpen, PhaseSoldOut}, v.Phase) {
		v.Slowed, v.Reason = closedByRestore()
	}
	if row.LogSeq > 0 {
		v.Log = &logHead{row.LogSeq, row.LogHash}
	}
	for _, c := range event.Categories {
		category := categoryView{ID: c.ID, Price: c.Price}
		if counts != nil {
			free := counts.FreeByCategory[c.ID]
			category.Free = &free
		}
		if lasts, ok := known.Categories[c.ID]; ok {
			category.Lasts = &lasts
		}
		v.Categories = append(v.Categories, category)
	}
	if !row.Draws {
		return v, nil
	}
	var err error
	if v.Phase == PhaseDrawing && row.Size != nil {
		text, err := awaited(row)
		if err != nil {
			return v, err
		}
		v.Reason = &text
	}
	v.Draw, err = drawOf(event, row)
	return v, err
}

// drawOf is what of a draw is public.
func drawOf(event Event, row *lineRow) (*drawView, error) {
	burnt, err := publishedBurnt(row)
	if err != nil {
		return nil, err
	}
	lanes, err := laneViews(row)
	if err != nil {
		return nil, err
	}
	v := &drawView{Commitment: row.Commitment, Burnt: burnt, Lanes: lanes}
	chain, err := row.chain()
	if err != nil {
		return nil, err
	}
	if chain != nil {
		v.BeaconSource = &beaconSource{chain.Hash, *row.BeaconRound}
	}
	if !row.drawn() {
		return v, nil
	}
	seed, err := row.seed(event.Slug)
	if err != nil {
		return nil, err
	}
	value, err := row.value()
	if err != nil {
		return nil, err
	}
	if value != nil {
		v.Beacon = &value.Randomness
	}
	secret, digits := hex.EncodeToString(row.Secret), hex.EncodeToString(seed[:])
	v.Size, v.Secret, v.Seed = row.Size, &secret, &digits
	return v, nil
}

// burntFrom is how many burnt positions may still be waiting: all of them before the draw; of the draw's own nobody
// keeps count here, so the share that is left of it.
func burntFrom(draw *drawView, serving int64) int64 {
	if draw == nil {
		return 0
	}
	burnt, ranges := int64(0), draw.Burnt
	for _, lane := range draw.Lanes {
		ranges = append(slices.Clip(ranges), lane.Burnt...) // a lane's indexes lie within the draw as well
	}
	for _, r := range ranges {
		switch {
		case draw.Size != nil && r[0] < *draw.Size:
			// Merged ranges may reach from the draw into the tail.
			in, left := min(r[1], *draw.Size)-r[0], max(0, *draw.Size-serving)
			burnt += in * left / max(1, *draw.Size)
			burnt += max(0, r[1]-max(*draw.Size, serving))
		case draw.Size != nil:
			burnt += max(0, r[1]-max(r[0], serving))
		default:
			burnt += r[1] - r[0]
		}
	}
	return burnt
}

// pollOf is how soon to look again for one in the middle of the line; a page that knows its own position asks the law
// for itself.
func pollOf(m *moment) time.Duration {
	switch m.view.Phase {
	case PhaseAnnounced, PhasePrequeue:
		return pollBefore(time.Time(m.view.OpensAt).Sub(time.Time(m.view.Now)))
	case PhaseDrawing:
		return 2 * time.Second
	case PhaseEnded:
		return endedPoll
	}
	return pollAfter(m.waiting/2, int(m.view.Cap), int(m.state.num("per_minute")))
}
