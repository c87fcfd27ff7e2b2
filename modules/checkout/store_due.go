package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// What is due is read from the tables, never from the state of jobs; taking something moves its next look ahead, so
// that replicas share the work.

// beginExpiring marks the open payments of orders whose clock has run out as cancelling, and makes them due.
func (s store) beginExpiring(ctx context.Context, limit int) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		_, err := changed(tx, `WITH due AS MATERIALIZED (
			  SELECT o.id FROM orders o WHERE o.status = 'pending' AND o.expires_at <= `+now+`
			    AND EXISTS (SELECT 1 FROM payments x WHERE x.order_id = o.id AND x.status = 'created')
			  ORDER BY o.expires_at LIMIT ? FOR UPDATE SKIP LOCKED)
			UPDATE payments p SET status = 'cancelling', checks = 0, next_check_at = `+now+` FROM due
			WHERE p.order_id = due.id AND p.status = 'created'`, s.now(), limit, s.now())
		return err
	})
}

// overdueWithoutPayment are orders whose clock has run out and whose every payment is dead.
func (s store) overdueWithoutPayment(ctx context.Context, limit int) (orders []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT o.id FROM orders o WHERE o.status = 'pending' AND o.expires_at <= `+now+`
		AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status IN `+liveStatuses+`)
		ORDER BY o.expires_at LIMIT ?`, s.now(), limit).Scan(&orders).Error
	return orders, err
}

// takeDuePayments leases payments that are due a look. One that only waits for its fan is asked about after 10 s, 30 s,
// 2 min, then every 5 min; one with work left at least every 10 s. A refund that people send is closed by whoever says that
// it is sent, so it is looked at once, and then seldom: there may be a house full of them for weeks.
func (s store) takeDuePayments(ctx context.Context, byHand []string, limit int) (due []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`
		WITH open AS (
		  SELECT id FROM payments WHERE status IN ('created','authorized','cancelling','refund_due') AND next_check_at <= `+now+`
		  UNION SELECT id FROM payments WHERE dispute = 'open' AND next_check_at <= `+now+`
		  UNION SELECT payment_id FROM refunds WHERE status <> 'done' AND next_try_at <= `+now+`),
		due AS MATERIALIZED (
		  SELECT p.id FROM payments p JOIN open ON open.id = p.id WHERE p.next_check_at <= `+now+`
		  ORDER BY p.next_check_at LIMIT ? FOR UPDATE OF p SKIP LOCKED)
		UPDATE payments p SET checks = p.checks + 1, next_check_at = `+now+` + interval '1 s' * CASE
		    WHEN p.status IN ('captured','refund_due','refunded') AND p.dispute = 'open' THEN 300
		    WHEN p.status IN ('captured','refund_due') AND p.provider IN ? THEN 600
		    WHEN p.status <> 'created' OR p.provider_ref IS NULL OR coalesce(w.status <> 'open', o.status <> 'pending') OR coalesce(w.expires_at, o.expires_at) <= `+now+`
		      THEN least(10, 3 * (p.checks + 1))
		    WHEN p.checks = 0 THEN 30 WHEN p.checks = 1 THEN 120 ELSE 300 END
		FROM due JOIN payments x ON x.id = due.id JOIN orders o ON o.id = x.order_id LEFT JOIN swaps w ON w.id = x.swap_id
		WHERE p.id = due.id RETURNING p.id`,
		s.now(), s.now(), s.now(), s.now(), limit, s.now(), append(byHand, ""), s.now()).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("take due payments: %w", err)
	}
	return due, nil
}

// everythingDue lets each open payment be looked at now: after a start nobody knows what was missed.
func (s store) everythingDue(ctx context.Context) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE payments SET next_check_at = `+now+`, checks = 0 WHERE status IN ('created','authorized','cancelling','refund_due')
		AND next_check_at > `+now, s.now(), s.now())
	return err
}

// closeRefunded ends a payment whose refunds are all done.
func (s store) closeRefunded(ctx context.Context, tx *gorm.DB, payment uuid.UUID) error {
	_, err := changed(tx.WithContext(ctx), `UPDATE payments p SET status = 'refunded' WHERE p.id = ? AND p.status = 'refund_due'
		AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.status <> 'done')`, payment)
	if err != nil {
		return fmt.Errorf("close refunded payment: %w", err)
	}
	return nil
}

