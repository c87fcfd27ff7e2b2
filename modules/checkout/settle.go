package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/failpoint"
	"fairseat/modules/checkout/provider"
)

// maxSteps is more than any payment needs; what takes longer is looked at again later.
const maxSteps = 8

// Settle reads what the processor says about a payment and moves our books until they agree with it. It is the one
// place where money moves anything: webhooks, jobs, the reconciler, the reaper and a waiting page all come here, in
// any order, as often as they like, at the same time. An error means "again later"; nothing is lost by it.
func (s *Service) Settle(ctx context.Context, payment uuid.UUID) error {
	c, err := s.store.payment(ctx, payment)
	if err != nil {
		return err
	}
	st, err := s.ask(ctx, c)
	if err != nil {
		if c.Order.Status == OrderPending && !c.Order.ClockOut {
			s.tellSlow(c.Order, c.Payment.Status)
		}
		return errors.Join(err, s.endureSilence(ctx, c))
	}
	failpoint.Hit("K9")
	for range maxSteps {
		next := c.decide(st)
		if next == stepNone {
			return errors.Join(s.complain(ctx, c, st), s.followDispute(ctx, c, st), s.followRefunds(ctx, c, st))
		}
		if st, err = s.do(ctx, next, c, st); errors.Is(err, errPostponed) {
			return nil
		}
		if err != nil && !errors.Is(err, errMoved) {
			err = fmt.Errorf("%s payment: %w", next, err)
			if next == stepCapture && c.Swap == nil {
				s.tellSlow(c.Order, c.Payment.Status)
			}
			if next == stepCancel && st.Status == provider.Open { // it answers questions, but lets nothing go
				err = errors.Join(err, s.endureSilence(ctx, c))
			}
			return err
		}
		if c, err = s.store.payment(ctx, payment); err != nil {
			return err
		}
	}
	return fmt.Errorf("payment %s does not come to rest: order %s, payment %s, processor %s", payment, c.Order.Status, c.Payment.Status, st.Status)
}

// ask reads the processor's record, by reference or, where that was lost on its way, by our id.
func (s *Service) ask(ctx context.Context, c caseFile) (st provider.State, err error) {
	at, err := s.providerOf(c.Payment.Provider)
	if err != nil {
		return st, err
	}
	if c.Payment.ProviderRef != nil {
		st, err = at.Read(ctx, *c.Payment.ProviderRef)
	} else {
		st, err = at.Find(ctx, c.Payment.ID)
	}
	if errors.Is(err, provider.ErrUnknownPayment) {
		return provider.State{Status: provider.Unknown}, nil
	}
	if err == nil && st.Payment != c.Payment.ID.String() {
		return st, fmt.Errorf("the processor answered about payment %q when asked about %s", st.Payment, c.Payment.ID)
	}
	if err == nil && c.Payment.ProviderRef == nil {
		// Whatever its state: from now on webhooks find it by its reference, and so do we.
		_, err = s.store.notePayment(ctx, c.Payment.ID, st)
	}
	return st, err
}

// do takes one step and answers the newest state known.
func (s *Service) do(ctx context.Context, next step, c caseFile, st provider.State) (provider.State, error) {
	switch next {
	case stepCreate:
		return s.create(ctx, c)
	case stepNote:
		_, err := s.store.notePayment(ctx, c.Payment.ID, st)
		return st, err
	case stepCapture:
		return s.capture(ctx, c, st)
	case stepCancel:
		return s.cancel(ctx, c, st)
	case stepReclaim:
		return s.reclaim(ctx, c, st)
	case stepSecure:
		return st, s.underLock(ctx, c, st, next, s.secure)
	case stepDeliver:
		if c.Swap != nil {
			return st, s.deliverSwap(ctx, c, st)
		}
		return st, s.deliverPaid(ctx, c, st)
	case stepGiveBack:
		return st, s.underLock(ctx, c, st, next, s.giveBack)
	case stepFail, stepBury:
		return st, s.close(ctx, c, st, next)
	}
	return st, fmt.Errorf("unknown step %q", next)
}

// underLock decides again with the rows locked, and works only if the decision is still the same.
func (s *Service) underLock(ctx context.Context, c caseFile, st provider.State, want step, work func(context.Context, *gorm.DB, caseFile, provider.State) error) error {
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		locked, err := s.store.locked(ctx, tx, c.Payment.ID)
		if err != nil {
			return err
		}
		if locked.decide(st) != want {
			return errMoved
		}
		return work(ctx, tx, locked, st)
	})
}

