package seating

import (
	"testing"

	"gorm.io/gorm"

	"fairseat/app/request"
	"fairseat/app/testkit"
)

// Seats 0 to 5 are the locked stalls, 6 to 11 the circle.
const lockedStalls = `,"max_per_buyer":4,"locked":["Stalls"]`

func (h *house) unlock(place string, categories ...string) {
	h.T.Helper()
	if err := h.s.Unlock(h.T.Context(), h.event.ID, place, categories, "MEMBERS"); err != nil {
		h.T.Fatal(err)
	}
}

func TestLockedSeatsNeedTheCode(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 6, lockedStalls)
	h.admit("ada", "bob")
	_, err := h.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{5, 6})
	wantRefusal(t, err, "access-code-required", "map[categories:[stalls]]")
	if _, ok := h.s.Grab(t.Context(), h.event.ID, "ada", []int{5}); ok {
		t.Error("the way of a crowd does not ask for the code")
	}
	h.mustHold("ada", 6)
	h.unlock("ada", "stalls")
	h.mustHold("ada", 5)
	if codes, err := h.s.Unlocked(t.Context(), h.event.ID, "ada"); err != nil || codes["stalls"] != "MEMBERS" {
		t.Errorf("ada has opened %v, %v", codes, err)
	}
	// Somebody else's code is nobody else's.
	_, err = h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{4})
	wantRefusal(t, err, "access-code-required", "map[categories:[stalls]]")
	if err := h.s.Unlock(t.Context(), h.event.ID, "eve", []string{"stalls"}, "MEMBERS"); err == nil {
		t.Error("eve is not inside, and opened something")
	}
	h.checkSeats()
}

// The best for somebody without the code are the best of the others, also as further choices and for what went.
func TestLockedSeatsAreNotProposed(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 6, lockedStalls)
	h.admit("ada", "bob", "eve")
	best := func(place, category string) ([]string, error) {
		b, err := h.s.HoldBest(t.Context(), h.event.ID, place, Best{Quantity: 2, Category: category, Others: true})
		var got []string
		for _, seat := range b.Seats {
			got = append(got, seat.Category)
		}
		for _, other := range b.Others {
			for _, seat := range other {
				got = append(got, seat.Category)
			}
		}
		return got, err
	}
	got, err := best("ada", "")
	if err != nil || len(got) < 2 || got[0] != "circle" {
		t.Errorf("ada got %v, %v", got, err)
	}
	for _, category := range got {
		if category != "circle" {
			t.Errorf("ada was shown %v", got)
		}
	}
	_, err = best("ada", "stalls")
	wantRefusal(t, err, "access-code-required", "map[categories:[stalls]]")
	h.unlock("bob", "stalls")
	if got, err := best("bob", ""); err != nil || got[0] != "stalls" {
		t.Errorf("bob, who has the code, got %v, %v", got, err)
	}
	// Nor when all others have gone.
	h.mustTake("x", h.mustClaim("x", "x", 6, 8, 10))
	if b, err := h.s.HoldBest(t.Context(), h.event.ID, "eve", Best{Quantity: 4}); err == nil {
		t.Errorf("eve got seats that are locked: %+v", b.Seats)
	}
}

func TestLockedSeatsAreNoFurtherChoices(t *testing.T) {
	t.Parallel()
	h := open(t, 5, 8, lockedStalls)
	h.admit("ada", "bob")
	h.unlock("bob", "stalls")
	shown := map[string]map[string]bool{}
	for _, place := range []string{"ada", "bob"} {
		b, err := h.s.HoldBest(t.Context(), h.event.ID, place, Best{Quantity: 2, Others: true})
		if err != nil || len(b.Others) == 0 {
			t.Fatal(b, err)
		}
		shown[place] = map[string]bool{}
		for _, other := range b.Others {
			shown[place][other[0].Category] = true
		}
	}
	if shown["ada"]["stalls"] || !shown["ada"]["circle"] || len(shown["bob"]) == 0 {
		t.Errorf("shown were %v", shown)
	}
}

