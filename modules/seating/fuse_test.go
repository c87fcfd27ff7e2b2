package seating

import (
	"strconv"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/testkit"
)

// due is what a watcher believes of when a seat comes back; 0 when it does not know.
func (w *watcher) due(seat int) int64 { return w.fuses[seat] }

// Everybody sees about when a held seat may come back: at once, after joining later, and anew when an outage moved it.
func TestFusesReachWatchers(t *testing.T) {
	t.Parallel()
	h := openOn(t, testkit.New(t), clock.System{}, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	r := h.run(t)
	bob := r.watch(t, "bob", "")
	bob.sees(t, "the map", bob.seat(0, 0))
	held := h.mustHold("ada", 1, 2)
	about := func(b Basket, due int64) bool {
		late := time.Unix(due, 0).Sub(b.ExpiresAt)
		return due%15 == 0 && late >= 0 && late < 16*time.Second
	}
	bob.sees(t, "when the seats come back", func() bool { return about(held, bob.due(1)) && about(held, bob.due(2)) })
	late := r.watch(t, "bob", "")
	late.sees(t, "the same in the whole map", func() bool { return late.first == "snapshot" && about(held, late.due(2)) })
	if got := ask(t, "GET", r.url+"/seats", "").want(t, 200, "").field("due"); len(got.([]any)) != 2 {
		t.Errorf("seats say %v", got)
	}

	// Nobody looked for a minute: the deadlines move, and what is shown of them.
	now, err := h.Redis.Do(t.Context(), h.Redis.B().Time().Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	seconds, _ := strconv.ParseInt(now[0], 10, 64)
	h.redis("SET", h.b.keys.Name("hb"), strconv.FormatInt(seconds*1000-60_000, 10))
	bob.sees(t, "that it takes longer", func() bool { return bob.due(1) >= held.ExpiresAt.Unix()+58 })
	moved, err := h.s.Basket(t.Context(), h.event.ID, "ada")
	if err != nil || !about(moved, bob.due(1)) {
		t.Errorf("%v comes back at %v, %v", moved.ExpiresAt, time.Unix(bob.due(1), 0), err)
	}

	// Who pays has no such moment.
	h.mustTake("ada", h.mustClaim("ada", "a@x", 1))
	bob.sees(t, "no moment any more", func() bool { return bob.seat(1, 1)() && bob.due(1) == 0 && bob.due(2) > 0 })
	if err := h.s.Release(t.Context(), h.event.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	bob.sees(t, "the other one free", func() bool { return bob.seat(2, 0)() && bob.due(2) == 0 })
	h.checkSeats()
}
