package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

// dot is a seat as it is drawn.
type dot struct {
	single
	tokens  []string
	classes []string
	fill    string
	box     bounds
}

// data is what a data attribute says, by column.
func (e *element) data(col string) string {
	for i := range e.attrs {
		if name := e.attrs[i][0]; len(name) == len(dataPrefix)+len(col) && name[len(dataPrefix):] == col {
			return e.attrs[i][1]
		}
	}
	return ""
}

func (d *drawing) isSeat(e *element) bool {
	id, class := e.get("id"), e.get("class")
	if !d.pay(len(id) + len(class)) {
		return false
	}
	kind, rest := idParts(id)
	parts := tokens(rest)
	hasDigit := strings.ContainsFunc(rest, unicode.IsDigit)
	switch kind {
	case "seat":
		return hasDigit
	case "table":
		return len(parts) >= 2 && hasDigit // table-4 is the table itself
	}
	if slices.Contains(strings.Fields(strings.ToLower(class)), "seat") {
		return true
	}
	return e.data(colNumber) != "" || e.data(colCode) != ""
}

// parts counts the elements in an element, up to most: a group of many is a layer, whatever it is called.
func (e *element) parts(most int) int {
	n := 0
	for _, kid := range e.kids {
		if n += 1 + kid.parts(most-n); n >= most {
			break
		}
	}
	return n
}

// holdsSeats tells a group of seats from a group that is one.
func (d *drawing) holdsSeats(e *element) bool {
	for _, kid := range e.kids {
		if !d.visit(kid) || d.isSeat(kid) || d.holdsSeats(kid) {
			return true
		}
	}
	return false
}

// seat keeps a seat as it is drawn, with what its id, its data and the groups it stands in say of it.
func (d *drawing) seat(e *element, in around, depth int) {
	if in.hidden {
		d.hidden++
		d.unseen.add(clean(in.section, maxName), func() string { return clean(e.get("id"), maxShort) })
		return
	}
	s := dot{single: newSingle(e.data), fill: in.fill, box: d.corners(e, in.matrix, depth)}
	if d.rep.err != nil {
		return
	}
	s.at, s.said = s.box.middle(), d.misplaced(e, in.matrix, s.box, depth)
	s.placed = s.said == ""
	if s.id == "" {
		s.id = clean(e.get("id"), maxName)
	}
	kind, rest := idParts(e.get("id"))
	if s.number == "" && (kind == "seat" || kind == "table") {
		s.tokens = tokens(rest)
		s.table = s.table || kind == "table"
	}
	d.named(&s, e)
	if n := len(s.tokens); n >= 2 && s.tokens[n-2] == in.row {
		s.table = s.table || in.table
	}
	if s.row == "" && len(s.tokens) < 2 {
		s.row, s.table = clean(in.row, maxShort), s.table || in.table
	}
	if s.section == "" && len(s.tokens) < 3 {
		s.section = clean(in.section, maxName)
	}
	for _, class := range strings.Fields(strings.ToLower(e.get("class"))) {
		switch class {
		case "accessible", "wheelchair", "ada":
			s.accessible = true
		case "seat":
		default:
			s.classes = append(s.classes, class)
		}
	}
	d.status(e.data(colStatus), &s.single)
	if len(d.dots) >= MaxSeats {
		d.rep.fail("too-many-seats", "", "a plan has at most %d seats", MaxSeats)
		return
	}
	d.dots = append(d.dots, s)
}

// misplaced is what a seat says in place of a position, "" when it has one. A length that is not there is 0.
func (d *drawing) misplaced(e *element, m matrix, box bounds, depth int) string {
	said := d.garbled(e, depth)
	switch {
	case said != "":
		return said
	case (e.name == "circle" || e.name == "ellipse") && e.get("cx") == "" && e.get("cy") == "" && m == unity:
		return "no cx and no cy" // nobody draws a seat round the corner of the sheet
	case box.finite():
		return ""
	case math.IsInf(box.min.X, 1):
		return fmt.Sprintf("a <%s> without a size", e.name)
	}
	return fmt.Sprintf("x %.4g, y %.4g", box.middle().X, box.middle().Y)
}

// garbled is the attribute of a seat, or of what it is drawn with, that should say where it is and does not: "NaN", "50%".
func (d *drawing) garbled(e *element, depth int) string {
	if !d.visit(e) || depth > maxDepth {
		return ""
	}
	for _, name := range []string{"x", "y", "cx", "cy"} {
		said := e.get(name)
		if _, rest, ok := number(said[:min(len(said), maxName)]); said != "" && (!ok || strings.HasPrefix(rest, "%")) {
			return fmt.Sprintf("%s %q", name, clean(said, maxShort))
		}
	}
	corners := e.get("points")
	if !d.pay(2 * len(corners)) {
		return ""
	}
	if _, other := numbers(corners, 2*MaxPoints); other != "" {
		return fmt.Sprintf("points %q", clean(other, maxShort))
	}
	for _, kid := range e.kids {
		if kid.name == "text" { // not what a seat is drawn with
			continue
		}
		if said := d.garbled(kid, depth+1); said != "" {
			return said
		}
	}
	return ""
}

// named takes the name of a seat that has no telling id from its title, and its note from its description.
func (d *drawing) named(s *dot, e *element) {
	if s.note == "" {
		s.note = d.child(e, "desc")
	}
	if s.number != "" || len(s.tokens) > 1 {
		return
	}
	code := d.child(e, "title")
	if len(s.tokens) == 1 {
		code = s.tokens[0]
	}
	for _, kid := range e.kids {
		if code == "" && kid.name == "text" {
			code = d.words(kid)
		}
	}
	if c, kind := readCell(code); kind == cellSeat {
		s.number, s.tokens = c.number, nil
		if s.row == "" {
			s.row = c.row
		}
		if s.section == "" {
			s.section = c.section
		}
	}
}
