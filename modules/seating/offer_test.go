package seating

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// choose holds like a fan who takes an offer.
func (h *house) choose(place string, seats ...int) (Basket, error) {
	return h.s.Choose(h.T.Context(), h.event.ID, place, Choice{Seats: seats, Offer: true})
}

// offered is what a place that came too late is offered; nil when it was not refused for that.
func offered(err error) []int {
	var taken *SeatsTakenError
	if !errors.As(err, &taken) {
		return nil
	}
	return taken.Offer
}

// The loser of a race holds the nearest as good seat already; it is kept by asking for it, and else makes way.
func TestLostRaceHoldsTheNearest(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	h.mustHold("ada", 2)
	_, err := h.choose("bob", 2)
	if !slices.Equal(offered(err), []int{3}) && !slices.Equal(offered(err), []int{1}) {
		t.Fatalf("offered %v, %v", offered(err), err)
	}
	offer := offered(err)
	basket, err := h.s.Basket(t.Context(), h.event.ID, "bob")
	if err != nil || !slices.Equal(numbers(basket), offer) || !slices.Equal(basket.Offered, offer) ||
		!basket.ExpiresAt.Equal(h.Clock.Now().Add(480*time.Second)) {
		t.Fatalf("bob has %+v, %v", basket, err)
	}
	// Asking the same again finds the same, and does not pile up.
	h.Clock.Advance(10 * time.Second)
	if _, again := h.choose("bob", 2); !slices.Equal(offered(again), offer) {
		t.Errorf("again: %v", again)
	}
	// Another choice: the offer goes back in the same step, and the clock goes on.
	got, err := h.choose("bob", 6)
	if err != nil || !slices.Equal(numbers(got), []int{6}) || len(got.Offered) > 0 || !got.ExpiresAt.Equal(basket.ExpiresAt) {
		t.Fatalf("after another choice %+v, %v", got, err)
	}
	if h.status(offer[0]) != 0 {
		t.Error("the offer did not go back")
	}
	// Late again, and now kept: it stays when more is added.
	_, err = h.choose("bob", 2)
	offer = offered(err)
	if got, err = h.choose("bob", offer...); err != nil || len(got.Seats) != 2 || len(got.Offered) > 0 {
		t.Fatalf("keeping %v: %+v, %v", offer, got, err)
	}
	if got, err = h.choose("bob", 6); err != nil || len(got.Seats) != 2 {
		t.Errorf("the kept offer made way: %+v, %v", got, err)
	}
	// At the limit there is no offer, and what bob has stays.
	if _, err = h.choose("bob", 2); !errors.Is(err, ErrTooMany) {
		t.Errorf("over the limit: %v", err)
	}
	h.checkSeats()
}

func TestOfferIsAsGood(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":8`) // rows A (stalls) and B (circle); C is not on sale
	h.admit("ada", "bob", "cid")
	h.mustHold("ada", 3)
	_, err := h.choose("bob", 2, 3, 4)
	if offer := offered(err); len(offer) != 3 || offer[2]-offer[0] != 2 || offer[2] > 7 {
		t.Errorf("three side by side at the same price: %v", err)
	}
	// Nothing as good is left for eight in that row.
	if _, err = h.choose("cid", 0, 1, 2, 3, 4, 5, 6, 7); !errors.Is(err, ErrSeatsTaken) || offered(err) != nil {
		t.Errorf("eight: %v", err)
	}
	if b, _ := h.s.Basket(t.Context(), h.event.ID, "cid"); len(b.Seats) != 0 {
		t.Errorf("cid has %v", numbers(b))
	}
	// Not on sale is not lost: nothing is offered for it.
	if _, err = h.choose("cid", 16); !errors.Is(err, ErrSeatsTaken) || offered(err) != nil {
		t.Errorf("not on sale: %v", err)
	}
	h.checkSeats()
}

// Whoever checks out with an offer buys it like any seat.
func TestOfferIsBought(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	h.mustHold("ada", 2)
	_, err := h.choose("bob", 2)
	offer := offered(err)
	pinned, err := h.s.Pin(t.Context(), h.event.ID, "bob", 15*time.Second, false)
	if err != nil || !slices.Equal(numbers(pinned), offer) {
		t.Fatalf("pinned %+v, %v", pinned, err)
	}
	h.mustTake("bob", h.mustClaim("bob", "b@x", offer...))
	if got, err := h.choose("bob", 6); err != nil || !slices.Equal(numbers(got), []int{6}) || h.status(offer[0]) == 0 {
		t.Errorf("after buying the offer: %+v, %v", got, err)
	}
	h.checkSeats()
}

