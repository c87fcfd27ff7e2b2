package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/modules/checkout"
	"fairseat/modules/staff"
)

// books is an App with one paid order in its books, which nothing but the test touches; and a clean audit.
func auditedApp(t *testing.T) *App {
	t.Helper()
	a := testApp(t, nil)
	if err := a.staff.EnsureOwner(t.Context(), staff.FirstOwner{Email: "owner@example.org", Password: "correct horse battery"}); err != nil {
		t.Fatal(err)
	}
	plant(t, a, `INSERT INTO plans (name, digest, seats, body, report) VALUES ('House', 'd', 9, '\x00', '{}')`,
		`INSERT INTO events (slug, name, currency, plan_id, plan_version, prices, seats_total, max_per_buyer, prequeue_at, opens_at) SELECT 'gala', 'Gala', 'EUR', id, 'v1', '{}', 9, 2, now(), now() FROM plans`,
		`INSERT INTO seats (event_id, seat_id, category, price, currency) SELECT id, n, 'c1', 4200, 'EUR' FROM events, generate_series(0, 8) AS n`)
	paidOrder(t, a, firstOrder, 0)
	return a
}

const firstOrder = "01980000-0000-7000-8000-000000000001"

// paidOrder is an order with one seat, its payment, its ticket and its mail, as a sale leaves them.
func paidOrder(t *testing.T, a *App, id string, seat int) {
	t.Helper()
	part := func(kind int) string { return id[:14] + fmt.Sprintf("7%03x", kind) + id[18:] }
	plant(t, a,
		fmt.Sprintf(`INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, status, amount, currency, expires_at, paid_at)
			SELECT '%s', id, 'CODE%d', 'p%d', 'Ada', 'ada@example.org', '\x0%d', 'paid', 4200, 'EUR', now() - interval '1 h', now() FROM events`, id, seat, seat, seat),
		fmt.Sprintf(`INSERT INTO order_history (order_id, what) VALUES ('%s', 'paid')`, id),
		fmt.Sprintf(`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			SELECT id, %d, '%s', '\x0%d', 1, 'p%d', 1, 2, 4200, 'sold' FROM events`, seat, id, seat, seat),
		fmt.Sprintf(`INSERT INTO payments (id, order_id, provider, provider_ref, amount, currency, received, status) VALUES ('%s', '%s', 'sandbox', 'pay_%d', 4200, 'EUR', 4200, 'captured')`, part(1), id, seat),
		fmt.Sprintf(`INSERT INTO sandbox.payments (id, payment, order_id, amount, currency, description, return_url, webhook_url, status, authorized, captured, created_at, changed_at)
			VALUES ('pay_%d', '%s', '%s', 4200, 'EUR', '', '', '', 'captured', 4200, 4200, now(), now())`, seat, part(1), id),
		fmt.Sprintf(`INSERT INTO tickets (id, claim_id, event_id, seat_id, secret) SELECT '%s', id, event_id, seat_id, 'secret%d' FROM seat_claims WHERE order_id = '%s'`, part(2), seat, id),
		fmt.Sprintf(`INSERT INTO mails (id, order_id, kind, recipient, subject, status) VALUES ('%s', '%s', 'tickets', 'ada@example.org', '', 'sent')`, part(3), id))
}

func plant(t *testing.T, a *App, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := a.stores.db.Exec(s).Error; err != nil {
			t.Fatalf("%v: %s", err, s)
		}
	}
}

// listen lets the App answer itself, as its sandbox processor must, without its background work.
func listen(t *testing.T, a *App) {
	t.Helper()
	go func() { _ = a.http.Serve(a.listener) }()
}

