package plan

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

const (
	// aisle is the gap, in pitches, from which two consecutive seats of a row no longer sit together.
	aisle = 1.8
	// defaultPitch stands in, in px, when no two seats of the plan are neighbours; editors draw seats this far apart.
	defaultPitch = 25
)

// derived is all that follows from the seats and is wanted often.
type derived struct {
	seats  []*Seat
	places []place // by seat number
	pitch  float64
	block  []int         // by seat number: which block
	blocks [][2]int      // first and one past the last seat number; seats of a block are numbered in a row
	boxes  []bounds      // by block: what its seats cover
	tables []bool        // by block: the seats of a table
	kept   []bool        // by seat number: reserved
	with   map[int][]int // companion seats by their accessible seat
	focal  Point
	far    []float64 // by seat number: squared distance to the stage, px²
	near   []int     // seat numbers, nearest to the stage first
	// byNear are the blocks, the one with the nearest seat first; nearest is how far that is, by block.
	byNear  []int
	nearest []float64

	digestOnce sync.Once
	digest     string
}

type place struct{ zone, row int }

// derive computes once what the methods below answer from. Several goroutines may come first at the same time.
func (p *Plan) derive() *derived {
	p.once.Do(func() {
		d := &p.derived
		for z := range p.Zones {
			for r := range p.Zones[z].Rows {
				seats := p.Zones[z].Rows[r].Seats
				for s := range seats {
					d.seats = append(d.seats, &seats[s])
					d.places = append(d.places, place{z, r})
				}
			}
		}
		d.pitch = medianGap(p.Zones)
		d.cutBlocks(p)
		d.bind(p)
		d.rank(p)
	})
	return &p.derived
}

// cutBlocks splits the rows where two consecutive seats stand an aisle apart. Round a table nobody sits apart, however wide
// it is.
func (d *derived) cutBlocks(p *Plan) {
	d.block = make([]int, len(d.seats))
	for n, seat := range d.seats {
		if n > 0 && d.places[n] == d.places[n-1] && (d.row(p, n).Table || distance(d.seats[n-1], seat) < aisle*d.pitch) {
			d.blocks[len(d.blocks)-1][1] = n + 1
		} else {
			d.blocks = append(d.blocks, [2]int{n, n + 1})
		}
		d.block[n] = len(d.blocks) - 1
	}
}

func (d *derived) row(p *Plan, n int) *Row {
	return &p.Zones[d.places[n].zone].Rows[d.places[n].row]
}

// bind notes which blocks are tables, and which seats belong to an accessible one.
func (d *derived) bind(p *Plan) {
	d.tables, d.kept, d.with = make([]bool, len(d.blocks)), make([]bool, len(d.seats)), map[int][]int{}
	d.boxes = make([]bounds, len(d.blocks))
	for i, block := range d.blocks {
		first := Point{d.seats[block[0]].X, d.seats[block[0]].Y}
		d.boxes[i] = bounds{min: first, max: first}
		for _, seat := range d.seats[block[0]:block[1]] {
			d.boxes[i].add(Point{seat.X, seat.Y})
		}
	}
	for n, seat := range d.seats {
		d.kept[n] = reserved(seat)
		d.tables[d.block[n]] = d.row(p, n).Table
		if seat.CompanionOf >= 0 {
			d.with[seat.CompanionOf] = append(d.with[seat.CompanionOf], n)
		}
	}
}

// Companions are the seats bound to an accessible seat, in rising order.
func (p *Plan) Companions(n int) []int { return p.derive().with[n] }

// rank orders the seats by how near they are to the stage of their zone, where that has one, or of the plan.
func (d *derived) rank(p *Plan) {
	d.focal = focalPoint(p)
	focal := make([]Point, len(p.Zones))
	for z := range p.Zones {
		focal[z] = d.focal
		if stage := p.Zones[z].stage(); stage != nil {
			focal[z] = middle(stage)
		}
	}
	d.far = make([]float64, len(d.seats))
	d.near = make([]int, len(d.seats))
	for n, seat := range d.seats {
		to := focal[d.places[n].zone]
		dx, dy := seat.X-to.X, seat.Y-to.Y
		d.far[n] = dx*dx + dy*dy
		d.near[n] = n
	}
	slices.SortStableFunc(d.near, func(a, b int) int { return cmp.Compare(d.far[a], d.far[b]) })
	d.byNear, d.nearest = make([]int, 0, len(d.blocks)), make([]float64, len(d.blocks))
	seen := make([]bool, len(d.blocks))
	for _, n := range d.near {
		if i := d.block[n]; !seen[i] {
			seen[i], d.nearest[i] = true, d.far[n]
			d.byNear = append(d.byNear, i)
		}
	}
}

// Pitch is the median gap between consecutive seats of a row over the whole plan, in px, or 25 when there is no such
// gap. Gaps of next to nothing do not count: seats drawn on one spot say nothing about the spacing.
func (p *Plan) Pitch() float64 { return p.derive().pitch }

// Adjacent tells whether two seats are neighbours: consecutive in one row with no aisle between them.
func (p *Plan) Adjacent(a, b int) bool {
	d := p.derive()
	if a > b {
		a, b = b, a
	}
	return a >= 0 && b < len(d.seats) && b == a+1 && d.block[a] == d.block[b]
}

// Neighbours gives the seats drawn right before and right after seat n in its block, -1 where there is none.
func (p *Plan) Neighbours(n int) (before, after int) {
	before, after = n-1, n+1
	if !p.Adjacent(before, n) {
		before = -1
	}
	if !p.Adjacent(n, after) {
		after = -1
	}
	return before, after
}

// Blocks gives the maximal runs of adjacent seats in drawn order; every seat is in exactly one.
func (p *Plan) Blocks() [][]int {
	d := p.derive()
	all := make([]int, len(d.seats))
	for n := range all {
		all[n] = n
	}
	blocks := make([][]int, len(d.blocks))
	for i, b := range d.blocks {
		blocks[i] = all[b[0]:b[1]:b[1]]
	}
	return blocks
}

// medianGap looks at all gaps, since the one in the middle of a row is often the aisle.
func medianGap(zones []Zone) float64 {
	var gaps []float64
	for z := range zones {
		for r := range zones[z].Rows {
			seats := zones[z].Rows[r].Seats
			for s := 1; s < len(seats); s++ {
				gaps = append(gaps, distance(&seats[s-1], &seats[s]))
			}
		}
	}
	return typicalGap(gaps)
}

// typicalGap is the median of gaps. Those of next to nothing do not count.
func typicalGap(gaps []float64) float64 {
	gaps = slices.DeleteFunc(gaps, func(gap float64) bool { return !(gap > 0) })
	if len(gaps) == 0 {
		return defaultPitch
	}
	slices.Sort(gaps)
	wide := gaps[len(gaps)*9/10]
	gaps = slices.DeleteFunc(gaps, func(gap float64) bool { return gap < wide/20 })
	return gaps[(len(gaps)-1)/2] // of two in the middle the lesser: it is the other that may be an aisle
}

func distance(a, b *Seat) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }
