package queue

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
	"fairseat/modules/queue/internal/draw"
)

// now is /queue/now, indented, with what is random written as words.
func (k *kit) now() []byte {
	k.T.Helper()
	a := k.do("GET", k.queuePath("/now"), "")
	a.want(200)
	if h := a.Header(); h.Get("Cache-Control") != "public, max-age=1, stale-if-error=600" || h.Get("Set-Cookie") != "" || h.Get("Vary") != "" {
		k.T.Errorf("headers %v", h)
	}
	row := k.row()
	body := bytes.ReplaceAll(a.Body.Bytes(), []byte(row.Commitment), []byte("COMMITMENT"))
	body = bytes.ReplaceAll(body, []byte(row.LogHash), []byte("HASH"))
	body = bytes.ReplaceAll(body, []byte(hex.EncodeToString(row.Secret)), []byte("SECRET"))
	if row.Size != nil {
		seed := draw.Seed(k.slug, *row.Size, row.Secret, nil)
		body = bytes.ReplaceAll(body, []byte(hex.EncodeToString(seed[:])), []byte("SEED"))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		k.T.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

func TestNowThroughASale(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 4 })
	ctx := context.Background()
	k.Clock.Advance(-time.Minute)
	testkit.Golden(t, "now-announced.json", k.now())
	k.Clock.Advance(time.Minute)
	k.joinMany(7)
	k.lose()
	k.joinMany(2)
	testkit.Golden(t, "now-prequeue.json", k.now())
	k.open()
	tail := k.join()
	k.tick()
	k.callAll()
	k.mustEnter(tail)
	k.neighbours.setCounts(Counts{Free: 640, Held: 3, Paying: 2, FreeByCategory: map[string]int{"stalls": 640}})
	k.Clock.Advance(time.Second)
	testkit.Golden(t, "now-open.json", k.now())
	event := k.event()
	if err := k.queue.Say(ctx, event, owner, "192.0.2.7", "Doors at seven."); err != nil {
		t.Fatal(err)
	}
	if err := k.queue.Pause(ctx, event, owner, "192.0.2.7", "The hall lost power."); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "now-paused.json", k.now())
}

// What of the draw is public, and when: before its size is in Postgres, nothing.
func TestNothingOfTheDrawBeforeItsRecord(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(5)
	k.open()
	k.join() // sealed, in Redis alone
	// Postgres refuses the write: the phase stays "drawing".
	if err := k.DB.Exec(`CREATE RULE no_size AS ON UPDATE TO lines WHERE NEW.size IS NOT NULL DO INSTEAD NOTHING`).Error; err != nil {
		t.Fatal(err)
	}
	view := k.do("GET", k.queuePath("/now"), "").want(200)
	told := view["draw"].(map[string]any)
	if view["phase"] != "drawing" || told["size"] != nil || told["secret"] != nil || told["seed"] != nil || view["serving"] != 0.0 {
		t.Fatalf("%v", view)
	}
	if err := k.DB.Exec(`DROP RULE no_size ON lines`).Error; err != nil {
		t.Fatal(err)
	}
	k.Clock.Advance(time.Second)
	view = k.do("GET", k.queuePath("/now"), "").want(200)
	told = view["draw"].(map[string]any)
	if view["phase"] != "open" || told["size"] == nil || told["secret"] == nil || told["seed"] == nil {
		t.Fatalf("%v", view)
	}
	if told["commitment"] != draw.Commitment(k.row().Secret) {
		t.Error("the commitment is not the secret's")
	}
}

// Nobody came in time: a draw of nobody, and everyone is tail.
func TestDrawOfNobody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.open()
	k.tick()
	p := k.join()
	if p.Cohort != InTail || k.position(p) != 0 {
		t.Fatalf("%+v at %d", p, k.position(p))
	}
	for range 3 {
		k.tick()
	}
	k.mustEnter(p)
	view := k.do("GET", k.queuePath("/now"), "").want(200)
	if draw := view["draw"].(map[string]any); draw["size"] != 0.0 || draw["seed"] == nil {
		t.Fatalf("%v", view)
	}
}

// Everyone gets the same bytes within a second, made once.
func TestNowIsMadeOnceASecond(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.join()
	first := k.do("GET", k.queuePath("/now"), "").Body.String()
	k.join()
	k.Clock.Advance(999 * time.Millisecond)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := k.do("GET", k.queuePath("/now"), "").Body.String(); got != first {
				t.Errorf("other bytes within a second: %s", got)
			}
		})
	}
	all.Wait()
	k.Clock.Advance(time.Millisecond)
	if view := k.do("GET", k.queuePath("/now"), "").want(200); view["joined"] != 2.0 {
		t.Errorf("%v", view)
	}
}

// Redis is away: the last one is told for ten minutes, with its age, then busy.
func TestNowOutlivesRedis(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.join()
	first := k.do("GET", k.queuePath("/now"), "").Body.String()
	k.Redis.Close()
	k.Clock.Advance(599 * time.Second)
	a := k.do("GET", k.queuePath("/now"), "")
	if a.Code != 200 || a.Body.String() != first || a.Header().Get("Age") != "599" {
		t.Errorf("%d, age %s", a.Code, a.Header().Get("Age"))
	}
	k.Clock.Advance(time.Second)
	k.do("GET", k.queuePath("/now"), "").fails(503, "busy")
}

// Serving, as pages see it, never falls, whatever Redis forgets.
func TestServingNeverFalls(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 20 })
	k.joinMany(100)
	k.open()
	last := 0.0
	for i := range 30 {
		k.tick()
		if i%7 == 3 {
			k.lose()
		}
		view := k.do("GET", k.queuePath("/now"), "").want(200)
		if view["serving"].(float64) < last {
			t.Fatalf("serving fell from %v to %v", last, view["serving"])
		}
		last = view["serving"].(float64)
	}
	if last == 0 {
		t.Error("nobody was called")
	}
}

