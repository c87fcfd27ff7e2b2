package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/testkit"
)

// Run seals the draw and calls without anybody asking, and ends with its context.
func TestRunLooksAfterTheLine(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.joinMany(5)
	k.open()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- k.queue.Run(ctx) }()
	testkit.Eventually(t, 10*time.Second, "the draw, and a call", func() bool {
		k.Clock.Advance(200 * time.Millisecond)
		row := k.row()
		return row.Size != nil && *row.Size == 5 && row.Serving > 0
	})
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	k.checkLine()
}

// Without a test's clock the scripts go by Redis TIME and the statements by the database's.
func TestOnTheServersOwnClock(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	now := clock.System{}.Now()
	k.neighbours.event.PrequeueAt, k.neighbours.event.OpensAt = now.Add(-time.Hour), now.Add(-time.Minute)
	k.deps.Clock = clock.System{}
	k.queue = New(k.deps)
	ctx := context.Background()
	p := k.join()
	if p.Cohort != InTail || p.JoinedAt.Before(now.Add(-time.Minute)) || p.JoinedAt.After(now.Add(time.Minute)) {
		t.Fatalf("%+v", p)
	}
	k.queue.pass(ctx)
	k.mustEnter(p)
	until, ok, err := k.queue.Admitted(ctx, k.id, p.Key())
	if left := until.Sub(now); err != nil || !ok || left < 3*time.Minute || left > 4*time.Minute {
		t.Fatalf("until %v: %v", until, err)
	}
	if err := k.queue.End(ctx, k.event(), owner, "192.0.2.1", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := k.queue.Join(ctx, k.id); !errors.Is(err, ErrEnded) {
		t.Fatal(err)
	}
	if f, err := k.queue.Figures(ctx, k.id); err != nil || f.Phase != PhaseEnded || f.Joined != 1 || f.Admitted != 1 {
		t.Errorf("%+v %v", f, err)
	}
}

// Redis counts less than Postgres knows to be used, and nothing else shows it: the line is loaded again, not stuck.
func TestLineBehindItsRecordHeals(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	places := k.joinMany(10)
	if err := k.DB.Exec(`UPDATE lines SET draw_used = 64`).Error; err != nil {
		t.Fatal(err)
	}
	k.open()
	_ = k.queue.tick(context.Background(), *k.row())
	k.tick()
	if row := k.row(); row.Size == nil || *row.Size != 64 {
		t.Fatalf("size %v", row.Size)
	}
	k.positions(places)
	k.checkLine()
}

func TestReloadGivesAdmissionsBack(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 3)
	ctx := context.Background()
	k.mustEnter(places[0])
	before, _, _ := k.queue.Admitted(ctx, k.id, places[0].Key())
	k.neighbours.live = []string{places[0].Key(), places[1].Key()}
	k.Clock.Advance(10 * time.Second)
	k.restartRedis() // the next look finds a line that cannot be trusted, and loads it anew
	if until, ok, _ := k.queue.Admitted(ctx, k.id, places[0].Key()); !ok || !until.Equal(before) {
		t.Errorf("an admission moved from %v to %v", before, until)
	}
	if _, ok, _ := k.queue.Admitted(ctx, k.id, places[1].Key()); !ok {
		t.Error("not restored")
	}
	if active := k.state().num("active"); active != 2 {
		t.Errorf("%d inside", active)
	}
}

func BenchmarkJoin(b *testing.B) {
	k := newKit(b)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := k.queue.Join(context.Background(), k.id); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "joins/s")
}

// The tick of a full room with calls of every age.
func BenchmarkTick(b *testing.B) {
	k := newKit(b, func(l *line) { l.Cap = 500; l.free = 100_000 })
	for range 2000 {
		k.join()
	}
	k.open()
	for range 60 {
		k.tick()
	}
	for b.Loop() {
		k.Clock.Advance(time.Second)
		if _, err := k.queue.script(context.Background(), "tick", k.id, "100000"); err != nil {
			b.Fatal(err)
		}
	}
}

// An event without a closing that nobody ended is not looked after every second for ever, but goes on for whoever comes.
func TestForgottenLineSleeps(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	ticked := func() bool {
		t.Helper()
		k.Clock.Advance(time.Second)
		before := k.tickedAt()
		k.queue.pass(ctx)
		return k.tickedAt() != before
	}
	k.open()
	p := k.join()
	starts := k.Clock.Now().Add(24 * time.Hour)
	if err := k.DB.Exec(`UPDATE events SET starts_at = ?`, starts).Error; err != nil {
		t.Fatal(err)
	}
	k.Clock.Set(starts.Add(forgottenAfter))
	k.Clock.Advance(time.Minute)
	if !ticked() { // a week has passed, but somebody waits to be called, and then is inside
		t.Fatal("somebody waits in a line asleep")
	}
	k.queue.pass(ctx)
	k.mustEnter(p)
	if !ticked() {
		t.Fatal("somebody is inside a line asleep")
	}
	if err := k.queue.Finish(ctx, k.id, p.Key()); err != nil {
		t.Fatal(err)
	}
	ticked()
	if ticked() {
		t.Error("a forgotten line is looked after")
	}
	k.Clock.Advance(sleepFor)
	if !ticked() || ticked() {
		t.Error("a line asleep is looked after once in a while")
	}
	k.mustEnter(k.called())
}

// called joins and looks after the lines until it is this place's turn.
func (k *kit) called() Place {
	k.T.Helper()
	p := k.join()
	for range 3 {
		k.Clock.Advance(time.Second)
		k.queue.pass(context.Background())
	}
	return p
}

// tickedAt is when the line was last looked after.
func (k *kit) tickedAt() string {
	k.T.Helper()
	at, err := k.Redis.Do(context.Background(), k.Redis.B().Hget().Key(k.queue.redis.key(k.id, "adm")).Field("last").Build()).ToString()
	if err != nil {
		return ""
	}
	return at
}
