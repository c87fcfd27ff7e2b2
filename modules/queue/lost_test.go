package queue

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"fairseat/app/clock"
)

// positions fails the test if two places share one, and answers them by key.
func (k *kit) positions(places []Place) map[string]int64 {
	k.T.Helper()
	by, owner := map[string]int64{}, map[int64]string{}
	for _, p := range places {
		position := k.position(p)
		if other, taken := owner[position]; taken && other != p.Key() {
			k.T.Fatalf("%s and %s share position %d", p.Key(), other, position)
		}
		owner[position], by[p.Key()] = p.Key(), position
	}
	return by
}

// burnt are the published ranges.
func (k *kit) burnt() [][2]int64 {
	k.T.Helper()
	ranges, err := publishedBurnt(k.row())
	if err != nil {
		k.T.Fatal(err)
	}
	return ranges
}

func TestLossBeforeTheDraw(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(10)
	k.lose()
	places = append(places, k.joinMany(3)...)
	if last := places[len(places)-1]; last.Index != 66 {
		t.Fatalf("counting did not go on at the ceiling: %+v", last)
	}
	if f, err := k.queue.Figures(k.T.Context(), k.id); err != nil || f.Joined != 3 || f.Aside != 64 {
		t.Errorf("with 64 places set aside the line is said to have %d people, and %d aside: %v", f.Joined, f.Aside, err)
	}
	// Postgres knew of none used when the ceiling was set, so all 64 may lack an owner.
	if got := fmt.Sprint(k.burnt()); got != "[[0 64]]" {
		t.Errorf("burnt %s", got)
	}
	k.open()
	k.tick()
	if size := k.row().Size; size == nil || *size != 67 {
		t.Fatalf("size %v", size)
	}
	k.positions(places)
	now := k.do("GET", k.queuePath("/now"), "").want(200)
	if got := fmt.Sprint(now["draw"].(map[string]any)["burnt"]); got != "[[0 64]]" {
		t.Errorf("published %s", got)
	}
	if now["joined"] != 67.0 {
		t.Errorf("joined %v", now["joined"])
	}
	k.checkLine()
}

func TestLossAfterTheDraw(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 3 })
	places := k.joinMany(20)
	k.open()
	k.tick()
	places = append(places, k.joinMany(5)...)
	before := k.positions(places)
	var called []Place
	for _, p := range places {
		if before[p.Key()] < k.row().Serving {
			called = append(called, p)
		}
	}
	if len(called) == 0 {
		t.Fatal("nobody was called")
	}
	serving := k.row().Serving
	k.lose()
	places = append(places, k.joinMany(2)...)
	after := k.positions(places)
	for key, position := range before {
		if after[key] != position {
			t.Errorf("%s moved from %d to %d", key, position, after[key])
		}
	}
	if got := fmt.Sprint(k.burnt()); got != "[[20 84]]" {
		t.Errorf("burnt %s", got)
	}
	// Nobody called is uncalled: each enters as soon as there is room.
	if shown := k.state().num("shown"); shown < serving {
		t.Errorf("shown %d, recorded %d", shown, serving)
	}
	for _, p := range called[:min(3, len(called))] {
		k.mustEnter(p)
	}
	k.checkLine()
}

// The seal itself is lost, before its size was in Postgres: then the ceiling is the size, and nobody's index lies outside.
func TestLossBetweenSealAndSize(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(70)
	k.open()
	places = append(places, k.join()) // seals
	k.lose()
	places = append(places, k.join())
	k.tick()
	row := k.row()
	if row.Size == nil || *row.Size != row.DrawCeiling || places[70].Index != 0 || places[71].Index != 64 {
		t.Fatalf("size %v, ceiling %d, tail %+v %+v", row.Size, row.DrawCeiling, places[70], places[71])
	}
	k.positions(places)
	k.checkLine()
}

