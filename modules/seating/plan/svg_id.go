package plan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// What an id says of a seat, after "seat", "place" or "chair" and a stroke or underline:
//
//	seat-STALLS-A-12   section, row, number; the section may have strokes itself
//	seat-A-12          row, number
//	seat-A12           row, number
//	table-4-2, table-STALLS-4-2   the second seat at table 4
//
// Some editors count the other way round, seat-12-A-STALLS: where that puts the seats of a row side by side, and the usual
// way does not, it is read so.

// idParts splits "seat-A-12" into "seat" and "A-12"; kind is "" for an id that says nothing of the kind.
func idParts(id string) (kind, rest string) {
	id = unescapeID(id)
	i := strings.IndexAny(id, "-_ :")
	if i <= 0 {
		return "", ""
	}
	switch kind = strings.ToLower(id[:i]); kind {
	case "seat", "place", "chair":
		return "seat", id[i+1:]
	case "section", "block", "zone", "row", "table":
		if kind == "block" || kind == "zone" {
			kind = "section"
		}
		return kind, id[i+1:]
	}
	return "", ""
}

// tokens splits at the strokes, at underlines where there are none, at spaces where there are neither.
func tokens(rest string) []string {
	for _, sep := range []string{"-", "_", " "} {
		if strings.Contains(rest, sep) {
			return slices.DeleteFunc(strings.Split(rest, sep), func(s string) bool { return strings.TrimSpace(s) == "" })
		}
	}
	if rest == "" {
		return nil
	}
	return []string{rest}
}

// unescapeID undoes what one editor makes of characters that ids may not have: "_x20_" for a space.
func unescapeID(id string) string {
	var out strings.Builder
	for {
		i := strings.Index(id, "_x")
		if i < 0 {
			break
		}
		end := strings.IndexByte(id[i+2:], '_')
		code, err := int64(0), strconv.ErrSyntax
		if end > 0 && end <= 6 {
			code, err = strconv.ParseInt(id[i+2:i+2+end], 16, 32)
		}
		if err != nil {
			out.WriteString(id[:i+2])
			id = id[i+2:]
			continue
		}
		out.WriteString(id[:i])
		out.WriteRune(rune(code))
		id = id[i+3+end:]
	}
	out.WriteString(id)
	return out.String()
}

// nameByID gives section, row and number to the seats whose ids have them, reading all ids one way or all the other.
func (d *drawing) nameByID() {
	var long []*dot
	for i := range d.dots {
		switch s := &d.dots[i]; {
		case len(s.tokens) >= 3:
			long = append(long, s)
		case len(s.tokens) == 2:
			s.row, s.number = clean(s.tokens[0], maxShort), clean(s.tokens[1], maxShort)
		}
	}
	usual := func(t []string) (section, row, number string) {
		return strings.Join(t[:len(t)-2], "-"), t[len(t)-2], t[len(t)-1]
	}
	turned := func(t []string) (section, row, number string) {
		return strings.Join(t[2:], "-"), t[1], t[0]
	}
	naming := usual
	if rowGap(long, turned) < 0.6*rowGap(long, usual) {
		naming = turned
		d.rep.add("id-order", long[0].id, "ids are read as number, row, section, since so the seats of a row stand together")
	}
	for _, s := range long {
		section, row, number := naming(s.tokens)
		if s.section == "" {
			s.section = clean(section, maxName)
		}
		if s.row == "" {
			s.row = clean(row, maxShort)
		}
		s.number = clean(number, maxShort)
	}
}

// rowGap is how far the next seat of a row is, in the middle of all rows, if ids mean what naming says.
func rowGap(dots []*dot, naming func([]string) (section, row, number string)) float64 {
	type numbered struct {
		n  int
		at Point
	}
	rows := map[[2]string][]numbered{}
	for _, s := range dots {
		section, row, number := naming(s.tokens)
		if n, err := strconv.Atoi(number); err == nil && s.placed {
			rows[[2]string{section, row}] = append(rows[[2]string{section, row}], numbered{n, s.at})
		}
	}
	var gaps []float64
	for _, row := range rows {
		slices.SortFunc(row, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
		for i := 1; i < len(row); i++ {
			gaps = append(gaps, math.Hypot(row[i].at.X-row[i-1].at.X, row[i].at.Y-row[i-1].at.Y))
		}
	}
	if len(gaps) == 0 {
		return math.Inf(1)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}
