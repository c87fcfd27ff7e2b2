package plan

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBestAvailable(t *testing.T) {
	t.Parallel()
	tables := func(p *Plan, rows ...int) *Plan {
		for _, r := range rows {
			p.Zones[0].Rows[r].Table = true
		}
		return p
	}
	companions := func(p *Plan) *Plan { // of the one accessible seat
		for i := range p.Zones[0].Rows[0].Seats {
			if seat := &p.Zones[0].Rows[0].Seats[i]; seat.CompanionOf >= 0 {
				seat.CompanionOf = 1
			}
		}
		return p
	}
	stage := func(p *Plan, x, y float64) *Plan {
		p.Zones[0].Areas = []Area{{ID: "s", Name: "Main Stage", Shape: "circle", X: x, Y: y, Width: 10, Height: 10,
			Text: &Text{Text: "Main Stage", X: x, Y: y}}}
		return p
	}
	for _, c := range []struct {
		name       string
		plan       *Plan
		taken      []int
		want       int
		category   int
		accessible bool
		got        []int
	}{
		{name: "middle of the front row", plan: hall("aaaaaaa", "aaaaaaa"), want: 3, category: -1, got: []int{2, 3, 4}},
		{name: "nearest to the stage below", plan: stage(hall("aaaaaaa", "aaaaaaa"), 175, 400), want: 3, category: -1, got: []int{9, 10, 11}},
		{name: "no lone seat left behind", plan: hall("aaaa", "aaaa"), want: 2, category: -1, got: []int{0, 1}},
		{name: "rather a lone seat than apart", plan: hall("aaa"), want: 2, category: -1, got: []int{0, 1}},
		{name: "further back without a lone seat", plan: hall("aaa", "aa"), want: 2, category: -1, got: []int{3, 4}},
		{name: "a lone seat of another category counts", plan: hall("aaB", "aa"), want: 2, category: 0, got: []int{3, 4}},
		{name: "not across an aisle", plan: hall("aa aa", "aaa"), want: 3, category: -1, got: []int{4, 5, 6}},
		{name: "not over a taken seat", plan: hall("aaaaa", "aaa"), taken: []int{2}, want: 3, category: -1, got: []int{5, 6, 7}},
		{name: "only the category asked for", plan: hall("aaa", "AAA"), want: 3, category: 1, got: []int{3, 4, 5}},
		{name: "close together when nothing is in a row", plan: hall("aa", "aa"), want: 4, category: -1, got: []int{0, 1, 2, 3}},
		{name: "pairs rather than singles", plan: hall("a a aa", "     aa"), want: 4, category: -1, got: []int{2, 3, 4, 5}},
		{name: "three and two rather than one alone", plan: hall("aaaa   a", "   aaa"), taken: []int{}, want: 5, category: -1, got: []int{2, 3, 5, 6, 7}},
		{name: "pairs alone make an even party", plan: hall("aaa   aa   aa"), want: 6, category: -1, got: []int{1, 2, 3, 4, 5, 6}},
		{name: "one alone when there is no other way", plan: hall("aa   aa   aa"), want: 5, category: -1, got: []int{0, 1, 2, 3, 4}},
		{name: "a whole table", plan: tables(hall("aaaaa", "aaaa"), 0, 1), want: 4, category: -1, got: []int{5, 6, 7, 8}},
		{name: "no part of a table while there are rows", plan: tables(hall("aaaa", "aaaaaa"), 0), want: 3, category: -1, got: []int{4, 5, 6}},
		{name: "a part of a table when there is nothing else", plan: tables(hall("aaaa"), 0), want: 3, category: -1, got: []int{0, 1, 2}},
		{name: "too few", plan: hall("aaa"), want: 4, category: -1},
		{name: "none wanted", plan: hall("aaa"), want: 0, category: -1},
		{name: "sold out in that category", plan: hall("aaA"), taken: []int{2}, want: 1, category: 1},
		{name: "no such category", plan: hall("aaA"), want: 1, category: 7},
		{name: "accessible seats are kept", plan: hall("a#+a", "aa"), want: 2, category: -1, got: []int{4, 5}},
		{name: "even when nothing else is left", plan: hall("#+#"), want: 1, category: -1},
		{name: "asked for, with the companion", plan: hall("aaaa", "#+#+"), want: 2, category: -1, accessible: true, got: []int{4, 5}},
		{name: "the companion comes along", plan: hall("a#+aaaaaa"), want: 2, category: -1, accessible: true, got: []int{1, 2}},
		{name: "both companions come along", plan: companions(hall("a#++aaaa")), want: 3, category: -1, accessible: true, got: []int{1, 2, 3}},
		{name: "not another's companion", plan: hall("#+#aa"), want: 2, category: -1, accessible: true, got: []int{0, 1}},
		{name: "beside an ordinary seat rather than two accessible", plan: hall("##a"), want: 2, category: -1, accessible: true, got: []int{1, 2}},
		{name: "two accessible when there is no other way", plan: hall("##"), want: 2, category: -1, accessible: true, got: []int{0, 1}},
		{name: "accessible, with the companion across an aisle", plan: hall("# + a"), want: 2, category: -1, accessible: true, got: []int{0, 1}},
		{name: "asked for, but there is none", plan: hall("aaa"), want: 1, category: -1, accessible: true},
		{name: "asked for, but it is taken", plan: hall("#+a"), taken: []int{0}, want: 1, category: -1, accessible: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := BestAvailable(c.plan, func(n int) bool { return !slices.Contains(c.taken, n) }, c.want, c.category, c.accessible)
			if ok != (c.got != nil) || !reflect.DeepEqual(got, c.got) {
				t.Errorf("got %v %v, want %v", got, ok, c.got)
			}
		})
	}
}

