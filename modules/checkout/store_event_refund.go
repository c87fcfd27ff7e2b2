package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/request"
)

const (
	deliveredStatuses = `('paid','part_refunded')`
	// paidFor is what the buyer of an order o has paid and nothing was promised back of.
	paidFor = `(SELECT coalesce(sum(p.received - (SELECT coalesce(sum(x.amount), 0) FROM refunds x WHERE x.payment_id = p.id)), 0)::bigint
		FROM payments p WHERE p.order_id = o.id AND p.status = 'captured')`
)

// atStake is what an event's buyers have paid, and what those may still pay who are about to.
func (s store) atStake(ctx context.Context, db *gorm.DB, eventID int64) (at Stake, err error) {
	_, err = one(db.WithContext(ctx), &at, `SELECT count(*) FILTER (WHERE o.status <> 'pending') AS orders, count(*) FILTER (WHERE o.status = 'pending') AS unpaid,
		coalesce(sum(o.amount) FILTER (WHERE o.status = 'pending'), 0)::bigint AS open,
		coalesce(sum(`+paidFor+`) FILTER (WHERE o.status <> 'pending'), 0)::bigint AS sum
		FROM orders o WHERE o.event_id = ? AND o.status IN ('pending','paid','part_refunded')`, eventID)
	if err != nil {
		return at, fmt.Errorf("sum what is at stake: %w", err)
	}
	return at, nil
}

// insertEventRefund writes one; gorm.ErrDuplicatedKey if the event has one that is not over.
func (s store) insertEventRefund(ctx context.Context, tx *gorm.DB, r EventRefund) error {
	if err := tx.WithContext(ctx).Exec(`INSERT INTO event_refunds (id, event_id, reason, public_reason, status, asked_by, asked_email, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, `+now+`)`,
		r.ID, r.EventID, r.Reason, r.PublicReason, r.Status, r.AskedBy, r.AskedEmail, s.now()).Error; err != nil {
		return fmt.Errorf("insert event refund: %w", err)
	}
	return nil
}

func (s store) openEventRefund(ctx context.Context, eventID int64) (id uuid.UUID, found bool, err error) {
	var row struct{ ID uuid.UUID }
	found, err = one(s.db.WithContext(ctx), &row, `SELECT id FROM event_refunds WHERE event_id = ? AND status IN ('asked','running','paused')`, eventID)
	return row.ID, found, err
}

// moveEventRefund changes the status of one that is in from; errMoved if it is not.
func (s store) moveEventRefund(ctx context.Context, tx *gorm.DB, id uuid.UUID, from, to EventRefundStatus) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE event_refunds SET status = ?, ended_at = CASE WHEN ? IN ('refused','withdrawn') THEN `+now+` END
		WHERE id = ? AND status = ?`, to, to, s.now(), id, from)
	if err != nil {
		return fmt.Errorf("event refund to %s: %w", to, err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// agreed notes the second owner; the database refuses the first.
func (s store) agreed(ctx context.Context, tx *gorm.DB, id uuid.UUID, who request.Staff) error {
	_, err := changed(tx.WithContext(ctx), `UPDATE event_refunds SET agreed_by = ?, agreed_email = ?, agreed_at = `+now+` WHERE id = ?`, who.ID, who.Email, s.now(), id)
	if err != nil {
		return fmt.Errorf("agree to event refund: %w", err)
	}
	return nil
}

// eventRefunds are those of an event, newest first, or the one of that id.
func (s store) eventRefunds(ctx context.Context, eventID int64, id *uuid.UUID) (all []EventRefund, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT r.*, f.done, f.failed, l."left", l.to_go, l.unpaid, m.owed, m.back, m.refused
		FROM event_refunds r,
		LATERAL (SELECT count(*) FILTER (WHERE e.done_at IS NOT NULL) AS done,
			count(*) FILTER (WHERE e.done_at IS NULL AND o.status IN `+deliveredStatuses+`) AS failed
			FROM event_refund_orders e JOIN orders o ON o.id = e.order_id WHERE e.refund_id = r.id) f,
		LATERAL (SELECT count(*) FILTER (WHERE o.status <> 'pending') AS "left", count(*) FILTER (WHERE o.status = 'pending') AS unpaid,
			coalesce(sum(`+paidFor+`) FILTER (WHERE o.status <> 'pending'), 0)::bigint AS to_go
			FROM orders o WHERE o.event_id = r.event_id AND o.status IN ('pending','paid','part_refunded')) l,
		LATERAL (SELECT coalesce(sum(x.amount) FILTER (WHERE x.status <> 'done'), 0)::bigint AS owed,
			coalesce(sum(x.amount) FILTER (WHERE x.status = 'done'), 0)::bigint AS back, coalesce(sum(x.amount) FILTER (WHERE x.status = 'failed'), 0)::bigint AS refused
			FROM event_refund_orders d JOIN payments p ON p.order_id = d.order_id JOIN refunds x ON x.payment_id = p.id AND x.reason LIKE 'event:%'
			WHERE d.refund_id = r.id AND d.done_at IS NOT NULL) m
		WHERE r.event_id = ? AND (?::uuid IS NULL OR r.id = ?) ORDER BY r.asked_at DESC, r.id DESC`, eventID, id, id).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("read event refunds: %w", err)
	}
	return all, nil
}

