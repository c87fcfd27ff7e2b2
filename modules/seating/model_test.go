package seating

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairseat/app/testkit"
)

// world is what the map should be, as a plain map: who holds what until when, and which claim has which seat.
type world struct {
	limit  int
	seats  int
	until  map[string]time.Time
	held   map[int]string
	claims map[int]Claim
	owner  map[int]string // of a claim
	sold   map[int]bool
	old    []Claim      // released, and still heard of
	stale  map[int]bool // ran out, and may be shown as held until the sweep has passed
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
	switch _, claimed := w.claims[n]; {
	case claimed && w.sold[n]:
		return 2
	case claimed:
		return 1
	case w.held[n] != "":
		return 1
	}
	return 0
}

// Whatever fans, payments, clocks and losses of Redis do in whatever order, the map is what a plain map would be.
func TestMapAgainstModel(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	h := openOn(t, k, nil, 2, 5, `,"max_per_buyer":3`)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		// A new event a run, on the same stores.
		round++
		h.slug(t, fmt.Sprintf("run-%d", round))
		w := &world{limit: 3, seats: 10, until: map[string]time.Time{}, held: map[int]string{}, claims: map[int]Claim{},
			owner: map[int]string{}, sold: map[int]bool{}, stale: map[int]bool{}}
		places := []string{"d1", "d2", "t1"}
		h.admit(places...)
		place := rapid.SampledFrom(places)
		seat := rapid.IntRange(0, w.seats-1)
		var last int64
		now := func() time.Time { return k.Clock.Now() }
		rt.Repeat(map[string]func(*rapid.T){
			"hold": func(rt *rapid.T) {
				p, want := place.Draw(rt, "place"), rapid.SliceOfNDistinct(seat, 1, 3, rapid.ID[int]).Draw(rt, "seats")
				got, err := h.want(p, want...)
				w.lapse(now())
				var gone, fresh []int
				for _, n := range want {
					if w.held[n] == p {
						continue
					}
					fresh = append(fresh, n)
					if _, claimed := w.claims[n]; claimed || w.held[n] != "" {
						gone = append(gone, n)
					}
				}
				slices.Sort(gone)
				switch {
				case len(w.basket(p))+w.claimed(p)+len(fresh) > w.limit:
					if !errors.Is(err, ErrTooMany) {
						rt.Fatalf("over the limit: %v", err)
					}
					return
				case len(gone) > 0:
					var taken *SeatsTakenError
					if !errors.As(err, &taken) || !slices.Equal(taken.Seats, gone) {
						rt.Fatalf("want %v taken, got %v", gone, err)
					}
					return
				case err != nil:
					rt.Fatalf("hold: %v", err)
				}
				if w.until[p].IsZero() {
					w.until[p] = now().Add(480 * time.Second)
				}
				for _, n := range fresh {
					w.held[n] = p
				}
				if !slices.Equal(numbers(got), w.basket(p)) || !got.ExpiresAt.Equal(w.until[p]) {
					rt.Fatalf("basket %+v, want %v until %v", got, w.basket(p), w.until[p])
				}
			},
			"release": func(rt *rapid.T) {
				p, n := place.Draw(rt, "place"), seat.Draw(rt, "seat")
				if err := h.s.Release(t.Context(), h.event.ID, p, n); err != nil {
					rt.Fatal(err)
				}
				w.lapse(now())
				if w.held[n] == p {
					delete(w.held, n)
				}
				if len(w.basket(p)) == 0 {
					delete(w.until, p)
				}
			},
			"expire": func(rt *rapid.T) {
				if _, err := h.b.expire(t.Context()); err != nil {
					rt.Fatal(err)
				}
				w.lapse(now())
				clear(w.stale)
			},
			"wait": func(rt *rapid.T) {
				k.Clock.Advance(time.Duration(rapid.IntRange(1, 300).Draw(rt, "seconds")) * time.Second)
			},
			"pin": func(rt *rapid.T) {
				p := place.Draw(rt, "place")
				got, err := h.s.Pin(t.Context(), h.event.ID, p, 15*time.Second)
				w.lapse(now())
				if len(w.basket(p)) == 0 {
					if !errors.Is(err, ErrHoldExpired) {
						rt.Fatalf("pin of nothing: %v", err)
					}
					return
				}
				if least := now().Add(15 * time.Second); w.until[p].Before(least) {
					w.until[p] = least
				}
				if err != nil || !got.ExpiresAt.Equal(w.until[p]) {
					rt.Fatalf("pin: %+v, %v", got, err)
				}
			},
			"pay": func(rt *rapid.T) {
				// Any seat nobody has claimed: the order's transaction may come long after the hold ended.
				p, n := place.Draw(rt, "place"), seat.Draw(rt, "seat")
				w.lapse(now())
				if _, claimed := w.claims[n]; claimed || w.claimed(p) >= w.limit {
					return
				}
				claims, err := h.claim(p, p+"@x", n)
				if err != nil {
					rt.Fatalf("claim: %v", err)
				}
				w.claims[n], w.owner[n] = claims[0], p
				if rapid.Bool().Draw(rt, "told at once") {
					h.mustTake(p, claims)
				} else if err := h.s.Sync(t.Context(), h.event.ID, []int64{claims[0].ID}); err != nil {
					rt.Fatal(err)
				}
				if was := w.held[n]; was != "" {
					delete(w.held, n)
					if len(w.basket(was)) == 0 {
						delete(w.until, was)
					}
				}
			},
			"sell": func(rt *rapid.T) {
				n := seat.Draw(rt, "seat")
				if c, ok := w.claims[n]; ok && !w.sold[n] {
					h.move([]Claim{c}, []string{"checkout"}, "sold")
					w.sold[n] = true
				}
			},
			"give up": func(rt *rapid.T) {
				n := seat.Draw(rt, "seat")
				if c, ok := w.claims[n]; ok {
					h.move([]Claim{c}, []string{"checkout", "sold"}, "released")
					w.old = append(w.old, c)
					delete(w.claims, n)
					delete(w.owner, n)
					delete(w.sold, n)
				}
			},
			"old news": func(rt *rapid.T) {
				if len(w.old) == 0 {
					return
				}
				c := rapid.SampledFrom(w.old).Draw(rt, "claim")
				if err := h.s.Sync(t.Context(), h.event.ID, []int64{c.ID}); err != nil {
					rt.Fatal(err)
				}
			},
			"flush": func(rt *rapid.T) {
				if rapid.IntRange(0, 4).Draw(rt, "seldom") > 0 {
					return
				}
				h.flush()
				h.admit(places...)
				for _, p := range places {
					w.drop(p)
				}
			},
			"": func(rt *rapid.T) {
				h.admit(places...)
				w.lapse(now())
				if err := h.b.pull(t.Context()); err != nil {
					rt.Fatal(err)
				}
				version, bits := h.bits()
				if version < last {
					rt.Fatalf("version %d after %d", version, last)
				}
				last = version
				for n := range w.seats {
					got := int(bits[n/4] >> (2 * (n % 4)) & 3)
					want := w.status(n)
					if want == 0 && got == 1 && w.stale[n] {
						continue
					}
					delete(w.stale, n)
					if got != want {
						rt.Fatalf("seat %d is %d, want %d", n, got, want)
					}
				}
			},
		})
		w.lapse(now())
		h.sweep()
		if err := h.b.pull(t.Context()); err != nil {
			rt.Fatal(err)
		}
		_, bits := h.bits()
		for n := range w.seats {
			if got := int(bits[n/4] >> (2 * (n % 4)) & 3); got != w.status(n) {
				rt.Fatalf("in the end seat %d is %d, want %d", n, got, w.status(n))
			}
		}
	})
	h.checkSeats()
}

// slug makes another event on the house's plan and moves there.
func (h *house) slug(t *testing.T, slug string) {
	t.Helper()
	var req eventRequest
	body := fmt.Sprintf(`{"slug":%q,"name":"Gala","plan":"%d","opens_at":"2020-01-01T00:00:00Z","max_per_buyer":3,
		"prices":{"Stalls":5000,"Circle":3000,"Broken":null}}`, slug, h.event.PlanID)
	if err := strict([]byte(body), &req); err != nil {
		t.Fatal(err)
	}
	e, err := h.s.createEvent(t.Context(), by{}, &req)
	if err != nil {
		t.Fatal(err)
	}
	h.event, h.b = e, h.s.board(e.ID)
}
