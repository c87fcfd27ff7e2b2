package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What is no position is reported with the seat it belongs to, and the seat stands beside its neighbours, whatever the
// file is: never on a corner that nobody chose, and so upon another seat.
func TestSeatsWithoutPosition(t *testing.T) {
	t.Parallel()
	pretix := func(said string) string {
		return `{"zones":[{"name":"Stalls","rows":[{"row_number":"A","seats":[{"seat_number":"1","position":{"x":100,"y":100}},
			{"seat_number":"2","position":` + said + `},{"seat_number":"3","position":{"x":150,"y":110}}]}]}]}`
	}
	points := func(said string) string {
		return `[{"section":"Stalls","row":"A","seat":1,"x":100,"y":100},{"section":"Stalls","row":"A","seat":2,` + said + `},
			{"section":"Stalls","row":"A","seat":3,"x":150,"y":110}]`
	}
	table := func(said string) string {
		return "section,row,seat,x,y\nStalls,A,1,100,100\nStalls,A,2," + said + "\nStalls,A,3,150,110\n"
	}
	svg := func(said string) string {
		return `<svg><circle id="seat-Stalls-A-1" cx="100" cy="100" r="5"/>` + said + `<circle id="seat-Stalls-A-3" cx="150" cy="110" r="5"/></svg>`
	}
	dot := func(at string) string { return svg(`<circle id="seat-Stalls-A-2" ` + at + ` r="5"/>`) }
	for _, c := range []struct{ file, code, detail string }{
		{pretix(`{"x":"NaN","y":0}`), "bad-position", `x "NaN", y "0"`},
		{pretix(`{"x":"Infinity","y":0}`), "bad-position", `x "Infinity"`},
		{pretix(`{"x":1e999,"y":0}`), "bad-position", `x "1e999"`},
		{pretix(`{"x":-1000001,"y":0}`), "bad-position", `x "-1000001"`},
		{pretix(`{"x":"left","y":0}`), "bad-position", `x "left"`},
		{pretix(`{"x":true,"y":0}`), "bad-position", `x "true"`},
		{pretix(`{"x":{"x":1},"y":0}`), "bad-position", `x "", y "0"`},
		{pretix(`{"x":125}`), "bad-position", `x "125", y ""`},
		{pretix(`[125]`), "bad-position", `x "125", y ""`},
		{pretix(`"125,105"`), "bad-position", `x "125,105", y ""`},
		{pretix(`{}`), "no-position", ""},
		{pretix(`null`), "no-position", ""},
		{points(`"x":"NaN","y":0`), "bad-position", `x "NaN"`},
		{points(`"x":1e9,"y":0`), "bad-position", `x "1e9"`},
		{points(`"x":125`), "bad-position", `x "125", y ""`},
		{points(`"y":null`), "no-position", ""},
		{table("Infinity,0"), "bad-position", `line 3: x "Infinity"`},
		{table(",0"), "bad-position", `line 3: x "", y "0"`},
		{table(","), "no-position", ""},
		{dot(`cx="NaN" cy="0"`), "bad-position", `cx "NaN"`},
		{dot(`cx="0" cy="50%"`), "bad-position", `cy "50%"`},
		{dot(`cx="1e999" cy="0"`), "bad-position", `cx "1e999"`},
		{dot(`cx="2e6" cy="0"`), "bad-position", `x 2e+06, y 0`},
		{dot(`cx="1" cy="0" transform="scale(1e300) scale(1e300)"`), "bad-position", `x NaN`},
		{dot(``), "bad-position", "no cx and no cy"},
		{svg(`<path id="seat-Stalls-A-2" d="M NaN 5h5v5z"/>`), "bad-position", "a <path> without a size"},
		{svg(`<polygon id="seat-Stalls-A-2" points="0,0 5,0 NaN,5"/>`), "bad-position", `points "NaN,5"`},
		{svg(`<g id="seat-Stalls-A-2"><circle cx="left" cy="5" r="5"/><text x="50%">2</text></g>`), "bad-position", `cx "left"`},
	} {
		p, report := mustImportAny(t, []byte(c.file), Options{})
		i := slices.IndexFunc(report.Faults, func(f Fault) bool { return f.Code == c.code })
		if i < 0 {
			t.Errorf("%s: faults %v", c.file, report.Faults)
			continue
		}
		if f := report.Faults[i]; f.Where != "Stalls, row A, seat 2" || !strings.HasPrefix(f.Detail, c.detail) || !strings.Contains(f.Detail, "; drawn beside others of its row") {
			t.Errorf("%s: %+v", c.file, f)
		}
		first, second, third := p.Seat(0), p.Seat(1), p.Seat(2)
		if second.Label != "A-2" || 2*second.X != first.X+third.X || 2*second.Y != first.Y+third.Y || first.X == third.X {
			t.Errorf("%s: seats at %g,%g %g,%g %g,%g", c.file, first.X, first.Y, second.X, second.Y, third.X, third.Y)
		}
	}
}