// unsettled are the states a payment may be in when money for it turns up.
func unsettled() []PaymentStatus {
	return []PaymentStatus{PaymentCreated, PaymentCancelling, PaymentAuthorized, PaymentFailed, PaymentCancelled}
}

// secure is T3: the money is there, so the seats are kept whatever the clock says; the capture has a job besides us.
func (s *Service) secure(ctx context.Context, tx *gorm.DB, c caseFile, _ provider.State) error {
	if c.Swap != nil {
		return s.secureSwap(ctx, tx, c)
	}
	claims, err := s.store.liveClaims(ctx, tx, c.Order.ID)
	if err != nil {
		return err
	}
	return s.secureClaims(ctx, tx, c, claims)
}

func (s *Service) secureClaims(ctx context.Context, tx *gorm.DB, c caseFile, claims []Claim) error {
	if len(claims) == 0 {
		return fmt.Errorf("order %s has no seats to secure", c.Order.ID)
	}
	if err := s.Seats.Move(ctx, tx, ids(claims), []string{claimCheckout, claimSecured}, claimSecured); err != nil {
		return err
	}
	if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), PaymentAuthorized, 0, ""); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, c.Order.ID, "authorized", map[string]any{"payment": c.Payment.ID}); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, settleArgs{PaymentID: c.Payment.ID}, s.Clock.Now().Add(createBudget))
}

// capture takes the money. Repeating it under its key takes nothing twice.
func (s *Service) capture(ctx context.Context, c caseFile, st provider.State) (provider.State, error) {
	at, err := s.providerOf(c.Payment.Provider)
	if err != nil {
		return st, err
	}
	failpoint.Hit("K10")
	got, err := at.Capture(ctx, st.Ref, c.Payment.ID.String()+":capture")
	failpoint.Hit("K11")
	if errors.Is(err, provider.ErrWrongState) {
		return s.ask(ctx, c) // somebody captured or cancelled it: see what it is now
	}
	if err != nil {
		return st, err
	}
	return got, nil
}

// deliverPaid is T4 for money that has come.
func (s *Service) deliverPaid(ctx context.Context, c caseFile, st provider.State) error {
	var claims []Claim
	err := s.underLock(ctx, c, st, stepDeliver, func(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) (err error) {
		if claims, err = s.store.liveClaims(ctx, tx, c.Order.ID); err != nil {
			return err
		}
		return s.keep(ctx, tx, c, st, claims)
	})
	if err == nil {
		s.afterPaid(ctx, c.Order, claims)
	}
	return err
}

// keep writes the captured money down and delivers.
func (s *Service) keep(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State, claims []Claim) error {
	if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), PaymentCaptured, st.Captured, ""); err != nil {
		return err
	}
	if err := s.oweDifference(ctx, tx, c, st, claims); err != nil {
		return err
	}
	return s.deliver(ctx, tx, c.Order, claims)
}

// oweDifference returns what seats taken instead of others cost less than these.
func (s *Service) oweDifference(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State, claims []Claim) error {
	if c.Order.Offer != OfferAccepted {
		return nil
	}
	price, err := s.store.priceOf(ctx, tx, claims)
	if err != nil || price >= st.Captured {
		return err
	}
	return s.owe(ctx, tx, c.Order, Refund{PaymentID: c.Payment.ID, Reason: reasonDifference, Amount: st.Captured - price})
}

// deliver is the heart of T4: claims sold, order paid, tickets, mail and the map's job, all or nothing.
func (s *Service) deliver(ctx context.Context, tx *gorm.DB, o Order, claims []Claim) error {
	if len(claims) == 0 {
		return fmt.Errorf("order %s has no seats to deliver", o.ID)
	}
	if err := s.Seats.Move(ctx, tx, ids(claims), []string{claimCheckout, claimSecured}, claimSold); err != nil {
		return err
	}
	if err := s.store.markPaid(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := s.store.issueTickets(ctx, tx, o.EventID, claims); err != nil {
		return err
	}
	if err := s.Mails.TicketsReady(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, ids(claims)), nil); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, o.ID, "paid", map[string]any{"tickets": len(claims)}); err != nil {
		return err
	}
	return s.bill(ctx, tx, o)
}

