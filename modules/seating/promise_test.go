package seating

import (
	"slices"
	"strings"
	"testing"
)

// keepFor shows a place further choices, which nobody else is given for half a minute.
func (h *house) keepFor(place string, groups ...[]int) {
	h.T.Helper()
	if err := h.b.pull(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
	if kept := h.b.promise(h.T.Context(), place, groups); len(kept) != len(groups) {
		h.T.Fatalf("of %v only %v is kept for %s", groups, kept, place)
	}
}

// What is promised to somebody counts as gone where an orphan rule looks, but is not gone: the house's choice stands, and
// is the one it makes where no rule holds.
func TestBestBesideAPromise(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"off", "lenient", "strict"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			h := openRows(t, `,"max_per_buyer":2,"orphan_rule":"`+rule+`"`, strings.Repeat("a", 20), strings.Repeat("a", 20))
			h.admit("ada", "bob")
			h.keepFor("ada", []int{9, 10}, []int{29, 30})
			got, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", Best{Quantity: 2})
			if err != nil || !slices.Equal(numbers(got), []int{7, 8}) {
				t.Errorf("bob is given %v, %v", numbers(got), err)
			}
			h.checkSeats()
		})
	}
}

// Who is late is offered a seat beside what somebody else was promised.
func TestOfferBesideAPromise(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"off", "lenient", "strict"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			h := openRows(t, `,"max_per_buyer":2,"orphan_rule":"`+rule+`"`, strings.Repeat("a", 20))
			h.admit("ada", "bob", "cid")
			h.mustHold("cid", 8, 9)
			h.keepFor("ada", []int{5, 6}, []int{11, 12})
			if _, err := h.choose("bob", 8); !slices.Equal(offered(err), []int{7}) {
				t.Errorf("bob is offered %v: %v", offered(err), err)
			}
			h.checkSeats()
		})
	}
}
