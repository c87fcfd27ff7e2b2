package queue

import (
	"context"
	"testing"
	"time"
)

// roomOf lets the first so many positions of a drawn line in, has it written down, and gives everybody by position.
func roomOf(t *testing.T, inside int, change ...func(*line)) (*kit, []Place) {
	t.Helper()
	k := newKit(t, change...)
	places := k.joinMany(40)
	k.open()
	k.tick()
	byPosition := make([]Place, len(places))
	for _, p := range places {
		byPosition[k.position(p)] = p
	}
	for entered := 0; entered < inside; {
		k.tick()
		for ; entered < inside && int64(entered) < k.row().Serving; entered++ {
			k.mustEnter(byPosition[entered])
		}
	}
	k.tick()
	if got := k.row().Admitted; got < int64(inside)-2 || got > int64(inside) {
		t.Fatalf("%d written down, %d are inside", got, inside)
	}
	k.Clock.Advance(rememberEvery)
	k.tick()
	return k, byPosition
}

// returnedEntries are what the log says of those who came back to the front.
func (k *kit) returnedEntries() (entries []string) {
	for _, e := range k.entries() {
		if e.Kind == "returned-to-front" {
			entries = append(entries, string(e.Data))
		}
	}
	return entries
}

// Redis is lost, and everybody inside is put out by a fault of ours: their slots are kept for a minute, nobody new is
// called into them, and the log tells once how many came back.
func TestPutOutByAFaultGoBackToTheFront(t *testing.T) {
	t.Parallel()
	k, byPosition := roomOf(t, 5, func(l *line) { l.Cap = 5 })
	k.neighbours.live = []string{byPosition[0].Key()}
	serving := k.row().Serving
	k.lose()
	replica := k.replica()
	for range 20 {
		k.tick()
		k.tickNow(replica)
	}
	if got := k.row().Serving; got != serving {
		t.Fatalf("%d were called into slots that are kept", got-serving)
	}
	now := k.do("GET", k.queuePath("/now"), "").want(200)
	if now["slowed"] != "fault" || now["reason"] != "A fault on our side put people out. Whoever was called already goes in first; all places are kept." {
		t.Errorf("%v: %v", now["slowed"], now["reason"])
	}
	// Somebody who is called meanwhile waits until the minute is over.
	k.callAll()
	k.refused(byPosition[30], ErrRoomFull)
	for _, p := range byPosition[1:4] {
		k.mustEnter(p)
	}
	k.Clock.Advance(35 * time.Second)
	k.refused(byPosition[30], ErrRoomFull) // of five, four are back
	k.Clock.Advance(10 * time.Second)
	k.mustEnter(byPosition[30])
	k.refused(byPosition[4], ErrRoomFull) // late by a fault of nobody's: next in by position
	for range 3 {
		k.Clock.Advance(time.Second)
		k.tickNow(k.queue)
		k.tickNow(replica)
	}
	if got := k.returnedEntries(); len(got) != 1 || got[0] != `{"count":3,"out":4}` {
		t.Errorf("the log says %q", got)
	}
	if active := k.state().num("active"); active != 5 {
		t.Errorf("%d inside", active)
	}
	k.checkLine()
}

// Of those who have an order under way some had left the room: they are not let in again above its cap.
func TestRestoredAdmissionsKeepTheCap(t *testing.T) {
	t.Parallel()
	k, byPosition := roomOf(t, 3, func(l *line) { l.Cap = 3 })
	for _, p := range byPosition[:6] {
		k.neighbours.live = append(k.neighbours.live, p.Key())
	}
	k.lose()
	if active := k.state().num("active"); active != 3 {
		t.Errorf("%d inside of 3", active)
	}
	if kept := k.state().num("kept"); kept != 0 {
		t.Errorf("%d slots kept of a full room", kept)
	}
	for range 62 {
		k.tick()
	}
	if got := k.returnedEntries(); len(got) != 0 {
		t.Errorf("the log says %q, and nobody was put out", got)
	}
}

