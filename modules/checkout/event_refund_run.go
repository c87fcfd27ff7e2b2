package checkout

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// manyRefunds is how many refunds may be on their way before more orders of an event are returned: other sales share the
// processor, and whoever is paying comes first.
const manyRefunds = 256

// eventRefunded is the line of history of an order that ends because its event is refunded.
const eventRefunded = "event-refunded"

// returnEvents goes on with the refunds of events: it ends what is not paid yet, and returns the next paid orders.
func (s *Service) returnEvents(ctx context.Context) error {
	if err := s.store.stopClocksOfRefunded(ctx); err != nil {
		return err
	}
	under, err := s.store.refundsUnderWay(ctx, s.byHand())
	if err != nil || under >= manyRefunds {
		return err
	}
	due, err := s.store.ordersToReturn(ctx, min(batch, manyRefunds-under))
	if err != nil {
		return err
	}
	of, orders := map[uuid.UUID]uuid.UUID{}, make([]uuid.UUID, len(due))
	for i, d := range due {
		of[d.OrderID], orders[i] = d.RefundID, d.OrderID
	}
	err = s.each(orders, func(order uuid.UUID) error { return s.returnForEvent(ctx, of[order], order) })
	return errors.Join(err, s.store.endEventRefunds(ctx))
}

// returnForEvent returns one order whole. What fails is written down, so that it holds up nobody else and somebody sees it.
func (s *Service) returnForEvent(ctx context.Context, refund, order uuid.UUID) error {
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, order, "FOR UPDATE SKIP LOCKED")
		if errors.Is(err, ErrNotFound) || err == nil && o.Status != OrderPaid && o.Status != OrderPartRefunded {
			return nil // somebody else has it in hand, or was faster
		}
		if err != nil {
			return err
		}
		r, going, err := s.store.eventRefundAtWork(ctx, tx, refund)
		if err != nil || !going {
			return err
		}
		detail := map[string]any{"reason": r.Reason, "event_refund": refund}
		amount, err := s.takeBackTickets(ctx, tx, o, nil, reasonEvent, detail)
		if err != nil {
			return err
		}
		return s.store.returnedForEvent(ctx, tx, refund, order, amount)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	s.Log.Error("an order of a refunded event could not be returned; it is tried again", "order", order, "event_refund", refund, "error", err)
	if e := s.store.notReturnedForEvent(ctx, refund, order, err); e != nil {
		return fmt.Errorf("return order: %w", errors.Join(err, e))
	}
	return nil
}
