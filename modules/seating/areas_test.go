package seating

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/fault"
	"fairseat/app/testkit"
	"fairseat/modules/seating/plan"
)

// onFloor has a floor for so many, sold as Circle, and a bar for two in a category of its own, behind 18 drawn seats.
func onFloor(capacity int) string {
	return fmt.Sprintf(`,"areas":{"floor":{"capacity":%d,"category":"Circle"},"bar":{"capacity":2,"category":"Standing room"}},
		"prices":{"Standing room":1500}`, capacity)
}

func TestAreaIsSoldByTheNumber(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5)+`,"max_per_buyer":4`)
	h.admit("ada", "bob")
	url := serve(t, h.s) + "/api/v1/events/gala"
	var got struct {
		Seats []Seat
		Total int
	}
	a := ask(t, "POST", url+"/holds", `{"area":"floor","quantity":3}`, "X-Place", "ada").want(t, 201, "")
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Seats {
		if s.N < 18 || s.N > 22 || s.Label != fmt.Sprintf("Floor %d", s.N-17) || s.Category != "circle" || s.Price != 3000 {
			t.Errorf("held %+v", s)
		}
	}
	if len(got.Seats) != 3 || got.Total != 9000 {
		t.Errorf("%d places for %d", len(got.Seats), got.Total)
	}
	ask(t, "POST", url+"/holds", `{"area":"floor","quantity":3}`, "X-Place", "bob").want(t, 409, "none-left")
	bar := ask(t, "POST", url+"/holds", `{"area":"bar","quantity":2}`, "X-Place", "bob").want(t, 201, "")
	if !strings.Contains(string(bar.body), `{"n":23,"label":"Bar 1","category":"standing-room","price":1500}`) {
		t.Errorf("%s", bar.body)
	}
	for n := 18; n < 25; n++ {
		if held := slices.ContainsFunc(got.Seats, func(s Seat) bool { return s.N == n }) || n >= 23; (h.status(n) == 1) != held {
			t.Errorf("place %d is %d", n, h.status(n))
		}
	}
	// From here on a place is a seat like any other: claimed, sold, given back.
	mine := []int{got.Seats[0].N, got.Seats[1].N, got.Seats[2].N}
	claims := h.mustClaim("ada", "ada", mine...)
	h.mustTake("ada", claims)
	h.move(claims, []string{"checkout"}, "secured")
	h.move(claims, []string{"secured"}, "sold")
	if h.status(mine[0]) != 2 {
		t.Errorf("a sold place is %d", h.status(mine[0]))
	}
	if _, err := h.claim("bob", "bob", mine[0]); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("a sold place is claimed again: %v", err)
	}
	h.move(claims[:1], []string{"sold"}, "released")
	if h.status(claims[0].Seat) != 0 {
		t.Errorf("a place given back is %d", h.status(claims[0].Seat))
	}
	c, err := h.s.Counts(t.Context(), h.event.ID)
	if err != nil || c.Total != 25 || c.FreeByCategory["circle"] != 6+5-2 || c.FreeByCategory["standing-room"] != 0 || c.Sold != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	h.checkSeats()
}

func TestAreaHoldsRefused(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5)+`,"max_per_buyer":4`)
	h.admit("ada")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	for body, want := range map[string]string{
		`{"area":"floor"}`:                            "422 bad-field",
		`{"quantity":1}`:                              "422 bad-field",
		`{"area":"floor","quantity":0}`:               "422 bad-field",
		`{"area":"floor","quantity":1.5}`:             "422 bad-field",
		`{"area":"floor","quantity":null}`:            "422 bad-field",
		`{"area":"floor","quantity":101}`:             "422 bad-field",
		`{"area":"stage","quantity":1}`:               "422 bad-field",
		`{"area":"","quantity":1}`:                    "422 bad-field",
		`{"area":"floor","quantity":1,"seats":[1]}`:   "422 bad-field",
		`{"area":"floor","best":{"quantity":1}}`:      "422 bad-field",
		`{"area":"floor","quantity":5}`:               "422 too-many",
		`{"area":7,"quantity":1}`:                     "400 bad-body",
		`{"seats":[25]}`:                              "404 no-such-seat",
		`{"area":"bar","quantity":3}`:                 "409 none-left",
		`{"area":"floor","quantity":1,"row":"front"}`: "400 bad-body",
	} {
		a := ask(t, "POST", holds, body, "X-Place", "ada")
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	ask(t, "POST", holds, `{"area":"bar","quantity":1}`, "X-Place", "eve").want(t, 403, "not-admitted")
	// A place is a seat by its number too.
	ask(t, "POST", holds, `{"seats":[1,24]}`, "X-Place", "ada").want(t, 201, "")
	ask(t, "POST", holds, `{"area":"bar","quantity":2}`, "X-Place", "eve").want(t, 403, "not-admitted")
	h.checkSeats()
}

