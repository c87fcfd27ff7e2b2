package plan

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var errNewLine = errors.New("end of line")

// spacing is how far apart, in px, seats are drawn that come without positions.
const spacing = 25

// readCSV reads a table of seats when the first line names its columns, else a grid: a cell a seat where it stands.
func readCSV(src *source, rep *reporter) (*draft, error) {
	c := newCells(src, rep)
	first := c.line(nil)
	for blankLine(first) || len(first) > 0 && strings.HasPrefix(strings.ToLower(first[0]), "sep=") { // for one spreadsheet alone
		first = c.line(first)
	}
	var d *draft
	var err error
	if columns := header(first); columns != nil {
		d, err = readTable(c, columns)
	} else {
		d, err = readGrid(c, first)
	}
	if c.err != nil {
		return nil, c.err
	}
	if c.unended {
		rep.add("bad-cell", "", "a quote is opened and never closed; all after it was read as one cell")
	}
	return d, err
}

func blankLine(line []string) bool {
	if line == nil {
		return false // the end, not a blank line
	}
	for _, cell := range line {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// header is what each column holds, or nil when the line is no header: one that names a seat's number, code or position,
// and at least two columns in all.
func header(line []string) []string {
	known, seat := 0, false
	columns := make([]string, len(line))
	for i, cell := range line {
		columns[i] = columnOf(cell)
		switch columns[i] {
		case colNumber, colCode, colX:
			seat = true
			known++
		case colSection, colRow, colTable, colY, colCategory, colID, colAccessible, colCompanion, colNote, colStatus, colColor:
			known++
		}
	}
	if !seat || known < 2 {
		return nil
	}
	return columns
}

// readTable reads one seat a line.
func readTable(c *cells, columns []string) (*draft, error) {
	at := map[string]int{}
	for i, col := range columns {
		if _, twice := at[col]; !twice && col != "" {
			at[col] = i
		}
		switch col {
		case colSection, colRow, colNumber, colTable, colX, colY, colCategory, colID, colCode, colAccessible, colCompanion, colNote,
			colStatus, colColor, "":
		default:
			c.rep.unknownKey("column", col)
		}
	}
	l := newLoose(c.rep)
	var line []string
	for n := 2; ; n++ {
		if line = c.line(line); line == nil {
			break
		}
		if blankLine(line) {
			continue
		}
		get := func(col string) string {
			if i, ok := at[col]; ok && i < len(line) {
				return line[i]
			}
			return ""
		}
		s := newSingle(get)
		if s.put(get(colX), get(colY)); s.said != "" {
			s.said = "line " + strconv.Itoa(n) + ": " + s.said
		}
		l.status(get(colStatus), &s)
		if !l.add(s, get(colColor)) {
			return nil, l.err
		}
	}
	return l.draft()
}

// coordinate reads a number as a table may write it, with a decimal comma too.
func coordinate(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	return v, err == nil && math.Abs(v) <= maxCoordinate
}
