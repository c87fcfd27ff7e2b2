package plan

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// priceOf gives seats of one category one price.
func priceOf(p *Plan) func(int) int64 {
	return func(n int) int64 { return int64(p.Seat(n).Category) }
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	table := hall("aaaa")
	table.Zones[0].Rows[0].Table = true
	for _, c := range []struct {
		name    string
		plan    *Plan
		taken   []int
		chosen  []int
		lenient []int // suggested; nil = accepted
		strict  []int
		orphans []int
	}{
		{name: "one from the end of the row", plan: hall("aaaaaa"), chosen: []int{1}, orphans: []int{0}, lenient: []int{0}, strict: []int{0}},
		{name: "the end itself", plan: hall("aaaaaa"), chosen: []int{5}},
		{name: "two, one from the end", plan: hall("aaaaaa"), chosen: []int{3, 4}, orphans: []int{5}, lenient: []int{4, 5}, strict: []int{4, 5}},
		{name: "in the middle", plan: hall("aaaaaa"), chosen: []int{2, 3}},
		{name: "one from somebody's seat", plan: hall("aaaaaaa"), taken: []int{0}, chosen: []int{2, 3}, orphans: []int{1}, lenient: []int{1, 2}, strict: []int{1, 2}},
		{name: "a hole in the choice", plan: hall("aaaaaa"), chosen: []int{2, 4}, orphans: []int{3, 5}, lenient: []int{2, 3}, strict: []int{2, 3}},
		{name: "two of the last three", plan: hall("aaa"), chosen: []int{0, 1}},
		{name: "one of the last pair", plan: hall("aa"), chosen: []int{0}},
		{name: "the middle of three", plan: hall("aaa"), chosen: []int{1}, orphans: []int{0, 2}, lenient: []int{0}, strict: []int{0}},
		{name: "two of three, and four beside them", plan: hall("aaaaaaaa"), taken: []int{3}, chosen: []int{0, 1},
			orphans: []int{2}, strict: []int{4, 5}},
		{name: "not over the aisle", plan: hall("aaa aaaa"), chosen: []int{0, 1}},
		{name: "it was alone already", plan: hall("aaaaaa"), taken: []int{1}, chosen: []int{2, 3}},
		{name: "not at another price", plan: hall("aaAAAA"), chosen: []int{1}, orphans: []int{0}, lenient: []int{0}, strict: []int{0}},
		{name: "no way at that price", plan: hall("aAAA"), chosen: []int{1}, orphans: []int{0}, lenient: []int{3}, strict: []int{3}},
		{name: "no other seat of that price", plan: hall("aAaa"), chosen: []int{1}},
		{name: "an accessible seat is none", plan: hall("#aaa"), chosen: []int{1}},
		{name: "beside an accessible seat", plan: hall("#aaaa"), chosen: []int{2}, orphans: []int{1}, lenient: []int{1}, strict: []int{1}},
		{name: "taking an accessible seat", plan: hall("#+a"), chosen: []int{0, 1}},
		{name: "at a table", plan: table, chosen: []int{1}},
		{name: "in two rows", plan: hall("aaaaaa", "aaaaaa"), chosen: []int{1, 10}, orphans: []int{0, 11}, lenient: []int{0, 11}, strict: []int{0, 11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			free := func(n int) bool { return !slices.Contains(c.taken, n) }
			for rule, want := range map[OrphanRule][]int{OrphansLenient: c.lenient, OrphansStrict: c.strict, OrphansOff: nil} {
				orphans, suggest := c.plan.Orphans(rule, free, priceOf(c.plan), c.chosen)
				near := func(n int) bool {
					return free(n) && slices.ContainsFunc(c.plan.Around(c.chosen), func(in [2]int) bool { return n >= in[0] && n < in[1] })
				}
				if o, s := c.plan.Orphans(rule, near, priceOf(c.plan), c.chosen); !slices.Equal(o, orphans) || !slices.Equal(s, suggest) {
					t.Errorf("%s: with only what is around in view %v, suggest %v, want %v, %v", rule, o, s, orphans, suggest)
				}
				if !reflect.DeepEqual(suggest, want) || want != nil && !reflect.DeepEqual(orphans, c.orphans) || want == nil && orphans != nil {
					t.Errorf("%s: %v, suggest %v, want %v, %v", rule, orphans, suggest, c.orphans, want)
				}
			}
		})
	}
}

