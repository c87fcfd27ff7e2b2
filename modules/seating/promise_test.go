package seating

import (
	"fmt"
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

// A replica remembers those who were promised something, for as long as the promise lasts.
func TestPromisesAreForgotten(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaaaa")
	want := func(what, shown string) {
		t.Helper()
		h.b.picks.Lock()
		defer h.b.picks.Unlock()
		if got := fmt.Sprint(h.b.picks.shown); got != shown {
			t.Errorf("%s: %s, want %s", what, got, shown)
		}
		n := 0
		for place, seats := range h.b.picks.shown {
			for _, seat := range seats {
				if n++; h.b.picks.promised[seat].place != place {
					t.Errorf("%s: %d is not promised to %s", what, seat, place)
				}
			}
		}
		if n != len(h.b.picks.promised) {
			t.Errorf("%s: promised %v", what, h.b.picks.promised)
		}
	}
	h.b.heardPromise("ada", nil) // somebody else was quicker with all of hers
	want("nothing", "map[]")
	h.b.heardPromise("ada", []int{0, 1, 2, 3})
	h.b.heardPromise("bob", []int{2, 3, 4})
	want("some of hers went to bob", "map[ada:[0 1] bob:[2 3 4]]")
	h.b.heardPromise("cid", []int{0, 1})
	want("all of hers went", "map[bob:[2 3 4] cid:[0 1]]")
	h.b.heardPromise("bob", nil)
	want("bob's newer promise is empty", "map[cid:[0 1]]")
	h.Clock.Advance(promiseFor)
	h.b.pick("dan", nil, nil, func([]bool, map[int]bool) []int { return nil })
	want("their time is over", "map[]")
	h.checkSeats()
}

// What another replica promised is offered to nobody who is late, unless there is nothing else.
func TestOfferLeavesWhatWasPromisedElsewhere(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaa")
	h.admit("ada", "bob", "cid", "dan")
	h.mustHold("cid", 0)
	at := h.b.at()
	if kept, err := h.s.store.Promise(t.Context(), at, "elsewhere", "ada", promiseFor, [][]int{{1, 2, 3}}); err != nil || !kept[0] {
		t.Fatal(kept, err)
	}
	if _, err := h.choose("bob", 0); !slices.Equal(offered(err), []int{4}) {
		t.Errorf("bob is offered %v: %v", offered(err), err)
	}
	h.mustHold("cid", 5)
	if _, err := h.choose("dan", 0); !slices.Equal(offered(err), []int{1}) {
		t.Errorf("only promised seats are left, and dan is offered %v: %v", offered(err), err)
	}
	h.checkSeats()
}

// So much is promised elsewhere that it cannot be tried one by one: there is an offer all the same.
func TestOfferAmongPromises(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, strings.Repeat("a", 40))
	h.admit("ada", "bob", "cid")
	h.mustHold("cid", 0)
	var all []int
	for n := 1; n < 40; n++ {
		all = append(all, n)
	}
	if kept, err := h.s.store.Promise(t.Context(), h.b.at(), "elsewhere", "ada", promiseFor, [][]int{all}); err != nil || !kept[0] {
		t.Fatal(kept, err)
	}
	if _, err := h.choose("bob", 0); len(offered(err)) != 1 {
		t.Errorf("all seats are promised, and bob is offered %v: %v", offered(err), err)
	}
	h.checkSeats()
}
