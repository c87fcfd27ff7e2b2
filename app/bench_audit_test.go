package app

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/testkit"
	"fairseat/modules/checkout"
)

// The audit of a big house's year: 100,000 paid orders of two seats each, their payments, tickets, mails and histories. It
// runs every few minutes beside a sale, so it may take Postgres a few seconds and no more.
func TestBenchAudit(t *testing.T) {
	b := testkit.NewBench(t)
	a := testApp(t, nil)
	listen(t, a)
	const orders = 100_000
	a.stores.db = a.stores.patient // planting takes longer than a request may
	plant(t, a, `INSERT INTO plans (name, digest, seats, body, report) VALUES ('House', 'd', 200000, '\x00', '{}')`,
		`INSERT INTO events (slug, name, currency, plan_id, plan_version, prices, seats_total, max_per_buyer, prequeue_at, opens_at)
			SELECT 'e' || n, 'Gala', 'EUR', id, 'v1', '{}', 20000, 2, now() + interval '1 y', now() + interval '1 y' FROM plans, generate_series(1, 10) AS n`,
		`INSERT INTO seats (event_id, seat_id, category, price, currency) SELECT e.id, n, 'c1', 4200, 'EUR' FROM events e, generate_series(0, 19999) AS n`,
		fmt.Sprintf(`INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, status, amount, currency, expires_at, paid_at)
			SELECT md5('o' || n)::uuid, e.id, 'C' || n, 'p' || n, 'Ada', n || '@example.org', decode(md5('b' || n), 'hex'), 'paid', 8400, 'EUR', now() - interval '1 day', now()
			FROM generate_series(0, %d) AS n JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS i FROM events) AS e ON e.i = n / 10000`, orders-1),
		`INSERT INTO order_history (order_id, what) SELECT id, w FROM orders, unnest(ARRAY['placed','payment-opened','authorized','paid']) AS w`,
		`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			SELECT event_id, (substr(code, 2)::int % 10000) * 2 + s - 1, id, buyer_key, s, place_key, s, 2, 4200, 'sold' FROM orders, generate_series(1, 2) AS s`,
		`INSERT INTO payments (id, order_id, provider, provider_ref, amount, currency, received, status, created_at)
			SELECT md5('p' || code)::uuid, id, 'sandbox', 'pay_' || code, 8400, 'EUR', 8400, 'captured', now() - interval '1 day' FROM orders`,
		`INSERT INTO sandbox.payments (id, payment, order_id, amount, currency, description, return_url, webhook_url, status, authorized, captured, created_at, changed_at)
			SELECT provider_ref, id, order_id, 8400, 'EUR', '', '', '', 'captured', 8400, 8400, now(), now() FROM payments`,
		`INSERT INTO tickets (id, claim_id, event_id, seat_id, secret) SELECT md5('t' || id)::uuid, id, event_id, seat_id, 's' || id FROM seat_claims`,
		`INSERT INTO mails (id, order_id, kind, recipient, subject, status) SELECT md5('m' || code)::uuid, id, 'tickets', email, '', 'sent' FROM orders`,
		`ANALYZE`)
	result := &Audit{OK: true, Money: map[string]Money{}}
	for _, r := range sqlRules { // which of them costs most is worth knowing
		one := sqlRules
		sqlRules = []rule{r}
		began := time.Now()
		if err := a.stores.patient.Transaction(func(tx *gorm.DB) error { return lookAtRules(tx, &Audit{}) }); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s %v", r.id, time.Since(began))
		sqlRules = one
	}
	began := time.Now()
	if err := a.stores.patient.Transaction(func(tx *gorm.DB) error { return a.lookAtRows(t.Context(), tx, result) }); err != nil || !result.OK {
		t.Fatalf("%v %+v", err, result)
	}
	rows := time.Since(began)
	b.Row("audit of 100,000 orders, 200,000 seats: all of Postgres", "< 10 s", rows < 10*time.Second, "%.1f s", rows.Seconds())
	part := func(what, goal string, most time.Duration, do func() error) {
		t.Helper()
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		b.Row(what, goal, took < most, "%.1f s", took.Seconds())
	}
	var ledger checkout.Ledger
	part("… reading the processor's whole ledger", "< 5 s", 5*time.Second, func() error {
		ledger = a.checkout.Ledger(t.Context(), checkout.LedgerSpan)
		return errors.Join(slices.Collect(maps.Values(ledger.Silent))...)
	})
	part("… holding it against our books", "< 5 s", 5*time.Second, func() error {
		return a.stores.patient.Transaction(func(tx *gorm.DB) error { return a.lookAtLedger(tx, result, ledger) })
	})
	look := func() error { _, err := a.seating.Audit(t.Context()); return err }
	if err := look(); err != nil { // it builds them: they were only written down
		t.Fatal(err)
	}
	part("… ten maps of 20,000 sold seats", "< 5 s", 5*time.Second, look)
	if len(result.broken()) > 0 {
		t.Errorf("broken: %v", result.broken())
	}
}
