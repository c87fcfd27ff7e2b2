package queue

import (
	"context"
	"strconv"
	"time"
)

// joinPatience is how long a join may wait for its index before it says busy.
const joinPatience = 2 * time.Second

// Join gives out the next place of a line: in the draw before the opening, behind it from then on. ErrNotYet before
// the waiting room opens, ErrEnded after the sale, ErrBusy when no index can be had within two seconds.
func (s *Service) Join(ctx context.Context, eventID int64) (Place, error) {
	ctx, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	return s.room(eventID).arrivals.join(ctx, func(ctx context.Context, waiting int, give func(Place)) error {
		return s.joinSome(ctx, eventID, waiting, give)
	})
}

// joinSome gives out the next place of a line, or several: at most as many as wait. Giving none without an error says
// that the ceiling was met and has been raised.
func (s *Service) joinSome(ctx context.Context, eventID int64, waiting int, give func(Place)) error {
	answer, err := s.script(ctx, "join", eventID, strconv.Itoa(waiting))
	if err != nil {
		return err
	}
	switch answer.status() {
	case "ok":
		s.room(eventID).rest(time.Time{})
		p := Place{EventID: eventID, Cohort: InDraw, Index: answer.num("index"), JoinedAt: answer.at("now")}
		if answer["cohort"] == InTail.String() {
			p.Cohort = InTail
		}
		for range answer.num("count") {
			give(p)
			p.Index++
		}
		return nil
	case "not-yet":
		return ErrNotYet.With("prequeue_at", apiTime(answer.at("prequeue")))
	case "ended":
		return ErrEnded
	}
	return away(s.raise(ctx, eventID, answer["cohort"], answer.num("used"), answer.num("reserve")))
}