// Where a seat without a position ends up: between its neighbours, a step beyond the last, not across an aisle, in a line
// where its row starts, and below everything else when that starts nowhere.
func TestSeatsAreSettled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, table, want string }{
		{"at the ends", "A,1,,\nA,2,100,0\nA,3,125,0\nA,4,,\nA,5,,", "75,0 100,0 125,0 150,0 175,0"},
		{"between", "A,1,0,0\nA,2,,\nA,3,,\nA,4,60,30", "0,0 20,10 40,20 60,30"},
		{"beyond an aisle", "A,1,0,0\nA,2,20,0\nA,3,120,0\nA,4,,\nB,1,0,50\nB,2,20,50", "0,0 20,0 120,0 140,0 0,50 20,50"},
		{"one alone", "A,1,,\nA,2,0,0\nB,1,0,50\nB,2,20,50", "-20,0 0,0 0,50 20,50"},
		{"out of order", "A,3,50,0\nA,4,75,0\nA,1,0,0\nA,2,,", "0,0 25,0 50,0 75,0"},
		{"a row below", "A,1,0,0\nA,2,20,0\nB,1,,\nB,2,,\nC,1,,", "0,0 20,0 0,40 20,40 0,60"},
	} {
		p, report := mustImportAny(t, []byte("row,seat,x,y\n"+c.table), Options{})
		var got []string
		corner := Point{p.Seat(0).X, p.Seat(0).Y}
		var x, y float64
		if _, err := fmt.Sscanf(c.want, "%g,%g", &x, &y); err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Seats() {
			got = append(got, fmt.Sprintf("%g,%g", s.X-corner.X+x, s.Y-corner.Y+y))
		}
		if strings.Join(got, " ") != c.want || count(report, "no-position") == 0 || count(report, "same-place") > 0 {
			t.Errorf("%s: %v, want %s; %v", c.name, got, c.want, report.Faults)
		}
	}
	_, report := mustImport(t, []byte(`{"zones":[{"name":"Stalls","rows":[
		{"row_number":"A","position":{"x":5,"y":5},"seats":[{},{},{}]},{"row_number":"B","position":{"x":5,"y":30},"seats":[{}]}]}]}`))
	if !slices.Contains(report.Faults, Fault{"no-position", "Stalls, row A", "3 seats without a position, the first is 1; drawn in a line from where its row starts"}) ||
		!slices.Contains(report.Faults, Fault{"no-position", "Stalls, row B, seat 1", "no position; drawn in a line from where its row starts"}) {
		t.Errorf("%v", report.Faults)
	}
}

