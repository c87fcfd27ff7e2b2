package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/checkout/provider"
)

// errRefused says that a late order cannot have seats again.
var errRefused = errors.New("the seats are gone")

// errPostponed says that there is work left for the reconciler, and nothing wrong.
var errPostponed = errors.New("not now")

// goneError says which seats of a late order are somebody else's; there may be others as good.
type goneError struct{ seats []int }

func (e *goneError) Error() string { return fmt.Sprintf("seats %v are gone", e.seats) }

// wish is seats to claim for late money, each at a price that was agreed.
type wish struct {
	seats     []int
	prices    []int64
	standsFor map[int]int // which of the order's own each is instead of; nil: they are its own
}

// settled is what became of late money that can be kept.
type settled struct {
	order   Order
	claims  []Claim
	offered bool // the fan has to say whether these seats will do
}

// reclaim deals with money for an order that has ended: if the very same seats are still free they are claimed anew,
// in one transaction with the order's return, and the payment goes on as if it had never been late. If they are not,
// others as good are claimed and offered. Else the money goes back by itself: let go if it was only authorised,
// refunded if it was taken.
func (s *Service) reclaim(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	if c.Swap != nil { // whoever pays late for a dearer seat still has the old one
		return s.tooLate(ctx, c, st)
	}
	if s.mayTakeSeats() != nil {
		return st, s.postpone(ctx, c, st)
	}
	got, err := s.sameSeats(ctx, c, st)
	var gone *goneError
	if errors.As(err, &gone) {
		got, err = s.offerOthers(ctx, c, st, gone.seats)
	}
	o := c.Order
	switch {
	case err == nil:
		s.metrics.orders.WithLabelValues("late").Inc()
		s.take(ctx, got.order, got.claims)
		switch {
		case got.offered:
			s.Log.Info("late money, its seats are gone: others are offered", "order", o.ID, "payment", c.Payment.ID)
			s.tell(o, shownSwapOffered)
		case st.Status == provider.Captured:
			s.Log.Info("late money kept: the seats were still free", "order", o.ID, "payment", c.Payment.ID)
			s.afterPaid(ctx, got.order, got.claims)
		}
		return st, nil
	case errors.Is(err, errRefused):
		s.Log.Info("late money goes back: the seats are gone", "order", o.ID, "payment", c.Payment.ID)
		return s.tooLate(ctx, c, st)
	}
	return st, err
}

// tooLate sends money back that came when there was nothing left to give for it.
func (s *Service) tooLate(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	if st.Status == provider.Captured {
		return st, s.underLock(ctx, c, st, stepReclaim, s.giveBack)
	}
	return s.letGo(ctx, c, st)
}

// sameSeats takes the order up again with the seats it had; *goneError if it cannot have all of them.
func (s *Service) sameSeats(ctx context.Context, c caseFile, st provider.State) (got settled, err error) {
	err = s.underLock(ctx, c, st, stepReclaim, func(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) error {
		seats, prices, err := s.store.seatsOf(ctx, tx, c.Order.ID)
		if err != nil {
			return err
		}
		if got.claims, err = s.claimAnew(ctx, tx, &c.Order, wish{seats: seats, prices: prices}, lateClock); err != nil {
			return err
		}
		got.order = c.Order
		return s.keepOrSecure(ctx, tx, c, st, got.claims)
	})
	return got, err
}

func (s *Service) keepOrSecure(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State, claims []Claim) error {
	if st.Status == provider.Captured {
		return s.keep(ctx, tx, c, st, claims)
	}
	return s.secureClaims(ctx, tx, c, claims)
}

// claimAnew reopens the order with a short clock and ties seats to it; *goneError if some are somebody else's, errRefused
// if this order can have none at all.
func (s *Service) claimAnew(ctx context.Context, tx *gorm.DB, o *Order, to wish, clock time.Duration) ([]Claim, error) {
	expires, err := s.store.reopenOrder(ctx, tx, o.ID, clock)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return nil, errRefused // the place is buying other seats by now
	}
	if err != nil {
		return nil, err
	}
	o.Status, o.ExpiresAt, o.ClockOut, o.Overdue = OrderPending, expires, false, false
	uses, err := s.usesAgain(ctx, tx, *o, to.standsFor) // the code's lock before the claims', as in T1
	if err != nil {
		return nil, err
	}
	claims, err := s.Seats.Claim(ctx, tx, ClaimRequest{EventID: o.EventID, OrderID: o.ID, BuyerKey: o.BuyerKey, Place: o.PlaceKey, Seats: to.seats, Prices: to.prices, Again: true})
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		if gone, _ := f.Facts["seats"].([]int); len(gone) > 0 {
			return nil, &goneError{gone}
		}
		return nil, errRefused
	}
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx, tx, *o, claims, uses); err != nil {
		return nil, err
	}
	return claims, s.store.note(ctx, tx, o.ID, "late-money", map[string]any{"seats": to.seats})
}

// postpone leaves late money for when it is known which seats are free. The payment is cancelling meanwhile, which is on the
// reconciler's list; nobody need ask again.
func (s *Service) postpone(ctx context.Context, c caseFile, st provider.State) error {
	if c.Payment.Status.dead() {
		if err := s.underLock(ctx, c, st, stepReclaim, s.beginCancel); err != nil {
			return err
		}
	}
	return errPostponed
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
