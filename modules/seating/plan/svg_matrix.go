package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// matrix is a b c d e f as SVG writes it: x' = ax + cy + e, y' = bx + dy + f.
type matrix [6]float64

var unity = matrix{1, 0, 0, 1, 0, 0}

func (m matrix) of(p Point) Point {
	return Point{m[0]*p.X + m[2]*p.Y + m[4], m[1]*p.X + m[3]*p.Y + m[5]}
}

// then is m with n inside it: n is applied first.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[2]*n[1], m[1]*n[0] + m[3]*n[1],
		m[0]*n[2] + m[2]*n[3], m[1]*n[2] + m[3]*n[3],
		m[0]*n[4] + m[2]*n[5] + m[4], m[1]*n[4] + m[3]*n[5] + m[5],
	}
}

// straight tells that a rectangle stays one with the same sides.
func (m matrix) straight() bool { return math.Abs(m[1]) < 1e-9 && math.Abs(m[2]) < 1e-9 }

// scale is how much larger things are drawn, on average.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m[0]*m[3] - m[1]*m[2])) }

func shift(x, y float64) matrix { return matrix{1, 0, 0, 1, x, y} }

// transform is what an element's own transform does, about its transform-origin: px of the drawing, or with transform-box
// also px or percent of what the element covers.
func (d *drawing) transform(e *element) matrix {
	how := e.get("transform")
	if !d.pay(len(how)) {
		return unity
	}
	m, ok := parseTransform(how)
	if !ok {
		d.noNumbers(e, "transform", how)
	}
	origin, own := e.get("transform-origin"), e.get("transform-box") == "fill-box"
	if m == unity || origin == "" && !own {
		return m
	}
	box := bounds{}
	if own {
		if box = d.corners(e, unity, 0); !box.finite() {
			return m
		}
	}
	about := box.min
	words := strings.Fields(origin)
	for i, word := range words[:min(len(words), 2)] {
		size, to := box.width(), &about.X
		if i == 1 {
			size, to = box.height(), &about.Y
		}
		v, rest, _ := number(word)
		switch {
		case word == "center":
			v = size / 2
		case word == "right" || word == "bottom":
			v = size
		case strings.HasPrefix(rest, "%"):
			v *= size / 100
		}
		*to += v
	}
	return shift(about.X, about.Y).then(m).then(shift(-about.X, -about.Y))
}

// noNumbers takes note of an attribute that has something else where numbers belong.
func (d *drawing) noNumbers(e *element, name, said string) {
	d.unread.add(fmt.Sprintf("%s %q", name, clean(said, maxShort)), func() string { return clean(e.get("id"), maxShort) })
}

// parseTransform reads a list such as "translate(5 6) rotate(45)"; what it does not know does nothing. It answers false
// when there is something else where a number belongs.
func parseTransform(s string) (m matrix, ok bool) {
	m, ok = unity, true
	for range 50 {
		name, rest, opened := strings.Cut(s, "(")
		if !opened {
			break
		}
		args, after, closed := strings.Cut(rest, ")")
		if !closed {
			break
		}
		unitless := strings.ReplaceAll(strings.ReplaceAll(args, "px", " "), "deg", " ")
		values, other := numbers(unitless, 6)
		m = m.then(oneTransform(strings.Trim(name, ", \t\r\n"), values))
		ok = ok && other == ""
		s = after
	}
	return m, ok
}

func oneTransform(name string, v []float64) matrix {
	at := func(i int, otherwise float64) float64 {
		if i < len(v) {
			return v[i]
		}
		return otherwise
	}
	if len(v) == 0 {
		return unity
	}
	switch name {
	case "matrix":
		if len(v) == 6 {
			return matrix(v)
		}
	case "translate":
		return shift(v[0], at(1, 0))
	case "scale":
		return matrix{v[0], 0, 0, at(1, v[0]), 0, 0}
	case "rotate":
		sin, cos := math.Sincos(v[0] * math.Pi / 180)
		about := shift(at(1, 0), at(2, 0))
		return about.then(matrix{cos, sin, -sin, cos, 0, 0}).then(shift(-at(1, 0), -at(2, 0)))
	case "skewX":
		return matrix{1, 0, math.Tan(v[0] * math.Pi / 180), 1, 0, 0}
	case "skewY":
		return matrix{1, math.Tan(v[0] * math.Pi / 180), 0, 1, 0, 0}
	}
	return unity
}

// numbers reads as many numbers as there are, up to most, the way SVG runs them together: "1-2.5.5e3". What stands after
// them is the rest, "" when nothing does.
func numbers(s string, most int) (out []float64, rest string) {
	for len(out) < most {
		v, after, ok := number(s)
		if !ok {
			break
		}
		out, s = append(out, v), after
	}
	return out, strings.Trim(s, ", \t\r\n")
}

// number reads the first one.
func number(s string) (v float64, rest string, ok bool) {
	s = strings.TrimLeft(s, ", \t\r\n")
	i, dot := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	from := i
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' && !dot) {
		dot = dot || s[i] == '.'
		i++
	}
	if i == from || i == from+1 && dot {
		return 0, s, false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if n := digits(s[j:]); n > 0 {
			i = j + n
		}
	}
	v, err := strconv.ParseFloat(s[:i], 64)
	return v, s[i:], err == nil
}

// length reads an attribute that is a length; percentages and what is no number are nothing.
func (e *element) length(name string) float64 {
	s := e.get(name)
	v, rest, ok := number(s[:min(len(s), maxName)]) // more digits say nothing
	if !ok || strings.HasPrefix(rest, "%") {
		return 0
	}
	return v
}
