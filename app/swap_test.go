package app_test

import (
	"context"
	"fmt"
	"html"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// threePrices is a house with a row of stalls, one of the circle and one of boxes, eight seats each.
func threePrices(t testing.TB, staff *client) string {
	t.Helper()
	type object = map[string]any
	var rows, categories []object
	for r, name := range []string{"Stalls", "Circle", "Box"} {
		var seats []object
		for s := range 8 {
			seats = append(seats, object{"seat_guid": fmt.Sprintf("%d-%d", r, s), "seat_number": fmt.Sprint(s + 1), "position": object{"x": s * 25, "y": 0}, "category": name})
		}
		rows = append(rows, object{"row_number": string(rune('A' + r)), "position": object{"x": 0, "y": r * 25}, "seats": seats})
		categories = append(categories, object{"name": name, "color": "#3355aa"})
	}
	var plan struct{ ID string }
	staff.must(t, 201, "POST", "/api/v1/admin/plans", object{
		"name": "House", "size": object{"width": 1000, "height": 1000}, "categories": categories,
		"zones": []object{{"name": "Ground", "position": object{"x": 0, "y": 0}, "rows": rows, "areas": []object{}}},
	}, &plan)
	return plan.ID
}

// sees opens a page of the fan's as a browser without script does, and fails unless it says all of the words.
func (f *fan) sees(t testing.TB, status int, path string, form neturl.Values, words ...string) {
	t.Helper()
	method, header, body := "GET", []string{"Accept", "text/html"}, any(nil)
	if form != nil {
		method, body, header = "POST", []byte(form.Encode()), append(header, "Content-Type", "application/x-www-form-urlencoded")
	}
	a := f.must(t, status, method, path, body, nil, header...)
	text := strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(string(a.Body), " "))), " ")
	for _, w := range words {
		if has := strings.Contains(text, strings.TrimPrefix(w, "!")); has == strings.HasPrefix(w, "!") {
			t.Fatalf("%s %s: %q: %s", method, path, w, text)
		}
	}
}

// A buyer changes a seat by plain forms: one that costs less gives the difference back by itself, and the rules of the house hold.
func TestABuyerSwapsSeats(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "swaps", threePrices(t, staff), map[string]any{"Stalls": 5000, "Circle": 3000, "Box": 9000}, 0,
		map[string]any{"queue": nil, "max_per_buyer": 2, "orphan_rule": "strict"})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	buyer, order := bought(ctx, t, p.base, "swaps", "asa@example.org", 0, 1)
	page, ticket := "/orders/"+order.ID, order.Tickets[1].ID

	buyer.sees(t, 200, page, nil, "Change a seat")
	buyer.sees(t, 200, page+"/swap", nil, "Which seat do you want to change?", "50.00 EUR")
	buyer.sees(t, 200, page+"/swap?ticket="+ticket, nil, "(Stalls), for 50.00 EUR", "Free seats", "Row A", "Row B", "Circle · 30.00 EUR · 20.00 EUR back", "Stalls · 50.00 EUR", "Row C", "Box · 90.00 EUR · 40.00 EUR to pay", "at most until")
	form := func(to string) neturl.Values { return neturl.Values{"ticket": {ticket}, "to": {to}} }
	buyer.sees(t, 422, page+"/swap", form(""), "Choose a seat first")
	buyer.sees(t, 422, page+"/swap?next=1&ticket="+ticket, nil, "Choose a seat first")
	buyer.sees(t, 409, page+"/swap?to=0&ticket="+ticket, nil, "somebody was quicker")
	buyer.sees(t, 200, page+"/swap?to=16&ticket="+ticket, nil, "Difference 40.00 EUR to pay", "until then your ticket stays good", "Pay 40.00 EUR")
	buyer.sees(t, 200, page+"/swap?to=8&next=1&ticket="+ticket, nil, "Change your seat?", "You give back Row A, seat 2 Stalls 50.00 EUR",
		"You get Row B, seat 1 Circle 30.00 EUR", "Difference 20.00 EUR back", "its ticket is no longer valid", "Change now")
	buyer.sees(t, 409, page+"/swap", form("0"), "somebody was quicker")
	buyer.sees(t, 422, page+"/swap", form("9"), "cannot be had alone") // it would leave the first of the row by itself
	newClient(p.base).must(t, 404, "POST", page+"/swap", []byte(form("8").Encode()), nil, "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	buyer.sees(t, 303, page+"/swap", form("8"))
	buyer.sees(t, 200, page+"?swapped=1", nil, "Your seat has changed",
		"Row A, seat 2 Stalls changed for Row B, seat 1 50.00 EUR Total 100.00 EUR Back to you a cheaper seat")

	var now orderView
	buyer.must(t, 200, "GET", "/api/v1/orders/"+order.ID, nil, &now)
	if now.Status != "paid" || len(now.Tickets) != 2 || now.Tickets[1].Seat.N != 8 || now.Total != 10000 {
		t.Fatalf("after the swap: %+v", now)
	}
	testkit.Eventually(t, 30*time.Second, "the difference is back, and said by mail", func() bool {
		var box struct {
			Mails []struct{ Subject, Status string }
		}
		staff.must(t, 200, "GET", "/api/v1/admin/outbox?q="+order.ID, nil, &box)
		said := 0
		for _, m := range box.Mails {
			if m.Status == "sent" && (strings.Contains(m.Subject, "has changed") || strings.Contains(m.Subject, "You get 20.00 EUR back")) {
				said++
			}
		}
		return said == 2
	})
	testkit.Eventually(t, 20*time.Second, "the money is back", func() bool { return cleanAudit(t, staff).Money["EUR"].Owed == 0 }) // the mail only promises it
	if m := cleanAudit(t, staff).Money["EUR"]; m.Captured != 10000 || m.Delivered != 8000 || m.Refunded != 2000 || m.Owed != 0 {
		t.Errorf("the books: %+v", m)
	}
	staff.must(t, 200, "POST", "/api/v1/admin/events/swaps/queue/end", map[string]any{"reason": "over"}, nil)
	buyer.sees(t, 200, page, nil, "!Change a seat")
	buyer.refused(t, 409, "swap-closed", "POST", "/api/v1/orders/"+order.ID+"/swap", map[string]any{"ticket": now.Tickets[1].ID, "to": 10})
}

