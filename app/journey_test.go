package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

const stadiumFile = "../modules/seating/plan/testdata/seatmap-canvas-stadium.pretix.json"

// prices of every category of the stadium, in cents; one is not on sale.
var stadiumPrices = map[string]any{"Category I": 9900, "Category II": 7900, "Category III": 5900, "Category IV": 3900, "Category V": nil}

func importStadium(t testing.TB, staff *client) string {
	t.Helper()
	file, err := os.ReadFile(stadiumFile)
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		ID     string
		Seats  int
		Report struct {
			Renamed, Rows, Zones int
			Faults               []struct{ Code, Where, Detail string }
		}
	}
	staff.must(t, 201, "POST", "/api/v1/admin/plans", file, &plan)
	if plan.Seats != 738 || plan.Report.Zones != 2 || plan.Report.Rows != 90 || plan.Report.Renamed == 0 {
		t.Fatalf("the stadium was read as %+v", plan)
	}
	return plan.ID
}

// createEvent publishes an event that opens after the given time; extra fields override.
func createEvent(t testing.TB, staff *client, slug, plan string, prices map[string]any, opensIn time.Duration, extra map[string]any) {
	t.Helper()
	body := map[string]any{
		"slug": slug, "name": "Spring Gala", "plan": plan, "prices": prices, "currency": "EUR",
		"opens_at": time.Now().Add(opensIn).UTC().Format(time.RFC3339Nano), "venue": "Old Hall",
		"timezone": "Europe/Berlin", "starts_at": "2027-05-01T18:00:00Z",
	}
	for k, v := range extra {
		body[k] = v
	}
	staff.must(t, 201, "POST", "/api/v1/admin/events", body, nil)
}

// One whole on-sale on a real plan, by the HTTP contract alone: draw, admission, hold, payment, ticket, mail, door.
func TestWholeJourney(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_LOG__LEVEL=debug")
	staff := signIn(t, p.base)
	plan := importStadium(t, staff)
	createEvent(t, staff, "gala", plan, stadiumPrices, 3*time.Second, map[string]any{"max_per_buyer": 2})
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()

	var early []*fan
	for i := range 8 {
		f := newFan(p.base, "gala", fmt.Sprintf("Early %d", i))
		if err := f.join(ctx); err != nil {
			t.Fatal(err)
		}
		if f.place.Cohort != "draw" || f.place.Index != int64(i) {
			t.Fatalf("joined before opening: %+v", f.place)
		}
		early = append(early, f)
	}
	early[0].refused(t, 409, "not-open", "POST", early[0].path("/queue/admission"), nil)
	var again placeView
	early[3].must(t, 200, "POST", early[3].path("/queue"), nil, &again)
	if again.Index != early[3].place.Index || again.Place != early[3].place.Place {
		t.Fatalf("joining twice gave another place: %+v", again)
	}

	now := waitDrawn(t, ctx, early[0])
	late := newFan(p.base, "gala", "Åsa Ünlü")
	if err := late.join(ctx); err != nil {
		t.Fatal(err)
	}
	if late.place.Cohort != "tail" || late.place.Index != 0 {
		t.Fatalf("joined after opening: %+v", late.place)
	}
	checkDraw(t, now, early, late)

	buyer := late
	if in, err := buyer.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	watcher := early[0]
	if in, err := watcher.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	live := watch(t, watcher)
	hold := holdTwo(t, buyer)
	live.sees(t, hold.Seats[0].N, 1)
	watcher.refused(t, 409, "seats-taken", "POST", watcher.path("/holds"), map[string]any{"seats": []int{hold.Seats[0].N}})

	order := payAfterDecline(t, ctx, buyer, hold)
	live.sees(t, hold.Seats[0].N, 2)
	checkTickets(t, p, staff, buyer, order)
	checkBooks(t, staff, order)
	buyer.refused(t, 409, "already-bought", "POST", buyer.path("/queue/admission"), nil)

	_, secret, _ := strings.Cut(order.Tickets[0].URL, "/t/")
	for what, text := range map[string]string{"mail address": "example.org", "place token": buyer.bearer, "staff token": staff.bearer,
		"password": ownerPassword, "ticket's capability": secret, "ticket's code": order.Tickets[0].Code} {
		if strings.Contains(strings.ToLower(p.output()), strings.ToLower(text)) {
			t.Errorf("the log holds a %s", what)
		}
	}
}

