package plan

import (
	"iter"
	"math"
	"slices"
)

// What a substitute costs beside its distance, in pitches: fewer is nearer.
const (
	otherRow      = 10
	otherAisle    = 2
	otherCategory = 5
	leavesAlone   = 4
	keepsOne      = -3 // for each seat of the choice that is still free and stays in it
	staysBeside   = -6 // what the party has already
)

// replaceTries is how many candidates for one seat are shown to accept.
const replaceTries = 8

// Instead finds the seats nearest and most alike to a choice of which some have gone, or nil: as many, at the same prices,
// accessible and companion seats only for such, side by side if the choice was. Of the choice it keeps what it can. mine
// are seats that the party has besides; accept may refuse a set for reasons of its own.
func (p *Plan) Instead(choice, mine []int, free func(n int) bool, price func(n int) int64, accept func(seats []int) bool) []int {
	s := &substitute{plan: p, derived: p.derive(), choice: slices.Sorted(slices.Values(choice)), mine: mine, free: free, accept: accept}
	s.kind = func(n int) int64 {
		kind := 4 * price(n)
		switch seat := s.seats[n]; {
		case seat.Accessible:
			kind++
		case seat.CompanionOf >= 0:
			kind += 2
		}
		return kind
	}
	if len(s.choice) == 0 || s.choice[0] < 0 || s.choice[len(s.choice)-1] >= len(s.seats) {
		return nil
	}
	if first, last := s.choice[0], s.choice[len(s.choice)-1]; last-first == len(s.choice)-1 && s.block[first] == s.block[last] {
		return s.sideBySide()
	}
	return s.oneByOne()
}

type substitute struct {
	plan *Plan
	*derived
	choice, mine []int
	free         func(n int) bool
	kind         func(n int) int64 // equal for seats that can stand for one another
	accept       func([]int) bool
}

func (s *substitute) kinds(seats []int) []int64 {
	out := make([]int64, len(seats))
	for i, n := range seats {
		out[i] = s.kind(n)
	}
	slices.Sort(out)
	return out
}

// sideBySide slides a window along the blocks, the choice's own first, for what is found there is mostly near.
func (s *substitute) sideBySide() []int {
	kinds, at := s.kinds(s.choice), s.middle(s.choice)
	var best []int
	least := math.Inf(1)
	for block := range s.ownFirst(s.choice[0]) {
		if s.beyond(block, s.choice, at, least) {
			continue
		}
		run := 0
		for n := s.blocks[block][0]; n < s.blocks[block][1]; n++ {
			if run++; !s.free(n) || !slices.Contains(kinds, s.kind(n)) {
				run = 0
			}
			if run < len(s.choice) {
				continue
			}
			first := n - len(s.choice) + 1
			// From the first seat it is at most half the window to its middle, aisles and all.
			if far := math.Hypot(s.seats[first].X-at.X, s.seats[first].Y-at.Y) - aisle*s.pitch*float64(len(s.choice)); s.bound(block, s.choice, far) >= least {
				continue
			}
			window := stretch(first, len(s.choice))
			if cost := s.cost(s.choice, window); cost < least && slices.Equal(s.kinds(window), kinds) && s.accept(window) {
				best, least = window, cost
			}
		}
	}
	return best
}

// ownFirst are all blocks, that of a seat first.
func (s *substitute) ownFirst(seat int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if !yield(s.block[seat]) {
			return
		}
		for i := range s.blocks {
			if i != s.block[seat] && !yield(i) {
				return
			}
		}
	}
}

// beyond tells that nothing in a block can cost less than what is found, so far is it from the middle of a choice: most of a
// large house.
func (s *substitute) beyond(block int, choice []int, at Point, least float64) bool {
	box := s.boxes[block]
	dx := max(box.min.X-at.X, 0, at.X-box.max.X)
	dy := max(box.min.Y-at.Y, 0, at.Y-box.max.Y)
	return s.bound(block, choice, math.Hypot(dx, dy)) >= least
}

