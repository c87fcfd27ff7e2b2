package app

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/modules/checkout"
	"fairseat/modules/checkout/provider"
)

// Audit is what GET /api/v1/admin/audit and `fairseat audit` answer.
type Audit struct {
	OK         bool             `json:"ok"`
	Invariants []Invariant      `json:"invariants"`
	Money      map[string]Money `json:"money"` // by currency
}

// Invariant is one thing that must always be true, with every case in which it is not.
type Invariant struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Violations []string `json:"violations"`
}

// Money is where every captured minor unit went: captured = delivered + refunded + owed. In flight is authorised at
// the processor and not yet captured; it is nobody's debt.
type Money struct {
	Captured  int64 `json:"captured"`
	Delivered int64 `json:"delivered"`
	Refunded  int64 `json:"refunded"`
	Owed      int64 `json:"owed"`
	InFlight  int64 `json:"in_flight"`
}

// sqlInvariants each select one text per violation; see research on reliability, section 3. "Open for a minute" means
// a minute past the order's own deadline: until then the work is under way, not stuck.
var sqlInvariants = []struct{ id, name, query string }{
	{"I1", "a seat has one live claim",
		`SELECT format('event %s seat %s', event_id, seat_id) FROM seat_claims WHERE status <> 'released' GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I2", "a seat has one valid ticket",
		`SELECT format('event %s seat %s', event_id, seat_id) FROM tickets WHERE status = 'valid' GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I3", "a valid ticket stands on a sold claim of a paid order",
		`SELECT 'ticket ' || t.id FROM tickets t JOIN seat_claims c ON c.id = t.claim_id LEFT JOIN orders o ON o.id = c.order_id
		  WHERE t.status = 'valid' AND (c.status <> 'sold' OR o.status IS NULL OR o.status NOT IN ('paid', 'part_refunded'))`},
	{"I4", "a paid order has a ticket for each of its seats",
		`SELECT 'order ' || o.id FROM orders o LEFT JOIN seat_claims c ON c.order_id = o.id AND c.status = 'sold'
		   LEFT JOIN tickets t ON t.claim_id = c.id AND t.status = 'valid'
		  WHERE o.status IN ('paid', 'part_refunded') GROUP BY o.id HAVING count(c.id) = 0 OR count(c.id) <> count(t.id)`},
	{"I5", "a paid order was paid its price, no more and no less",
		`SELECT 'order ' || o.id FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.status = 'captured'
		  WHERE o.status IN ('paid', 'part_refunded') AND o.amount > 0
		  GROUP BY o.id HAVING coalesce(sum(p.received), 0) <> o.amount OR bool_or(p.currency <> o.currency)`},
	{"I6", "money taken is a ticket or a refund",
		`SELECT 'payment ' || p.id FROM payments p JOIN orders o ON o.id = p.order_id
		  WHERE p.status IN ('captured', 'refund_due') AND p.received > 0 AND o.status NOT IN ('paid', 'part_refunded')
		    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)`},
	{"I9", "nobody is refunded more than was paid",
		`SELECT 'payment ' || p.id FROM payments p JOIN refunds r ON r.payment_id = p.id AND r.status IN ('sent', 'done')
		  GROUP BY p.id HAVING sum(r.amount) > max(p.received)`},
	{"I10", "nobody has more seats than the event allows",
		`SELECT format('event %s, one buyer, %s seats', c.event_id, count(*)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		  WHERE c.status <> 'released' AND c.buyer_key IS NOT NULL GROUP BY c.event_id, c.buyer_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer
		 UNION ALL
		 SELECT format('event %s place %s, %s seats', c.event_id, c.place_key, count(*)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		  WHERE c.status <> 'released' AND c.place_key IS NOT NULL GROUP BY c.event_id, c.place_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer`},
	{"I11", "no claim is stuck",
		`SELECT format('claim %s of order %s is %s', c.id, o.id, c.status) FROM seat_claims c JOIN orders o ON o.id = c.order_id
		  WHERE c.status IN ('checkout', 'secured') AND o.expires_at < now() - interval '60 s'`},
	{"I12", "no payment or refund is stuck",
		`SELECT format('payment %s is %s', p.id, p.status) FROM payments p JOIN orders o ON o.id = p.order_id
		  WHERE p.status IN ('created', 'authorized', 'cancelling', 'refund_due') AND o.expires_at < now() - interval '60 s'
		 UNION ALL
		 SELECT format('refund %s is %s: %s', r.id, r.status, r.problem) FROM refunds r
		  WHERE r.status <> 'done' AND r.created_at < now() - interval '60 s'`},
	{"I15", "every paid order has its mail on the way",
		`SELECT 'order ' || o.id FROM orders o WHERE o.status IN ('paid', 'part_refunded')
		    AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.order_id = o.id AND m.kind = 'tickets')`},
	{"I27", "a code is used no more than it may, by orders that keep their seats",
		`SELECT format('code %s has %s uses', c.id, count(*)) FROM promotion_uses u JOIN promotion_codes c ON c.id = u.code_id
		  WHERE u.freed_at IS NULL GROUP BY c.id HAVING count(*) > c.max_uses
		 UNION ALL
		 SELECT format('code %s has %s uses of one buyer', c.id, count(*)) FROM promotion_uses u JOIN promotion_codes c ON c.id = u.code_id
		  WHERE u.freed_at IS NULL GROUP BY c.id, u.buyer_key HAVING count(*) > c.max_per_buyer
		 UNION ALL
		 SELECT 'use of claim ' || u.claim_id FROM promotion_uses u JOIN seat_claims k ON k.id = u.claim_id WHERE (u.freed_at IS NULL) = (k.status = 'released')`},
	{"I19", "no block outlives its moment",
		`SELECT format('block %s of event %s, until %s', b.id, b.event_id, b.until) FROM blocks b WHERE b.until < now() - interval '60 s'
		    AND EXISTS (SELECT 1 FROM seat_claims c WHERE c.block_id = b.id AND c.status = 'blocked')`},
	{"I20", "a seat that was exchanged is no longer the order's",
		`SELECT format('claim %s of order %s', o.id, o.order_id) FROM seat_claims n JOIN seat_claims o ON o.id = n.replaces
		  WHERE o.status <> 'released' OR o.order_id IS DISTINCT FROM n.order_id`},
	{"I17", "what the processor told us was acted on",
		`SELECT format('event %s of %s', event_id, provider) FROM psp_events WHERE processed_at IS NULL AND received_at < now() - interval '60 s'`},
}

