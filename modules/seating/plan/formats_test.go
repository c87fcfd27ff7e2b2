package plan

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"fairseat/app/testkit"
)

// Every format, drawn by others and by us, with all that was found and made of it.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, format       string
		seats, rows, zones int
	}{
		{"audience1st-valid_seatmap.csv", FormatCSV, 4, 4, 1},
		{"audience1st-utf8_only_seatmap.csv", FormatCSV, 1, 1, 1},
		{"grid.csv", FormatCSV, 14, 3, 2},
		{"table-semicolons.csv", FormatCSV, 9, 3, 2},
		{"table-windows.csv", FormatCSV, 9, 3, 2},
		{"table-utf16.csv", FormatCSV, 6, 3, 2},
		{"tessitura-amazing-venue.svg", FormatSVG, 152, 24, 5},
		{"groups.svg", FormatSVG, 12, 5, 3},
		{"colours.svg", FormatSVG, 5, 3, 2},
		{"sections.svg", FormatSVG, 0, 0, 1},
		{"ticketland-hall-1115.json", FormatPoints, 1115, 39, 6},
		{"points.json", FormatPoints, 9, 4, 3},
		{"grid.json", FormatPoints, 8, 3, 1},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			data := read(t, filepath.Join("testdata", "formats", c.file))
			p, report := mustImportAny(t, data, Options{Name: "A hall"})
			if p.SeatCount() != c.seats || report.Rows != c.rows || report.Zones != c.zones {
				t.Errorf("%d seats, %d rows, %d zones, want %d, %d, %d", p.SeatCount(), report.Rows, report.Zones, c.seats, c.rows, c.zones)
			}
			if got := detect(data); got != c.format {
				t.Errorf("taken for %q, want %s", got, c.format)
			}
			forced, _ := mustImportAny(t, data, Options{Format: c.format, Name: "A hall"})
			sameContent(t, forced, p)
			checkStored(t, p)
			checkWire(t, p)
			checkExported(t, p)
			text := describe(t, p, report)
			if p.SeatCount() > 500 { // what a reviewer would not read
				text = pretty(t, report)
			}
			testkit.Golden(t, filepath.Join("formats", c.file+".golden"), text)
		})
	}
}

func mustImportAny(t testing.TB, data []byte, how Options) (*Plan, *Report) {
	t.Helper()
	p, report, err := Import(bytes.NewReader(data), how)
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	checkPlan(t, p)
	return p, report
}

// A hall as another system exports it: 100 lines of 100 codes, 90 of them no seats.
func TestGridOfTenThousand(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	for row := range 100 {
		file.WriteString(strings.Repeat("[", 1+toInt(row == 0)))
		for seat := range 100 {
			status := "VACANT"
			if seat == 50 && row < 90 {
				status = "VOID"
			} else if row == 3 && seat < 30 {
				status = "RESERVED"
			}
			fmt.Fprintf(&file, `{"code":"%s%d","status":%q}%s`, string(rune('A'+row/26))+string(rune('A'+row%26)), seat+1, status,
				strings.Repeat(",", toInt(seat < 99)))
		}
		file.WriteString("]" + strings.Repeat(",", toInt(row < 99)))
	}
	p, report := mustImportAny(t, []byte(file.String()+"]"), Options{})
	if p.SeatCount() != 9910 || report.Rows != 100 || len(p.Blocks()) != 190 {
		t.Errorf("%d seats, %d rows, %d blocks", p.SeatCount(), report.Rows, len(p.Blocks()))
	}
	if count(report, "status-ignored") != 1 || count(report, "void-place") != 1 {
		t.Errorf("faults %v", report.Faults)
	}
	checkWire(t, p)
	checkExported(t, p)
}

