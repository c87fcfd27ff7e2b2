package checkout

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// keepListings looks after the tickets that were given back: those whose seats somebody has bought are paid out, those that
// nobody can buy any more are their holders' again.
func (s *Service) keepListings(ctx context.Context) error {
	sold, err := s.store.resoldTickets(ctx, batch)
	if err != nil {
		return err
	}
	errs := []error{s.each(sold, func(ticket uuid.UUID) error { return s.resell(ctx, ticket) })}
	events, err := s.store.listingEvents(ctx)
	errs = append(errs, err)
	for _, id := range events {
		event, err := s.Events.Event(ctx, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if open, err := s.stillSells(ctx, event); err != nil || open {
			errs = append(errs, err)
			continue
		}
		left, err := s.store.unsoldTickets(ctx, id, batch)
		errs = append(errs, err, s.each(left, func(ticket uuid.UUID) error { return s.keepUnsold(ctx, ticket) }))
	}
	return errors.Join(errs...)
}

// resell ends a listed ticket whose seat somebody else has: void, its claim released, what was paid for it owed, in one
// transaction that locks its own order alone. The buyer may have returned the seat in this moment: then it is on sale
// again, and nothing happens.
func (s *Service) resell(ctx context.Context, ticket uuid.UUID) error {
	t, err := s.store.ticketWithOrder(ctx, ticket)
	if err != nil {
		return err
	}
	done := false
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, t.OrderID, "FOR UPDATE")
		if err != nil {
			return err
		}
		if is, err := s.store.isResold(ctx, tx, ticket); err != nil || !is {
			return err
		}
		done = true
		_, err = s.takeBackTickets(ctx, tx, o, []uuid.UUID{ticket}, reasonResold, map[string]any{"reason": "given back by the buyer, and sold again"})
		return err
	})
	if errors.Is(err, errNothingBack) {
		return nil // the bank decides first; until then it is owed
	}
	if err == nil && done {
		s.metrics.orders.WithLabelValues("resold").Inc()
	}
	return err
}

// keepUnsold makes a ticket that nobody bought its holder's again. Whoever is paying for its seat wins: then it is looked at
// again when that has ended.
func (s *Service) keepUnsold(ctx context.Context, ticket uuid.UUID) error {
	t, err := s.store.ticketWithOrder(ctx, ticket)
	if err != nil {
		return err
	}
	_, seat, err := s.ticketSeat(ctx, t.OrderID, ticket)
	if err != nil {
		return err
	}
	_, err = s.unlist(ctx, t.OrderID, t.Ticket, seat, true)
	if errors.Is(err, ErrListingTaken) || errors.Is(err, ErrTicketVoid) || errors.Is(err, ErrReconciling) {
		return nil
	}
	return err
}