func TestPhases(t *testing.T) {
	t.Parallel()
	at := testkit.Start
	closes, size, reason := at.Add(2*time.Hour), int64(3), ""
	event := Event{PrequeueAt: at, OpensAt: at.Add(time.Hour), ClosesAt: &closes}
	drawn := lineRow{Size: &size}
	paused, ended := drawn, drawn
	paused.PausedReason, ended.EndedAt = &reason, &at
	none, some := &Counts{}, &Counts{Held: 1}
	for _, c := range []struct {
		after  time.Duration
		row    lineRow
		counts *Counts
		want   string
	}{
		{-time.Second, lineRow{}, some, PhaseAnnounced},
		{0, lineRow{}, some, PhasePrequeue},
		{time.Hour - 1, paused, none, PhasePrequeue},
		{time.Hour, lineRow{}, some, PhaseDrawing},
		{time.Hour, drawn, some, PhaseOpen},
		{time.Hour, drawn, nil, PhaseOpen},
		{time.Hour, drawn, none, PhaseSoldOut},
		{time.Hour, drawn, &Counts{Paying: 1}, PhaseOpen},
		{time.Hour, paused, none, PhasePaused},
		{2 * time.Hour, paused, none, PhaseEnded},
		{0, ended, some, PhaseEnded},
	} {
		if got := phase(at.Add(c.after), event, &c.row, c.counts); got != c.want {
			t.Errorf("after %v: %s, want %s", c.after, got, c.want)
		}
	}
}

// "All seats are taken" is said after a quarter of a minute of it, and taken back by the first that returns.
func TestStuckIsSaidLate(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 2 })
	k.joinMany(20)
	k.open()
	k.tick()
	k.neighbours.setCounts(Counts{Held: 2, Paying: 1})
	reason := func() any {
		return k.do("GET", k.queuePath("/now"), "").want(200)["reason"]
	}
	k.tick()
	for range 14 {
		k.tick()
		if r := reason(); r != nil {
			t.Fatalf("too early: %v", r)
		}
	}
	k.tick()
	if r := reason(); r != "All seats are taken or being paid for. 3 may come back." {
		t.Fatalf("%v", r)
	}
	k.neighbours.setCounts(Counts{Free: 1, Held: 2})
	k.tick()
	if r := reason(); r != nil {
		t.Fatalf("still %v", r)
	}
}

func TestWaitEstimate(t *testing.T) {
	t.Parallel()
	points := waitPoints(500, 0)
	if len(points) != 9 || points[0].P10 != 0 {
		t.Fatalf("%v", points)
	}
	for i, p := range points {
		if p.P10 >= p.P90 || (i > 0 && (p.Ahead <= points[i-1].Ahead || p.P90 <= points[i-1].P90)) {
			t.Errorf("%v", points)
		}
	}
	// A room of 500 with stays of four minutes lets 2.08 in a second; seven of ten called come.
	if got, want := points[6].Ahead, 500.0/240*1200/.7; math.Abs(got-want) > .1 {
		t.Errorf("ahead %v, want %v", got, want)
	}
	if slow := waitPoints(500, 60)[6].Ahead; math.Abs(slow-1200/.7) > .1 {
		t.Errorf("at 60 a minute %v", slow)
	}
	if zero, far := waitFor(points, 0), waitFor(points, 100_000); zero != (waitRange{0, 4}) || far.P90 <= points[8].P90 {
		t.Errorf("%v %v", zero, far)
	}
	// Whoever is next in a room of one waits until the one inside has left.
	if next := waitFor(waitPoints(1, 0), 0); next.P10 < 20 || next.P90 < 300 {
		t.Errorf("next to a room of one: %v", next)
	}
	if exact := waitFor(points, int64(points[6].Ahead)-1); exact.P90 < points[6].P90-1 || exact.P90 > points[6].P90 {
		t.Errorf("%v at %v", exact, points[6])
	}
	for _, c := range []struct {
		ahead int64
		want  time.Duration
	}{{0, 2 * time.Second}, {2000, 4 * time.Second}, {2500, 20 * time.Second}, {1_000_000, 20 * time.Second}} {
		if got := pollAfter(c.ahead, 500, 0); got != c.want {
			t.Errorf("%d ahead: %v", c.ahead, got)
		}
	}
	_ = fmt.Sprint(waitPoints(1, 0)) // the smallest room has points too
}

// One visitor makes the moment anew; a crowd that comes meanwhile is told the last one, as long as it is not two old.
func TestACrowdDoesNotWaitForTheNextMoment(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	var slow atomic.Bool
	reached, release := make(chan struct{}), make(chan struct{})
	k.deps.Clock = &stalling{k.Clock, func() {
		if slow.CompareAndSwap(true, false) {
			close(reached)
			<-release
		}
	}}
	s := k.replica()
	ask := func() *moment {
		m, err := s.moment(t.Context(), k.id)
		if err != nil {
			t.Error(err)
		}
		return m
	}
	first := ask()
	k.Clock.Advance(freshFor)
	slow.Store(true)
	renewed := make(chan *moment, 2)
	go func() { renewed <- ask() }()
	<-reached
	if ask() != first {
		t.Error("the crowd was given something else than the last moment")
	}
	k.Clock.Advance(freshFor) // two old: now everyone waits for the new one
	go func() { renewed <- ask() }()
	close(release)
	for range 2 {
		if m := <-renewed; m == first {
			t.Error("the old moment was kept")
		}
	}
}
