package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// barred tells of an order that its tickets let nobody in, because the payment that bought them is disputed.
const barred = `EXISTS (SELECT 1 FROM payments b WHERE b.order_id = %s AND b.status = 'captured' AND b.dispute = 'open' AND NOT b.bar_lifted)`

// moveDispute changes where a dispute stands, and lets an open one be asked about again soon; errMoved unless it stood at
// from. A bar is lifted for one dispute, not for the next.
func (s store) moveDispute(ctx context.Context, tx *gorm.DB, payment uuid.UUID, from, to provider.Dispute) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE payments SET dispute = ?, bar_lifted = false, next_check_at = `+now+` + interval '300 s'
		WHERE id = ? AND dispute = ?`, to, s.now(), payment, from)
	if err != nil {
		return fmt.Errorf("move dispute: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// inPart tells whether a dispute is about less than what is left of a payment.
func (s store) inPart(ctx context.Context, tx *gorm.DB, p Payment, st provider.State) (bool, error) {
	var back int64
	if _, err := one(tx.WithContext(ctx), &back, `SELECT coalesce(sum(amount), 0)::bigint FROM refunds WHERE payment_id = ? AND status = 'done'`, p.ID); err != nil {
		return false, fmt.Errorf("read what went back: %w", err)
	}
	return st.Disputed > 0 && st.Disputed < p.Received-back, nil
}

func (s store) liftBar(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE payments SET bar_lifted = true WHERE id = ? AND dispute = 'open' AND NOT bar_lifted`, payment)
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}

// takenByBank is the problem of a refund that was not ours to send any more.
const takenByBank = "returned by the payer's bank"

// takenRefunds are the refunds of a payment that we had not sent when its bank took all of it: they are done that way.
func (s store) takenRefunds(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error {
	if _, err := changed(tx.WithContext(ctx), `UPDATE refunds SET status = 'done', problem = ?
		WHERE payment_id = ? AND status <> 'done'`, takenByBank, payment); err != nil {
		return fmt.Errorf("close refunds: %w", err)
	}
	return nil
}

// overpromised is how much more than was paid goes back, if all that we promised is sent besides what the bank has taken. Of a
// payment that it took altogether the books say so themselves.
func (s store) overpromised(ctx context.Context, tx *gorm.DB, p Payment, st provider.State) (over int64, err error) {
	taken := st.Disputed
	if taken == 0 {
		taken = p.Received
	}
	_, err = one(tx.WithContext(ctx), &over, `SELECT CASE WHEN bool_or(reason = ?) THEN 0 ELSE coalesce(sum(amount) FILTER (WHERE problem <> ?), 0) + ? - ? END::bigint
		FROM refunds WHERE payment_id = ?`, reasonDispute, takenByBank, taken, p.Received, p.ID)
	if err != nil {
		return 0, fmt.Errorf("compare refunds with a dispute: %w", err)
	}
	return over, nil
}

// isBarred tells whether an order's tickets let nobody in.
func (s store) isBarred(ctx context.Context, order uuid.UUID) (is bool, err error) {
	if _, err = one(s.db.WithContext(ctx), &is, `SELECT `+fmt.Sprintf(barred, "?::uuid"), order); err != nil {
		return false, fmt.Errorf("read dispute: %w", err)
	}
	return is, nil
}
