package seating

import (
	"errors"
	"testing"
	"time"
)

func TestPin(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	held := h.mustHold("ada", 1, 2)
	b, err := h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false)
	if err != nil || !b.ExpiresAt.Equal(held.ExpiresAt) || b.Total != 10000 || b.Currency != "EUR" {
		t.Fatalf("%+v, %v", b, err)
	}
	h.Clock.Advance(475 * time.Second)
	b, err = h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false)
	if err != nil || !b.ExpiresAt.Equal(h.Clock.Now().Add(15*time.Second)) || len(b.Seats) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	h.Clock.Advance(14 * time.Second)
	h.sweep()
	if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{1}); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("a pinned seat: %v", err)
	}
	h.Clock.Advance(time.Second)
	if _, err := h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false); !errors.Is(err, ErrHoldExpired) {
		t.Errorf("too late: %v", err)
	}
	if _, err := h.s.Pin(t.Context(), h.event.ID, "bob", 15*time.Second, false); !errors.Is(err, ErrHoldExpired) {
		t.Errorf("never held: %v", err)
	}
	h.checkSeats()
}

// An order that is refused again and again keeps no seats: pins together add a minute to a basket's life, whatever is
// changed in it meanwhile, and what they added is no time of the fan's.
func TestPinsAddNoMoreThanAMinute(t *testing.T) {
	t.Parallel()
	for what, meanwhile := range map[string]func(h *house, seat int) int{
		"the same seats": func(_ *house, seat int) int { return seat },
		"another seat every time": func(h *house, seat int) int {
			other := 3 + (seat+1)%8
			if _, err := h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{other}, InsteadOf: []int{seat}}); err != nil {
				t.Errorf("instead of %d: %v", seat, err)
			}
			return other
		},
		"one more, and one less": func(h *house, seat int) int {
			h.mustHold("ada", 14)
			h.mustRelease("ada", 14)
			return seat
		},
	} {
		h := open(t, 2, 8, `,"max_per_buyer":4`)
		h.admit("ada", "bob")
		end := h.mustHold("ada", 3).ExpiresAt.Add(time.Minute)
		h.Clock.Advance(470 * time.Second)
		for seat, tries := 3, 0; ; tries++ {
			b, err := h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false)
			if errors.Is(err, ErrHoldExpired) {
				if tries != 5 || h.Clock.Now().Before(end) {
					t.Errorf("%s: it ended after %d pins, %v before its last moment", what, tries, end.Sub(h.Clock.Now()))
				}
				break
			}
			if err != nil || b.ExpiresAt.After(end) {
				t.Fatalf("%s: pin %d: until %v, %v; the last moment is %v", what, tries, b.ExpiresAt, err, end)
			}
			h.Clock.Advance(14 * time.Second)
			if h.Clock.Now().Before(end) {
				seat = meanwhile(h, seat)
			}
		}
		if left := h.all("pins"); len(left) > 0 {
			t.Errorf("%s: of a basket that is gone stays %v", what, left)
		}
		h.checkSeats()
	}

	// Given back in the time a pin added, a seat's own clock has run out.
	h := guarded(t, 2, 8, "")
	h.admit("ada")
	h.mustHold("ada", 3)
	h.Clock.Advance(470 * time.Second)
	if _, err := h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(12 * time.Second)
	h.mustRelease("ada")
	if reason, _ := h.refused("ada", 3); reason != "just-expired" {
		t.Errorf("held anew in the time a pin added: %q", reason)
	}
	h.checkSeats()
}

// While nothing can be paid the clock stands, and what it stood for counts for the pins after.
func TestPinsWhileTheClockStands(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada")
	h.mustHold("ada", 3)
	h.Clock.Advance(470 * time.Second)
	pin := func(d time.Duration, stands bool) Basket {
		t.Helper()
		b, err := h.s.Pin(t.Context(), h.event.ID, "ada", d, stands)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	pin(15*time.Second, false)
	for range 20 {
		if b := pin(time.Minute, true); !b.ExpiresAt.Equal(h.Clock.Now().Add(time.Minute)) {
			t.Fatalf("%v are left", b.ExpiresAt.Sub(h.Clock.Now()))
		}
		h.Clock.Advance(50 * time.Second)
	}
	h.admit("ada")
	end := h.Clock.Now().Add(10*time.Second + pinGrace)
	for h.Clock.Now().Add(14 * time.Second).Before(end) {
		if b := pin(15*time.Second, false); b.ExpiresAt.After(end) {
			t.Fatalf("pinned until %v, the last moment is %v", b.ExpiresAt, end)
		}
		h.Clock.Advance(14 * time.Second)
	}
	h.checkSeats()
}

// Who watches is told when a pin moved a deadline, and nothing when it moved none.
func TestPinIsToldToWatchers(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada")
	held := h.mustHold("ada", 3, 4)
	for _, wait := range []time.Duration{0, 475 * time.Second} {
		h.Clock.Advance(wait)
		b, err := h.s.Pin(t.Context(), h.event.ID, "ada", 15*time.Second, false)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := h.s.store.Changes(t.Context(), h.b.at(), held.Version, 10)
		if err != nil || (len(changes) == 2) != (wait > 0) {
			t.Fatalf("after %v: %v, %v", wait, changes, err)
		}
		for _, c := range changes {
			if c.State != 1 || !c.Due.Equal(b.ExpiresAt) {
				t.Errorf("told %+v of a basket that lives until %v", c, b.ExpiresAt)
			}
		}
	}
	h.checkSeats()
}
