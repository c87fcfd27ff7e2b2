package plan

import (
	"math"
	"strings"
)

// outlined is a shape beside the seats, until its name is found.
type outlined struct {
	area draftArea
	key  string // what its id shares with that of its label
	box  bounds

	telling bool // its id says that it is a section
}

const (
	roundCorners = 32 // of a circle that has to be drawn as a polygon
	mostParts    = 50 // of one path, or of one seat
)

// outline gives the corners of a shape's parts, before any transform.
func (d *drawing) outline(e *element) [][]Point {
	if !d.pay(3 * (len(e.get("points")) + len(e.get("d")))) { // a corner takes longer to work out than to read
		return nil
	}
	x, y := e.length("x"), e.length("y")
	switch e.name {
	case "rect", "image", "foreignObject":
		w, h := e.length("width"), e.length("height")
		return [][]Point{{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}}
	case "circle", "ellipse":
		rx, ry := e.radii()
		cx, cy := e.length("cx"), e.length("cy")
		part := make([]Point, roundCorners)
		for i := range part {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / roundCorners)
			part[i] = Point{cx + rx*cos, cy + ry*sin}
		}
		return [][]Point{part}
	case "polygon", "polyline":
		flat, other := numbers(e.get("points"), 2*MaxPoints+2)
		if other != "" {
			d.noNumbers(e, "points", other)
		}
		part := make([]Point, 0, len(flat)/2)
		for i := 1; i < len(flat); i += 2 {
			part = append(part, Point{flat[i-1], flat[i]})
		}
		return [][]Point{part}
	case "path":
		parts, ok := subpaths(e.get("d"))
		if !ok {
			d.rep.fail("too-many-points", "", "a plan has at most %d points", MaxPoints)
		}
		return parts
	}
	return nil
}

func (e *element) radii() (rx, ry float64) {
	if e.name == "circle" {
		return e.length("r"), e.length("r")
	}
	return e.length("rx"), e.length("ry")
}

// shape keeps something drawn beside the seats.
func (d *drawing) shape(e *element, in around) {
	if in.hidden || in.fill == "none" && (in.stroke == "" || in.stroke == "none") {
		return
	}
	parts := d.outline(e)
	if len(parts) > 1 {
		largestFirst(parts)
	}
	for i, part := range parts[:min(len(parts), mostParts)] {
		box := newBounds()
		for j := range part {
			part[j] = in.matrix.of(part[j])
			box.add(part[j])
		}
		if len(part) < 3 || !box.finite() {
			continue
		}
		if d.isBackground(e, box) {
			d.left.add("background", func() string { return clean(e.get("id"), maxShort) })
			return
		}
		o := outlined{box: box, area: draftArea{shape: "polygon", points: part, color: paint(in.fill), borderColor: paint(in.stroke)}}
		switch {
		case e.name == "rect" && in.matrix.straight():
			o.area = draftArea{shape: "rectangle", at: box.min, width: box.width(), height: box.height(), color: o.area.color, borderColor: o.area.borderColor}
		case (e.name == "circle" || e.name == "ellipse") && in.matrix.straight():
			o.area = draftArea{shape: "ellipse", at: box.middle(), width: box.width(), height: box.height(), color: o.area.color, borderColor: o.area.borderColor}
		}
		if i == 0 {
			o.key = labelKey(e.get("id"), "-bg", "-shape", "-outline", "-path")
			kind, _ := idParts(e.get("id"))
			o.telling = kind == "section"
		}
		if len(d.shapes) >= MaxAreas {
			d.rep.fail("too-many-areas", "", "a plan has at most %d areas", MaxAreas)
			return
		}
		d.shapes = append(d.shapes, o)
	}
}

func largestFirst(parts [][]Point) {
	best, size := 0, 0.0
	for i, part := range parts {
		box := newBounds()
		for _, p := range part {
			box.add(p)
		}
		if s := box.width() * box.height(); s > size {
			best, size = i, s
		}
	}
	parts[0], parts[best] = parts[best], parts[0]
}

// isBackground tells a sheet of paper from a wall.
func (d *drawing) isBackground(e *element, box bounds) bool {
	return e.name == "rect" && d.view.width() > 0 && box.width() >= 0.95*d.view.width() && box.height() >= 0.95*d.view.height()
}

// labelKey is what the id of a shape and that of its label have in common: "STALLS" of section-STALLS-bg.
func labelKey(id string, suffixes ...string) string {
	id = unescapeID(cut(id, maxLookup))
	if kind, rest := idParts(id); kind == "section" {
		id = rest
	}
	for _, suffix := range suffixes {
		if name, ok := strings.CutSuffix(id, suffix); ok {
			return name
		}
	}
	return id
}