// Another replica, or this one started again, knows an offer for what it is.
func TestOfferOutlivesARestart(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	h.mustHold("ada", 2)
	_, err := h.choose("bob", 2)
	offer := offered(err)
	again := newService(h.Kit, h, h.Clock)
	basket, err := again.Basket(t.Context(), h.event.ID, "bob")
	if err != nil || len(offer) != 1 || !slices.Equal(basket.Offered, offer) {
		t.Fatalf("after a restart: %+v, %v, offered was %v", basket, err, offer)
	}
	got, err := again.Choose(t.Context(), h.event.ID, "bob", Choice{Seats: []int{5, 6}, Offer: true})
	if err != nil || !slices.Equal(numbers(got), []int{5, 6}) {
		t.Errorf("the offer did not make way: %+v, %v", got, err)
	}
	h.checkSeats()
}

// A lost Redis loses offers like holds; an offer that runs out goes back and is told of like one.
func TestOfferEndsLikeAHold(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada", "bob")
	h.mustHold("ada", 2)
	_, err := h.choose("bob", 2)
	offer := offered(err)
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	if h.status(offer[0]) != 0 {
		t.Fatal("the offer did not run out")
	}
	if left := h.set("o:bob"); len(left) > 0 {
		t.Errorf("still marked: %v", left)
	}
	h.mustHold("ada", 2)
	if _, err = h.choose("bob", 2); len(offered(err)) != 1 {
		t.Fatalf("%v", err)
	}
	h.flush()
	h.admit("ada", "bob")
	if b, err := h.s.Basket(t.Context(), h.event.ID, "bob"); err != nil || len(b.Seats)+len(b.Offered) > 0 {
		t.Errorf("after the loss bob has %+v, %v", b, err)
	}
	if _, err = h.choose("bob", 2); err != nil {
		t.Errorf("after the loss: %v", err)
	}
	h.checkSeats()
}

// Many fans on two replicas want the same few seats: every loser holds others, nobody two, nobody the same.
func TestCrowdIsOfferedDifferentSeats(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 40, `,"max_per_buyer":2`)
	replicas := []*Service{h.s, newService(h.Kit, h, h.Clock)}
	const fans = 16
	names := make([]string, fans)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	h.admit(names...)
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			_, err := replicas[i%2].Choose(t.Context(), h.event.ID, name, Choice{Seats: []int{10, 11}, Offer: true})
			var taken *SeatsTakenError
			if err != nil && (!errors.As(err, &taken) || len(taken.Offer) != 2) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	owner := map[int]string{}
	for _, name := range names {
		b, err := h.s.Basket(t.Context(), h.event.ID, name)
		if err != nil || len(b.Seats) != 2 || b.Seats[0].N/40 != 0 {
			t.Fatalf("%s has %+v, %v", name, b, err)
		}
		for _, seat := range b.Seats {
			if owner[seat.N] != "" {
				t.Errorf("seat %d is held by %s and %s", seat.N, owner[seat.N], name)
			}
			owner[seat.N] = name
		}
	}
	h.checkSeats()
}

func TestInsteadOf(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada", "bob")
	first := h.mustHold("ada", 0)
	h.mustHold("bob", 7)
	swap := func(place string, want int, instead ...int) (Basket, error) {
		return h.s.Choose(t.Context(), h.event.ID, place, Choice{Seats: []int{want}, InsteadOf: instead, Offer: true})
	}
	h.Clock.Advance(time.Minute)
	if got, err := swap("ada", 3, 0); err != nil || !slices.Equal(numbers(got), []int{3}) || !got.ExpiresAt.Equal(first.ExpiresAt) {
		t.Fatalf("swapped: %+v, %v", got, err)
	}
	if h.status(0) != 0 || h.status(3) != 1 {
		t.Error("the map does not show the swap")
	}
	// All or nothing: refused, it changes nothing, and with one seat each nothing else can be offered.
	if _, err := swap("ada", 7, 3); !errors.Is(err, ErrSeatsTaken) || offered(err) != nil {
		t.Errorf("a taken seat: %v", err)
	}
	// Somebody else's seat is not given back by this.
	if _, err := swap("ada", 4, 7); !errors.Is(err, ErrTooMany) {
		t.Errorf("instead of bob's: %v", err)
	}
	if h.status(7) != 1 || h.status(3) != 1 {
		t.Error("a refused swap changed something")
	}
	if got, err := swap("ada", 3, 3); err != nil || !slices.Equal(numbers(got), []int{3}) {
		t.Errorf("a seat instead of itself: %+v, %v", got, err)
	}
	if got, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 1, InsteadOf: []int{3}}); err != nil || len(got.Seats) != 1 {
		t.Errorf("the best instead: %+v, %v", got, err)
	}
	h.checkSeats()
}
