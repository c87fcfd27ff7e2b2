package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/failpoint"
	"fairseat/modules/checkout/provider"
)

// Why money goes back. One payment has one refund a reason; those of tickets are followed by ":" and their claims.
const (
	reasonWrongAmount = "wrong-amount"
	reasonSecond      = "second-payment"
	reasonLate        = "late"
	reasonOverpaid    = "overpaid"   // by bank transfer: what is more than the price
	reasonDifference  = "difference" // of cheaper seats taken instead
	reasonSwap        = "swap"       // for a cheaper seat
	reasonStaff       = "staff"
	reasonEvent       = "event"   // the whole of it
	reasonResold      = "resold"  // given back, and sold to somebody else
	reasonFree        = "free"    // given back, and had cost nothing
	reasonDispute     = "dispute" // by the payer's bank, never by us
)

// giveBack writes down that captured money is owed back in full. The caller holds the locks and has decided so.
func (s *Service) giveBack(ctx context.Context, tx *gorm.DB, c caseFile, st provider.State) error {
	reason, problem, at := reasonLate, "paid after the order had ended, and its seats are gone", c.position()
	switch {
	case !c.Payment.right(st):
		reason, problem = reasonWrongAmount, c.Payment.wrongAmount(st)
		s.alarmWrongAmount(c, problem)
	case at.OtherLive || at.Order.delivered():
		reason, problem = reasonSecond, "paid twice"
	}
	to := PaymentRefundDue
	if st.Captured == 0 {
		to = PaymentRefunded
	}
	if err := s.store.movePayment(ctx, tx, c.Payment.ID, unsettled(), to, st.Captured, problem); err != nil {
		return err
	}
	if st.Captured > 0 { // all of it: what the processor has returned by itself is found when this is sent
		if err := s.owe(ctx, tx, c.Order, Refund{PaymentID: c.Payment.ID, Reason: reason, Amount: st.Captured}); err != nil {
			return err
		}
	}
	if at.Order == OrderPending && at.ClockOut && !at.OtherLive {
		_, err := s.endCase(ctx, tx, c)
		return err
	}
	return nil
}

// toldInTime is how long a refund may take that its buyer was promised, without another word to them.
const toldInTime = time.Hour

// owe writes a refund that is due, with the job that pays it and its credit note, and tells the buyer.
func (s *Service) owe(ctx context.Context, tx *gorm.DB, o Order, r Refund) error {
	r, err := s.promise(ctx, tx, o, r)
	if err != nil {
		return err
	}
	n, err := s.notice(ctx, tx, o, r)
	if err != nil {
		return err
	}
	if err := s.Mails.RefundDue(ctx, tx, o.ID, n); err != nil {
		return err
	}
	return s.credit(ctx, tx, o, r)
}

// promise is owe without word and credit note.
func (s *Service) promise(ctx context.Context, tx *gorm.DB, o Order, r Refund) (Refund, error) {
	r.ID = newID()
	inserted, err := s.store.insertRefund(ctx, tx, r)
	if err != nil {
		return r, err
	}
	if !inserted {
		return r, fmt.Errorf("payment %s has a refund for %s already", r.PaymentID, r.Reason)
	}
	s.metrics.refunds.WithLabelValues("due").Inc()
	if err := s.store.note(ctx, tx, o.ID, "refund-due", map[string]any{"refund": r.ID, "payment": r.PaymentID, "amount": r.Amount, "reason": r.Reason}); err != nil {
		return r, err
	}
	return r, s.enqueue(ctx, tx, refundArgs{RefundID: r.ID}, time.Time{})
}

// notice is what a buyer is told of a refund.
func (s *Service) notice(ctx context.Context, tx *gorm.DB, o Order, r Refund) (RefundNotice, error) {
	why, _, _ := strings.Cut(r.Reason, ":")
	by, err := s.store.providerOfPayment(ctx, tx, r.PaymentID)
	return RefundNotice{Amount: r.Amount, Currency: o.Currency, Reason: why, ByHand: slices.Contains(s.byHand(), by)}, err
}

