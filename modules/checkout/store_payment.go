package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// caseFile is a payment with its order: all that is needed to decide about it.
type caseFile struct {
	Order     Order
	Payment   Payment
	OtherLive bool
	Swap      *Swap // what it pays for, if that is not the order
}

func (c caseFile) position() position {
	at := position{
		Order: c.Order.Status, ClockOut: c.Order.ClockOut, Payment: c.Payment.Status,
		Noted: c.Payment.ProviderRef != nil && c.Payment.URL != nil, OtherLive: c.OtherLive, Offer: c.Order.offered(),
	}
	if c.Swap != nil {
		at.Order, at.ClockOut, at.Offer = c.Swap.asOrder(), c.Swap.ClockOut, ""
	}
	return at
}

// until is when the time to pay ends.
func (c caseFile) until() time.Time {
	if c.Swap != nil {
		return c.Swap.ExpiresAt
	}
	return c.Order.ExpiresAt
}

func (c caseFile) decide(st provider.State) step {
	return decide(c.position(), st.Status, c.Payment.right(st))
}

// payment reads a payment with its order, without locks; ErrNotFound.
func (s store) payment(ctx context.Context, id uuid.UUID) (caseFile, error) {
	return s.readCase(ctx, s.db, id, "")
}

// locked reads a payment with its order and keeps both rows for the rest of the transaction: order first, always.
func (s store) locked(ctx context.Context, tx *gorm.DB, id uuid.UUID) (caseFile, error) {
	return s.readCase(ctx, tx, id, "FOR UPDATE")
}

func (s store) readCase(ctx context.Context, db *gorm.DB, id uuid.UUID, lock string) (c caseFile, err error) {
	db = db.WithContext(ctx)
	// A payment never changes its order, so finding that without a lock is safe.
	found, err := one(db, &c.Order, `SELECT `+orderColumns+` FROM orders o WHERE o.id = (SELECT order_id FROM payments WHERE id = ?) `+lock, s.now(), s.now(), id)
	if err != nil {
		return c, fmt.Errorf("read order of payment: %w", err)
	}
	if !found {
		return c, ErrNotFound
	}
	var row struct {
		Payment   `gorm:"embedded"`
		OtherLive bool
	}
	if _, err := one(db, &row, `SELECT *, EXISTS (SELECT 1 FROM payments other WHERE other.order_id = p.order_id AND other.swap_id IS NOT DISTINCT FROM p.swap_id AND other.id <> p.id
		AND other.status IN `+liveStatuses+`) AS other_live FROM payments p WHERE p.id = ? `+lock, id); err != nil {
		return c, fmt.Errorf("read payment: %w", err)
	}
	c.Payment, c.OtherLive = row.Payment, row.OtherLive
	if c.Payment.SwapID != nil {
		w, err := s.swap(ctx, db, *c.Payment.SwapID)
		c.Swap = &w
		return c, err
	}
	return c, nil
}

// livePayment is the order's own payment that is live, if there is one.
func (s store) livePayment(ctx context.Context, db *gorm.DB, orderID uuid.UUID) (p Payment, found bool, err error) {
	found, err = one(db.WithContext(ctx), &p, `SELECT * FROM payments WHERE order_id = ? AND swap_id IS NULL AND status IN `+liveStatuses, orderID)
	if err != nil {
		return p, false, fmt.Errorf("read live payment: %w", err)
	}
	return p, found, nil
}

