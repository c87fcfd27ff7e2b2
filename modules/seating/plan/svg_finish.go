package plan

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// finish names what has been found: seats by their ids and the texts upon them, shapes by theirs.
func (d *drawing) finish() {
	d.unseen.repeated(1, func(section, first string, count int) {
		d.rep.add("hidden", section, "%s hidden in the drawing, from %q on; left out, so show them there if they are for sale", seats(count), first)
	})
	d.nameByID()
	texts := d.textsOfSeats()
	if d.rep.err != nil {
		return
	}
	d.categoriesByClass()
	for i := range d.dots {
		if !d.add(d.dots[i].single, paint(d.dots[i].fill)) {
			return
		}
		d.sections[d.dots[i].section] = true
	}
	for _, t := range texts {
		if i := d.shapeOf(t); i >= 0 {
			a := &d.shapes[i].area
			from := a.at
			a.text = Text{Text: t.words, X: t.at.X - from.X, Y: t.at.Y - from.Y, Size: t.size, Color: t.paint}
		} else if !d.area("", draftArea{shape: "text", at: t.at, rotation: t.angle, text: Text{Text: t.words, Size: t.size, Color: t.paint}}) {
			return
		}
	}
	for i := range d.shapes {
		if !d.area(d.shapes[i].section(d.sections), d.shapes[i].area) {
			return
		}
	}
	d.unread.repeated(1, func(said, where string, _ int) {
		d.rep.add("no-numbers", where, "%s is not all numbers; look what is drawn there", said)
	})
	d.left.repeated(1, func(name, where string, count int) {
		d.rep.add("not-drawn", where, "%d × %s, left out", count, name)
	})
}

// section is that of a shape's seats, when its id names one. An outline without any words has its name
// from there too, if it is one: editors call shapes rect4711.
func (o *outlined) section(known map[string]bool) string {
	name := clean(o.key, maxName)
	if o.area.text.Text == "" && name != "" && !known[name] && (o.telling || namesStage(name)) {
		middle := o.box.middle()
		o.area.text = Text{Text: name, X: middle.X - o.area.at.X, Y: middle.Y - o.area.at.Y}
	}
	if known[name] {
		return name
	}
	return ""
}

// shapeOf finds the shape a text names: by id, else the smallest it lies in; -1 for none.
func (d *drawing) shapeOf(t lettering) int {
	best, size := -1, math.Inf(1)
	for i := range d.shapes {
		o := &d.shapes[i]
		if o.area.text.Text != "" {
			continue
		}
		if t.key != "" && t.key == o.key {
			return i
		}
		inside := t.at.X >= o.box.min.X && t.at.X <= o.box.max.X && t.at.Y >= o.box.min.Y && t.at.Y <= o.box.max.Y
		if s := o.box.width() * o.box.height(); inside && s < size && t.key == "" {
			best, size = i, s
		}
	}
	return best
}

// textsOfSeats gives the texts that are no seat's number and no row's name: the map writes those itself. A seat without
// a number has the one written upon it.
func (d *drawing) textsOfSeats() []lettering {
	var widths []float64
	for i := range d.dots {
		if d.dots[i].placed {
			widths = append(widths, max(d.dots[i].box.width(), d.dots[i].box.height()))
		}
	}
	if len(widths) == 0 {
		return d.texts
	}
	slices.Sort(widths)
	const crowd = 50 // more seats than that in one tile lie upon one another
	cell := max(3*widths[len(widths)/2], 1e-6)
	type tile [2]int
	on := func(p Point) tile { return tile{int(math.Floor(p.X / cell)), int(math.Floor(p.Y / cell))} }
	near := map[tile][]*dot{}
	for i := range d.dots {
		if s := &d.dots[i]; s.placed && len(near[on(s.at)]) < crowd {
			near[on(s.at)] = append(near[on(s.at)], s)
		}
	}
	rowNames := 0
	var rest []lettering
	for _, t := range d.texts {
		at, upon, names := on(t.at), (*dot)(nil), false
		row := strings.TrimPrefix(strings.ToLower(t.words), "row ")
		for x := -1; x <= 1; x++ {
			for y := -1; y <= 1; y++ {
				there := near[tile{at[0] + x, at[1] + y}]
				if !d.pay(len(there)) {
					return nil
				}
				for _, s := range there {
					if s.box.min.X <= t.at.X && t.at.X <= s.box.max.X && s.box.min.Y <= t.at.Y && t.at.Y <= s.box.max.Y {
						upon = s
					}
					names = names || s.row != "" && strings.EqualFold(row, s.row)
				}
			}
		}
		switch {
		case upon != nil && utf8.RuneCountInString(t.words) <= 6:
			if upon.number == "" {
				upon.number = cut(t.words, maxShort)
			}
		case names:
			rowNames++
		default:
			rest = append(rest, t)
		}
	}
	if rowNames > 0 {
		d.rep.add("row-names", "", "%s; left out, for the map names rows itself", counted(rowNames, "name of a row", "names of rows"))
	}
	return rest
}

// categoriesByClass takes a seat's class for its category, where classes differ; those that editors number mean nothing.
// Where nothing names a category, and the seats of one section differ in colour, the colour does.
func (d *drawing) categoriesByClass() {
	count := map[string]int{}
	for i := range d.dots {
		for _, class := range d.dots[i].classes {
			count[class]++
		}
	}
	named := false
	for i := range d.dots {
		s := &d.dots[i]
		for _, class := range s.classes {
			styled := strings.Trim(class, "0123456789")
			if strings.TrimSpace(s.category) == "" && count[class] < len(d.dots) && styled != "st" && styled != "cls-" && styled != "companion" {
				s.category = class
			}
		}
		named = named || strings.TrimSpace(s.category) != ""
	}
	if !named {
		d.categoriesByColour()
	}
}

// mostColours is how many colours are taken for prices; more are a painting.
const mostColours = 20

func (d *drawing) categoriesByColour() {
	colours, order := map[string]bool{}, map[string][]string{} // order: by section
	differ := false
	for i := range d.dots {
		s := &d.dots[i]
		fill, ok := color(paint(s.fill))
		colours[fill] = true
		if !ok || len(colours) > mostColours {
			return // some have none
		}
		if !slices.Contains(order[s.section], fill) {
			order[s.section] = append(order[s.section], fill)
		}
		differ = differ || len(order[s.section]) > 1
	}
	if !differ {
		return
	}
	told := map[string]bool{}
	for i := range d.dots {
		s := &d.dots[i]
		fill := paint(s.fill)
		if of := order[s.section]; len(of) > 1 {
			name := s.section
			if name == "" {
				name = "Price"
			}
			s.category = name + " " + strconv.Itoa(1+slices.Index(of, fill))
		}
		if s.category != "" && !told[s.category] {
			told[s.category] = true
			d.rep.add("category-by-colour", "category "+s.category, "the seats drawn in %s; a class or data-category names them better", fill)
		}
	}
}
