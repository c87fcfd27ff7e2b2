package queue

import (
	"context"
	"strconv"
	"testing"
	"time"
)

// estimated runs the estimate with these free seats of stalls and box, and gives what pages are told.
func (k *kit) estimated(stalls, box int) map[string]any {
	k.T.Helper()
	k.Clock.Advance(2 * time.Second)
	k.neighbours.setCounts(Counts{Free: stalls + box, FreeByCategory: map[string]int{"stalls": stalls, "box": box}})
	k.tickNow(k.queue)
	return k.do("GET", k.queuePath("/now"), "").want(200)
}

func (k *kit) setAdm(pairs ...string) {
	k.T.Helper()
	set := k.Redis.B().Hset().Key(k.queue.redis.key(k.id, "adm")).FieldValue()
	for i := 0; i < len(pairs); i += 2 {
		set = set.FieldValue(pairs[i], pairs[i+1])
	}
	if err := k.Redis.Do(context.Background(), set.Build()).Error(); err != nil {
		k.T.Fatal(err)
	}
}

// How many positions more the seats feed is not told before it can be known; a price that sells faster than others is
// gone sooner than its number says, and one that nobody took lately is not guessed.
func TestHowLongSeatsLast(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(60)
	k.open()
	by := func(view map[string]any, i int) any { return view["categories"].([]any)[i].(map[string]any)["lasts"] }
	view := k.estimated(100, 100)
	if view["lasts"] != nil || by(view, 0) != nil {
		t.Fatalf("told without knowing: %v %v", view["lasts"], view["categories"])
	}
	k.setAdm("left", "30", "q", "0.8", "b", "1", "paused", "+") // paused: no calls between
	view = k.estimated(90, 100)
	if view["lasts"] == nil || by(view, 0) != nil || by(view, 1) != nil {
		t.Fatalf("ten seats tell nothing of shares: %v %v", view["lasts"], view["categories"])
	}
	view = k.estimated(68, 92)
	total, stalls, box := view["lasts"].(float64), by(view, 0).(float64), by(view, 1).(float64)
	// A position takes .8 * 1 * .7 seats: so many positions, less those who were called and eat first.
	if total > 160/.56 || total < 160/.56-30 {
		t.Errorf("160 seats last for %v", total)
	}
	if stalls > 68/.8/.56 || stalls < 68/.8/.56-30 || box > 92/.2/.56 || box < 92/.2/.56-30 {
		t.Errorf("stalls %v, box %v", stalls, box)
	}
	if view = k.estimated(0, 92); by(view, 0) != 0.0 {
		t.Errorf("none is left: %v", view["categories"])
	}
}

// Everyone is told from the same estimate: the page of all, one's own place, and after a lost Redis the prior again.
func TestEveryoneIsToldTheSameWait(t *testing.T) {
	t.Parallel()
	s := simulate(t, scenario{name: "quick", capacity: 20, draw: 2000, minutes: 20, noShow: always(.2), longer: func(time.Duration) float64 { return .3 }}, 3)
	learned := estimateOf(s.run("look", ""), 20, 0).Wait
	prior := waitPoints(20, 0)
	// Stays of 55 s instead of the four minutes that the prior has: three people where it expects one.
	if learned[6].Ahead < 2*prior[6].Ahead {
		t.Errorf("in 20 min %v positions are called, the prior has %v", learned[6].Ahead, prior[6].Ahead)
	}
	place := Place{EventID: s.id, Cohort: InTail, Index: 0}
	s.set("size", 0, "draw", 0, "tail", 2000, "shown", 0, "serving", 0)
	st, err := s.queue.Standing(context.Background(), s.id, place.Key())
	if err != nil || st.State != StateWaiting || *st.P90 != waitFor(learned, 0).P90 {
		t.Errorf("%+v %v", st, err)
	}
	view := s.do("GET", s.queuePath("/now"), "").want(200)
	if point := view["wait"].([]any)[6].(map[string]any); point["ahead"] != learned[6].Ahead || point["p90_s"] != float64(learned[6].P90) {
		t.Errorf("%v, want %v", point, learned[6])
	}
	s.lose()
	s.Clock.Advance(time.Second)
	view = s.do("GET", s.queuePath("/now"), "").want(200)
	if point := view["wait"].([]any)[6].(map[string]any); point["ahead"] != prior[6].Ahead {
		t.Errorf("after a loss %v, want %v", point, prior[6])
	}
}

// The estimate of a line with an hour of history.
func BenchmarkEstimate(b *testing.B) {
	k := newKit(b, func(l *line) { l.Cap = 500 })
	k.open()
	k.tick()
	k.setAdm("size", "1000000", "draw", "1000000", "free", "100000", "left", "50")
	for second := range 3600 {
		k.Clock.Advance(time.Second)
		if second%10 == 0 { // calls go on, five a second
			k.setAdm("called", strconv.Itoa(5*second), "serving", strconv.Itoa(5*second), "entered_draw", strconv.Itoa(2*second), "offered", strconv.Itoa(500*second))
		}
		if _, err := k.queue.redis.run(context.Background(), "estimate", k.id, "stalls", "100000"); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		k.Clock.Advance(2 * time.Second)
		if _, err := k.queue.redis.run(context.Background(), "estimate", k.id, "stalls", "100000"); err != nil {
			b.Fatal(err)
		}
	}
	size, err := k.Redis.Do(context.Background(), k.Redis.B().Hstrlen().Key(k.queue.redis.key(k.id, "est")).Field("state").Build()).AsInt64()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(size), "bytes")
}

// What was told is checked against what came of it: four in five hold, and what a pause cuts off counts for nothing.
func TestEstimatesAreChecked(t *testing.T) {
	t.Parallel()
	s := simulate(t, scenario{name: "checked", capacity: 30, draw: 3000, minutes: 25, noShow: always(.4)}, 4)
	before, err := s.queue.Accuracy(context.Background(), s.id)
	if err != nil || before.Sum().Estimates < 300 {
		t.Fatalf("%v %v", before, err)
	}
	within, unmet := int64(0), int64(0)
	for _, h := range before {
		if h.Within+h.Earlier+h.Later != h.Estimates {
			t.Errorf("%+v", h)
		}
		within, unmet = within+h.Within, unmet+h.Unmet
	}
	if share := float64(within) / float64(before.Sum().Estimates); share < .65 || share > .95 || unmet != 0 {
		t.Errorf("%.0f %% held, %d unmet", 100*share, unmet)
	}
	s.set("paused", "+Fire alarm.")
	for range 5 {
		s.moveTo(s.now + 2*time.Second)
		s.run("tick", strconv.Itoa(s.house.free), "0", "one", "1")
		s.run("estimate")
	}
	after, err := s.queue.Accuracy(context.Background(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range after {
		unmet += h.Unmet
	}
	if unmet < 20 || after.Sum().Estimates-before.Sum().Estimates > 5 {
		t.Errorf("%d unmet, %d checked during the pause", unmet, after.Sum().Estimates-before.Sum().Estimates)
	}
}