// waitDrawn waits until the draw is public and checks that nothing of it was before.
func waitDrawn(t *testing.T, ctx context.Context, f *fan) nowView {
	t.Helper()
	for {
		var now nowView
		a := f.must(t, 200, "GET", f.path("/queue/now"), nil, &now)
		if len(a.Header.Values("Set-Cookie")) > 0 || !strings.Contains(a.Header.Get("Cache-Control"), "public") {
			t.Fatalf("/queue/now is not the same for everyone: %v", a.Header)
		}
		if now.Draw == nil || len(now.Draw.Commitment) != 64 {
			t.Fatalf("no commitment: %s", a.Body)
		}
		if now.Phase == "prequeue" && (now.Draw.Secret != nil || now.Draw.Seed != nil || now.Draw.Size != nil) {
			t.Fatalf("the draw is public before it: %s", a.Body)
		}
		if now.Draw.Seed != nil {
			return now
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// checkDraw does what anyone can do with sha256sum: the commitment, the seed, and everybody's position.
func checkDraw(t *testing.T, now nowView, early []*fan, late *fan) {
	t.Helper()
	sum := sha256.Sum256([]byte(*now.Draw.Secret))
	if hex.EncodeToString(sum[:]) != now.Draw.Commitment {
		t.Error("the secret is not the one committed to")
	}
	seed := sha256.Sum256(fmt.Appendf(nil, "fairseat draw v1\ngala\n%d\n%s\n\n", *now.Draw.Size, *now.Draw.Secret))
	if hex.EncodeToString(seed[:]) != *now.Draw.Seed {
		t.Error("the seed is not the digest DESIGN.md defines")
	}
	if *now.Draw.Size != int64(len(early)) {
		t.Errorf("a draw of %d, %d joined", *now.Draw.Size, len(early))
	}
	seen := map[int64]bool{}
	for _, f := range append(early, late) {
		var me meView
		f.must(t, 200, "GET", f.path("/queue/me"), nil, &me)
		want := *now.Draw.Size
		if f != late {
			want = shuffled(f.place.Index, *now.Draw.Size, seed)
		}
		if me.Position == nil || *me.Position != want || seen[want] {
			t.Errorf("%s has position %v, recomputed %d", f.name, me.Position, want)
		}
		seen[want] = true
	}
}

// shuffled is the swap-or-not shuffle, written a second time from the consensus specification as any reader would.
func shuffled(index, size int64, seed [32]byte) int64 {
	for round := range 90 {
		pivotHash := sha256.Sum256(append(seed[:], byte(round)))
		pivot := int64(leUint64(pivotHash[:8]) % uint64(size))
		flip := (pivot + size - index) % size
		position := max(index, flip)
		block := append(append([]byte{}, seed[:]...), byte(round), byte(position/256), byte(position/256>>8), byte(position/256>>16), byte(position/256>>24))
		source := sha256.Sum256(block)
		if source[(position%256)/8]>>(position%8)&1 == 1 {
			index = flip
		}
	}
	return index
}

func leUint64(b []byte) (n uint64) {
	for i := range 8 {
		n |= uint64(b[i]) << (8 * i)
	}
	return n
}

// holdTwo holds a pair the server picks, and checks that asking again neither extends nor adds.
func holdTwo(t *testing.T, f *fan) holdView {
	t.Helper()
	f.refused(t, 422, "too-many", "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 3}})
	f.refused(t, 404, "no-such-seat", "POST", f.path("/holds"), map[string]any{"seats": []int{738}})
	f.refused(t, 422, "bad-field", "POST", f.path("/holds"), map[string]any{"area": "x", "quantity": 1})
	var hold, again holdView
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 2}}, &hold)
	if len(hold.Seats) != 2 || hold.Seats[0].Category != hold.Seats[1].Category {
		t.Fatalf("held %+v", hold)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": []int{hold.Seats[0].N}}, &again)
	if !again.ExpiresAt.Equal(hold.ExpiresAt) || len(again.Seats) != 2 {
		t.Fatalf("asking again changed the clock or the basket: %v, %v", hold, again)
	}
	var seats struct {
		Version int64
		Status  string
	}
	f.must(t, 200, "GET", f.path("/seats"), nil, &seats)
	bits, err := base64.StdEncoding.DecodeString(seats.Status)
	n := hold.Seats[0].N
	if err != nil || seats.Version < hold.Version || bits[n/4]>>(2*(n%4))&3 != 1 {
		t.Fatalf("the map does not show the hold: version %d of %d", seats.Version, hold.Version)
	}
	return hold
}

// payAfterDecline orders, is declined once, pays again on the same seats and clock, and repeats what a shaky
// connection would repeat.
func payAfterDecline(t *testing.T, ctx context.Context, f *fan, hold holdView) *orderView {
	t.Helper()
	f.refused(t, 422, "bad-buyer", "POST", f.path("/orders"), map[string]any{"buyer": map[string]string{"name": f.name, "email": "no address\r\nBcc: x@y"}})
	buyer := map[string]any{"buyer": map[string]string{"name": f.name, "email": "Asa@Example.org"}}
	var made, same struct {
		Order orderView
		Token string
	}
	f.must(t, 201, "POST", f.path("/orders"), buyer, &made, "Idempotency-Key", "order-1")
	replay := f.must(t, 201, "POST", f.path("/orders"), buyer, &same, "Idempotency-Key", "order-1")
	if replay.Header.Get("Idempotent-Replayed") != "true" || same.Order.ID != made.Order.ID {
		t.Fatalf("not replayed: %v", replay)
	}
	f.refused(t, 422, "idempotency-key-reused", "POST", f.path("/orders"), map[string]any{"buyer": map[string]string{"name": "B", "email": "b@example.org"}}, "Idempotency-Key", "order-1")
	f.must(t, 200, "POST", f.path("/orders"), buyer, &same)
	if made.Order.Total != hold.Seats[0].Price+hold.Seats[1].Price || made.Order.Currency != "EUR" {
		t.Fatalf("total %d %s", made.Order.Total, made.Order.Currency)
	}
	declined, err := f.settle(ctx, &same.Order, "declined", "declined")
	if err != nil {
		t.Fatal(err)
	}
	clock := declined.ExpiresAt
	byToken := newClient(f.base.Load().(string))
	byToken.bearer = made.Token
	byToken.must(t, 200, "POST", "/api/v1/orders/"+made.Order.ID+"/pay", nil, &same.Order)
	if !same.Order.ExpiresAt.Equal(clock) {
		t.Fatalf("paying again moved the clock: %v, %v", clock, same.Order.ExpiresAt)
	}
	newClient(f.base.Load().(string)).refused(t, 404, "not-found", "GET", "/api/v1/orders/"+made.Order.ID, nil)
	paid, err := f.settle(ctx, &same.Order, "paid", "paid")
	if err != nil {
		t.Fatal(err)
	}
	byToken.refused(t, 409, "not-payable", "POST", "/api/v1/orders/"+made.Order.ID+"/pay", nil)
	byToken.refused(t, 409, "already-paid", "DELETE", "/api/v1/orders/"+made.Order.ID, nil)
	return paid
}

// checkTickets looks at what the fan holds in hand: page, PDF, calendar, mail, and the door.
func checkTickets(t *testing.T, p *process, staff *client, f *fan, o *orderView) {
	t.Helper()
	if len(o.Tickets) != 2 {
		t.Fatalf("%d tickets", len(o.Tickets))
	}
	ticket := o.Tickets[0]
	page := f.must(t, 200, "GET", ticket.URL, nil, nil)
	if !bytes.Contains(page.Body, []byte(f.name)) || !bytes.Contains(page.Body, []byte("TEST")) || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the ticket page: %v", page.Header)
	}
	pdf := f.must(t, 200, "GET", ticket.PDF, nil, nil)
	if !bytes.HasPrefix(pdf.Body, []byte("%PDF-")) {
		t.Error("no PDF")
	}
	ics := f.must(t, 200, "GET", ticket.URL+".ics", nil, nil)
	if !bytes.Contains(ics.Body, []byte("BEGIN:VEVENT")) || !bytes.Contains(ics.Body, []byte("Spring Gala")) {
		t.Errorf("calendar: %s", ics.Body)
	}
	testkit.Eventually(t, 20*time.Second, "mail in the outbox", func() bool {
		var outbox struct {
			Mails []struct{ To, Subject, Status, Order string }
		}
		staff.must(t, 200, "GET", "/api/v1/admin/outbox?q=asa", nil, &outbox)
		return len(outbox.Mails) > 0 && outbox.Mails[0].Status == "sent"
	})
	files, err := filepath.Glob(filepath.Join(p.dir, "outbox", "*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files in the outbox: %v", len(files), err)
	}
	mail, err := os.ReadFile(files[0])
	if err != nil || !bytes.Contains(mail, []byte("tickets.pdf")) || !bytes.Contains(mail, []byte(".ics")) {
		t.Errorf("the mail lacks its attachments: %v", err)
	}
	door := map[string]string{"code": ticket.Code, "gate": "B"}
	var in struct{ Ticket, Seat, Name string }
	staff.must(t, 201, "POST", "/api/v1/admin/events/gala/checkins", door, &in)
	if in.Name != f.name || in.Seat != ticket.Seat.Label {
		t.Errorf("at the door: %+v", in)
	}
	if facts := staff.refused(t, 409, "already-in", "POST", "/api/v1/admin/events/gala/checkins", door); facts["gate"] != "B" || facts["at"] == nil {
		t.Errorf("already in: %v", facts)
	}
	forged := []byte(ticket.Code)
	forged[len(forged)-5] ^= 1
	staff.refused(t, 422, "bad-code", "POST", "/api/v1/admin/events/gala/checkins", map[string]string{"code": string(forged), "gate": "B"})
}

// checkBooks looks at what the organiser sees: figures, audit, ledger, log.
func checkBooks(t *testing.T, staff *client, o *orderView) {
	t.Helper()
	var stats struct {
		Phase                                                     string
		Waiting, Admitted, Cap, Free, Held, Paying, Sold, Blocked int
		Orders                                                    struct{ Paid, Pending, Refunded int }
		Money                                                     struct{ Gross, Refunded, Owed int64 }
	}
	staff.must(t, 200, "GET", "/api/v1/admin/events/gala/stats", nil, &stats)
	if stats.Phase != "open" || stats.Sold != 2 || stats.Orders.Paid != 1 || stats.Money.Gross != o.Total || stats.Money.Owed != 0 {
		t.Errorf("stats: %+v", stats)
	}
	if sum := stats.Free + stats.Held + stats.Paying + stats.Sold + stats.Blocked; sum != 738 {
		t.Errorf("free + held + paying + sold + blocked is %d of 738", sum)
	}
	cleanAudit(t, staff)
	var log struct{ Entries []json.RawMessage }
	staff.must(t, 200, "GET", "/api/v1/admin/log", nil, &log)
	if len(log.Entries) == 0 {
		t.Error("the log is empty")
	}
	csv := staff.must(t, 200, "GET", "/api/v1/admin/events/gala/orders.csv", nil, nil)
	if !bytes.Contains(csv.Body, []byte(o.Code)) {
		t.Errorf("orders.csv lacks the order: %s", csv.Body)
	}
}

// cleanAudit asks until the stores answer: right after an outage the audit says "busy" rather than guess.
func cleanAudit(t testing.TB, staff *client) auditView {
	t.Helper()
	var audit auditView
	testkit.Eventually(t, 20*time.Second, "an audit", func() bool {
		a, err := staff.do("GET", "/api/v1/admin/audit", nil)
		return err == nil && a.Status == 200 && json.Unmarshal(a.Body, &audit) == nil
	})
	if !audit.OK {
		t.Errorf("audit: %+v", audit)
	}
	return audit
}