func TestLockedSeatsStandForNoOthers(t *testing.T) {
	t.Parallel()
	h := openDrawn(t, testkit.New(t), nil, drawing(2, 2), `{"Stalls":3000,"Circle":3000,"Broken":null}`, lockedStalls)
	h.admit("ada", "bob")
	h.mustClaim("x", "x", 2, 3) // the circle
	if found := h.alike([]int{2}, []int{2}); len(found) != 0 {
		t.Errorf("%v would stand for a seat of the circle", found)
	}
	if found := h.alike([]int{0}, []int{0}); len(found) != 1 || found[0] != 1 {
		t.Errorf("%v would stand for a seat of the stalls", found)
	}
	if err := h.s.MayExchange(t.Context(), h.event.ID, 2, 0); err == nil {
		t.Error("a locked seat may be had for another")
	}
	if err := h.s.MayExchange(t.Context(), h.event.ID, 1, 0); err != nil {
		t.Errorf("for one of its kind: %v", err)
	}
}

// Whatever the map was told: an order without the code has no locked seat, unless it had it before.
func TestLockedSeatsAreClaimedWithTheCode(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 6, lockedStalls)
	claim := func(r ClaimRequest) error {
		return h.DB.Transaction(func(tx *gorm.DB) error {
			r.EventID, r.OrderID, r.BuyerKey, r.Place = h.event.ID, h.order(tx, "ada", "ada"), []byte("ada"), "ada"
			_, err := h.s.Claim(t.Context(), tx, r)
			return err
		})
	}
	wantRefusal(t, claim(ClaimRequest{Seats: []int{0, 6}}), "access-code-required", "map[categories:[stalls]]")
	wantRefusal(t, claim(ClaimRequest{Seats: []int{0, 6}, Opened: []string{"circle"}}), "access-code-required", "map[categories:[stalls]]")
	if err := claim(ClaimRequest{Seats: []int{6}}); err != nil {
		t.Error(err)
	}
	if err := claim(ClaimRequest{Seats: []int{0}, Opened: []string{"stalls"}}); err != nil {
		t.Error(err)
	}
	if err := claim(ClaimRequest{Seats: []int{1}, Again: true}); err != nil {
		t.Error(err)
	}
}

func TestLockedAreasNeedTheCode(t *testing.T) {
	t.Parallel()
	h := open(t, 1, 2, `,"max_per_buyer":4,"locked":["Circle"],"areas":{"floor":{"capacity":5,"category":"Circle"}}`)
	h.admit("ada")
	_, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", AreaPlaces{Area: "floor", Quantity: 2})
	wantRefusal(t, err, "access-code-required", "map[categories:[circle]]")
	if _, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 4}); err == nil {
		t.Error("the best were places of a locked area")
	}
	h.unlock("ada", "circle")
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", AreaPlaces{Area: "floor", Quantity: 2}); err != nil {
		t.Error(err)
	}
}

// Staff lock and open categories while the sale runs; a promotion adds to what is locked.
func TestLockedIsASetting(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 6, `,"max_per_buyer":4`)
	h.admit("ada")
	locked := func() (names []string) {
		e, err := h.s.EventByID(t.Context(), h.event.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range h.s.describe(t.Context(), e).Categories {
			if c.Locked {
				names = append(names, c.Name)
			}
		}
		return names
	}
	patch := func(body string) error {
		_, err := h.s.ChangeEvent(t.Context(), request.Staff{}, "", h.event.ID, []byte(body))
		return err
	}
	wantRefusal(t, patch(`{"locked":["Balcony"]}`), "bad-field", "map[fields:map[locked:the plan has no category Balcony]]")
	if err := patch(`{"locked":["Circle"]}`); err != nil || len(locked()) != 1 {
		t.Fatal(err, locked())
	}
	if err := h.s.Lock(t.Context(), h.DB, h.event.ID, []string{"stalls"}); err != nil || len(locked()) != 2 {
		t.Fatal(err, locked())
	}
	if err := patch(`{"name":"Other"}`); err != nil || len(locked()) != 2 {
		t.Fatal(err, locked())
	}
	if err := patch(`{"locked":[]}`); err != nil || len(locked()) != 0 {
		t.Fatal(err, locked())
	}
	h.mustHold("ada", 0, 6)
}
