package seating

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/fault"
)

func numbers(b Basket) []int {
	var n []int
	for _, s := range b.Seats {
		n = append(n, s.N)
	}
	return n
}

func TestExpiredHoldGivesSeatsBack(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	first := h.mustHold("ada", 0, 1)
	if want := h.Clock.Now().Add(480 * time.Second); !first.ExpiresAt.Equal(want) {
		t.Fatalf("held until %v, want %v", first.ExpiresAt, want)
	}
	if h.status(0) != 1 || h.status(2) != 0 {
		t.Fatal("the map does not show the hold")
	}
	h.Clock.Advance(479 * time.Second)
	h.sweep()
	if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{1}); !errors.Is(err, ErrSeatsTaken) {
		t.Fatalf("a second before the deadline: %v", err)
	}
	h.Clock.Advance(time.Second)
	// Not swept yet, and free all the same: the deadline decides.
	h.mustHold("bob", 1)
	h.sweep()
	if h.status(0) != 0 || h.status(1) != 1 {
		t.Fatal("the map does not show who has what")
	}
	if b, err := h.s.Basket(t.Context(), h.event.ID, "ada"); err != nil || len(b.Seats) != 0 || !b.ExpiresAt.IsZero() {
		t.Fatalf("ada still has %+v, %v", b, err)
	}
	h.checkSeats()
}

// Nothing the fan does extends the clock: not asking again, not adding, not giving one back.
func TestRetryNeverExtends(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada")
	first := h.mustHold("ada", 3)
	h.Clock.Advance(100 * time.Second)
	again := h.mustHold("ada", 3)
	if !again.ExpiresAt.Equal(first.ExpiresAt) || again.Version != first.Version {
		t.Errorf("repeating changed something: %+v, %+v", first, again)
	}
	more := h.mustHold("ada", 3, 4)
	if !more.ExpiresAt.Equal(first.ExpiresAt) || !slices.Equal(numbers(more), []int{3, 4}) || more.Total != 10000 {
		t.Errorf("adding gave %+v", more)
	}
	if err := h.s.Release(t.Context(), h.event.ID, "ada", 3); err != nil {
		t.Fatal(err)
	}
	if last := h.mustHold("ada", 5); !last.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("giving one back restarted the clock: %v", last.ExpiresAt)
	}
	// An empty basket has no clock; that is a new choice, from the seat-seconds budget's point of view too.
	if err := h.s.Release(t.Context(), h.event.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	if fresh := h.mustHold("ada", 5); !fresh.ExpiresAt.Equal(h.Clock.Now().Add(480 * time.Second)) {
		t.Errorf("a new basket lives until %v", fresh.ExpiresAt)
	}
	h.checkSeats()
}

func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	h.mustHold("ada", 2, 5)
	_, err := h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{1, 2, 3, 5})
	var taken *SeatsTakenError
	if !errors.As(err, &taken) || !slices.Equal(taken.Seats, []int{2, 5}) {
		t.Fatalf("%v", err)
	}
	if f := fault.As(err); f == nil || f.Code != "seats-taken" || f.Facts["seats"] == nil {
		t.Fatalf("the refusal is %#v", f)
	}
	if n, err := h.s.Holding(t.Context(), h.event.ID, "bob"); n != 0 || err != nil {
		t.Fatalf("bob got %d of them, %v", n, err)
	}
	h.checkSeats()
}

func TestLimitCountsHoldsAndClaims(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada")
	h.mustHold("ada", 0)
	h.mustTake("ada", h.mustClaim("ada", "a@x", 0))
	h.mustHold("ada", 1)
	_, err := h.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{2})
	if f := fault.As(err); f == nil || f.Code != "too-many" || f.Facts["max"] != 2 {
		t.Fatalf("the third seat: %v", err)
	}
	if n, err := h.s.TakenBy(t.Context(), h.event.ID, "ada"); n != 1 || err != nil {
		t.Errorf("claims of ada: %d, %v", n, err)
	}
	h.checkSeats()
}

