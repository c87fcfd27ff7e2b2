package plan

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want string // cells in [], one line after another
	}{
		{"", ""},
		{"a,b\nc", "[a][b]/[c]"},
		{"a;b;c\r\n\r\nd;;", "[a][b][c]/[]/[d][][]"},
		{"a\tb\rc\td", "[a][b]/[c][d]"},
		{"a|b|c,d", "[a][b][c,d]"},
		{`"a,b","c ""d""",e"f` + "\n", `[a,b][c "d"][e"f]`},
		{"\"two\nlines\",x", "[two\nlines][x]"},
		{`"a"b,c`, "[ab][c]"},
		{`"never closed, b`, "[never closed, b]"},
	} {
		rep := newReporter()
		cells := newCells(openSource(strings.NewReader(c.text), MaxBytes), rep)
		var lines []string
		for line := cells.line(nil); line != nil; line = cells.line(nil) {
			lines = append(lines, "["+strings.Join(line, "][")+"]")
		}
		if got := strings.Join(lines, "/"); got != c.want || rep.err != nil {
			t.Errorf("%q: %s, %v, want %s", c.text, got, rep.err, c.want)
		}
		if cells.unended != (c.text == `"never closed, b`) {
			t.Errorf("%q: unended %v", c.text, cells.unended)
		}
	}
}

func TestReadCell(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"A12": "|A|12", "AA 7b": "|AA|7b", "balc:M10": "balc|M|10", "A-12+": "|A|12|accessible", "12": "||12", "1-12": "|1|12",
		"Row 3/4": "|Row 3|4", "res: B 7 +": "res|B|7|accessible", "Ложа-5": "|Ложа|5", "A.1": "|A|1", "12-": "||12-",
		"": "gap", " - ": "gap", "__": "gap", "STAGE": "text", "Stage 2": "text", "Bar": "text", "A123456789": "text",
		"please find the plan of 3 May": "text",
	} {
		s, kind := readCell(cell)
		got := []string{"gap", s.section + "|" + s.row + "|" + s.number, "text"}[kind]
		if s.accessible {
			got += "|accessible"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", cell, got, want)
		}
	}
}

// A list for people has a title above it and its header on every page, and sometimes a line for a whole row.
func TestTablesForPeople(t *testing.T) {
	t.Parallel()
	p, report := mustImportAny(t, []byte("Seats of Hall 3, 2026;;;\n\nRow;Seat;x;y\nA;1;0;0\nA;2;25;left\nRow;Seat;x;y\nB;1;0;25\nC;1 – 20;0;50\n"), Options{})
	if p.SeatCount() != 4 || report.Rows != 3 {
		t.Errorf("%d seats in %d rows", p.SeatCount(), report.Rows)
	}
	for _, want := range []Fault{
		{"above-header", "line 3", "what stands above this line is left out, for it names the columns"},
		{"bad-position", "row A, seat 2", `line 5: x "25", y "left" is no position; drawn beside others of its row`},
		{"seat-range", "row C, seat 1 – 20", "1 seat with a number such as 1-20; each is one seat, so list them one by one if they are more"},
	} {
		if !slices.Contains(report.Faults, want) {
			t.Errorf("no %+v in %+v", want, report.Faults)
		}
	}
}

// Rows come in any order, odd numbers to one side and even ones to the other, round a curve.
func TestRowsAreInDrawnOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, table, want string }{
		{"shuffled", "A,3,60,0\nA,1,10,0\nA,2,35,0\nA,4,85,0", "A-1 A-2 A-3 A-4"},
		{"odd and even", "A,1,50,0\nA,2,75,0\nA,3,25,0\nA,4,100,0\nA,5,0,0", "A-5 A-3 A-1 A-2 A-4"},
		{"counting down", "A,9,0,0\nA,8,25,0\nA,7,50,0", "A-9 A-8 A-7"},
		{"upright", "A,x,0,50\nA,y,0,0\nA,z,0,25", "A-y A-z A-x"},
		{"a horseshoe", "A,1,0,0\nA,3,0,50\nA,2,0,25\nA,4,25,60\nA,6,50,25\nA,5,50,50\nA,7,50,0", "A-1 A-2 A-3 A-4 A-5 A-6 A-7"},
		{"rows by name", "10,1,0,0\nAA,1,0,25\n9,1,0,50\nB,1,0,75", "9-1 10-1 B-1 AA-1"},
		{"no rows", ",1,25,30\n,2,0,0\n,3,50,1\n,4,0,31\n,5,25,0", "2 5 3 4 1"},
	} {
		for _, head := range []string{"row,seat,x,y\n", "sep=,\nRow;Seat;X;Y\n"} {
			text := head + c.table
			if strings.Contains(head, ";") {
				text = "sep=;\n" + strings.ReplaceAll(strings.TrimPrefix(text, "sep=,\n"), ",", ";")
			}
			p, _ := mustImportAny(t, []byte(text), Options{})
			var got []string
			for _, s := range p.Seats() {
				got = append(got, s.Label)
			}
			if !slices.Equal(got, strings.Fields(c.want)) {
				t.Errorf("%s: %v, want %s", c.name, got, c.want)
			}
		}
	}
}

// Names of rows have one order, whatever order they come in.
func TestLabelsAreInOrder(t *testing.T) {
	t.Parallel()
	want := []string{"1", "2", "10", "2b", "10a", "A", "A2", "A10", "B", "B 2", "B1", "C", "Z", "AA", "AA1", "AB", "Box 9", "Box 10"}
	rapid.Check(t, func(t *rapid.T) {
		got := rapid.Permutation(want).Draw(t, "came")
		slices.SortFunc(got, compareLabels)
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
	label := rapid.StringMatching(`[ABZÄ0129 -]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := label.Draw(t, "a"), label.Draw(t, "b"), label.Draw(t, "c")
		if compareLabels(a, b) <= 0 && compareLabels(b, c) <= 0 && compareLabels(a, c) > 0 || compareLabels(a, b) != -compareLabels(b, a) {
			t.Errorf("%q, %q, %q", a, b, c)
		}
	})
}
