package plan

import (
	"encoding/json"
	"math"
)

// area reads one area. Files of 2019 have no shape, keep width and height beside it, and write text as a bare string.
func (p *pretix) area(z *draftZone) {
	const path = "zones.areas"
	var a draftArea
	var more extras
	p.object(path, func(key string) bool {
		switch key {
		case "shape":
			a.shape = p.text(path + ".shape")
		case "position":
			a.at = p.point(path + ".position")
		case "rotation":
			a.rotation = math.Mod(p.number(path+".rotation"), 360)
		case "color":
			a.color = p.text(path + ".color")
		case "border_color":
			a.borderColor = p.text(path + ".border_color")
		case "width":
			a.width = math.Abs(p.number(path + ".width"))
		case "height":
			a.height = math.Abs(p.number(path + ".height"))
		case "rectangle", "ellipse", "circle", "polygon":
			p.form(path+"."+key, key, &a)
		case "text":
			p.areaText(path+".text", &a.text)
		case "uuid":
			more = readExtras(p.text(path + ".uuid"))
		default:
			return false
		}
		return true
	})
	a.width, a.height, a.text.Size = more.exact("width", a.width), more.exact("height", a.height), more.exact("size", a.text.Size)
	if a.shape == "circle" {
		a.width = 2 * more.exact("radius", a.width/2)
		a.height = a.width
	}
	if p.room(&p.areas, MaxAreas, "areas") {
		z.areas = append(z.areas, a)
	}
}

// form reads what one shape is made of. The four never share a key, so one reader serves them all.
func (p *pretix) form(path, shape string, a *draftArea) {
	p.object(path, func(key string) bool {
		switch {
		case key == "width":
			a.width = math.Abs(p.number(path + ".width"))
		case key == "height":
			a.height = math.Abs(p.number(path + ".height"))
		case key == "radius" && shape == "circle":
			a.width = 2 * math.Abs(p.number(path+".radius"))
			a.height = a.width
		case key == "radius" && shape == "ellipse":
			radius := p.point(path + ".radius")
			a.width, a.height = 2*math.Abs(radius.X), 2*math.Abs(radius.Y)
		case key == "points":
			p.array(path+".points", func() {
				at := p.point(path + ".points")
				if p.room(&p.points, MaxPoints, "points") {
					a.points = append(a.points, at)
				}
			})
		default:
			return false
		}
		return true
	})
	if a.shape == "" {
		a.shape = shape
	}
}

func (p *pretix) areaText(path string, t *Text) {
	first := p.token()
	if s, ok := first.(string); ok {
		t.Text = s
	}
	if first != json.Delim('{') {
		if first == json.Delim('[') {
			p.rest()
		}
		return
	}
	p.fields(path, func(key string) bool {
		switch key {
		case "text":
			t.Text = p.text(path + ".text")
		case "color":
			t.Color = p.text(path + ".color")
		case "size":
			t.Size = math.Abs(p.number(path + ".size"))
		case "position":
			at := p.point(path + ".position")
			t.X, t.Y = at.X, at.Y
		default:
			return false
		}
		return true
	})
}
