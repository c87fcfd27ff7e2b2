package seating

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"fairseat/app/fault"
	"fairseat/app/testkit"
)

// openRows makes a house of rows as strings: a letter is a seat, stalls, or circle when it is a capital; # is an accessible
// seat, + a companion of the seat before it, a space an aisle.
func openRows(t *testing.T, extra string, rows ...string) *house {
	t.Helper()
	type object = map[string]any
	var drawn []object
	for y, text := range rows {
		var seats []object
		for x, c := range text {
			if c == ' ' {
				continue
			}
			seat := object{"seat_guid": fmt.Sprintf("r%d-s%d", y, x), "seat_number": fmt.Sprint(x + 1), "category": "Stalls",
				"position": object{"x": 20 * x, "y": 25 * y}, "accessible": c == '#'}
			if strings.ContainsRune("ABC", c) {
				seat["category"] = "Circle"
			}
			if c == '+' {
				seat["companion_of"] = fmt.Sprintf("r%d-s%d", y, x-1)
			}
			seats = append(seats, seat)
		}
		drawn = append(drawn, object{"row_number": string(rune('A' + y)), "seats": seats, "position": object{"x": 0, "y": 0}})
	}
	file, err := json.Marshal(object{"name": "Old Hall", "size": object{"width": 400, "height": 400},
		"categories": []object{{"name": "Stalls", "color": "#aa0000"}, {"name": "Circle", "color": "#00aa00"}},
		"zones":      []object{{"name": "Hall", "position": object{"x": 0, "y": 0}, "rows": drawn}}})
	if err != nil {
		t.Fatal(err)
	}
	return openDrawn(t, testkit.New(t), nil, string(file), `{"Stalls":5000,"Circle":3000}`, extra)
}

// wantRefusal checks a refusal's code and its facts, written as fmt does.
func wantRefusal(t *testing.T, err error, code, facts string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Code != code || fmt.Sprint(f.Facts) != facts {
		t.Errorf("refused with %v %#v, want %s %s", err, f, code, facts)
	}
}

func TestOrphanRule(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":8,"orphan_rule":"strict"`, "aaaaaaaa", "aaa aaaaa")
	h.admit("ada", "bob", "cid")
	_, err := h.choose("ada", 1)
	wantRefusal(t, err, "leaves-orphan", "map[seats:[0] suggest:[0]]")
	if h.status(1) != 0 {
		t.Fatal("refused, and held all the same")
	}
	_, err = h.choose("ada", 1, 2, 3, 4, 5, 6, 8, 9, 10) // nine: too many, whatever they leave
	wantRefusal(t, err, "too-many", "map[max:8]")
	h.mustHold("ada", 0)
	_, err = h.choose("ada", 0, 2) // one is hers already: the suggestion keeps it
	wantRefusal(t, err, "leaves-orphan", "map[seats:[1] suggest:[0 1]]")
	// What others hold counts as taken.
	_, err = h.choose("bob", 2, 3)
	wantRefusal(t, err, "leaves-orphan", "map[seats:[1] suggest:[1 2]]")
	h.mustHold("bob", 1, 2)
	// Three are left of five: the middle one leaves two alone.
	h.mustHold("cid", 3, 4)
	_, err = h.choose("cid", 6)
	wantRefusal(t, err, "leaves-orphan", "map[seats:[5 7] suggest:[5]]")
	h.mustHold("cid", 6, 7) // it gives way: no two of three leave nobody alone
	// Giving back never asks.
	if err := h.s.Release(t.Context(), h.event.ID, "bob", 1); err != nil {
		t.Error(err)
	}
	// A seat given back for another counts as free.
	_, err = h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{9}, InsteadOf: []int{0}})
	wantRefusal(t, err, "leaves-orphan", "map[seats:[8 10] suggest:[8]]")
	h.checkSeats()
}

func TestOrphanRuleCanBeChanged(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":8`, "aaaaaaaa aaa")
	h.admit("ada")
	h.mustHold("ada", 1)
	for _, c := range []struct{ rule, want string }{
		{"lenient", "leaves-orphan map[seats:[7] suggest:[7]]"}, {"off", ""}, {"strict", "leaves-orphan map[seats:[7] suggest:[7]]"},
	} {
		var req eventRequest
		if err := strict([]byte(`{"orphan_rule":"`+c.rule+`"}`), &req); err != nil {
			t.Fatal(err)
		}
		e, err := h.s.patchEvent(t.Context(), by{}, h.event.ID, &req)
		if err != nil || string(e.OrphanRule) != c.rule {
			t.Fatalf("%s: %v, %v", c.rule, e, err)
		}
		got := ""
		if _, err := h.choose("ada", 6); err != nil {
			got = fmt.Sprint(fault.As(err).Code, " ", fault.As(err).Facts)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.rule, got, c.want)
		}
		if err := h.s.Release(t.Context(), h.event.ID, "ada", 6); err != nil {
			t.Fatal(err)
		}
	}
	h.checkSeats()
}

