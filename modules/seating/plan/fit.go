package plan

import "math"

// margin is the empty space round a plan, in pitches: room for row letters beside the first seats.
const margin = 2

// fit moves the plan so that everything drawn starts at the margin, sets its size, and rounds coordinates to about a
// thousandth of the pitch, which no eye sees and every encoding profits from. put is how many seats had no position and were given one.
func fit(p *Plan, rep *reporter, put int) error {
	box := p.extent()
	// Not "greater than": the comparison must also fail for NaN.
	within := box.min.X >= -maxCoordinate && box.min.Y >= -maxCoordinate &&
		box.max.X <= maxCoordinate && box.max.Y <= maxCoordinate
	if !within && put > 0 {
		return rep.unusable("bad-coordinate", "", "with %s that had no position, and were drawn beside or below the others, the plan reaches beyond %.0f px from its origin; give all seats positions", seats(put), maxCoordinate)
	}
	if !within {
		return rep.unusable("bad-coordinate", "", "the plan reaches beyond %.0f px from its origin", maxCoordinate)
	}
	pitch := medianGap(p.Zones)
	round := rounder(pitch)
	// Two seats at opposite ends would make a pitch, and so a margin, as wide as the plan.
	edge := min(margin*pitch, maxCoordinate/10)
	left, top := edge-box.min.X, edge-box.min.Y
	// A plan that stands right already stays where it is, so that one that was exported comes back the same.
	if math.Abs(left) < edge/100 && math.Abs(top) < edge/100 {
		left, top = 0, 0
	}
	p.drawn(func(x, y *float64) { *x, *y = round(*x+left), round(*y+top) })
	for z := range p.Zones {
		for i := range p.Zones[z].Areas {
			a := &p.Zones[z].Areas[i]
			a.Width, a.Height = round(a.Width), round(a.Height)
		}
	}
	box = p.extent() // of what was rounded, for the same reason
	p.Width, p.Height = round(box.max.X+box.min.X), round(box.max.Y+box.min.Y)
	return nil
}

// extent is what everything drawn covers.
func (p *Plan) extent() bounds {
	box := newBounds()
	p.drawn(func(x, y *float64) { box.add(Point{*x, *y}) })
	for _, z := range p.Zones {
		for i := range z.Areas {
			box.area(&z.Areas[i])
		}
	}
	return box
}

// rounder rounds to the power of ten at or below a thousandth of the pitch: two decimals when seats are 25 px apart.
func rounder(pitch float64) func(float64) float64 {
	decimals := min(max(-math.Floor(math.Log10(pitch/1000)), 0), 9)
	scale := math.Pow(10, decimals)
	// Adding zero turns -0 into 0, which a store need not keep.
	return func(v float64) float64 { return math.Round(v*scale)/scale + 0 }
}

// drawn visits every coordinate pair of the plan, for reading or moving.
func (p *Plan) drawn(visit func(x, y *float64)) {
	for z := range p.Zones {
		zone := &p.Zones[z]
		for r := range zone.Rows {
			for s := range zone.Rows[r].Seats {
				visit(&zone.Rows[r].Seats[s].X, &zone.Rows[r].Seats[s].Y)
			}
		}
		for a := range zone.Areas {
			area := &zone.Areas[a]
			visit(&area.X, &area.Y)
			for i := range area.Points {
				visit(&area.Points[i].X, &area.Points[i].Y)
			}
			if area.Text != nil {
				visit(&area.Text.X, &area.Text.Y)
			}
		}
	}
}

type bounds struct{ min, max Point }

func newBounds() bounds {
	return bounds{min: Point{math.Inf(1), math.Inf(1)}, max: Point{math.Inf(-1), math.Inf(-1)}}
}

func (b *bounds) add(p Point) {
	b.min = Point{math.Min(b.min.X, p.X), math.Min(b.min.Y, p.Y)}
	b.max = Point{math.Max(b.max.X, p.X), math.Max(b.max.Y, p.Y)}
}

// area adds what Width, Height and Rotation of an area cover; its points are visited by drawn.
func (b *bounds) area(a *Area) {
	at := Point{a.X, a.Y}
	corner := at // top left of a rectangle; the others hang on their centre
	if a.Shape != "rectangle" {
		corner = Point{at.X - a.Width/2, at.Y - a.Height/2}
	}
	for _, by := range []Point{{0, 0}, {a.Width, 0}, {0, a.Height}, {a.Width, a.Height}} {
		b.add(turn(Point{corner.X + by.X, corner.Y + by.Y}, at, a.Rotation))
	}
}

// turn rotates p about a centre, clockwise as seen with y down, by degrees.
func turn(p, about Point, degrees float64) Point {
	if degrees == 0 {
		return p
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	x, y := p.X-about.X, p.Y-about.Y
	return Point{about.X + x*cos - y*sin, about.Y + x*sin + y*cos}
}