// settleTime is how long a violation must last: the sources are read one after another while the sale goes on.
const settleTime = 1500 * time.Millisecond

// audit checks every invariant; a violation counts if a second look a moment later still finds it.
func (a *App) audit(ctx context.Context) (*Audit, error) {
	first, err := a.look(ctx)
	if err != nil || first.OK {
		return first, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(settleTime):
	}
	second, err := a.look(ctx)
	if err != nil {
		return nil, err
	}
	second.OK = true
	for i := range second.Invariants {
		second.Invariants[i].Violations = both(first.Invariants[i].Violations, second.Invariants[i].Violations)
		second.OK = second.OK && len(second.Invariants[i].Violations) == 0
	}
	return second, nil
}

func (a *App) look(ctx context.Context) (*Audit, error) {
	result := &Audit{OK: true, Money: map[string]Money{}}
	add := func(id, name string, violations []string) {
		if violations == nil {
			violations = []string{}
		}
		result.Invariants = append(result.Invariants, Invariant{ID: id, Name: name, Violations: violations})
		result.OK = result.OK && len(violations) == 0
	}
	// The processor's ledger is read before our own books: what it says now, we knew or will know.
	ledger, ledgerErr := a.checkout.Ledger(ctx)
	for _, inv := range sqlInvariants {
		var violations []string
		if err := query(ctx, a.stores.patient, inv.query, &violations); err != nil {
			return nil, fmt.Errorf("audit %s: %w", inv.id, err)
		}
		add(inv.id, inv.name, violations)
	}
	if ledgerErr != nil {
		add("I7", "the processor's ledger is our books", []string{"the processor does not answer: " + oneLine(ledgerErr)})
	} else {
		violations, err := a.compareLedger(ctx, ledger)
		if err != nil {
			return nil, err
		}
		add("I7", "the processor's ledger is our books", violations)
	}
	seats, err := a.seating.Audit(ctx)
	if err != nil {
		return nil, err
	}
	add("I14", "Redis shows the seats that Postgres knows as taken", seats)
	lines, err := a.queue.Audit(ctx)
	if err != nil {
		return nil, err
	}
	add("I16", "no line runs ahead of its record", lines)
	sums, err := a.checkout.Money(ctx)
	if err != nil {
		return nil, err
	}
	var unequal []string
	for currency, m := range sums {
		result.Money[currency] = Money(m)
		if m.Captured != m.Delivered+m.Refunded+m.Owed {
			unequal = append(unequal, fmt.Sprintf("%s: captured %d, delivered %d, refunded %d, owed %d", currency, m.Captured, m.Delivered, m.Refunded, m.Owed))
		}
	}
	add("I18", "captured is delivered, refunded or owed", unequal)
	return result, nil
}

