package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever an importer reads, what is built keeps every seat, keeps its promises, and survives every encoding.
func TestBuildProperties(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"", "A", "B", "1", "2", "1 (2)", "A-1", "A~2", "é", "e\u0301", "שלום", "\x00", "Hall", "a\u202eb",
		strings.Repeat("長", 150), "7c9e6679-7425-40de-944b-e07fc1f90ae7", "No category", "007", "-1"})
	coordinate := rapid.OneOf(rapid.Float64Range(-maxCoordinate/4, maxCoordinate/4),
		rapid.SampledFrom([]float64{0, 0, 25, 50, 75, 1e-12, -1e-9, 25.0000001}))
	point := rapid.Custom(func(t *rapid.T) Point { return Point{coordinate.Draw(t, "x"), coordinate.Draw(t, "y")} })
	seat := rapid.Custom(func(t *rapid.T) draftSeat {
		return draftSeat{
			id: clean(word.Draw(t, "id"), maxName), uuid: clean(word.Draw(t, "uuid"), maxShort),
			number: clean(word.Draw(t, "number"), maxShort), category: word.Draw(t, "category"), at: point.Draw(t, "at"),
			placed: rapid.Bool().Draw(t, "placed"), said: word.Draw(t, "said"),
			accessible: rapid.Bool().Draw(t, "accessible"), companion: clean(word.Draw(t, "companion"), maxName),
			note: word.Draw(t, "note"),
		}
	})
	row := rapid.Custom(func(t *rapid.T) draftRow {
		return draftRow{label: clean(word.Draw(t, "row"), maxShort), at: point.Draw(t, "at"), table: rapid.Bool().Draw(t, "table"),
			placed: rapid.Bool().Draw(t, "row placed"),
			seats:  rapid.SliceOfN(seat, 0, 6).Draw(t, "seats")}
	})
	area := rapid.Custom(func(t *rapid.T) draftArea {
		return draftArea{
			shape: rapid.SampledFrom([]string{"polygon", "rectangle", "ellipse", "circle", "text", ""}).Draw(t, "shape"),
			at:    point.Draw(t, "at"), rotation: rapid.Float64Range(-360, 360).Draw(t, "rotation"),
			width: rapid.Float64Range(0, 1000).Draw(t, "width"), height: rapid.Float64Range(0, 1000).Draw(t, "height"),
			points: rapid.SliceOfN(point, 0, 4).Draw(t, "points"), color: word.Draw(t, "color"),
			text: Text{Text: word.Draw(t, "text"), X: coordinate.Draw(t, "x"), Y: coordinate.Draw(t, "y")},
		}
	})
	zone := rapid.Custom(func(t *rapid.T) draftZone {
		return draftZone{name: clean(word.Draw(t, "zone"), maxName), id: clean(word.Draw(t, "zone id"), maxName),
			at: point.Draw(t, "at"), rows: rapid.SliceOfN(row, 0, 4).Draw(t, "rows"),
			areas: rapid.SliceOfN(area, 0, 2).Draw(t, "areas")}
	})
	rapid.Check(t, func(t *rapid.T) {
		d := draft{name: "Hall", zones: rapid.SliceOfN(zone, 1, 4).Draw(t, "zones")}
		for _, name := range rapid.SliceOfN(word, 0, 4).Draw(t, "categories") {
			d.categories = append(d.categories, draftCategory{name: name, label: word.Draw(t, "label"), color: word.Draw(t, "color")})
		}
		seats := 0
		for _, z := range d.zones {
			for _, r := range z.rows {
				seats += len(r.seats)
			}
		}
		rep := newReporter()
		p, err := d.build(rep)
		if errors.Is(err, ErrBadPlan) { // no seats, or all offsets together reach too far
			return
		}
		if err != nil || p.SeatCount() != seats {
			t.Fatalf("%d seats became %v, %v", seats, p, err)
		}
		checkPlan(t, p)
		checkStored(t, p)
		checkWire(t, p)
		if max(p.Width, p.Height) <= maxCoordinate { // seats below a plan may make it larger than a file says
			checkExportedWords(t, p)
		}
	})
}

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want string
		limit    int
	}{
		{"  a \t\r\n b  ", "a b", 10},
		{"cafe\u0301", "caf\u00e9", 4},
		{"\x00\x1b[31mred\x7f", "[31mred", 10},
		{"a\u202eb\u2066c\ufeff", "abc", 10},
		{"می\u200cخواهم", "می\u200cخواهم", 10},
		{"bad \xff byte", "bad \ufffd byte", 20},
		{"abc def", "abc", 4},
		{"日本語", "日本", 2},
		{"\u0301", "\u0301", 5},
		{strings.Repeat("x", 1<<20), "xxxxx", 5},
	} {
		if got := clean(c.in, c.limit); got != c.want || clean(got, c.limit) != got {
			t.Errorf("%.40q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Category I": "category-i", "Café — Été!": "cafe-ete", "  ": "", "Ложа 5": "", "日本語": "", "1. Rang": "1-rang", "---": "",
	} {
		if got := slug(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"#abc": "#abc", "#A1B2C3": "#A1B2C3", "#11223344": "#11223344", " gray ": "gray",
		"": "", "#abcde": "", "#ggg": "", "#": "", "red;x:1": "", "url(x)": "", "rgb(1,2,3)": "", "a2": "",
	} {
		if got, ok := color(in); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
}

func TestFocalPoint(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"STAGE": true, "Main stage, 2 m": true, "Backstage": false, "Bühne": true, "Bar": false, "舞台": true, "СЦЕНА": true, "": false,
	} {
		if namesStage(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	corner := []Point{{0, 0}, {10, 0}, {10, 20}}
	for _, a := range []Area{
		{Shape: "polygon", Points: corner}, {Shape: "rectangle", Width: 10, Height: 20},
		{Shape: "ellipse", X: 5, Y: 10, Width: 4, Height: 4}, {Shape: "text", Text: &Text{X: 5, Y: 10}},
	} {
		if got := middle(&a); got != (Point{5, 10}) {
			t.Errorf("%s: %v", a.Shape, got)
		}
	}
}

// A stranger's look-ups must not panic.
func TestLookups(t *testing.T) {
	t.Parallel()
	p, _ := trap(t, "areas")
	for _, n := range []int{-1, 3} {
		zone, row := p.Where(n)
		before, after := p.Neighbours(n)
		if p.Seat(n) != nil || zone != nil || row != nil || slices.Max([]int{before, after}) != -1 || p.Adjacent(n, n+1) {
			t.Errorf("seat %d exists", n)
		}
	}
	if zone, row := p.Where(2); zone.Name != "Hall" || row.Label != "A" {
		t.Errorf("seat 2 is in %v, %v", zone, row)
	}
	if p.AreaByID("bar-2") == nil || p.AreaByID("nowhere") != nil {
		t.Error("areas are not found by id")
	}
	if got := (&Plan{}).Pitch(); got != defaultPitch {
		t.Errorf("the pitch of nothing is %g", got)
	}
}

func TestTableNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"4": "Table 4", "A4": "Table A4", "B": "Table B", "Table 4": "Table 4", "Tisch 4": "Tisch 4", "4-12": "Table 4-12",
		"卓4": "Table 卓4", "Ложа": "Ложа", "": "", "1234567": "1234567",
	} {
		if got := tableName(in); got != want || tableName(got) != got {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
