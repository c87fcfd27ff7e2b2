package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// club is a room with nothing but a floor, a gallery and a stage.
func club(t testing.TB, staff *client) string {
	t.Helper()
	type object = map[string]any
	var areas []object
	for i, name := range []string{"Stage", "Floor", "Gallery"} {
		areas = append(areas, object{"shape": "rectangle", "position": object{"x": 0, "y": 200 * i}, "rectangle": object{"width": 400, "height": 180},
			"text": object{"text": name, "position": object{"x": 200, "y": 90}}})
	}
	var plan struct {
		ID    string
		Seats int
		Areas []struct{ ID, Name string }
	}
	staff.must(t, 201, "POST", "/api/v1/admin/plans", object{"name": "Club", "zones": []object{{"name": "", "areas": areas}}}, &plan)
	if plan.Seats != 0 || len(plan.Areas) != 3 || plan.Areas[1].ID != "floor" {
		t.Fatalf("the club is %+v", plan)
	}
	return plan.ID
}

// onSale are the floor and the gallery of a club, in categories of the event's own.
func onSale(floor, gallery int) map[string]any {
	return map[string]any{"queue": nil, "max_per_buyer": 4, "areas": map[string]any{
		"floor": map[string]any{"capacity": floor, "category": "Standing"}, "gallery": map[string]any{"capacity": gallery, "category": "Gallery"}}}
}

var clubPrices = map[string]any{"Standing": 2500, "Gallery": 3200}

// A standing concert from hold to door and back: the same order, ticket, mail, door and refund as for seats.
func TestStandingFromHoldToDoor(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gig", club(t, staff), clubPrices, 0, onSale(3, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	f := newFan(p.base, "gig", "Åsa Ünlü")
	if err := f.join(ctx); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(ctx); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	var hold holdView
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"area": "floor", "quantity": 2}, &hold)
	if len(hold.Seats) != 2 || !strings.HasPrefix(hold.Seats[0].Label, "Floor ") || hold.Seats[0].Category != "standing" || hold.Seats[0].Price != 2500 {
		t.Fatalf("held %+v", hold)
	}
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 1, "category": "gallery"}}, &hold)
	order, a, err := f.order(ctx, "asa@example.org")
	if err != nil || order == nil || order.Total != 2*2500+3200 {
		t.Fatalf("order: %+v %v %v", order, a, err)
	}
	if order, err = f.settle(ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	for _, ticket := range order.Tickets {
		page := f.must(t, 200, "GET", ticket.URL, nil, nil)
		if !bytes.Contains(page.Body, []byte("Place, no numbered seat")) || !bytes.Contains(page.Body, []byte(ticket.Seat.Label)) || !strings.Contains("Floor Gallery", strings.Fields(ticket.Seat.Label)[0]) {
			t.Errorf("the ticket of %s: %s", ticket.Seat.Label, page.Body)
		}
		if pdf := f.must(t, 200, "GET", ticket.PDF, nil, nil); !bytes.HasPrefix(pdf.Body, []byte("%PDF-")) {
			t.Error("no PDF")
		}
	}
	var in struct{ Seat string }
	staff.must(t, 201, "POST", "/api/v1/admin/events/gig/checkins", map[string]string{"code": order.Tickets[0].Code, "gate": "A"}, &in)
	if in.Seat != order.Tickets[0].Seat.Label {
		t.Errorf("at the door: %+v", in)
	}
	csv := staff.must(t, 200, "GET", "/api/v1/admin/events/gig/orders.csv", nil, nil)
	found := staff.must(t, 200, "GET", "/api/v1/admin/orders?q="+strings.ReplaceAll(order.Tickets[1].Seat.Label, " ", "+"), nil, nil)
	if !bytes.Contains(csv.Body, []byte(order.Tickets[1].Seat.Label)) || !bytes.Contains(found.Body, []byte(order.Code)) {
		t.Errorf("the orders: %s, searched: %s", csv.Body, found.Body)
	}

	// A ticket given back is a place for somebody else.
	staff.must(t, 200, "POST", "/api/v1/admin/orders/"+order.ID+"/refund", map[string]any{"tickets": []string{order.Tickets[1].ID}, "reason": "ill"}, nil)
	var stats struct{ Free, Sold, Blocked int }
	testkit.Eventually(t, 20*time.Second, "the place is free again", func() bool {
		staff.must(t, 200, "GET", "/api/v1/admin/events/gig/stats", nil, &stats)
		return stats.Sold == 2 && stats.Free == 3 && stats.Blocked == 0
	})
	cleanAudit(t, staff)
}