// paymentsOf are the orders' attempts, those for swaps too, oldest first.
func (s store) paymentsOf(ctx context.Context, orders []uuid.UUID) (payments []Payment, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT * FROM payments WHERE order_id IN ? ORDER BY created_at, id`, orders).Scan(&payments).Error
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	return payments, nil
}

// providerOfPayment is the name of whoever has a payment.
func (s store) providerOfPayment(ctx context.Context, db *gorm.DB, id uuid.UUID) (name string, err error) {
	if _, err = one(db.WithContext(ctx), &name, `SELECT provider FROM payments WHERE id = ?`, id); err != nil {
		return "", fmt.Errorf("read provider of payment: %w", err)
	}
	return name, nil
}

// insertPayment writes a new attempt. A second live one is gorm.ErrDuplicatedKey.
func (s store) insertPayment(ctx context.Context, tx *gorm.DB, p Payment) error {
	if err := tx.WithContext(ctx).Exec(`INSERT INTO payments (id, order_id, swap_id, provider, amount, currency, created_at, next_check_at)
		VALUES (?, ?, ?, ?, ?, ?, `+now+`, `+now+` + interval '10 s')`,
		p.ID, p.OrderID, p.SwapID, p.Provider, p.Amount, p.Currency, s.now(), s.now()).Error; err != nil {
		return fmt.Errorf("insert payment: %w", err)
	}
	return nil
}

// notePayment is T2: what the processor calls the payment, written once. True if the payment is still wanted as it is.
func (s store) notePayment(ctx context.Context, id uuid.UUID, st provider.State) (bool, error) {
	var status PaymentStatus
	if _, err := one(s.db.WithContext(ctx), &status, `UPDATE payments SET provider_ref = coalesce(provider_ref, ?), url = coalesce(url, ?)
		WHERE id = ? RETURNING status`, st.Ref, st.URL, id); err != nil {
		return false, fmt.Errorf("note payment: %w", err)
	}
	return status == PaymentCreated, nil
}

// movePayment changes the status of a payment that is in one of from, and lets it be looked at again soon; errMoved if
// it is not. received only ever rises.
func (s store) movePayment(ctx context.Context, tx *gorm.DB, id uuid.UUID, from []PaymentStatus, to PaymentStatus, received int64, problem string) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE payments SET status = ?, received = greatest(received, ?), problem = ?,
		checks = 0, next_check_at = `+now+` + interval '3 s' WHERE id = ? AND status IN ?`, to, received, problem, s.now(), id, from)
	if err != nil {
		return fmt.Errorf("payment to %s: %w", to, err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// refund reads a refund; ErrNotFound.
func (s store) refund(ctx context.Context, db *gorm.DB, id uuid.UUID, lock string) (r Refund, err error) {
	found, err := one(db.WithContext(ctx), &r, `SELECT * FROM refunds WHERE id = ? `+lock, id)
	if err != nil {
		return r, fmt.Errorf("read refund: %w", err)
	}
	if !found {
		return r, ErrNotFound
	}
	return r, nil
}

// refundsOf are the refunds of these orders, oldest first, each with its order.
func (s store) refundsOf(ctx context.Context, orders []uuid.UUID) (refunds []orderRefund, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT r.*, p.order_id FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.order_id IN ? ORDER BY r.created_at, r.id`, orders).Scan(&refunds).Error
	if err != nil {
		return nil, fmt.Errorf("read refunds: %w", err)
	}
	return refunds, nil
}

type orderRefund struct {
	Refund  `gorm:"embedded"`
	OrderID uuid.UUID
}

// openRefunds are a payment's refunds that are not done and due a try.
func (s store) openRefunds(ctx context.Context, paymentID uuid.UUID) (refunds []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT id FROM refunds WHERE payment_id = ? AND status <> 'done' AND next_try_at <= `+now+` ORDER BY created_at, id`,
		paymentID, s.now()).Scan(&refunds).Error
	if err != nil {
		return nil, fmt.Errorf("read open refunds: %w", err)
	}
	return refunds, nil
}

// insertRefund writes a refund that is due, of which the caller tells the buyer; false if this payment has one for the same
// reason already.
func (s store) insertRefund(ctx context.Context, tx *gorm.DB, r Refund) (bool, error) {
	n, err := changed(tx.WithContext(ctx), `INSERT INTO refunds (id, payment_id, reason, amount, created_at, next_try_at, told) VALUES (?, ?, ?, ?, `+now+`, `+now+`, true)
		ON CONFLICT (payment_id, reason) DO NOTHING`, r.ID, r.PaymentID, r.Reason, r.Amount, s.now(), s.now())
	if err != nil {
		return false, fmt.Errorf("insert refund: %w", err)
	}
	return n == 1, nil
}

// moveRefund changes the status of a refund that is not done; false if it is.
func (s store) moveRefund(ctx context.Context, tx *gorm.DB, id uuid.UUID, to RefundStatus, problem string) (bool, error) {
	n, err := changed(tx.WithContext(ctx), `UPDATE refunds SET status = ?, problem = ? WHERE id = ? AND status <> 'done'`, to, problem, id)
	if err != nil {
		return false, fmt.Errorf("refund to %s: %w", to, err)
	}
	return n == 1, nil
}

// nextTry is when a refund is tried again: after 10 s, 20 s … 5 min.
const nextTry = now + ` + interval '1 s' * least(300, 10 * 2 ^ least(tries, 10))`

// refundTook tells whether a refund was promised longer ago than that.
func (s store) refundTook(ctx context.Context, tx *gorm.DB, id uuid.UUID, than time.Duration) (yes bool, err error) {
	_, err = one(tx.WithContext(ctx), &yes, `SELECT created_at < `+now+` - ?::float8 * interval '1 s' FROM refunds WHERE id = ?`, s.now(), than.Seconds(), id)
	if err != nil {
		return false, fmt.Errorf("read age of refund: %w", err)
	}
	return yes, nil
}

// refuseRefund notes that the processor refused, and tries again ever more seldom.
func (s store) refuseRefund(ctx context.Context, id uuid.UUID, problem string) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE refunds SET status = 'failed', problem = ?, tries = tries + 1,
		next_try_at = `+nextTry+` WHERE id = ? AND status <> 'done'`, problem, s.now(), id)
	if err != nil {
		return fmt.Errorf("note refused refund: %w", err)
	}
	return nil
}

// dueEvent is a webhook nobody has acted on.
type dueEvent struct {
	Provider, EventID string
}

// insertEvent keeps a webhook; false if it is known.
func (s store) insertEvent(ctx context.Context, tx *gorm.DB, from string, e provider.Event) (bool, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	n, err := changed(tx.WithContext(ctx), `INSERT INTO psp_events (provider, event_id, provider_ref, body, received_at, next_try_at) VALUES (?, ?, ?, ?::jsonb, `+now+`, `+now+`)
		ON CONFLICT DO NOTHING`, from, e.ID, e.Ref, string(body), s.now(), s.now())
	if err != nil {
		return false, fmt.Errorf("keep event: %w", err)
	}
	return n == 1, nil
}

// event is a kept webhook that is not processed: the payment it is about, by our id or the processor's.
func (s store) event(ctx context.Context, e dueEvent) (ref, body string, open bool, err error) {
	var row struct{ ProviderRef, Body string }
	open, err = one(s.db.WithContext(ctx), &row, `SELECT provider_ref, body FROM psp_events WHERE provider = ? AND event_id = ? AND processed_at IS NULL`, e.Provider, e.EventID)
	if err != nil {
		return "", "", false, fmt.Errorf("read event: %w", err)
	}
	return row.ProviderRef, row.Body, open, nil
}

// paymentByRef is our payment under the processor's name for it.
func (s store) paymentByRef(ctx context.Context, from, ref string) (id uuid.UUID, found bool, err error) {
	var row struct{ ID uuid.UUID }
	found, err = one(s.db.WithContext(ctx), &row, `SELECT id FROM payments WHERE provider = ? AND provider_ref = ?`, from, ref)
	return row.ID, found, err
}

func (s store) eventProcessed(ctx context.Context, e dueEvent) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE psp_events SET processed_at = `+now+` WHERE provider = ? AND event_id = ? AND processed_at IS NULL`,
		s.now(), e.Provider, e.EventID)
	return err
}

// takeDueEvents leases webhooks that waited longer than a job needs. One that is still there is tried ever more seldom, so
// that those that always fail do not keep the others waiting.
func (s store) takeDueEvents(ctx context.Context, waited time.Duration, limit int) (due []dueEvent, err error) {
	err = s.db.WithContext(ctx).Raw(`WITH due AS MATERIALIZED (
		  SELECT provider, event_id FROM psp_events WHERE processed_at IS NULL AND received_at <= `+now+` - ?::float8 * interval '1 s' AND next_try_at <= `+now+`
		  ORDER BY next_try_at, received_at LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE psp_events e SET tries = e.tries + 1, next_try_at = `+now+` + interval '1 s' * least(300, 2 ^ least(e.tries, 10))
		FROM due WHERE e.provider = due.provider AND e.event_id = due.event_id RETURNING e.provider, e.event_id`,
		s.now(), waited.Seconds(), s.now(), limit, s.now()).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("take due events: %w", err)
	}
	return due, nil
}
