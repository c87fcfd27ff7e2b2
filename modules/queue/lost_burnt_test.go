package queue

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/rueidis"
)

// Burnt positions cost no turn: everyone else is called as if they were not there, and their owners, if any, may come.
func TestBurntPositionsAreSteppedOver(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 10 })
	early := k.joinMany(5)
	k.lose()
	k.open()
	first := k.join() // the tail begins behind a draw of 64, all of it burnt
	k.tick()
	for range 3 {
		k.tick()
	}
	if got := fmt.Sprint(k.burnt()); got != "[[0 64]]" {
		t.Fatalf("burnt %s", got)
	}
	if serving := k.row().Serving; serving != 65 {
		t.Fatalf("serving %d; a line of one behind 64 burnt positions", serving)
	}
	k.mustEnter(first)
	for _, p := range early {
		k.mustEnter(p)
	}
}

// A burnt range longer than one step takes several, and on the way nobody is taken to have been called whom nobody called:
// calls that no one can answer would be learned from as people who do not come.
func TestAStepIntoALongBurntRangeCallsNobody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.open()
	k.joinMany(2)
	k.tick()
	if _, err := k.queue.postgres.raise(t.Context(), k.id, "tail", 2, 5000); err != nil {
		t.Fatal(err)
	}
	k.lose()
	after := k.joinMany(6)
	if after[0].Index != 5002 {
		t.Fatalf("%+v, want the ceiling", after[0])
	}
	for range 12 {
		k.tick()
		shown := k.state().num("shown")
		people := min(shown, 2) + max(0, shown-5002)
		text, err := k.Redis.Do(t.Context(), k.Redis.B().Hget().Key(k.queue.redis.key(k.id, "adm")).Field("called").Build()).ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			t.Fatal(err)
		}
		if called, _ := strconv.ParseInt(text, 10, 64); called > people {
			t.Fatalf("%d called, of positions below %d only %d have somebody", called, shown, people)
		}
	}
	k.mustEnter(after[0])
}

// As many positions are expected in Redis as are put there, of the draw, its lanes and the tail: a line that still has them
// all is not made to take them again, one that lacks some is.
func TestBurntPositionsAreCounted(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Lanes = []Lane{{"Members", 40}} })
	k.joinMany(3)
	k.joinLane(1, 2)
	k.lose()
	k.joinMany(3)
	k.joinLane(1, 2)
	k.open()
	k.tick()
	k.joinMany(5)
	k.lose()
	k.state()
	ctx, key := t.Context(), k.queue.redis.key(k.id, "burnt")
	count := func() int64 {
		t.Helper()
		n, err := k.queue.redis.countBurnt(ctx, k.id)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	row := k.row()
	ranges, err := row.burntRanges()
	if err != nil {
		t.Fatal(err)
	}
	lanes, err := row.laneRows()
	if err != nil {
		t.Fatal(err)
	}
	all := burntPositions(row, lanes, ranges)
	if len(ranges) != 3 || count() != all || all != 3*64 {
		t.Fatalf("%v: %d in Redis, %d expected", ranges, count(), all)
	}
	// One too few, of a Redis that went away half-way: all are put there again.
	if err := k.Redis.Do(ctx, k.Redis.B().Zremrangebyrank().Key(key).Start(0).Stop(0).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if err := k.queue.rememberBurnt(ctx, k.neighbours.event, row); err != nil || count() != all {
		t.Errorf("%d, %v", count(), err)
	}
	// As many as there are: nothing is put there.
	if err := k.Redis.Do(ctx, k.Redis.B().Zremrangebyrank().Key(key).Start(0).Stop(0).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if err := k.queue.redis.addBurnt(ctx, k.id, []int64{1 << 40}); err != nil {
		t.Fatal(err)
	}
	if err := k.queue.rememberBurnt(ctx, k.neighbours.event, row); err != nil || count() != all {
		t.Errorf("%d, %v", count(), err)
	}
}
