package plan

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestInstead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		plan   *Plan
		taken  []int
		mine   []int
		choice []int
		got    []int
	}{
		{name: "the neighbour", plan: hall("aaaaaa"), taken: []int{0}, choice: []int{0}, got: []int{1}},
		{name: "the neighbour that leaves no seat alone", plan: hall("aaaaaaa"), taken: []int{0, 3}, choice: []int{3}, got: []int{4}},
		{name: "the same row rather than the one behind", plan: hall("aaaaaa", "aaaaaa"), taken: []int{2, 3, 4}, choice: []int{3}, got: []int{5}},
		{name: "a row behind rather than far away", plan: hall("aaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaa"),
			taken: stretch(0, 20), choice: []int{0}, got: []int{22}},
		{name: "over the aisle in the same row", plan: hall("aa aa", "aaaa"), taken: []int{0, 1}, choice: []int{1}, got: []int{2}},
		{name: "as many side by side, keeping what is free", plan: hall("aaaaaaaa"), taken: []int{2}, choice: []int{2, 3, 4}, got: []int{3, 4, 5}},
		{name: "side by side elsewhere rather than apart", plan: hall("aaaaa", "aaa"), taken: []int{2}, choice: []int{1, 2, 3}, got: []int{5, 6, 7}},
		{name: "nothing rather than apart", plan: hall("aa aa"), taken: []int{1}, choice: []int{0, 1}, got: []int{2, 3}},
		{name: "no pair left", plan: hall("aaa"), taken: []int{1}, choice: []int{0, 1}, got: nil},
		{name: "only at the same price", plan: hall("aAAA"), taken: []int{0}, choice: []int{0}, got: nil},
		{name: "one of each price", plan: hall("aaAA", "aaAA"), taken: []int{1}, choice: []int{1, 2}, got: []int{5, 6}},
		{name: "apart as chosen, keeping what is free", plan: hall("aaaaaa", "aaaaaa"), taken: []int{8}, choice: []int{1, 8}, got: []int{1, 9}},
		{name: "no seat twice", plan: hall("aaa"), taken: []int{0}, choice: []int{0, 2}, got: []int{1, 2}},
		{name: "beside the party", plan: hall("aaaaaaa"), taken: []int{2, 3, 4}, mine: []int{2, 3}, choice: []int{4}, got: []int{1}},
		{name: "an accessible seat for one", plan: hall("#aaa#"), taken: []int{0}, choice: []int{0}, got: []int{4}},
		{name: "with its companion", plan: hall("#+aa#+"), taken: []int{0}, choice: []int{0, 1}, got: []int{4, 5}},
		{name: "never one for somebody else", plan: hall("a##+"), taken: []int{0}, choice: []int{0}, got: nil},
		{name: "a seat that is none", plan: hall("aa"), choice: []int{0, 2}, got: nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			free := func(n int) bool { return !slices.Contains(c.taken, n) }
			got := c.plan.Instead(c.choice, c.mine, free, priceOf(c.plan), func([]int) bool { return true })
			if !reflect.DeepEqual(got, c.got) {
				t.Errorf("got %v, want %v", got, c.got)
			}
		})
	}
}

// Whatever went, the substitute is free, as many, at the same prices, of the same kind, and together if the choice was.
func TestInsteadProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("aaaaaaAA# ")), 1, 14, -1), 1, 5).Draw(t, "rows")
		for i := range rows {
			rows[i] += "a#+"
		}
		p := hall(rows...)
		free := make([]bool, p.SeatCount())
		for n := range free {
			free[n] = rapid.IntRange(0, 9).Draw(t, "free") < 6
		}
		seat := rapid.IntRange(0, p.SeatCount()-1)
		choice := rapid.SliceOfNDistinct(seat, 1, 4, rapid.ID[int]).Draw(t, "choice")
		if rapid.Bool().Draw(t, "together") {
			choice = stretch(choice[0], min(len(choice), p.SeatCount()-choice[0]))
		}
		never := seat.Draw(t, "never")
		got := p.Instead(choice, nil, func(n int) bool { return free[n] }, priceOf(p), func(seats []int) bool { return !slices.Contains(seats, never) })
		slices.Sort(choice)
		if got == nil {
			if all := !slices.ContainsFunc(choice, func(n int) bool { return !free[n] || n == never }); all && sideBySide(p, choice) {
				t.Fatalf("no substitute for %v, which is free itself", choice)
			}
			return
		}
		kinds := func(seats []int) (out [][3]int) {
			for _, n := range seats {
				s, kind := p.Seat(n), 0
				if s.CompanionOf >= 0 {
					kind = 1
				}
				out = append(out, [3]int{s.Category, kind, ifAccessible(s)})
			}
			slices.SortFunc(out, func(a, b [3]int) int { return slices.Compare(a[:], b[:]) })
			return out
		}
		if !reflect.DeepEqual(kinds(got), kinds(choice)) || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(choice) {
			t.Fatalf("%v for %v", got, choice)
		}
		if slices.ContainsFunc(got, func(n int) bool { return !free[n] }) || sideBySide(p, choice) && slices.Contains(got, never) {
			t.Fatalf("%v for %v is not free, or was refused", got, choice)
		}
		if sideBySide(p, choice) && !sideBySide(p, got) {
			t.Fatalf("%v for %v, which are together", got, choice)
		}
	})
}

// Looking only where it can be worth it finds what looking everywhere finds.
func TestInsteadIsTheNearest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := hall(rapid.SliceOfN(rapid.StringMatching("[aA]([aaaA ]{1,30})a"), 1, 8).Draw(t, "rows")...)
		free := make([]bool, p.SeatCount())
		for n := range free {
			free[n] = rapid.IntRange(0, 9).Draw(t, "free") < 5
		}
		isFree := func(n int) bool { return free[n] }
		block := rapid.SampledFrom(p.Blocks()).Draw(t, "block")
		choice := block[:rapid.IntRange(1, min(4, len(block))).Draw(t, "seats")]
		mine := rapid.SliceOfN(rapid.IntRange(0, p.SeatCount()-1), 0, 3).Draw(t, "mine")
		yes := func([]int) bool { return true }
		got := p.Instead(choice, mine, isFree, priceOf(p), yes)
		s := &substitute{plan: p, derived: p.derive(), choice: choice, mine: mine, free: isFree, accept: yes}
		s.kind = func(n int) int64 { return priceOf(p)(n) }
		var best []int
		for _, b := range p.Blocks() {
			for i := 0; i+len(choice) <= len(b); i++ {
				window := b[i : i+len(choice)]
				if slices.ContainsFunc(window, func(n int) bool { return !free[n] }) || !slices.Equal(s.kinds(window), s.kinds(choice)) {
					continue
				}
				if best == nil || s.cost(choice, window) < s.cost(choice, best) {
					best = window
				}
			}
		}
		if (got == nil) != (best == nil) || got != nil && s.cost(choice, got) > s.cost(choice, best) {
			t.Fatalf("%v for %v, and %v is nearer", got, choice, best)
		}
	})
}
