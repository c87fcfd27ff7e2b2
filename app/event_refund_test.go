package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

type eventRefundView struct {
	ID, Status string
	Orders     struct{ Total, Done, Failed, Unpaid int }
	Money      struct{ Total, Owed, Returned, Refused int64 }
}

// A whole event goes back: asked for by one owner at the desk, agreed to by another, killed in the middle, finished by
// the next process; nobody is left out, and nobody gets money twice.
func TestAWholeEventIsRefunded(t *testing.T) {
	t.Parallel()
	const buyers, price = 14, 5000
	p := startProcess(t, "FAIRSEAT_REFUNDS__SECOND_APPROVER_ABOVE=20000")
	staff := signIn(t, p.base)
	createEvent(t, staff, "rain", house(t, staff, 2, 8), map[string]any{"Stalls": price}, 0, map[string]any{"queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Second)
	defer cancel()
	var orders []*orderView
	var fans []*fan
	for n := range buyers {
		f, o := bought(ctx, t, p.base, "rain", fmt.Sprintf("fan%d@example.org", n), n)
		fans, orders = append(fans, f), append(orders, o)
	}
	if out, code := p.run(strings.NewReader("another long password\n"), "admin", "add", "second@example.org"); code != 0 {
		t.Fatalf("admin add: exit %d: %s", code, out)
	}

	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/events/rain/refunds")
	o.sees("14 paid orders with 700.00 EUR.", "Above 200.00 EUR another owner must agree")
	o.post(422, "/admin/events/rain/refunds", "reason", " ")
	o.sees("Say why")
	o.post(200, "/admin/events/rain/refunds", "reason", "storm", "public_reason", "The roof is gone")
	o.sees("Refund everybody who bought for Spring Gala?", "until another owner has agreed", "cannot be opened again", "Everybody reads", "“The roof is gone”")
	o.post(200, "/admin/events/rain/refunds", "reason", "storm", "public_reason", "The roof is gone", "sure", "1")
	o.at("/admin/events/rain/refunds")
	o.sees("Asked for. Nothing happens", "Waits for another owner", "storm", "Withdraw")
	var list struct{ Refunds []eventRefundView }
	staff.must(t, 200, "GET", "/api/v1/admin/events/rain/refunds", nil, &list)
	one := "/events/rain/refunds/" + list.Refunds[0].ID
	o.post(403, "/admin"+one+"/agree", "sure", "1")
	o.sees("Somebody else must agree")

	second := signInAs(t, p.base, "second@example.org", "another long password")
	second.must(t, 200, "POST", "/api/v1/admin"+one+"/agree", nil, nil)
	p.kill()
	p.start()
	p.waitReady(30 * time.Second)
	staff.base.Store(p.base)
	var now eventRefundView
	testkit.Eventually(t, 60*time.Second, "every order is returned", func() bool {
		a, err := staff.do("GET", "/api/v1/admin"+one, nil)
		return err == nil && a.Status == 200 && json.Unmarshal(a.Body, &now) == nil && now.Status == "done" && now.Money.Owed == 0
	})
	if now.Orders.Total != buyers || now.Orders.Done != buyers || now.Money.Returned != buyers*price || now.Money.Total != buyers*price {
		t.Errorf("at the end: %+v", now)
	}
	for i, f := range fans {
		f.base.Store(p.base)
		var v orderView
		if f.must(t, 200, "GET", "/api/v1/orders/"+orders[i].ID, nil, &v); v.Status != "refunded" || len(v.Tickets) != 0 {
			t.Errorf("order %d: %+v", i, v)
		}
	}
	var ledger struct {
		Charges []struct{ Captured, Refunded int64 }
	}
	staff.must(t, 200, "GET", "/sandbox/charges", nil, &ledger)
	if len(ledger.Charges) != buyers {
		t.Errorf("%d charges", len(ledger.Charges))
	}
	for _, c := range ledger.Charges {
		if c.Captured != price || c.Refunded != price {
			t.Errorf("the processor took %d and returned %d", c.Captured, c.Refunded)
		}
	}
	if m := cleanAudit(t, staff).Money["EUR"]; m.Captured != buyers*price || m.Refunded != buyers*price || m.Delivered != 0 || m.Owed != 0 {
		t.Errorf("the books: %+v", m)
	}
	o = newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/events/rain/refunds")
	o.sees("Every order is returned", "second@example.org agreed", "14 of 14", "700.00 EUR")
	if strings.Contains(o.page, "Return everything") {
		t.Error("a second refund is offered")
	}
	// What is said to everybody is the one sentence that was written for them.
	fans[0].sees(t, 200, "/events/rain", nil, "Every ticket for this event is taken back. The roof is gone. Whoever has one", "!storm", "!16 left", "!2 left")
	fans[0].sees(t, 200, "/orders/"+orders[0].ID, nil, "Your money went back.", "no longer valid", "The roof is gone", "Back to you tickets taken back · has left", "!storm")
	o.open("/admin/log")
	o.sees("Refund of the event asked for", "Refund of the event agreed to", "Sale ended")
}
