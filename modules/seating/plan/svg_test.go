package plan

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTransforms(t *testing.T) {
	t.Parallel()
	d := &drawing{svgFile: &svgFile{}, loose: newLoose(newReporter())}
	for _, c := range []struct {
		attrs string // of a rectangle at 10,20, 40 wide, 20 high; its upper left corner ends at want
		want  Point
	}{
		{``, Point{10, 20}},
		{`transform="translate(5)"`, Point{15, 20}},
		{`transform="translate(5,6) scale(2)"`, Point{25, 46}},
		{`transform="scale(2 3)"`, Point{20, 60}},
		{`transform="rotate(90)"`, Point{-20, 10}},
		{`transform="rotate(90 10 20)"`, Point{10, 20}},
		{`transform="rotate(90deg)"`, Point{-20, 10}},
		{`transform="matrix(0,1,-1,0,1,2)"`, Point{-19, 12}},
		{`transform="skewX(45)"`, Point{30, 20}},
		{`transform="skewY(45)"`, Point{10, 30}},
		{`transform="translate(1 2), rotate(90)"`, Point{-19, 12}},
		{`transform="spin(9) translate(1e1-5)"`, Point{20, 15}},
		{`transform="translate(oops"`, Point{10, 20}},
		{`transform="rotate(180)" style="transform-origin: 30px 30px"`, Point{50, 40}},
		{`style="transform: rotate(180deg); transform-box: fill-box; transform-origin: 50% 50%"`, Point{50, 40}},
		{`style="transform: rotate(180deg); transform-box: fill-box; transform-origin: right bottom"`, Point{90, 60}},
		{`style="transform: rotate(180deg); transform-box: fill-box"`, Point{10, 20}},
		{`style="transform: rotate(180deg); transform-box: fill-box; transform-origin: center 5px"`, Point{50, 30}},
	} {
		rep := newReporter()
		f := readElements(strings.NewReader(`<svg><rect x="10" y="20" width="40" height="20" `+c.attrs+`/></svg>`), rep)
		if rep.err != nil {
			t.Fatal(rep.err)
		}
		got := d.transform(f.root.kids[0]).of(Point{10, 20})
		if math.Hypot(got.X-c.want.X, got.Y-c.want.Y) > 1e-6 {
			t.Errorf("%s: %v, want %v", c.attrs, got, c.want)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d     string
		parts int
		last  Point // corner of the last part
	}{
		{"M1 2L3 4", 1, Point{3, 4}},
		{"m1,2 3,4 h5 v-6", 1, Point{9, 0}},
		{"M1 2 3 4H9V0z", 1, Point{9, 0}},
		{"M0 0L1 1zM5 5l1 1", 2, Point{6, 6}},
		{"M0 0h10v10zl-5-5", 2, Point{-5, -5}},
		{"M0 0C1 1 2 2 3 0S5 5 6 0", 1, Point{6, 0}},
		{"M0 0q5 5 10 0t10 0T30 0", 1, Point{30, 0}},
		{"M0 0a5 5 0 0110 0", 1, Point{10, 0}},
		{"M0 0A5 5 0 1 0 10 0", 1, Point{10, 0}},
		{"M0 0A0 5 0 1 0 10 0", 1, Point{10, 0}},
		{"M7 7A5 5 0 1 0 7 7", 1, Point{7, 7}},
		{"M.5.5-1-1", 1, Point{-1, -1}},
		{"M1e1 2E-1L5,5 6", 1, Point{5, 5}},
		{"M1 1X5", 1, Point{1, 1}},
		{"L5 5", 1, Point{5, 5}},
	} {
		parts, ok := subpaths(c.d)
		if !ok || len(parts) != c.parts {
			t.Errorf("%s: %v", c.d, parts)
			continue
		}
		last := parts[len(parts)-1]
		if got := last[len(last)-1]; math.Hypot(got.X-c.last.X, got.Y-c.last.Y) > 1e-9 {
			t.Errorf("%s: ends at %v, want %v", c.d, got, c.last)
		}
	}
	for _, nothing := range []string{"", " ", "hello", "M", "M1", "M x y"} {
		if parts, ok := subpaths(nothing); !ok || len(parts) != 0 {
			t.Errorf("%q: %v", nothing, parts)
		}
	}
	// A half circle over the chord keeps its distance from the middle.
	arc, _ := subpaths("M0 0a5 5 0 0 1 10 0")
	for _, p := range arc[0] {
		if math.Abs(math.Hypot(p.X-5, p.Y)-5) > 1e-9 || p.Y > 1e-9 {
			t.Errorf("%v is not on the arc", p)
		}
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"rgb(10, 20,30)": "#0a141e", "rgba(40, 167, 69, 0.16)": "#28a74529", "rgb(100% 0% 50%)": "#ff007f", "none": "", "url(#x)": "",
		"rgba(1,2,3,0)": "", "#ABC": "#abc", "Red": "red", "rgb(1,2)": "rgb(1,2)", "rgb(300,-5,0)": "#ff0000", "rgb(a,b,c)": "rgb(a,b,c)",
	} {
		if got := paint(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A layer may be called anything; only what stands in it is a seat.
func TestLayersAreNoSeats(t *testing.T) {
	t.Parallel()
	circles := strings.Repeat(`<circle r="5" fill="red"/>`, 60)
	p, _ := mustImportAny(t, []byte(`<svg id="seat-map-1"><g id="seat-layer-2">`+circles+`</g><g id="seat-A-1"><g><circle r="5"/></g></g>`+
		`<g id="seat-3"><circle id="seat-A-2" cx="20" r="5"/></g></svg>`), Options{})
	if p.SeatCount() != 2 || p.Seat(0).Label != "A-1" || p.Seat(1).Label != "A-2" || len(p.Zones[0].Areas) != 60 {
		t.Errorf("%d seats, %d areas", p.SeatCount(), len(p.Zones[0].Areas))
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"seat-A-12": "seat A-12", "SEAT_A_12": "seat A_12", "table-4-2": "table 4-2", "block-9": "section 9", "seats": " ", "": " ",
		"seat": " ", "seat_x2D_Left_x20_A-1": "seat Left A-1", "a-seat": " ", "seat-x_x_y-1": "seat x_x_y-1",
	} {
		kind, rest := idParts(id)
		if got := kind + " " + rest; got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

// What the drawing hides is left out, and the report says how many seats were in it, wherever they were hidden.
func TestHiddenSeatsAreReported(t *testing.T) {
	t.Parallel()
	p, report := mustImportAny(t, []byte(`<svg><style>.gone{display:none}</style>
		<circle id="seat-A-1" r="5"/><circle id="seat-A-2" cx="20" r="5" opacity="0"/>
		<g id="section-Balcony" display="none"><g id="row-B"><circle id="seat-B-1" r="5"/><circle id="seat-B-2" r="5"/></g>
			<g visibility="hidden"><use id="seat-B-3" href="#dot"/></g><rect width="9" height="9"/><text>Balcony</text><image/><use href="#none"/></g>
		<g id="pair"><circle id="seat-C-1" cy="20" r="5"/><circle id="seat-C-2" cx="20" cy="20" r="5"/></g>
		<use href="#pair" style="display:none"/><g class="gone"><g id="seat-C-3"><circle id="dot" r="5"/></g></g>
		<rect id="notes" width="9" height="9" visibility="hidden"/><g opacity="0"/></svg>`), Options{})
	if p.SeatCount() != 3 || len(p.Zones[0].Areas) != 0 {
		t.Errorf("%d seats, %d areas", p.SeatCount(), len(p.Zones[0].Areas))
	}
	var got []string
	for _, f := range report.Faults {
		if f.Code == "hidden" || f.Code == "not-drawn" {
			got = append(got, f.Code+" "+f.Where+": "+f.Detail)
		}
	}
	for i, want := range []string{
		`hidden : 4 seats hidden in the drawing, from "seat-A-2" on`, `hidden Balcony: 3 seats hidden in the drawing, from "seat-B-1" on`,
		"not-drawn notes: 2 × hidden, left out",
	} {
		if len(got) != 3 || !strings.HasPrefix(got[i], want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// Where all of them are hidden, that is why there are none.
	_, _, err := Import(strings.NewReader(`<svg><g display="none"><circle id="seat-A-1" r="5"/></g></svg>`), Options{})
	var unusable *UnusableError
	if !errors.As(err, &unusable) || count(unusable.Report, "hidden") != 1 {
		t.Errorf("%v", err)
	}
}

// Looks that a sheet gives to what stands in the drawing are read, those for what stands in some other element are not.
func TestSheetsForTheWholeDrawing(t *testing.T) {
	t.Parallel()
	p, _ := mustImportAny(t, []byte(`<svg class="map big" fill="none"><style>.map .part, svg .more { fill: #123456 } .big  .b{fill:red} .other .c{fill:red}
		.map .more .d{fill:red}</style><rect class="part" id="section-LAWN" width="9" height="9"/><rect class="more" x="20" width="9" height="9"/>
		<rect class="b" x="40" width="9" height="9"/><rect class="c" x="60" width="9" height="9"/><rect class="d" x="80" width="9" height="9"/></svg>`), Options{})
	areas := p.Zones[0].Areas
	if len(areas) != 3 || areas[0].Color != "#123456" || areas[0].Name != "LAWN" || areas[1].Color != "#123456" || areas[2].Color != "red" {
		t.Errorf("%+v", areas)
	}
}

// What should shift, turn or outline something and holds no numbers is reported, and where.
func TestDrawingsWithoutNumbers(t *testing.T) {
	t.Parallel()
	_, report := mustImportAny(t, []byte(`<svg><g id="turned" transform="rotate(0.25turn)"><circle id="seat-A-1" cx="5" cy="5" r="5"/></g>
		<g transform="none"><circle id="seat-A-2" cx="25" cy="5" r="5" transform="rotate(5deg) translate(1px,2px)"/></g>
		<polygon id="wall" points="0,0 9,0 9,9 NaN,5"/></svg>`), Options{})
	var got []Fault
	for _, f := range report.Faults {
		if f.Code == "no-numbers" {
			got = append(got, f)
		}
	}
	if !slices.Equal(got, []Fault{
		{"no-numbers", "turned", `transform "rotate(0.25turn)" is not all numbers; look what is drawn there`},
		{"no-numbers", "wall", `points "NaN,5" is not all numbers; look what is drawn there`},
	}) {
		t.Errorf("%+v", got)
	}
}
