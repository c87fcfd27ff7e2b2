package seating

import (
	"strconv"
	"testing"
	"time"
)

// Three full baskets without buying, then a long wait, then one an hour.
func TestSeatSeconds(t *testing.T) {
	t.Parallel()
	h := guarded(t, 3, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	start := h.Clock.Now()
	full := func(seats ...int) {
		t.Helper()
		h.mustHold("ada", seats...)
		h.Clock.Advance(480 * time.Second)
		h.sweep()
		h.Clock.Advance(11 * time.Second)
	}
	full(0, 1)
	full(2, 3)
	full(4, 5)
	reason, wait := h.refused("ada", 6)
	if reason != "held-long" || wait < 40*time.Minute || wait > 45*time.Minute {
		t.Fatalf("the fourth: %q for %v", reason, wait)
	}
	h.mustHold("bob", 6, 7) // nobody else pays for it
	h.Clock.Advance(wait - time.Second)
	if reason, wait := h.refused("ada", 8); reason != "held-long" || wait > time.Second {
		t.Errorf("a second early: %q for %v", reason, wait)
	}
	h.Clock.Advance(time.Second)
	full(8, 9)
	if reason, wait = h.refused("ada", 10); reason != "held-long" || wait < 45*time.Minute {
		t.Errorf("the fifth: %q for %v", reason, wait)
	}
	if past := h.Clock.Now().Sub(start); past < time.Hour {
		t.Errorf("four full baskets in %v", past)
	}
	h.checkSeats()
}

// Looking around costs the seconds it takes, and no more.
func TestSecondsHeldAreWhatCounts(t *testing.T) {
	t.Parallel()
	h := guarded(t, 3, 8, `,"max_per_buyer":4`)
	h.admit("ada")
	// Forty changes of mind, twenty seconds and one seat each: 800 of 3,840 seat-seconds.
	for i := range 40 {
		h.mustHold("ada", i%16)
		h.Clock.Advance(20 * time.Second)
		h.mustRelease("ada")
	}
	if spent := h.spent("ada"); spent < 200*time.Second || spent > 800*time.Second {
		t.Errorf("%v were counted", spent)
	}
	// A sweep that comes late is not the fan's time, nor is what a pin adds.
	before := h.spent("ada")
	h.mustHold("ada", 15)
	h.Clock.Advance(479 * time.Second)
	if _, err := h.s.Pin(t.Context(), h.event.ID, "ada", time.Hour, true); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(3 * time.Hour)
	h.sweep()
	if more := h.spent("ada") - before; more > 480*time.Second {
		t.Errorf("%v were counted for a basket of 480 s", more)
	}
	h.checkSeats()
}

// Asking for what is taken, over and over, is no way to hold seats free of charge: offers count while they are held.
func TestOffersCountWhileTheyAreHeld(t *testing.T) {
	t.Parallel()
	h := guarded(t, 3, 8, "")
	h.admit("ada", "bob")
	h.mustHold("ada", 3)
	if _, err := h.choose("bob", 3); len(offered(err)) != 1 {
		t.Fatal(err)
	}
	h.Clock.Advance(20 * time.Second)
	if b, err := h.choose("bob", 7); err != nil || len(b.Seats) != 1 {
		t.Fatalf("%+v, %v", b, err)
	}
	if spent := h.spent("bob"); spent != 20*time.Second {
		t.Errorf("an offer that made way after 20 s counts %v", spent)
	}
	h.mustRelease("bob")
	if _, err := h.choose("bob", 3); len(offered(err)) != 1 {
		t.Fatal(err)
	}
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	if reason, _ := h.refused("bob", 6); reason != "just-expired" || h.spent("bob") < 460*time.Second {
		t.Errorf("an offer left to run out counts %v, and then %q", h.spent("bob"), reason)
	}
	h.checkSeats()
}

// spent is what a place has used without buying, in seat-time, as of the last time it was settled.
func (h *house) spent(place string) time.Duration {
	h.T.Helper()
	text, err := h.Redis.Do(h.T.Context(), h.Redis.B().Hget().Key(h.b.keys.Name("a:"+place)).Field("spent").Build()).ToString()
	if err != nil {
		return 0
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		h.T.Fatal(err)
	}
	return time.Duration(ms) * time.Millisecond
}

// A purchase forgives everything; a checkout given up counts as the hold it was.
func TestAPurchaseForgives(t *testing.T) {
	t.Parallel()
	h := guarded(t, 3, 8, `,"max_per_buyer":3`)
	h.admit("ada", "bob")
	h.mustHold("ada", 0, 1, 2)
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	if h.spent("ada") != 3*480*time.Second {
		t.Errorf("a full basket counts %v", h.spent("ada"))
	}
	h.Clock.Advance(11 * time.Second)
	h.mustHold("ada", 4)
	h.Clock.Advance(100 * time.Second)
	claims := h.mustClaim("ada", "a@x", 4)
	h.mustTake("ada", claims)
	h.Clock.Advance(900 * time.Second)
	before := h.spent("ada")
	h.move(claims, []string{"checkout"}, "released")
	if more := h.spent("ada") - before; more <= 0 || more > 480*time.Second {
		t.Errorf("a checkout given up counts %v", more)
	}
	h.mustHold("ada", 5)
	claims = h.mustClaim("ada", "a@x", 5)
	h.mustTake("ada", claims)
	h.move(claims, []string{"checkout"}, "sold")
	if h.spent("ada") != 0 {
		t.Errorf("after buying %v are left", h.spent("ada"))
	}
	// A hold that somebody's claim overrides was not used up by whoever had it.
	h.mustHold("bob", 6)
	h.Clock.Advance(100 * time.Second)
	h.mustTake("ada", h.mustClaim("ada", "a@x", 6))
	if h.spent("bob") != 0 || len(h.set("b:bob")) != 0 {
		t.Errorf("bob pays %v for what was taken from him", h.spent("bob"))
	}
	h.checkSeats()
}
