package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What an id says of a seat, after "seat", "place" or "chair" and a stroke or underline:
//
//	seat-STALLS-A-12   section, row, number; the section may have strokes itself
//	seat-A-12          row, number
//	seat-A12           row, number
//	table-4-2, table-STALLS-4-2   the second seat at table 4
//
// Some editors count the other way round, seat-12-A-STALLS: where that puts the seats of a row side by side, and the usual
// way does not, it is read so.

// dot is a seat as it is drawn.
type dot struct {
	single
	tokens  []string
	classes []string
	fill    string
	box     bounds
}

// idParts splits "seat-A-12" into "seat" and "A-12"; kind is "" for an id that says nothing of the kind.
func idParts(id string) (kind, rest string) {
	id = unescapeID(id)
	i := strings.IndexAny(id, "-_ :")
	if i <= 0 {
		return "", ""
	}
	switch kind = strings.ToLower(id[:i]); kind {
	case "seat", "place", "chair":
		return "seat", id[i+1:]
	case "section", "block", "zone", "row", "table":
		if kind == "block" || kind == "zone" {
			kind = "section"
		}
		return kind, id[i+1:]
	}
	return "", ""
}

// tokens splits at the strokes, at underlines where there are none, at spaces where there are neither.
func tokens(rest string) []string {
	for _, sep := range []string{"-", "_", " "} {
		if strings.Contains(rest, sep) {
			return slices.DeleteFunc(strings.Split(rest, sep), func(s string) bool { return strings.TrimSpace(s) == "" })
		}
	}
	if rest == "" {
		return nil
	}
	return []string{rest}
}

// unescapeID undoes what one editor makes of characters that ids may not have: "_x20_" for a space.
func unescapeID(id string) string {
	var out strings.Builder
	for {
		i := strings.Index(id, "_x")
		if i < 0 {
			break
		}
		end := strings.IndexByte(id[i+2:], '_')
		code, err := int64(0), strconv.ErrSyntax
		if end > 0 && end <= 6 {
			code, err = strconv.ParseInt(id[i+2:i+2+end], 16, 32)
		}
		if err != nil {
			out.WriteString(id[:i+2])
			id = id[i+2:]
			continue
		}
		out.WriteString(id[:i])
		out.WriteRune(rune(code))
		id = id[i+3+end:]
	}
	out.WriteString(id)
	return out.String()
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

func (d *drawing) seat(e *element, in around, depth int) {
	if in.hidden {
		d.hidden++
		d.unseen.add(clean(in.section, maxName), func() string { return clean(e.get("id"), maxShort) })
		return
	}
	box := d.corners(e, in.matrix, depth)
	if d.rep.err != nil {
		return
	}
	s := dot{single: newSingle(e.data), fill: in.fill, box: box}
	s.at = box.middle()
	s.said = d.misplaced(e, depth)
	switch {
	case s.said != "":
	case (e.name == "circle" || e.name == "ellipse") && e.get("cx") == "" && e.get("cy") == "" && in.matrix == unity:
		s.said = "no cx and no cy" // nobody draws a seat round the corner of the sheet
	case box.finite():
		s.placed = true
	case math.IsInf(box.min.X, 1):
		s.said = fmt.Sprintf("a <%s> without a size", e.name)
	default:
		s.said = fmt.Sprintf("x %.4g, y %.4g", s.at.X, s.at.Y)
	}
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

// misplaced is the attribute that should say where a seat is and does not: "NaN", "50%". One that is not there is 0.
func (d *drawing) misplaced(e *element, depth int) string {
	if !d.visit(e) || depth > maxDepth {
		return ""
	}
	for _, name := range []string{"x", "y", "cx", "cy"} {
		if said := e.get(name); said != "" {
			if _, rest, ok := number(said[:min(len(said), maxName)]); !ok || strings.HasPrefix(rest, "%") {
				return fmt.Sprintf("%s %q", name, clean(said, maxShort))
			}
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
		if said := d.misplaced(kid, depth+1); said != "" {
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

// nameByID gives section, row and number to the seats whose ids have them, reading all ids one way or all the other.
func (d *drawing) nameByID() {
	var long []*dot
	for i := range d.dots {
		switch s := &d.dots[i]; {
		case len(s.tokens) >= 3:
			long = append(long, s)
		case len(s.tokens) == 2:
			s.row, s.number = clean(s.tokens[0], maxShort), clean(s.tokens[1], maxShort)
		}
	}
	usual := func(t []string) (section, row, number string) {
		return strings.Join(t[:len(t)-2], "-"), t[len(t)-2], t[len(t)-1]
	}
	turned := func(t []string) (section, row, number string) {
		return strings.Join(t[2:], "-"), t[1], t[0]
	}
	naming := usual
	if rowGap(long, turned) < 0.6*rowGap(long, usual) {
		naming = turned
		d.rep.add("id-order", long[0].id, "ids are read as number, row, section, since so the seats of a row stand together")
	}
	for _, s := range long {
		section, row, number := naming(s.tokens)
		if s.section == "" {
			s.section = clean(section, maxName)
		}
		if s.row == "" {
			s.row = clean(row, maxShort)
		}
		s.number = clean(number, maxShort)
	}
}

// rowGap is how far the next seat of a row is, in the middle of all rows, if ids mean what naming says.
func rowGap(dots []*dot, naming func([]string) (section, row, number string)) float64 {
	type numbered struct {
		n  int
		at Point
	}
	rows := map[[2]string][]numbered{}
	for _, s := range dots {
		section, row, number := naming(s.tokens)
		if n, err := strconv.Atoi(number); err == nil && s.placed {
			rows[[2]string{section, row}] = append(rows[[2]string{section, row}], numbered{n, s.at})
		}
	}
	var gaps []float64
	for _, row := range rows {
		slices.SortFunc(row, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
		for i := 1; i < len(row); i++ {
			gaps = append(gaps, math.Hypot(row[i].at.X-row[i-1].at.X, row[i].at.Y-row[i-1].at.Y))
		}
	}
	if len(gaps) == 0 {
		return math.Inf(1)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}