// bound is the least that seats of a block, so far away in px, can cost.
func (s *substitute) bound(block int, choice []int, far float64) float64 {
	bound := far/s.pitch + staysBeside
	switch {
	case block == s.block[choice[0]]:
		bound += keepsOne * float64(len(choice))
	case !s.sameRow(choice[0], s.blocks[block][0]):
		bound += otherRow
	}
	return bound
}

// oneByOne keeps what is still free and finds another seat for each of the others.
func (s *substitute) oneByOne() []int {
	var got, gone []int
	for _, n := range s.choice {
		if s.free(n) {
			got = append(got, n)
		} else {
			gone = append(gone, n)
		}
	}
	for _, lost := range gone {
		other := s.replace(lost, got)
		if other < 0 {
			return nil
		}
		got = append(got, other)
	}
	slices.Sort(got)
	return got
}

// replace finds the best seat for one that has gone; -1 for none.
func (s *substitute) replace(lost int, got []int) int {
	refused := map[int]bool{}
	at := s.middle([]int{lost})
	for range replaceTries {
		best, least := -1, math.Inf(1)
		for block := range s.ownFirst(lost) {
			if s.beyond(block, []int{lost}, at, least) {
				continue
			}
			for n := s.blocks[block][0]; n < s.blocks[block][1]; n++ {
				if !s.free(n) || s.kind(n) != s.kind(lost) || refused[n] || slices.Contains(got, n) {
					continue
				}
				if far := math.Hypot(s.seats[n].X-at.X, s.seats[n].Y-at.Y); s.bound(block, []int{lost}, far) >= least {
					continue
				}
				if cost := s.cost([]int{lost}, []int{n}); cost < least {
					best, least = n, cost
				}
			}
		}
		if best < 0 || s.accept(append(slices.Clone(got), best)) {
			return best
		}
		refused[best] = true
	}
	return -1
}

// cost compares a window with what was chosen.
func (s *substitute) cost(choice, window []int) float64 {
	a, b := s.middle(choice), s.middle(window)
	cost := math.Hypot(a.X-b.X, a.Y-b.Y) / s.pitch
	was, is := choice[0], window[0]
	switch {
	case s.block[was] == s.block[is]:
	case s.sameRow(was, is):
		cost += otherAisle
	default:
		cost += otherRow
	}
	if s.seats[was].Category != s.seats[is].Category {
		cost += otherCategory
	}
	for _, n := range window {
		if slices.Contains(choice, n) {
			cost += keepsOne
		}
	}
	if s.touches(choice) && s.touches(window) {
		cost += staysBeside
	}
	if s.strands(window) {
		cost += leavesAlone
	}
	return cost
}

func (s *substitute) middle(seats []int) Point {
	var at Point
	for _, n := range seats {
		at.X += s.seats[n].X / float64(len(seats))
		at.Y += s.seats[n].Y / float64(len(seats))
	}
	return at
}

// sameRow also holds across an aisle, where the row goes on under the same label.
func (s *substitute) sameRow(a, b int) bool {
	x, y := s.places[a], s.places[b]
	rows := s.plan.Zones[x.zone].Rows
	return x.zone == y.zone && (x.row == y.row || rows[x.row].Label != "" && rows[x.row].Label == rows[y.row].Label)
}

// touches tells whether seats stand beside some that the party has.
func (s *substitute) touches(seats []int) bool {
	return slices.ContainsFunc(s.mine, func(m int) bool {
		return m >= 0 && m < len(s.seats) && s.block[m] == s.block[seats[0]] && (m == seats[0]-1 || m == seats[len(seats)-1]+1)
	})
}

// strands tells whether a window leaves a single free seat at one of its ends.
func (s *substitute) strands(window []int) bool {
	open := func(n int) bool {
		return n >= 0 && n < len(s.seats) && s.block[n] == s.block[window[0]] && s.ordinary(n) && s.free(n)
	}
	first, last := window[0], window[len(window)-1]
	return open(first-1) && !open(first-2) || open(last+1) && !open(last+2)
}
