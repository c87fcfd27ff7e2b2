package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// bought is a paid order over some seats of an event without a line.
func bought(ctx context.Context, t *testing.T, base, event, email string, seats ...int) (*fan, *orderView) {
	t.Helper()
	f := newFan(base, event, "Åsa Ünlü")
	if err := f.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": seats}, nil)
	order, a, err := f.order(ctx, email)
	if err != nil || order == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	if order, err = f.settle(ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	return f, order
}

// The desk gives somebody another seat: the map, the mail, the door and the books follow.
func TestDeskMovesATicket(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "moved", house(t, staff, 2, 8), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	buyer, order := bought(ctx, t, p.base, "moved", "asa@example.org", 3)
	other := newFan(p.base, "moved", "Bob")
	if err := other.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := other.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	live := watch(t, other)
	other.must(t, 201, "POST", other.path("/holds"), map[string]any{"seats": []int{4}}, nil)

	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	at := "/admin/orders/" + order.ID
	o.open(at)
	o.sees("Change a seat")
	for typed, said := range map[string]string{"": "Name one seat", "Z-99": "Name one seat", "A-1, A-2": "Name one seat", order.Tickets[0].Seat.Label: "has already"} {
		o.post(map[bool]int{true: 200, false: 422}[said == "has already"], at+"/move", "ticket", order.Tickets[0].ID, "to", typed)
		if said != "has already" {
			o.sees(said)
		}
	}
	o.post(200, at+"/move", "ticket", order.Tickets[0].ID, "to", "A-7")
	o.sees("Change A-4 to A-7?", "the old one is void at once")
	o.post(409, at+"/move", "ticket", order.Tickets[0].ID, "to", "A-5", "sure", "1")
	o.sees("A-5 is taken")
	staff.must(t, 201, "POST", "/api/v1/admin/events/moved/blocks", map[string]any{"seats": []int{5}, "reason": "camera"}, nil)
	o.post(422, at+"/move", "ticket", order.Tickets[0].ID, "to", "A-6", "sure", "1")
	o.sees("A-6 is off sale")
	o.post(200, at+"/move", "ticket", order.Tickets[0].ID, "to", "A-7", "sure", "1")
	o.at(at)
	o.sees("The old ticket is void", "Seat changed: A-4 → A-7")
	live.sees(t, 3, 0)
	live.sees(t, 6, 2)

	var now orderView
	buyer.must(t, 200, "GET", "/api/v1/orders/"+order.ID, nil, &now)
	if now.Status != "paid" || len(now.Tickets) != 1 || now.Tickets[0].Seat.N != 6 || len(now.Seats) != 1 || now.Seats[0].N != 6 {
		t.Fatalf("after the move: %+v", now)
	}
	page := buyer.must(t, 410, "GET", strings.TrimPrefix(order.Tickets[0].URL, p.base), nil, nil, "Accept", "text/html")
	if !strings.Contains(string(page.Body), "seat of this ticket was changed") {
		t.Errorf("the old ticket says: %s", page.Body)
	}
	testkit.Eventually(t, 30*time.Second, "the mail about the new seat", func() bool {
		var box struct {
			Mails []struct{ Subject, Status string }
		}
		staff.must(t, 200, "GET", "/api/v1/admin/outbox?q="+order.ID, nil, &box)
		for _, m := range box.Mails {
			if m.Status == "sent" && strings.Contains(m.Subject, "Your seat for Spring Gala has changed") {
				return true
			}
		}
		return false
	})
	staff.refused(t, 422, "bad-code", "POST", "/api/v1/admin/events/moved/checkins", map[string]any{"code": order.Tickets[0].Code, "gate": "A"})
	staff.must(t, 201, "POST", "/api/v1/admin/events/moved/checkins", map[string]any{"code": now.Tickets[0].Code, "gate": "A"}, nil)
	staff.refused(t, 409, "not-movable", "POST", "/api/v1"+at+"/move", map[string]any{"ticket": now.Tickets[0].ID, "to": 9})
	o.open("/admin/log")
	o.sees("Seat changed")
	if m := cleanAudit(t, staff).Money["EUR"]; m.Captured != 5000 || m.Delivered != 5000 {
		t.Errorf("the books: %s", fmt.Sprint(m))
	}
}
