package seating

import (
	"slices"
	"testing"
)

func (h *house) alike(seats, gone []int) []int {
	h.T.Helper()
	found, err := h.s.Alike(h.T.Context(), h.event.ID, "late", seats, gone)
	if err != nil {
		h.T.Fatal(err)
	}
	numbers := []int{}
	for _, seat := range found {
		numbers = append(numbers, seat.N)
	}
	return numbers
}

// For seats that have gone the nearest as good are found: side by side, at the same price, and none that anybody has.
func TestAlikeIsAsGood(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":8`) // rows A (stalls) and B (circle); C is not on sale
	h.admit("ada", "bob")
	h.mustTake("ada", h.mustClaim("ada", "a@x", 2))
	h.mustHold("bob", 3)
	if got := h.alike([]int{2}, []int{2}); !slices.Equal(got, []int{4}) { // A-2 would leave A-1 alone
		t.Errorf("for A-3, with A-4 held: %v", got)
	}
	if got := h.alike([]int{2, 3}, []int{2}); !slices.Equal(got, []int{0, 1}) && !slices.Equal(got, []int{4, 5}) {
		t.Errorf("two side by side: %v", got)
	}
	// The map may not show yet what Postgres has refused.
	if got := h.alike([]int{2}, []int{2, 4}); slices.Contains(got, 4) || len(got) != 1 {
		t.Errorf("A-5 has gone too: %v", got)
	}
	// Six side by side are left in no row at that price, and what is not on sale stands for nothing.
	if got := h.alike([]int{0, 1, 2, 3, 4, 5}, []int{2}); len(got) != 0 {
		t.Errorf("six: %v", got)
	}
	if got := h.alike([]int{16}, []int{16}); len(got) != 0 {
		t.Errorf("not on sale: %v", got)
	}
	h.checkSeats()
}

// A place of an area is as good as any other of it, and one that is still free is kept.
func TestAlikeInAnArea(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, `,"max_per_buyer":4,"areas":{"floor":{"capacity":4,"category":"Circle"}}`)
	h.admit("ada")
	first := h.event.Areas[0].First
	h.mustTake("ada", h.mustClaim("ada", "a@x", first, first+2))
	if got := h.alike([]int{first, first + 1}, []int{first}); !slices.Equal(got, []int{first + 1, first + 3}) {
		t.Errorf("two places: %v", got)
	}
	if got := h.alike([]int{0, first}, []int{first}); !slices.Equal(got, []int{0, first + 1}) {
		t.Errorf("a seat and a place: %v", got)
	}
	if got := h.alike([]int{first, first + 1, first + 2}, []int{first}); len(got) != 0 {
		t.Errorf("three places of two: %v", got)
	}
	h.checkSeats()
}
