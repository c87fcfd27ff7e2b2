package live

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// house of n seats in two categories; the second is not on sale.
func houseOf(n int, off ...int) House {
	h := House{Category: make([]int, n), OnSale: []bool{true, false}}
	for _, seat := range off {
		h.Category[seat] = 1
	}
	return h
}

// viewer is a watcher as the contract describes one.
type viewer struct {
	version int64
	states  []byte
	fuses   map[int]int64
}

type anyFrame struct {
	T    string
	P, V int64
	S    string
	C    [][2]int
	Due  [][2]int64
}

// take applies a frame and fails the test if it does not fit.
func (v *viewer) take(t fataler, seats int, text []byte) {
	var f anyFrame
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	switch f.T {
	case "snapshot":
		bits, err := base64.StdEncoding.DecodeString(f.S)
		if err != nil || len(bits) != (seats+3)/4 {
			t.Fatalf("snapshot %q, %v", f.S, err)
		}
		v.states, v.fuses = make([]byte, seats), map[int]int64{}
		for n := range seats {
			v.states[n] = get(bits, n)
		}
	case "delta":
		if f.P != v.version || f.V <= f.P {
			t.Fatalf("at %d came %s", v.version, text)
		}
		for _, c := range f.C {
			v.states[c[0]] = byte(c[1])
			delete(v.fuses, c[0])
		}
	default:
		t.Fatalf("frame %s", text)
	}
	if f.V < v.version {
		t.Fatalf("version fell from %d: %s", v.version, text)
	}
	v.version = f.V
	for _, due := range f.Due {
		if n := int(due[0]); v.states[n] != byte(Held) || due[1]%fuseStep != 0 {
			t.Fatalf("seat %d is %d and comes back at %d", n, v.states[n], due[1])
		}
		if v.fuses == nil {
			v.fuses = map[int]int64{}
		}
		v.fuses[int(due[0])] = due[1]
	}
}

type fataler interface{ Fatalf(string, ...any) }

func TestMirrorCountsAndShows(t *testing.T) {
	m := NewMirror()
	if _, body := m.Status(); body != nil || m.Next(0) != nil || m.First(-1) != nil || m.Tick() {
		t.Fatal("an empty mirror shows something")
	}
	m.Load(100, houseOf(9, 8), []SeatState{{Seat: 0, State: Held}, {Seat: 1, State: Sold}, {Seat: 2, State: Blocked}, {Seat: 3, State: Paying}, {Seat: 77, State: Sold}}, nil)
	c := m.Counts()
	if c.Free != 4 || c.Held != 1 || c.Paying != 1 || c.Sold != 1 || c.Blocked != 2 || c.Total != 9 || c.FreeOf[0] != 4 || c.FreeOf[1] != 0 {
		t.Errorf("%+v", c)
	}
	if _, body := m.Status(); string(body) != `{"version":100,"status":"eQAD"}`+"\n" {
		t.Errorf("%s", body)
	}
	if !m.Apply([]Change{{Version: 100, Seat: 5, State: Sold}, {Version: 101, Seat: 4, State: Held}, {Version: 102, Seat: 8, State: Free}}) || m.Version() != 102 {
		t.Error("changes in order were refused, or old ones not passed over")
	}
	if c := m.Counts(); c.Free != 3 || c.Blocked != 2 {
		t.Errorf("a seat off sale became free: %+v", c)
	}
	for _, bad := range []Change{{Version: 104, Seat: 1, State: Free}, {Version: 103, Seat: 9, State: Free}, {Version: 103, Seat: -1, State: Free}, {Version: 103, Seat: 1, State: 9}} {
		if m.Apply([]Change{bad}) {
			t.Errorf("%+v was applied", bad)
		}
	}
	if m.Load(101, houseOf(9, 8), nil, nil) {
		t.Error("a version fell")
	}
}

// A seat whose price went while a fan held it is shown as not for sale; the hold must run out all the same.
func TestHoldsOfSeatsNotOnSaleAreLookedAfter(t *testing.T) {
	loaded, told := NewMirror(), NewMirror()
	loaded.Load(7, houseOf(4, 2), []SeatState{{Seat: 2, State: Held}}, nil)
	told.Load(6, houseOf(4, 2), nil, nil)
	if told.Holds() {
		t.Fatal("an empty house has holds")
	}
	told.Apply([]Change{{Version: 7, Seat: 2, State: Held}})
	for _, m := range []*Mirror{loaded, told} {
		if c := m.Counts(); !m.Holds() || c.Held != 0 || c.Blocked != 1 {
			t.Fatalf("holds %v, %+v", m.Holds(), c)
		}
		m.Apply([]Change{{Version: 8, Seat: 2, State: Free}})
		if m.Holds() {
			t.Fatal("a hold is left behind")
		}
	}
}

// A log that leads to the loaded map without a hole can be replayed; one with a hole only from the hole on.
func TestReplayFromALoadedLog(t *testing.T) {
	m := NewMirror()
	m.Load(100, houseOf(8), []SeatState{{Seat: 1, State: Held}}, []Change{{Version: 95, Seat: 4, State: Held}, {Version: 97, Seat: 4, State: Free}, {Version: 98, Seat: 2, State: Held}, {Version: 99, Seat: 2, State: Free}, {Version: 100, Seat: 1, State: Held}})
	if f := m.First(100); f == nil || f.Text != nil {
		t.Errorf("who misses nothing gets %s", f.Text)
	}
	if f := m.First(97); string(f.Text) != `{"t":"delta","p":97,"v":100,"c":[[1,1],[2,0]]}` {
		t.Errorf("%s", f.Text)
	}
	if f := m.First(96); string(f.Text) != `{"t":"delta","p":96,"v":100,"c":[[1,1],[2,0],[4,0]]}` {
		t.Errorf("%s", f.Text)
	}
	for _, since := range []int64{-1, 0, 95, 101, 1 << 60} {
		if f := m.First(since); string(f.Text) != `{"t":"snapshot","v":100,"s":"BAA="}` {
			t.Errorf("since %d: %s", since, f.Text)
		}
	}
}

