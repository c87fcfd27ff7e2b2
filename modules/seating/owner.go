package seating

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Owner is who has a seat at this moment, as staff see it.
type Owner struct {
	Seat
	State string    // free, held, paying, sold, blocked, or off: its category has no price
	Place string    // of the fan who holds it, or who ordered it
	Until time.Time // when the hold runs out; zero for all else
	Order string    // id of the order that has it or pays for it
	Block *Block    // that has it
}

// WhoHas tells who has a seat; ErrNoSuchSeat for a number that is none.
func (s *Service) WhoHas(ctx context.Context, eventID int64, n int) (Owner, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Owner{}, err
	}
	info, err := s.SeatInfo(ctx, eventID, []int{n})
	if err != nil {
		return Owner{}, err
	}
	if len(info) == 0 {
		return Owner{}, ErrNoSuchSeat.With("seats", []int{n})
	}
	owner := Owner{Seat: info[0], State: "free"}
	var claims []struct {
		Status                     string
		PlaceKey, OrderID, BlockID *string
	}
	// Postgres first: a claim has the last word, and what is held in the map ends with it.
	err = s.DB.WithContext(ctx).Raw(`SELECT status, place_key, order_id::text AS order_id, block_id::text AS block_id FROM seat_claims
		WHERE event_id = ? AND seat_id = ? AND status NOT IN ('released','listed')`, eventID, n).Scan(&claims).Error
	if err != nil {
		return Owner{}, fmt.Errorf("who has seat %d: %w", n, err)
	}
	if len(claims) == 0 {
		if c := e.category(owner.Category); c < 0 || e.Categories[c].Price == nil {
			owner.State = "off"
			return owner, nil
		}
		place, until, err := s.store.Holder(ctx, b.keys, n)
		if err != nil {
			return Owner{}, away(err)
		}
		if place != "" {
			owner.State, owner.Place, owner.Until = "held", place, until
		}
		return owner, nil
	}
	c := claims[0]
	switch c.Status {
	case statusBlocked:
		owner.State = "blocked"
	case statusSold:
		owner.State = "sold"
	default:
		owner.State = "paying"
	}
	if c.PlaceKey != nil {
		owner.Place = *c.PlaceKey
	}
	if c.OrderID != nil {
		owner.Order = *c.OrderID
	}
	if c.BlockID != nil {
		id, err := uuid.Parse(*c.BlockID)
		if err != nil {
			return Owner{}, fmt.Errorf("who has seat %d: %w", n, err)
		}
		blocks, err := readBlocks(s.DB.WithContext(ctx), eventID, &id)
		if err != nil {
			return Owner{}, err
		}
		if len(blocks) > 0 {
			owner.Block = &blocks[0]
		}
	}
	return owner, nil
}

// States are all seats as people are told of them, by number: "free", "held", "sold", "blocked". A moment old.
func (s *Service) States(ctx context.Context, eventID int64) ([]string, error) {
	_, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return nil, err
	}
	if err := b.fresh(ctx); err != nil {
		return nil, err
	}
	return b.mirror.Words(), nil
}
