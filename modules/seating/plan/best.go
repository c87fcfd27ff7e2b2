package plan

import (
	"cmp"
	"slices"
)

// BestAvailable chooses seats for one party among those that free reports, and gives their numbers in rising order; false
// when there are not enough. category is an index into Plan.Categories, or -1 for any. The first that works wins:
//
//  1. side by side, leaving no single free seat behind; a table whole, or none of it;
//  2. side by side;
//  3. close together in pieces of two or more;
//  4. close together, as few of the party as possible alone;
//
// each time nearest to the stage (of its own zone, where that has one), or to the middle of the front when the plan names
// no stage. Accessible seats and their companions go only to a party that asks: accessible means that at least one
// accessible seat is among them, with its companion if two or more come, with as few further ones, and as few companions of
// other seats, as can be. Equal requests on equal seats get equal answers. It
// asks free at most once for every seat, and only near the stage while there is room.
func BestAvailable(p *Plan, free func(n int) bool, quantity, category int, accessible bool) ([]int, bool) {
	d := p.derive()
	if quantity < 1 || quantity > len(d.seats) {
		return nil, false
	}
	s := &search{derived: d, want: quantity, accessible: accessible,
		open: make([]bool, len(d.seats)), fits: make([]bool, len(d.seats))}
	s.look = func(from, to int) {
		for n := from; n < to; n++ {
			if !free(n) {
				continue
			}
			s.open[n] = !d.kept[n]
			s.fits[n] = (accessible || s.open[n]) && (category < 0 || d.seats[n].Category == category)
			if s.fits[n] {
				s.count++
			}
		}
	}
	if accessible { // companions may stand anywhere
		s.look(0, len(d.seats))
		s.look = func(int, int) {}
	}
	if got := s.together(); got != nil {
		return got, true
	}
	if s.count < quantity { // all seats have been looked at by now
		return nil, false
	}
	if !accessible {
		if got := s.pieces(); got != nil {
			return got, true
		}
	}
	got := s.scattered(s.count)
	return got, got != nil
}

// reserved seats are kept for those who need them.
func reserved(s *Seat) bool { return s.Accessible || s.CompanionOf >= 0 }

// search is one question to the plan.
type search struct {
	*derived
	want       int
	accessible bool
	open       []bool // by seat: free and for everyone; what a single free seat would be
	fits       []bool // by seat: may be given to this party
	count      int    // that fit, of those looked at
	look       func(from, to int)
}

// rank orders the possible answers; less is better, the earlier field first.
type rank struct {
	waste   int // accessible seats beyond the first, and other people's companion seats
	orphans int // single free seats left behind
	broken  int // 1 when a table is taken in part
	far     float64
}

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(r.waste, o.waste), cmp.Compare(r.orphans, o.orphans), cmp.Compare(r.broken, o.broken), cmp.Compare(r.far, o.far))
}

// together slides a window of the wanted size along every run of fitting seats of a block, the blocks nearest to the stage
// first: once something faultless is found, no block can better it whose nearest seat is further away than those are.
func (s *search) together() []int {
	best, first := rank{}, -1
	for _, i := range s.byNear {
		block := s.blocks[i]
		if first >= 0 && best.waste == 0 && best.orphans == 0 && best.broken == 0 && float64(s.want)*s.nearest[i] > best.far {
			break
		}
		s.look(block[0], block[1])
		run, special, far := 0, 0, 0.0
		broken := 0
		if s.tables[i] && block[1]-block[0] != s.want {
			broken = 1
		}
		for n := block[0]; n < block[1]; n++ {
			if !s.fits[n] {
				run, special, far = 0, 0, 0
				continue
			}
			run++
			far += s.far[n]
			special += ifAccessible(s.seats[n])
			if run > s.want {
				run--
				far -= s.far[n-s.want]
				special -= ifAccessible(s.seats[n-s.want])
			}
			if run < s.want || s.accessible && special == 0 {
				continue
			}
			from := n - s.want + 1
			if first >= 0 && best.waste == 0 && best.orphans == 0 && best.broken == 0 && far > best.far {
				continue // cannot be better, which is most windows of a full house
			}
			this := rank{waste: s.waste(from, n+1, special), orphans: s.orphans(from, n+1), broken: broken, far: far}
			if c := this.compare(best); first < 0 || c < 0 || c == 0 && from < first {
				best, first = this, from
			}
		}
	}
	if first < 0 {
		return nil
	}
	return stretch(first, s.want)
}

func ifAccessible(s *Seat) int {
	if s.Accessible {
		return 1
	}
	return 0
}

// waste counts what others will miss of the seats from..to-1; nothing for an ordinary party, which gets none of these.
func (s *search) waste(from, to, special int) int {
	if !s.accessible {
		return 0
	}
	n := special - 1
	for i, seat := range s.seats[from:to] {
		if seat.Accessible && s.want > 1 {
			for _, with := range s.with[from+i] {
				if s.fits[with] && (with < from || with >= to) {
					n++ // nobody else may have it
				}
			}
		}
		if of := seat.CompanionOf; of >= 0 && (of < from || of >= to) {
			n++
		}
	}
	return n
}

// orphans counts the single free seats that taking from..to-1 leaves at either side, whatever their category.
func (s *search) orphans(from, to int) int {
	n := 0
	if s.openIn(from-1, from) && !s.openIn(from-2, from) {
		n++
	}
	if s.openIn(to, from) && !s.openIn(to+1, from) {
		n++
	}
	return n
}

// openIn tells whether seat n is open and stands in the same block as seat other.
func (s *search) openIn(n, other int) bool {
	return n >= 0 && n < len(s.open) && s.open[n] && s.block[n] == s.block[other] && !s.tables[s.block[n]]
}

// scattered tries the seats nearest to the stage as the middle of a group and keeps the best group.
func (s *search) scattered(count int) []int {
	const tries = 16
	if !s.accessible {
		// A party near the stage finds its neighbours near the stage; wheelchair places may be anywhere.
		count = min(count, max(4096, 8*s.want))
	}
	pool := make([]int, 0, count)
	for _, n := range s.near {
		if len(pool) == count {
			break
		}
		if s.fits[n] {
			pool = append(pool, n)
		}
	}
	var best []int
	bestCost, tried := 0.0, 0
	for _, seed := range pool {
		if s.accessible && !s.seats[seed].Accessible {
			continue
		}
		if tried++; tried > tries {
			break
		}
		group, cost := s.group(seed, pool)
		if best == nil || cost < bestCost {
			best, bestCost = group, cost
		}
	}
	slices.Sort(best)
	return best
}
