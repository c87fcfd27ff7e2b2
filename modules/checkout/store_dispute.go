package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// barred tells of an order that its tickets let nobody in, because a payment for them is disputed, or lost and less than
// all that was paid.
const barred = `EXISTS (SELECT 1 FROM payments b WHERE b.order_id = %s AND b.status = 'captured' AND b.dispute IN ('open','lost') AND NOT b.bar_lifted)`

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

// inPart is how much of a payment its bank took, and whether that is less than what is left of all that was paid for the order.
// What was promised of this payment and not sent is among it; what was promised of others still goes back.
func (s store) inPart(ctx context.Context, tx *gorm.DB, p Payment, st provider.State) (taken int64, part bool, err error) {
	var left struct{ Own, Others int64 }
	if _, err := one(tx.WithContext(ctx), &left, `SELECT coalesce(sum("left") FILTER (WHERE id = @id), 0)::bigint AS own, coalesce(sum("left") FILTER (WHERE id <> @id), 0)::bigint AS others
		FROM (SELECT p.id, p.received - coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND (r.status = 'done' OR p.id <> @id)), 0) AS "left"
		      FROM payments p WHERE p.id = @id OR p.order_id = @order AND p.status = 'captured') AS paid`, map[string]any{"id": p.ID, "order": p.OrderID}); err != nil {
		return 0, false, fmt.Errorf("read what is left: %w", err)
	}
	if p.Status != PaymentCaptured { // it bought no ticket that is left
		left.Others = 0
	}
	taken = left.Own
	if st.Disputed > 0 {
		taken = min(taken, st.Disputed)
	}
	return taken, taken < left.Own+left.Others, nil
}

// barring are the captured payments of an order that bar its tickets, or would if staff had not lifted that.
func (s store) barring(ctx context.Context, tx *gorm.DB, order uuid.UUID) (all []Payment, err error) {
	err = tx.WithContext(ctx).Raw(`SELECT * FROM payments WHERE order_id = ? AND status = 'captured' AND dispute IN ('open','lost') ORDER BY created_at, id`, order).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("read disputed payments: %w", err)
	}
	return all, nil
}

func (s store) liftBar(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE payments SET bar_lifted = true WHERE id = ? AND dispute IN ('open','lost') AND NOT bar_lifted`, payment)
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
