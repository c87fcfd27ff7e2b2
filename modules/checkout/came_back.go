package checkout

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// sentBack is why a refund is owed once more.
const sentBack = "the buyer's bank sent it back to the processor"

// followRefunds takes up again what the processor had given back and shows no more: the buyer's bank did not take it, days
// later, so that the money is owed as before. It is called when nothing else is left to do about the payment. What people
// send by hand is as they say, and what the bank took in a dispute was never sent.
func (s *Service) followRefunds(ctx context.Context, c caseFile, st provider.State) error {
	if st.Status != provider.Captured || c.Payment.Received == 0 || slices.Contains(s.byHand(), c.Payment.Provider) {
		return nil
	}
	done, err := s.store.sentRefunds(ctx, c.Payment.ID)
	if err != nil {
		return err
	}
	gone := missing(done, st)
	if len(gone) == 0 {
		return nil
	}
	if st, err = s.ask(ctx, c); err != nil { // the state in hand may be older than our books
		return err
	}
	var again []Refund
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		again = nil
		locked, err := s.store.locked(ctx, tx, c.Payment.ID)
		if err != nil {
			return err
		}
		for _, r := range missing(gone, st) {
			mine, err := s.store.reopenRefund(ctx, tx, r)
			if err != nil {
				return err
			}
			if !mine {
				continue // somebody else saw it first
			}
			again = append(again, r)
			if err := s.store.note(ctx, tx, c.Order.ID, "refund-came-back", map[string]any{"refund": r.ID, "amount": r.Amount}); err != nil {
				return err
			}
		}
		if len(again) > 0 && locked.Payment.Status == PaymentRefunded {
			return s.store.movePayment(ctx, tx, c.Payment.ID, []PaymentStatus{PaymentRefunded}, PaymentRefundDue, 0, sentBack)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range again {
		s.metrics.refunds.WithLabelValues("came-back").Inc()
		s.Log.Error("a refund came back; it is owed and will be sent again", "order", c.Order.ID, "payment", c.Payment.ID, "refund", r.ID, "amount", r.Amount)
	}
	return nil
}

// missing are the refunds that the processor does not show.
func missing(refunds []Refund, st provider.State) []Refund {
	return slices.DeleteFunc(slices.Clone(refunds), func(r Refund) bool { return st.HasRefund(r.key()) })
}

// key is what the processor shows a refund under.
func (r Refund) key() string {
	if r.MadeAs != "" {
		return r.MadeAs
	}
	return r.ID.String()
}

// sentRefunds are a payment's refunds that are done, but those that its bank took by itself.
func (s store) sentRefunds(ctx context.Context, payment uuid.UUID) (refunds []Refund, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT * FROM refunds WHERE payment_id = ? AND status = 'done' AND reason <> ? AND problem <> ? ORDER BY created_at, id`,
		payment, reasonDispute, takenByBank).Scan(&refunds).Error
	return refunds, err
}

// reopenRefund lets a refund that was done be tried again, ever more seldom; false unless it is as it was read.
func (s store) reopenRefund(ctx context.Context, tx *gorm.DB, r Refund) (bool, error) {
	n, err := changed(tx.WithContext(ctx), `UPDATE refunds SET status = 'failed', problem = ?, came_back = true, made_as = '', tries = tries + 1, next_try_at = `+nextTry+`
		WHERE id = ? AND status = 'done' AND tries = ?`, sentBack, s.now(), r.ID, r.Tries)
	return n == 1, err
}
