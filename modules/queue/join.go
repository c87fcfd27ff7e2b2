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
	return s.JoinLane(ctx, eventID, 0)
}

// JoinLane is Join for one who may stand in a lane, by its number from 1; 0 is no lane. It counts in the draw alone, and
// where there are lanes; ErrNoLane for one that is not among them.
func (s *Service) JoinLane(ctx context.Context, eventID int64, lane int) (Place, error) {
	if lane < 0 || lane > maxLanes {
		lane = maxLanes + 1 // whatever it is, no line has it
	}
	return s.room(eventID).arrivals[lane].join(ctx, func(ctx context.Context, waiting int, give func(Place)) error {
		return s.joinSome(ctx, eventID, lane, waiting, give)
	})
}

// joinSome gives out the next place of a line, or several: at most as many as wait. Giving none without an error says
// that the ceiling was met and has been raised.
func (s *Service) joinSome(ctx context.Context, eventID int64, lane, waiting int, give func(Place)) error {
	answer, err := s.script(ctx, "join", eventID, strconv.Itoa(waiting), strconv.Itoa(lane))
	if err != nil {
		return err
	}
	switch answer.status() {
	case "ok":
		s.room(eventID).sleep(time.Time{})
		p := Place{EventID: eventID, Cohort: cohortOf(answer["cohort"]), Index: answer.num("index"), JoinedAt: answer.at("now")}
		for range answer.num("count") {
			give(p)
			p.Index++
		}
		return nil
	case "not-yet":
		return ErrNotYet.With("prequeue_at", apiTime(answer.at("prequeue")))
	case "ended":
		return ErrEnded
	case "no-lane":
		return ErrNoLane
	}
	return away(s.raise(ctx, eventID, answer["cohort"], answer.num("used"), answer.num("reserve")))
}
