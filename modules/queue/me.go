package queue

import (
	"context"
	"time"
)

// The states of a place.
const (
	StateDrawnLater = "drawn-later"
	StateWaiting    = "waiting"
	StateYourTurn   = "your-turn"
	StateAdmitted   = "admitted"
	StateDone       = "done" // has bought all it may, or the sale has ended
)

// Standing is how one place stands in its line.
type Standing struct {
	Cohort   Cohort
	Index    int64
	Position *int64 // nil until the draw
	Ahead    *int64 // how many positions are called before it; nil until the draw
	State    string
	P10, P90 *int          // seconds until its turn, with four chances in five; nil unless it waits
	Poll     time.Duration // look again after that
	Ended    bool          // the sale: nobody is called any more
}

// Standing tells how a place stands; ErrBusy while that cannot be known.
func (s *Service) Standing(ctx context.Context, eventID int64, place string) (Standing, error) {
	cohort, index, err := parseKey(place)
	if err != nil {
		return Standing{}, err
	}
	answer, err := s.script(ctx, "look", eventID, place)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Cohort: cohort, Index: index, Ended: ended(answer)}
	if answer.num("drawn") == 0 {
		if st.Ended {
			st.State, st.Poll = StateDone, endedPoll
			return st, nil
		}
		st.State, st.Poll = StateDrawnLater, jitter(pollBefore(answer.at("opens").Sub(answer.at("now"))))
		return st, nil
	}
	position, known, err := s.position(ctx, eventID, place)
	if err != nil {
		return Standing{}, away(err)
	}
	if !known {
		return Standing{}, away(errLost)
	}
	capacity, perMinute := int(answer.num("cap")), int(answer.num("per_minute"))
	open := !answer.at("now").Before(answer.at("opens"))
	ahead := max(0, position-answer.num("shown"))
	if answer.num("draws") == 0 && open {
		ahead = 0
	}
	st.Position, st.Ahead = &position, &ahead
	called := open && (answer.num("draws") == 0 || position < answer.num("shown"))
	switch {
	case answer.num("taken") >= max(1, answer.num("max")) && answer.num("busy") == 0:
		st.State = StateDone
	case answer.num("lease") > 0:
		st.State = StateAdmitted
	case st.Ended:
		st.State, st.Poll = StateDone, endedPoll
		return st, nil
	case called:
		st.State = StateYourTurn
	default:
		st.State = StateWaiting
		wait := waitFor(estimateOf(answer, capacity, perMinute).Wait, ahead)
		st.P10, st.P90 = &wait.P10, &wait.P90
	}
	st.Poll = jitter(pollAfter(ahead, capacity, perMinute))
	if !open {
		st.Poll = jitter(pollBefore(answer.at("opens").Sub(answer.at("now"))))
	}
	return st, nil
}

// endedPoll is how soon to look again at a line where nothing more will happen.
const endedPoll = 20 * time.Second

// ended tells whether the sale is over by what look answered.
func ended(answer reply) bool {
	now := answer.at("now")
	return (answer.num("ended") > 0 && !now.Before(answer.at("ended"))) || (answer.num("closes") > 0 && !now.Before(answer.at("closes")))
}

// Figures are the numbers of a line, and the words beside them.
type Figures struct {
	Phase                             string
	Joined, Waiting, Admitted, Called int64
	Aside                             int64 // positions that an outage left to nobody; Joined is without them
	Cap, AdmittedPerMinute            int64
	Reason, Message                   string // why it is paused, slow or ended, and what staff say; "" for nothing
	OpensAt                           time.Time
	Draws                             bool
	Lanes                             []Lane
	Size                              int64 // of the draw; 0 before it, and without one
	SeatsFree, SeatsHeld              int   // 0 while they are not known
	Slowed                            bool  // for the sake of payments; Reason says so
	Restored                          bool  // nobody is let in while a restored database is made sure of; Reason says so
	// Lasts is how many more positions the seats that are left will feed, by category and in all ("").
	Lasts map[string]int64
}

// Figures are at most a second old, or as old as Redis has been away.
func (s *Service) Figures(ctx context.Context, eventID int64) (Figures, error) {
	m, err := s.moment(ctx, eventID)
	if err != nil {
		return Figures{}, err
	}
	said := func(words *string) string {
		if words == nil {
			return ""
		}
		return *words
	}
	f := Figures{
		OpensAt: time.Time(m.view.OpensAt), Draws: m.view.Draw != nil,
		Reason: said(m.view.Reason), Message: said(m.view.Message),
		Phase: m.view.Phase, Joined: m.people, Aside: m.view.Joined - m.people, Waiting: m.waiting, Admitted: m.view.Active, Called: m.view.Serving,
		Cap: m.view.Cap, AdmittedPerMinute: m.view.AdmittedPerMinute, Slowed: m.view.Slowed != nil, Restored: m.view.Slowed != nil && *m.view.Slowed == Restored, Lasts: map[string]int64{},
	}
	if m.view.Lasts != nil {
		f.Lasts[""] = *m.view.Lasts
	}
	for _, c := range m.view.Categories {
		if c.Lasts != nil {
			f.Lasts[c.ID] = *c.Lasts
		}
	}
	if f.Draws {
		for _, lane := range m.view.Draw.Lanes {
			f.Lanes = append(f.Lanes, Lane{lane.Name, lane.Share})
		}
	}
	if f.Draws && m.view.Draw.Size != nil {
		f.Size = *m.view.Draw.Size
	}
	if m.view.SeatsFree != nil {
		f.SeatsFree, f.SeatsHeld = *m.view.SeatsFree, *m.view.SeatsHeld
	}
	return f, nil
}
