package checkout

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

func TestTicketPages(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0)
	w.pay(p.Order.ID, provider.Authorized, 0)
	ticket := w.shown(p.Order.ID).Tickets[0]
	path := strings.TrimPrefix(ticket.URL, "http://fairseat.test")
	for suffix, kind := range map[string]string{"": "text/html", ".pdf": "application/pdf", ".ics": "text/calendar"} {
		a := w.do("GET", path+suffix, "")
		w.want(t, a, 200, "")
		if !strings.HasPrefix(a.Header().Get("Content-Type"), kind) || a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", suffix, a.Header())
		}
	}
	for _, bad := range []string{path + ".exe", path + "x", path[:len(path)-1], "/t/" + strings.Repeat("A", 22), "/t/" + strings.Repeat("A", 22) + ".pdf"} {
		w.want(t, w.do("GET", bad, ""), 404, "not-found")
	}
	if d, err := w.Document(context.Background(), uuid.MustParse(p.Order.ID)); err != nil || len(d.Tickets) != 1 || d.Email != "ada@example.org" || !d.Trial {
		t.Errorf("document %+v, %v", d, err)
	}
	if pdf, err := w.TicketsPDF(context.Background(), uuid.MustParse(p.Order.ID)); err != nil || string(pdf) != "%PDF-1" {
		t.Errorf("%s, %v", pdf, err)
	}
	_, err := w.Return(context.Background(), staffAda(), "", uuid.MustParse(p.Order.ID), nil, "x")
	must(t, err)
	for _, suffix := range []string{"", ".pdf", ".ics"} {
		w.want(t, w.do("GET", path+suffix, ""), 410, "ticket-void")
	}
	if pdf, err := w.TicketsPDF(context.Background(), uuid.MustParse(p.Order.ID)); err != nil || pdf != nil {
		t.Errorf("%s, %v", pdf, err)
	}
}

func TestStaffOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0, 1)
	w.pay(p.Order.ID, provider.Authorized, 0)
	w.placedBy(t, "cleo@example.org", 5)
	for q, want := range map[string]int{"": 2, p.Order.Code: 1, "ADA@": 1, "ada": 2, "A-2": 1, "a-6": 1, "A-12": 0, "%": 0, "_": 0, "nobody": 0} {
		var list struct{ Orders []OrderSummary }
		a := w.do("GET", "/api/v1/admin/orders?q="+strings.ReplaceAll(q, "%", "%25"), "")
		w.want(t, a, 200, "")
		if a.into(t, &list); len(list.Orders) != want {
			t.Errorf("%q finds %d orders, want %d", q, len(list.Orders), want)
		}
	}
	path := "/api/v1/admin/orders/" + p.Order.ID
	a := w.do("GET", path, "")
	w.want(t, a, 200, "")
	var v StaffView
	if a.into(t, &v); v.Status != "paid" || v.Buyer.Email != "ada@example.org" || len(v.History) < 4 || len(v.Payments) != 1 || time.Time(v.PaidAt).IsZero() {
		t.Errorf("order: %s", a.Body)
	}
	w.want(t, w.do("POST", path+"/refund", `{}`), 422, "bad-field")
	w.want(t, w.do("POST", path+"/refund", `{"reason":"x","tickets":[]}`), 422, "bad-field")
	w.want(t, w.do("POST", path+"/refund", `{"reason":"x","tickets":["y"]}`), 422, "bad-field")
	w.want(t, w.do("POST", path+"/refund", `{"reason":"ill","tickets":["`+v.Tickets[0].ID+`"]}`, "Idempotency-Key", "r"), 200, "")
	w.want(t, w.do("POST", path+"/refund", `{"reason":"ill","tickets":["`+v.Tickets[0].ID+`"]}`, "Idempotency-Key", "r"), 200, "")
	w.quiet(w.Service)
	w.kit.want(p.Order.ID, "part-refunded")
	w.want(t, w.do("POST", path+"/resend", ""), 202, "")
	w.want(t, w.do("POST", "/api/v1/admin/orders/"+uuid.NewString()+"/refund", `{"reason":"x"}`), 404, "not-found")
	if n := w.count(`SELECT count(*) FROM staff_log WHERE action IN ('order.refund', 'order.resend')`); n != 2 {
		t.Errorf("%d lines in the log", n)
	}
	st, err := w.Stats(context.Background(), w.event)
	must(t, err)
	if st.Orders.Paid != 1 || st.Orders.Pending != 1 || st.Money.Gross != 8400 || st.Money.Refunded != 4200 || st.Money.Owed != 0 || !st.Payments.Healthy {
		t.Errorf("stats %+v", st)
	}
	w.check()
}

func TestExportIsSafeToOpen(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	f := w.fan(0)
	body := `{"buyer":{"name":"=HYPERLINK(\"http://evil\")","email":"ada@example.org"}}`
	w.want(t, w.do("POST", "/api/v1/events/gala/orders", body, "X-Place", f.place.Key), 201, "")
	w.placedBy(t, "bob@example.org", 1, 2)
	a := w.do("GET", "/api/v1/admin/events/gala/orders.csv", "")
	w.want(t, a, 200, "")
	rows, err := csv.NewReader(a.Body).ReadAll()
	must(t, err)
	if len(rows) != 3 || rows[1][2] != `'=HYPERLINK("http://evil")` || rows[2][4] != "A-2 A-3" || rows[2][5] != "84.00" || rows[2][1] != "pending" {
		t.Errorf("%v", rows)
	}
}

func TestCheckInLetsOneOfManyScansIn(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	p, _ := w.placed(t, 0, 1)
	w.pay(p.Order.ID, provider.Authorized, 0)
	tickets := w.shown(p.Order.ID).Tickets
	scan := func(event, code string) answer {
		return w.do("POST", "/api/v1/admin/events/"+event+"/checkins", fmt.Sprintf(`{"code":%q,"gate":"B"}`, code))
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[int]int{}
	for range 30 {
		all.Go(func() {
			a := scan("gala", tickets[0].Code)
			mu.Lock()
			defer mu.Unlock()
			got[a.Code]++
		})
	}
	all.Wait()
	if got[201] != 1 || got[409] != 29 {
		t.Fatalf("answers: %v", got)
	}
	second := scan("gala", tickets[0].Code)
	var facts struct{ Code, Gate, At string }
	if second.into(t, &facts); facts.Code != "already-in" || facts.Gate != "B" || facts.At == "" {
		t.Errorf("%s", second.Body)
	}
	forged := []byte(tickets[1].Code)
	forged[len(forged)-5] ^= 1
	foreign := signTicketCode(w.Keys, TicketCode{EventID: w.event + 1, Ticket: uuid.MustParse(tickets[1].ID), Seat: 1})
	moved := signTicketCode(w.Keys, TicketCode{EventID: w.event, Ticket: uuid.MustParse(tickets[1].ID), Seat: 7})
	for _, code := range []string{"", "x", string(forged), foreign, moved, tickets[1].URL} {
		w.want(t, scan("gala", code), 422, "bad-code")
	}
	_, err := w.Return(context.Background(), staffAda(), "", uuid.MustParse(p.Order.ID), []uuid.UUID{uuid.MustParse(tickets[1].ID)}, "x")
	must(t, err)
	w.want(t, scan("gala", tickets[1].Code), 422, "bad-code")
	w.want(t, w.do("POST", "/api/v1/admin/events/gala/checkins", `{"code":"x","gate":"a\nb"}`), 422, "bad-field")
}
