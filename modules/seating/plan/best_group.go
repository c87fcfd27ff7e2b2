package plan

import (
	"container/heap"
	"slices"
)

// group gathers the wanted number of seats round a seed and says what they cost: px² per seat, lower is better.
func (s *search) group(seed int, pool []int) ([]int, float64) {
	nearest := &farthestFirst{}
	for _, n := range pool {
		one := costed{n, s.apart(seed, n)}
		switch {
		case nearest.Len() < s.want:
			heap.Push(nearest, one)
		case one.cost < (*nearest)[0].cost:
			(*nearest)[0] = one
			heap.Fix(nearest, 0)
		}
	}
	group := make([]int, 0, s.want)
	cost := 0.0
	for _, one := range *nearest {
		group = append(group, one.n)
		// Keeping together counts for more than being near to the stage.
		cost += s.far[one.n] + 4*one.cost
	}
	slices.Sort(group)
	for i, n := range group {
		left := i > 0 && group[i-1] == n-1 && s.block[n-1] == s.block[n]
		right := i+1 < len(group) && group[i+1] == n+1 && s.block[n+1] == s.block[n]
		if !left && !right {
			cost += 64 * s.pitch * s.pitch // sitting alone is as bad as four rows apart
		}
	}
	return group, cost
}

// apart is what it costs the party to have seat n beside the seed: their distance, and a lot for a seat that somebody
// else will need; the seed itself and its own companions come first.
func (s *search) apart(seed, n int) float64 {
	a, b := s.seats[seed], s.seats[n]
	switch {
	case n == seed:
		return -1
	case b.CompanionOf == seed:
		return 0
	}
	dx, dy := a.X-b.X, a.Y-b.Y
	cost := dx*dx + dy*dy
	if reserved(b) {
		cost += 1e14 // more than any distance on a plan
	}
	return cost
}

type costed struct {
	n    int
	cost float64
}

// farthestFirst is a heap with the costliest seat on top; of equals the later seat, so that answers do not vary.
type farthestFirst []costed

func (h farthestFirst) Len() int { return len(h) }
func (h farthestFirst) Less(i, j int) bool {
	return h[i].cost > h[j].cost || h[i].cost == h[j].cost && h[i].n > h[j].n
}
func (h farthestFirst) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *farthestFirst) Push(x any)   { *h = append(*h, x.(costed)) }
func (h *farthestFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