// Two choices that are fine each, and leave a seat alone between them: however close they come, one of them is told.
func TestOrphanRuleUnderRaces(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":8,"orphan_rule":"lenient"`, strings.Repeat("a", 9))
	replicas := []*Service{h.s, newService(h.Kit, h, h.Clock)}
	places, choices := []string{"ada", "bob"}, [][]int{{2, 3}, {5, 6}}
	h.admit(places...)
	for round := range 20 {
		var refusals [2]error
		var both sync.WaitGroup
		for i := range places {
			both.Go(func() {
				_, refusals[i] = replicas[i].Choose(t.Context(), h.event.ID, places[i], Choice{Seats: choices[i]})
			})
		}
		both.Wait()
		if (refusals[0] == nil) == (refusals[1] == nil) {
			t.Fatalf("round %d: %v", round, refusals)
		}
		for i, err := range refusals {
			if err != nil {
				wantRefusal(t, err, "leaves-orphan", []string{"map[seats:[4] suggest:[3 4]]", "map[seats:[4] suggest:[4 5]]"}[i])
			}
			if err := h.s.Release(t.Context(), h.event.ID, places[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.checkSeats()
}

// Whatever is chosen in whatever house: who is refused for an orphan may have what is suggested instead, and what the house
// picks itself is never refused.
func TestSuggestionsAreHeld(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":12,"orphan_rule":"strict"`, "aaaaaAAAA", "aaaa#+aaa", "aaaaaa aaa")
	places := []string{"ada", "bob", "cid"}
	h.admit(places...)
	rapid.Check(t, func(rt *rapid.T) {
		for _, p := range places {
			if err := h.s.Release(t.Context(), h.event.ID, p); err != nil {
				rt.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 5).Draw(rt, "choices") {
			place := rapid.SampledFrom(places).Draw(rt, "place")
			if rapid.IntRange(0, 3).Draw(rt, "best") == 0 {
				_, err := h.s.HoldBest(t.Context(), h.event.ID, place, Best{Quantity: rapid.IntRange(1, 3).Draw(rt, "quantity")})
				if f := fault.As(err); err != nil && (f == nil || f.Code != "too-many" && f.Code != "none-left") {
					rt.Fatalf("best: %v", err)
				}
				continue
			}
			seats := rapid.SliceOfNDistinct(rapid.IntRange(0, h.event.SeatsTotal-1), 1, 3, rapid.ID[int]).Draw(rt, "seats")
			_, err := h.choose(place, seats...)
			if f := fault.As(err); f != nil && f.Code == "leaves-orphan" {
				suggest := f.Facts["suggest"].([]int)
				if _, err := h.choose(place, suggest...); err != nil {
					rt.Fatalf("%v: told to take %v, and then: %v", seats, suggest, err)
				}
			}
		}
	})
	h.checkSeats()
}

func TestCompanionSeats(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":3`, "aa#+aa#+")
	h.admit("ada", "bob", "cid")
	_, err := h.choose("ada", 3)
	wantRefusal(t, err, "companion-seat", "map[seats:[3] with:[2]]")
	_, err = h.choose("ada", 3, 6, 7)
	wantRefusal(t, err, "companion-seat", "map[seats:[3] with:[2]]")
	h.mustHold("ada", 2, 3)
	// Whoever gives the wheelchair place back gives the companion's too.
	if err := h.s.Release(t.Context(), h.event.ID, "ada", 2); err != nil {
		t.Fatal(err)
	}
	if b, _ := h.s.Basket(t.Context(), h.event.ID, "ada"); len(b.Seats) != 0 {
		t.Errorf("ada keeps %v", numbers(b))
	}
	h.mustHold("ada", 2)
	h.mustHold("ada", 3) // she has the wheelchair place already
	_, err = h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{0}, InsteadOf: []int{2}})
	if b, _ := h.s.Basket(t.Context(), h.event.ID, "ada"); err != nil || !slices.Equal(numbers(b), []int{0}) {
		t.Errorf("swapped for an ordinary seat: %v, %v", numbers(b), err)
	}
	_, err = h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{3}, InsteadOf: []int{2}})
	wantRefusal(t, err, "companion-seat", "map[seats:[3] with:[2]]")
	// Where somebody else has the wheelchair place, its companion is a seat like any other.
	h.mustHold("bob", 2)
	h.mustHold("cid", 3)
	// A lost wheelchair place is made good with its companion.
	_, err = h.choose("cid", 2)
	if !slices.Equal(offered(err), []int{6}) {
		t.Errorf("offered %v: %v", offered(err), err)
	}
	h.checkSeats()
}

// A companion's seat is not kept by giving only the wheelchair place back, be it swapped or an offer that makes way.
func TestCompanionSeatIsNotKeptAlone(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":3`, "aa#+aa#+")
	h.admit("ada", "bob", "cid")
	h.mustHold("ada", 2, 3)
	for _, seats := range [][]int{{3}, {0, 3}} {
		_, err := h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: seats, InsteadOf: []int{2}})
		wantRefusal(t, err, "companion-seat", "map[seats:[3] with:[2]]")
	}
	if b, _ := h.s.Basket(t.Context(), h.event.ID, "ada"); !slices.Equal(numbers(b), []int{2, 3}) {
		t.Errorf("refused, ada has %v", numbers(b))
	}
	_, err := h.choose("bob", 2, 3)
	if !slices.Equal(offered(err), []int{6, 7}) {
		t.Fatalf("bob is offered %v: %v", offered(err), err)
	}
	_, err = h.choose("bob", 7)
	wantRefusal(t, err, "companion-seat", "map[seats:[7] with:[6]]")
	if _, err = h.choose("bob", 6, 7); err != nil {
		t.Errorf("both of the offer: %v", err)
	}
	// Who had a companion's seat while somebody else had the wheelchair place keeps it when that comes back.
	h.mustHold("cid", 0)
	if err := h.s.Release(t.Context(), h.event.ID, "ada", 3); err != nil {
		t.Fatal(err)
	}
	h.mustHold("cid", 3)
	if err := h.s.Release(t.Context(), h.event.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	if got, err := h.choose("cid", 3); err != nil || len(got.Seats) != 2 {
		t.Errorf("cid's own seat: %v, %v", numbers(got), err)
	}
	h.checkSeats()
}

func TestChoiceOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2,"orphan_rule":"strict"`, "aaaaaaaa", "#+aaaaaa")
	h.admit("ada", "bob")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	post := func(place, body string) answer { t.Helper(); return ask(t, "POST", holds, body, "X-Place", place) }
	post("ada", `{"seats":[4,5]}`).want(t, 201, "")
	late := post("bob", `{"seats":[5]}`).want(t, 409, "seats-taken")
	offer := fmt.Sprint(late.field("offer"))
	if fmt.Sprint(late.field("seats")) != "[5]" || offer != "[3]" && offer != "[6]" {
		t.Errorf("%s", late.body)
	}
	mine := ask(t, "GET", holds, "", "X-Place", "bob").want(t, 200, "")
	if fmt.Sprint(mine.field("offered")) != offer || mine.field("expires_at") == nil {
		t.Errorf("%s", mine.body)
	}
	orphan := post("bob", `{"seats":[1]}`).want(t, 422, "leaves-orphan")
	if fmt.Sprint(orphan.field("seats"), orphan.field("suggest")) != "[0] [0]" {
		t.Errorf("%s", orphan.body)
	}
	alone := post("bob", `{"seats":[9]}`).want(t, 422, "companion-seat")
	if fmt.Sprint(alone.field("seats"), alone.field("with")) != "[9] [8]" {
		t.Errorf("%s", alone.body)
	}
	post("bob", `{"seats":[0],"instead_of":[3,6]}`).want(t, 201, "")
	for body, want := range map[string]string{
		`{"seats":[1],"instead_of":[]}`:         "422 bad-field",
		`{"seats":[1],"instead_of":["1"]}`:      "422 bad-field",
		`{"seats":[1],"instead_of":0}`:          "400 bad-body",
		`{"instead_of":[0]}`:                    "422 bad-field",
		`{"seats":[1],"instead_of":[99999999]}`: "201 <nil>",
	} {
		a := post("bob", body)
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	h.checkSeats()
}

// Another replica may have sold, or given back, what this one has not seen yet.
func TestVerdictsAreGivenOnTheNewestMap(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":8,"orphan_rule":"strict"`, "aaaaaaaa")
	h.admit("ada", "bob")
	if err := h.b.pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := newService(h.Kit, h, h.Clock)
	if _, err := other.PlaceHold(t.Context(), h.event.ID, "bob", []int{0}); err != nil {
		t.Fatal(err)
	}
	_, err := h.choose("ada", 2, 3)
	wantRefusal(t, err, "leaves-orphan", "map[seats:[1] suggest:[1 2]]")
	if err := other.Release(t.Context(), h.event.ID, "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.choose("ada", 2, 3); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	h.checkSeats()
}
