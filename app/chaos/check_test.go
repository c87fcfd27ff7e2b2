package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// always must hold at every instant, so it is asked during the storm too; each selects one text a violation. The product's
// own audit says the same in its own words, and is asked as well: these do not believe it.
var always = []struct{ id, query string }{
	{"I1 a seat is claimed twice", `SELECT format('seat %s', seat_id) FROM seat_claims WHERE status <> 'released' GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I2 a seat has two valid tickets", `SELECT format('seat %s', seat_id) FROM tickets WHERE status = 'valid' GROUP BY event_id, seat_id HAVING count(*) > 1`},
	{"I3 a ticket without a sold seat of a paid order", `SELECT format('ticket %s: claim %s, order %s', t.id, c.status, o.status) FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		JOIN orders o ON o.id = c.order_id WHERE t.status = 'valid' AND (c.status <> 'sold' OR o.status NOT IN ('paid','part_refunded'))`},
	{"I4 a paid order without a ticket for each seat", `SELECT format('order %s: %s sold, %s tickets', o.id, count(c.id), count(t.id)) FROM orders o
		LEFT JOIN seat_claims c ON c.order_id = o.id AND c.status = 'sold' LEFT JOIN tickets t ON t.claim_id = c.id AND t.status = 'valid'
		WHERE o.status IN ('paid','part_refunded') GROUP BY o.id HAVING count(c.id) = 0 OR count(c.id) <> count(t.id)`},
	{"I5 a paid order of another price", `SELECT format('order %s', o.id) FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.status = 'captured'
		WHERE o.status IN ('paid','part_refunded') AND o.amount > 0 GROUP BY o.id HAVING coalesce(sum(p.received), 0) <> o.amount OR bool_or(p.currency <> o.currency)`},
	{"I6 money without a ticket or a refund", `SELECT format('payment %s', p.id) FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.status IN ('captured','refund_due') AND p.received > 0 AND o.status NOT IN ('paid','part_refunded') AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)`},
	{"I9 more refunded than paid", `SELECT format('payment %s', p.id) FROM payments p JOIN refunds r ON r.payment_id = p.id AND r.status IN ('sent','done')
		GROUP BY p.id HAVING sum(r.amount) > max(p.received)`},
	{"I10 more seats than one may have", `SELECT format('%s seats of one buyer', count(*)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		WHERE c.status <> 'released' AND c.swap_of IS NULL AND c.buyer_key IS NOT NULL GROUP BY c.event_id, c.buyer_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer
		UNION ALL SELECT format('%s seats of one place', count(*)) FROM seat_claims c JOIN events e ON e.id = c.event_id
		WHERE c.status <> 'released' AND c.swap_of IS NULL AND c.place_key IS NOT NULL GROUP BY c.event_id, c.place_key, e.max_per_buyer HAVING count(*) > e.max_per_buyer`},
	{"I27 a code is used more than it may be", `SELECT format('code %s: %s uses', c.shown, count(*)) FROM promotion_uses u JOIN promotion_codes c ON c.id = u.code_id
		WHERE u.freed_at IS NULL GROUP BY c.id HAVING count(*) > c.max_uses`},
	{"I28 invoices with a gap, or with a number twice", `SELECT format('series %s: %s invoices up to %s', prefix, count(*), max(serial)) FROM invoices GROUP BY prefix HAVING count(*) <> max(serial) OR count(DISTINCT number) <> count(*)`},
	{"I21 a mail about tickets that are none", `SELECT format('mail %s', m.id) FROM mails m LEFT JOIN orders o ON o.id = m.order_id WHERE m.kind = 'tickets' AND (o.id IS NULL OR o.paid_at IS NULL)`},
}

// open is what must come to an end by itself once nothing is broken any more.
const open = `
SELECT format('I12 payment %s is %s (order %s)', p.id, p.status, o.status) FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.status IN ('created','authorized','cancelling','refund_due')
UNION ALL SELECT format('I12 refund %s is %s: %s', id, status, problem) FROM refunds WHERE status <> 'done'
UNION ALL SELECT format('I11 order %s is %s', id, status) FROM orders WHERE status = 'pending'
UNION ALL SELECT format('I11 claim %s is %s', id, status) FROM seat_claims WHERE status IN ('checkout','secured')
UNION ALL SELECT format('I12 dispute of payment %s is open', id) FROM payments WHERE dispute = 'open'
UNION ALL SELECT format('I26 the refund of the event is %s', status) FROM event_refunds WHERE status <> 'done'
UNION ALL SELECT format('I26 order %s is %s after the event was refunded', o.id, o.status) FROM event_refunds r JOIN orders o ON o.event_id = r.event_id WHERE o.status IN ('paid','part_refunded')
UNION ALL SELECT format('I17 event %s is not acted on', event_id) FROM psp_events WHERE processed_at IS NULL
UNION ALL SELECT format('I15 mail %s waits: %s', id, last_error) FROM mails WHERE status = 'queued'`

// sample asks what must always hold, until ctx ends.
func (st *stage) sample(ctx context.Context) {
	for wait(ctx, 250*time.Millisecond) {
		st.checkAlways(ctx, "during the storm: ")
	}
}

func (st *stage) checkAlways(ctx context.Context, when string) {
	for _, inv := range always {
		var found []string
		if err := st.db.WithContext(ctx).Raw(inv.query).Scan(&found).Error; err != nil {
			continue // Postgres is being killed, or ctx has ended
		}
		for _, f := range found {
			st.problem("%s%s: %s", when, inv.id, f)
		}
	}
}

// calm waits until nothing is open any more: at the processor, with us, in Redis.
func (st *stage) calm(ctx context.Context) {
	limit := time.Duration(30 * st.plan.slow * float64(time.Second))
	if st.plan.hasty {
		limit /= 2
	}
	deadline := time.Now().Add(limit)
	for {
		var left []string
		err := st.db.WithContext(ctx).Raw(open).Scan(&left).Error
		if err == nil {
			charges, e := st.bank.ledger()
			err = e
			for _, c := range charges {
				if c.Status == "authorized" {
					left = append(left, fmt.Sprintf("I7 the processor holds an authorisation for payment %s", c.Payment))
				}
			}
		}
		if err == nil && len(left) == 0 {
			if held := st.held(ctx); held == 0 {
				return
			} else if held > 0 {
				left = append(left, fmt.Sprintf("I14 %d seats are held by nobody", held))
			}
		}
		if time.Now().After(deadline) {
			if err != nil {
				left = append(left, err.Error())
			}
			for _, l := range left {
				st.problem("%v after everything was mended: %s", limit, l)
			}
			return
		}
		if !wait(ctx, 100*time.Millisecond) {
			return
		}
	}
}

// held is how many seats the map shows as held; -1 when it does not answer.
func (st *stage) held(ctx context.Context) int {
	m, ok := st.board(ctx, st.staff)
	if !ok {
		return -1
	}
	n := 0
	for _, s := range m {
		if s == 1 {
			n++
		}
	}
	return n
}

func (st *stage) board(ctx context.Context, c *client) (map[int]int, bool) {
	a := c.do(ctx, "GET", "/api/v1/events/"+slug+"/seats", nil)
	var shown struct{ Status string }
	if !a.ok() || json.Unmarshal(a.body, &shown) != nil {
		return nil, false
	}
	return states(shown.Status, st.plan.rows*st.plan.perRow), true
}

// check is the whole reckoning, when all is quiet.
func (st *stage) check(ctx context.Context, crowd []*buyer) {
	st.checkAlways(ctx, "")
	st.checkLedger(ctx)
	st.checkFans(ctx, crowd)
	st.checkMails(ctx)
	st.checkInvoices(ctx)
	st.checkMaps(ctx)
	st.checkAudit(ctx)
	for _, r := range st.replicas {
		for _, p := range r.panics() {
			st.problem("a process panicked: %s", p)
		}
	}
	_, illegal, _ := st.ledger.check()
	for _, i := range illegal {
		st.problem("I16 %s", i)
	}
}

// checkLedger compares the processor's books with ours, to the cent and both ways.
func (st *stage) checkLedger(ctx context.Context) {
	var rows []struct {
		ID, OrderID, Status, Order string
		Received, Worth, Back      int64
	}
	err := st.db.WithContext(ctx).Raw(`SELECT p.id, p.order_id, p.status, o.status AS "order", p.received,
		coalesce((SELECT sum(c.price) FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE c.order_id = o.id AND t.status = 'valid'), 0)::bigint AS worth,
		coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'done'), 0)::bigint AS back
		FROM payments p JOIN orders o ON o.id = p.order_id`).Scan(&rows).Error
	charges, err2 := st.bank.ledger()
	var wired []charge // which staff have written down
	if err2 == nil {
		err2 = st.db.WithContext(ctx).Raw(`SELECT payment_id AS payment, received AS captured,
			coalesce((SELECT sum(r.amount) FROM transfer_refunds r WHERE r.payment_id = t.payment_id), 0)::bigint AS refunded FROM transfers t`).Scan(&wired).Error
		charges = append(charges, wired...)
	}
	if err != nil || err2 != nil {
		st.problem("the books cannot be read: %v %v", err, err2)
		return
	}
	ours := map[string]int{}
	for i, r := range rows {
		ours[r.ID] = i
	}
	seen, held := map[string]charge{}, map[string]int64{} // held: for an order, by all of its payments
	for _, c := range charges {
		if _, twice := seen[c.Payment]; twice {
			st.problem("K5 the processor was asked twice for payment %s", c.Payment)
		}
		seen[c.Payment] = c
		i, known := ours[c.Payment]
		if !known {
			if c.Captured != c.back() {
				st.problem("I7 the processor holds %d for payment %s, which we do not know", c.Captured-c.back(), c.Payment)
			}
			continue
		}
		r := rows[i]
		held[r.OrderID] += c.Captured - c.back()
		if c.Captured != r.Received || c.back() != r.Back {
			st.problem("I7 payment %s (%s, order %s): the processor took %d and gave back %d, we wrote %d and %d", r.ID, r.Status, r.Order, c.Captured, c.back(), r.Received, r.Back)
		}
	}
	for _, r := range rows {
		if held[r.OrderID] != r.Worth {
			st.problem("I7 order %s (%s): the processor holds %d, its tickets are worth %d", r.OrderID, r.Order, held[r.OrderID], r.Worth)
		}
		if c := seen[r.ID]; r.Status == "captured" && c.Captured == 0 {
			st.problem("I8 we have money for payment %s that the processor never took", r.ID)
		}
	}
}

// checkFans holds what fans were told against what is.
func (st *stage) checkFans(ctx context.Context, crowd []*buyer) {
	var rows []struct {
		ID, Status string
		Seat       int
	}
	if err := st.db.WithContext(ctx).Raw(`SELECT o.id, o.status, c.seat_id AS seat FROM orders o JOIN seat_claims c ON c.order_id = o.id AND c.status = 'sold'
		JOIN tickets t ON t.claim_id = c.id AND t.status = 'valid'`).Scan(&rows).Error; err != nil {
		st.problem("orders cannot be read: %v", err)
		return
	}
	has := map[string]map[int]bool{}
	for _, r := range rows {
		if has[r.ID] == nil {
			has[r.ID] = map[int]bool{}
		}
		has[r.ID][r.Seat] = true
	}
	for _, b := range crowd {
		for id, o := range b.seen {
			if st.returned(id) || st.plan.calledOff {
				continue
			}
			if len(b.wished[id]) > 0 { // somewhere else, perhaps
				if len(has[id]) != len(o.seats()) {
					st.problem("I13 %s saw order %s paid with %d seats, and has %d after changing them", b.name, id, len(o.seats()), len(has[id]))
				}
				continue
			}
			for _, n := range o.seats() {
				if !has[id][n] {
					st.problem("I13 %s saw order %s paid; seat %d is not its any more", b.name, id, n)
				}
			}
		}
		for id := range b.paidAt {
			if st.plan.calm && !st.plan.calledOff && !b.cancels[id] && !st.returned(id) && len(has[id]) == 0 {
				st.problem("I20 %s paid order %s in time and has no ticket", b.name, id)
			}
		}
	}
}

// checkMails wants a mail in the post for whatever was bought.
func (st *stage) checkMails(ctx context.Context) {
	var rows []struct {
		ID, Order, Status string
		Tickets           int
	}
	if err := st.db.WithContext(ctx).Raw(`SELECT coalesce(m.id::text, '') AS id, o.id AS "order", coalesce(m.status, '') AS status FROM orders o
		LEFT JOIN mails m ON m.order_id = o.id AND m.kind = 'tickets' WHERE o.status IN ('paid','part_refunded')`).Scan(&rows).Error; err != nil {
		st.problem("mails cannot be read: %v", err)
		return
	}
	for _, r := range rows {
		switch {
		case r.ID == "":
			st.problem("I15 order %s is paid and has no mail", r.Order)
		case r.Status == "sent" && !st.post.has(r.ID):
			st.problem("I15 mail %s of order %s is said to be sent; nobody has it", r.ID, r.Order)
		}
	}
}

// checkInvoices wants papers that come to what each order's tickets are worth, where there is a seller.
func (st *stage) checkInvoices(ctx context.Context) {
	if !st.plan.seller {
		return
	}
	var odd []string
	if err := st.db.WithContext(ctx).Raw(`SELECT format('order %s (%s): its papers come to %s, its tickets to %s', o.id, o.status, coalesce(i.sum, 0), coalesce(t.sum, 0)) FROM orders o
		LEFT JOIN (SELECT order_id, sum(CASE kind WHEN 'credit' THEN -total ELSE total END) AS sum FROM invoices GROUP BY order_id) i ON i.order_id = o.id
		LEFT JOIN (SELECT c.order_id, sum(c.price) AS sum FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE t.status = 'valid' GROUP BY c.order_id) t ON t.order_id = o.id
		WHERE coalesce(i.sum, 0) <> coalesce(t.sum, 0)`).Scan(&odd).Error; err != nil {
		st.problem("invoices cannot be read: %v", err)
	}
	for _, o := range odd {
		st.problem("I28 %s", o)
	}
}

// checkMaps wants every map to show what Postgres knows: what a replica answers, and what each watcher has made of it.
func (st *stage) checkMaps(ctx context.Context) {
	var sold []int
	if err := st.db.WithContext(ctx).Raw(`SELECT seat_id FROM seat_claims WHERE status IN ('sold')`).Scan(&sold).Error; err != nil {
		st.problem("claims cannot be read: %v", err)
		return
	}
	want := map[int]int{}
	for _, n := range sold {
		want[n] = 2
	}
	differ := func(m map[int]int) string {
		var odd []string
		for n := range st.plan.rows * st.plan.perRow {
			if m[n] != want[n] {
				odd = append(odd, fmt.Sprintf("seat %d is %d, not %d", n, m[n], want[n]))
			}
		}
		return strings.Join(odd, ", ")
	}
	for _, r := range st.replicas {
		st.eventually(ctx, "I14 the map of "+r.base, func() string {
			m, ok := st.board(ctx, newClient("reader", r.base))
			if !ok {
				return "does not answer"
			}
			return differ(m)
		})
	}
	for _, w := range st.watch.all {
		st.eventually(ctx, "I16 the map of watcher "+w.name, func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.version == 0 || st.plan.calledOff {
				return "" // a house that is sold out lets nobody in
			}
			return differ(w.states)
		})
	}
}

// eventually waits some seconds for there to be nothing wrong.
func (st *stage) eventually(ctx context.Context, what string, wrong func() string) {
	deadline := time.Now().Add(time.Duration(8 * st.plan.slow * float64(time.Second)))
	for {
		w := wrong()
		if w == "" {
			return
		}
		if time.Now().After(deadline) || !wait(ctx, 100*time.Millisecond) {
			st.problem("%s: %s", what, w)
			return
		}
	}
}

// checkAudit asks the product itself.
func (st *stage) checkAudit(ctx context.Context) {
	st.eventually(ctx, "the product's own audit", func() string {
		a := st.staff.do(ctx, "GET", "/api/v1/admin/audit", nil)
		var audit struct {
			OK         bool
			Invariants []struct {
				ID         string
				Violations []string
			}
			Money map[string]struct {
				Captured, Delivered, Refunded, Owed int64
				InFlight                            int64 `json:"in_flight"`
			}
		}
		if !a.ok() || json.Unmarshal(a.body, &audit) != nil {
			return a.String()
		}
		var wrong []string
		for _, inv := range audit.Invariants {
			for _, v := range inv.Violations {
				wrong = append(wrong, inv.ID+" "+v)
			}
		}
		for currency, m := range audit.Money {
			if m.Captured != m.Delivered+m.Refunded || m.Owed != 0 || m.InFlight != 0 {
				wrong = append(wrong, fmt.Sprintf("%s does not add up: %+v", currency, m))
			}
		}
		if len(wrong) == 0 && !audit.OK {
			return "says that it is not ok"
		}
		return strings.Join(wrong, "; ")
	})
}