// compareLedger finds money the processor holds that our books do not explain, and the reverse. A payment that is
// still being settled is in flight, not wrong.
func (a *App) compareLedger(ctx context.Context, ledger checkout.Ledger) ([]string, error) {
	var rows []struct {
		ID, Status, Provider string
		Received             int64
		Settled, Young       bool
		Refunded             int64
	}
	const books = `SELECT p.id::text AS id, p.status, p.provider, p.received, p.created_at > ? AS young,
		p.status NOT IN ('created', 'authorized', 'cancelling', 'refund_due')
		  AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.status <> 'done') AS settled,
		coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'done'), 0)::bigint AS refunded
		FROM payments p WHERE p.amount > 0`
	if err := query(ctx, a.stores.patient, books, &rows, ledger.Since.Add(time.Hour)); err != nil {
		return nil, fmt.Errorf("audit I7: %w", err)
	}
	theirs := map[string]provider.Charge{}
	for _, c := range ledger.Charges {
		theirs[c.Payment] = c
	}
	var violations []string
	unconfigured := map[string]int{}
	for _, row := range rows {
		c, known := theirs[row.ID]
		delete(theirs, row.ID)
		switch {
		case !a.checkout.Configured(row.Provider): // an old one is history, a young one may still be paid
			if row.Young || !row.Settled {
				unconfigured[row.Provider]++
			}
		case !row.Settled, !known && !row.Young: // under way, or from before what the ledger covers
		case row.Status == "captured" && !known:
			violations = append(violations, fmt.Sprintf("payment %s: we captured %d, the processor does not know it", row.ID, row.Received))
		case c.Captured != row.Received || c.Refunded != row.Refunded:
			violations = append(violations, fmt.Sprintf("payment %s (%s): processor captured %d refunded %d, books %d and %d",
				row.ID, row.Status, c.Captured, c.Refunded, row.Received, row.Refunded))
		}
	}
	for name, n := range unconfigured {
		violations = append(violations, fmt.Sprintf("%d payments of %s cannot be compared: that provider is not configured", n, name))
	}
	for id, c := range theirs {
		if c.Captured != c.Refunded {
			violations = append(violations, fmt.Sprintf("payment %s: processor holds %d that no order explains", id, c.Captured-c.Refunded))
		}
	}
	return violations, nil
}

func query(ctx context.Context, db *gorm.DB, sql string, into any, args ...any) error {
	return db.WithContext(ctx).Raw(sql, args...).Scan(into).Error
}

func both(a, b []string) []string {
	seen := map[string]bool{}
	for _, v := range a {
		seen[v] = true
	}
	kept := []string{}
	for _, v := range b {
		if seen[v] {
			kept = append(kept, v)
		}
	}
	return kept
}