// An answer that got lost is asked for again: nobody ends up with more than one person may have, or with nothing.
func TestRepeatedAreaHold(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(40)+`,"max_per_buyer":3`)
	h.admit("ada", "bob")
	want := AreaPlaces{Area: "floor", Quantity: 3}
	first, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", want)
	slices.Sort(numbers(first))
	if err != nil || again.Version != first.Version || !again.ExpiresAt.Equal(first.ExpiresAt) || len(again.Seats) != 3 {
		t.Errorf("again: %+v, %v; first %+v", again, err, first)
	}
	// Two seats of the row and one place; one place more is too many, and the seats are no places.
	h.mustHold("bob", 0, 1)
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "bob", AreaPlaces{Area: "floor", Quantity: 2}); !errors.Is(err, ErrTooMany) {
		t.Errorf("two seats and two places of three: %v", err)
	}
	h.checkSeats()
}

func TestAreaPlacesComeBack(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(3)+`,"max_per_buyer":3`)
	h.admit("ada", "bob")
	want := AreaPlaces{Area: "floor", Quantity: 3}
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", want); err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "bob", want); !errors.Is(err, ErrNoneLeft) {
		t.Fatalf("a full floor: %v", err)
	}
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "bob", want); err != nil {
		t.Fatalf("an empty floor: %v", err)
	}
	h.checkSeats()
}

// Fifty want two each of thirty: fifteen get them, in one step each, and the others hear that there are none.
func TestLastPlacesOfAnArea(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(30)+`,"max_per_buyer":2`)
	var fans []string
	for i := range 50 {
		fans = append(fans, fmt.Sprintf("fan%d", i))
	}
	h.admit(fans...)
	var got, none atomic.Int32
	var all sync.WaitGroup
	for _, fan := range fans {
		all.Go(func() {
			basket, err := h.s.HoldArea(t.Context(), h.event.ID, fan, AreaPlaces{Area: "floor", Quantity: 2})
			switch {
			case err == nil && len(basket.Seats) == 2:
				got.Add(1)
			case errors.Is(err, ErrNoneLeft):
				none.Add(1)
			default:
				t.Errorf("%s: %+v, %v", fan, basket, err)
			}
		})
	}
	all.Wait()
	if got.Load() != 15 || none.Load() != 35 {
		t.Errorf("%d got places, %d were told that there are none", got.Load(), none.Load())
	}
	c, err := h.s.Counts(t.Context(), h.event.ID)
	if err != nil || c.Held != 30 || c.Total != 50 {
		t.Errorf("%+v, %v", c, err)
	}
	h.checkSeats()
}

// A lost Redis forgets no place that was sold, nor that there are any.
func TestAreaSurvivesALostRedis(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(3))
	sold := h.mustClaim("ada", "ada", 19)
	h.move(sold, []string{"checkout"}, "secured")
	h.move(sold, []string{"secured"}, "sold")
	h.flush()
	h.admit("bob")
	for range 2 {
		if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{19}); !errors.Is(err, ErrSeatsTaken) {
			t.Errorf("a sold place after the loss: %v", err)
		}
	}
	if basket, err := h.s.HoldArea(t.Context(), h.event.ID, "bob", AreaPlaces{Area: "floor", Quantity: 1}); err != nil || len(basket.Seats) != 1 || basket.Seats[0].N == 19 {
		t.Errorf("%+v, %v", basket, err)
	}
	h.checkSeats()
}

