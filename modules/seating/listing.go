package seating

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// ListedClaim is a claim whose holder gave the seat back, to be sold to somebody else.
type ListedClaim struct {
	EventID int64
	Claim   int64
	Seat    int
}

// Unlist makes a listed claim sold again inside the caller's transaction. *SeatsTakenError when somebody pays for the seat or
// has it, or, unless overHolds, has chosen it: the transaction must be rolled back then. ErrClaimLost if it is not listed.
func (s *Service) Unlist(ctx context.Context, tx *gorm.DB, c ListedClaim, overHolds bool) error {
	err := s.Move(ctx, tx, []int64{c.Claim}, []string{statusListed}, statusSold)
	var pg *pgconn.PgError
	if errors.Is(err, gorm.ErrDuplicatedKey) || errors.As(err, &pg) && pg.Code == "23505" {
		return &SeatsTakenError{Seats: []int{c.Seat}}
	}
	if err != nil || overHolds {
		return err
	}
	// Who chose it keeps it; who does in the moment that is left loses it and is told.
	return s.board(c.EventID).refuseHeld(ctx, []int{c.Seat})
}

// Listed counts the seats of an event that their holders gave back and nobody has bought yet.
func (s *Service) Listed(ctx context.Context, eventID int64) (n int, err error) {
	err = s.DB.WithContext(ctx).Raw(`SELECT count(*) FROM seat_claims l WHERE event_id = ? AND status = 'listed' AND NOT EXISTS
		(SELECT 1 FROM seat_claims b WHERE b.event_id = l.event_id AND b.seat_id = l.seat_id AND b.status = 'sold')`, eventID).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count listed seats: %w", err)
	}
	return n, nil
}