// PayBack sends a refund to the processor and writes down that it is done. A refund whose answer was lost is looked
// for first, and its key makes sure that it happens once. An error means "again later"; a refusal is noted for an
// operator and tried again as well.
func (s *Service) PayBack(ctx context.Context, id uuid.UUID) error {
	r, err := s.store.refund(ctx, s.DB, id, "")
	if err != nil || r.Status == RefundDone {
		return err
	}
	c, err := s.store.payment(ctx, r.PaymentID)
	if err != nil {
		return err
	}
	at, err := s.providerOf(c.Payment.Provider)
	if err != nil {
		return err
	}
	st, err := s.ask(ctx, c)
	if err != nil {
		return err
	}
	key := r.ID.String()
	if _, people := at.(provider.ByHand); people && !st.HasRefund(key) {
		return nil // owed until somebody has sent it and says so
	}
	if !st.HasRefund(key) {
		if adopted, err := s.adopt(ctx, id, st); err != nil || adopted {
			return err
		}
		switch st.Dispute {
		case provider.DisputeOpen:
			return s.refundRefused(ctx, c, r, errDisputed)
		case provider.DisputeLost:
			if c.Payment.Dispute != provider.DisputeLost {
				return s.Settle(ctx, c.Payment.ID) // the bank returned it
			}
			if taken, err := s.takenInPart(ctx, id, st); err != nil || taken {
				return err
			}
		}
		if open, err := s.store.moveRefund(ctx, s.DB, id, RefundSent, ""); err != nil || !open {
			return err
		}
		st, err = at.Refund(ctx, st.Ref, key, r.Amount)
		failpoint.Hit("K14")
		if errors.Is(err, provider.ErrRefused) || errors.Is(err, provider.ErrWrongState) || errors.Is(err, provider.ErrUnknownPayment) {
			return s.refundRefused(ctx, c, r, err)
		}
		if err != nil {
			return fmt.Errorf("refund: %w", err)
		}
		if !st.HasRefund(key) {
			return fmt.Errorf("the processor took refund %s but does not show it", key)
		}
	}
	return s.refundDone(ctx, r)
}

// refundRefused writes down why. It is said aloud the first time; from then on it stands on the list of what is owed.
func (s *Service) refundRefused(ctx context.Context, c caseFile, r Refund, cause error) error {
	s.metrics.refunds.WithLabelValues("failed").Inc()
	level := slog.LevelInfo
	if r.Tries == 0 {
		level = slog.LevelError
	}
	s.Log.Log(ctx, level, "the processor refuses a refund; it is owed and will be tried again", "order", c.Order.ID, "refund", r.ID, "amount", r.Amount, "error", cause)
	return s.store.refuseRefund(ctx, r.ID, cause.Error())
}

// refundDone closes the refund.
func (s *Service) refundDone(ctx context.Context, r Refund) error {
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		c, err := s.store.locked(ctx, tx, r.PaymentID)
		if err != nil {
			return err
		}
		return s.finishRefund(ctx, tx, c, r)
	})
}

// finishRefund closes the refund, and the payment if nothing of it is left. What a person sent, or what took long, its buyer
// is told once, however often the refund comes back; else they know already that it comes. The caller holds the locks.
func (s *Service) finishRefund(ctx context.Context, tx *gorm.DB, c caseFile, r Refund) error {
	first, err := s.store.moveRefund(ctx, tx, r.ID, RefundDone, "")
	if err != nil || !first {
		return err
	}
	if err := s.store.closeRefunded(ctx, tx, r.PaymentID); err != nil {
		return err
	}
	s.metrics.refunds.WithLabelValues("done").Inc()
	if err := s.store.note(ctx, tx, c.Order.ID, "refunded", map[string]any{"refund": r.ID, "amount": r.Amount}); err != nil {
		return err
	}
	if r.CameBack {
		return nil
	}
	n, err := s.notice(ctx, tx, c.Order, r)
	if err != nil {
		return err
	}
	if !r.Told {
		return s.Mails.RefundDue(ctx, tx, c.Order.ID, n)
	}
	slow, err := s.store.refundTook(ctx, tx, r.ID, toldInTime)
	if err != nil || !slow && !n.ByHand {
		return err
	}
	return s.Mails.RefundSent(ctx, tx, c.Order.ID, n)
}
