package plan

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errNewLine = errors.New("end of line")

// readCSV reads a table of seats when the first line names its columns, else a grid: a cell a seat where it stands.
func readCSV(src *source, rep *reporter) (*draft, error) {
	c := newCells(src, rep)
	first := c.line(nil)
	for blankLine(first) || len(first) > 0 && strings.HasPrefix(strings.ToLower(first[0]), "sep=") { // for one spreadsheet alone
		first = c.line(first)
	}
	var l *loose
	if columns := header(first); columns != nil {
		l = readTable(c, columns)
	} else if other := detect(src.head()); other != FormatCSV {
		rep.fail("not-a-grid", "", "this is no table of text")
	} else {
		l = readGrid(c, first)
	}
	if c.unended {
		rep.add("bad-cell", "", "a quote is opened and never closed; all after it was read as one cell")
	}
	if rep.err != nil {
		return nil, rep.err
	}
	return l.draft()
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

// header is what each column holds, or nil when the line is no header: one that names a seat's number or code, or both
// parts of its position, and at least two columns in all.
func header(line []string) []string {
	known := map[string]bool{}
	columns := make([]string, len(line))
	for i, cell := range line {
		if columns[i] = columnOf(cell); describes(columns[i]) {
			known[columns[i]] = true
		}
	}
	seat := known[colNumber] || known[colCode] || known[colX] && known[colY]
	if !seat || len(known) < 2 {
		return nil
	}
	return columns
}

// repeats tells a header that stands again, as on every page of a long list.
func repeats(line, columns []string) bool {
	for i, cell := range line {
		if i >= len(columns) || columnOf(cell) != columns[i] {
			return false
		}
	}
	return len(line) == len(columns)
}

// titles are the words of a first line that may name columns, "" when it is plainly one of a grid: some cells of that are
// empty, or short, or the stage.
func titles(line []string) string {
	var words []string
	for _, cell := range line {
		s, kind := readCell(cell)
		if kind != cellText || utf8.RuneCountInString(s.row) <= 2 || namesStage(s.row) || slices.Contains(words, strconv.Quote(s.row)) {
			return ""
		}
		if words = append(words, strconv.Quote(s.row)); len(words) == 10 {
			break
		}
	}
	if len(words) < 2 {
		return ""
	}
	return strings.Join(words, ", ")
}

// readTable reads one seat a line.
func readTable(c *cells, columns []string) *loose {
	at := map[string]int{}
	for i, col := range columns {
		if _, twice := at[col]; !twice && col != "" {
			at[col] = i
		}
		if col != "" && !describes(col) {
			c.rep.unknownKey("column", col)
		}
	}
	l := newLoose(c.rep)
	for line := c.line(nil); line != nil; line = c.line(line) {
		if blankLine(line) || repeats(line, columns) {
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
			s.said = "line " + strconv.Itoa(c.lineNo) + ": " + s.said
		}
		l.status(get(colStatus), &s)
		if !l.add(s, get(colColor)) {
			break
		}
	}
	return l
}

// coordinate reads a number as a table may write it, with a decimal comma too.
func coordinate(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	return v, err == nil && math.Abs(v) <= maxCoordinate
}
