package seating

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// Whatever fans, payments, clocks and losses of Redis do in whatever order, the map is what a plain map would be.
func TestMapAgainstModel(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	const floor = `,"areas":{"floor":{"capacity":3,"category":"Circle"}}`
	h := openOn(t, k, nil, 2, 5, floor+`,"max_per_buyer":3`)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		// A new event a run, on the same stores.
		round++
		h.slug(t, fmt.Sprintf("run-%d", round), floor)
		w := &world{limit: 3, seats: 13, offers: map[string][]int{}, blocked: map[int]blockedSeat{}, until: map[string]time.Time{}, own: map[string]time.Time{}, held: map[int]string{}, claims: map[int]Claim{},
			owner: map[int]string{}, sold: map[int]bool{}, stale: map[int]bool{}}
		places := []string{"d1", "d2", "t1"}
		h.admit(places...)
		place := rapid.SampledFrom(places)
		seat := rapid.IntRange(0, w.seats-1)
		var last int64
		now := func() time.Time { return k.Clock.Now() }
		rt.Repeat(map[string]func(*rapid.T){
			"hold": func(rt *rapid.T) { h.modelHold(rt, w, place.Draw(rt, "place"), seat) },
			"area": func(rt *rapid.T) { h.modelArea(rt, w, place.Draw(rt, "place")) },
			"block": func(rt *rapid.T) {
				n, wish := seat.Draw(rt, "seat"), BlockWish{Reason: "a partner"}
				if wish.Seats = []int{n}; rapid.Bool().Draw(rt, "for a while") {
					wish.Until = now().Add(time.Duration(rapid.IntRange(1, 400).Draw(rt, "seconds")) * time.Second)
				}
				made, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, wish)
				w.lapse(now())
				switch {
				case errors.Is(err, ErrSeatsTaken) && (!w.free(n) || w.stale[n]):
				case err != nil || !w.free(n):
					rt.Fatalf("block %d: %v", n, err)
				default:
					w.blocked[n] = blockedSeat{made.ID, wish.Until}
				}
			},
			"unblock": func(rt *rapid.T) {
				n := seat.Draw(rt, "seat")
				if was, ok := w.blocked[n]; ok {
					if _, _, err := h.s.Unblock(t.Context(), request.Staff{}, "", h.event.ID, was.id, nil); err != nil {
						rt.Fatal(err)
					}
					delete(w.blocked, n)
				}
			},
			"blocks end": func(rt *rapid.T) {
				if err := h.s.endBlocks(t.Context()); err != nil {
					rt.Fatal(err)
				}
				for n, was := range w.blocked {
					if !was.until.IsZero() && !was.until.After(now()) {
						delete(w.blocked, n)
					}
				}
			},
			"release": func(rt *rapid.T) {
				p, n := place.Draw(rt, "place"), seat.Draw(rt, "seat")
				if err := h.s.Release(t.Context(), h.event.ID, p, n); err != nil {
					rt.Fatal(err)
				}
				w.lapse(now())
				w.giveBack(p, n)
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
			"wait a little": func(rt *rapid.T) {
				k.Clock.Advance(time.Duration(rapid.IntRange(1, 14).Draw(rt, "seconds")) * time.Second)
			},
			"pin": func(rt *rapid.T) {
				p := place.Draw(rt, "place")
				got, err := h.s.Pin(t.Context(), h.event.ID, p, 15*time.Second, false)
				w.lapse(now())
				if len(w.basket(p)) == 0 {
					if !errors.Is(err, ErrHoldExpired) {
						rt.Fatalf("pin of nothing: %v", err)
					}
					return
				}
				delete(w.offers, p) // bought, or about to be
				least, last := now().Add(15*time.Second), w.own[p].Add(time.Minute)
				if least.After(last) {
					least = last
				}
				if w.until[p].Before(least) {
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
				_, blocked := w.blocked[n]
				if _, claimed := w.claims[n]; claimed || blocked || w.claimed(p) >= w.limit {
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
				w.giveBack(w.held[n], n)
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
				if last > 0 && holds.EpochOf(last) == holds.EpochOf(version) {
					changes, err := h.s.store.Changes(t.Context(), h.b.at(), last, 1000)
					if err != nil || int64(len(changes)) != version-last {
						rt.Fatalf("%d changes from %d to %d, %v", len(changes), last, version, err)
					}
					for i, c := range changes {
						if c.Version != last+int64(i)+1 {
							rt.Fatalf("version %d follows %d", c.Version, last+int64(i))
						}
					}
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

// modelHold holds some seats, instead of others or not, and takes an offer where somebody was quicker, or does not.
func (h *house) modelHold(rt *rapid.T, w *world, p string, seat *rapid.Generator[int]) {
	want := rapid.SliceOfNDistinct(seat, 1, 3, rapid.ID[int]).Draw(rt, "seats")
	choice := Choice{Seats: want, InsteadOf: rapid.SliceOfNDistinct(seat, 0, 3, rapid.ID[int]).Draw(rt, "instead of"), Offer: rapid.Bool().Draw(rt, "offer")}
	var got Basket
	var err error
	if len(choice.InsteadOf) == 0 && !choice.Offer {
		got, err = h.want(p, want...)
	} else {
		got, err = h.s.Choose(h.T.Context(), h.event.ID, p, choice)
	}
	now := h.Clock.Now()
	w.lapse(now)
	var gone, fresh, back []int
	for _, n := range want {
		if w.held[n] == p {
			continue
		}
		if fresh = append(fresh, n); !w.free(n) {
			gone = append(gone, n)
		}
	}
	for _, n := range w.basket(p) {
		if !slices.Contains(want, n) && (slices.Contains(choice.InsteadOf, n) || slices.Contains(w.offers[p], n)) {
			back = append(back, n)
		}
	}
	slices.Sort(gone)
	var taken *SeatsTakenError
	switch {
	case len(w.basket(p))-len(back)+w.claimed(p)+len(fresh) > w.limit:
		if !errors.Is(err, ErrTooMany) {
			rt.Fatalf("over the limit: %v", err)
		}
		return
	case len(gone) > 0:
		if !errors.As(err, &taken) || !slices.Equal(taken.Seats, gone) {
			rt.Fatalf("want %v taken, got %v", gone, err)
		}
		if len(taken.Offer) > 0 {
			h.modelOffer(rt, w, p, choice, taken.Offer)
		}
		return
	case err != nil:
		rt.Fatalf("hold: %v", err)
	}
	w.makeWay(p, back...)
	delete(w.offers, p)
	w.hold(p, now.Add(480*time.Second), fresh)
	if !slices.Equal(numbers(got), w.basket(p)) || !got.ExpiresAt.Equal(w.until[p]) || len(got.Offered) > 0 {
		rt.Fatalf("basket %+v, want %v until %v", got, w.basket(p), w.until[p])
	}
}

// modelOffer judges what was offered for seats that went: free seats, no more than asked for, and held already.
func (h *house) modelOffer(rt *rapid.T, w *world, p string, choice Choice, offer []int) {
	w.makeWay(p, w.offers[p]...)
	for _, n := range offer {
		if !w.free(n) || !choice.Offer || len(offer) > len(choice.Seats) {
			rt.Fatalf("%v was offered, %d is not to be had", offer, n)
		}
	}
	w.hold(p, h.Clock.Now().Add(480*time.Second), offer)
	w.offers[p] = slices.Clone(offer)
	if total := len(w.basket(p)) + w.claimed(p); total > w.limit {
		rt.Fatalf("with the offer %v %s has %d", offer, p, total)
	}
	got, err := h.s.Basket(h.T.Context(), h.event.ID, p)
	slices.Sort(got.Offered)
	if err != nil || !slices.Equal(numbers(got), w.basket(p)) || !slices.Equal(got.Offered, slices.Sorted(slices.Values(offer))) ||
		!got.ExpiresAt.Equal(w.until[p]) {
		rt.Fatalf("after the offer %v: %+v, %v; want %v until %v", offer, got, err, w.basket(p), w.until[p])
	}
}

// modelArea holds places of the floor, whichever are free: numbers 10 to 12.
func (h *house) modelArea(rt *rapid.T, w *world, p string) {
	quantity := rapid.IntRange(1, 3).Draw(rt, "places")
	w.lapse(h.Clock.Now())
	free, seen, mine := 0, 0, 0
	for n := 10; n < 13; n++ {
		if w.held[n] == p {
			mine++
		}
		if w.free(n) {
			if free++; !w.stale[n] {
				seen++
			}
		}
	}
	before := w.basket(p)
	got, err := h.s.HoldArea(h.T.Context(), h.event.ID, p, AreaPlaces{Area: "floor", Quantity: quantity})
	total := len(before) - len(w.offers[p]) + w.claimed(p) + quantity
	switch {
	case errors.Is(err, ErrNoneLeft) && seen < quantity, errors.Is(err, ErrTooMany) && total > w.limit && mine < quantity:
		return
	case err != nil:
		rt.Fatalf("%d of %d places: %v", quantity, free, err)
	case slices.Equal(numbers(got), before) && mine >= quantity && (total > w.limit || seen < quantity):
		return // they are the fan's already
	}
	w.makeWay(p, w.offers[p]...)
	var fresh []int
	for _, n := range numbers(got) {
		if w.held[n] != p {
			fresh = append(fresh, n)
		}
		if w.held[n] != p && (n < 10 || !w.free(n)) {
			rt.Fatalf("place %d is not to be had", n)
		}
	}
	w.hold(p, h.Clock.Now().Add(480*time.Second), fresh)
	if len(fresh) != quantity || total > w.limit || !slices.Equal(numbers(got), w.basket(p)) || !got.ExpiresAt.Equal(w.until[p]) {
		rt.Fatalf("%d places: %+v, want %v until %v", quantity, got, w.basket(p), w.until[p])
	}
}

// slug makes another event on the house's plan and moves there.
func (h *house) slug(t *testing.T, slug, extra string) {
	t.Helper()
	var req eventRequest
	body := fmt.Sprintf(`{"slug":%q,"name":"Gala","plan":"%d","opens_at":"2020-01-01T00:00:00Z","max_per_buyer":3,
		"prices":{"Stalls":5000,"Circle":3000,"Broken":null}%s}`, slug, h.event.PlanID, extra)
	if err := strict([]byte(body), &req); err != nil {
		t.Fatal(err)
	}
	e, err := h.s.createEvent(t.Context(), by{}, &req)
	if err != nil {
		t.Fatal(err)
	}
	h.event, h.b = e, h.s.board(e.ID)
}
