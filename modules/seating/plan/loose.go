package plan

import (
	"slices"
	"strings"
)

// loose gathers what a file lists without rows: seats, and what is drawn beside them.
type loose struct {
	rep    *reporter
	doc    draft
	seats  []single
	named  int                    // seats of a list or grid that say which they are
	areas  map[string][]draftArea // by the section they belong to, "" for none
	order  []string               // sections of areas, as they came
	colors map[string]string      // by category
	count  int                    // of areas
	points int

	void  *tally[string] // places that are no seats, by what they are called
	taken *tally[string] // seats that are sold, by the word for it
	spans *tally[string] // seats whose number is that of several
}

func newLoose(rep *reporter) *loose {
	return &loose{rep: rep, areas: map[string][]draftArea{}, colors: map[string]string{}, void: newTally[string](), taken: newTally[string](), spans: newTally[string]()}
}

// add takes a seat; false when there are too many. A seat without a category is sold with its section, in the colour given.
func (l *loose) add(s single, color string) bool {
	if s.uuid == "" {
		s.uuid = s.name() // which becomes its key where it has no id
	}
	if len(l.seats) >= MaxSeats {
		l.rep.fail("too-many-seats", "", "a plan has at most %d seats", MaxSeats)
		return false
	}
	if strings.TrimSpace(s.category) == "" {
		s.category = s.section
	}
	if _, known := l.colors[s.category]; !known || l.colors[s.category] == "" {
		l.colors[s.category] = color
	}
	if s.spans() {
		l.spans.add("", func() string { return spot(s.section, s.row, s.number) })
	}
	l.seats = append(l.seats, s)
	return true
}

// area takes something drawn in or beside a section.
func (l *loose) area(section string, a draftArea) bool {
	if l.count++; l.count > MaxAreas {
		l.rep.fail("too-many-areas", "", "a plan has at most %d areas", MaxAreas)
		return false
	}
	if a.shape == "polygon" && a.at == (Point{}) && len(a.points) > 0 {
		a.at = a.points[0] // an origin far off would make the plan larger than what is drawn
		for i, p := range a.points {
			a.points[i] = Point{p.X - a.at.X, p.Y - a.at.Y}
		}
		a.text.X, a.text.Y = a.text.X-a.at.X, a.text.Y-a.at.Y
	}
	if l.points += len(a.points); l.points > MaxPoints {
		l.rep.fail("too-many-points", "", "a plan has at most %d points", MaxPoints)
		return false
	}
	if _, known := l.areas[section]; !known {
		l.order = append(l.order, section)
	}
	l.areas[section] = append(l.areas[section], a)
	return true
}

// status takes note of what a file says of a seat's sale, which is no part of a plan.
func (l *loose) status(word string, s *single) {
	switch word = clean(word, maxShort); strings.ToLower(word) {
	case "", "vacant", "free", "available", "open":
	default:
		l.taken.add(word, func() string { return spot(s.section, s.row, s.number) })
	}
}

// draft is all of it as zones and rows.
func (l *loose) draft() (*draft, error) {
	if l.rep.err != nil {
		return nil, l.rep.err
	}
	l.noted()
	d := &l.doc
	if len(l.seats) == 0 {
		if !l.sellable() {
			return nil, l.noSeats()
		}
		d.advice = "give every seat of the drawing " + idOfSeat
	}
	for _, s := range l.seats {
		if paint, first := l.colors[s.category]; first {
			if strings.TrimSpace(s.category) != "" {
				d.categories = append(d.categories, draftCategory{name: s.category, color: paint})
			}
			delete(l.colors, s.category)
		}
	}
	d.zones = gather(l.seats)
	l.draw()
	return d, l.limits()
}

// noted reports what has been counted meanwhile.
func (l *loose) noted() {
	l.taken.repeated(1, func(word, where string, count int) {
		l.rep.add("status-ignored", where, "%s marked %q; a plan has no sales, so block them in the event", seats(count), word)
	})
	l.spans.repeated(1, func(_, where string, count int) {
		l.rep.add("seat-range", where, "%s with a number such as 1-20; each is one seat, so list them one by one if they are more", seats(count))
	})
	l.void.repeated(1, func(word, where string, count int) {
		l.rep.add("void-place", where, "%d marked %q; left free, as an aisle", count, word)
	})
}

// draw puts the areas into the zones of their sections, which may have no seats. What stands in no section is drawn with
// the first.
func (l *loose) draw() {
	zones, at := &l.doc.zones, map[string]int{}
	if len(*zones) > 0 {
		at[""] = 0
	}
	for i, z := range *zones {
		at[z.name] = i
	}
	for _, section := range l.order {
		i, known := at[section]
		if !known {
			i, at[section] = len(*zones), len(*zones)
			*zones = append(*zones, draftZone{name: section})
		}
		zone := &(*zones)[i]
		for _, a := range l.areas[section] {
			if a.text.Text == section && len(zone.rows) > 0 {
				a.text = Text{} // the zone says it already
			}
			zone.areas = append(zone.areas, a)
		}
	}
}

func (l *loose) limits() error {
	rows := 0
	for _, z := range l.doc.zones {
		rows += len(z.rows)
	}
	switch {
	case rows > MaxRows:
		return l.rep.unusable("too-many-rows", "", "a plan has at most %d rows", MaxRows)
	case len(l.doc.zones) > MaxZones:
		return l.rep.unusable("too-many-zones", "", "a plan has at most %d zones", MaxZones)
	}
	return nil
}

// sellable tells whether there is an area with a name, which an event may sell by the number of people. A drawing of
// nameless shapes and a stage is more likely one whose seats were not known as such.
func (l *loose) sellable() bool {
	for _, areas := range l.areas {
		if slices.ContainsFunc(areas, func(a draftArea) bool {
			name := clean(a.text.Text, maxName)
			return a.shape != "text" && name != "" && !namesStage(name)
		}) {
			return true
		}
	}
	return false
}

const idOfSeat = "an id such as seat-STALLS-A-12 (section, row, number)"

// noSeats says what to do with a drawing that has neither seats nor areas to sell.
func (l *loose) noSeats() error {
	if l.count == 0 {
		return l.rep.unusable("no-seats", "", "the file has no seats")
	}
	return l.rep.unusable("no-seats", "", "%s without a name and no seat; give every seat of the drawing "+idOfSeat+
		", or every area to sell a text, or list the seats in a CSV or JSON file", counted(l.count, "area", "areas"))
}
