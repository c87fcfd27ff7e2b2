package plan

import (
	"fmt"
	"math"
)

// settler finds a place for the seats whose file gives none: in their row evenly between their neighbours or a step beyond
// the last, else in a straight line where the row starts, or below the plan when it starts nowhere. What it does is
// reported.
type settler struct {
	rep    *reporter
	box    bounds         // of what the file does place
	starts map[Point]bool // where rows start
	gaps   []float64      // between seats that it places side by side
	blank  bool           // it places none, which is said once
	gap    float64        // from seat to seat, where there is nothing to go by
	next   Point          // where the next row that starts nowhere begins
	moved  bool           // one of this zone did
	put    int            // seats that were given a place
}

// mostInLine is how many seats of a row that has no positions stand side by side, before it goes on in the line below: in
// one line the largest would reach beyond every drawing.
const mostInLine = 1000

// newSettler looks at what the draft does place.
func newSettler(d *draft, rep *reporter) *settler {
	s := &settler{rep: rep, box: newBounds(), starts: map[Point]bool{}, blank: true}
	missing := false
	for z := range d.zones {
		zone := &d.zones[z]
		for r := range zone.rows {
			missing = !s.look(zone, &zone.rows[r]) || missing
		}
		for i := range zone.areas {
			zone.areas[i].cover(&s.box, zone.at)
		}
	}
	if !missing {
		return s
	}
	s.gap = typicalGap(s.gaps)
	if s.box.finite() {
		s.next = Point{s.box.min.X, s.box.max.Y + 2*s.gap}
	}
	if s.blank {
		rep.add("no-positions", "", "the file says not where seats are; rows are drawn straight, one below the other")
	}
	return s
}

// look takes note of where a row and its seats are; false when that is not known of all of them. Where
// one starts that stands before it, as all do at 0, 0 in a file that gives positions to seats alone, it starts nowhere.
func (s *settler) look(zone *draftZone, row *draftRow) (whole bool) {
	start := Point{zone.at.X + row.at.X, zone.at.Y + row.at.Y}
	if row.placed = row.placed && !s.starts[start]; row.placed {
		s.starts[start] = len(row.seats) > 0
		s.blank = false
		s.box.add(start)
	}
	whole = true
	for i := range row.seats {
		seat := &row.seats[i]
		if !seat.placed {
			whole = false
			continue
		}
		s.blank = false
		s.box.add(Point{start.X + seat.at.X, start.Y + seat.at.Y})
		if i > 0 && row.seats[i-1].placed {
			before := row.seats[i-1].at
			s.gaps = append(s.gaps, math.Hypot(seat.at.X-before.X, seat.at.Y-before.Y))
		}
	}
	return whole
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
	s.put += len(row.seats) - len(placed)
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
		s.next.Y += s.gap * float64((len(row.seats)-1)/mostInLine+1)
		s.moved = true
	}
	if len(placed) == 0 {
		for i := range row.seats {
			row.seats[i].at = Point{float64(i%mostInLine) * s.gap, float64(i/mostInLine) * s.gap}
		}
	}
	s.report(zone, row, how)
}

// report says of a row's seats what was no position, or that there was none, and how they are drawn now.
func (s *settler) report(zone *draftZone, row *draftRow, how string) {
	missing, first := 0, ""
	for i := range row.seats {
		seat := &row.seats[i]
		switch {
		case seat.placed:
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
	put := func(i, from int, step Point) {
		n := float64(i - from)
		r.seats[i].at = Point{r.seats[from].at.X + n*step.X, r.seats[from].at.Y + n*step.Y}
	}
	first, last := placed[0], placed[len(placed)-1]
	before := r.step(first, placed[min(1, len(placed)-1)]).usual(gap)
	after := r.step(placed[max(0, len(placed)-2)], last).usual(gap)
	for i := range first {
		put(i, first, before)
	}
	for n, to := range placed[1:] {
		from := placed[n]
		step := r.step(from, to)
		if step == (Point{}) { // both on one spot, which is no place for a third
			step = Point{gap, 0}
		}
		for i := from + 1; i < to; i++ {
			put(i, from, step)
		}
	}
	for i := last + 1; i < len(r.seats); i++ {
		put(i, last, after)
	}
}

// step is how far it is from seat to seat on the way from one to a later one.
func (r *draftRow) step(from, to int) Point {
	a, b, n := r.seats[from].at, r.seats[to].at, float64(max(to-from, 1))
	return Point{(b.X - a.X) / n, (b.Y - a.Y) / n}
}

// usual is a step of that direction which leads neither across an aisle nor nowhere.
func (p Point) usual(gap float64) Point {
	length := math.Hypot(p.X, p.Y)
	switch {
	case length == 0:
		return Point{gap, 0}
	case length > aisle*gap:
		return Point{p.X * gap / length, p.Y * gap / length}
	}
	return p
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
