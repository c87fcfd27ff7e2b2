package checkout

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// kit is a checkout on real Postgres. Its neighbours are thin: seats over the real table, mails as rows, jobs as rows,
// so that a rollback takes them along; the processor keeps its ledger outside of everything that can be killed.
type kit struct {
	*testkit.Kit
	*Service
	bank   *bank
	room   *room
	places *places
	event  int64
	price  int64
	buyers int
}

const testSeats = 12

func newKit(t *testing.T) *kit { return newKitWith(t, 4200, 2) }

func newKitWith(t *testing.T, price int64, perBuyer int) *kit {
	t.Helper()
	base := testkit.New(t)
	must(t, base.DB.Exec(`CREATE TABLE test_jobs (id bigserial PRIMARY KEY, kind text, args jsonb, at timestamptz, done boolean DEFAULT false)`).Error)
	k := &kit{Kit: base, bank: newBank(base.Clock), price: price}
	k.event = makeEvent(t, base.DB, price, perBuyer)
	k.room = newRoom(base.Clock, price)
	k.places = &places{}
	k.Service = k.service(base.DB)
	return k
}

// service is one more process over the same stores and the same processor.
func (k *kit) service(db *gorm.DB) *Service {
	own := &seats{db, k.room}
	return New(Deps{
		DB: db, Clock: k.Kit.Clock, Log: k.Kit.Log, Keys: testRing(), Seats: own, Locks: own, Map: own, Events: events{db, k.room}, Admissions: doorman{k.room}, Sale: doorman{k.room}, Swaps: true, SecondAbove: 20_000,
		Mails: mails{db}, Jobs: jobRows{}, Limits: &limits{}, Journal: journal{}, Places: k.places, Documents: drawings{},
		Providers: []provider.Provider{k.bank}, PublicURL: func() string { return "http://fairseat.test" }, PerIP: 1, PerPlace: 1, Trial: true,
	})
}

func testRing() *keyring.Ring {
	keys := map[keyring.Purpose][]keyring.Key{}
	for i, p := range keyring.Purposes() {
		keys[p] = []keyring.Key{{ID: "new" + fmt.Sprint(i), Secret: bytes.Repeat([]byte{byte(i + 1)}, 32)}, {ID: "old" + fmt.Sprint(i), Secret: bytes.Repeat([]byte{byte(i + 100)}, 32)}}
	}
	return keyring.New(keys)
}