// afterPaid tells everyone who can do without: the map, the fan, and the door of the sale.
func (s *Service) afterPaid(ctx context.Context, o Order, claims []Claim) {
	failpoint.Hit("K12")
	s.metrics.orders.WithLabelValues("paid").Inc()
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	if err := s.Map.Sync(ctx, o.EventID, ids(claims)); err != nil {
		s.Log.Debug("map not told of a sale; its job will", "order", o.ID, "error", err)
	}
	s.tell(o, shownPaid)
	if err := s.finish(ctx, o.EventID, o.PlaceKey); err != nil {
		s.Log.Debug("admission not ended yet; it will be", "order", o.ID, "error", err)
	}
}

// tell sends the order's new state to the place that ordered, without anything a stranger could use.
func (s *Service) tell(o Order, status string) {
	s.Map.Tell(o.EventID, o.PlaceKey, map[string]any{"t": "order", "id": o.ID.String(), "status": status})
}

// tellSlow says to the place that ordered that the bank lets us wait, and how long the seats are safe all the same: for
// good once the money is there.
func (s *Service) tellSlow(o Order, payment PaymentStatus) {
	frame := map[string]any{"t": "order", "id": o.ID.String(), "status": shownPending, "slow": true, "safe_until": clock.Time(o.ExpiresAt)}
	if payment == PaymentAuthorized {
		frame["status"], frame["safe_until"] = shownPaying, nil
	}
	s.Map.Tell(o.EventID, o.PlaceKey, frame)
}

// complain tells an operator what no rule of ours can mend. The state in hand may be older than our books, which another
// hand moved on meanwhile: so the processor is asked once more, now that the books are read.
func (s *Service) complain(ctx context.Context, c caseFile, st provider.State) error {
	if c.puzzle(st) == "" {
		return nil
	}
	st, err := s.ask(ctx, c)
	if err != nil {
		return err
	}
	if what := c.puzzle(st); what != "" {
		s.Log.Error(what, "order", c.Order.ID, "payment", c.Payment.ID, "says", st.Status)
	}
	return nil
}

// puzzle is what is wrong between books and processor, or "".
func (c caseFile) puzzle(st provider.State) string {
	switch {
	case c.Payment.Status == PaymentAuthorized && (st.Status == provider.Unknown || st.Status == provider.Open):
		return "the processor forgot an authorised payment"
	case c.Payment.Status == PaymentCaptured && st.Status != provider.Captured:
		return "the processor does not know money we delivered for"
	}
	return ""
}

// silent tells whether a deadline passed so long ago that the seats go back although the processor never answered.
func (c caseFile) silent() bool {
	if c.Swap != nil {
		return c.Swap.Status == SwapOpen && c.Swap.Overdue && c.Payment.Status.open()
	}
	return c.Order.Status == OrderPending && c.Order.Overdue && c.Payment.Status.open()
}

// endureSilence lets the seats of an order go when the processor has not answered for silenceLimit after its deadline.
// The payment stays open and is asked about for as long as it takes: money that turns up is late money.
func (s *Service) endureSilence(ctx context.Context, c caseFile) error {
	if !c.silent() {
		return nil
	}
	ctx, cancel := aside(ctx, 5*time.Second)
	defer cancel()
	var ended ending
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		locked, err := s.store.locked(ctx, tx, c.Payment.ID)
		if err != nil || !locked.silent() {
			return err
		}
		s.Log.Error("the processor is silent; the seats go back, money that turns up will be dealt with", "order", c.Order.ID, "payment", c.Payment.ID)
		if err := s.store.movePayment(ctx, tx, c.Payment.ID, []PaymentStatus{PaymentCreated, PaymentCancelling}, PaymentCancelling, 0, locked.Payment.Problem); err != nil {
			return err
		}
		ended, err = s.endCase(ctx, tx, locked)
		return err
	})
	if err == nil {
		s.afterEnd(ended)
	}
	return err
}

// endCase ends what a payment was for: its order, or the swap of it.
func (s *Service) endCase(ctx context.Context, tx *gorm.DB, c caseFile) (ending, error) {
	if c.Swap != nil {
		return ending{}, s.endSwap(ctx, tx, c.Order, *c.Swap, SwapExpired)
	}
	return s.end(ctx, tx, c.Order)
}
