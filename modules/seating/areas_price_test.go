package seating

import (
	"errors"
	"slices"
	"testing"
)

// A category of the event's own is priced like the others: off sale its places are blocked, on sale again free.
func TestAreaOffAndOnSale(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5))
	h.admit("ada")
	price := func(text string) {
		t.Helper()
		var req eventRequest
		if err := strict([]byte(`{"prices":{"Standing room":`+text+`}}`), &req); err != nil {
			t.Fatal(err)
		}
		if _, err := h.s.patchEvent(t.Context(), by{}, h.event.ID, &req); err != nil {
			t.Fatal(err)
		}
	}
	want := AreaPlaces{Area: "bar", Quantity: 1}
	price("null")
	if _, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", want); !errors.Is(err, ErrNoneLeft) || h.status(23) != 3 {
		t.Errorf("off sale: %v, place 23 is %d", err, h.status(23))
	}
	price("2000")
	basket, err := h.s.HoldArea(t.Context(), h.event.ID, "ada", want)
	if err != nil || basket.Total != 2000 {
		t.Errorf("on sale again: %+v, %v", basket, err)
	}
	h.checkSeats()
}

// A replica that has not heard yet, for a second at most, that an area lost its price may hold its places as it may hold
// seats: nothing comes of it. The database sells none, and when the hold has run out they are blocked.
func TestAreaOffSaleIsNotSoldByWhoHasNotHeard(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, onFloor(5))
	h.admit("ada", "bob", "cleo")
	elsewhere := newService(h.Kit, h, h.s.Clock)
	elsewhere.beat.Store(1) // it has looked in this second, and does not look again
	want := AreaPlaces{Area: "bar", Quantity: 1}
	if _, err := elsewhere.HoldArea(t.Context(), h.event.ID, "ada", want); err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.board(h.event.ID).fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	var req eventRequest
	if err := strict([]byte(`{"prices":{"Standing room":null}}`), &req); err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.patchEvent(t.Context(), by{}, h.event.ID, &req); err != nil {
		t.Fatal(err)
	}
	basket, err := elsewhere.HoldArea(t.Context(), h.event.ID, "bob", want)
	if err != nil {
		t.Fatalf("the case is not there any more: %v", err)
	}
	var taken *SeatsTakenError
	if _, err := h.claim("bob", "b@x", basket.Seats[0].N); !errors.As(err, &taken) || !slices.Equal(taken.Seats, []int{basket.Seats[0].N}) {
		t.Errorf("a place off sale is claimed: %v", err)
	}
	if _, err := elsewhere.HoldArea(t.Context(), h.event.ID, "cleo", want); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("held again by who has heard meanwhile: %v", err)
	}
	h.Clock.Advance(h.event.holdLife())
	h.sweep()
	if n := basket.Seats[0].N; h.status(n) != 3 {
		t.Errorf("place %d is %d when its hold has run out", n, h.status(n))
	}
	h.checkSeats()
}
