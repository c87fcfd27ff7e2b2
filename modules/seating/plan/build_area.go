package plan

import (
	"math"
	"strconv"
)

// areaBuilder numbers areas over the whole plan and keeps their ids apart.
type areaBuilder struct {
	rep   *reporter
	ids   *names
	count int
}

func newAreaBuilder(rep *reporter) *areaBuilder { return &areaBuilder{rep: rep, ids: newNames()} }

func (b *areaBuilder) build(d *draftArea, zone Point) Area {
	b.count++
	a := Area{
		Name: clean(d.text.Text, maxName), Shape: d.shape, Rotation: math.Mod(d.rotation, 360) + 0,
		X: zone.X + d.at.X, Y: zone.Y + d.at.Y,
	}
	at := Point{a.X, a.Y}
	switch d.shape {
	case "polygon":
		for _, p := range d.points {
			a.Points = append(a.Points, turn(Point{at.X + p.X, at.Y + p.Y}, at, d.rotation))
		}
		a.Rotation = 0
	case "rectangle", "ellipse", "circle":
		a.Width, a.Height = d.width, d.height
		if d.shape == "circle" && d.width != d.height {
			a.Shape = "ellipse"
		}
	case "text":
	default:
		b.rep.add("unknown-shape", "area "+strconv.Itoa(b.count), "%q is not drawn", clean(d.shape, maxShort))
		a.Shape = "text"
	}
	a.Color = b.color(d.color)
	a.BorderColor = b.color(d.borderColor)
	if a.Name != "" {
		spot := turn(Point{at.X + d.text.X, at.Y + d.text.Y}, at, d.rotation)
		a.Text = &Text{Text: a.Name, X: spot.X, Y: spot.Y, Size: d.text.Size, Color: b.color(d.text.Color)}
	} else {
		a.Name = "Area " + strconv.Itoa(b.count)
	}
	id := slug(a.Name)
	if id == "" {
		id = "a" + strconv.Itoa(b.count)
	}
	a.ID = b.ids.take(id, afterDash)
	return a
}

func (b *areaBuilder) color(s string) string {
	c, ok := color(s)
	if !ok {
		if s != "" {
			b.rep.add("bad-color", "area "+strconv.Itoa(b.count), "not a colour; left out")
		}
		return ""
	}
	return c
}
