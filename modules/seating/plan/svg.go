package plan

import (
	"math"
	"strings"
)

// readSVG reads a drawing in which every seat is an element with an id such as seat-STALLS-A-12, with class "seat", or
// with data attributes (data-row, data-seat, …). Groups may name the section or row of what is in them. All else that has
// a shape is drawn beside the seats, texts are their names. See svg_id.go for what ids mean.
func readSVG(src *source, rep *reporter) (*draft, error) {
	f := readElements(src, rep)
	if rep.err != nil {
		return nil, rep.err
	}
	d := newDrawing(f, rep)
	d.doc.name = clean(f.child(f.root, "title"), maxName)
	if box, _ := numbers(f.root.get("viewBox"), 4); len(box) == 4 {
		d.view = bounds{min: Point{box[0], box[1]}, max: Point{box[0] + box[2], box[1] + box[3]}}
	}
	d.walk(f.root, around{matrix: unity, size: 16}, 0)
	if rep.err == nil {
		d.finish()
	}
	return d.draft()
}

// around is what an element has from those it stands in.
type around struct {
	matrix       matrix
	fill, stroke string
	size         float64 // of letters
	anchor       string
	section, row string
	table        bool
	hidden       bool
}

type drawing struct {
	*svgFile
	*loose
	view     bounds
	drawn    int
	dots     []dot
	texts    []lettering
	shapes   []outlined
	left     *tally[string] // what is not drawn, by element
	unread   *tally[string] // what has something else where numbers belong
	hidden   int            // seats that are
	unseen   *tally[string] // those, by section
	sections map[string]bool
}

func newDrawing(f *svgFile, rep *reporter) *drawing {
	return &drawing{svgFile: f, loose: newLoose(rep), left: newTally[string](), unread: newTally[string](), unseen: newTally[string](), sections: map[string]bool{}}
}

// pay spends work on the drawing; false when it is refused, for that or for another reason.
func (d *drawing) pay(work int) bool {
	if !d.spend(work) {
		tooMuch(d.rep)
	}
	return d.rep.err == nil
}

// visit pays for looking at an element once more.
func (d *drawing) visit(e *element) bool {
	if d.drawn++; d.drawn > maxVisits {
		tooMuch(d.rep)
	}
	return d.pay(1 + 4*len(e.attrs)) // an attribute is found by looking through all
}

// walk draws an element and what is in it; depth counts how far references have led.
func (d *drawing) walk(e *element, in around, depth int) {
	if !d.visit(e) {
		return
	}
	if !in.hidden && (e.get("display") == "none" || e.get("visibility") == "hidden" || e.get("opacity") == "0") {
		d.hide(e, in, depth)
		return
	}
	if e != d.root {
		in.matrix = in.matrix.then(d.transform(e))
	}
	in.look(e)
	switch e.name {
	case "svg", "g", "a", "switch":
		if e.name == "svg" && e != d.root {
			in.matrix = in.matrix.then(shift(e.length("x"), e.length("y")))
		}
		if e != d.root && d.isSeat(e) && e.parts(mostParts) < mostParts && !d.holdsSeats(e) {
			d.seat(e, in, depth)
			return
		}
		in.within(e)
		for _, kid := range e.kids {
			d.walk(kid, in, depth)
		}
	case "use":
		d.use(e, in, depth)
	case "rect", "circle", "ellipse", "polygon", "polyline", "path":
		if d.isSeat(e) {
			d.seat(e, in, depth)
		} else {
			d.shape(e, in)
		}
	case "text":
		d.text(e, in)
	case "image", "foreignObject", "line":
		if in.hidden {
			return
		}
		d.left.add(e.name, func() string { return clean(e.get("id"), maxShort) })
	}
}

// hide counts what is not to be seen: the seats in it, or else the element itself.
func (d *drawing) hide(e *element, in around, depth int) {
	in.hidden = true
	before := d.hidden
	if d.walk(e, in, depth); d.hidden == before {
		d.left.add("hidden", func() string { return clean(e.get("id"), maxShort) })
	}
}

