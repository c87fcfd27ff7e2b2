package checkout

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/failpoint"
	"fairseat/modules/checkout/provider"
)

// gaveUp is the line of history by which an order that ends is cancelled, not expired.
const gaveUp = "given-up"

// ending is an order that has just ended, for those who are told after the commit.
type ending struct {
	Order  Order
	Status OrderStatus
}

// GiveUp ends a pending order at its buyer's wish: the processor is asked first, as at a deadline. ErrAlreadyPaid if
// the money is there. Giving up an order that has ended is no error; while the processor is silent the order stays
// and ends by itself later.
func (s *Service) GiveUp(ctx context.Context, id uuid.UUID) error {
	var live *Payment
	var ended ending
	offered := false
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if o.Status.delivered() {
			return ErrAlreadyPaid
		}
		if o.Status != OrderPending {
			return nil
		}
		if offered = o.Offer == OfferOpen; offered {
			return nil
		}
		p, found, err := s.store.livePayment(ctx, tx, id)
		if err != nil {
			return err
		}
		if found {
			live = &p
			return s.beginGivingUp(ctx, tx, o, p)
		}
		if err := s.store.note(ctx, tx, id, gaveUp, nil); err != nil {
			return err
		}
		ended, err = s.end(ctx, tx, o)
		return err
	})
	if err != nil {
		return err
	}
	if offered {
		return s.DeclineOffer(ctx, id)
	}
	s.afterEnd(ended)
	if live == nil {
		return nil
	}
	return s.settleGivenUp(ctx, id, *live)
}

// beginGivingUp lets the clock run out now, so that the reaper finishes what we may not live to finish.
func (s *Service) beginGivingUp(ctx context.Context, tx *gorm.DB, o Order, p Payment) error {
	if p.Status == PaymentAuthorized {
		return nil // the money is on its way
	}
	given, err := s.store.noted(ctx, tx, o.ID, gaveUp) // a moment ago, or before late money took the order up again
	if err != nil {
		return err
	}
	if !given {
		if err := s.store.note(ctx, tx, o.ID, gaveUp, nil); err != nil {
			return err
		}
	}
	if err := s.store.stopClock(ctx, tx, o.ID); err != nil {
		return err
	}
	if p.Status == PaymentCancelling { // something was wrong with it; now the order ends with it
		return nil
	}
	return s.store.movePayment(ctx, tx, p.ID, []PaymentStatus{PaymentCreated}, PaymentCancelling, 0, "")
}

func (s *Service) settleGivenUp(ctx context.Context, id uuid.UUID, p Payment) error {
	s.inTime(ctx, createBudget, func(ctx context.Context) {
		if err := s.Settle(ctx, p.ID); err != nil {
			s.Log.Warn("order not ended yet; it will be", "order", id, "payment", p.ID, "error", err)
		}
	})
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return err
	}
	if o.Status.delivered() {
		return ErrAlreadyPaid
	}
	// The fan may have paid before this came: what the payment is now decides, not what it was when we began.
	now, live, err := s.store.livePayment(ctx, s.DB, id)
	if err != nil {
		return err
	}
	if live && o.Status == OrderPending && (now.Status == PaymentAuthorized || now.Status == PaymentCaptured) {
		return ErrAlreadyPaid
	}
	return nil
}

// cancel takes a payment back at the processor. Our books say so first: if we die in between, whoever looks next
// knows what was meant. Money on a dead payment makes it one with work left, which the reconciler repeats, unless another
// attempt of the order lives: there is only ever one.
func (s *Service) cancel(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	stays := c.Payment.Status.dead() && (c.OtherLive || st.Status != provider.Authorized)
	if !stays && c.Payment.Status != PaymentCancelling {
		if err := s.underLock(ctx, c, st, stepCancel, s.beginCancel); err != nil {
			return st, err
		}
	}
	return s.takeBack(ctx, c, st)
}

func (s *Service) takeBack(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	at, err := s.providerOf(c.Payment.Provider)
	if err != nil {
		return st, err
	}
	got, err := at.Cancel(ctx, st.Ref, c.Payment.ID.String()+":cancel")
	failpoint.Hit("K15")
	if errors.Is(err, provider.ErrWrongState) {
		return s.ask(ctx, c) // paid, captured or declined in this moment: see what it is now
	}
	if err != nil {
		return st, err
	}
	return got, nil
}

