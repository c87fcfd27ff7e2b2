package plan

import (
	"cmp"
	"math"
	"slices"
)

// pieceSeeds is how many runs near the stage are tried as the middle of a divided party.
const pieceSeeds = 8

// run is a stretch of fitting seats side by side, from..to-1, with its middle.
type run struct {
	from, to int
	at       Point
	away     float64 // squared distance to the seed, px²
}

// pieces divides a party so that nobody sits alone: at least two together everywhere, as close to one another as can be;
// nil when there is no such way.
func (s *search) pieces() []int {
	runs := s.runs(2)
	seeds := slices.Clone(runs)
	slices.SortStableFunc(seeds, func(a, b run) int { return cmp.Compare(s.far[a.from], s.far[b.from]) })
	var best []int
	least := math.Inf(1)
	for _, seed := range seeds[:min(len(seeds), pieceSeeds)] {
		for i := range runs {
			dx, dy := runs[i].at.X-seed.at.X, runs[i].at.Y-seed.at.Y
			runs[i].away = dx*dx + dy*dy
		}
		group, spread := s.divide(s.nearestRuns(runs))
		if group == nil {
			return nil // what is near one seed is enough or nothing is
		}
		cost := 4 * spread // keeping together counts for more than being near to the stage
		for _, n := range group {
			cost += s.far[n]
		}
		if cost < least {
			best, least = group, cost
		}
	}
	return best
}

// runs are all stretches of at least so many fitting seats.
func (s *search) runs(least int) []run {
	var out []run
	for _, block := range s.blocks {
		for n := block[0]; n < block[1]; n++ {
			from := n
			for n < block[1] && s.fits[n] {
				n++
			}
			if n-from >= least {
				a, b := s.seats[from], s.seats[n-1]
				out = append(out, run{from: from, to: n, at: Point{(a.X + b.X) / 2, (a.Y + b.Y) / 2}})
			}
		}
	}
	return out
}

// nearestRuns keeps those that can matter: as many as there are seats wanted, and two of at least three seats, without
// which no odd party is divided.
func (s *search) nearestRuns(runs []run) []run {
	near := make([]run, 0, s.want+2)
	odd := 0
	for _, longer := range []bool{false, true} {
		for len(near) < s.want || longer && odd < 2 {
			best := -1
			for i, r := range runs {
				if longer && r.to-r.from < 3 || best >= 0 && r.away >= runs[best].away || slices.ContainsFunc(near, func(have run) bool { return have.from == r.from }) {
					continue
				}
				best = i
			}
			if best < 0 {
				break
			}
			if near = append(near, runs[best]); runs[best].to-runs[best].from > 2 {
				odd++
			}
		}
	}
	return near
}

// divide takes pieces of two or more from some of the runs, with the least sum of squared distances to the seed; nil when
// they do not add up.
func (s *search) divide(runs []run) ([]int, float64) {
	cost := make([]float64, s.want+1) // of so many seats placed
	for i := 1; i <= s.want; i++ {
		cost[i] = math.Inf(1)
	}
	taken := make([][]int, len(runs)) // by run, by seats placed: how many of them from this run
	for i, r := range runs {
		taken[i] = make([]int, s.want+1)
		next := slices.Clone(cost)
		for placed := 2; placed <= s.want; placed++ {
			for piece := 2; piece <= min(placed, r.to-r.from); piece++ {
				if c := cost[placed-piece] + float64(piece)*r.away; c < next[placed] {
					next[placed], taken[i][placed] = c, piece
				}
			}
		}
		cost = next
	}
	if math.IsInf(cost[s.want], 1) {
		return nil, 0
	}
	var group []int
	left := s.want
	for i := len(runs) - 1; i >= 0; i-- {
		if piece := taken[i][left]; piece > 0 {
			group = append(group, s.piece(runs[i], piece)...)
			left -= piece
		}
	}
	slices.Sort(group)
	return group, cost[s.want]
}

// piece are so many seats of a run: those that leave nobody alone, nearest to the stage.
func (s *search) piece(r run, size int) []int {
	best, first := rank{}, -1
	for from := r.from; from+size <= r.to; from++ {
		this := rank{orphans: s.orphans(from, from+size)}
		for n := from; n < from+size; n++ {
			this.far += s.far[n]
		}
		if first < 0 || this.compare(best) < 0 {
			best, first = this, from
		}
	}
	return stretch(first, size)
}