// refunding tells whether the refund of an event has begun, and what the organiser says of it.
func (s store) refunding(ctx context.Context, eventID int64) (word string, begun bool, err error) {
	begun, err = one(s.db.WithContext(ctx), &word, `SELECT public_reason FROM event_refunds WHERE event_id = ? AND status IN ('running','paused','done')
		ORDER BY asked_at DESC LIMIT 1`, eventID)
	if err != nil {
		return "", false, fmt.Errorf("read refund of event: %w", err)
	}
	return word, begun, nil
}

// endedByEventRefund tells whether the refund of its event returned an order, or ended it before it was paid.
func (s store) endedByEventRefund(ctx context.Context, order uuid.UUID) (yes bool, err error) {
	_, err = one(s.db.WithContext(ctx), &yes, `SELECT EXISTS (SELECT 1 FROM event_refund_orders WHERE order_id = ? AND done_at IS NOT NULL)
		OR EXISTS (SELECT 1 FROM order_history WHERE order_id = ? AND what = ?)`, order, order, eventRefunded)
	if err != nil {
		return false, fmt.Errorf("read why order ended: %w", err)
	}
	return yes, nil
}

// stopClocksOfRefunded lets the orders end that nobody should pay any more, and writes into their history why.
func (s store) stopClocksOfRefunded(ctx context.Context) error {
	_, err := changed(s.db.WithContext(ctx), `WITH stopped AS (UPDATE orders o SET expires_at = `+now+` FROM event_refunds r
		WHERE r.event_id = o.event_id AND r.status IN ('running','done') AND o.status = 'pending' AND o.expires_at > `+now+` RETURNING o.id)
		INSERT INTO order_history (order_id, at, what, detail) SELECT DISTINCT id, `+now+`, ?, '{}'::jsonb FROM stopped`, s.now(), s.now(), s.now(), eventRefunded)
	if err != nil {
		return fmt.Errorf("end orders of refunded events: %w", err)
	}
	return nil
}

// refundsUnderWay are those that a processor has still to confirm; what it refuses, and what people send by hand, does not
// count, or it would hold up all others.
func (s store) refundsUnderWay(ctx context.Context, byHand []string) (n int, err error) {
	_, err = one(s.db.WithContext(ctx), &n, `SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE r.status IN ('due','sent') AND p.provider NOT IN ?`, append(byHand, ""))
	return n, err
}

type orderToReturn struct{ RefundID, OrderID uuid.UUID }

// ordersToReturn are paid orders of events that are refunded; those that failed before come again after a while.
func (s store) ordersToReturn(ctx context.Context, limit int) (due []orderToReturn, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT r.id AS refund_id, o.id AS order_id
		FROM event_refunds r JOIN orders o ON o.event_id = r.event_id AND o.status IN `+deliveredStatuses+`
		LEFT JOIN event_refund_orders f ON f.refund_id = r.id AND f.order_id = o.id
		WHERE r.status IN ('running','done') AND (f.next_try_at IS NULL OR f.next_try_at <= `+now+`)
		LIMIT ?`, s.now(), limit).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("read orders to return: %w", err)
	}
	return due, nil
}

// eventRefundAtWork reads one and keeps it as it is until the transaction ends; false if it is paused or not begun.
func (s store) eventRefundAtWork(ctx context.Context, tx *gorm.DB, id uuid.UUID) (r EventRefund, going bool, err error) {
	going, err = one(tx.WithContext(ctx), &r, `SELECT * FROM event_refunds WHERE id = ? AND status IN ('running','done') FOR SHARE`, id)
	if err != nil {
		return r, false, fmt.Errorf("read event refund: %w", err)
	}
	return r, going, nil
}

func (s store) returnedForEvent(ctx context.Context, tx *gorm.DB, refund, order uuid.UUID, amount int64) error {
	_, err := changed(tx.WithContext(ctx), `INSERT INTO event_refund_orders (refund_id, order_id, amount, done_at) VALUES (?, ?, ?, `+now+`)
		ON CONFLICT (refund_id, order_id) DO UPDATE SET amount = excluded.amount, done_at = excluded.done_at, problem = '', next_try_at = NULL`,
		refund, order, amount, s.now())
	if err != nil {
		return fmt.Errorf("note returned order: %w", err)
	}
	return nil
}

// notReturnedForEvent writes down why an order could not be returned, and when to try again: after 10 s, twice as long each
// time, at most ten minutes.
func (s store) notReturnedForEvent(ctx context.Context, refund, order uuid.UUID, cause error) error {
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	_, err := changed(s.db.WithContext(ctx), `INSERT INTO event_refund_orders AS f (refund_id, order_id, tries, problem, next_try_at) VALUES (?, ?, 1, ?, `+now+` + interval '10 s')
		ON CONFLICT (refund_id, order_id) DO UPDATE SET tries = f.tries + 1, problem = excluded.problem,
		  next_try_at = `+now+` + least(600, 10 * 2 ^ least(f.tries, 10)) * interval '1 s' WHERE f.done_at IS NULL`,
		refund, order, cause.Error(), s.now(), s.now())
	if err != nil {
		return fmt.Errorf("note order that was not returned: %w", err)
	}
	return nil
}

// endEventRefunds closes those that have nothing left to return.
func (s store) endEventRefunds(ctx context.Context) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE event_refunds r SET status = 'done', ended_at = `+now+` WHERE r.status = 'running'
		AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.event_id = r.event_id AND o.status IN `+deliveredStatuses+`)`, s.now())
	if err != nil {
		return fmt.Errorf("end event refunds: %w", err)
	}
	return nil
}
