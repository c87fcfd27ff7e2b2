package plan

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cellKind is what a cell of a grid holds.
type cellKind int

const (
	cellGap cellKind = iota
	cellSeat
	cellText
)

// readCell reads a cell such as "A12", "balc:M10", "B 7+" (accessible) or "12" (its row is the line's). A cell of strokes
// or nothing is an aisle, one without a digit a text to draw: STAGE.
func readCell(cell string) (single, cellKind) {
	text := clean(cell, maxName)
	if strings.Trim(text, "-_.–—/ ") == "" {
		return single{}, cellGap
	}
	var s single
	code := strings.TrimSpace(strings.TrimSuffix(text, "+"))
	s.accessible = code != text
	if i := strings.LastIndexByte(code, ':'); i >= 0 {
		s.section, code = strings.TrimSpace(code[:i]), strings.TrimSpace(code[i+1:])
	}
	if !strings.ContainsFunc(code, unicode.IsDigit) || namesStage(text) {
		return single{row: text}, cellText
	}
	cutAt := strings.LastIndexAny(code, " -_/.")
	if cutAt >= 0 && !strings.ContainsFunc(code[cutAt:], unicode.IsDigit) {
		cutAt = -1
	}
	if cutAt >= 0 {
		s.row, s.number = code[:cutAt], code[cutAt+1:]
	} else {
		first := strings.IndexFunc(code, unicode.IsDigit)
		s.row, s.number = code[:first], code[first:]
	}
	s.row, s.number = strings.Trim(s.row, " -_/."), strings.TrimSpace(s.number)
	if utf8.RuneCountInString(s.row) > maxCodeRow || utf8.RuneCountInString(s.number) > maxCodeNumber {
		return single{row: text}, cellText // a sentence with a number in it
	}
	s.id = strings.TrimSpace(strings.TrimSuffix(text, "+"))
	return s, cellSeat
}

// How long row and number of a cell's code may be, in characters.
const (
	maxCodeRow    = 20
	maxCodeNumber = 8
)

// spacing is how far apart, in px, the cells of a grid are drawn.
const spacing = 25

// gridReader places what comes line by line.
type gridReader struct {
	*loose
	lineNo int
	texts  int    // cells that are neither seats nor aisles
	text   string // the first of them
	bare   string // the first number that names no seat
	titles string // the words of a first line that may name the columns of a table
	titled int    // that line's number in the file
}

// mostlySeats refuses what is text or figures rather than a grid: a letter, a price list, a table of measurements.
func (g *gridReader) mostlySeats() {
	const instead = "write A12 or STALLS:A12 in the cells, or begin each line with its row, or begin the file with a line such as section,row,seat"
	names := counted(len(g.seats), "names a seat", "name a seat")
	if len(g.seats) == 0 {
		names = "none names a seat"
	}
	switch {
	// Where every cell below names its seat, the words are some of the hall: "Bar", "Exit".
	case g.titles != "" && (len(g.seats) == 0 || g.named < len(g.seats)):
		g.rep.fail("not-a-grid", "line "+strconv.Itoa(g.titled), "%s name columns, but no seat; name them section, row and seat", g.titles)
	case g.texts > len(g.seats)+5, g.texts > 0 && len(g.seats) == 0:
		g.rep.fail("not-a-grid", "", "%s text, such as %q, and %s: %s",
			counted(g.texts, "cell is", "cells are"), g.text, names, instead)
	case 4*g.named < len(g.seats):
		g.rep.fail("not-a-grid", "", "cells such as %q say no row: %s", g.bare, instead)
	}
}

// names tells the name of a seat from any number: by letters in its row or section, or by the row of the cell before it.
func (s *single) names(before string) bool {
	in := s.row
	if in == "" {
		in = s.section
	}
	first, _ := utf8.DecodeRuneInString(in)
	switch {
	case unicode.IsLetter(first):
		return true
	case s.row == "" || len(s.row) > 3: // a time, a date
		return false
	case digits(s.row) < len(s.row):
		return strings.ContainsFunc(s.row, unicode.IsLetter) // "1A"
	}
	return s.row == before && !strings.Contains(s.id, ".") // "1-1", "1-2", but no fractions
}

// line takes one line of cells; statuses, if not nil, says beside each cell how it is sold. False ends the import.
func (g *gridReader) line(line, statuses []string) bool {
	g.lineNo++
	y := float64(g.lineNo) * spacing
	if y > maxCoordinate {
		g.rep.fail("too-many-rows", "", "the grid has too many lines")
		return false
	}
	row, before := lineName(line), ""
	for i, cell := range line {
		s, kind := readCell(cell)
		s.at, s.placed, s.line = Point{float64(i) * spacing, y}, true, g.lineNo
		ok := true
		switch {
		case kind == cellText && s.row != row:
			ok = g.words(s.row, s.at)
		case kind == cellSeat && (statuses == nil || g.sold(statuses[i], &s)):
			g.count(cell, s.names(before) || s.row == "" && row != "")
			if before = s.row; s.row == "" {
				s.row, s.id = cmp.Or(row, strconv.Itoa(g.lineNo)), "" // "12" alone is the id of a seat in every row
			}
			ok = g.add(s, "")
		}
		if !ok {
			return false
		}
	}
	return true
}

// words draws a text of the grid.
func (g *gridReader) words(text string, at Point) bool {
	if g.text == "" {
		g.text = text
	}
	if g.texts++; len(g.seats) == 0 && g.texts > MaxAreas/2 {
		g.mostlySeats()
		return false
	}
	return g.area("", draftArea{shape: "text", at: at, text: Text{Text: text}})
}

// sold takes note of how a seat is sold; false when there is none.
func (g *gridReader) sold(status string, s *single) bool {
	switch strings.ToLower(status) {
	case "void", "none", "aisle":
		g.void.add(clean(status, maxShort), func() string { return spot(s.section, s.row, s.number) })
		return false
	}
	g.status(status, s)
	return true
}

// count keeps the evidence for mostlySeats: whether a cell names its seat, or is but a number.
func (g *gridReader) count(cell string, named bool) {
	if named {
		g.named++
	} else if g.bare == "" {
		g.bare = clean(cell, maxShort)
	}
}

// lineName is the row's name that stands at the head or the end of a line of bare numbers: "A", "AA".
func lineName(line []string) string {
	if len(line) == 0 {
		return ""
	}
	for _, i := range []int{0, len(line) - 1} {
		s, kind := readCell(line[i])
		if kind == cellText && s.row != "" && utf8.RuneCountInString(s.row) <= 2 && letters(s.row) == len(s.row) {
			return s.row
		}
	}
	return ""
}

// mostTitles is how many lines may stand above the header of a table.
const mostTitles = 20

// readGrid reads a grid of cells whose first line has been read, or the table that begins below some titles.
func readGrid(c *cells, line []string) *loose {
	g := &gridReader{loose: newLoose(c.rep), titles: titles(line), titled: c.lineNo}
	for ; line != nil; line = c.line(line) {
		if columns := header(line); columns != nil && g.lineNo < mostTitles {
			c.rep.add("above-header", "line "+strconv.Itoa(c.lineNo), "what stands above this line is left out, for it names the columns")
			return readTable(c, columns)
		}
		if !g.line(line, nil) {
			break
		}
	}
	g.mostlySeats()
	return g.loose
}
