package plan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// inOrder puts the seats of one row into drawn order. A file may list them anyhow, numbers may run odd to one side and
// even to the other, a row may be curved: of the file's order, the numbers' and the one along the row, it takes that
// which has the shortest way from seat to seat.
func inOrder(seats []single) []single {
	if len(seats) < 3 {
		return seats
	}
	best, shortest := seats, way(seats)*0.999 // the file's order wins a draw
	for _, other := range [][]single{byNumber(seats), alongRow(seats)} {
		if other == nil {
			continue
		}
		if w := way(other); w < shortest {
			best, shortest = other, w*0.999
		}
	}
	return best
}

// way is how far it is along the seats that have a position.
func way(seats []single) (sum float64) {
	var last *single
	for i := range seats {
		if !seats[i].placed {
			continue
		}
		if last != nil {
			sum += math.Hypot(seats[i].at.X-last.at.X, seats[i].at.Y-last.at.Y)
		}
		last = &seats[i]
	}
	return sum
}

func byNumber(seats []single) []single {
	numbers := map[string]int{}
	for _, s := range seats {
		n, err := strconv.Atoi(s.number)
		if err != nil {
			return nil
		}
		numbers[s.number] = n
	}
	sorted := slices.Clone(seats)
	slices.SortStableFunc(sorted, func(a, b single) int { return cmp.Compare(numbers[a.number], numbers[b.number]) })
	return sorted
}

// alongRow sorts by the direction the row is longest in, from left to right or from top to bottom; nil when a seat has no
// position.
func alongRow(seats []single) []single {
	if slices.ContainsFunc(seats, func(s single) bool { return !s.placed }) {
		return nil
	}
	var mx, my, xx, yy, xy float64
	for _, s := range seats {
		mx, my = mx+s.at.X/float64(len(seats)), my+s.at.Y/float64(len(seats))
	}
	for _, s := range seats {
		dx, dy := s.at.X-mx, s.at.Y-my
		xx, yy, xy = xx+dx*dx, yy+dy*dy, xy+dx*dy
	}
	sin, cos := math.Sincos(math.Atan2(2*xy, xx-yy) / 2)
	if cos < 1e-9 && sin < 0 {
		sin = -sin
	}
	sorted := slices.Clone(seats)
	slices.SortStableFunc(sorted, func(a, b single) int {
		return cmp.Compare(a.at.X*cos+a.at.Y*sin, b.at.X*cos+b.at.Y*sin)
	})
	return sorted
}

// lines cuts seats without a row into the lines they are drawn in, from the top, each from the left. Seats without a
// position are a line of their own.
func lines(seats []single) [][]single {
	var placed, rest []single
	for _, s := range seats {
		if s.placed {
			placed = append(placed, s)
		} else {
			rest = append(rest, s)
		}
	}
	slices.SortStableFunc(placed, func(a, b single) int { return cmp.Compare(a.at.Y, b.at.Y) })
	within := nearestGap(placed) * 0.4
	var out [][]single
	for i, from := 0, 0; i < len(placed); i++ {
		if i+1 == len(placed) || placed[i+1].at.Y-placed[i].at.Y > within || placed[i+1].at.Y-placed[from].at.Y > 2*within {
			line := placed[from : i+1 : i+1]
			slices.SortStableFunc(line, func(a, b single) int { return cmp.Compare(a.at.X, b.at.X) })
			out = append(out, line)
			from = i + 1
		}
	}
	if len(rest) > 0 {
		out = append(out, rest)
	}
	return out
}

// nearestGap is how far a seat is from the one nearest to it, in the middle of all seats; the seats are sorted by Y.
func nearestGap(seats []single) float64 {
	const look = 200 // how many on either side are looked at: far more than stand in one line
	var gaps []float64
	step := max(1, len(seats)/1000) // a sample says enough
	for i := 0; i < len(seats); i += step {
		nearest := math.Inf(1)
		for j := max(0, i-look); j < min(len(seats), i+look+1); j++ {
			gap := math.Hypot(seats[j].at.X-seats[i].at.X, seats[j].at.Y-seats[i].at.Y)
			if gap > 0 && gap < nearest {
				nearest = gap
			}
		}
		if !math.IsInf(nearest, 1) {
			gaps = append(gaps, nearest)
		}
	}
	if len(gaps) == 0 {
		return defaultPitch
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}
