package app_test

import (
	"context"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// listedView is an order with the tickets that were given back.
type listedView struct {
	Back    []struct{ Done bool }
	Status  string
	Listed  []struct{ ID string }
	Tickets []struct{ ID, Code, URL string }
}

func (f *fan) own(t testing.TB, order string) (v listedView) {
	t.Helper()
	f.must(t, 200, "GET", "/api/v1/orders/"+order, nil, &v)
	return v
}

// A full house: one ticket goes from its buyer to the next in line by plain forms, at its price, and the money the other way.
// Every cent is where the processor says it is.
func TestATicketGoesToTheNextInLine(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "full", house(t, staff, 1, 4), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil, "max_per_buyer": 2})
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Second)
	defer cancel()
	seller, order := bought(ctx, t, p.base, "full", "asa@example.org", 0, 1)
	bought(ctx, t, p.base, "full", "bo@example.org", 2, 3)
	page, ticket := "/orders/"+order.ID, order.Tickets[0].ID
	form := neturl.Values{"ticket": {ticket}}
	phase := func(want string) {
		t.Helper()
		testkit.Eventually(t, 20*time.Second, "the sale is "+want, func() bool {
			var e struct{ Phase string }
			staff.must(t, 200, "GET", "/api/v1/events/full", nil, &e)
			return e.Phase == want
		})
	}
	phase("sold-out")
	seller.sees(t, 200, page, nil, "Give this ticket back")
	seller.sees(t, 200, page+"/giveback", nil, "Which ticket do you want to give back?", "50.00 EUR")
	seller.sees(t, 200, page+"/giveback?ticket="+ticket, nil, "From then on your ticket lets nobody in", "the 50.00 EUR you paid goes back to you", "Put it on sale again", "Keep it")
	newClient(p.base).must(t, 404, "POST", page+"/giveback", []byte(form.Encode()), nil, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	seller.sees(t, 303, page+"/giveback", form)
	seller.sees(t, 200, page+"?given=back", nil, "It is on sale again", "Take it back", "When somebody buys it, 50.00 EUR goes back to you")
	phase("open")
	staff.refused(t, 409, "ticket-listed", "POST", "/api/v1/admin/events/full/checkins", map[string]any{"code": order.Tickets[0].Code, "gate": "A"})
	var stats struct{ Free, Sold, Listed int }
	staff.must(t, 200, "GET", "/api/v1/admin/events/full/stats", nil, &stats)
	if stats.Free != 1 || stats.Sold != 3 || stats.Listed != 1 {
		t.Errorf("the desk sees %+v", stats)
	}
	cleanAudit(t, staff)

	// Taken back it is as good as before; given back anew somebody chooses it, and then it is too late.
	seller.sees(t, 303, page+"/takeback", form)
	seller.sees(t, 200, page+"?given=taken", nil, "It is yours again", "Give this ticket back")
	if now := seller.own(t, order.ID); len(now.Listed) != 0 || now.Tickets[0].Code != order.Tickets[0].Code {
		t.Errorf("taken back: %+v", now)
	}
	phase("sold-out")
	seller.must(t, 200, "POST", "/api/v1/orders/"+order.ID+"/tickets/"+ticket+"/listing", map[string]any{}, nil)
	phase("open")
	next := newFan(p.base, "full", "Cy")
	if err := next.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := next.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	next.must(t, 201, "POST", next.path("/holds"), map[string]any{"seats": []int{0}}, nil)
	seller.refused(t, 409, "listing-taken", "DELETE", "/api/v1/orders/"+order.ID+"/tickets/"+ticket+"/listing", nil)
	seller.sees(t, 409, page+"/takeback", form, "Somebody has chosen it", "Take it back")
	theirs, a, err := next.order(ctx, "cy@example.org")
	if err != nil || theirs == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	if theirs, err = next.settle(ctx, theirs, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "the seller has the money, and a mail that says so", func() bool {
		var box struct {
			Mails []struct{ Subject, Status string }
		}
		staff.must(t, 200, "GET", "/api/v1/admin/outbox?q="+order.ID, nil, &box)
		said := 0
		for _, m := range box.Mails {
			if m.Status == "sent" && (strings.Contains(m.Subject, "is on sale again") || strings.Contains(m.Subject, "you gave back is sold")) {
				said++
			}
		}
		now := seller.own(t, order.ID)
		return said == 3 && now.Status == "part-refunded" && len(now.Back) == 1 && now.Back[0].Done
	})
	seller.sees(t, 200, page, nil, "Back to you somebody bought your ticket · has left 50.00 EUR", "!Take it back")
	staff.must(t, 201, "POST", "/api/v1/admin/events/full/checkins", map[string]any{"code": theirs.Tickets[0].Code, "gate": "A"}, nil)
	staff.refused(t, 422, "bad-code", "POST", "/api/v1/admin/events/full/checkins", map[string]any{"code": order.Tickets[0].Code, "gate": "A"})
	if m := cleanAudit(t, staff).Money["EUR"]; m.Owed != 0 || m.Captured != 25000 || m.Delivered != 20000 || m.Refunded != 5000 {
		t.Errorf("the books: %+v", m)
	}
	var charges chargesView
	staff.must(t, 200, "GET", "/sandbox/charges", nil, &charges)
	var captured, refunded int64
	for _, c := range charges.Charges {
		captured, refunded = captured+c.Captured, refunded+c.Refunded
	}
	if captured != 25000 || refunded != 5000 {
		t.Errorf("the processor took %d and returned %d", captured, refunded)
	}

	// The organiser ends the sale: what nobody bought is its holder's again, by itself.
	other := seller.own(t, order.ID).Tickets[0].ID
	seller.must(t, 200, "POST", "/api/v1/orders/"+order.ID+"/tickets/"+other+"/listing", map[string]any{}, nil)
	seller.sees(t, 200, page, nil, "Your ticket is on sale again")
	staff.must(t, 200, "POST", "/api/v1/admin/events/full/queue/end", map[string]any{"reason": "over"}, nil)
	testkit.Eventually(t, 20*time.Second, "it is the seller's", func() bool { return len(seller.own(t, order.ID).Tickets) == 1 })
	seller.sees(t, 200, page, nil, "!Give this ticket back")
	seller.refused(t, 409, "listing-closed", "POST", "/api/v1/orders/"+order.ID+"/tickets/"+other+"/listing", map[string]any{})
	cleanAudit(t, staff)
}

// An organiser who wants none of it switches it off.
func TestAnEventWithoutReturns(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "firm", house(t, staff, 1, 4), map[string]any{"Stalls": 5000}, 0, map[string]any{"queue": nil, "returns": false})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	buyer, order := bought(ctx, t, p.base, "firm", "asa@example.org", 0)
	buyer.sees(t, 200, "/orders/"+order.ID, nil, "!Give this ticket back")
	buyer.refused(t, 409, "listing-closed", "POST", "/api/v1/orders/"+order.ID+"/tickets/"+order.Tickets[0].ID+"/listing", map[string]any{})
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/firm", map[string]any{"returns": true}, nil)
	buyer.sees(t, 200, "/orders/"+order.ID, nil, "Give this ticket back")
}
