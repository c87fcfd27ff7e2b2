package seating

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// guarded is a house whose budgets are on: baskets live 480 s.
func guarded(t *testing.T, rows, seats int, extra string) *house {
	t.Helper()
	h := open(t, rows, seats, extra)
	h.s.PerPlace = 120
	return h
}

// refused tells why a place may not hold seats now, and for how long; "" when it may.
func (h *house) refused(place string, seats ...int) (reason string, wait time.Duration) {
	h.T.Helper()
	_, err := h.s.PlaceHold(h.T.Context(), h.event.ID, place, seats)
	var slow *SlowError
	switch {
	case err == nil:
		return "", 0
	case !errors.As(err, &slow):
		h.T.Fatalf("%s holds %v: %v", place, seats, err)
	}
	if f := fault.As(err); f.Code != "slow-down" || f.RetryAfter != slow.Wait || f.Facts["reason"] != slow.Reason || slow.Wait <= 0 {
		h.T.Errorf("the refusal is %+v", f)
	}
	return slow.Reason, slow.Wait
}

func (h *house) mustRelease(place string, seats ...int) {
	h.T.Helper()
	if err := h.s.Release(h.T.Context(), h.event.ID, place, seats...); err != nil {
		h.T.Fatal(err)
	}
}

// Whoever lets a basket run out pauses for ten seconds, and those seats are for others first for a minute.
func TestExpiredHoldRests(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	h.mustHold("ada", 0, 1)
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	if reason, wait := h.refused("ada", 5); reason != "just-expired" || wait != 10*time.Second {
		t.Errorf("at once: %q for %v", reason, wait)
	}
	h.mustHold("bob", 0) // others need not wait
	h.Clock.Advance(10 * time.Second)
	if reason, wait := h.refused("ada", 1, 2); reason != "others-first" || wait != 50*time.Second {
		t.Errorf("the same seat: %q for %v", reason, wait)
	}
	// What is picked for ada leaves that seat out.
	best, err := h.s.HoldBest(t.Context(), h.event.ID, "ada", Best{Quantity: 2})
	if err != nil || len(best.Seats) != 2 {
		t.Fatalf("%+v, %v", best, err)
	}
	for _, n := range numbers(best) {
		if n == 1 {
			t.Error("the house picked the seat that is for others first")
		}
	}
	h.mustRelease("ada")
	h.Clock.Advance(50 * time.Second)
	h.mustHold("ada", 1)
	h.checkSeats()
}

// A seat that comes back after a long hold is for fifteen seconds for those who have none behind them.
func TestWhoHeldForLongComesSecond(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob", "cleo", "dan")
	h.mustHold("ada", 0)
	h.mustHold("bob", 1)
	h.mustHold("cleo", 2)
	h.Clock.Advance(10 * time.Second)
	h.mustRelease("cleo")
	h.Clock.Advance(460 * time.Second)
	h.mustRelease("ada")
	h.mustRelease("bob") // each frees the other's seat, as if it were by chance
	if reason, wait := h.refused("ada", 1, 5); reason != "others-first" || wait != 15*time.Second {
		t.Errorf("ada: %q for %v", reason, wait)
	}
	h.mustHold("ada", 5) // any other seat is hers at once
	h.mustRelease("ada")
	h.mustHold("dan", 0) // and others need not wait
	h.mustHold("cleo", 1)
	h.mustRelease("cleo", 1)
	h.Clock.Advance(15 * time.Second)
	h.mustHold("ada", 1)
	h.checkSeats()
}

// A seat taken back brings its older clock for the whole basket: there is one deadline, whoever asks.
func TestAnOlderClockIsTheWholeBaskets(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, `,"max_per_buyer":3`)
	h.admit("ada")
	first := h.mustHold("ada", 3)
	h.Clock.Advance(300 * time.Second)
	h.mustRelease("ada")
	h.mustHold("ada", 4, 5)
	again, err := h.s.Choose(t.Context(), h.event.ID, "ada", Choice{Seats: []int{3}, InsteadOf: []int{5}})
	if err != nil || !again.ExpiresAt.Equal(first.ExpiresAt) {
		t.Fatalf("until %v, not %v; %v", again.ExpiresAt, first.ExpiresAt, err)
	}
	if got, err := h.s.Basket(t.Context(), h.event.ID, "ada"); err != nil || !got.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("and asked again: until %v, %v", got.ExpiresAt, err)
	}
	told := map[int]time.Time{}
	changes, err := h.s.store.Changes(t.Context(), h.b.at(), holds.FirstVersion(h.b.epoch.Load()), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		told[c.Seat] = c.Due
	}
	if !told[3].Equal(first.ExpiresAt) || !told[4].Equal(first.ExpiresAt) {
		t.Errorf("watchers were told %v", told)
	}
	h.Clock.Advance(180 * time.Second)
	h.sweep()
	for n := range 8 {
		if h.status(n) != 0 {
			t.Errorf("seat %d is not free", n)
		}
	}
	h.checkSeats()
}

