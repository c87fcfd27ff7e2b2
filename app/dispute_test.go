package app_test

import (
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// From a payment that its owner disputes to the seat that is on sale again, at the door, on the ticket and on the desk.
func TestDisputedOrder(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	s := &stage{process: p, t: t, ctx: t.Context(), staff: signIn(t, p.base)}
	createEvent(t, s.staff, "gala", house(t, s.staff, 2, 8), stalls, -time.Second, object{"queue": nil})
	_, order := s.orders("gala", "Dis", 1, "paid", "paid")
	var whole struct {
		Payments []struct {
			Ref string `json:"provider_ref"`
		}
		Barred bool
	}
	s.staff.must(t, 200, "GET", "/api/v1/admin/orders/"+order.ID, nil, &whole)
	bank := newClient(p.base)
	says := func(status string) {
		t.Helper()
		bank.must(t, 200, "POST", "/sandbox/v1/payments/"+whole.Payments[0].Ref+"/dispute", object{"status": status}, nil)
	}
	page := func(c *client, path string) string {
		t.Helper()
		a, err := c.do("GET", path, nil, "Accept", "text/html")
		if err != nil {
			t.Fatal(err)
		}
		return string(a.Body)
	}
	checkin := object{"code": order.Tickets[0].Code, "gate": "A"}
	says("open")
	testkit.Eventually(t, 20*time.Second, "the order is barred", func() bool {
		s.staff.must(t, 200, "GET", "/api/v1/admin/orders/"+order.ID, nil, &whole)
		return whole.Barred
	})
	s.staff.must(t, 409, "POST", "/api/v1/admin/events/gala/checkins", checkin, nil)
	s.staff.must(t, 409, "POST", "/api/v1/admin/orders/"+order.ID+"/refund", object{"reason": "x"}, nil)
	if text := page(bank, order.Tickets[0].URL); !strings.Contains(text, "lets nobody in for now") {
		t.Errorf("the ticket says nothing:\n%s", text)
	}
	for path, want := range map[string]string{"/admin": "A payment is", "/admin/orders/" + order.ID: "This payment is disputed."} {
		if text := page(s.staff, path); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", path, want, text)
		}
	}
	s.staff.must(t, 200, "POST", "/api/v1/admin/orders/"+order.ID+"/unbar", object{}, nil)
	s.staff.must(t, 201, "POST", "/api/v1/admin/events/gala/checkins", checkin, nil)
	says("lost")
	testkit.Eventually(t, 20*time.Second, "the order is over and its seat free", func() bool {
		var now orderView
		s.staff.must(t, 200, "GET", "/api/v1/admin/orders/"+order.ID, nil, &now)
		return now.Status == "refunded"
	})
	another := s.enters("gala", "Another")
	testkit.Eventually(t, 10*time.Second, "somebody else holds it", func() bool {
		a, err := another.do("POST", another.path("/holds"), object{"seats": []int{order.Seats[0].N}})
		return err == nil && a.Status == 201
	})
	cleanAudit(t, s.staff)
}