func (s *Service) beginCancel(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) error {
	problem := ""
	if st.Money() > 0 && !c.Payment.right(st) {
		problem = c.Payment.wrongAmount(st)
		s.alarmWrongAmount(c, problem)
	}
	if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), PaymentCancelling, 0, problem); err != nil {
		return err
	}
	return s.store.note(ctx, tx, c.Order.ID, "cancelling", map[string]any{"payment": c.Payment.ID, "problem": problem})
}

func (s *Service) alarmWrongAmount(c caseFile, problem string) {
	s.metrics.wrongAmount.Inc()
	s.Log.Error("no ticket for a payment", "order", c.Order.ID, "payment", c.Payment.ID, "problem", problem)
}

// declinedFor begins the problem of a payment that a bank refused for a reason it told.
const declinedFor = "declined: "

func declined(why provider.DeclineReason) string {
	return strings.TrimSuffix(declinedFor+string(why), ": ")
}

// close writes down that a payment is dead at the processor. If the order's clock has run out, the order ends with it; so
// does one with other seats than it was made with: they were for that money, and the order's price is not theirs.
func (s *Service) close(ctx context.Context, c caseFile, st provider.State, next step) error {
	var ended ending
	err := s.underLock(ctx, c, st, next, func(ctx context.Context, tx *gorm.DB, c caseFile, _ provider.State) (err error) {
		to, problem := PaymentCancelled, c.Payment.Problem
		if next == stepFail {
			to, problem = PaymentFailed, declined(st.Declined)
		} else if problem != "" {
			to = PaymentFailed // taken back because something was wrong with it
		}
		if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), to, 0, problem); err != nil {
			return err
		}
		if err := s.store.note(ctx, tx, c.Order.ID, "payment-"+string(to), map[string]any{"payment": c.Payment.ID, "problem": problem}); err != nil {
			return err
		}
		if at := c.position(); at.Order == OrderPending && (at.ClockOut || at.Offer != "") {
			ended, err = s.endCase(ctx, tx, c)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.Order.Status == OrderPending && ended.Status == "" {
		s.tell(c.Order, shownDeclined)
	}
	s.afterEnd(ended)
	return nil
}

// end gives the seats of a pending order back. The caller holds its lock, and knows that no payment is alive or that
// the processor has been silent too long.
func (s *Service) end(ctx context.Context, tx *gorm.DB, o Order) (ending, error) {
	none := ending{}
	claims, err := s.store.liveClaims(ctx, tx, o.ID)
	if err != nil {
		return none, err
	}
	if len(claims) > 0 {
		if err := s.release(ctx, tx, o, ids(claims), claimCheckout, claimSecured); err != nil {
			return none, err
		}
	}
	to := OrderExpired
	if given, err := s.store.noted(ctx, tx, o.ID, gaveUp); err != nil {
		return none, err
	} else if given {
		to = OrderCancelled
	}
	if err := s.store.moveOrder(ctx, tx, o.ID, []OrderStatus{OrderPending}, to); err != nil {
		return none, err
	}
	if off, err := s.store.noted(ctx, tx, o.ID, eventRefunded); err != nil {
		return none, err
	} else if off {
		if err := s.Mails.EventRefunded(ctx, tx, o.ID); err != nil {
			return none, err
		}
	}
	return ending{o, to}, s.store.note(ctx, tx, o.ID, string(to), nil)
}

// afterEnd tells the fan; the map has its job.
func (s *Service) afterEnd(e ending) {
	if e.Status == "" {
		return
	}
	s.metrics.orders.WithLabelValues(string(e.Status)).Inc()
	s.tell(e.Order, string(e.Status))
}

// expire ends one order whose clock has run out, or begins to; a clock that was moved on is left to the reaper.
func (s *Service) expire(ctx context.Context, id uuid.UUID) error {
	var live *Payment
	var ended ending
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil || o.Status != OrderPending || !o.ClockOut {
			return err
		}
		p, found, err := s.store.livePayment(ctx, tx, id)
		if err != nil {
			return err
		}
		if !found {
			ended, err = s.end(ctx, tx, o)
			return err
		}
		live = &p
		if o.offered() == offerLapsed {
			ended, err = s.endOffer(ctx, tx, o, p)
			return err
		}
		if p.Status != PaymentCreated {
			return nil
		}
		return s.store.movePayment(ctx, tx, p.ID, []PaymentStatus{PaymentCreated}, PaymentCancelling, 0, "")
	})
	if err != nil {
		return err
	}
	if live == nil {
		s.afterEnd(ended)
		return nil
	}
	s.afterOffer(ended)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return s.Settle(ctx, live.ID)
}
