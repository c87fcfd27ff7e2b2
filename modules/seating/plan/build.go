package plan

import (
	"strconv"
	"strings"
)

// build makes a plan of a draft: numbers the seats, resolves names, makes ids and labels unique, fits the drawing. It
// consumes the draft. Whatever can be mended is mended and reported.
func (d *draft) build(rep *reporter) (*Plan, error) {
	b := &builder{draft: d, rep: rep, plan: &Plan{Name: d.name}}
	if err := b.categories(); err != nil {
		return nil, err
	}
	b.settler = newSettler(d, rep)
	b.zones()
	switch {
	case len(b.seats) > 0:
	case b.plan.hasArea():
		detail := "no row of the file has a seat; its areas can be sold by the number of people"
		if d.advice != "" {
			detail += ". To sell seats, " + d.advice
		}
		rep.add("only-areas", "", "%s", detail)
	default:
		return nil, rep.unusable("no-seats", "", "no row of the file has a seat, and there is no area")
	}
	b.guids()
	b.keys()
	b.companions()
	b.places()
	b.overlaps()
	if err := fit(b.plan, rep, b.settler.put); err != nil {
		return nil, err
	}
	renamed := label(b.plan, rep)
	for n, seat := range b.seats {
		if renamed[n] || (b.drawn[n].id != "" && seat.Key != b.drawn[n].id) {
			rep.report.Renamed++
		}
	}
	rep.report.Zones = len(b.plan.Zones)
	for _, z := range b.plan.Zones {
		rep.report.Rows += len(z.Rows)
	}
	return b.plan, nil
}

type builder struct {
	draft   *draft
	rep     *reporter
	plan    *Plan
	byName  map[string]int // category name as the file has it → index
	settler *settler

	seats  []*Seat      // by number
	drawn  []*draftSeat // by number: what the seat was made of
	where  []place      // by number, in the plan
	zoneID []string     // by zone of the plan
}

func (b *builder) spot(n int) string {
	z := &b.plan.Zones[b.where[n].zone]
	return spot(z.Name, z.Rows[b.where[n].row].Label, b.seats[n].Number)
}

// zones copies zones, rows and seats, with positions made absolute. Rows without a seat and zones with nothing to draw
// are left out: nobody can sit there.
func (b *builder) zones() {
	areas := newAreaBuilder(b.rep)
	for zi := range b.draft.zones {
		dz := &b.draft.zones[zi]
		zone := Zone{Name: dz.name, Rows: make([]Row, 0, len(dz.rows))}
		b.settler.zone()
		for ri := range dz.rows {
			dr := &dz.rows[ri]
			switch {
			case len(dr.seats) == 0:
				b.rep.add("empty-row", spot(dz.name, dr.label, ""), "row %d of its zone has no seat; left out", ri+1)
				continue
			case dr.label == "":
				b.rep.add("blank-row-name", spot(dz.name, "", ""), "row %d of its zone has no name", ri+1)
			}
			if dr.table = dr.table || namesTable(dr.label); dr.table {
				dr.label = tableName(dr.label)
			}
			zone.Rows = append(zone.Rows, b.row(dz, dr, place{len(b.plan.Zones), len(zone.Rows)}))
		}
		for i := range dz.areas {
			zone.Areas = append(zone.Areas, areas.build(&dz.areas[i], dz.at))
		}
		if len(zone.Rows) == 0 && len(zone.Areas) == 0 {
			b.rep.add("empty-zone", dz.name, "zone %d has no seat and no area; left out", zi+1)
			continue
		}
		b.plan.Zones = append(b.plan.Zones, zone)
		b.zoneID = append(b.zoneID, dz.id)
	}
}

func (b *builder) row(dz *draftZone, dr *draftRow, at place) Row {
	row := Row{Label: dr.label, Table: dr.table, Seats: make([]Seat, len(dr.seats))}
	blank := 0
	for i := range dr.seats {
		if dr.seats[i].number == "" {
			dr.seats[i].number = strconv.Itoa(i + 1)
			blank++
		}
	}
	b.settler.row(dz, dr)
	for i := range dr.seats {
		ds := &dr.seats[i]
		row.Seats[i] = Seat{
			N: len(b.seats), Number: ds.number, CompanionOf: -1, Accessible: ds.accessible, Note: clean(ds.note, maxNote),
			X:        dz.at.X + dr.at.X + ds.at.X,
			Y:        dz.at.Y + dr.at.Y + ds.at.Y,
			Category: b.category(ds.category),
		}
		b.seats = append(b.seats, &row.Seats[i])
		b.drawn = append(b.drawn, ds)
		b.where = append(b.where, at)
	}
	if blank > 0 {
		b.rep.add("blank-seat-number", spot(dz.name, dr.label, ""), "%s without a number, counted from 1", seats(blank))
	}
	return row
}

// places reports seats outside the size the file declares, and seats drawn on one spot. Both are kept as they are.
func (b *builder) places() {
	outside, first := 0, -1
	same := newTally[Point]()
	round := rounder(medianGap(b.plan.Zones))
	for n, seat := range b.seats {
		if b.draft.width > 0 && b.draft.height > 0 &&
			(seat.X < 0 || seat.Y < 0 || seat.X > b.draft.width || seat.Y > b.draft.height) {
			if outside++; first < 0 {
				first = n
			}
		}
		same.add(Point{round(seat.X), round(seat.Y)}, func() string { return b.spot(n) })
	}
	if outside > 0 {
		b.rep.add("out-of-bounds", b.spot(first), "%s outside the declared %g x %g px; the plan was made to fit",
			seats(outside), b.draft.width, b.draft.height)
	}
	same.repeated(2, func(at Point, where string, count int) {
		b.rep.add("same-place", where, "%s are drawn at %g, %g", seats(count), at.X, at.Y)
	})
}

// guids reports rows whose seat ids name another row: the ids are only copied text and must not be read for meaning.
func (b *builder) guids() {
	wrong := newTally[place]()
	example := map[place]string{}
	for n, ds := range b.drawn {
		zone, at := b.zoneID[b.where[n].zone], b.where[n]
		rest, ours := strings.CutPrefix(ds.id, zone+"-")
		row := b.plan.Zones[at.zone].Rows[at.row].Label
		if zone == "" || !ours || rest == row+"-"+ds.number {
			continue
		}
		wrong.add(at, func() string { return spot(b.plan.Zones[at.zone].Name, row, "") })
		if example[at] == "" {
			example[at] = ds.id
		}
	}
	wrong.repeated(1, func(at place, where string, count int) {
		b.rep.add("guid-disagrees", where, "%s with the id of another row or number, such as %q", seats(count), example[at])
	})
}