// A Redis that comes back with all it had puts nobody out.
func TestNothingLostNobodyPutOut(t *testing.T) {
	t.Parallel()
	k, byPosition := roomOf(t, 4, func(l *line) { l.Cap = 4 })
	k.restartRedis()
	if state := k.state(); state.num("kept") != 0 || state.num("active") != 4 {
		t.Errorf("%v", state)
	}
	if a, err := k.enter(byPosition[0]); err != nil || !a.Again {
		t.Errorf("%+v %v", a, err)
	}
}

// How good the estimates were survives a lost Redis, and stands in the log once, when the sale is over.
func TestAccuracyIsKeptAndTold(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 1)
	ctx := context.Background()
	if a, err := k.queue.Accuracy(ctx, k.id); err != nil || a.Sum().Estimates != 0 {
		t.Fatalf("%v %v", a, err)
	}
	text := `[{"seconds":15,"estimates":40,"within":33,"earlier":4,"later":3,"unmet":2}]`
	if err := k.Redis.Do(ctx, k.Redis.B().Hset().Key(k.queue.redis.key(k.id, "est")).FieldValue().FieldValue("accuracy", text).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	k.mustEnter(places[0])
	k.Clock.Advance(rememberEvery)
	k.tick()
	k.lose()
	k.Clock.Advance(time.Second)
	a, err := k.queue.Accuracy(ctx, k.id)
	if err != nil || len(a) == 0 || a[0] != (HorizonAccuracy{15, 40, 33, 4, 3, 2}) {
		t.Fatalf("after a loss: %+v %v", a, err)
	}
	k.state()
	if a, err := k.queue.Accuracy(ctx, k.id); err != nil || a.Sum().Estimates != 40 {
		t.Fatalf("put back: %+v %v", a, err)
	}
	k.neighbours.setCounts(Counts{}) // sold out
	told := func() (count int) {
		for _, e := range k.entries() {
			if e.Kind == "accuracy" {
				count++
			}
		}
		return count
	}
	k.tick()
	k.Clock.Advance(goneFor - 2*time.Second)
	k.tick()
	if told() != 0 {
		t.Error("told before the sale was over")
	}
	k.tick()
	if err := k.queue.End(ctx, k.event(), owner, "192.0.2.1", "sold"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		k.tick()
		k.tickNow(k.replica())
	}
	if told() != 1 {
		t.Errorf("told %d times", told())
	}
}

// The budget a minute goes on counting around a lost Redis: what Postgres knows of the last minute counts where it was, and
// for what it may not have heard of some are counted, but not all: the way in stays open.
func TestTheBudgetOutlivesALostRedis(t *testing.T) {
	t.Parallel()
	perMinute := 10
	k, places := openRoom(t, 30, func(l *line) { l.PerMinute, l.Cap = &perMinute, 30 })
	next := 0
	enter := func(count int) {
		t.Helper()
		for range count {
			k.mustEnter(places[next])
			next++
		}
	}
	k.Clock.Advance(2 * time.Minute)
	k.tick()
	enter(6)
	k.Clock.Advance(rememberEvery)
	k.tick()
	enter(1) // Postgres does not hear of it
	k.lose()
	enter(3)
	k.refused(places[next], ErrRoomFull)
	k.Clock.Advance(56 * time.Second) // the six entered a minute ago
	k.tick()
	enter(6)
	k.refused(places[next], ErrRoomFull)
	k.checkLine()
}

// A line that nobody has entered owes its budget nothing.
func TestALossBeforeTheOpeningCostsNoBudget(t *testing.T) {
	t.Parallel()
	perMinute := 4
	k := newKit(t, func(l *line) { l.PerMinute = &perMinute })
	k.joinMany(4)
	k.open()
	k.lose()
	k.tick()
	if used := k.state().num("winsum"); used != 0 {
		t.Errorf("%d of the budget are gone", used)
	}
}