// Without script a floor is a number to choose, and the rest is as for seats.
func TestStandingWithoutScript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gig", club(t, staff), clubPrices, 0, onSale(3, 2))
	r := inside(t, p.base, "gig")
	const path = "/events/gig/place/seats"
	page := r.get(path, "Without a numbered seat", "Floor", "25.00 EUR", "3 free", "Gallery", "2 free")
	for _, words := range []string{"Or choose seat by seat", "Best available"} {
		if strings.Contains(page.body, words) {
			t.Errorf("a room without seats offers %q", words)
		}
	}
	r.send(path, path, "area", "floor", "quantity", "3")
	r.get(path, "Floor 1", "Floor 2", "Floor 3", "none free", "75.00 EUR", "minutes left, until")
	r.refused(409, path, []string{"area", "floor", "quantity", "1"}, "There are not so many free seats of that kind any more")
	r.refused(422, path, []string{"area", "gallery", "quantity", "2"}, "One person may have 4")
	r.refused(422, path, []string{"area", "stage", "quantity", "1"})
	r.send(path, path, "back", "1")
	r.get(path, "1 free")
	order := r.send("/events/gig/place/checkout", "/orders/", "name", "Åsa", "email", "asa@example.org").to
	order, _, _ = strings.Cut(order, "?")
	r.get(order, "Floor 1", "50.00 EUR")
}

// Fifty fans want two each of twenty places: nobody gets one that another has, and no place is left over.
func TestLastPlacesOverHTTP(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gig", club(t, staff), clubPrices, 0, onSale(20, 1))
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var got, none atomic.Int32
	var mu sync.Mutex
	owner := map[int]int{}
	var all sync.WaitGroup
	for i := range 50 {
		f := newFan(p.base, "gig", fmt.Sprintf("Fan %d", i))
		all.Go(func() {
			if err := f.join(ctx); err != nil {
				t.Errorf("fan %d: %v", i, err)
				return
			}
			if in, err := f.enter(ctx); err != nil || !in {
				t.Errorf("fan %d is not let in: %v", i, err)
				return
			}
			a, err := f.patient(ctx, "POST", f.path("/holds"), map[string]any{"area": "floor", "quantity": 2})
			if err != nil {
				t.Errorf("fan %d: %v", i, err)
				return
			}
			if a.Status == 409 && a.code() == "none-left" {
				none.Add(1)
				return
			}
			var hold holdView
			if err := json.Unmarshal(a.Body, &hold); err != nil || a.Status != 201 || len(hold.Seats) != 2 {
				t.Errorf("fan %d: %v", i, a)
				return
			}
			got.Add(1)
			mu.Lock()
			defer mu.Unlock()
			for _, s := range hold.Seats {
				if other, twice := owner[s.N]; twice {
					t.Errorf("fans %d and %d have %s", other, i, s.Label)
				}
				owner[s.N] = i
			}
		})
	}
	all.Wait()
	if got.Load() != 10 || none.Load() != 40 {
		t.Errorf("%d fans got places, %d were told that there are none", got.Load(), none.Load())
	}
	cleanAudit(t, staff)
}

// The desk asks of each area how many people and at which price, says what is wrong beside it, and shows what became of it.
func TestDeskPutsAreasOnSale(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	plan := club(t, staff)
	o := newOrganiser(t, p.base)
	o.signIn(ownerPassword, 200)
	form := "/admin/plans/" + plan + "/event"
	o.open("/admin/plans/" + plan)
	o.sees("The room has no seats, only areas")
	o.open(form)
	o.sees("Areas without seats", "Floor", "Gallery", "Stage")
	about := []string{"name", "Gig", "timezone", "Europe/Berlin", "opens_at", "2027-05-01T20:00", "currency", "EUR", "max_per_buyer", "4", "waiting_room", "no"}
	for _, wrong := range []struct {
		says   string
		fields []string
	}{
		{"nothing is on sale", nil},
		{"Is a whole number, or empty.", []string{"places_floor", "lots", "area_price_floor", "25"}},
		{"Is a price such as 42.50.", []string{"places_floor", "300", "area_price_floor", "cheap"}},
		{"Is a whole number from 1 to 200000.", []string{"places_floor", "0", "area_price_floor", "25"}},
	} {
		o.post(422, form, append(wrong.fields, about...)...)
		o.sees("Nothing was saved yet", wrong.says)
		if len(wrong.fields) > 0 {
			o.sees(`value="` + wrong.fields[1] + `"`)
		}
	}
	o.post(200, form, append([]string{"places_floor", "1,300", "area_price_floor", "25", "places_gallery", "80", "area_price_gallery", "32.50"}, about...)...)
	o.at("/admin/events/gig")
	o.open("/admin/events/gig/settings")
	o.sees("1,300 places as Floor, 25.00 EUR", "80 places as Gallery, 32.50", "To sell fewer, block some")
	var event struct {
		SeatsTotal int `json:"seats_total"`
		Areas      map[string]struct {
			Capacity, First int
			Category        string
		}
	}
	staff.must(t, 200, "GET", "/api/v1/admin/events/gig", nil, &event)
	if a := event.Areas["gallery"]; event.SeatsTotal != 1380 || a.First != 1300 || a.Capacity != 80 || a.Category != "Gallery" || len(event.Areas) != 2 {
		t.Errorf("%+v", event)
	}
	// Settings are saved as before; what the event sells of its areas is not among them.
	o.post(200, "/admin/events/gig/settings", append([]string{"price_floor", "27", "price_gallery", "32.50"}, about...)...)
	o.open("/admin/events/gig/settings")
	o.sees("1,300 places as Floor, 27.00 EUR")
}