// Whatever the hall: a refusal always comes with a way out, and a way out is never a step down.
func TestOrphansProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("aaaaaaAA# ")), 1, 14, -1), 1, 4).Draw(t, "rows")
		for i := range rows {
			rows[i] += "a"
		}
		p := hall(rows...)
		taken := make([]bool, p.SeatCount())
		var available []int
		for n := range taken {
			if taken[n] = rapid.IntRange(0, 9).Draw(t, "taken") < 4; !taken[n] {
				available = append(available, n)
			}
		}
		if len(available) == 0 {
			return
		}
		free := func(n int) bool { return !taken[n] }
		rule := rapid.SampledFrom([]OrphanRule{OrphansLenient, OrphansStrict}).Draw(t, "rule")
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(available), 1, min(4, len(available)), rapid.ID[int]).Draw(t, "chosen")
		orphans, suggest := p.Orphans(rule, free, priceOf(p), chosen)
		alone := aloneByHand(p, free, chosen)
		if (orphans == nil) != (suggest == nil) {
			t.Fatalf("orphans %v, suggested %v", orphans, suggest)
		}
		if orphans == nil {
			if len(alone) > 0 && len(chosen) == 1 && rule == OrphansLenient && otherWay(p, free, chosen[0]) {
				t.Fatalf("%v leaves %v and need not", chosen, alone)
			}
			return
		}
		for _, n := range orphans {
			if !slices.Contains(alone, n) {
				t.Fatalf("%d is no orphan of %v, those are %v", n, chosen, alone)
			}
		}
		if len(available) == 2 && p.Adjacent(available[0], available[1]) {
			t.Fatalf("the last pair cannot be bought singly: %v", orphans)
		}
		if more, again := p.Orphans(rule, free, priceOf(p), suggest); more != nil || again != nil {
			t.Fatalf("%v is told to take %v, and then refused that for %v", chosen, suggest, more)
		}
		prices := func(seats []int) (out []int64) {
			for _, n := range seats {
				if taken[n] {
					t.Fatalf("%v suggests seat %d, which is taken", suggest, n)
				}
				out = append(out, priceOf(p)(n))
			}
			slices.Sort(out)
			return out
		}
		if !slices.Equal(prices(suggest), prices(chosen)) || len(slices.Compact(slices.Clone(suggest))) != len(chosen) {
			t.Fatalf("%v for %v", suggest, chosen)
		}
	})
}

// aloneByHand are the ordinary seats that a choice leaves without a free neighbour and that had one.
func aloneByHand(p *Plan, free func(int) bool, chosen []int) (alone []int) {
	open := func(n int) bool { return n >= 0 && free(n) && !reserved(p.Seat(n)) }
	for n := range p.SeatCount() {
		if !open(n) || slices.Contains(chosen, n) {
			continue
		}
		had, has := false, false
		before, after := p.Neighbours(n)
		for _, other := range []int{before, after} {
			had = had || open(other)
			has = has || open(other) && !slices.Contains(chosen, other)
		}
		if had && !has {
			alone = append(alone, n)
		}
	}
	return alone
}

// otherWay tells whether one seat of the same price could be taken in the same run of free seats without leaving one alone.
func otherWay(p *Plan, free func(int) bool, seat int) bool {
	open := func(n int) bool { return n >= 0 && free(n) && !reserved(p.Seat(n)) }
	for _, way := range []int{0, 1} {
		for n := seat; open(n); {
			if priceOf(p)(n) == priceOf(p)(seat) && len(aloneByHand(p, free, []int{n})) == 0 {
				return true
			}
			before, after := p.Neighbours(n)
			n = [2]int{before, after}[way]
		}
	}
	return false
}

// A verdict needs the blocks of its seats, not the house.
func TestAround(t *testing.T) {
	t.Parallel()
	p := hall("aaaa aaaa", "aaaaaa", "aa#+aa")
	for _, c := range []struct {
		seats []int
		want  [][2]int
	}{
		{nil, nil},
		{[]int{5}, [][2]int{{4, 8}}},
		{[]int{9, 5, 4}, [][2]int{{4, 8}, {8, 14}}},
		{[]int{17}, [][2]int{{14, 20}, {16, 17}}},
		{[]int{0, 1000}, [][2]int{{0, 4}, {1000, 1001}}},
	} {
		if got := p.Around(c.seats); !slices.Equal(got, c.want) {
			t.Errorf("around %v: %v, want %v", c.seats, got, c.want)
		}
	}
}