func makeEvent(t testing.TB, db *gorm.DB, price int64, perBuyer int) int64 {
	t.Helper()
	var plan, event int64
	must(t, db.Raw(`INSERT INTO plans (name, digest, seats, body, report) VALUES ('House', 'd', ?, '\x00', '{}') RETURNING id`, testSeats).Scan(&plan).Error)
	must(t, db.Raw(`INSERT INTO events (slug, name, currency, plan_id, plan_version, prices, seats_total, max_per_buyer, prequeue_at, opens_at, late_offer_seconds)
		VALUES ('gala-' || ?::bigint, 'Spring Gala', 'EUR', ?, 'v1', '{}', ?, ?, now(), now(), 0) RETURNING id`, plan, plan, testSeats, perBuyer).Scan(&event).Error)
	must(t, db.Exec(`INSERT INTO seats (event_id, seat_id, category, price, currency) SELECT ?, n, 'c1', ?, 'EUR' FROM generate_series(0, ?) AS n`,
		event, price, testSeats-1).Error)
	return event
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fan is a place with a basket and an address.
type fan struct {
	place request.Place
	buyer Buyer
}

func (k *kit) fan(seats ...int) fan {
	k.buyers++
	f := fan{place: request.Place{EventID: k.event, Key: fmt.Sprintf("t%d", k.buyers)}, buyer: Buyer{Name: "Ada", Email: fmt.Sprintf("ada%d@example.org", k.buyers)}}
	k.room.put(f.place.Key, seats)
	return f
}

func (k *kit) mustPlace(f fan) *Placed {
	k.T.Helper()
	p, err := k.PlaceOrder(context.Background(), f.place, f.buyer)
	if err != nil {
		k.T.Fatalf("place order: %v", err)
	}
	return p
}

func (k *kit) order(id string) Order {
	k.T.Helper()
	o, err := k.store.order(context.Background(), k.Kit.DB, uuid.MustParse(id), "")
	must(k.T, err)
	return o
}

func (k *kit) shown(id string) View {
	k.T.Helper()
	v, err := k.view(context.Background(), k.order(id))
	must(k.T, err)
	return v
}

// payment is the order's newest attempt.
func (k *kit) payment(id string) Payment {
	k.T.Helper()
	all, err := k.store.paymentsOf(context.Background(), []uuid.UUID{uuid.MustParse(id)})
	must(k.T, err)
	if len(all) == 0 {
		k.T.Fatal("no payment")
	}
	return all[len(all)-1]
}

func (k *kit) want(id, status string) {
	k.T.Helper()
	if got := k.shown(id).Status; got != status {
		k.T.Fatalf("order is %s, want %s", got, status)
	}
}

// quiet lets time pass and everything due be done, until nothing is under way.
func (k *kit) quiet(s *Service) {
	k.T.Helper()
	for range 40 {
		k.Kit.Clock.Advance(3 * time.Second)
		k.runJobs(s)
		_ = s.Tick(context.Background()) // what fails is tried again
		if k.count(`SELECT count(*) FROM orders o WHERE o.status = 'pending' AND o.expires_at <= ?`, k.Kit.Clock.Now()) == 0 &&
			k.count(`SELECT count(*) FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.status IN ('authorized','cancelling','refund_due')
				AND NOT (o.status = 'pending' AND o.offer = 'open')`) == 0 && // that waits for its fan, or its clock
			k.count(`SELECT count(*) FROM refunds WHERE status <> 'done'`) == 0 &&
			k.count(`SELECT count(*) FROM swaps WHERE status = 'open' AND expires_at <= ?`, k.Kit.Clock.Now()) == 0 &&
			k.count(`SELECT count(*) FROM seat_claims c WHERE `+resold) == 0 &&
			k.count(`SELECT count(*) FROM psp_events WHERE processed_at IS NULL`) == 0 {
			return
		}
	}
	k.T.Fatalf("still busy after two minutes: %s", k.dump())
}

func (k *kit) dump() string {
	var rows []map[string]any
	k.Kit.DB.Raw(`SELECT o.id, o.status AS order_status, o.expires_at, p.id AS pid, p.status, p.problem, p.checks, p.next_check_at, r.status AS refund, r.problem AS why
		FROM orders o LEFT JOIN payments p ON p.order_id = o.id LEFT JOIN refunds r ON r.payment_id = p.id`).Scan(&rows)
	text, _ := json.MarshalIndent(rows, "", " ")
	return string(text)
}

func (k *kit) count(query string, args ...any) (n int) {
	k.T.Helper()
	must(k.T, k.Kit.DB.Raw(query, args...).Scan(&n).Error)
	return n
}

// runJobs runs the jobs that are committed and due, once each; what fails is the reconciler's.
func (k *kit) runJobs(s *Service) {
	k.T.Helper()
	var rows []struct {
		ID   int64
		Kind string
		Args string
	}
	must(k.T, k.Kit.DB.Raw(`UPDATE test_jobs SET done = true WHERE NOT done AND at <= ? RETURNING id, kind, args`, k.Kit.Clock.Now()).Scan(&rows).Error)
	for _, r := range rows {
		_ = runJob(context.Background(), s, r.Kind, []byte(r.Args))
	}
}

func runJob(ctx context.Context, s *Service, kind string, args []byte) error {
	switch kind {
	case createArgs{}.Kind():
		var a createArgs
		_ = json.Unmarshal(args, &a)
		return newWorker(s, func(ctx context.Context, a createArgs) error { return s.Settle(ctx, a.PaymentID) }).work(ctx, a)
	case settleArgs{}.Kind():
		var a settleArgs
		_ = json.Unmarshal(args, &a)
		return s.Settle(ctx, a.PaymentID)
	case expireArgs{}.Kind():
		var a expireArgs
		_ = json.Unmarshal(args, &a)
		return s.expire(ctx, a.OrderID)
	case eventArgs{}.Kind():
		var a eventArgs
		_ = json.Unmarshal(args, &a)
		return s.processEvent(ctx, dueEvent(a))
	case refundArgs{}.Kind():
		var a refundArgs
		_ = json.Unmarshal(args, &a)
		return s.PayBack(ctx, a.RefundID)
	}
	return nil // the map's
}

// check is what must always be true, whatever happened.
func (k *kit) check() {
	k.T.Helper()
	for name, query := range map[string]string{
		"a paid order has a ticket for each seat": `SELECT o.id::text FROM orders o LEFT JOIN seat_claims c ON c.order_id = o.id AND c.status IN ('sold','listed')
			LEFT JOIN tickets t ON t.claim_id = c.id AND t.status = CASE c.status WHEN 'sold' THEN 'valid' ELSE 'listed' END WHERE o.status IN ('paid','part_refunded')
			GROUP BY o.id HAVING count(c.id) = 0 OR count(c.id) <> count(t.id)`,
		"a paid order was paid its price": `SELECT o.id::text FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.status = 'captured'
			WHERE o.status IN ('paid','part_refunded') AND o.amount > 0 GROUP BY o.id HAVING coalesce(sum(p.received), 0) <> o.amount`,
		"an ended order keeps no seat": `SELECT o.id::text FROM orders o JOIN seat_claims c ON c.order_id = o.id AND c.status <> 'released'
			WHERE o.status IN ('expired','cancelled','refunded')`,
		"no order without a seat": `SELECT o.id::text FROM orders o WHERE o.status = 'pending' AND NOT EXISTS (SELECT 1 FROM seat_claims c WHERE c.order_id = o.id AND c.status <> 'released')`,
		"money taken is a ticket or a refund": `SELECT p.id::text FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.received > 0
			AND NOT (p.status = 'captured' AND o.status IN ('paid','part_refunded')) AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)`,
		"a use of a code lives as long as its claim": `SELECT u.claim_id::text FROM promotion_uses u JOIN seat_claims c ON c.id = u.claim_id
			WHERE (u.freed_at IS NULL) = (c.status = 'released')`,
		"an order costs what its seats do, and what went back for cheaper ones": `SELECT o.id::text FROM orders o JOIN seat_claims c ON c.order_id = o.id AND c.status <> 'released' AND c.swap_of IS NULL
			WHERE o.status IN ('pending','paid') AND NOT (o.status = 'pending' AND o.offer <> '') GROUP BY o.id
			HAVING sum(c.price) + coalesce((SELECT sum(r.amount) FROM refunds r JOIN payments p ON p.id = r.payment_id
				WHERE p.order_id = o.id AND (r.reason = 'difference' OR r.reason LIKE 'swap:%')), 0) <> o.amount`,
		"a swap is paid and done, or neither": `SELECT w.id::text FROM swaps w JOIN seat_claims f ON f.id = w.from_claim JOIN seat_claims t ON t.id = w.to_claim
			LEFT JOIN payments p ON p.swap_id = w.id AND p.status IN ('captured','refund_due','refunded') AND NOT EXISTS
				(SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.reason IN ('late','second-payment','wrong-amount'))
			WHERE NOT CASE w.status WHEN 'done' THEN t.replaces = f.id AND f.status = 'released' AND p.received = w.difference
				WHEN 'open' THEN t.swap_of = f.id AND f.status = 'sold' AND t.status IN ('checkout','secured') AND p.id IS NULL
				ELSE t.status = 'released' AND t.replaces IS NULL AND p.id IS NULL END`,
		"no swap outlives its clock":           `SELECT w.id::text FROM swaps w WHERE w.status = 'open' AND w.expires_at < (SELECT max(at) FROM heartbeats WHERE name = 'checkout')`,
		"numbers of invoices have no gap":      `SELECT prefix FROM invoices GROUP BY prefix HAVING count(*) <> max(serial) OR min(serial) <> 1`,
		"no invoice is credited beyond itself": `SELECT i.number FROM invoices i JOIN invoices c ON c.refers_to = i.id GROUP BY i.id HAVING sum(c.total) > i.total`,
		"what is invoiced and not credited is what tickets cost": `SELECT o.id::text FROM orders o JOIN invoices i ON i.order_id = o.id
			WHERE o.status IN ('paid','part_refunded','refunded') GROUP BY o.id HAVING sum(CASE i.kind WHEN 'credit' THEN -i.total ELSE i.total END) <>
				coalesce((SELECT sum(c.price) FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE c.order_id = o.id AND t.status <> 'void'), 0)`,
		"a listed ticket has a listed claim": `SELECT t.id::text FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE (t.status = 'listed') <> (c.status = 'listed')`,
		"one mail with the tickets":          `SELECT o.id::text FROM orders o WHERE o.status = 'paid' AND (SELECT count(*) FROM mails m WHERE m.order_id = o.id AND m.kind = 'tickets') <> 1`,
	} {
		var bad []string
		must(k.T, k.Kit.DB.Raw(query).Scan(&bad).Error)
		if len(bad) > 0 {
			k.T.Errorf("%s: %v\n%s", name, bad, k.dump())
		}
	}
	k.checkLedger()
	sums, err := k.Money(context.Background(), k.Kit.DB)
	must(k.T, err)
	for currency, m := range sums {
		if m.Captured != m.Delivered+m.Refunded+m.Owed {
			k.T.Errorf("%s does not add up: %+v", currency, m)
		}
	}
}

// checkLedger compares the processor's ledger with our books, to the cent.
func (k *kit) checkLedger() {
	k.T.Helper()
	for _, c := range k.bank.all() {
		id, err := uuid.Parse(c.Payment)
		must(k.T, err)
		if k.count(`SELECT count(*) FROM orphan_payments WHERE payment = ?`, id) > 0 {
			continue
		}
		f, err := k.store.payment(context.Background(), id)
		must(k.T, err)
		done := int64(k.count(`SELECT coalesce(sum(amount), 0) FROM refunds WHERE payment_id = ? AND status = 'done'`, id))
		if c.Captured != f.Payment.Received || c.Refunded != done && f.Payment.Dispute != provider.DisputeLost { // that the bank returned
			k.T.Errorf("payment %s: processor took %d and returned %d, books say %d and %d", id, c.Captured, c.Refunded, f.Payment.Received, done)
		}
		if c.Captured > c.Refunded && !f.Order.Status.delivered() && k.count(`SELECT count(*) FROM refunds WHERE payment_id = ? AND status <> 'done'`, id) == 0 {
			k.T.Errorf("payment %s: the processor holds %d for an order that is %s", id, c.Captured-c.Refunded, f.Order.Status)
		}
	}
}

// match compares all of the ledger.
func (k *kit) match() LedgerMatch {
	k.T.Helper()
	m, err := k.MatchLedger(context.Background(), LedgerSpan)
	must(k.T, err)
	return m
}

// events reads the real table.
type events struct {
	db   *gorm.DB
	room *room
}

func (e events) Event(ctx context.Context, id int64) (Event, error) {
	ev := Event{ID: id, Venue: "Old Hall", Timezone: "Europe/Berlin", PayTime: 15 * time.Minute, StartsAt: testkit.Start.Add(24 * time.Hour)}
	if e.room.startsIn != 0 {
		ev.StartsAt = e.room.clock.Now().Add(e.room.startsIn)
	}
	var row struct {
		Slug, Name, Currency string
		MaxPerBuyer          int
		LateOfferSeconds     int
		Returns              bool
	}
	found, err := one(e.db.WithContext(ctx), &row, `SELECT slug, name, currency, max_per_buyer, late_offer_seconds, returns FROM events WHERE id = ?`, id)
	if err != nil || !found {
		return ev, fmt.Errorf("event %d: %v", id, err)
	}
	ev.Slug, ev.Name, ev.Currency, ev.MaxPerBuyer = row.Slug, row.Name, row.Currency, row.MaxPerBuyer
	price := int64(4200)
	ev.Categories = []Category{{"c1", "Stalls", &price}, {"c2", "Pit", nil}}
	if e.room.cheap > 0 {
		ev.Categories[1] = Category{"c2", "Circle", &e.room.cheapPrice}
	}
	ev.Returns = row.Returns
	ev.LateOffer = time.Duration(row.LateOfferSeconds) * time.Second
	return ev, nil
}

// mails are rows, as notification writes them.
type mails struct{ db *gorm.DB }

func (m mails) put(ctx context.Context, tx *gorm.DB, id, order uuid.UUID, kind, subject string) error {
	return tx.WithContext(ctx).Exec(`INSERT INTO mails (id, order_id, kind, recipient, subject) VALUES (?, ?, ?, 'x@example.org', ?) ON CONFLICT DO NOTHING`, id, order, kind, subject).Error
}

func (m mails) TicketsReady(ctx context.Context, tx *gorm.DB, order uuid.UUID) error {
	return m.put(ctx, tx, uuid.NewSHA1(order, []byte("tickets")), order, "tickets", "")
}

func (m mails) TransferAwaited(ctx context.Context, tx *gorm.DB, order uuid.UUID, _ TransferView) error {
	return m.put(ctx, tx, uuid.New(), order, "transfer", "")
}

func (m mails) TicketsAgain(ctx context.Context, tx *gorm.DB, order uuid.UUID) error {
	return m.put(ctx, tx, uuid.New(), order, "tickets-again", "")
}

func (m mails) SeatChanged(ctx context.Context, tx *gorm.DB, order uuid.UUID, from, to string) error {
	return m.put(ctx, tx, uuid.New(), order, "seat-changed", from+" → "+to)
}

func (m mails) Listed(ctx context.Context, tx *gorm.DB, order uuid.UUID, seat string, price int64, _ string) error {
	return m.put(ctx, tx, uuid.New(), order, "listed", fmt.Sprintf("%d %s", price, seat))
}

func (m mails) Kept(ctx context.Context, tx *gorm.DB, order uuid.UUID, seat string) error {
	return m.put(ctx, tx, uuid.New(), order, "kept", seat)
}

func (m mails) OrderLink(ctx context.Context, tx *gorm.DB, order uuid.UUID) error {
	return m.put(ctx, tx, uuid.New(), order, "order-link", "")
}

func (m mails) RefundDue(ctx context.Context, tx *gorm.DB, order uuid.UUID, n RefundNotice) error {
	return m.put(ctx, tx, uuid.New(), order, "refund", saidOf(n))
}

func (m mails) RefundSent(ctx context.Context, tx *gorm.DB, order uuid.UUID, n RefundNotice) error {
	return m.put(ctx, tx, uuid.New(), order, "refund-sent", saidOf(n))
}

func (m mails) EventRefunded(ctx context.Context, tx *gorm.DB, order uuid.UUID) error {
	return m.put(ctx, tx, uuid.New(), order, "event-refunded", "")
}

// saidOf is "4200 staff", and more where there is more to say.
func saidOf(n RefundNotice) string {
	said := fmt.Sprintf("%d %s", n.Amount, n.Reason)
	if n.ByHand {
		said += " by hand"
	}
	if len(n.Seats) > 0 {
		said += fmt.Sprint(" void ", n.Seats)
	}
	return said
}

func (m mails) SwapOffered(ctx context.Context, tx *gorm.DB, order uuid.UUID, gone, offered []string, _ time.Time) error {
	return m.put(ctx, tx, uuid.NewSHA1(order, []byte("swap")), order, "swap-offer", fmt.Sprint(gone, offered))
}

func (m mails) StatusOf(ctx context.Context, order uuid.UUID) (st MailStatus, err error) {
	_, err = one(m.db.WithContext(ctx), &st, `SELECT status, last_error FROM mails WHERE order_id = ? AND kind = 'tickets'`, order)
	return st, err
}

// jobRows keeps jobs in a table, so that they exist exactly if their transaction commits.
type jobRows struct{}

func (jobRows) Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error {
	text, err := json.Marshal(args)
	if err != nil {
		return err
	}
	at := testkit.Start
	if opts != nil && !opts.ScheduledAt.IsZero() {
		at = opts.ScheduledAt
	}
	return tx.WithContext(ctx).Exec(`INSERT INTO test_jobs (kind, args, at) VALUES (?, ?::jsonb, ?)`, args.Kind(), string(text), at).Error
}

type doorman struct{ room *room }

func (d doorman) Finish(_ context.Context, _ int64, place string) error {
	d.room.mu.Lock()
	defer d.room.mu.Unlock()
	if d.room.shut {
		return errLine
	}
	d.room.finished = append(d.room.finished, place)
	return nil
}

func (d doorman) Phase(context.Context, int64) (string, error) {
	d.room.mu.Lock()
	defer d.room.mu.Unlock()
	if d.room.ended {
		return phaseEnded, nil
	}
	return "open", nil
}

func (d doorman) End(context.Context, request.Event, request.Staff, string, string) error {
	d.room.mu.Lock()
	defer d.room.mu.Unlock()
	d.room.ended = true
	return nil
}

// limits refuses from the given take on.
type limits struct{ left map[string]int }

func (l *limits) Take(_ context.Context, name string, _ int) (time.Duration, error) {
	if left, limited := l.left[name]; limited {
		if left == 0 {
			return time.Minute, nil
		}
		l.left[name]--
	}
	return 0, nil
}

type journal struct{}

func (journal) Note(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject string, _ any) error {
	return tx.WithContext(ctx).Exec(`INSERT INTO staff_log (email, action, subject, ip) VALUES (?, ?, ?, ?)`, who.Email, action, subject, ip).Error
}

// places believes a header.
type places struct{}

func (*places) PlaceOfToken(c echo.Context, _ int64) (string, bool) {
	key := c.Request().Header.Get("X-Place")
	return key, key != ""
}

type drawings struct{}

func (drawings) TicketPage(w io.Writer, t TicketView) error {
	_, err := fmt.Fprintf(w, "<h1>%s %s %s</h1>", t.EventName, t.SeatName, t.Holder)
	return err
}

func (drawings) PDF(_ context.Context, ts []TicketView) ([]byte, error) {
	return fmt.Appendf(nil, "%%PDF-%d", len(ts)), nil
}

func (drawings) Invoice(_ context.Context, v InvoiceView) ([]byte, error) {
	return fmt.Appendf(nil, "%%PDF %s %s to %s %s, %d lines", v.Kind, v.Number, v.Billing.Name, v.Billing.Company, len(v.Lines)), nil
}

func (drawings) Calendar(ts ...TicketView) ([]byte, error) {
	return fmt.Appendf(nil, "BEGIN:VEVENT %d", len(ts)), nil
}

func is(err error, code string) bool { f := fault.As(err); return f != nil && f.Code == code }
