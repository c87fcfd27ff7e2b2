package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The stalls are for members from the desk's code on: seen by all, held, proposed and ordered with the code alone, swapped
// for one another by buyers, given to anybody by staff, and open to all again.
func TestSeatsThatOnlyACodeOpens(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", threePrices(t, staff), map[string]any{"Stalls": 5000, "Circle": 3000, "Box": 9000}, 0,
		map[string]any{"queue": nil, "max_per_buyer": 4})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	o := newOrganiser(t, p.base)
	o.open("/admin")
	o.signIn(ownerPassword, 200)
	const codes = "/admin/events/gala/promotions"
	o.post(422, codes, "code", "members", "kind", "nothing")
	o.sees("opens at least one kind of seats")
	o.post(200, codes, "code", "Members", "kind", "nothing", "opens", "stalls", "max_uses", "3")
	o.sees("full price · opens Stalls", "of 3")

	f := newFan(p.base, "gala", "Åsa")
	if err := f.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(ctx); err != nil || !in {
		t.Fatal(in, err)
	}
	locked := func() (names []string) {
		var event struct {
			Categories []struct {
				Name   string
				Locked bool
			}
		}
		f.must(t, 200, "GET", f.path(""), nil, &event)
		for _, c := range event.Categories {
			if c.Locked {
				names = append(names, c.Name)
			}
		}
		return names
	}
	if got := locked(); len(got) != 1 || got[0] != "Stalls" {
		t.Fatalf("%v are locked", got)
	}
	for _, body := range []map[string]any{{"seats": []int{0}}, {"seats": []int{0, 8}}, {"best": map[string]any{"quantity": 1, "category": "stalls"}}} {
		why := f.refused(t, http.StatusForbidden, "access-code-required", "POST", f.path("/holds"), body)
		if !strings.Contains(why["detail"].(string), "code") || len(why["categories"].([]any)) != 1 {
			t.Errorf("%v: %v", body, why)
		}
	}
	var held holdView
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 4}}, &held)
	for _, seat := range held.Seats {
		if seat.N < 8 {
			t.Errorf("the best for who has no code: %+v", held.Seats)
		}
	}
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil)
	f.refused(t, 422, "bad-promo", "POST", f.path("/promo"), map[string]any{"code": "member"})
	var opened struct{ Unlocked []string }
	f.must(t, 200, "POST", f.path("/promo"), map[string]any{"code": "MEMBERS"}, &opened)
	if len(opened.Unlocked) != 1 || opened.Unlocked[0] != "stalls" {
		t.Fatalf("opened %v", opened)
	}
	opened.Unlocked = nil
	if f.must(t, 200, "GET", f.path("/holds"), nil, &opened); len(opened.Unlocked) != 1 {
		t.Errorf("the basket knows of %v", opened)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"seats": []int{0, 1, 16}}, nil)
	order, a, err := f.order(ctx, "asa@example.org")
	if err != nil || order == nil {
		t.Fatal(a, err)
	}
	if order, err = f.settle(ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	swap := "/api/v1/orders/" + order.ID + "/swap"
	f.refused(t, http.StatusForbidden, "access-code-required", "POST", swap, map[string]any{"ticket": order.Tickets[2].ID, "to": 3})
	f.must(t, 200, "POST", swap, map[string]any{"ticket": order.Tickets[1].ID, "to": 4}, nil)
	f.sees(t, 200, "/orders/"+order.ID+"/swap?ticket="+order.Tickets[2].ID, nil, "Row B", "!Row A")
	staff.must(t, 200, "POST", "/api/v1/admin/orders/"+order.ID+"/move", map[string]any{"ticket": order.Tickets[2].ID, "to": 5}, nil)

	// The same without script. The code has one use left, and the place is told so before it pays.
	r := inside(t, p.base, "gala")
	const seats, checkout = "/events/gala/place/seats", "/events/gala/place/checkout"
	r.get(seats+"?part=0", "Have a code?", "only with a code", `<option value="circle">`)
	r.refused(http.StatusForbidden, seats, []string{"seat", "2"}, "only for those who were given a code")
	r.refused(422, seats, []string{"code", " "}, "Type the code first.")
	r.refused(422, seats, []string{"code", "guests"}, "There is no such code", `value="guests"`)
	r.send(seats, seats+"#yours", "code", "mem-bers")
	if s := r.get(seats+"?part=0", "Open to you: Stalls"); strings.Contains(s.body, "only with a code") {
		t.Error("seats that are open are said to need a code")
	}
	r.send(seats, seats+"#yours", "seat", "2", "seat", "3")
	r.get(checkout, `value="Members"`, "opens fewer of these seats than you hold: 1", "Pay 100.00 EUR")
	r.send(seats, seats+"#yours", "back", "3")
	r.get(checkout, `value="Members"`, "Code Members", "Pay 50.00 EUR")
	buy := []string{"name", "Bo", "email", "bo@example.org", "applied", "Members", "total", "5000"}
	paid := r.send(checkout, "/orders/", buy...).to // what was typed away is needed all the same
	path, _, _ := strings.Cut(paid, "?")
	r.seesSoon(path, "Pay 50.00 EUR", "with code Members")
	f.sees(t, 200, "/events/gala", nil, "Stalls with a code")
	o.open(codes)
	o.sees("3 of 3")

	settings := "/admin/events/gala/settings"
	o.open(settings)
	o.sees(`name="locked" value="stalls" checked`, `name="late_offer" inputmode="decimal" value="10"`)
	prices := []string{"price_stalls", "50", "price_circle", "30", "price_box", "90"}
	o.post(422, settings, append(prices, "locked", "stalls", "late_offer", "soon")...)
	o.sees("Is a number of minutes up to 1440")
	o.post(200, settings, append(prices, "locked", "box", "late_offer", "1.5")...)
	if got := locked(); len(got) != 1 || got[0] != "Box" {
		t.Errorf("%v are locked", got)
	}
	var whole struct {
		LateOffer int `json:"late_offer_seconds"`
	}
	if staff.must(t, 200, "GET", "/api/v1/admin/events/gala", nil, &whole); whole.LateOffer != 90 {
		t.Errorf("other seats are offered for %d s", whole.LateOffer)
	}
	cleanAudit(t, staff)
}
