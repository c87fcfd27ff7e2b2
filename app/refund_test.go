package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// What was agreed stays agreed: a refund returns the price that was paid, not the one the seat has now. And many
// refunds at once, on a pool smaller than their number, wait for one another and not for ever. The process is known to
// the world under a public name, as in earnest, and its audit still reads the processor's ledger.
func TestRefundsReturnWhatWasPaid(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "FAIRSEAT_POSTGRES__MAX_CONNECTIONS=4", "FAIRSEAT_HTTP__PUBLIC_URL=http://tickets.example.org")
	staff := signIn(t, p.base)
	createEvent(t, staff, "back", house(t, staff, 2, 8), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	orders := make([]*orderView, 12)
	for i := range orders {
		f := newFan(p.base, "back", fmt.Sprintf("Fan %d", i))
		if err := f.join(ctx); err != nil {
			t.Fatal(err)
		}
		if in, err := f.enter(ctx); err != nil || !in {
			t.Fatalf("not let in: %v", err)
		}
		f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": []int{i}}, nil)
		order, a, err := f.order(ctx, fmt.Sprintf("fan%d@example.org", i))
		if err != nil || order == nil {
			t.Fatalf("order: %v %v", a, err)
		}
		f.pays = p.base // the address to pay at is the public one, which does not lead here
		if orders[i], err = f.settle(ctx, order, "paid", "paid"); err != nil {
			t.Fatal(err)
		}
	}
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/back", map[string]any{"prices": map[string]any{"Stalls": 8000}}, nil)
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() {
			a, err := staff.do("POST", "/api/v1/admin/orders/"+o.ID+"/refund", map[string]any{"reason": "rain"})
			if err != nil || a.Status != 200 {
				t.Errorf("refund: %v %v", a, err)
			}
		})
	}
	all.Wait()
	testkit.Eventually(t, 30*time.Second, "every order is refunded", func() bool {
		for _, o := range orders {
			var now orderView
			a, err := staff.do("GET", "/api/v1/admin/orders/"+o.ID, nil)
			if err != nil || a.Status != 200 || json.Unmarshal(a.Body, &now) != nil || now.Status != "refunded" {
				return false
			}
		}
		return true
	})
	audit := cleanAudit(t, staff)
	if m := audit.Money["EUR"]; m.Captured != 12*5000 || m.Refunded != 12*5000 || m.Delivered != 0 || m.Owed != 0 {
		t.Errorf("the books: %+v", m)
	}
}