// Whatever the hall, the answer is what was asked for, never taken, never reserved for others, and side by side
// whenever that is possible at all.
func TestBestAvailableProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("aaaaAA# ")), 1, 14, -1), 1, 6).Draw(t, "rows")
		for i := range rows {
			rows[i] += "a#+"
		}
		p := hall(rows...)
		free := make([]bool, p.SeatCount())
		for n := range free {
			free[n] = rapid.IntRange(0, 9).Draw(t, "free") < 7
		}
		quantity := rapid.IntRange(1, 8).Draw(t, "quantity")
		category := rapid.IntRange(-1, 1).Draw(t, "category")
		accessible := rapid.Bool().Draw(t, "accessible")
		fits := func(n int) bool {
			s := p.Seat(n)
			return free[n] && (category < 0 || s.Category == category) && (accessible || !reserved(s))
		}
		got, ok := BestAvailable(p, func(n int) bool { return free[n] }, quantity, category, accessible)

		enough, anyAccessible := 0, false
		for n := range free {
			if fits(n) {
				enough++
				anyAccessible = anyAccessible || p.Seat(n).Accessible
			}
		}
		if want := enough >= quantity && (!accessible || anyAccessible); ok != want {
			t.Fatalf("ok is %v, want %v", ok, want)
		}
		if !ok {
			return
		}
		if len(got) != quantity || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != quantity {
			t.Fatalf("%v for a party of %d", got, quantity)
		}
		withAccessible := false
		for _, n := range got {
			if !fits(n) {
				t.Fatalf("seat %d of %v is not to be given", n, got)
			}
			withAccessible = withAccessible || p.Seat(n).Accessible
		}
		if accessible && !withAccessible {
			t.Fatalf("%v has no accessible seat", got)
		}
		run, runLeavesNone := runsByHand(p, free, fits, quantity, accessible)
		if run && !sideBySide(p, got) {
			t.Fatalf("%v although a run exists", got)
		}
		if !accessible && !run && dividable(p, fits, quantity) && slices.ContainsFunc(got, func(n int) bool { return !slices.ContainsFunc(got, func(m int) bool { return p.Adjacent(n, m) }) }) {
			t.Fatalf("somebody of %v sits alone without need", got)
		}
		if !accessible && runLeavesNone && leavesLone(p, free, got) {
			t.Fatalf("%v leaves a lone seat although another run leaves none", got)
		}
	})
}

// runsByHand tells, the slow and obvious way, whether a fitting run exists, and one that leaves no lone seat.
func runsByHand(p *Plan, free []bool, fits func(int) bool, quantity int, accessible bool) (run, clean bool) {
	for _, block := range p.Blocks() {
		for i := 0; i+quantity <= len(block); i++ {
			window := block[i : i+quantity]
			good := !slices.ContainsFunc(window, func(n int) bool { return !fits(n) })
			if accessible {
				good = good && slices.ContainsFunc(window, func(n int) bool { return p.Seat(n).Accessible })
			}
			run = run || good
			clean = clean || good && !leavesLone(p, free, window)
		}
	}
	return run, clean
}

// dividable tells whether a party can be seated in pieces of two or more.
func dividable(p *Plan, fits func(int) bool, quantity int) bool {
	can := map[int]bool{0: true}
	for _, block := range p.Blocks() {
		for i := 0; i < len(block); i++ {
			length := 0
			for ; i < len(block) && fits(block[i]); i++ {
				length++
			}
			for placed := quantity; placed >= 2; placed-- {
				for piece := 2; piece <= min(length, placed); piece++ {
					can[placed] = can[placed] || can[placed-piece]
				}
			}
		}
	}
	return can[quantity]
}

func sideBySide(p *Plan, seats []int) bool {
	for i := 1; i < len(seats); i++ {
		if !p.Adjacent(seats[i-1], seats[i]) {
			return false
		}
	}
	return true
}

// leavesLone tells whether taking seats makes a single free ordinary seat beside them that was not single before.
func leavesLone(p *Plan, free []bool, seats []int) bool {
	open := func(n int) bool { return n >= 0 && free[n] && !reserved(p.Seat(n)) && !slices.Contains(seats, n) }
	for _, n := range []int{seats[0], seats[len(seats)-1]} {
		before, after := p.Neighbours(n)
		for _, side := range []int{before, after} {
			if !open(side) {
				continue
			}
			left, right := p.Neighbours(side)
			if !open(left) && !open(right) {
				return true
			}
		}
	}
	return false
}

func BenchmarkBestAvailable(b *testing.B) {
	rows := make([]string, 250)
	for i := range rows {
		rows[i] = string(slices.Repeat([]byte("a"), 400))
	}
	p := hall(rows...)
	p.derive()
	for name, free := range map[string]func(int) bool{
		"all free":    func(int) bool { return true },
		"no two free": func(n int) bool { return n%2 == 0 },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, ok := BestAvailable(p, free, 4, -1, false); !ok {
					b.Fatal("none")
				}
			}
		})
	}
}
