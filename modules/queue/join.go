package queue

import (
	"context"
	"time"
)

// joinPatience is how long a join may wait for more indexes before it says busy.
const joinPatience = 2 * time.Second

// Join gives out the next place of a line: in the draw before the opening, behind it from then on. ErrNotYet before
// the waiting room opens, ErrEnded after the sale, ErrBusy when no index can be had within two seconds.
func (s *Service) Join(ctx context.Context, eventID int64) (Place, error) {
	ctx, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	for {
		answer, err := s.script(ctx, "join", eventID)
		if err != nil {
			return Place{}, err
		}
		switch answer.status() {
		case "ok":
			s.room(eventID).rest(time.Time{})
			p := Place{EventID: eventID, Cohort: InDraw, Index: answer.num("index"), JoinedAt: answer.at("now")}
			if answer["cohort"] == InTail.String() {
				p.Cohort = InTail
			}
			return p, nil
		case "not-yet":
			return Place{}, ErrNotYet.With("prequeue_at", apiTime(answer.at("prequeue")))
		case "ended":
			return Place{}, ErrEnded
		}
		// The ceiling is met: whoever comes first raises it, the others wait and go on.
		cohort := answer["cohort"]
		err = s.together(ctx, "raise "+cohort, eventID, func(ctx context.Context) error {
			return s.raise(ctx, eventID, cohort, answer.num("used"), answer.num("reserve"))
		})
		if err != nil {
			return Place{}, away(err)
		}
	}
}