// Rows that all start at 0, 0, because their seats hold the positions, are not drawn upon one another when those are missing.
func TestRowsOfOneStartStandApart(t *testing.T) {
	t.Parallel()
	for _, first := range []string{`{},{}`, `{"position":{"x":0,"y":0}},{"position":{"x":25,"y":0}}`} {
		p, report := mustImport(t, []byte(`{"zones":[{"rows":[{"row_number":"Z","position":{"x":0,"y":0},"seats":[]},
			{"row_number":"A","position":{"x":0,"y":0},"seats":[`+first+`]},{"row_number":"B","position":{"x":0,"y":0},"seats":[{},{}]}]}]}`))
		if count(report, "same-place") > 0 || p.Seat(0).X != p.Seat(2).X || p.Seat(2).Y != p.Seat(0).Y+50 || p.Seat(3).X != p.Seat(2).X+25 {
			t.Errorf("%s: %+v, %v", first, p.Zones[0].Rows, report.Faults)
		}
	}
}

// Between two seats on one spot there is no room for a third, which stands beside them.
func TestNoThirdSeatOnOneSpot(t *testing.T) {
	t.Parallel()
	p, report := mustImportAny(t, []byte("row,seat,x,y\nA,1,0,0\nA,2,,\nA,3,0,0\nB,1,0,50\nB,2,20,50"), Options{})
	if p.Seat(1).X != p.Seat(0).X+20 || !slices.ContainsFunc(report.Faults, func(f Fault) bool { return f.Code == "same-place" && strings.HasPrefix(f.Detail, "2 seats") }) {
		t.Errorf("seats at %g and %g; %v", p.Seat(0).X, p.Seat(1).X, report.Faults)
	}
}

// What we draw ourselves is no fault of the file's: a row of any length has room, and where one has none, that is said.
func TestLongRowsHaveRoom(t *testing.T) {
	t.Parallel()
	var long strings.Builder
	long.WriteString("row,seat\n")
	for n := range 45_000 {
		fmt.Fprintf(&long, "A,%d\n", n+1)
	}
	long.WriteString("B,1\n")
	p, report := mustImportAny(t, []byte(long.String()), Options{})
	first, last, below := p.Seat(0), p.Seat(44_999), p.Seat(45_000)
	if count(report, "same-place") > 0 || p.Width > 30_000 || last.Y != first.Y+44*25 || below.Label != "B-1" || below.Y != last.Y+25 {
		t.Errorf("%g x %g px, seats at %g,%g %g,%g %g,%g", p.Width, p.Height, first.X, first.Y, last.X, last.Y, below.X, below.Y)
	}
	wide := refused(t, "row,seat,x,y\nA,1,-900000,0\nA,2,900000,0\nA,3,,\n", "")
	if wide.Code != "bad-coordinate" || !strings.HasPrefix(wide.Detail, "with 1 seat that had no position") {
		t.Errorf("%+v", wide)
	}
}

// A zone or a row that is nowhere would take many seats along: the file is refused, with where that stands in it.
func TestBadCoordinatesSayWhere(t *testing.T) {
	t.Parallel()
	for file, where := range map[string]string{
		`{"zones":[{},{"position":{"x":"here"}}]}`:                                                          "zone 2, position.x",
		`{"zones":[{"name":"Stalls","rows":[{},{"row_number":"B","position":{"y":1e9}}]}]}`:                 "zone 1 (Stalls), row 2 (B), position.y",
		`{"zones":[{"name":"Stalls","areas":[{"position":{"x":1,"y":1}},{"rectangle":{"width":"wide"}}]}]}`: "zone 1 (Stalls), area 2, rectangle.width",
		`{"size":{"width":-1e7}}`: "size.width",
		`{"seats":[{"row":"A","seat":1}],"areas":[{"points":[[0,0],[1e9,1]]}]}`:         "object 2, areas.points.x",
		`{"seats":[{"row":"A","seat":1}],"shapes":[{"type":"stage","x":"left","y":1}]}`: "object 2, x",
	} {
		if first := refused(t, file, ""); first.Code != "bad-coordinate" || first.Where != where {
			t.Errorf("%s: %+v, want %s", file, first, where)
		}
	}
}
