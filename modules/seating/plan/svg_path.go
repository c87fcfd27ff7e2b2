package plan

import (
	"math"
	"strings"
)

// curveSteps is how many straight lines stand for a curve.
const curveSteps = 8

// pathReader follows the commands of a path.
type pathReader struct {
	s       string
	at      Point
	start   Point // of the subpath
	control Point // of the last curve, for the smooth ones
	last    byte  // the last command, in lower case
	parts   [][]Point
	corners int
	args    [7]float64 // of the command being read
}

// subpaths gives the corners of a path's parts, curves as short lines; false when there are more than a plan may have.
// What cannot be read ends the path, as browsers have it.
func subpaths(d string) ([][]Point, bool) {
	r := &pathReader{s: d}
	for r.step() {
		if r.corners > MaxPoints {
			return nil, false
		}
	}
	return r.parts, true
}

func (r *pathReader) step() bool {
	r.s = strings.TrimLeft(r.s, ", \t\r\n")
	if r.s == "" {
		return false
	}
	command := r.s[0]
	if strings.IndexByte("MmLlHhVvCcSsQqTtAaZz", command) < 0 {
		return false
	}
	r.s = r.s[1:]
	kind, relative := command|0x20, command >= 'a'
	if kind == 'z' {
		r.at, r.last = r.start, 'z'
		return true
	}
	want := 2
	switch kind {
	case 'h', 'v':
		want = 1
	case 's', 'q':
		want = 4
	case 'c':
		want = 6
	case 'a':
		want = 7
	}
	for first := true; ; first = false {
		v, rest, ok := r.arguments(want, kind == 'a')
		if !ok {
			return !first // a command may be repeated without being named
		}
		r.s = rest
		r.one(kind, relative, first, v)
		if r.corners > MaxPoints {
			return true
		}
	}
}

// arguments reads the numbers of one command. The flags of an arc may stand without anything between them.
func (r *pathReader) arguments(want int, arc bool) ([]float64, string, bool) {
	s, out := r.s, r.args[:0]
	for len(out) < want {
		if arc && (len(out) == 3 || len(out) == 4) {
			s = strings.TrimLeft(s, ", \t\r\n")
			if s == "" || s[0] != '0' && s[0] != '1' {
				return nil, s, false
			}
			out, s = append(out, float64(s[0]-'0')), s[1:]
			continue
		}
		v, rest, ok := number(s)
		if !ok {
			return nil, s, false
		}
		out, s = append(out, v), rest
	}
	return out, s, true
}

func (r *pathReader) one(kind byte, relative, first bool, v []float64) {
	base := Point{}
	if relative {
		base = r.at
	}
	p := func(i int) Point { return Point{base.X + v[i], base.Y + v[i+1]} }
	mirrored := func(after string) Point {
		if strings.IndexByte(after, r.last) >= 0 {
			return Point{2*r.at.X - r.control.X, 2*r.at.Y - r.control.Y}
		}
		return r.at
	}
	from := r.at
	switch kind {
	case 'm':
		if first {
			r.at = p(0)
			r.start = r.at
			r.parts = append(r.parts, []Point{r.at})
			r.corners++
		} else {
			r.line(p(0))
		}
	case 'l':
		r.line(p(0))
	case 'h':
		r.line(Point{base.X + v[0], r.at.Y})
	case 'v':
		r.line(Point{r.at.X, base.Y + v[0]})
	case 'c':
		r.cubic(from, p(0), p(2), p(4))
	case 's':
		r.cubic(from, mirrored("cs"), p(0), p(2))
	case 'q':
		r.square(from, p(0), p(2))
	case 't':
		r.square(from, mirrored("qt"), p(0))
	case 'a':
		r.arc(from, Point{base.X + v[5], base.Y + v[6]}, v)
	}
	r.last = kind
}

func (r *pathReader) line(to Point) {
	if len(r.parts) == 0 || r.last == 'z' {
		r.parts = append(r.parts, []Point{r.at})
		r.start = r.at
		r.last = 'l'
	}
	last := len(r.parts) - 1
	r.parts[last] = append(r.parts[last], to)
	r.at = to
	r.corners++
}

func (r *pathReader) cubic(a, b, c, d Point) {
	for i := 1; i <= curveSteps; i++ {
		t := float64(i) / curveSteps
		u := 1 - t
		r.line(Point{
			u*u*u*a.X + 3*u*u*t*b.X + 3*u*t*t*c.X + t*t*t*d.X,
			u*u*u*a.Y + 3*u*u*t*b.Y + 3*u*t*t*c.Y + t*t*t*d.Y,
		})
	}
	r.control = c
}

func (r *pathReader) square(a, b, c Point) {
	for i := 1; i <= curveSteps; i++ {
		t := float64(i) / curveSteps
		u := 1 - t
		r.line(Point{u*u*a.X + 2*u*t*b.X + t*t*c.X, u*u*a.Y + 2*u*t*b.Y + t*t*c.Y})
	}
	r.control = b
}

// arc follows an ellipse from a point to another; the formulas are those of the standard, "implementation notes" F.6.
func (r *pathReader) arc(from, to Point, v []float64) {
	rx, ry := math.Abs(v[0]), math.Abs(v[1])
	if from == to {
		return
	}
	if rx == 0 || ry == 0 {
		r.line(to)
		return
	}
	sin, cos := math.Sincos(v[2] * math.Pi / 180)
	dx, dy := (from.X-to.X)/2, (from.Y-to.Y)/2
	x, y := cos*dx+sin*dy, -sin*dx+cos*dy
	if big := x*x/(rx*rx) + y*y/(ry*ry); big > 1 {
		rx, ry = rx*math.Sqrt(big), ry*math.Sqrt(big)
	}
	root := (rx*rx*ry*ry - rx*rx*y*y - ry*ry*x*x) / (rx*rx*y*y + ry*ry*x*x)
	k := math.Sqrt(max(root, 0))
	if v[3] == v[4] {
		k = -k
	}
	cx, cy := k*rx*y/ry, -k*ry*x/rx
	angle := func(px, py float64) float64 { return math.Atan2(py/ry, px/rx) }
	start := angle(x-cx, y-cy)
	sweep := angle(-x-cx, -y-cy) - start
	if v[4] == 0 && sweep > 0 {
		sweep -= 2 * math.Pi
	} else if v[4] == 1 && sweep < 0 {
		sweep += 2 * math.Pi
	}
	mx, my := (from.X+to.X)/2, (from.Y+to.Y)/2
	for i := 1; i < 2*curveSteps; i++ {
		s, c := math.Sincos(start + sweep*float64(i)/(2*curveSteps))
		r.line(Point{cos*(rx*c+cx) - sin*(ry*s+cy) + mx, sin*(rx*c+cx) + cos*(ry*s+cy) + my})
	}
	r.line(to)
}