// What pages load says which areas are on sale, in JSON and compact, and has a name of its own.
func TestPlanWithAreasOnSale(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5))
	url := serve(t, h.s) + "/api/v1/events/gala"
	event := ask(t, "GET", url, "").want(t, 200, "")
	if event.field("seats_total") != 25.0 || event.field("seats_free") != 19.0 {
		t.Errorf("%s", event.body)
	}
	var told struct{ Categories []categoryResponse }
	if err := json.Unmarshal(event.body, &told); err != nil {
		t.Fatal(err)
	}
	if c := told.Categories; len(c) != 4 || c[1].Seats != 11 || c[3].ID != "standing-room" || c[3].Seats != 2 || *c[3].Price != 1500 {
		t.Errorf("categories %+v", c)
	}
	room, err := h.s.room(t.Context(), h.event.PlanID)
	if err != nil {
		t.Fatal(err)
	}
	version := event.field("plan_version").(string)
	if version == room.version {
		t.Error("an event with areas on sale has the version of its plan alone")
	}
	ask(t, "GET", url+"/plan/"+room.version+".bin", "").want(t, 404, "not-found")
	bin := ask(t, "GET", url+"/plan/"+version+".bin", "").want(t, 200, "")
	wire, err := plan.DecodeFSP1(bin.body)
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.AreaSale{{Area: "floor", First: 18, Capacity: 5, Category: 1}, {Area: "bar", First: 23, Capacity: 2, Category: 3}}
	if !slices.Equal(wire.Sale, want) || wire.Version != version || len(wire.Plan.Categories) != 4 {
		t.Errorf("the compact plan sells %+v", wire.Sale)
	}
	testkit.Golden(t, "plan-areas.json", ask(t, "GET", url+"/plan", "").want(t, 200, "").body)
	// What is made is what is read.
	if e, err := h.s.loadEvent(t.Context(), "id = ?", h.event.ID); err != nil || !slices.Equal(e.Areas, h.event.Areas) || !slices.EqualFunc(e.Categories, h.event.Categories, func(a, b Category) bool {
		return a.ID == b.ID && a.Seats == b.Seats
	}) {
		t.Errorf("read back: %+v, made: %+v, %v", e, h.event, err)
	}
}

// A word on the drawing is no place to be in.
func TestTextIsNotPutOnSale(t *testing.T) {
	t.Parallel()
	drawn := &plan.Plan{Zones: []plan.Zone{{Areas: []plan.Area{{ID: "exit", Name: "Exit", Shape: "text"}, {ID: "floor", Name: "Floor", Shape: "rectangle"}}}}}
	place, fields := json.RawMessage(`{"capacity":5,"category":"A"}`), fault.Fields{}
	e := &Event{Categories: []Category{{ID: "a", Name: "A"}}}
	(&eventRequest{Areas: map[string]json.RawMessage{"exit": place, "floor": place}}).areas(e, drawn, fields)
	if fields["areas.exit"] == "" || len(fields) != 1 || len(e.Areas) != 1 {
		t.Errorf("%v, %+v", fields, e.Areas)
	}
}

func TestAreasOfAnEventRefused(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5))
	for areas, field := range map[string]string{
		`{"pit":{"capacity":5,"category":"Circle"}}`:             "areas",
		`{"floor":{"category":"Circle"}}`:                        "areas.floor",
		`{"floor":{"capacity":0,"category":"Circle"}}`:           "areas.floor",
		`{"floor":{"capacity":200001,"category":"Circle"}}`:      "areas.floor",
		`{"floor":{"capacity":5}}`:                               "areas.floor",
		`{"floor":{"capacity":5,"category":"Pit"}}`:              "areas.floor",
		`{"floor":{"capacity":5,"category":"Circle","price":1}}`: "areas.floor",
		`{"floor":5}`: "areas.floor",
		`{"floor":{"capacity":150000,"category":"Circle"},"bar":{"capacity":60000,"category":"Circle"}}`:        "areas",
		`{"floor":{"capacity":5,"category":"Circle"},"bar":{"capacity":5,"category":"  "}},"prices":{"  ":100}`: "areas.bar",
	} {
		var req eventRequest
		body := `{"slug":"x","name":"X","plan":"1","opens_at":"2020-01-01T00:00:00Z","prices":{"Stalls":1,"Circle":1,"Broken":1},"areas":` + areas + `}`
		if err := strict([]byte(body), &req); err != nil {
			t.Fatal(err)
		}
		_, _, _, err := h.s.prepare(t.Context(), &req)
		if f := wrongFields(err); f[field] == "" {
			t.Errorf("%s: %v", areas, err)
		}
	}
	// Once made, they stay; to say them as they are is fine.
	for areas, ok := range map[string]bool{
		`{}`: true, `{"stage":null}`: true, `{"floor":{"capacity":5,"category":"Circle"}}`: true, `{"floor":{"capacity":5,"category":"circle"}}`: true,
		`{"floor":{"capacity":6,"category":"Circle"}}`: false, `{"floor":{"capacity":5,"category":"Stalls"}}`: false, `{"floor":null}`: false,
		`{"stage":{"capacity":5,"category":"Circle"}}`: false, `{"floor":5}`: false,
	} {
		var req eventRequest
		if err := strict([]byte(`{"areas":`+areas+`}`), &req); err != nil {
			t.Fatal(err)
		}
		_, err := h.s.patchEvent(t.Context(), by{}, h.event.ID, &req)
		if (err == nil) != ok || (!ok && wrongFields(err)["areas"] == "") {
			t.Errorf("%s: %v", areas, err)
		}
	}
}

