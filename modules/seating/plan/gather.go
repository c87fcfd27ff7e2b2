package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gather makes zones and rows of seats that came one by one: a zone of each section, a row of each name in it, or of each
// line of a grid. Seats without a row's name stand in the lines they are drawn in. Within a row they stand in drawn order.
func gather(all []single) []draftZone {
	nameCompanions(all)
	type rowKey struct {
		row   string
		table bool
		line  int
	}
	type group struct {
		key   rowKey
		seats []single
	}
	var sections []string
	rows := map[string][]*group{}
	at := map[string]map[rowKey]*group{}
	for _, s := range all {
		if at[s.section] == nil {
			at[s.section] = map[rowKey]*group{}
			sections = append(sections, s.section)
		}
		key := rowKey{s.row, s.table, s.line}
		g := at[s.section][key]
		if g == nil {
			g = &group{key: key}
			at[s.section][key] = g
			rows[s.section] = append(rows[s.section], g)
		}
		g.seats = append(g.seats, s)
	}
	if !slices.ContainsFunc(sections, func(s string) bool { return s == "" || digits(s) < len(s) }) {
		slices.SortFunc(sections, compareMixed)
	}
	var zones []draftZone
	for _, name := range sections {
		slices.SortStableFunc(rows[name], func(a, b *group) int {
			if a.key.line > 0 || b.key.line > 0 {
				return 0 // a grid is in order
			}
			return cmp.Or(cmp.Compare(toInt(a.key.table), toInt(b.key.table)), compareLabels(a.key.row, b.key.row))
		})
		zone := draftZone{name: name}
		for _, g := range rows[name] {
			runs := [][]single{g.seats}
			if g.key.row == "" && !g.key.table && g.key.line == 0 {
				runs = lines(g.seats)
			}
			for _, run := range runs {
				zone.rows = append(zone.rows, newDraftRow(g.key.row, g.key.table, inOrder(run)))
			}
		}
		zones = append(zones, zone)
	}
	return zones
}

// newDraftRow starts a row at its first seat that has a position, so that one without is drawn beside its neighbours.
func newDraftRow(label string, table bool, seats []single) draftRow {
	row := draftRow{label: label, table: table, seats: make([]draftSeat, len(seats))}
	if i := slices.IndexFunc(seats, func(s single) bool { return s.placed }); i >= 0 {
		row.at = seats[i].at
	}
	for i, s := range seats {
		row.seats[i] = s.draftSeat
		if s.placed {
			row.seats[i].at = Point{s.at.X - row.at.X, s.at.Y - row.at.Y}
		}
	}
	return row
}

// nameCompanions turns what a companion seat says of its accessible seat ("12", "A12", "Stalls A-12") into that seat's id,
// and gives accessible seats one that have none. What names nothing stays, for build to report.
func nameCompanions(all []single) {
	if !slices.ContainsFunc(all, func(s single) bool { return s.companion != "" }) {
		return
	}
	ids := map[string]bool{}
	named := map[string]string{}
	for i := range all {
		s := &all[i]
		if !s.accessible {
			continue
		}
		if s.id == "" {
			if s.id = s.name(); s.id == "" || ids[s.id] {
				s.id += "~" + strconv.Itoa(i)
			}
		}
		ids[s.id] = true
		for _, name := range []string{s.section + "\x00" + s.row + "\x00" + s.number, s.section + "\x00" + s.row + s.number, s.section + s.row + s.number} {
			if _, taken := named[plainName(name)]; !taken {
				named[plainName(name)] = s.id
			}
		}
	}
	for i := range all {
		s := &all[i]
		if s.companion == "" || ids[s.companion] {
			continue
		}
		for _, name := range []string{s.section + "\x00" + s.row + "\x00" + s.companion, s.section + "\x00" + s.companion, s.companion} {
			if id, ok := named[plainName(name)]; ok {
				s.companion = id
				break
			}
		}
	}
}

// plainName is a name without what people write differently.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == 0 {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// compareLabels puts 9 before 10, Z before AA, and B1 between B and C; numbers before names.
func compareLabels(a, b string) int {
	n, notA := strconv.Atoi(a)
	m, notB := strconv.Atoi(b)
	switch {
	case notA == nil && notB == nil:
		return cmp.Compare(n, m)
	case notA == nil || notB == nil:
		return cmp.Compare(toInt(notA != nil), toInt(notB != nil))
	}
	i, j := letters(a), letters(b)
	return cmp.Or(cmp.Compare(utf8.RuneCountInString(a[:i]), utf8.RuneCountInString(b[:j])), cmp.Compare(a[:i], b[:j]),
		compareMixed(a[i:], b[j:]))
}

// compareMixed compares names with numbers in them: "Table 9" before "Table 10".
func compareMixed(a, b string) int {
	for a != "" && b != "" {
		i, j := digits(a), digits(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many ASCII digits s starts with.
func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

// letters is how many bytes of letters s starts with.
func letters(s string) int { return len(s) - len(strings.TrimLeftFunc(s, unicode.IsLetter)) }

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
