package live

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A held seat says about when it may come back, never before it does; a seat in checkout does not say.
func TestFusesAreShown(t *testing.T) {
	t.Parallel()
	m := NewMirror()
	at := func(s float64) time.Time { return time.UnixMilli(int64(s * 1000)) }
	m.Load(100, houseOf(8, 7), []SeatState{{Seat: 1, State: Held, Due: at(1200)}, {Seat: 2, State: Paying, Due: at(1200)},
		{Seat: 7, State: Held, Due: at(1200)}, {Seat: 3, State: Held}}, nil)
	if f := m.First(-1); string(f.Text) != `{"t":"snapshot","v":100,"s":"VMA=","due":[[1,1200]]}` {
		t.Errorf("%s", f.Text)
	}
	m.Apply([]Change{{Version: 101, Seat: 4, State: Held, Due: at(1200.001)}, {Version: 102, Seat: 5, State: Held, Due: at(1214.9)}, {Version: 103, Seat: 1}})
	m.Tick()
	if f := m.Next(100); string(f.Text) != `{"t":"delta","p":100,"v":103,"c":[[1,0],[4,1],[5,1]],"due":[[4,1215],[5,1215]]}` {
		t.Errorf("%s", f.Text)
	}
	if _, body := m.Status(); string(body) != `{"version":103,"status":"UMU=","due":[[4,1215],[5,1215]]}`+"\n" {
		t.Errorf("%s", body)
	}
	m.Apply([]Change{{Version: 104, Seat: 4, State: Held, Due: at(1300)}, {Version: 105, Seat: 5, State: Sold}})
	m.Tick()
	if f := m.Next(103); string(f.Text) != `{"t":"delta","p":103,"v":105,"c":[[4,1],[5,2]],"due":[[4,1305]]}` {
		t.Errorf("%s", f.Text)
	}
	// Another epoch, in which the same seat is held for longer: that is a difference too.
	m.Load(200, houseOf(8, 7), []SeatState{{Seat: 4, State: Held, Due: at(1400)}, {Seat: 5, State: Sold}, {Seat: 2, State: Paying}, {Seat: 3, State: Held}}, nil)
	m.Tick()
	if f := m.Next(105); string(f.Text) != `{"t":"delta","p":105,"v":200,"c":[[4,1]],"due":[[4,1410]]}` {
		t.Errorf("%s", f.Text)
	}
}

// However many seats are held, what the whole map says of them is bounded; a tick of 500 holds stays small.
func TestFusesAreBounded(t *testing.T) {
	t.Parallel()
	const seats = 100_000
	m := NewMirror()
	var held []SeatState
	for n := range seats / 2 {
		held = append(held, SeatState{Seat: n, State: Held, Due: time.Unix(1_800_000_000+int64(n*7919%seats), 0)})
	}
	m.Load(1, houseOf(seats), held, nil)
	text := string(m.First(-1).Text)
	if n := strings.Count(text, "[") - 1; n != mostFuses {
		t.Errorf("%d fuses", n)
	}
	if len(text) > 34_000+25*mostFuses {
		t.Errorf("a snapshot of %d bytes", len(text))
	}
	v := viewer{}
	v.take(t, seats, []byte(text))
	for n, due := range v.fuses {
		if due > 1_800_000_000+2*mostFuses+200+fuseStep {
			t.Errorf("seat %d comes back at %d and is told before others", n, due)
		}
	}
	var changes []Change
	for i := range 500 {
		changes = append(changes, Change{Version: int64(2 + i), Seat: seats - 1 - i, State: Held, Due: time.Unix(1_800_000_480, 0)})
	}
	m.Apply(changes)
	m.Tick()
	if f := m.Next(1); len(f.Text) > 16<<10 || f.Text[6] != 'd' {
		t.Errorf("500 holds make a frame of %d bytes: %.40s", len(f.Text), f.Text)
	}
}

// What the whole map tells is what a list of all, sorted by their moment and then by their number, would begin with.
func TestWhichFusesAreTold(t *testing.T) {
	t.Parallel()
	const seats = 12_000
	random := rand.New(rand.NewPCG(5, 5))
	for _, steps := range []int{1, 2, 7, 500} {
		m := NewMirror()
		m.Load(1, houseOf(seats), nil, nil)
		due := map[int]int64{}
		for version := int64(2); version < 9000; version++ {
			n, c := random.IntN(seats), Change{Version: version, State: []State{Free, Held, Held, Held, Sold}[random.IntN(5)]}
			c.Seat = n
			delete(due, n)
			if c.State == Held {
				at := int64(1_800_000_000 + fuseStep*random.IntN(steps))
				due[n], c.Due = at, time.Unix(at, 0)
			}
			m.Apply([]Change{c})
		}
		told := slices.SortedFunc(maps.Keys(due), func(a, b int) int { return cmp.Or(cmp.Compare(due[a], due[b]), a-b) })
		want := map[int]int64{}
		for _, n := range told[:min(len(told), mostFuses)] {
			want[n] = due[n]
		}
		m.Tick()
		v := viewer{}
		v.take(t, seats, m.First(-1).Text)
		if len(told) < mostFuses || !maps.Equal(v.fuses, want) {
			t.Errorf("%d steps: %d fuses of %d, want %d", steps, len(v.fuses), len(told), len(want))
		}
	}
}
