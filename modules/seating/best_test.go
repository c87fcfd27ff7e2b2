package seating

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"fairseat/modules/seating/internal/holds"
)

func seatNumbers(groups [][]Seat) (out [][]int) {
	for _, seats := range groups {
		var n []int
		for _, seat := range seats {
			n = append(n, seat.N)
		}
		out = append(out, n)
	}
	return out
}

// With the best come two further choices: at another price, in another row; swapped for the best in one step.
func TestBestComesWithOthers(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaaaa", "aaaaaaaa", "AAAAAAAA")
	h.admit("ada", "bob")
	got, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2, Others: true})
	if err != nil || !slices.Equal(numbers(got), []int{3, 4}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if others := fmt.Sprint(seatNumbers(got.Others)); others != "[[19 20] [11 12]]" {
		t.Fatalf("others %s", others)
	}
	if h.status(19) != 0 || h.status(11) != 0 {
		t.Error("further choices are held")
	}
	// Bob is shown other ones, and given none of Ada's.
	his, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", Best{Quantity: 2, Others: true})
	if err != nil {
		t.Fatal(err)
	}
	hers := []int{3, 4, 19, 20, 11, 12}
	for _, group := range append(seatNumbers(his.Others), numbers(his)) {
		for _, n := range group {
			if slices.Contains(hers, n) {
				t.Errorf("bob is shown %d, which is Ada's", n)
			}
		}
	}
	swapped, err := h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{19, 20}, InsteadOf: numbers(got)})
	if err != nil || !slices.Equal(numbers(swapped), []int{19, 20}) || swapped.Total != 6000 {
		t.Errorf("swapped: %+v, %v", swapped, err)
	}
	h.checkSeats()
}

// What is promised is only kept from the house's own choices, and for half a minute, and gives way when nothing else is left.
func TestPromisesAreSoft(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaa")
	h.admit("ada", "bob", "cid", "dan")
	at := func(s *Service) holds.At { return s.board(h.event.ID).at() }
	if err := h.b.pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As another replica would: this one has not heard of it, and the script knows.
	kept, err := h.s.store.Promise(t.Context(), at(h.s), "elsewhere", "ada", promiseFor, [][]int{{2, 3}})
	if err != nil || !kept[0] {
		t.Fatal(kept, err)
	}
	if kept, err = h.s.store.Promise(t.Context(), at(h.s), "elsewhere", "bob", promiseFor, [][]int{{3, 4}, {4, 5}}); err != nil || kept[0] || !kept[1] {
		t.Errorf("promised twice: %v, %v", kept, err)
	}
	if got, err := h.s.HoldBest(t.Context(), h.event.ID, "cid", Best{Quantity: 2}); err != nil || !slices.Equal(numbers(got), []int{0, 1}) {
		t.Errorf("cid is given %v, %v", numbers(got), err)
	}
	// Whoever names a seat may have it.
	if _, err := h.choose("dan", 4, 5); err != nil {
		t.Error(err)
	}
	if err := h.s.Release(t.Context(), h.event.ID, "dan"); err != nil {
		t.Fatal(err)
	}
	// Nothing else is left: a promise keeps no seat from being sold.
	if got, err := h.s.HoldBest(t.Context(), h.event.ID, "dan", Best{Quantity: 2}); err != nil || len(got.Seats) != 2 {
		t.Errorf("dan is given %v, %v", numbers(got), err)
	}
	h.Clock.Advance(promiseFor + time.Second)
	if kept, err = h.s.store.Promise(t.Context(), at(h.s), "elsewhere", "bob", promiseFor, [][]int{{2}, {3}}); err != nil || fmt.Sprint(kept) != "[true true]" && fmt.Sprint(kept) != "[false false]" {
		t.Errorf("after half a minute: %v, %v", kept, err)
	}
	h.checkSeats()
}