// Giving back and taking again gains no time; another seat is a new choice.
func TestGivingBackGainsNoTime(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, `,"max_per_buyer":2`)
	h.admit("ada", "bob")
	first := h.mustHold("ada", 3)
	h.Clock.Advance(400 * time.Second)
	h.mustRelease("ada")
	if again := h.mustHold("ada", 3); !again.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("the same seat again lives until %v, not %v", again.ExpiresAt, first.ExpiresAt)
	}
	h.mustRelease("ada")
	if fresh := h.mustHold("ada", 4); !fresh.ExpiresAt.Equal(h.Clock.Now().Add(480 * time.Second)) {
		t.Errorf("another seat lives until %v", fresh.ExpiresAt)
	}
	h.mustRelease("ada")
	h.mustHold("bob", 3) // it is nobody's but the next one's
	h.mustRelease("bob")
	h.Clock.Advance(61 * time.Second)
	if late := h.mustHold("ada", 3); !late.ExpiresAt.Equal(h.Clock.Now().Add(480 * time.Second)) {
		t.Errorf("a minute later the seat lives until %v", late.ExpiresAt)
	}
	h.checkSeats()
}

// With limits.per_place at 0 nothing is counted, whoever held before.
func TestNoBudgetsNoRests(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada")
	for range 5 {
		h.mustHold("ada", 0)
		h.Clock.Advance(480 * time.Second)
		h.sweep()
		if first := h.mustHold("ada", 0); !first.ExpiresAt.Equal(h.Clock.Now().Add(480 * time.Second)) {
			t.Errorf("a new basket lives until %v", first.ExpiresAt)
		}
		h.mustRelease("ada")
	}
	for _, name := range []string{"since", "a:ada", "w:ada"} {
		if n, err := h.Redis.Do(t.Context(), h.Redis.B().Exists().Key(h.b.keys.Name(name)).Build()).AsInt64(); err != nil || n != 0 {
			t.Errorf("%s is kept, %v", name, err)
		}
	}
}

// Nobody looked after the deadlines for a minute: that minute was nobody's to use.
func TestAnOutageIsNotCharged(t *testing.T) {
	t.Parallel()
	h := openOn(t, testkit.New(t), clock.System{}, 2, 8, `,"max_per_buyer":2`)
	h.s.PerPlace = 120
	h.admit("ada")
	h.mustHold("ada", 0)
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As if the hold and the last look were a minute old.
	mark, err := h.Redis.Do(t.Context(), h.Redis.B().Hget().Key(h.b.keys.Name("since")).Field("0").Build()).ToString()
	if err != nil {
		t.Fatal(err)
	}
	began, rest, _ := strings.Cut(mark, " ")
	ms, err := strconv.ParseInt(began, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	h.redis("HSET", h.b.keys.Name("since"), "0", fmt.Sprintf("%d %s", ms-60_000, rest))
	h.redis("SET", h.b.keys.Name("hb"), strconv.FormatInt(ms-60_000, 10))
	h.mustRelease("ada")
	if h.spent("ada") > 20*time.Second {
		t.Errorf("%v were counted", h.spent("ada"))
	}
	h.checkSeats()
}

// An emptied Redis forgets budgets with the holds: nobody is refused for what nobody remembers.
func TestFlushForgetsBudgets(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, "")
	h.admit("ada")
	h.mustHold("ada", 0)
	h.Clock.Advance(480 * time.Second)
	h.sweep()
	h.flush()
	h.admit("ada")
	h.mustHold("ada", 0)
	h.checkSeats()
}

func TestSlowDownSaysWhy(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, "")
	h.s.Limits = &budgets{left: 100}
	h.admit("ada")
	holds := serve(t, h.s) + "/api/v1/events/gala/holds"
	ask(t, "POST", holds, `{"seats":[1]}`, "X-Place", "ada").want(t, 201, "")
	h.Clock.Advance(480 * time.Second)
	a := ask(t, "POST", holds, `{"seats":[2]}`, "X-Place", "ada").want(t, 429, "slow-down")
	if a.field("reason") != "just-expired" || a.header.Get("Retry-After") != "10s" || a.field("seats") != nil {
		t.Errorf("%s, after %s", a.body, a.header.Get("Retry-After"))
	}
	h.Clock.Advance(11 * time.Second)
	a = ask(t, "POST", holds, `{"seats":[1]}`, "X-Place", "ada").want(t, 429, "slow-down")
	if a.field("reason") != "others-first" || fmt.Sprint(a.field("seats")) != "[1]" {
		t.Errorf("%s", a.body)
	}
	for wait, want := range map[time.Duration]string{time.Millisecond: "1 second", 2 * time.Second: "2 seconds", 61 * time.Second: "61 seconds", 61 * time.Minute: "61 minutes"} {
		if got := span(wait); got != want {
			t.Errorf("%v is %q", wait, got)
		}
	}
}
