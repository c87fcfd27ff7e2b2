package checkout

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/checkout/provider"
)

// errRefused says that the seats of a late order cannot be had again.
var errRefused = errors.New("the seats are gone")

// reclaim deals with money for an order that has ended: if the very same seats are still free they are claimed anew,
// in one transaction with the order's return, and the payment goes on as if it had never been late. Else the money
// goes back by itself: let go if it was only authorised, refunded if it was taken.
func (s *Service) reclaim(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	var claims []Claim
	o := c.Order
	err := s.underLock(ctx, c, st, stepReclaim, func(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) (err error) {
		o = c.Order
		claims, err = s.claimAnew(ctx, tx, &o)
		if err != nil {
			return err
		}
		c.Order = o
		if st.Status == provider.Captured {
			return s.keep(ctx, tx, c, st, claims)
		}
		return s.secureClaims(ctx, tx, c, claims)
	})
	switch {
	case err == nil:
		s.metrics.orders.WithLabelValues("late").Inc()
		s.Log.Info("late money kept: the seats were still free", "order", o.ID, "payment", c.Payment.ID)
		s.take(ctx, o, claims)
		if st.Status == provider.Captured {
			s.afterPaid(ctx, o, claims)
		}
		return st, nil
	case errors.Is(err, errRefused):
		s.Log.Info("late money goes back: the seats are gone", "order", o.ID, "payment", c.Payment.ID)
		if st.Status == provider.Captured {
			return st, s.underLock(ctx, c, st, stepReclaim, s.giveBack)
		}
		return s.letGo(ctx, c, st)
	}
	return st, err
}

// claimAnew reopens the order and ties its seats to it again; errRefused if that cannot be.
func (s *Service) claimAnew(ctx context.Context, tx *gorm.DB, o *Order) ([]Claim, error) {
	seats, prices, err := s.store.seatsOf(ctx, tx, o.ID)
	if err != nil {
		return nil, err
	}
	expires, err := s.store.reopenOrder(ctx, tx, o.ID)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return nil, errRefused // the place is buying other seats by now
	}
	if err != nil {
		return nil, err
	}
	o.Status, o.ExpiresAt = OrderPending, expires
	claims, err := s.Seats.Claim(ctx, tx, ClaimRequest{EventID: o.EventID, OrderID: o.ID, BuyerKey: o.BuyerKey, Place: o.PlaceKey, Seats: seats, Prices: prices})
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return nil, errRefused
	}
	if err != nil {
		return nil, err
	}
	if err := s.useAgain(ctx, tx, *o, claims); err != nil {
		return nil, err
	}
	return claims, s.store.note(ctx, tx, o.ID, "late-money", map[string]any{"seats": seats})
}

// letGo cancels an authorisation that no order will use. The payment is cancelling from here on, so that the
// reconciler repeats it until the processor agrees: a dead payment is on nobody's list, and this one has work left.
func (s *Service) letGo(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	if c.Payment.Status != PaymentCancelling {
		if err := s.underLock(ctx, c, st, stepReclaim, s.beginCancel); err != nil {
			return st, err
		}
	}
	return s.takeBack(ctx, c, st)
}