// A Redis that started again may lack its last second: what it still counts is below what was given out.
func TestRestartThatForgotTheLastJoins(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(30)
	k.restartRedis("draw", "12")
	places = append(places, k.joinMany(3)...)
	if got := fmt.Sprint(k.burnt()); got != "[[12 64]]" {
		t.Errorf("burnt %s", got)
	}
	k.open()
	k.tick()
	places = append(places, k.joinMany(5)...)
	inside := places[0]
	for _, p := range places {
		if k.position(p) < k.row().Serving {
			inside = p
		}
	}
	k.mustEnter(inside)
	k.restartRedis("tail", "1", "shown", "0", "serving", "0")
	places = append(places, k.joinMany(2)...)
	k.positions(places)
	if a, err := k.enter(inside); err != nil || !a.Again {
		t.Errorf("an admission that Redis kept is gone: %+v %v", a, err)
	}
	if k.state().num("shown") != k.row().Serving {
		t.Error("somebody called was uncalled")
	}
	k.checkLine()
}

// Three replicas meet a lost Redis together: one brings the line back, and the range burns once.
func TestReplicasReloadTogether(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(10)
	services := []*Service{k.queue, k.replica(), k.replica()}
	var mu sync.Mutex
	for round := range 3 {
		k.lose()
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				p, err := services[i%3].Join(context.Background(), k.id)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				places = append(places, p)
			})
		}
		all.Wait()
	}
	k.open()
	k.tick()
	k.positions(places)
	if got := fmt.Sprint(k.burnt()); got != "[[0 192]]" && len(k.burnt()) > 3 {
		t.Errorf("burnt %s", got)
	}
	k.checkLine()
}

// Who has an order under way is inside again, before anybody else is let in.
func TestLossRestoresThoseWhoPay(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 2 })
	places := k.joinMany(6)
	k.open()
	k.tick()
	var called []Place
	for range 30 {
		k.tick()
		called = called[:0]
		for _, p := range places {
			if k.position(p) < k.row().Serving {
				called = append(called, p)
			}
		}
		if len(called) >= 2 {
			break
		}
	}
	k.mustEnter(called[0])
	k.mustEnter(called[1])
	k.neighbours.live = []string{called[0].Key(), called[1].Key()}
	k.lose()
	for _, p := range called {
		until, ok, err := k.queue.Admitted(context.Background(), k.id, p.Key())
		if err != nil || !ok || !until.Equal(k.Clock.Now().Add(180*time.Second)) {
			t.Errorf("%s: %v %v %v", p.Key(), until, ok, err)
		}
	}
	for _, p := range places {
		if p != called[0] && p != called[1] {
			if _, err := k.enter(p); err == nil {
				t.Fatalf("%s came in above the cap", p.Key())
			}
		}
	}
	if active := k.state().num("active"); active != 2 {
		t.Errorf("%d inside", active)
	}
}

// stalling is a clock that lets something happen before every step of a replica.
type stalling struct {
	clock.Clock
	before func()
}

func (c *stalling) Fixed() (time.Time, bool) {
	c.before()
	return c.Clock.Fixed()
}

// A replica is held up anywhere while it brings a line back; meanwhile another brings it back, gives places out, and
// Redis loses them again. No index is given out twice.
func TestStalledReloadInstallsNothingOld(t *testing.T) {
	t.Parallel()
	for step := 1; step <= 4; step++ {
		k := newKit(t)
		places := k.joinMany(10)
		at := 0
		k.deps.Clock = &stalling{k.Clock, func() {
			if at++; at != step {
				return
			}
			// Too short for one who waits for the stalled replica.
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer cancel()
			for range 100 {
				p, err := k.queue.Join(ctx, k.id)
				if err != nil {
					return
				}
				places = append(places, p)
			}
			k.lose()
		}}
		slow := k.replica()
		k.lose()
		if err := slow.reload(t.Context(), k.id); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
		places = append(places, k.joinMany(30)...)
		seen := map[string]bool{}
		for _, p := range places {
			if seen[p.Key()] {
				t.Fatalf("step %d: %s was given out twice", step, p.Key())
			}
			seen[p.Key()] = true
		}
		k.checkLine()
	}
}

// Whoever joined the tail some seconds before a loss is not taken for nobody.
func TestTheTailIsRememberedAsItGrows(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(3)
	k.open()
	k.tick()
	places := k.joinMany(40) // the reserve is 64
	k.Clock.Advance(rememberEvery)
	k.tick()
	k.lose()
	places = append(places, k.join())
	if got := fmt.Sprint(k.burnt()); got != "[[43 67]]" {
		t.Errorf("burnt %s", got)
	}
	k.positions(places)
	k.checkLine()
}