func TestAreaLabelsAreUnique(t *testing.T) {
	t.Parallel()
	drawn := &plan.Plan{Categories: []plan.Category{{ID: "a", Name: "A"}}, Zones: []plan.Zone{{Rows: []plan.Row{{Seats: []plan.Seat{
		{Label: "Balcony 7", CompanionOf: -1}, {N: 1, Label: "Balcony 9", CompanionOf: -1}, {N: 2, Label: "Floor-1", CompanionOf: -1}}}}}}}
	labels := newAreaLabels(drawn)
	got := []string{labels.take("Floor", 100), labels.take("Floor", 100), labels.take("Balcony", 6), labels.take("Balcony", 7), labels.take("Floor", 1)}
	if want := []string{"Floor", "Floor (2)", "Balcony", "Balcony (2)", "Floor (3)"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// A page that has the plan names places as their tickets do, so it is told where that is not by the area's name.
	on := (&room{plan: drawn}).sells(&Event{SeatsTotal: 5, Categories: []Category{{ID: "a", Name: "A"}},
		Areas: []Area{{ID: "f", Name: "Floor", Label: "Floor", First: 3, Capacity: 1}, {ID: "g", Name: "Floor", Label: "Floor (2)", First: 4, Capacity: 1}}}).sale
	if on[0].Label != "" || on[1].Label != "Floor (2)" {
		t.Errorf("%+v", on)
	}
}

// wrongFields are the fields a refusal names.
func wrongFields(err error) fault.Fields {
	if f := fault.As(err); f != nil {
		fields, _ := f.Facts["fields"].(fault.Fields)
		return fields
	}
	return nil
}

// What is best where there are no seats, or none left of them, is a party's places in one area.
func TestBestMayBeAnArea(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5)+`,"max_per_buyer":4`)
	h.admit("ada", "bob", "eve")
	best := func(fan string, want Best) ([]string, error) {
		t.Helper()
		basket, err := h.s.HoldBest(t.Context(), h.event.ID, fan, want)
		var where []string
		for _, s := range basket.Seats {
			name, _, _ := strings.Cut(s.Label, " ")
			where = append(where, name)
		}
		slices.Sort(where)
		return where, err
	}
	if got, err := best("ada", Best{Quantity: 2, Category: "standing-room"}); err != nil || !slices.Equal(got, []string{"Bar", "Bar"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := best("eve", Best{Quantity: 1, Category: "standing-room"}); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("%v, %v", got, err)
	}
	// Circle has six seats and a floor of five: seats first.
	if got, err := best("bob", Best{Quantity: 4, Category: "circle"}); err != nil || slices.Contains(got, "Floor") {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := best("eve", Best{Quantity: 4, Category: "circle"}); err != nil || !slices.Equal(got, []string{"Floor", "Floor", "Floor", "Floor"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := best("eve", Best{Quantity: 4, Category: "circle"}); err != nil || len(got) != 4 {
		t.Errorf("asked again: %v, %v", got, err)
	}
	list, err := h.s.List(t.Context(), h.event.ID, 0, "")
	want := []ListedArea{{ID: "floor", Name: "Floor", Category: "circle", CategoryName: "Circle", Price: 3000, Free: 1}, {ID: "bar", Name: "Bar", Category: list.Areas[1].Category, CategoryName: "Standing room", Price: 1500}}
	if err != nil || !slices.Equal(list.Areas, want) {
		t.Errorf("listed %+v, %v", list.Areas, err)
	}
	h.checkSeats()
}