func TestOnlyTheAdmittedHold(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	calls := map[string]func() error{
		"hold":        func() error { _, err := h.s.PlaceHold(t.Context(), h.event.ID, "eve", []int{1}); return err },
		"best":        func() error { _, err := h.s.HoldBest(t.Context(), h.event.ID, "eve", Best{Quantity: 1}); return err },
		"read":        func() error { _, err := h.s.Basket(t.Context(), h.event.ID, "eve"); return err },
		"release":     func() error { return h.s.Release(t.Context(), h.event.ID, "eve", 1) },
		"release all": func() error { return h.s.Release(t.Context(), h.event.ID, "eve") },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrNotAdmitted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.admit("eve")
	h.Clock.Advance(24 * time.Hour)
	if err := calls["hold"](); !errors.Is(err, ErrNotAdmitted) {
		t.Errorf("with a lapsed admission: %v", err)
	}
	h.lines.set("ended")
	if err := calls["hold"](); !errors.Is(err, ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

// The hold keeps its owner inside for as long as it lasts, and some seconds more.
func TestHoldRaisesTheAdmission(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada")
	leases, born := h.doors.LeaseKeys(h.event.ID)
	lease := func() time.Time {
		ms, err := h.Redis.Do(t.Context(), h.Redis.B().Zscore().Key(leases).Member("ada").Build()).AsFloat64()
		if err != nil {
			t.Fatal(err)
		}
		return time.UnixMilli(int64(ms)).UTC()
	}
	set := func(until time.Time) {
		err := h.Redis.Do(t.Context(), h.Redis.B().Zadd().Key(leases).ScoreMember().ScoreMember(float64(until.UnixMilli()), "ada").Build()).Error()
		if err != nil {
			t.Fatal(err)
		}
	}
	set(h.Clock.Now().Add(time.Second))
	b := h.mustHold("ada", 1)
	if want := b.ExpiresAt.Add(20 * time.Second); !lease().Equal(want) {
		t.Errorf("hold: inside until %v, want %v", lease(), want)
	}
	late := h.Clock.Now().Add(20 * time.Hour)
	set(late)
	h.mustHold("ada", 1)
	if !lease().Equal(late) {
		t.Errorf("a hold lowered the admission to %v", lease())
	}
	set(h.Clock.Now().Add(time.Second))
	if _, err := h.s.Pin(t.Context(), h.event.ID, "ada", time.Hour, true); err != nil {
		t.Fatal(err)
	}
	if want := h.Clock.Now().Add(time.Hour + 20*time.Second); !lease().Equal(want) {
		t.Errorf("pin: inside until %v, want %v", lease(), want)
	}
	set(h.Clock.Now().Add(time.Second))
	pay := h.Clock.Now().Add(15 * time.Minute)
	h.Clock.Advance(500 * time.Millisecond)
	if err := h.s.Take(t.Context(), h.event.ID, "ada", h.mustClaim("ada", "a@x", 1), pay); err != nil {
		t.Fatal(err)
	}
	if want := pay.Add(180 * time.Second); !lease().Equal(want) {
		t.Errorf("take: inside until %v, want %v", lease(), want)
	}
	at, err := h.Redis.Do(t.Context(), h.Redis.B().Hget().Key(born).Field("ada").Build()).AsInt64()
	if err != nil || at != h.Clock.Now().UnixMilli() {
		t.Errorf("take: born %d, %v", at, err)
	}
	// Who is not inside is not let in by a claim.
	if err := h.s.Take(t.Context(), h.event.ID, "bob", h.mustClaim("bob", "b@x", 2), pay); err != nil {
		t.Fatal(err)
	}
	if _, in, _ := h.doors.Admitted(t.Context(), h.event.ID, "bob"); in {
		t.Error("take let somebody in")
	}
	h.checkSeats()
}

// Two hundred want one seat at the same moment: one has it, the others hear so.
func TestOneSeatTwoHundredFans(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	const fans = 200
	var places []string
	for i := range fans {
		places = append(places, fmt.Sprintf("d%d", i))
	}
	h.admit(places...)
	var got, refused atomic.Int32
	var all sync.WaitGroup
	for _, place := range places {
		all.Go(func() {
			_, err := h.s.PlaceHold(t.Context(), h.event.ID, place, []int{7})
			switch {
			case err == nil:
				got.Add(1)
			case errors.Is(err, ErrSeatsTaken):
				refused.Add(1)
			default:
				t.Errorf("%s: %v", place, err)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 || refused.Load() != fans-1 {
		t.Errorf("%d got it, %d were refused", got.Load(), refused.Load())
	}
	h.checkSeats()
}

// More fans than seats ask for the best one: every seat goes, and only then there is none left.
func TestBestSeatsAllGo(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 10, "")
	const fans = 40
	var places []string
	for i := range fans {
		places = append(places, fmt.Sprintf("d%d", i))
	}
	h.admit(places...)
	var got, none atomic.Int32
	var all sync.WaitGroup
	for _, place := range places {
		all.Go(func() {
			_, err := h.s.HoldBest(t.Context(), h.event.ID, place, Best{Quantity: 1})
			switch {
			case err == nil:
				got.Add(1)
			case errors.Is(err, ErrNoneLeft):
				none.Add(1)
			default:
				t.Errorf("%s: %v", place, err)
			}
		})
	}
	all.Wait()
	if got.Load() != 20 || none.Load() != fans-20 {
		t.Errorf("%d got a seat, %d found none", got.Load(), none.Load())
	}
	h.checkSeats()
}

func TestBest(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	b, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2, Category: "circle"})
	if err != nil || len(b.Seats) != 2 || b.Seats[0].Category != "circle" || b.Seats[1].N != b.Seats[0].N+1 || b.Total != 6000 {
		t.Fatalf("%+v, %v", b, err)
	}
	// The answer got lost; asking again is answered with what is held, not with a refusal.
	again, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2, Category: "circle"})
	if err != nil || !slices.Equal(numbers(again), numbers(b)) {
		t.Fatalf("repeated: %+v, %v", again, err)
	}
	for _, c := range []struct {
		best Best
		want error
	}{
		{Best{Quantity: 3}, ErrTooMany}, {Best{Quantity: 1, Category: "no-such"}, fault.ErrBadField},
		{Best{Quantity: 1, Category: "broken"}, ErrNoneLeft},
	} {
		if _, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", c.best); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.best, err)
		}
	}
	if _, err := h.s.HoldBest(t.Context(), h.event.ID, "bob", Best{Quantity: 1, Accessible: true}); !errors.Is(err, ErrNoneLeft) {
		t.Errorf("accessible: %v", err)
	}
	h.checkSeats()
}

func TestSeatsThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":4`)
	h.admit("ada")
	for _, n := range []int{-1, 18, 1 << 40} {
		if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{0, n}); !errors.Is(err, ErrNoSuchSeat) {
			t.Errorf("seat %d: %v", n, err)
		}
	}
	if h.status(12) != 3 {
		t.Error("a seat that is not on sale is not shown as blocked")
	}
	if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{0, 12}); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("a seat that is not on sale: %v", err)
	}
	if err := h.s.Release(t.Context(), h.event.ID, "ada", 3, 99); err != nil {
		t.Errorf("giving back what one does not hold: %v", err)
	}
	h.checkSeats()
}

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

// A basket that names a seat of somebody else's loses it, and the other one nothing.
func TestAStraySeatEndsNobodysHold(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada", "bob")
	h.mustHold("bob", 3)
	h.redis("SADD", h.b.keys.Name("b:ada"), "3")
	h.redis("SADD", h.b.keys.Name("o:ada"), "3")
	h.redis("SADD", h.b.keys.Name("holders"), "ada")
	if b, err := h.s.Basket(t.Context(), h.event.ID, "ada"); err != nil || len(b.Seats)+len(b.Offered) > 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if b, err := h.s.Basket(t.Context(), h.event.ID, "bob"); err != nil || len(b.Seats) != 1 || h.set("holders")["ada"] {
		t.Errorf("%+v, %v; %v hold", b, err, h.set("holders"))
	}
	h.checkSeats()
}
