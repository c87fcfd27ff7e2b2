package plan

import (
	"encoding/json"
	"strconv"
)

// readPoints reads JSON that lists seats one by one, with positions, or line by line as a grid:
//
//	[{"x":1,"y":2,"section":"Stalls","row":"A","seat":"12"}, …]
//	{"name":…, "objects":[{"type":"seat", "x":…, "attrs":{"row":…}}, {"type":"section", "points":[…]}, {"type":"stage", …}]}
//	[[{"code":"A1","status":"VACANT"}, "A2", null], …]
//
// The lists of an object may be called seats, objects, places or points, and sections or areas. Keys mean the same as
// columns of a table; objects within a record are read as part of it.
func readPoints(src *source, rep *reporter) (*draft, error) {
	list := newLoose(rep)
	p := &points{walker: newWalker(src, rep), list: list, grid: gridReader{loose: list}, columns: map[string]string{}}
	p.here = func(path string) string { return "object " + strconv.Itoa(p.records) + ", " + path }
	switch t := p.token(); t {
	case json.Delim('['):
		p.elements(func() { p.element("list", "seat") })
	case json.Delim('{'):
		p.document()
	default:
		rep.fail("bad-shape", "", "expected a list of seats, or an object with one")
	}
	p.end()
	p.evidence()
	if rep.err != nil {
		return nil, rep.err
	}
	return list.draft()
}

// points is the state of one import.
type points struct {
	*walker
	list    *loose
	grid    gridReader
	columns map[string]string // by key: what it holds
	records int
}

// evidence refuses what lists something else: no record says which seat it is, or a grid is but figures.
func (p *points) evidence() {
	if p.grid.lineNo > 0 {
		p.grid.mostlySeats()
	} else if len(p.list.seats) > 0 && p.list.named == 0 {
		p.rep.fail("not-seats", "", "%s and none with a row, a number, an id or a position; a seat is written as "+
			`{"section":"Stalls","row":"A","seat":"12","x":100,"y":50}`, counted(len(p.list.seats), "object", "objects"))
	}
}

// column is columnOf, remembered, for keys come again with every record.
func (p *points) column(key string) string {
	col, known := p.columns[key]
	if !known {
		if col = columnOf(key); len(p.columns) < maxColumns {
			p.columns[key] = col
		}
	}
	return col
}

// document reads an object with lists of seats and of what is drawn.
func (p *points) document() {
	p.fields("plan", func(key string) bool {
		path := clean(key, maxShort)
		switch p.column(key) {
		case "name", "title":
			p.list.doc.name = clean(p.text(path), maxName)
		case colSeats, "grid":
			p.array(path, func() { p.element(path, "seat") })
		case "sections", "areas", "shapes":
			p.array(path, func() { p.element(path, "section") })
		case "type", "version", "width", "height": // the plan is made to fit
			p.skip()
		default:
			return false
		}
		return true
	})
}

// element reads a record, or a line of a grid.
func (p *points) element(path, kind string) {
	switch t := p.token(); t {
	case json.Delim('{'):
		p.records++
		r := record{kind: kind}
		p.record(path, &r)
		p.take(&r)
	case json.Delim('['):
		p.gridLine(path)
	case nil:
	default:
		p.rep.fail("bad-shape", path, `%q is no seat, which is written as {"row":"A","seat":"12"} in a list, or as "A12" in a list of lists`, clean(scalar(t), maxShort))
	}
}

// gridLine reads one line, whose cells are texts or objects with a code and a status.
func (p *points) gridLine(path string) {
	var codes, statuses []string
	p.elements(func() {
		code, status := "", ""
		switch t := p.token(); t {
		default:
			code = scalar(t)
		case json.Delim('['):
			p.rep.fail("bad-shape", path, "a line holds seats, not lists")
		case json.Delim('{'):
			r := record{}
			p.record(path, &r)
			code, status = r.code(), r.get(colStatus)
		}
		if codes, statuses = append(codes, code), append(statuses, status); len(codes) > maxColumns {
			p.rep.fail("too-many-columns", "", "a line has at most %d cells", maxColumns)
		}
	})
	if p.rep.err == nil {
		p.grid.line(codes, statuses)
	}
}

// record is what an object says of one seat or shape, by column.
type record struct {
	kind   string
	text   map[string]string
	points []Point
}

func (r *record) get(col string) string { return r.text[col] }

// code is what a cell of a grid would say of the seat.
func (r *record) code() string {
	code := r.get(colCode)
	if code == "" {
		code = r.get(colRow) + r.get(colNumber)
	}
	if section := r.get(colSection); section != "" && code != "" {
		code = section + ":" + code
	}
	if yes(r.get(colAccessible)) {
		code += "+"
	}
	return code
}

// record reads the fields of an object whose brace is read. Objects in it are part of it, deeper down by depth.
func (p *points) record(path string, r *record) {
	r.text = map[string]string{}
	p.nested(path, r, 0)
}

func (p *points) nested(path string, r *record, depth int) {
	p.fields(path, func(key string) bool {
		if key == "points" {
			p.array(path+".points", func() {
				at := p.point(path + ".points")
				if len(r.points) < MaxPoints {
					r.points = append(r.points, at)
				} else {
					p.rep.fail("too-many-points", "", "a plan has at most %d points", MaxPoints)
				}
			})
			return true
		}
		t := p.token()
		if open, ok := t.(json.Delim); ok && open == '{' && depth < 3 {
			p.nested(path+"."+clean(key, maxShort), r, depth+1)
		} else if ok {
			p.rest()
		}
		col := p.column(key)
		if !describes(col) && !describesShape(col) { // not kept: a record may have millions of keys
			if p.rep.err == nil {
				p.rep.unknownKey(path, key)
			}
		} else if text := scalar(t); text != "" {
			r.text[col] = cut(text, maxCell)
		}
		return true
	})
}

// describesShape tells whether a key is one of what is drawn beside the seats, or of what holds others.
func describesShape(key string) bool {
	switch key {
	case "type", "name", "text", "width", "height", "angle", "rotation", "radius", "hidden", "attrs", "position", "sectionid", "freeseating":
		return true
	}
	return false
}
