package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

const (
	leaveEvery = 5 * time.Second
	// leaveAfter is longer than a transaction may take from the moment that it calls paid_at to its commit.
	leaveAfter = 8 * time.Second
	leaveSince = 30 * time.Minute
)

// leaver remembers up to which paid order the places were let out of the sale, by this process.
type leaver struct {
	paidAt time.Time
	order  uuid.UUID
}

// paidOrder is an order whose place may be done.
type paidOrder struct {
	ID       uuid.UUID
	EventID  int64
	PlaceKey string
	PaidAt   time.Time
}

// letOut ends the admission of places that have bought all they may, for whoever died, or had no Redis, between a sale
// and that. Nothing else would: an order keeps its place inside until long after its deadline, and a place that is
// done and still inside keeps somebody else waiting. Every replica goes through all sales once; that is harmless.
func (s *Service) letOut(ctx context.Context) error {
	if by := s.byHand(); len(by) > 0 {
		slow, err := s.store.slowPlaces(ctx, by)
		if err != nil {
			return err
		}
		for _, o := range slow {
			if err := s.Admissions.Finish(ctx, o.EventID, o.PlaceKey); err != nil {
				return fmt.Errorf("end admission: %w", err)
			}
		}
	}
	s.mu.Lock()
	from := s.left
	s.mu.Unlock()
	orders, err := s.store.paidSince(ctx, from, batch)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := s.finish(ctx, o.EventID, o.PlaceKey); err != nil {
			return fmt.Errorf("end admission: %w", err) // from here again
		}
		s.mu.Lock()
		s.left = leaver{o.PaidAt, o.ID}
		s.mu.Unlock()
	}
	return nil
}

// finish ends the admission of a place if it has bought all it may.
func (s *Service) finish(ctx context.Context, eventID int64, place string) error {
	event, err := s.Events.Event(ctx, eventID)
	if err != nil {
		return err
	}
	if n, err := s.Map.TakenBy(ctx, eventID, place); err != nil || n < event.MaxPerBuyer {
		return err // it may buy more, or its admission lapses by itself
	}
	return s.Admissions.Finish(ctx, eventID, place)
}

// paidSince are the orders paid after one that is known, oldest first; none that is so fresh that another may still
// commit before it.
func (s store) paidSince(ctx context.Context, from leaver, limit int) (orders []paidOrder, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT id, event_id, place_key, paid_at FROM orders
		WHERE paid_at > `+now+` - ?::float8 * interval '1 s' AND paid_at <= `+now+` - ?::float8 * interval '1 s'
		  AND (paid_at, id) > (?::timestamptz, ?::uuid) AND status IN ('paid','part_refunded')
		ORDER BY paid_at, id LIMIT ?`,
		s.now(), leaveSince.Seconds(), s.now(), leaveAfter.Seconds(), from.paidAt, from.order, limit).Scan(&orders).Error
	if err != nil {
		return nil, fmt.Errorf("read paid orders: %w", err)
	}
	return orders, nil
}
