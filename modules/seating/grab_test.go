package seating

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// want holds seats as POST holds does.
func (h *house) want(place string, seats ...int) (Basket, error) {
	h.T.Helper()
	if b, ok := h.s.Grab(h.T.Context(), h.event.ID, place, seats); ok {
		return b, nil
	}
	return h.s.PlaceHold(h.T.Context(), h.event.ID, place, seats)
}

// grab is one call for all of them: "ada 1,2" "bob 3".
func (h *house) grab(wishes ...string) []bool {
	h.T.Helper()
	if err := h.b.fresh(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
	var grabs []holds.Grab
	for _, w := range wishes {
		place, list, _ := strings.Cut(w, " ")
		g := holds.Grab{Place: place}
		for _, n := range strings.Split(list, ",") {
			seat, err := strconv.Atoi(n)
			if err != nil {
				h.T.Fatal(err)
			}
			g.Seats = append(g.Seats, seat)
		}
		grabs = append(grabs, g)
	}
	_, _, done, err := h.s.store.Grab(h.T.Context(), h.b.at(), "here", holds.Terms{Most: h.event.MaxPerBuyer, Life: h.event.holdLife(), Budgets: true}, grabs)
	if err != nil {
		h.T.Fatal(err)
	}
	return done
}

// written is all that Redis has of an event, but for the epoch, the bells and how the log is cut into entries.
func (h *house) written() map[string]string {
	h.T.Helper()
	ask := func(words ...string) []string {
		out, err := h.Redis.Do(h.T.Context(), h.Redis.B().Arbitrary(words...).Build()).AsStrSlice()
		if err != nil {
			h.T.Fatal(words, err)
		}
		return out
	}
	all := map[string]string{}
	for _, key := range ask("KEYS", h.b.keys.Base+"*") {
		name := strings.TrimPrefix(key, h.b.keys.Base)
		kind, err := h.Redis.Do(h.T.Context(), h.Redis.B().Type().Key(key).Build()).ToString()
		if err != nil {
			h.T.Fatal(err)
		}
		var values []string
		switch {
		case strings.HasPrefix(name, "k:"):
			continue
		case kind == "zset":
			values = pairs(ask("ZRANGE", key, "0", "-1", "WITHSCORES"))
		case kind == "hash":
			values = fields(ask("HKEYS", key), ask("HVALS", key))
		case kind == "set":
			values = ask("SMEMBERS", key)
		default:
			continue
		}
		slices.Sort(values)
		all[name] = strings.Join(values, " ")
	}
	first := holds.FirstVersion(h.b.epoch.Load())
	changes, err := h.s.store.Changes(h.T.Context(), h.b.at(), first, 1000)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, c := range changes {
		all["log"] += fmt.Sprintf(" %d:%d=%d until %v", c.Version-first, c.Seat, c.State, c.Due)
	}
	return all
}

func fields(names, values []string) []string {
	out := make([]string, len(names))
	for i := range names {
		out[i] = names[i] + "=" + values[i]
	}
	return out
}

func pairs(list []string) []string {
	var out []string
	for i := 0; i+1 < len(list); i += 2 {
		out = append(out, list[i]+"="+list[i+1])
	}
	return out
}

// What a grab writes is what as many holds would have written, to the last field.
func TestGrabWritesWhatHoldWrites(t *testing.T) {
	t.Parallel()
	var wrote [2]map[string]string
	for i := range wrote {
		h := open(t, 2, 8, `,"max_per_buyer":3`)
		h.s.PerPlace = 120
		h.admit("ada", "bob", "cleo", "dora")
		h.mustHold("dora", 9)
		if i == 0 {
			if done := h.grab("ada 1,2", "bob 4", "cleo 5,6,7"); !slices.Equal(done, []bool{true, true, true}) {
				t.Fatal(done)
			}
		} else {
			h.mustHold("ada", 1, 2)
			h.mustHold("bob", 4)
			h.mustHold("cleo", 5, 6, 7)
		}
		h.checkSeats()
		wrote[i] = h.written()
		// And it ends as any other.
		if err := h.s.Release(t.Context(), h.event.ID, "cleo", 6); err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(h.event.holdLife())
		h.sweep()
		for _, n := range []int{1, 2, 4, 5, 6, 7} {
			if h.status(n) != 0 {
				t.Errorf("seat %d did not come back", n)
			}
		}
		h.checkSeats()
	}
	if !maps.Equal(wrote[0], wrote[1]) {
		t.Errorf("grab wrote\n%v\nhold wrote\n%v", wrote[0], wrote[1])
	}
}

// Whoever something is the matter with is left to be judged, and nobody else has to wait for that.
func TestGrabLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":2`)
	h.s.PerPlace = 120
	h.admit("ada", "bob", "cleo", "dora", "ed", "flo", "gus", "hal")
	h.mustHold("bob", 1)
	h.mustTake("cleo", h.mustClaim("cleo", "c@x", 2))
	h.mustHold("dora", 3)
	if err := h.s.Release(t.Context(), h.event.ID, "dora"); err != nil {
		t.Fatal(err)
	}
	before := h.written()
	done := h.grab("eve 4", "bob 5", "cleo 6", "dora 7", "ed 1", "ed 2", "flo 8,1", "gus 8,9,10", "ada 11", "ada 12", "hal 11")
	want := []bool{false, false, false, false, false, false, false, false, true, false, false}
	if !slices.Equal(done, want) {
		t.Fatalf("done %v, want %v", done, want)
	}
	after := h.written()
	if own := after["own"]; own != "11=ada 1=bob" || before["own"] != "1=bob" {
		t.Errorf("seats are held: %s", own)
	}
	// A map that is being rebuilt, or that this replica has not met yet, is no place to grab in.
	h.redis("SET", h.b.keys.Name("epoch"), strconv.FormatInt(h.b.epoch.Load(), 10)+"!")
	if b, ok := h.s.Grab(t.Context(), h.event.ID, "hal", []int{12}); ok {
		t.Errorf("grabbed while closed: %+v", b)
	}
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.redis("SET", h.b.keys.Name("epoch"), "99")
	if b, ok := h.s.Grab(t.Context(), h.event.ID, "hal", []int{12}); ok {
		t.Errorf("grabbed in a strange epoch: %+v", b)
	}
	if _, err := h.want("hal", 12); err != nil {
		t.Error(err)
	}
	h.checkSeats()
}

