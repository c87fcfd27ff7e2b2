package plan

import (
	"math"
	"strings"
	"unicode/utf8"
)

// lettering is a text of a drawing: its middle, and how large it is.
type lettering struct {
	words string
	key   string
	at    Point
	size  float64
	angle float64
	paint string
}

// letterWidth is how wide a letter is, in its own height, on average.
const letterWidth = 0.55

func (d *drawing) text(e *element, in around) {
	if in.hidden || !d.pay(len(e.kids)) {
		return
	}
	words := clean(d.words(e), maxName)
	if words == "" {
		return
	}
	if len(d.texts) >= MaxSeats+MaxAreas {
		d.rep.fail("too-many-areas", "", "a drawing has at most %d texts", MaxSeats+MaxAreas)
		return
	}
	at, lines, longest := d.textPlace(e)
	if longest == 0 {
		longest = utf8.RuneCountInString(words)
	}
	width := letterWidth * in.size * float64(longest)
	switch in.anchor {
	case "middle":
	case "end":
		at.X -= width / 2
	default:
		at.X += width / 2
	}
	at.Y += 1.2 * in.size * float64(lines-1) / 2
	switch e.get("dominant-baseline") {
	case "central", "middle":
	default:
		at.Y -= 0.35 * in.size // letters stand on their line
	}
	at = in.matrix.of(at)
	if !(math.Abs(at.X) <= maxCoordinate && math.Abs(at.Y) <= maxCoordinate) {
		d.rep.fail("bad-coordinate", "", "text %q is drawn beyond %.0f px", cut(words, maxShort), maxCoordinate)
		return
	}
	angle := math.Atan2(in.matrix[1], in.matrix[0]) * 180 / math.Pi
	size := min(in.size*in.matrix.scale(), maxCoordinate)
	d.texts = append(d.texts, lettering{words: words, key: labelKey(e.get("id"), "-label", "-text", "-name"), at: at,
		size: math.Round(size*100) / 100, angle: math.Round(angle*10) / 10, paint: paint(in.fill)})
}

// textPlace is where the first line of a text begins, how many lines it has, and the letters of the longest.
func (d *drawing) textPlace(e *element) (at Point, lines, longest int) {
	at, lines = Point{e.length("x") + e.length("dx"), e.length("y") + e.length("dy")}, 1
	first := true
	last := ""
	for _, kid := range e.kids {
		if kid.name != "tspan" {
			continue
		}
		longest = max(longest, utf8.RuneCountInString(strings.TrimSpace(d.words(kid))))
		y := kid.get("y")
		if first && (kid.get("x") != "" || y != "") && strings.TrimSpace(e.text.String()) == "" {
			at, last = Point{kid.length("x"), kid.length("y")}, y
		} else if y != last || kid.get("dy") != "" {
			lines, last = lines+1, y
		}
		first = false
	}
	return at, lines, longest
}
