package plan

import (
	"cmp"
	"slices"
)

// OrphanRule says how far a choice is kept from leaving an orphan: a single free seat, which hardly anybody buys.
type OrphanRule string

const (
	// OrphansOff lets everybody choose as they like.
	OrphansOff OrphanRule = "off"
	// OrphansLenient gives way when the run of free seats that is chosen from has no other way to seat as many at the same
	// price: of three free seats two may be taken, though one stays alone.
	OrphansLenient OrphanRule = "lenient"
	// OrphansStrict gives way only when all the runs of that row, from aisle to aisle, have no other way.
	OrphansStrict OrphanRule = "strict"
)

// Valid tells whether it is one of the rules.
func (r OrphanRule) Valid() bool { return r == OrphansOff || r == OrphansLenient || r == OrphansStrict }

// orphanRounds bounds how often a suggestion is improved before the rule gives way.
const orphanRounds = 4

// Orphans judges a choice of free seats: it names those that would be left alone though they need not be, and the seats
// nearest to the chosen ones that can be had instead: as many, at the same prices, in the same row, leaving none. Nothing
// is refused without such a suggestion, and it is always fine itself. Accessible seats, companion seats and tables leave
// no orphans and are none; nor is a seat that was alone before.
func (p *Plan) Orphans(rule OrphanRule, free func(n int) bool, price func(n int) int64, chosen []int) (orphans, suggest []int) {
	if rule != OrphansLenient && rule != OrphansStrict {
		return nil, nil
	}
	j := &orphanJudge{derived: p.derive(), strict: rule == OrphansStrict, price: price}
	j.open = func(n int) bool { return n >= 0 && n < len(j.seats) && j.ordinary(n) && free(n) }
	suggest = slices.Sorted(slices.Values(chosen))
	for range orphanRounds {
		alone, next := j.improve(suggest)
		if len(alone) == 0 {
			if orphans == nil {
				return nil, nil
			}
			return orphans, suggest
		}
		if orphans == nil {
			orphans = alone
		}
		suggest = next
	}
	return nil, nil
}

// ordinary seats are those an orphan can be made of.
func (d *derived) ordinary(n int) bool { return !d.kept[n] && !d.tables[d.block[n]] }

type orphanJudge struct {
	*derived
	strict bool
	open   func(n int) bool
	price  func(n int) int64
}

// improve finds the seats that a choice leaves alone without need, and the choice moved so that it leaves none of them.
func (j *orphanJudge) improve(chosen []int) (alone, next []int) {
	taken := make(map[int]bool, len(chosen))
	for _, n := range chosen {
		taken[n] = true
	}
	for i := 0; i < len(chosen); {
		if !j.open(chosen[i]) {
			next = append(next, chosen[i])
			i++
			continue
		}
		from, to := j.run(chosen[i])
		end := i
		for end < len(chosen) && chosen[end] < to {
			end++
		}
		part := chosen[i:end]
		i = end
		if left := j.alone(from, to, taken); len(left) > 0 {
			if other := j.elsewhere(from, to, part, taken); other != nil {
				alone = append(alone, left...)
				for _, n := range part {
					delete(taken, n)
				}
				for _, n := range other {
					taken[n] = true
				}
				part = other
			}
		}
		next = append(next, part...)
	}
	slices.Sort(next)
	return alone, next
}

// run gives the open seats on either side of n in its block: from it up to, not including, to.
func (j *orphanJudge) run(n int) (from, to int) {
	block := j.blocks[j.block[n]]
	for from = n; from > block[0] && j.open(from-1); from-- {
	}
	for to = n + 1; to < block[1] && j.open(to); to++ {
	}
	return from, to
}

// alone are the seats of a run that stay single once some are taken.
func (j *orphanJudge) alone(from, to int, taken map[int]bool) []int {
	var single []int
	for n := from; n < to; n++ {
		if !taken[n] && (n == from || taken[n-1]) && (n == to-1 || taken[n+1]) {
			single = append(single, n)
		}
	}
	return single
}

// elsewhere finds the nearest window for a part of the choice, nil for none: in its own run, or when strict in any run of
// the block.
func (j *orphanJudge) elsewhere(from, to int, part []int, taken map[int]bool) []int {
	prices := j.prices(part)
	for _, n := range part {
		delete(taken, n)
	}
	defer func() {
		for _, n := range part {
			taken[n] = true
		}
	}()
	if j.strict {
		block := j.blocks[j.block[from]]
		from, to = block[0], block[1]
	}
	var best []int
	bestFar := 0
	for first := from; first+len(part) <= to; first++ {
		window := stretch(first, len(part))
		if slices.ContainsFunc(window, func(n int) bool { return !j.open(n) || taken[n] }) {
			continue
		}
		a, b := j.run(first)
		far := 0
		if first > a && window[len(window)-1] < b-1 {
			far = 1 // of two as near, rather the one at an end: it leaves one run, not two
		}
		for i, n := range part {
			far += 2 * max(n-window[i], window[i]-n)
		}
		if best != nil && far >= bestFar || !slices.Equal(j.prices(window), prices) {
			continue
		}
		for _, n := range window {
			taken[n] = true
		}
		if len(j.alone(a, b, taken)) == 0 {
			best, bestFar = window, far
		}
		for _, n := range window {
			delete(taken, n)
		}
	}
	return best
}

func (j *orphanJudge) prices(seats []int) []int64 {
	out := make([]int64, len(seats))
	for i, n := range seats {
		out[i] = j.price(n)
	}
	slices.Sort(out)
	return out
}

// stretch gives n numbers from first on.
func stretch(first, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = first + i
	}
	return out
}

// Around are the stretches of seats, each from one number up to but not including another, on which a verdict about these
// seats can hang: their blocks, and the accessible seats they are companions of.
func (p *Plan) Around(seats []int) [][2]int {
	d := p.derive()
	var around [][2]int
	for _, n := range seats {
		if n < 0 || n >= len(d.seats) {
			around = append(around, [2]int{n, n + 1}) // a place of an area, which has no neighbours
			continue
		}
		around = append(around, d.blocks[d.block[n]])
		if of := d.seats[n].CompanionOf; of >= 0 {
			around = append(around, [2]int{of, of + 1})
		}
	}
	slices.SortFunc(around, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	return slices.Compact(around)
}

// Witnesses are the few seats beside a choice on which Orphans depended: those that must be free for its verdict to hold,
// and those that must be anything else.
func (p *Plan) Witnesses(free func(n int) bool, chosen []int) (open, shut []int) {
	d := p.derive()
	known := func(n, beside int) bool {
		return n >= 0 && n < len(d.seats) && d.block[n] == d.block[beside] && d.ordinary(n) && !slices.Contains(chosen, n)
	}
	for _, n := range chosen {
		if n < 0 || n >= len(d.seats) || !d.ordinary(n) {
			continue
		}
		for _, step := range [2]int{-1, 1} {
			beside, beyond := n+step, n+2*step
			company := known(beyond, n) && free(beyond)
			switch {
			case !known(beside, n):
			case free(beside) && company:
				open = append(open, beyond) // or the one beside would be alone
			case !free(beside) && !company:
				shut = append(shut, beside)
			}
		}
	}
	return open, shut
}
