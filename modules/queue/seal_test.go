package queue

import "testing"

// Once the draw has its size no index of it can be reserved: one given out then would stand nowhere.
func TestASealedDrawReservesNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Lanes = []Lane{{"Members", 40}} })
	k.joinMany(3)
	k.joinLane(1, 2)
	k.open()
	k.tick()
	before := k.row()
	if before.Size == nil || *before.Size != 5 {
		t.Fatalf("size %v", before.Size)
	}
	for _, cohort := range []Cohort{InDraw, InLane(1)} {
		if ceiling, err := k.queue.postgres.raise(t.Context(), k.id, cohort.counter(), 3, 500); err != nil || ceiling != 0 {
			t.Errorf("%s: up to %d may be given out: %v", cohort.counter(), ceiling, err)
		}
	}
	after := k.row()
	if after.DrawCeiling != before.DrawCeiling || string(after.Lanes) != string(before.Lanes) || after.DrawUsed != before.DrawUsed {
		t.Errorf("draw %d to %d, lanes %s to %s", before.DrawCeiling, after.DrawCeiling, before.Lanes, after.Lanes)
	}
	if ceiling, err := k.queue.postgres.raise(t.Context(), k.id, InTail.counter(), 0, 64); err != nil || ceiling != 64 {
		t.Errorf("the tail: %d %v", ceiling, err)
	}
}
