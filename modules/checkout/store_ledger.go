package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// beginMatch notes that the ledgers are being matched.
func (s store) beginMatch(ctx context.Context, since time.Time) (m LedgerMatch, err error) {
	_, err = one(s.db.WithContext(ctx), &m, `INSERT INTO ledger_matches (began_at, since) VALUES (`+now+`, ?) RETURNING *`, s.now(), since)
	if err != nil {
		return m, fmt.Errorf("begin to match ledgers: %w", err)
	}
	return m, nil
}

// endMatch notes what came of it; matches are kept for a month.
func (s store) endMatch(ctx context.Context, m *LedgerMatch) error {
	db := s.db.WithContext(ctx)
	if _, err := one(db, &m.EndedAt, `UPDATE ledger_matches SET ended_at = `+now+`, charges = ?, settled = ?, orphans = ?, problem = ? WHERE id = ? RETURNING ended_at`,
		s.now(), m.Charges, m.Settled, m.Orphans, m.Problem, m.ID); err != nil {
		return fmt.Errorf("end to match ledgers: %w", err)
	}
	_, err := changed(db, `DELETE FROM ledger_matches WHERE began_at < `+now+` - interval '31 days'`, s.now())
	return err
}

// lastMatches are the newest first.
func (s store) lastMatches(ctx context.Context, limit int) (matches []LedgerMatch, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT * FROM ledger_matches ORDER BY began_at DESC, id DESC LIMIT ?`, limit).Scan(&matches).Error
	if err != nil {
		return nil, fmt.Errorf("list matches: %w", err)
	}
	return matches, nil
}

// booked is what our books say of these payments; those we do not have are missing.
func (s store) booked(ctx context.Context, payments []uuid.UUID) (map[uuid.UUID]bookedLine, error) {
	booked := map[uuid.UUID]bookedLine{}
	if len(payments) == 0 {
		return booked, nil
	}
	var rows []bookedLine
	if err := s.db.WithContext(ctx).Raw(`SELECT p.id, p.status, p.received, p.dispute, coalesce((SELECT sum(r.amount) FROM refunds r
		WHERE r.payment_id = p.id AND r.status = 'done' AND r.reason <> ? AND r.problem <> ?), 0)::bigint AS refunded FROM payments p WHERE p.id IN ?`,
		reasonDispute, takenByBank, payments).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read payments of a ledger: %w", err)
	}
	for _, r := range rows {
		booked[r.ID] = r
	}
	return booked, nil
}

// takeTurn is true for one replica in each span of time.
func (s store) takeTurn(ctx context.Context, name string, every time.Duration) (bool, error) {
	n, err := changed(s.db.WithContext(ctx), `INSERT INTO heartbeats AS h (name, at) VALUES (?, `+now+`)
		ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE h.at <= `+now+` - ?::float8 * interval '1 s' OR h.at > `+now,
		name, s.now(), s.now(), every.Seconds(), s.now())
	return n == 1, err
}

// giveTurn lets the next turn come earlier by a span of time.
func (s store) giveTurn(ctx context.Context, name string, earlier time.Duration) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE heartbeats SET at = at - ?::float8 * interval '1 s' WHERE name = ?`, earlier.Seconds(), name)
	return err
}

// hastenTurn lets the next turn come as soon as least has passed since the last; said again, it changes nothing.
func (s store) hastenTurn(ctx context.Context, name string, every, least time.Duration) error {
	early := (every - least).Seconds()
	_, err := changed(s.db.WithContext(ctx), `UPDATE heartbeats SET at = at - ?::float8 * interval '1 s' WHERE name = ? AND at > `+now+` - ?::float8 * interval '1 s'`,
		early, name, s.now(), early)
	return err
}

// insertOrphan writes down a payment that we do not know, to go back if it is certain that it is ours; false if it stands
// there already.
func (s store) insertOrphan(ctx context.Context, l LedgerLine, id uuid.UUID, certain bool) (bool, error) {
	status, authorized := orphanForeign, int64(0)
	if certain {
		status = orphanFound
	}
	if l.Captured == 0 {
		authorized = l.Amount
	}
	n, err := changed(s.db.WithContext(ctx), `INSERT INTO orphan_payments (provider, payment, order_id, currency, authorized, captured, refunded, status, found_at, next_try_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, `+now+`, `+now+`) ON CONFLICT DO NOTHING`,
		l.Provider, id, l.Order, l.Currency, authorized, l.Captured, l.Refunded, status, s.now(), s.now())
	if err != nil {
		return false, fmt.Errorf("write orphan down: %w", err)
	}
	return n == 1, nil
}

// takeDueOrphans leases orphans that are to be sent back.
func (s store) takeDueOrphans(ctx context.Context, limit int) (due []Orphan, err error) {
	err = s.db.WithContext(ctx).Raw(`WITH due AS MATERIALIZED (
		  SELECT provider, payment FROM orphan_payments WHERE status = 'found' AND next_try_at <= `+now+` ORDER BY next_try_at LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE orphan_payments o SET next_try_at = `+now+` + interval '30 s' FROM due WHERE o.provider = due.provider AND o.payment = due.payment RETURNING o.*`,
		s.now(), limit, s.now()).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("take due orphans: %w", err)
	}
	return due, nil
}

// orphanReturned ends an orphan; what the processor holds of it now stands there.
func (s store) orphanReturned(ctx context.Context, o Orphan, captured, refunded int64) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE orphan_payments SET status = 'returned', authorized = 0, captured = ?, refunded = ?, problem = '', returned_at = `+now+`
		WHERE provider = ? AND payment = ? AND status <> 'returned'`, captured, refunded, s.now(), o.Provider, o.Payment)
	return err
}

// orphanRefused notes why not, and tries again ever more seldom.
func (s store) orphanRefused(ctx context.Context, o Orphan, problem string) error {
	_, err := changed(s.db.WithContext(ctx), `UPDATE orphan_payments SET problem = ?, tries = tries + 1,
		next_try_at = `+nextTry+` WHERE provider = ? AND payment = ? AND status <> 'returned'`,
		problem, s.now(), o.Provider, o.Payment)
	return err
}

// adoptOrphan lets an orphan go back at once, also a foreign one; false if there is none that is not back.
func (s store) adoptOrphan(ctx context.Context, provider string, payment uuid.UUID) (bool, error) {
	n, err := changed(s.db.WithContext(ctx), `UPDATE orphan_payments SET status = 'found', next_try_at = `+now+` WHERE provider = ? AND payment = ? AND status <> 'returned'`,
		s.now(), provider, payment)
	return n == 1, err
}

// orphans are those that are not returned, and those that were lately; the oldest first.
func (s store) orphans(ctx context.Context, limit int) (orphans []Orphan, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT * FROM orphan_payments WHERE status <> 'returned' OR returned_at > `+now+` - interval '31 days'
		ORDER BY (status = 'returned'), found_at, payment LIMIT ?`, s.now(), limit).Scan(&orphans).Error
	if err != nil {
		return nil, fmt.Errorf("list orphans: %w", err)
	}
	return orphans, nil
}
