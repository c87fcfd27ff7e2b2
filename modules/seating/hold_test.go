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