// A crowd on two replicas asks for the best of one category at the same moment: everybody is served, nobody is shown what
// another has or is shown, until there is nothing left.
func TestCrowdAsksForTheBest(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 60, `,"max_per_buyer":4,"orphan_rule":"lenient"`)
	replicas := []*Service{h.s, newService(h.Kit, h, h.Clock)}
	const fans = 20
	names := make([]string, fans)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	h.admit(names...)
	got := make([]Basket, fans)
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			var err error
			got[i], err = replicas[i%2].HoldBest(t.Context(), h.event.ID, name, Best{Quantity: 3, Category: "stalls", Others: true})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	held, shown := map[int]string{}, map[int]string{}
	for i, b := range got {
		if len(b.Seats) != 3 {
			t.Fatalf("%s has %v", names[i], numbers(b))
		}
		for _, n := range numbers(b) {
			if was := held[n]; was != "" {
				t.Errorf("seat %d is held by %s and %s", n, was, names[i])
			}
			held[n] = names[i]
		}
		for _, other := range seatNumbers(b.Others) {
			for _, n := range other {
				if was := shown[n]; was != "" {
					t.Errorf("seat %d is shown to %s and %s", n, was, names[i])
				}
				shown[n] = names[i]
			}
		}
	}
	if _, err := h.s.HoldBest(t.Context(), h.event.ID, names[0], Best{Quantity: 1, Category: "stalls"}); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("sold out: %v", err)
	}
	h.checkSeats()
}

// A price was taken away, and the map has not heard of it: the best are those still on sale, further choices too.
func TestBestAfterAPriceWasTakenAway(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaa", "AAAAAA", "AAAAAA")
	h.admit("ada", "bob")
	if err := h.b.pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed := *h.event
	changed.Categories = slices.Clone(h.event.Categories)
	changed.Categories[changed.category("stalls")].Price = nil
	h.s.beat.Store(1)
	h.s.events.put(&changed, 1, h.s.events.forgotten.Load())
	got, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2, Others: true})
	if err != nil || !slices.Equal(numbers(got), []int{8, 9}) || fmt.Sprint(seatNumbers(got.Others)) != "[[14 15]]" {
		t.Errorf("%v and %v, %v", numbers(got), seatNumbers(got.Others), err)
	}
	if _, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", Best{Quantity: 2, Category: "stalls"}); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("of what is not on sale any more: %v", err)
	}
	h.checkSeats()
}

// Asked again below the limit the best are more seats, as docs/holds.md says; at the limit they are those that are held.
func TestBestAskedAgain(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":4`, "aaaaaaaa")
	h.admit("ada")
	for _, want := range []int{2, 4, 4} {
		if got, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2}); err != nil || len(got.Seats) != want {
			t.Errorf("%v, %v, want %d", numbers(got), err, want)
		}
	}
	h.checkSeats()
}

func TestBestWithCompanion(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaa", "#+aaaa")
	h.admit("ada", "bob")
	got, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2, Accessible: true})
	if err != nil || !slices.Equal(numbers(got), []int{6, 7}) {
		t.Errorf("%v, %v", numbers(got), err)
	}
	if _, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", Best{Quantity: 1, Accessible: true}); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("another: %v", err)
	}
	h.checkSeats()
}

func TestOthersOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRows(t, `,"max_per_buyer":2`, "aaaaaaaa", "AAAAAAAA")
	h.admit("ada")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	got := ask(t, "POST", holds, `{"best":{"quantity":2}}`, "X-Place", "ada").want(t, 201, "")
	others, _ := got.field("others").([]any)
	if len(others) != 1 || fmt.Sprint(others[0]) != "map[seats:[map[category:circle label:B-4 n:11 price:3000] map[category:circle label:B-5 n:12 price:3000]] total:6000]" {
		t.Errorf("%s", got.body)
	}
	ask(t, "POST", holds, `{"seats":[11,12],"instead_of":[3,4]}`, "X-Place", "ada").want(t, 201, "")
	if again := ask(t, "GET", holds, "", "X-Place", "ada").want(t, 200, ""); again.field("others") != nil || again.field("total") != 6000.0 {
		t.Errorf("%s", again.body)
	}
	h.checkSeats()
}