// movedClock is an order whose deadline was moved on.
type movedClock struct {
	ID        uuid.UUID
	EventID   int64
	PlaceKey  string
	ExpiresAt time.Time
}

const (
	// ourBeat has the last second in which any replica was alive.
	ourBeat = "checkout"
	// downBeat and a provider's name have the last second in which it was found away; downSince when that began.
	downBeat  = "payments-down:"
	downSince = "payments-down-since:"
)

// beat notes that we are alive. If nobody was for longer than gap, the clocks of open orders that ran during it are
// moved on by its length: an outage of ours costs no fan a second.
func (s store) beat(ctx context.Context, gap time.Duration) (moved []movedClock, err error) {
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		last, seconds, err := s.heartbeat(tx, ourBeat)
		if err != nil || seconds <= gap.Seconds() {
			return err
		}
		moved, err = s.moveClocks(tx, last, seconds, "")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	return moved, nil
}

// stand moves the clocks of open orders that pay, or last tried to, by a provider on by the time since any replica last
// found it away, for at most limit in one outage: whoever cannot pay does not lose time. What is further back than fresh
// was another outage.
func (s store) stand(ctx context.Context, by string, fresh, limit time.Duration) (moved []movedClock, err error) {
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		last, seconds, err := s.heartbeat(tx, downBeat+by)
		if err != nil {
			return err
		}
		if seconds < 0 || seconds > fresh.Seconds() {
			return tx.Exec(`INSERT INTO heartbeats (name, at) VALUES (?, `+now+`) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, downSince+by, s.now()).Error
		}
		var over bool
		if _, err := one(tx, &over, `SELECT at <= `+now+` - ?::float8 * interval '1 s' FROM heartbeats WHERE name = ?`, s.now(), limit.Seconds(), downSince+by); err != nil || over {
			return err
		}
		moved, err = s.moveClocks(tx, last, seconds, by)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stop clocks: %w", err)
	}
	return moved, nil
}

// heartbeat writes one and answers the last, and how many seconds ago that was; -1 the first time. The row's lock
// makes sure that of several replicas one moves the clocks.
func (s store) heartbeat(tx *gorm.DB, name string) (last time.Time, seconds float64, err error) {
	var row struct {
		At      time.Time
		Seconds float64
	}
	found, err := one(tx, &row, `SELECT at, extract(epoch FROM `+now+` - at)::float8 AS seconds FROM heartbeats WHERE name = ? FOR UPDATE`, s.now(), name)
	if err != nil {
		return last, 0, err
	}
	if !found {
		row.Seconds = -1
	}
	err = tx.Exec(`INSERT INTO heartbeats (name, at) VALUES (?, `+now+`) ON CONFLICT (name) DO UPDATE SET at = greatest(heartbeats.at, excluded.at)`, name, s.now()).Error
	return row.At, row.Seconds, err
}

// moveClocks adds to every deadline that had not passed at since; with by, to those of orders whose newest payment is
// with that provider.
func (s store) moveClocks(tx *gorm.DB, since time.Time, seconds float64, by string) (moved []movedClock, err error) {
	err = tx.Raw(`UPDATE orders o SET expires_at = expires_at + ?::float8 * interval '1 s' WHERE status = 'pending' AND expires_at > ?
		AND (? = '' OR ? = (SELECT provider FROM payments p WHERE p.order_id = o.id AND p.swap_id IS NULL ORDER BY created_at DESC, id DESC LIMIT 1))
		RETURNING id, event_id, place_key, expires_at`, seconds, since, by, by).Scan(&moved).Error
	if err != nil {
		return nil, err
	}
	// Of a swap nobody need be told: its seat is on nobody's clock but this one.
	return moved, tx.Exec(`UPDATE swaps w SET expires_at = expires_at + ?::float8 * interval '1 s' WHERE status = 'open' AND expires_at > ?
		AND (? = '' OR ? = (SELECT provider FROM payments p WHERE p.swap_id = w.id ORDER BY created_at DESC, id DESC LIMIT 1))`, seconds, since, by, by).Error
}
