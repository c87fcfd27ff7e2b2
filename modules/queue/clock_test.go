package queue

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The clock of Redis is set back by an hour: nobody is put out, nobody stays for an hour more, the budget of a minute is
// neither passed nor stuck, and calls go on.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	four := 4
	k, byPosition := roomOf(t, 4, func(l *line) { l.Cap, l.PerMinute = 6, &four })
	k.Clock.Advance(-time.Hour)
	start := k.Clock.Now()
	k.tick()
	if active := k.state().num("active"); active != 4 {
		t.Fatalf("%d inside", active)
	}
	if until, ok, err := k.queue.Admitted(context.Background(), k.id, byPosition[0].Key()); err != nil || !ok || until.After(start.Add(3*time.Minute+2*time.Second)) {
		t.Errorf("inside until %v, now is %v: %v", until, start, err)
	}
	k.callAll()
	k.refused(byPosition[10], ErrRoomFull) // four entered in the minute that the old clock was in
	k.Clock.Advance(62 * time.Second)
	k.tick()
	k.mustEnter(byPosition[10])
	k.mustEnter(byPosition[11])
	k.refused(byPosition[12], ErrRoomFull)
	k.Clock.Advance(3 * time.Minute)
	k.tick()
	if active := k.state().num("active"); active != 0 {
		t.Errorf("%d inside three minutes later", active)
	}
	k.mustEnter(byPosition[12])
	k.checkLine()
}

// However the clock jumps, the room holds no more than it may, and somebody is always called again.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	k, byPosition := roomOf(t, 3, func(l *line) { l.Cap = 5 })
	for _, jump := range []time.Duration{10 * time.Minute, -9 * time.Minute, 2 * time.Hour, -2 * time.Hour, -3 * time.Second, 90 * time.Second, -40 * time.Minute, time.Hour} {
		k.Clock.Advance(jump)
		before := k.row().Serving
		for range 30 {
			k.tick()
			for position := range min(k.row().Serving, int64(len(byPosition))) {
				if _, err := k.enter(byPosition[position]); err != nil && !errors.Is(err, ErrRoomFull) {
					t.Fatal(err)
				}
			}
			if active := k.state().num("active"); active > 5 {
				t.Fatalf("%d inside after a jump of %v", active, jump)
			}
		}
		for _, p := range byPosition { // all go
			if err := k.queue.Finish(context.Background(), k.id, p.Key()); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			k.tick()
		}
		if after := k.row().Serving; after == before && after < int64(len(byPosition)) {
			t.Errorf("nobody is called after a jump of %v: %d of %d", jump, after, len(byPosition))
		}
	}
	k.checkLine()
}
