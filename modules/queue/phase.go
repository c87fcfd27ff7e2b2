package queue

import (
	"context"
	"time"
)

// The phases of an event.
//
//	announced ──prequeue_at──▶ prequeue ──opens_at──▶ drawing ──size (and beacon) in Postgres──▶ open ──closes_at, or ended──▶ ended
//	                                                                               ⇅  ⇅
//	                                              pause, resume: paused ───────────┘  └──── sold-out: no seat free, held or
//	                                                                                        in checkout; one that returns reopens
const (
	PhaseAnnounced = "announced"
	PhasePrequeue  = "prequeue"
	PhaseDrawing   = "drawing"
	PhaseOpen      = "open"
	PhasePaused    = "paused"
	PhaseSoldOut   = "sold-out"
	PhaseEnded     = "ended"
)

// phase is where an event stands at a moment; counts may be nil: not known.
func phase(now time.Time, event Event, row *lineRow, counts *Counts) string {
	switch {
	case row.EndedAt != nil && !now.Before(*row.EndedAt), event.ClosesAt != nil && !now.Before(*event.ClosesAt):
		return PhaseEnded
	case now.Before(event.PrequeueAt):
		return PhaseAnnounced
	case now.Before(event.OpensAt):
		return PhasePrequeue
	case !row.drawn():
		return PhaseDrawing
	case row.PausedReason != nil:
		return PhasePaused
	case counts != nil && counts.Free == 0 && counts.Held == 0 && counts.Paying == 0:
		return PhaseSoldOut
	}
	return PhaseOpen
}

// Phase is where an event stands now; at most a second old. It needs Postgres only: without Redis a sold-out event is
// said to be open.
func (s *Service) Phase(ctx context.Context, eventID int64) (string, error) {
	if m, err := s.moment(ctx, eventID); err == nil {
		return m.view.Phase, nil
	}
	event, row, err := s.eventAndRow(ctx, eventID)
	if err != nil {
		return "", err
	}
	return phase(s.clock.Now(), event, row, nil), nil
}