// For a dearer seat the difference is paid first, on the order's page, and may be given up there. The old ticket is good until
// then, the new seat is nobody else's, and the books hold the sum of both payments.
func TestABuyerPaysForADearerSeat(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "dearer", threePrices(t, staff), map[string]any{"Stalls": 5000, "Circle": 3000, "Box": 9000}, 0, map[string]any{"queue": nil, "max_per_buyer": 2})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	buyer, order := bought(ctx, t, p.base, "dearer", "asa@example.org", 0, 1)
	page, api := "/orders/"+order.ID, "/api/v1/orders/"+order.ID
	form := neturl.Values{"ticket": {order.Tickets[1].ID}, "to": {"16"}}
	type swapping struct {
		orderView
		Swap *struct {
			Difference int64
			Status     string
			Payment    *struct{ URL *string }
		}
	}
	var now swapping
	under := func() *swapping {
		testkit.Eventually(t, 20*time.Second, "a page to pay on", func() bool {
			now = swapping{}
			buyer.must(t, 200, "GET", api, nil, &now)
			return now.Swap != nil && now.Swap.Payment != nil && now.Swap.Payment.URL != nil
		})
		return &now
	}
	pays := func(outcome string) {
		buyer.must(t, 200, "POST", *under().Swap.Payment.URL, map[string]string{"outcome": outcome}, nil)
	}

	buyer.sees(t, 303, page+"/swap", form)
	if under().Swap.Difference != 4000 || now.Total != 10000 || len(now.Tickets) != 2 {
		t.Fatalf("under way: %+v", now)
	}
	buyer.sees(t, 200, page, nil, "Paid. Here are your tickets", "pay the difference", "Row C, seat 1 is kept for you", "40.00 EUR more than", "Pay 40.00 EUR", "Keep Row A, seat 2 instead", "!Change a seat")
	other := newFan(p.base, "dearer", "Bob")
	if err := other.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := other.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	other.refused(t, 409, "seats-taken", "POST", other.path("/holds"), map[string]any{"seats": []int{16}})
	cleanAudit(t, staff)

	pays("declined")
	testkit.Eventually(t, 20*time.Second, "declined", func() bool {
		now = swapping{}
		buyer.must(t, 200, "GET", api, nil, &now)
		return now.Swap != nil && now.Swap.Status == "declined"
	})
	buyer.sees(t, 200, page, nil, "Your bank declined the payment", "Try again: pay 40.00 EUR")
	buyer.sees(t, 303, page+"/swap/cancel", neturl.Values{})
	buyer.sees(t, 200, page, nil, "!pay the difference", "Change a seat", "Row A, seat 2")
	testkit.Eventually(t, 20*time.Second, "the other seat is free", func() bool {
		a, err := other.do("POST", other.path("/holds"), map[string]any{"seats": []int{16}})
		return err == nil && a.Status == 201
	})
	buyer.refused(t, 409, "seats-taken", "POST", api+"/swap", map[string]any{"ticket": order.Tickets[1].ID, "to": 16})

	buyer.must(t, 201, "POST", api+"/swap", map[string]any{"ticket": order.Tickets[1].ID, "to": 17}, nil)
	buyer.refused(t, 409, "swap-under-way", "POST", api+"/swap", map[string]any{"ticket": order.Tickets[1].ID, "to": 18})
	pays("paid")
	testkit.Eventually(t, 20*time.Second, "the seat is changed", func() bool {
		now = swapping{}
		buyer.must(t, 200, "GET", api, nil, &now)
		return now.Swap == nil && now.Total == 14000 && len(now.Tickets) == 2 && now.Tickets[1].Seat.N == 17
	})
	buyer.must(t, 204, "DELETE", api+"/swap", nil, nil)
	if m := cleanAudit(t, staff).Money["EUR"]; m.Captured != 14000 || m.Delivered != 14000 || m.Owed != 0 || m.InFlight != 0 {
		t.Errorf("the books: %+v", m)
	}
}