// Whatever is applied and loaded, and whoever looks how often, every viewer ends with the map itself, without a gap.
func TestViewersAgreeWithMirror(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const seats = 200
		m := NewMirror()
		truth, dues := make([]State, seats), make([]time.Time, seats)
		version := int64(1 << 32)
		var viewers []*viewer
		due := rapid.SampledFrom([]time.Time{{}, time.Unix(100, 0), time.Unix(105, 1), time.Unix(119, 5e8)})
		seat, state := rapid.IntRange(0, seats-1), rapid.SampledFrom([]State{Free, Held, Sold, Blocked, Paying})
		load := func() {
			var list []SeatState
			for n, s := range truth {
				list = append(list, SeatState{Seat: n, State: s, Due: dues[n]})
			}
			if !m.Load(version, houseOf(seats), list, nil) {
				t.Fatalf("load at %d refused", version)
			}
		}
		change := func(t *rapid.T) Change {
			version++
			c := Change{Version: version, Seat: seat.Draw(t, "seat"), State: state.Draw(t, "state"), Due: due.Draw(t, "due")}
			truth[c.Seat], dues[c.Seat] = c.State, c.Due
			return c
		}
		look := func(v *viewer) {
			for f := m.Next(v.version); f != nil; f = m.Next(v.version) {
				v.take(t, seats, f.Text)
			}
		}
		load()
		t.Repeat(map[string]func(*rapid.T){
			"apply": func(t *rapid.T) {
				var list []Change
				for range rapid.IntRange(1, 90).Draw(t, "changes") {
					list = append(list, change(t))
				}
				if !m.Apply(list) {
					t.Fatal("refused")
				}
			},
			"lose": func(t *rapid.T) { // a new epoch
				for range rapid.IntRange(0, 90).Draw(t, "changes") {
					change(t)
				}
				version = (version>>32 + 1) << 32
				load()
			},
			"tick": func(*rapid.T) { m.Tick() },
			"join": func(*rapid.T) {
				v := &viewer{}
				v.take(t, seats, m.First(-1).Text)
				viewers = append(viewers, v)
			},
			"look": func(t *rapid.T) {
				if len(viewers) > 0 {
					look(rapid.SampledFrom(viewers).Draw(t, "viewer"))
				}
			},
			"reconnect": func(t *rapid.T) {
				if len(viewers) > 0 {
					v := rapid.SampledFrom(viewers).Draw(t, "viewer")
					if f := m.First(v.version); f.Text != nil {
						v.take(t, seats, f.Text)
					}
				}
			},
		})
		m.Tick()
		for _, v := range viewers {
			look(v)
			for n, s := range truth {
				if v.states[n] != s.shown() || v.version != version {
					t.Fatalf("seat %d is %d for a viewer, %d in truth; version %d of %d", n, v.states[n], s.shown(), v.version, version)
				}
				if due := int64(m.fuses.step[n]) * fuseStep; v.fuses[n] != due {
					t.Fatalf("seat %d comes back at %d for a viewer, at %d in truth", n, v.fuses[n], due)
				}
			}
		}
	})
}

// A watcher far behind gets the whole map, and what is remembered stays bounded.
func TestForgottenChangesBecomeASnapshot(t *testing.T) {
	m := NewMirror()
	m.Load(1, houseOf(40000), nil, nil)
	version := int64(1)
	for range 3 * keep {
		version++
		if !m.Apply([]Change{{Version: version, Seat: int(version) % 40000, State: Held}}) {
			t.Fatal("refused")
		}
	}
	m.Tick()
	if len(m.past) > keep {
		t.Errorf("%d changes are remembered", len(m.past))
	}
	v := &viewer{version: 1, states: make([]byte, 40000)}
	f := m.Next(1)
	if v.take(t, 40000, f.Text); v.version != version || f.Text[6] != 's' {
		t.Errorf("%.40s", f.Text)
	}
	if f := m.Next(version - 500); f.Text[6] != 'd' {
		t.Errorf("%.40s", f.Text)
	}
}

// However the map came to be, the house chooses among what it shows as free.
func TestFreeIsWhatIsShownFree(t *testing.T) {
	t.Parallel()
	m := NewMirror()
	check := func(when string) {
		t.Helper()
		free, some := m.FreeSeats(), m.FreeAmong([][2]int{{2, 5}, {4, 6}, {9, 10}})
		for n, word := range m.Words() {
			if free[n] != (word == "free") {
				t.Errorf("%s: seat %d is %s, and free: %v", when, n, word, free[n])
			}
			if in := n >= 2 && n < 6; some(n) != (in && free[n]) {
				t.Errorf("%s: among some, seat %d is free: %v", when, n, some(n))
			}
		}
		if some(-1) || some(9) {
			t.Errorf("%s: there are more seats than there are", when)
		}
	}
	m.Load(1, houseOf(8, 3), []SeatState{{Seat: 0, State: Sold}, {Seat: 4, State: Held}}, nil)
	check("loaded")
	m.Apply([]Change{{Version: 2, Seat: 4, State: Free}, {Version: 3, Seat: 5, State: Held}, {Version: 4, Seat: 3, State: Free}})
	check("changed")
	m.FreeSeats()[1] = false
	check("copied")
	m.Load(9, houseOf(8), []SeatState{{Seat: 7, State: Paying}}, nil)
	check("loaded again")
}