// After an outage deadlines move before anybody judges one: a grab waits for that.
func TestNoGrabAfterAnOutage(t *testing.T) {
	t.Parallel()
	h := openOn(t, testkit.New(t), clock.System{}, 2, 8, "")
	h.admit("ada", "bob")
	held := h.mustHold("ada", 1)
	now, err := h.Redis.Do(t.Context(), h.Redis.B().Time().Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	seconds, _ := strconv.ParseInt(now[0], 10, 64)
	h.redis("SET", h.b.keys.Name("hb"), strconv.FormatInt(seconds*1000-60_000, 10))
	if done := h.grab("bob 2"); done[0] {
		t.Error("grabbed before the deadlines moved")
	}
	if _, err := h.want("bob", 2); err != nil {
		t.Fatal(err)
	}
	if b, err := h.s.Basket(t.Context(), h.event.ID, "ada"); err != nil || b.ExpiresAt.Sub(held.ExpiresAt) < 59*time.Second {
		t.Errorf("ada's clock: %v after %v, %v", b.ExpiresAt, held.ExpiresAt, err)
	}
	h.checkSeats()
}

// Three hundred fans want the same forty seats through two replicas; each seat has one owner, and whoever watches
// elsewhere is told at once.
func TestACrowdGrabs(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 20, `,"max_per_buyer":2`)
	fans := make([]string, 300)
	for i := range fans {
		fans[i] = fmt.Sprintf("d%d", i)
	}
	h.admit(append(fans, "ada")...)
	here, there := h.run(t), h.run(t)
	for _, r := range []*replica{here, there} { // who has not met the map yet leaves everything to hold
		if err := r.s.board(h.event.ID).fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	watcher := there.watch(t, "ada", "")
	watcher.sees(t, "the map", watcher.seat(0, 0))
	if b, ok := here.s.Grab(t.Context(), h.event.ID, "ada", []int{39, 38}); !ok || b.Seats[0].N != 38 {
		t.Fatalf("ada is alone and has to be judged: %+v", b)
	}
	watcher.sees(t, "her other tab's hold", watcher.told("hold", 38, 39))
	var mu sync.Mutex
	owner := map[int]string{38: "ada", 39: "ada"}
	var all sync.WaitGroup
	for i, fan := range fans {
		all.Go(func() {
			s, seats := []*Service{here.s, there.s}[i%2], []int{i % 38, (i + 1 + i/38) % 38}
			b, ok := s.Grab(t.Context(), h.event.ID, fan, seats)
			if !ok {
				var err error
				if b, err = s.PlaceHold(t.Context(), h.event.ID, fan, seats); err != nil {
					if !errors.Is(err, ErrSeatsTaken) {
						t.Error(err)
					}
					return
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for _, seat := range b.Seats {
				if was := owner[seat.N]; was != "" {
					t.Errorf("seat %d belongs to %s and %s", seat.N, was, fan)
				}
				owner[seat.N] = fan
			}
		})
	}
	all.Wait()
	if len(owner) < 30 {
		t.Errorf("only %d seats are held", len(owner))
	}
	watcher.sees(t, "all of them", func() bool {
		for n := range owner {
			if watcher.states[n] != 1 || watcher.due(n) == 0 {
				return false
			}
		}
		return true
	})
	h.checkSeats()
}

// Where the house has a rule for what may be held together, a first choice is judged like any other.
func TestGrabLeavesRulesToHold(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4,"orphan_rule":"strict"`)
	h.admit("ada")
	if basket, ok := h.s.Grab(t.Context(), h.event.ID, "ada", []int{1}); ok {
		t.Errorf("the rule was passed over: %+v", basket)
	}
	h.checkSeats()
}