// What is none of the formats, or must not be read, is refused with the reason first.
func TestUnusableFormats(t *testing.T) {
	t.Parallel()
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	svg := func(s string) string { return `<svg xmlns="http://www.w3.org/2000/svg">` + s + `</svg>` }
	for _, c := range []struct{ name, format, file, code string }{
		{"empty", "", "", "empty-file"},
		{"spreadsheet", "", "PK\x03\x04\x14\x00", "unknown-format"},
		{"PDF", "", "%PDF-1.7", "unknown-format"},
		{"binary", "", "ab\x00\x01", "unknown-format"},
		{"a letter", "", "Dear Sir,\n" + many("please find the plan, as agreed, below\n", 9), "not-a-grid"},
		{"long text", "", many("some words\n", 9000), "not-a-grid"},
		{"nothing but aisles", "csv", ",,,\n,-,\n", "no-seats"},
		{"wide", "", many(",", 2_000_000), "too-many-columns"},
		{"many seats", "", "seat,x\n" + many("1,2\n", MaxSeats+1), "too-many-seats"},
		{"many sections", "", "section,seat\n" + lines2000(), "too-many-zones"},
		{"a header alone", "", "section,row,seat\n", "no-seats"},
		{"HTML", "", "<html><body></body></html>", "bad-shape"},
		{"foreign root", "", `<svg xmlns="urn:other"/>`, "bad-shape"},
		{"cut off", "", "<svg><g>", "bad-xml"},
		{"no end tag", "", "<svg><g></svg>", "bad-xml"},
		{"unknown charset", "", `<?xml version="1.0" encoding="koi8-r"?><svg/>`, "bad-xml"},
		{"laughs", "", `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><svg><text>&lol2;</text></svg>`, "xml-entities"},
		{"a file from outside", "", `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg>&x;</svg>`, "xml-entities"},
		{"undeclared entity", "", `<svg><text>&x;</text></svg>`, "bad-xml"},
		{"deep", "", many("<g>", 200), "bad-shape"},
		{"deep groups", "", svg(many("<g>", 200)), "too-deep"},
		{"deep foreign", "", svg(many(`<x:g xmlns:x="urn:x">`, 200)), "too-deep"},
		{"many elements", "", svg(many("<g/>", maxElements+1)), "too-deep"},
		{"uses of uses", "", svg(laughs()), "too-many-elements"},
		{"a use of itself", "", svg(`<g id="a"><use href="#a"/><use href="#a"/></g>`), "no-seats"},
		{"a seat that is itself", "", svg(`<symbol id="a"><use href="#a"/><use href="#a"/></symbol><use class="seat" href="#a"/>`), "too-many-elements"},
		{"long path", "", svg(`<path d="M0 0` + many("c1 1 2 2 3 3", 20_000) + `"/>`), "too-many-points"},
		{"long polygon", "", svg(`<polygon points="` + many("1 2 ", MaxPoints+1) + `"/>`), "too-many-points"},
		{"many shapes", "", svg(many(`<circle r="1"/>`, MaxAreas+1)), "too-many-areas"},
		{"a text far out", "", svg(`<circle id="seat-A-1" cx="2" r="1"/><text x="2e6">Bar</text>`), "bad-coordinate"},
		{"points: no list", "points", `"x"`, "bad-shape"},
		{"points: lists of lists of lists", "", `[[["A1"]]]`, "bad-shape"},
		{"points: not a seat", "", `{"seats":[7]}`, "bad-shape"},
		{"points: far out", "", `{"seats":[{"seat":"1"}],"shapes":[{"type":"stage","x":1e9,"y":1}]}`, "bad-coordinate"},
		{"points: no number", "", `[{"seat":"1"},{"type":"stage","x":"left"}]`, "bad-coordinate"},
		{"points: two documents", "", `[] []`, "bad-json"},
		{"points: nothing", "", `[]`, "no-seats"},
		{"points: nameless areas alone", "", `{"seats":[],"areas":[{"points":[[0,0],[1,0],[1,1]]}]}`, "no-seats"},
		{"points: a stage alone", "", `{"seats":[],"areas":[{"name":"Main stage","points":[[0,0],[1,0],[1,1]]}]}`, "no-seats"},
		{"shapes and a stage", "", svg(many(`<circle r="5"/>`, 99) + `<text>Hello</text><rect id="stage" y="50" width="50" height="9"/>`), "no-seats"},
		{"points: deep", "", `[{"x":` + many("[", 1000), "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _, err := Import(strings.NewReader(c.file), Options{Format: c.format})
			var unusable *UnusableError
			if p != nil || !errors.As(err, &unusable) {
				t.Fatalf("plan %v, error %v", p, err)
			}
			if got := unusable.Report.Faults[0].Code; got != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

func lines2000() string {
	var b strings.Builder
	for i := range MaxZones + 1 {
		fmt.Fprintf(&b, "S%d,1\n", i)
	}
	return b.String()
}

// laughs is a drawing of a few lines that asks for a billion circles.
func laughs() string {
	out := `<g id="a0"><circle r="1" fill="none"/></g>`
	for i := 1; i < 9; i++ {
		out += fmt.Sprintf(`<g id="a%d">%s</g>`, i, strings.Repeat(fmt.Sprintf(`<use href="#a%d"/>`, i-1), 20))
	}
	return out
}

// A drawing of sections alone is a plan whose areas can be sold; one of nameless shapes says what is missing, and how
// much there was.
func TestSectionsAlone(t *testing.T) {
	t.Parallel()
	svg := string(read(t, "testdata/formats/sections.svg"))
	shapes := strings.NewReplacer(` id="section-STALLS-bg"`, "", ` id="section-LAWN-bg"`, "", "<text", "<desc", "</text", "</desc")
	for _, file := range []string{
		svg, strings.NewReplacer(".section {", ".map .section {", "<svg ", `<svg class="map" fill="none" `).Replace(svg),
		`{"seats":[],"areas":[{"name":"Lawn","points":[[0,0],[1,0],[1,1]]},{"name":"Stalls","points":[[2,0],[3,0],[3,1]]}]}`,
	} {
		p, report, err := Import(strings.NewReader(file), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p.SeatCount() != 0 || p.AreaByID("lawn") == nil || p.AreaByID("stalls") == nil || len(report.Faults) != 1 || report.Faults[0].Code != "only-areas" ||
			!strings.Contains(report.Faults[0].Detail, "seat-STALLS-A-12") {
			t.Errorf("%+v, %+v", p.Zones, report)
		}
	}
	_, _, err := Import(strings.NewReader(shapes.Replace(svg)), Options{})
	var unusable *UnusableError
	if !errors.As(err, &unusable) {
		t.Fatal(err)
	}
	first := unusable.Report.Faults[0]
	if first.Code != "no-seats" || !strings.HasPrefix(first.Detail, "2 areas without a name") || !strings.Contains(first.Detail, "seat-STALLS-A-12") {
		t.Errorf("%+v", first)
	}
}