// Every rule finds what was planted against it, names its order, and finds nothing without it. What Postgres itself
// would refuse is planted with its constraint gone: that is the bug the rule is there for.
func TestAuditFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	const unique = `DROP INDEX one_live_claim_per_seat, one_slot_per_buyer, one_slot_per_place, one_valid_ticket_per_seat`
	const loose = `ALTER TABLE tickets DROP CONSTRAINT valid_only_while_sold, DROP CONSTRAINT tickets_claim_id_claim_status_fkey; ALTER TABLE seat_claims DISABLE TRIGGER ALL; ` + unique
	const job = `INSERT INTO river_job (kind, queue, args, state, max_attempts, scheduled_at, finalized_at) `
	for name, c := range map[string]struct {
		broken []string
		plant  string
	}{
		"nothing": {nil, `SELECT 1`},
		"seat claimed twice": {[]string{"I1", "I10", "I4"}, loose + `; INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			SELECT event_id, seat_id, order_id, buyer_key, n, place_key, n, max_per_buyer, price, 'sold' FROM seat_claims, generate_series(1, 2) AS n`},
		"two tickets":               {[]string{"I2", "I18"}, loose + `; INSERT INTO tickets (id, claim_id, event_id, seat_id, secret) SELECT gen_random_uuid(), claim_id, event_id, seat_id, 'more' FROM tickets`},
		"ticket on a released seat": {[]string{"I3", "I4"}, loose + `; UPDATE seat_claims SET status = 'released'`},
		"paid without ticket":       {[]string{"I4", "I18"}, `UPDATE tickets SET status = 'void', claim_status = NULL`},
		"paid too little":           {[]string{"I5", "I7", "I18"}, `UPDATE payments SET received = 4100`},
		"taken for nothing": {[]string{"I6", "I13", "I3", "I18"}, loose + `; UPDATE orders SET status = 'expired'; UPDATE tickets SET status = 'void', claim_status = NULL;
			UPDATE seat_claims SET status = 'released'; UPDATE tickets SET status = 'valid', claim_status = 'sold'`},
		"more back than taken": {[]string{"I9", "I7", "I18"}, `INSERT INTO refunds (id, payment_id, reason, amount, status) SELECT gen_random_uuid(), id, 'staff', 5000, 'done' FROM payments`},
		"stuck claim and payment": {[]string{"I11", "I12"}, `INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, amount, currency, expires_at)
			SELECT '01980000-0000-7000-8000-000000000009', id, 'STUCK', 'p9', 'Bo', 'bo@example.org', '\x09', 4200, 'EUR', now() - interval '5 min' FROM events;
			INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			SELECT event_id, 3, id, buyer_key, 1, place_key, 1, 2, 4200, 'checkout' FROM orders WHERE code = 'STUCK';
			INSERT INTO payments (id, order_id, provider, amount, currency) SELECT gen_random_uuid(), id, 'sandbox', 4200, 'EUR' FROM orders WHERE code = 'STUCK'`},
		"stuck refund": {[]string{"I12", "I18"}, `INSERT INTO refunds (id, payment_id, reason, amount, status, problem, created_at)
			SELECT gen_random_uuid(), id, 'staff', 4200, 'failed', 'no funds', now() - interval '5 min' FROM payments`},
		"no mail":         {[]string{"I15"}, `DELETE FROM mails`},
		"deaf":            {[]string{"I17"}, `INSERT INTO psp_events (provider, event_id, provider_ref, body, received_at) VALUES ('sandbox', 'e1', 'pay_0', '{}', now() - interval '2 min')`},
		"unknown to them": {[]string{"I8"}, `DELETE FROM sandbox.payments`},
		"money of nobody": {[]string{"I7"}, `INSERT INTO sandbox.payments (id, payment, order_id, amount, currency, description, return_url, webhook_url, status, authorized, captured, created_at, changed_at)
			VALUES ('pay_9', '01980000-0000-7009-8000-000000000009', 'lost', 100, 'EUR', '', '', '', 'captured', 100, 100, now(), now())`},
		"left out of a refund": {[]string{"I26"}, `UPDATE orders SET paid_at = now() - interval '1 h'; INSERT INTO event_refunds (id, event_id, reason, status, asked_by, asked_email, asked_at)
			SELECT gen_random_uuid(), id, 'rain', 'done', 1, 'ada@example.org', now() FROM events`},
		"cannot be refunded": {[]string{"I26"}, `INSERT INTO event_refunds (id, event_id, reason, status, asked_by, asked_email, asked_at)
			SELECT '01980000-0000-7000-8000-000000000008', id, 'rain', 'running', 1, 'ada@example.org', now() FROM events;
			INSERT INTO event_refund_orders (refund_id, order_id, tries, problem) SELECT '01980000-0000-7000-8000-000000000008', id, 3, 'no' FROM orders`},
		"exchanged and kept": {[]string{"I20", "I4"}, loose + `; INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, replaces)
			SELECT event_id, 5, order_id, buyer_key, 2, place_key, 2, max_per_buyer, price, 'sold', id FROM seat_claims;
			UPDATE tickets SET claim_id = n.id, seat_id = 5 FROM seat_claims n WHERE n.replaces = tickets.claim_id`},
		"swapped and not paid": {[]string{"I31"}, loose + `; INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, swap_of)
			SELECT event_id, 5, order_id, buyer_key, 2, place_key, 2, max_per_buyer, price, 'released', id FROM seat_claims;
			INSERT INTO swaps (id, order_id, ticket_id, from_claim, to_claim, difference, status, expires_at) SELECT gen_random_uuid(), c.order_id, t.id, c.swap_of, c.id, 100, 'done', now()
			FROM seat_claims c JOIN tickets t ON t.claim_id = c.swap_of`},
		"swap that does not end": {[]string{"I11"}, `INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, swap_of)
			SELECT event_id, 5, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, 'checkout', id FROM seat_claims;
			INSERT INTO swaps (id, order_id, ticket_id, from_claim, to_claim, difference, expires_at) SELECT gen_random_uuid(), c.order_id, t.id, c.swap_of, c.id, 100, now() - interval '5 min'
			FROM seat_claims c JOIN tickets t ON t.claim_id = c.swap_of`},
		"listed for nobody": {[]string{"I29", "I3", "I4"}, loose + `; UPDATE seat_claims SET status = 'listed'`},
		"listed and blocked": {[]string{"I29"}, `UPDATE tickets SET status = 'listed', claim_status = NULL; UPDATE seat_claims SET status = 'listed';
			INSERT INTO seat_claims (event_id, seat_id, block_id, status) SELECT event_id, seat_id, gen_random_uuid(), 'blocked' FROM seat_claims`},
		"listed and sold": {[]string{"I29", "I4"}, `UPDATE tickets SET status = 'listed', claim_status = NULL; UPDATE seat_claims SET status = 'listed'; UPDATE orders SET paid_at = now() - interval '5 min';
			INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, created_at)
			SELECT event_id, seat_id, order_id, buyer_key, 2, place_key, 2, max_per_buyer, price, 'sold', now() - interval '5 min' FROM seat_claims`},
		"listed for too long": {[]string{"I29"}, `UPDATE tickets SET status = 'listed', claim_status = NULL; UPDATE seat_claims SET status = 'listed'; UPDATE events SET starts_at = now() + interval '50 min'`},
		"listed":              {nil, `UPDATE tickets SET status = 'listed', claim_status = NULL; UPDATE seat_claims SET status = 'listed'; UPDATE events SET starts_at = now() + interval '70 min'`},
		"job given up": {[]string{"I21"}, `INSERT INTO psp_events (provider, event_id, provider_ref, body, received_at) VALUES ('sandbox', 'e1', 'pay_0', '{}', now()); UPDATE mails SET status = 'queued', next_try_at = now() - interval '1 h';` +
			job + `SELECT 'notification.mail', 'mail', jsonb_build_object('mail_id', id), 'discarded', 1, now(), now() FROM mails`},
		"given up and done": {nil, job + `SELECT 'checkout.settle_payment', 'checkout', jsonb_build_object('payment_id', id), 'discarded', 1, now(), now() FROM payments`},
		"nobody works":      {[]string{"I21"}, job + `VALUES ('checkout.settle_payment', 'checkout', '{}', 'available', 1, now() - interval '10 min', NULL)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := auditedApp(t)
			listen(t, a)
			plant(t, a, strings.Split(c.plant, ";")...)
			result := &Audit{OK: true, Money: map[string]Money{}, Unasked: []string{}}
			err := a.stores.db.Transaction(func(tx *gorm.DB) error {
				if err := a.lookAtRows(t.Context(), tx, result); err != nil {
					return err
				}
				return a.lookAtLedger(tx, result, a.checkout.Ledger(t.Context(), checkout.LedgerSpan))
			})
			if err != nil {
				t.Fatal(err)
			}
			got, want := result.broken(), slices.Sorted(slices.Values(c.broken))
			slices.Sort(got)
			if !slices.Equal(got, want) || len(result.Unasked) > 0 {
				t.Errorf("broken %v, want %v: %+v", got, want, result)
			}
		})
	}
}

// What the audit finds is kept, counted, told once by mail, and told again only after it was well.
func TestAuditTellsOnceUntilItIsWell(t *testing.T) {
	t.Parallel()
	a := auditedApp(t)
	listen(t, a)
	ctx := context.Background()
	// The map knows nothing of a sale that was only written down.
	plant(t, a, `DELETE FROM tickets; DELETE FROM seat_claims; DELETE FROM mails; DELETE FROM order_history; UPDATE orders SET status = 'refunded'; UPDATE payments SET status = 'refunded', received = 0; DELETE FROM sandbox.payments`)
	run := func(ok bool) *Audit {
		t.Helper()
		r, err := a.auditAndKeep(ctx, true, auditTime)
		if err != nil {
			t.Fatal(err)
		}
		if last, err := a.lastAudit(ctx); err != nil || last.OK != ok || r.OK != ok || !time.Time(last.At).Equal(time.Time(r.At).Truncate(time.Microsecond)) {
			t.Fatalf("kept %+v, %v; found %+v", last, err, r)
		}
		return r
	}
	alarms := func() (n int) {
		t.Helper()
		if err := a.stores.db.Raw(`SELECT count(*) FROM mails WHERE kind = 'alarm' AND recipient = 'owner@example.org'`).Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	run(true)
	const deaf = `INSERT INTO psp_events (provider, event_id, provider_ref, body, received_at) VALUES ('sandbox', 'e1', 'pay_0', '{}', now() - interval '2 min')`
	for round := 1; round <= 2; round++ {
		plant(t, a, deaf)
		run(false)
		if r := run(false); r.broken()[0] != "I17" || alarms() != round {
			t.Fatalf("round %d: %v broken, %d alarms", round, r.broken(), alarms())
		}
		if got := meter(t, a, `fairseat_audit_violations{invariant="I17"}`); got != 1 {
			t.Errorf("the metric says %v", got)
		}
		plant(t, a, `DELETE FROM psp_events`)
		run(true)
		if got := meter(t, a, `fairseat_audit_violations{invariant="I17"}`); got != 0 {
			t.Errorf("the metric says %v", got)
		}
	}
}

// One thing that is broken for long does not keep the alarm about another from being sent.
func TestAuditTellsOfEachThing(t *testing.T) {
	t.Parallel()
	a := auditedApp(t)
	listen(t, a)
	plant(t, a, `DELETE FROM mails`)
	told := func(broken ...string) (n int) {
		t.Helper()
		result := &Audit{Money: map[string]Money{}, Unasked: []string{}, OK: len(broken) == 0}
		for _, id := range broken {
			result.Invariants = append(result.Invariants, Invariant{ID: id, Name: id, Violations: []string{"odd"}})
		}
		if err := a.keepAudit(t.Context(), result, false); err != nil {
			t.Fatal(err)
		}
		if err := a.stores.db.Raw(`SELECT count(*) FROM mails WHERE kind = 'alarm' AND recipient = 'owner@example.org'`).Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i, step := range []struct {
		broken []string
		alarms int
	}{{nil, 0}, {[]string{"I7"}, 1}, {[]string{"I7"}, 1}, {[]string{"I7", "I8"}, 2}, {[]string{"I8"}, 2}, {nil, 2}, {[]string{"I8"}, 3}} {
		if n := told(step.broken...); n != step.alarms {
			t.Errorf("step %d, %v broken: %d alarms, want %d", i, step.broken, n, step.alarms)
		}
	}
}

// Of several replicas one runs the audit, every few minutes; the others show what it found.
func TestAuditIsRunInTurn(t *testing.T) {
	t.Parallel()
	a := auditedApp(t)
	listen(t, a)
	runs := func(want int) {
		t.Helper()
		if err := a.auditInTurn(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := a.stores.db.Raw(`SELECT count(*) FROM audits`).Scan(&n).Error; err != nil || n != want {
			t.Fatalf("%d runs, want %d: %v", n, want, err)
		}
	}
	runs(1)
	runs(1)
	plant(t, a, `UPDATE heartbeats SET at = at - interval '4 min' WHERE name = 'audit'`)
	runs(2)
}

// What is older than a few hours is looked at once a night. What that finds stays on every page and metric until it is
// looked at again, which is soon: the looks at what is recent must not make it look well.
func TestWholeLedgersAreAuditedByNight(t *testing.T) {
	t.Parallel()
	a := auditedApp(t)
	listen(t, a)
	run := func(what string, whole bool, broken ...string) {
		t.Helper()
		plant(t, a, `UPDATE heartbeats SET at = at - interval '4 min' WHERE name = 'audit'`)
		if err := a.auditInTurn(t.Context()); err != nil {
			t.Fatal(err)
		}
		last, err := a.lastAudit(t.Context())
		if err != nil || last.Whole != whole || !slices.Equal(last.broken(), broken) || last.OK != (len(broken) == 0) {
			t.Errorf("%s: whole %v, broken %v, ok %v, %v", what, last.Whole, last.broken(), last.OK, err)
		}
	}
	later := func(span string) {
		plant(t, a, `UPDATE heartbeats SET at = at - interval '`+span+`' WHERE name = 'audit-whole'`)
	}
	alarms := func(want int) {
		t.Helper()
		n := 0
		if err := a.stores.db.Raw(`SELECT count(*) FROM mails WHERE kind = 'alarm'`).Scan(&n).Error; err != nil || n != want {
			t.Errorf("%d alarms, want %d, %v", n, want, err)
		}
	}
	if err := a.seating.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	run("the first", true)
	plant(t, a, `UPDATE payments SET created_at = now() - interval '5 days'`, `DELETE FROM sandbox.payments`)
	run("by day", false)
	alarms(0)
	later("25 h")
	run("by night", true, "I8")
	alarms(1)
	run("a moment later", false, "I8")
	run("and later", false, "I8")
	alarms(1)
	if n := meter(t, a, `fairseat_audit_violations{invariant="I8"}`); n != 1 {
		t.Errorf("the metric says %v", n)
	}
	plant(t, a, `UPDATE payments SET provider_ref = NULL`, `INSERT INTO sandbox.payments (id, payment, order_id, amount, currency, description, return_url, webhook_url, status, authorized, captured, created_at, changed_at)
		SELECT 'pay_0', id, order_id, 4200, 'EUR', '', '', '', 'captured', 4200, 4200, now(), now() FROM payments`)
	later("1 h")
	run("mended", true)
	run("by day again", false)
	plant(t, a, `DELETE FROM sandbox.payments`)
	_ = a.http.Close() // the processor is away
	later("25 h")
	run("nobody answers", false)
	if again, err := a.wholeAgain(t.Context()); err != nil || again >= wholeEvery {
		t.Errorf("asked again in %v, %v", again, err)
	}
}

// A processor that does not answer proves nothing, and is no violation.
func TestAuditSaysWhatItCouldNotAsk(t *testing.T) {
	t.Parallel()
	a := auditedApp(t)
	_ = a.listener.Close() // its processor is away
	result := &Audit{OK: true, Money: map[string]Money{}, Unasked: []string{}}
	if err := a.lookAtLedger(a.stores.db, result, a.checkout.Ledger(t.Context(), checkout.LedgerSpan)); err != nil {
		t.Fatal(err)
	}
	if !result.OK || len(result.Unasked) != 1 || !strings.Contains(result.Unasked[0], "does not answer") {
		t.Errorf("%+v", result)
	}
	var said strings.Builder
	if err := result.print(&said); err != nil || !strings.Contains(said.String(), "UNKNOWN") || !strings.Contains(said.String(), "as far as could be looked") {
		t.Errorf("%v: %s", err, said.String())
	}
}

func TestCaseNamesItsOrder(t *testing.T) {
	t.Parallel()
	if c := caseOf("order " + firstOrder + ": payment is odd"); c.Order != firstOrder || c.Before != "order " || c.After != ": payment is odd" {
		t.Errorf("%+v", c)
	}
	for _, text := range []string{"event 3: seat 7 has 2 live claims", "order 12", ""} {
		if c := caseOf(text); c.Order != "" || c.Before != text {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

// meter is one line of what /metrics shows.
func meter(t *testing.T, a *App, line string) float64 {
	t.Helper()
	name, label, _ := strings.Cut(strings.TrimSuffix(line, "}"), "{")
	key, value, _ := strings.Cut(strings.ReplaceAll(label, `"`, ""), "=")
	families, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetName() == key && m.GetLabel()[0].GetValue() == value) {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no %s", line)
	return 0
}
