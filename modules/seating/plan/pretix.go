package plan

import (
	"io"
	"strconv"
	"strings"
)

// ImportPretix reads a seating plan in the JSON format of pretix, with or without a byte order mark, plain or gzipped.
//
// It follows files as they are, not the schema: unknown keys are reported and ignored, numbers may be texts and texts
// numbers, optional members may be missing, ids and labels may repeat (all seats are kept and the report says which were
// renamed). Keys beyond the format are understood: on a seat "accessible" (boolean), "companion_of" (the seat_guid of the
// accessible seat it belongs to) and "note" (about the view), on a row "table" (boolean).
//
// A file that gives no plan is an *UnusableError with its report; a failing reader is that reader's error.
func ImportPretix(r io.Reader) (*Plan, *Report, error) {
	return Import(r, Options{Format: FormatPretix})
}

func readPretix(src *source, rep *reporter) (*draft, error) {
	p := &pretix{walker: newWalker(src, rep)}
	p.here = p.spot
	p.plan()
	if p.end(); !p.zones {
		rep.fail("bad-shape", "", `the file has no "zones", as pretix writes them, and no list of "seats"`)
	}
	return &p.draft, rep.err
}

// pretix is the state of one import; the counters hold the limits over all zones.
type pretix struct {
	*walker
	draft                      draft
	zones                      bool // it has some
	rows, seats, areas, points int
	inZone                     *draftZone // what is being read
	inRow                      *draftRow
}

// spot names what is being read, by its number too, for its name may stand after it: "zone 2 (Stalls), row 3, position.x".
func (p *pretix) spot(path string) string {
	var parts []string
	part := func(kind string, before int, name string) {
		if kind += " " + strconv.Itoa(before+1); name != "" {
			kind += " (" + name + ")"
		}
		parts = append(parts, kind)
	}
	rest := path
	if p.inZone != nil {
		part("zone", len(p.draft.zones), p.inZone.name)
		rest = strings.TrimPrefix(rest, "zones.")
		if area, ok := strings.CutPrefix(rest, "areas."); ok {
			part("area", len(p.inZone.areas), "")
			rest = area
		}
		if p.inRow != nil {
			part("row", len(p.inZone.rows), p.inRow.label)
			rest = strings.TrimPrefix(rest, "rows.")
			if seat, ok := strings.CutPrefix(rest, "seats."); ok {
				part("seat", len(p.inRow.seats), "")
				rest = seat
			}
		}
	}
	return strings.Join(append(parts, rest), ", ")
}

// room counts one more thing of a kind and ends the import when there are too many.
func (p *pretix) room(count *int, most int, what string) bool {
	if *count++; *count > most {
		p.rep.fail("too-many-"+what, "", "a plan has at most %d %s", most, what)
	}
	return p.rep.err == nil
}

func (p *pretix) plan() {
	p.object("plan", func(key string) bool {
		switch key {
		case "name":
			p.draft.name = clean(p.text("plan.name"), maxName)
		case "size":
			p.size()
		case "categories":
			p.array("categories", p.category)
		case "zones":
			p.zones = true
			p.array("zones", p.zone)
		default:
			return false
		}
		return true
	})
}

func (p *pretix) size() {
	p.object("size", func(key string) bool {
		switch key {
		case "width":
			p.draft.width = p.number("size.width")
		case "height":
			p.draft.height = p.number("size.height")
		default:
			return false
		}
		return true
	})
}

func (p *pretix) category() {
	var c draftCategory
	p.object("categories", func(key string) bool {
		switch key {
		case "name":
			c.name = p.text("categories.name")
		case "label": // one editor puts a UUID into name and the words in here
			c.label = p.text("categories.label")
		case "color":
			c.color = p.text("categories.color")
		default:
			return false
		}
		return true
	})
	count := len(p.draft.categories)
	if p.room(&count, MaxCategories, "categories") {
		p.draft.categories = append(p.draft.categories, c)
	}
}

func (p *pretix) zone() {
	var z draftZone
	p.inZone = &z
	p.object("zones", func(key string) bool {
		switch key {
		case "name":
			z.name = clean(p.text("zones.name"), maxName)
		case "zone_id":
			z.id = clean(p.text("zones.zone_id"), maxName)
		case "position":
			z.at = p.point("zones.position")
		case "rows":
			p.array("zones.rows", func() { p.row(&z) })
		case "areas":
			p.array("zones.areas", func() { p.area(&z) })
		case "uuid", "displayed":
			p.skip()
		default:
			return false
		}
		return true
	})
	p.inZone = nil
	count := len(p.draft.zones)
	if p.room(&count, MaxZones, "zones") {
		p.draft.zones = append(p.draft.zones, z)
	}
}

func (p *pretix) row(z *draftZone) {
	const path = "zones.rows"
	var r draftRow
	var display string
	p.inRow = &r
	p.object(path, func(key string) bool {
		switch key {
		case "row_number":
			r.label = clean(p.text(path+".row_number"), maxShort)
		case "row_label":
			display = p.text(path + ".row_label")
		case "position":
			r.at, r.placed = p.point(path+".position"), true
		case "seats":
			p.array(path+".seats", func() { p.seat(&r) })
		case "table":
			r.table = p.flag(path+".table") || r.table
		case "uuid":
			r.table = r.table || readExtras(p.text(path + ".uuid"))["table"] == "1"
		case "row_number_position", "seat_label", "number_of_seats", "seats_spacing":
			p.skip()
		default:
			return false
		}
		return true
	})
	p.inRow = nil
	if namesTable(display) {
		r.table, r.label = true, clean(strings.ReplaceAll(display, "%s", r.label), maxShort)
	}
	if r.label == "" { // "Box %s" without a number still says "Box"
		r.label = clean(strings.ReplaceAll(display, "%s", ""), maxShort)
	}
	if p.room(&p.rows, MaxRows, "rows") {
		z.rows = append(z.rows, r)
	}
}

func (p *pretix) seat(r *draftRow) {
	const path = "zones.rows.seats"
	var s draftSeat
	p.object(path, func(key string) bool {
		switch key {
		case "seat_guid":
			s.id = clean(p.text(path+".seat_guid"), maxName)
		case "uuid":
			uuid := p.text(path + ".uuid")
			if more := readExtras(uuid); more != nil {
				s.take(more)
			} else {
				s.uuid = clean(uuid, maxShort)
			}
		case "seat_number":
			s.number = clean(p.text(path+".seat_number"), maxShort)
		case "category":
			s.category = p.text(path + ".category")
		case "position":
			s.put(p.pair(path + ".position"))
		case "accessible":
			s.accessible = p.flag(path+".accessible") || s.accessible
		case "companion_of":
			s.companion = clean(p.text(path+".companion_of"), maxName)
		case "note":
			s.note = p.text(path + ".note")
		case "radius", "start_direction":
			p.skip()
		default:
			return false
		}
		return true
	})
	if p.room(&p.seats, MaxSeats, "seats") {
		r.seats = append(r.seats, s)
	}
}

// take adds what an exported plan carries beside the format.
func (s *draftSeat) take(more extras) {
	s.accessible = s.accessible || more["accessible"] == "1"
	if of := clean(more["companion_of"], maxName); of != "" {
		s.companion = of
	}
	if note := more["note"]; note != "" {
		s.note = note
	}
}
