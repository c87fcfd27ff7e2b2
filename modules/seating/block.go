package seating

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/idempotency"
)

// block takes seats off sale: claims without an order, guarded by the same index. Seats that are sold, in checkout,
// blocked, not on sale or held by a fan right now are refused, all together.
func (s *Service) block(ctx context.Context, who by, eventID int64, seats []int, reason string) (id string, err error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return "", err
	}
	for _, n := range seats {
		if n < 0 || n >= e.SeatsTotal {
			return "", ErrNoSuchSeat.With("seats", []int{n})
		}
	}
	// A fan who just chose a seat keeps it; whoever chooses one in the next moment loses it and is told.
	if held, err := b.heldAmong(ctx, seats); err != nil {
		return "", err
	} else if len(held) > 0 {
		return "", &SeatsTakenError{Seats: held}
	}
	block, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("block seats: %w", err)
	}
	var claims []int64
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		claims, err = insertBlock(tx, eventID, block, seats, reason)
		if err != nil {
			return err
		}
		if err := s.Journal.Note(ctx, tx, who.staff, who.ip, "seats.block", "event:"+e.Slug,
			map[string]any{"block": block, "seats": seats, "reason": reason}); err != nil {
			return err
		}
		return idempotency.Record(ctx, tx, http.StatusCreated, blockResponse{ID: block.String()})
	})
	if err != nil {
		return "", err
	}
	s.syncSoon(ctx, eventID, claims)
	return block.String(), nil
}

// unblock puts the seats of a block back on sale; one that is gone already is fine.
func (s *Service) unblock(ctx context.Context, who by, eventID int64, id string) error {
	e, _, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return err
	}
	block, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	var claims []int64
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Raw(`UPDATE seat_claims SET status = 'released' WHERE event_id = ? AND block_id = ? AND status = 'blocked' RETURNING id`,
			eventID, block).Scan(&claims).Error; err != nil {
			return fmt.Errorf("unblock seats: %w", err)
		}
		if len(claims) == 0 {
			return nil
		}
		return s.Journal.Note(ctx, tx, who.staff, who.ip, "seats.unblock", "event:"+e.Slug, map[string]any{"block": block})
	})
	if err != nil {
		return err
	}
	s.syncSoon(ctx, eventID, claims)
	return nil
}

// syncSoon shows committed claims now; if it cannot, the comparison with Postgres does it within seconds.
func (s *Service) syncSoon(ctx context.Context, eventID int64, claims []int64) {
	if len(claims) == 0 {
		return
	}
	if err := s.Sync(context.WithoutCancel(ctx), eventID, claims); err != nil {
		s.Log.Warn("map not told yet; the next comparison does it", "event_id", eventID, "error", err)
	}
}

// heldAmong are those of the seats that a fan holds.
func (b *board) heldAmong(ctx context.Context, seats []int) ([]int, error) {
	if err := b.pull(ctx); err != nil {
		return nil, err
	}
	held := b.mirror.HeldSeats()
	var among []int
	for _, n := range seats {
		if held[n] {
			among = append(among, n)
		}
	}
	slices.Sort(among)
	return slices.Compact(among), nil
}

func insertBlock(tx *gorm.DB, eventID int64, block uuid.UUID, seats []int, reason string) ([]int64, error) {
	sorted := slices.Clone(seats)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	var claims []Claim
	err := tx.Raw(`INSERT INTO seat_claims (event_id, seat_id, block_id, status, reason)
		SELECT s.event_id, s.seat_id, ?::uuid, 'blocked', ?::text FROM seats s WHERE s.event_id = ? AND s.seat_id = ANY(?::int[])
		ORDER BY s.seat_id ON CONFLICT DO NOTHING RETURNING id, seat_id AS seat`, block, reason, eventID, ints(sorted)).
		Scan(&claims).Error
	if err != nil {
		return nil, fmt.Errorf("block seats: %w", err)
	}
	if len(claims) < len(sorted) {
		taken, err := notOurs(tx, eventID, sorted, claims)
		if err != nil {
			return nil, err
		}
		return nil, &SeatsTakenError{Seats: taken}
	}
	made := make([]int64, len(claims))
	for i, c := range claims {
		made[i] = c.ID
	}
	return made, nil
}
