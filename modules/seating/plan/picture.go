package plan

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

const (
	// pictureWidth is how many units wide a picture is drawn; whole units are near enough for a glance.
	pictureWidth = 2000.0
	// mostNames is how many rows and zones are named: with more a picture would be letters and no seats.
	mostNames = 3000
)

// Picture draws the plan small, as SVG: one path a category, a dot a seat, square where it is accessible, with a bar to
// its companions and a hole where a note says something of the view; tables under their seats, rows and zones by name.
// Some 8 bytes a seat, so that the greatest plan is still a file one can send.
func Picture(p *Plan) []byte {
	c := &picture{plan: p, scale: pictureWidth / math.Max(1, math.Max(p.Width, p.Height))}
	c.size = math.Max(2, math.Round(0.75*p.Pitch()*c.scale))
	fmt.Fprintf(&c.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" font-family="system-ui,sans-serif">`, c.at(p.Width), c.at(p.Height))
	for z := range p.Zones {
		for a := range p.Zones[z].Areas {
			c.area(&p.Zones[z].Areas[a])
		}
	}
	c.tables()
	c.companions()
	c.seats()
	c.names()
	c.out.WriteString("</svg>")
	return c.out.Bytes()
}

type picture struct {
	plan  *Plan
	scale float64
	size  float64 // of a seat, in units
	out   bytes.Buffer
}

func (c *picture) at(v float64) string {
	return strconv.FormatFloat(math.Round(v*c.scale), 'f', -1, 64)
}

// seats draws a dot a seat; the stroke of a line of no length is round or square by its ends.
func (c *picture) seats() {
	type kind struct {
		category   int
		accessible bool
	}
	paths := map[kind]*bytes.Buffer{}
	var noted bytes.Buffer
	for _, s := range c.plan.Seats() {
		k := kind{s.Category, s.Accessible}
		if paths[k] == nil {
			paths[k] = new(bytes.Buffer)
		}
		fmt.Fprintf(paths[k], "M%s %sh0", c.at(s.X), c.at(s.Y))
		if s.Note != "" {
			fmt.Fprintf(&noted, "M%s %sh.1", c.at(s.X), c.at(s.Y))
		}
	}
	for i, category := range c.plan.Categories {
		for _, accessible := range []bool{false, true} {
			if d := paths[kind{i, accessible}]; d != nil {
				end := "round"
				if accessible {
					end = "square"
				}
				fmt.Fprintf(&c.out, `<path d="%s" stroke="%s" stroke-width="%g" stroke-linecap="%s"/>`, d.Bytes(), escape(category.Color), c.size, end)
			}
		}
	}
	if noted.Len() > 0 {
		fmt.Fprintf(&c.out, `<path d="%s" stroke="#fff" stroke-width="%g" stroke-linecap="round"/>`, noted.Bytes(), math.Max(1, c.size/3))
	}
}

// companions draws a bar from each companion seat to the seat it belongs to.
func (c *picture) companions() {
	var d bytes.Buffer
	for _, s := range c.plan.Seats() {
		if of := c.plan.Seat(s.CompanionOf); of != nil {
			fmt.Fprintf(&d, "M%s %sL%s %s", c.at(s.X), c.at(s.Y), c.at(of.X), c.at(of.Y))
		}
	}
	if d.Len() > 0 {
		fmt.Fprintf(&c.out, `<path d="%s" stroke="#757a88" stroke-width="%g" fill="none"/>`, d.Bytes(), math.Max(1, c.size/3))
	}
}

// tables draws what the seats of a table stand round.
func (c *picture) tables() {
	for _, z := range c.plan.Zones {
		for _, r := range z.Rows {
			if !r.Table || len(r.Seats) == 0 {
				continue
			}
			box := newBounds()
			for i := range r.Seats {
				box.add(Point{r.Seats[i].X, r.Seats[i].Y})
			}
			middle := box.middle()
			fmt.Fprintf(&c.out, `<ellipse cx="%s" cy="%s" rx="%s" ry="%s" fill="#8a8d98" fill-opacity=".35"/>`,
				c.at(middle.X), c.at(middle.Y), c.at(max(box.width()/2, c.plan.Pitch()/3)), c.at(max(box.height()/2, c.plan.Pitch()/3)))
		}
	}
}

// names writes rows before their first seats, tables in their middle and, where there are several, zones above theirs.
func (c *picture) names() {
	rows, pitch := 0, c.plan.Pitch()
	for _, z := range c.plan.Zones {
		rows += len(z.Rows)
	}
	if rows > mostNames || pitch*c.scale < 8 {
		return
	}
	var written []bounds // of the names of zones
	for _, z := range c.plan.Zones {
		all := newBounds()
		for _, r := range z.Rows {
			if len(r.Seats) == 0 {
				continue
			}
			first, box := r.Seats[0], newBounds()
			for i := range r.Seats {
				box.add(Point{r.Seats[i].X, r.Seats[i].Y})
			}
			all = all.with(box)
			switch {
			case r.Table:
				c.text(r.Label, box.middle(), 0.45*pitch, "#757a88")
			case r.Label != "" && utf8.RuneCountInString(r.Label) <= 4:
				before := Point{-1, 0}
				if len(r.Seats) > 1 {
					if d := distance(&first, &r.Seats[1]); d > 0 {
						before = Point{(first.X - r.Seats[1].X) / d, (first.Y - r.Seats[1].Y) / d}
					}
				}
				c.text(r.Label, Point{first.X + before.X*0.85*pitch, first.Y + before.Y*0.85*pitch}, 0.5*pitch, "#757a88")
			}
		}
		if len(c.plan.Zones) > 1 && z.Name != "" && len(z.Rows) > 0 {
			name := beside(written, boxOfName(z.Name, Point{all.middle().X, all.min.Y - 1.1*pitch}, 0.9*pitch))
			written = append(written, name)
			c.text(z.Name, name.middle(), 0.9*pitch, "#5b606d")
		}
	}
}

// boxOfName is about what a name covers.
func boxOfName(name string, at Point, size float64) bounds {
	half := letterWidth * size * float64(utf8.RuneCountInString(name)) / 2
	return bounds{min: Point{at.X - half, at.Y - size/2}, max: Point{at.X + half, at.Y + size/2}}
}

// beside moves a name to the right of those it would be written upon, for floors lie over one another. The long names of
// blocks side by side stay above them.
func beside(written []bounds, name bounds) bounds {
	for _, other := range written { // those of one line come from the left
		upon := math.Abs(name.middle().X-other.middle().X) < max(name.width(), other.width())/2 &&
			math.Abs(name.middle().Y-other.middle().Y) < name.height()
		if upon {
			by := other.max.X + name.height() - name.min.X
			name.min.X, name.max.X = name.min.X+by, name.max.X+by
		}
	}
	return name
}

func (c *picture) text(s string, at Point, size float64, paint string) {
	fmt.Fprintf(&c.out, `<text x="%s" y="%s" font-size="%s" text-anchor="middle" dominant-baseline="central" fill="%s">%s</text>`,
		c.at(at.X), c.at(at.Y), c.at(size), paint, escape(s))
}

// area draws stages and walls in a grey that stands on light and on dark.
func (c *picture) area(a *Area) {
	const grey = `fill="#8a8d98" fill-opacity=".15" stroke="#8a8d98" stroke-width="3"`
	turned := ""
	if a.Rotation != 0 {
		turned = fmt.Sprintf(` transform="rotate(%g %s %s)"`, a.Rotation, c.at(a.X), c.at(a.Y))
	}
	switch a.Shape {
	case "polygon":
		c.out.WriteString(`<polygon points="`)
		for _, p := range a.Points {
			c.out.WriteString(c.at(p.X) + "," + c.at(p.Y) + " ")
		}
		c.out.WriteString(`" ` + grey + "/>")
	case "rectangle":
		fmt.Fprintf(&c.out, `<rect x="%s" y="%s" width="%s" height="%s"%s %s/>`, c.at(a.X), c.at(a.Y), c.at(math.Abs(a.Width)), c.at(math.Abs(a.Height)), turned, grey)
	case "ellipse", "circle":
		fmt.Fprintf(&c.out, `<ellipse cx="%s" cy="%s" rx="%s" ry="%s"%s %s/>`, c.at(a.X), c.at(a.Y), c.at(math.Abs(a.Width)/2), c.at(math.Abs(a.Height)/2), turned, grey)
	}
	if a.Text != nil && a.Text.Text != "" {
		size := a.Text.Size
		if size <= 0 {
			size = 16
		}
		c.text(a.Text.Text, Point{a.Text.X, a.Text.Y}, size, "#757a88")
	}
}

// escape makes text of a plan file safe inside elements and attributes.
func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a Buffer takes everything
	return out.String()
}