// look takes over how an element wants things in it to look.
func (in *around) look(e *element) {
	if v := e.get("fill"); v != "" {
		in.fill = cut(v, maxName) // longer is no colour, and many may share it
	}
	if v := e.get("stroke"); v != "" {
		in.stroke = cut(v, maxName)
	}
	if v := e.get("text-anchor"); v != "" {
		in.anchor = v
	}
	if v := e.length("font-size"); v > 0 {
		in.size = v
	}
}

// within takes over the section or row a group stands for.
func (in *around) within(e *element) {
	get := e.data
	if v := get(colSection); v != "" {
		in.section = v
	}
	if v := get(colRow); v != "" {
		in.row, in.table = v, false
	}
	if v := get(colTable); v != "" {
		in.row, in.table = v, true
	}
	kind, name := idParts(e.get("id"))
	name = strings.Join(tokens(name), " ")
	switch {
	case name == "":
	case kind == "section":
		in.section = name
	case kind == "row":
		in.row, in.table = name, false
	case kind == "table":
		in.row, in.table = name, true
	}
}

// target is what a use refers to, within this file.
func (d *drawing) target(e *element) *element {
	id, ok := strings.CutPrefix(e.get("href"), "#")
	if !ok {
		return nil
	}
	return d.byID[id]
}

const maxReferences = 8 // one inside another

func (d *drawing) use(e *element, in around, depth int) {
	if d.isSeat(e) {
		d.seat(e, in, depth)
		return
	}
	of := d.target(e)
	if in.hidden && (of == nil || depth >= maxReferences) {
		return
	}
	if of == nil || depth >= maxReferences {
		d.left.add("use", func() string { return clean(e.get("id"), maxShort) })
		return
	}
	in.matrix = in.matrix.then(shift(e.length("x"), e.length("y")))
	if of.name == "symbol" {
		in.matrix = in.matrix.then(d.transform(of))
		for _, kid := range of.kids {
			d.walk(kid, in, depth+1)
		}
		return
	}
	d.walk(of, in, depth+1)
}

// corners are what an element covers, under a matrix: its own shape, or all that is in it.
func (d *drawing) corners(e *element, m matrix, depth int) bounds {
	box := newBounds()
	if depth > maxDepth {
		tooMuch(d.rep)
	}
	if !d.visit(e) {
		return box
	}
	add := func(kid *element, m matrix) {
		inner := d.corners(kid, m.then(d.transform(kid)), depth+1)
		box = box.with(inner)
	}
	switch e.name {
	case "g", "a", "svg", "symbol", "switch":
		for _, kid := range e.kids {
			add(kid, m)
		}
	case "use":
		if of := d.target(e); of != nil && depth < maxDepth-maxReferences {
			add(of, m.then(shift(e.length("x"), e.length("y"))))
		} else {
			box.add(m.of(Point{e.length("x"), e.length("y")}))
		}
	default:
		for _, part := range d.outline(e) {
			for _, p := range part {
				box.add(m.of(p))
			}
		}
	}
	return box
}

func (b bounds) with(o bounds) bounds {
	return bounds{
		min: Point{math.Min(b.min.X, o.min.X), math.Min(b.min.Y, o.min.Y)},
		max: Point{math.Max(b.max.X, o.max.X), math.Max(b.max.Y, o.max.Y)},
	}
}

func (b bounds) middle() Point { return Point{(b.min.X + b.max.X) / 2, (b.min.Y + b.max.Y) / 2} }

func (b bounds) width() float64  { return b.max.X - b.min.X }
func (b bounds) height() float64 { return b.max.Y - b.min.Y }

// finite tells that there is something in it, within what can be drawn; false for NaN too.
func (b bounds) finite() bool {
	return b.min.X >= -maxCoordinate && b.min.Y >= -maxCoordinate && b.max.X <= maxCoordinate && b.max.Y <= maxCoordinate &&
		b.min.X <= b.max.X
}
