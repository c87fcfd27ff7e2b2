package plan

import (
	"fmt"
	"math"
)

// settler finds a place for the seats whose file gives none: in their row evenly between their neighbours or a step beyond
// the last, else in a straight line where the row starts, or below the plan when it starts nowhere. What it does is
// reported; upon another seat it puts nobody.
type settler struct {
	rep   *reporter
	gap   float64 // from seat to seat
	next  Point   // where the next row that starts nowhere begins
	moved bool    // one of this zone did
	blank bool    // the file places nothing at all, which is said once
}

// newSettler looks at what the draft does place. Where that is all of it, there is nothing to do.
func newSettler(d *draft, rep *reporter) *settler {
	s := &settler{rep: rep, blank: true}
	box, missing := newBounds(), false
	var gaps []float64
	for z := range d.zones {
		zone := &d.zones[z]
		for r := range zone.rows {
			row := &zone.rows[r]
			start := Point{zone.at.X + row.at.X, zone.at.Y + row.at.Y}
			if row.placed {
				s.blank = false
				box.add(start)
			}
			for i := range row.seats {
				seat := &row.seats[i]
				if !seat.placed {
					missing = true
					continue
				}
				s.blank = false
				box.add(Point{start.X + seat.at.X, start.Y + seat.at.Y})
				if i > 0 && row.seats[i-1].placed {
					gaps = append(gaps, math.Hypot(seat.at.X-row.seats[i-1].at.X, seat.at.Y-row.seats[i-1].at.Y))
				}
			}
		}
		for i := range zone.areas {
			zone.areas[i].cover(&box, zone.at)
		}
	}
	if !missing {
		return s
	}
	s.gap = typicalGap(gaps)
	if box.finite() {
		s.next = Point{box.min.X, box.max.Y + 2*s.gap}
	}
	if s.blank {
		rep.add("no-positions", "", "the file says not where seats are; rows are drawn straight, one below the other")
	}
	return s
}

// cover adds what an area takes up at the most, however it is turned.
func (a *draftArea) cover(box *bounds, zone Point) {
	at := Point{zone.X + a.at.X, zone.Y + a.at.Y}
	reach := math.Hypot(a.width, a.height)
	for _, p := range a.points {
		reach = max(reach, math.Hypot(p.X, p.Y))
	}
	box.add(Point{at.X - reach, at.Y - reach})
	box.add(Point{at.X + reach, at.Y + reach})
}

// zone begins another zone, whose rows below the plan stand apart from those of the last.
func (s *settler) zone() {
	if s.moved {
		s.next.Y += 2 * s.gap
	}
	s.moved = false
}

// row gives every seat of a row a position.
func (s *settler) row(zone *draftZone, row *draftRow) {
	var placed []int
	for i := range row.seats {
		if row.seats[i].placed {
			placed = append(placed, i)
		}
	}
	how := "beside others of its row"
	switch {
	case len(placed) == len(row.seats):
		return
	case len(placed) > 0:
		row.fill(placed, s.gap)
	case row.placed:
		how = "in a line from where its row starts"
	default:
		if how = "in a line below the rest"; s.blank {
			how = "in a line"
		}
		row.at = Point{s.next.X - zone.at.X, s.next.Y - zone.at.Y}
		s.next.Y += s.gap
		s.moved = true
	}
	missing, first := 0, ""
	for i := range row.seats {
		seat := &row.seats[i]
		if seat.placed {
			continue
		}
		if len(placed) == 0 {
			seat.at = Point{float64(i) * s.gap, 0}
		}
		switch {
		case seat.said != "":
			s.rep.add("bad-position", spot(zone.name, row.label, seat.number), "%s is no position; drawn %s", seat.said, how)
		case missing == 0:
			missing, first = 1, seat.number
		default:
			missing++
		}
	}
	switch {
	case missing == 0 || s.blank:
	case missing == 1:
		s.rep.add("no-position", spot(zone.name, row.label, first), "no position; drawn %s", how)
	default:
		s.rep.add("no-position", spot(zone.name, row.label, ""), "%s without a position, the first is %s; drawn %s", seats(missing), first, how)
	}
}

// fill puts the seats without a position beside those that have one, whose indices it is given.
func (r *draftRow) fill(placed []int, gap float64) {
	at := func(i int) Point { return r.seats[i].at }
	// step is how far it is from one seat to the next, between two that have a position: no further than a usual one, lest
	// it leads across an aisle.
	step := func(i, j int) Point {
		v := Point{at(j).X - at(i).X, at(j).Y - at(i).Y}
		length := math.Hypot(v.X, v.Y) / float64(max(j-i, 1))
		if length == 0 {
			return Point{gap, 0}
		}
		k := 1 / float64(j-i)
		if length > aisle*gap {
			k *= gap / length
		}
		return Point{v.X * k, v.Y * k}
	}
	put := func(i, from int, v Point) {
		n := float64(i - from)
		r.seats[i].at = Point{at(from).X + n*v.X, at(from).Y + n*v.Y}
	}
	first, last := placed[0], placed[len(placed)-1]
	before, after := step(first, placed[min(1, len(placed)-1)]), step(placed[max(0, len(placed)-2)], last)
	for i := range first {
		put(i, first, before)
	}
	for n, i := range placed[1:] {
		from := placed[n]
		share := Point{(at(i).X - at(from).X) / float64(i-from), (at(i).Y - at(from).Y) / float64(i-from)}
		for k := from + 1; k < i; k++ {
			put(k, from, share)
		}
	}
	for i := last + 1; i < len(r.seats); i++ {
		put(i, last, after)
	}
}

// put takes over where a file says that a seat is. What is no position is kept as it was said, for the report.
func (s *draftSeat) put(x, y string) {
	at, ok := Point{}, false
	if at.X, ok = coordinate(x); ok {
		at.Y, ok = coordinate(y)
	}
	switch {
	case ok:
		s.at, s.placed = at, true
	case x != "" || y != "":
		s.said = fmt.Sprintf("x %q, y %q", clean(x, maxShort), clean(y, maxShort))
	}
}
