package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/embedded"
	"fairseat/app/testkit"
)

// comesLate lets an order's money come after all, whatever the processor said before, and a webhook tell of it: what real
// processors do now and then, and the sandbox never by itself.
func (p *process) comesLate(order string) {
	p.t.Helper()
	servers, ok := embedded.Attach(embedded.Options{DataDir: p.dir, Log: testkit.Logger(p.t)})
	if !ok {
		p.t.Fatal("no Postgres to attach to")
	}
	db := testkit.Open(p.t, servers.PostgresURL())
	pool, err := db.DB()
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	var paid struct{ ID, Payment, WebhookURL string }
	if err := db.Raw(`UPDATE sandbox.payments SET status = 'authorized', authorized = amount WHERE order_id = ? AND status = 'cancelled'
		RETURNING id, payment, webhook_url`, order).Scan(&paid).Error; err != nil || paid.ID == "" {
		p.t.Fatalf("no payment of order %s: %v", order, err)
	}
	event := uuid.NewString()
	body, err := json.Marshal(object{"id": event, "type": "payment.authorized", "payment": object{"id": paid.ID, "payment": paid.Payment, "order": order, "status": "authorized"}})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := db.Exec(`INSERT INTO sandbox.webhooks (event_id, payment_id, url, body, due_at, created_at) VALUES (?, ?, ?, ?, now(), now())`,
		event, paid.ID, paid.WebhookURL, string(body)).Error; err != nil {
		p.t.Fatal(err)
	}
}

// hasty is an event whose orders soon expire, and not so soon that nobody could pay one.
func (s *stage) hasty() {
	s.t.Helper()
	createEvent(s.t, s.staff, "hasty", s.hall, stalls, -time.Second, object{"name": "Short Notice", "pay_seconds": 5, "max_per_buyer": 2, "queue": nil})
}

// offeredOther is a fan whose order expired, whose seat went to somebody else, and whose money came then.
func (s *stage) offeredOther(event, name string) (*fan, *orderView) {
	s.t.Helper()
	f, order := s.orders(event, name, 1, "", "expired")
	other := s.enters(event, name+" too")
	testkit.Eventually(s.t, 20*time.Second, "the map knows that the seat is free", func() bool {
		a, err := other.do("POST", other.path("/holds"), object{"seats": []int{order.Seats[0].N}})
		return err == nil && a.Status == 201
	})
	theirs, a, err := other.order(s.ctx, name+".too@example.org")
	if err != nil || theirs == nil {
		s.t.Fatalf("order: %v %v", a, err)
	}
	if _, err := other.settle(s.ctx, theirs, "paid", "paid"); err != nil {
		s.t.Fatal(err)
	}
	s.comesLate(order.ID)
	testkit.Eventually(s.t, 20*time.Second, "other seats are offered", func() bool {
		f.must(s.t, 200, "GET", "/api/v1/orders/"+order.ID, nil, order)
		return order.Status == "swap-offered"
	})
	return f, order
}

// From money that came too late to the ticket for the seat next to it, on the pages of a fan without script, and to the
// money back for one who does not want it.
func TestLateMoneyOnThePages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.hasty()
	takes, order := s.offeredOther("hasty", "Takes")
	b := newBrowser(t, s.base, phone)
	scriptless(takes, "/orders/"+order.ID)(b)
	b.sees("Your payment came late.", "went to somebody else", "Held for you instead", "at no extra cost")
	b.click("button", "Take ")
	b.within(20*time.Second, "the ticket is there", func() bool {
		var now orderView
		takes.must(t, 200, "GET", "/api/v1/orders/"+order.ID, nil, &now)
		return now.Status == "paid" && len(now.Tickets) == 1 && now.Tickets[0].Seat.N != order.Seats[0].N
	})
	refuses, second := s.offeredOther("hasty", "Refuses")
	refuses.must(t, 204, "DELETE", "/api/v1/orders/"+second.ID+"/offer", nil, nil)
	refuses.must(t, 204, "DELETE", "/api/v1/orders/"+second.ID+"/offer", nil, nil)
	refuses.must(t, 409, "POST", "/api/v1/orders/"+second.ID+"/offer", nil, nil)
	if _, err := refuses.settle(s.ctx, second, "", "cancelled"); err != nil {
		t.Error(err)
	}
	cleanAudit(t, s.staff)
}
