package plan

// label gives every seat what the usher reads: row and number, "A-12". Where that is not unique
//   - in several zones, the rows of that name carry their zone: "Balcony A-12";
//   - within a zone, later rows of that name carry a counter: "A-12 (2)".
//
// Both are decided for whole rows, so that a row reads alike from end to end. It tells which seats got a counter, for
// which the file itself had no way to tell them apart.
func label(p *Plan, rep *reporter) []bool {
	copies, clash := countCopies(p, rep)
	taken := newNames()
	renamed := make([]bool, 0, MaxRows)
	row := 0
	for z := range p.Zones {
		zone := &p.Zones[z]
		for r := range zone.Rows {
			prefix := ""
			if clash[zone.Rows[r].Label] && zone.Name != "" {
				prefix = zone.Name + " "
			}
			if zone.Rows[r].Label != "" {
				prefix += zone.Rows[r].Label + "-"
			}
			for s := range zone.Rows[r].Seats {
				seat := &zone.Rows[r].Seats[s]
				want := prefix + seat.Number
				if copies[row] > 1 {
					want = inParens(want, copies[row])
				}
				// Taking may still count on: a number twice in one row, or names that read alike only when joined.
				seat.Label = taken.take(want, inParens)
				renamed = append(renamed, copies[row] > 1 || seat.Label != want)
			}
			row++
		}
	}
	return renamed
}

// countCopies tells, by row of the plan, the how-manieth of its kind a row is: 1 when none of its seats has a number that
// an earlier row of the same zone and name used; and which row names clash between zones.
func countCopies(p *Plan, rep *reporter) (copies []int, clash map[string]bool) {
	type seatName struct{ zone, row, number string }
	clash = map[string]bool{}
	used := map[seatName]int{}
	zoneOf := map[seatName]string{}
	repeated := newTally[seatName]()
	for z := range p.Zones {
		zone := &p.Zones[z]
		for r := range zone.Rows {
			row := &zone.Rows[r]
			nth := 0
			for _, seat := range row.Seats {
				nth = max(nth, used[seatName{zone.Name, row.Label, seat.Number}])
			}
			nth++
			for _, seat := range row.Seats {
				name := seatName{zone.Name, row.Label, seat.Number}
				used[name] = nth
				repeated.add(name, func() string { return spot(zone.Name, row.Label, seat.Number) })
				name.zone = ""
				if other, ok := zoneOf[name]; ok && other != zone.Name {
					clash[row.Label] = true
				} else {
					zoneOf[name] = zone.Name
				}
			}
			copies = append(copies, nth)
		}
	}
	repeated.repeated(2, func(_ seatName, where string, count int) {
		rep.add("duplicate-label", where, "%s of the zone have this row and number; told apart by a counter", seats(count))
	})
	return copies, clash
}
