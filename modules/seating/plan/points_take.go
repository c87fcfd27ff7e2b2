package plan

import (
	"math"
	"strconv"
	"strings"
)

// take adds what a record describes.
func (p *points) take(r *record) {
	if p.rep.err != nil {
		return
	}
	if kind := strings.ToLower(clean(r.get("type"), maxShort)); kind != "" {
		r.kind = kind
	}
	switch r.kind {
	case "seat", "place", "chair", "point":
		p.seat(r)
	case "section", "area", "zone", "block", "polygon":
		p.section(r)
	case "stage", "rect", "rectangle", "screen", "text", "label", "circle", "ellipse":
		p.shape(r)
	default:
		if r.get(colNumber) != "" && r.get(colX) != "" {
			p.seat(r)
			break
		}
		p.rep.add("unknown-object", "object "+strconv.Itoa(p.records), "%q is no seat and nothing we draw; left out", clean(r.kind, maxShort))
	}
}

func (p *points) seat(r *record) {
	s := newSingle(r.get)
	s.put(r.get(colX), r.get(colY))
	if s.placed || s.id != "" || s.number != "" || s.row != "" || r.get("type") != "" {
		p.list.named++
	}
	p.list.status(r.get(colStatus), &s)
	p.list.add(s, r.get(colColor))
}

// section is the outline of a part of the room. Its name is drawn where it has no seats of its own to say it.
func (p *points) section(r *record) {
	name := r.get("name")
	if name == "" {
		name = r.get(colSection)
	}
	if len(r.points) == 0 {
		p.shape(r)
		return
	}
	if yes(r.get("hidden")) {
		p.rep.add("hidden", clean(name, maxName), "an outline marked hidden; left out")
		return
	}
	box := newBounds()
	for _, at := range r.points {
		box.add(at)
	}
	p.list.area(clean(name, maxName), draftArea{shape: "polygon", points: r.points, color: paint(r.get(colColor)),
		text: Text{Text: name, X: (box.min.X + box.max.X) / 2, Y: (box.min.Y + box.max.Y) / 2}})
}

// shape is something drawn: a stage and a text lie round their point, a rectangle to the right of and below it.
func (p *points) shape(r *record) {
	length := func(col string) float64 { return p.measure(r.get(col), col) }
	x, y, angle := length(colX), length(colY), length("angle")
	width, height, radius := length("width"), length("height"), length("radius")
	if p.rep.err != nil || yes(r.get("hidden")) {
		return
	}
	text := r.get("text")
	if text == "" {
		text = r.get("name")
	}
	a := draftArea{at: Point{x, y}, rotation: math.Mod(angle, 360), width: math.Abs(width), height: math.Abs(height), color: paint(r.get(colColor))}
	switch r.kind {
	case "text", "label":
		a.shape, a.color = "text", ""
	case "circle", "ellipse":
		if a.shape = r.kind; radius != 0 {
			a.width, a.height = 2*math.Abs(radius), 2*math.Abs(radius)
		}
	case "stage", "screen":
		if text == "" {
			text = strings.ToUpper(r.kind[:1]) + r.kind[1:]
		}
		// Turned about its middle, as drawn, not about the corner that a rectangle hangs on.
		corner := turn(Point{x - a.width/2, y - a.height/2}, a.at, a.rotation)
		a.shape, a.at, a.text.X, a.text.Y = "rectangle", corner, a.width/2, a.height/2
	default:
		a.shape, a.text.X, a.text.Y = "rectangle", a.width/2, a.height/2
	}
	a.text.Text = text
	p.list.area("", a)
}
