package seating

import (
	"slices"
	"time"
)

// world is what the map should be, as a plain map: who holds what until when, and which claim has which seat.
type world struct {
	limit  int
	seats  int
	until  map[string]time.Time
	own    map[string]time.Time // until when a basket would live without its pins
	held   map[int]string
	claims map[int]Claim
	owner  map[int]string // of a claim
	sold   map[int]bool
	old    []Claim      // released, and still heard of
	stale  map[int]bool // ran out, and may be shown as held until the sweep has passed

	offers  map[string][]int // of what a place holds: makes way for its next hold
	blocked map[int]blockedSeat
}

// blockedSeat is off sale, for ever when until is zero.
type blockedSeat struct {
	id    string
	until time.Time
}

// free tells whether nobody has a seat, and nothing ran out on it that the sweep has not seen.
func (w *world) free(n int) bool {
	_, claimed := w.claims[n]
	_, blocked := w.blocked[n]
	return !claimed && !blocked && w.held[n] == ""
}

func (w *world) lapse(now time.Time) {
	for place, until := range w.until {
		if !until.After(now) {
			for _, n := range w.basket(place) {
				w.stale[n] = true
			}
			w.drop(place)
		}
	}
}

func (w *world) drop(place string) {
	for n, p := range w.held {
		if p == place {
			delete(w.held, n)
		}
	}
	delete(w.until, place)
	delete(w.own, place)
	delete(w.offers, place)
}

// giveBack ends holds; a place that holds nothing more has no clock and no offers.
func (w *world) giveBack(place string, seats ...int) {
	for _, n := range seats {
		if w.held[n] == place {
			delete(w.held, n)
		}
	}
	w.offers[place] = slices.DeleteFunc(w.offers[place], func(n int) bool { return w.held[n] != place })
	if len(w.basket(place)) == 0 {
		delete(w.until, place)
		delete(w.own, place)
	}
}

// makeWay gives seats back for others that come in the same step: changing all of them at once gains no time.
func (w *world) makeWay(place string, seats ...int) {
	until, own := w.until[place], w.own[place]
	w.giveBack(place, seats...)
	if !until.IsZero() {
		w.until[place], w.own[place] = until, own
	}
}

// hold begins holds, in a basket that lives until due if it is new.
func (w *world) hold(place string, due time.Time, seats []int) {
	if w.until[place].IsZero() {
		w.until[place], w.own[place] = due, due
	}
	for _, n := range seats {
		w.held[n] = place
	}
}

func (w *world) basket(place string) []int {
	var seats []int
	for n, p := range w.held {
		if p == place {
			seats = append(seats, n)
		}
	}
	slices.Sort(seats)
	return seats
}

func (w *world) claimed(place string) int {
	n := 0
	for _, p := range w.owner {
		if p == place {
			n++
		}
	}
	return n
}

func (w *world) status(n int) int {
	_, blocked := w.blocked[n]
	switch _, claimed := w.claims[n]; {
	case blocked:
		return 3
	case claimed && w.sold[n]:
		return 2
	case claimed:
		return 1
	case w.held[n] != "":
		return 1
	}
	return 0
}
