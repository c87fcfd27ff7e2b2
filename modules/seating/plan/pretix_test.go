package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairseat/app/fault"
	"fairseat/app/testkit"
)

// The stadium is a real file: 420 of its 738 seats use the id of another.
func TestStadiumKeepsEverySeat(t *testing.T) {
	t.Parallel()
	p, report := mustImport(t, read(t, stadiumFile))
	if p.SeatCount() != 738 || len(p.Zones) != 2 || report.Rows != 90 || report.Zones != 2 || len(p.Categories) != 5 {
		t.Errorf("%d seats, %d zones, %d rows, %d categories", p.SeatCount(), len(p.Zones), report.Rows, len(p.Categories))
	}
	if a := p.Zones[0].Areas; len(a) != 1 || a[0].Shape != "rectangle" || len(p.Zones[1].Areas) != 0 {
		t.Errorf("areas %+v", a)
	}
	if got := count(report, "duplicate-guid"); got != 126 {
		t.Errorf("%d duplicate ids reported, want 126", got)
	}
	if got := count(report, "duplicate-label"); got != 126 {
		t.Errorf("%d duplicate labels reported, want 126", got)
	}
	testkit.Golden(t, "stadium.report.json", pretty(t, report))
}

func count(r *Report, code string) (n int) {
	for _, f := range r.Faults {
		if f.Code == code {
			n++
		}
	}
	return n
}

func pretty(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each file holds one trap; codes lists all faults it must be reported with, labels what the ushers read.
func TestTraps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, codes, labels string
		renamed             int
	}{
		{"duplicate-guid", "blank-guid duplicate-guid", "A-1 A-2 A-3 A-4 A-5 A-6", 2},
		{"label-zones", "", "Stalls A-1|Stalls A-2|B-1|B-2|Balcony A-2|Balcony A-3|C-1", 0},
		{"label-segments", "duplicate-label", "A-1|A-2|A-3|A-4|A-1 (2)|A-2 (2)|A-3 (2)|A-4 (2)|B-1|B-1 (2)|B-1 (2) (2)", 6},
		{"zones-of-one-name", "duplicate-label", "A-1|A-1 (2)|Hall A-1", 1},
		{"categories", "bad-color blank-category duplicate-category unknown-category", "A-1 A-2 A-3 A-4 A-5 A-6 A-7 A-8", 0},
		{"blank-names", "blank-row-name blank-seat-number duplicate-label no-position", "1|2|1 (2)|2 (2)|Loge-1|Z-1|Z-2", 2},
		{"out-of-bounds", "out-of-bounds", "A-1 A-2 A-3", 0},
		{"same-place", "same-place", "A-1 A-2 A-3 A-4", 0},
		{"old-2019", "", "1-1 1-2", 0},
		{"loose-types", "bad-position blank-category wrong-type", "3-1 3-1.5", 0},
		{"unknown-keys", "unknown-key", "A-1 A-2", 0},
		{"guid-disagrees", "guid-disagrees", "D-1 D-2 D-3 D-4", 0},
		{"scripts", "", "א-12|א-13|أ-١٢|Ряд 1-1|座-😀", 0},
		{"aisles", "", "A-35 A-34 A-33 A-32 A-31 A-30", 0},
		{"areas", "bad-color unknown-shape", "A-1 A-2 A-3", 0},
		{"accessible", "bad-companion duplicate-guid", "A-1 A-2 A-3 A-4 A-5 B-1 B-2", 1},
		{"tables", "", "Table 4-1|Table 4-2|Table 4-3|Mesa 5-1|4-1|Tisch 9-1", 0},
		{"empty-parts", "empty-row empty-zone", "B-1", 0},
		{"long-names", "duplicate-guid duplicate-label", "", 1},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			p, report := trap(t, c.file)
			var codes, labels []string
			for _, f := range report.Faults {
				codes = append(codes, f.Code)
			}
			slices.Sort(codes)
			if got := strings.Join(slices.Compact(codes), " "); got != c.codes {
				t.Errorf("faults %q, want %q", got, c.codes)
			}
			for _, s := range p.Seats() {
				labels = append(labels, s.Label)
			}
			sep := " "
			if strings.Contains(c.labels, "|") {
				sep = "|"
			}
			if got := strings.Join(labels, sep); c.labels != "" && got != c.labels {
				t.Errorf("labels %q, want %q", got, c.labels)
			}
			if report.Renamed != c.renamed {
				t.Errorf("%d renamed, want %d", report.Renamed, c.renamed)
			}
			testkit.Golden(t, filepath.Join("traps", c.file+".golden"), describe(t, p, report))
			checkStored(t, p)
			checkWire(t, p)
		})
	}
}

// describe writes a plan the way a reviewer wants to read it: one line a seat.
func describe(t testing.TB, p *Plan, report *Report) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%q %g x %g, pitch %.4g, focal point %g,%g\n", p.Name, p.Width, p.Height, p.Pitch(), p.derive().focal.X, p.derive().focal.Y)
	for _, c := range p.Categories {
		fmt.Fprintf(&b, "category %s %q %s\n", c.ID, c.Name, c.Color)
	}
	for _, z := range p.Zones {
		fmt.Fprintf(&b, "zone %q\n", z.Name)
		for _, r := range z.Rows {
			kind := "row"
			if r.Table {
				kind = "table"
			}
			fmt.Fprintf(&b, "  %s %q\n", kind, r.Label)
			for _, s := range r.Seats {
				before, after := p.Neighbours(s.N)
				fmt.Fprintf(&b, "    %d %q %q key %q at %g,%g %s beside %d,%d", s.N, s.Label, s.Number, s.Key, s.X, s.Y,
					p.Categories[s.Category].ID, before, after)
				if s.Accessible {
					b.WriteString(" accessible")
				}
				if s.CompanionOf >= 0 {
					fmt.Fprintf(&b, " companion of %d", s.CompanionOf)
				}
				if s.Note != "" {
					fmt.Fprintf(&b, " note %q", s.Note)
				}
				b.WriteString("\n")
			}
		}
		for _, a := range z.Areas {
			fmt.Fprintf(&b, "  area %s\n", mustMarshal(t, a))
		}
	}
	b.Write(pretty(t, report))
	return b.Bytes()
}

// What cannot be a plan is refused with a reason, and the error answers as what it is.
func TestUnusableFiles(t *testing.T) {
	t.Parallel()
	rows := func(row string) string { return `{"zones":[{"rows":[` + row + `]}]}` }
	row := func(x string) string { return rows(`{"position":{"x":` + x + `,"y":0},"seats":[{}]}`) }
	many := func(what string, n int) string { return strings.Repeat(what+",", n) + what }
	for _, c := range []struct{ name, file, code string }{
		{"empty", ``, "empty-file"},
		{"not JSON", `<svg/>`, "bad-json"},
		{"cut off", `{"zones":[{"rows":`, "bad-json"},
		{"two plans", `{"zones":[]}{}`, "bad-json"},
		{"a list", `[]`, "bad-shape"},
		{"zones are an object", `{"zones":{}}`, "bad-shape"},
		{"a seat is a text", rows(`{"seats":["A1"]}`), "bad-shape"},
		{"null", `null`, "empty-file"},
		{"nothing in it", `{}`, "bad-shape"},
		{"no zones in it", `{"zones":null}`, "no-seats"},
		{"rows without seats", rows(`{"row_number":"A"}`), "no-seats"},
		{"infinite", row("1e999"), "bad-coordinate"},
		{"far out", row("-1000001"), "bad-coordinate"},
		{"no number", row(`"left"`), "bad-coordinate"},
		{"NaN", row(`"NaN"`), "bad-coordinate"},
		{"a flag", row("true"), "bad-coordinate"},
		{"far out together", `{"zones":[{"position":{"x":900000},"rows":[{"position":{"x":900000},"seats":[{}]}]}]}`, "bad-coordinate"},
		{"deep", `{"extra":` + strings.Repeat("[", 200_000), "too-deep"},
		{"many seats", rows(`{"seats":[` + many("{}", MaxSeats) + `]}`), "too-many-seats"},
		{"many rows", rows(many("{}", MaxRows)), "too-many-rows"},
		{"many zones", `{"zones":[` + many("{}", MaxZones) + `]}`, "too-many-zones"},
		{"many areas", `{"zones":[{"areas":[` + many("{}", MaxAreas) + `]}]}`, "too-many-areas"},
		{"many points", `{"zones":[{"areas":[{"polygon":{"points":[` + many("{}", MaxPoints) + `]}}]}]}`, "too-many-points"},
		{"many categories", `{"categories":[` + many("{}", MaxCategories) + `]}`, "too-many-categories"},
		{"damaged gzip", "\x1f\x8b\x08\x00rubbish", "bad-gzip"},
		{"cut gzip", string(zip(t, []byte(`{"zones":[]}`))[:20]), "bad-gzip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, report, err := ImportPretix(strings.NewReader(c.file))
			var unusable *UnusableError
			if p != nil || report != nil || !errors.As(err, &unusable) {
				t.Fatalf("plan %v, report %v, error %v", p, report, err)
			}
			if got := unusable.Report.Faults[0].Code; got != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
			if f := fault.As(err); !errors.Is(err, ErrBadPlan) || f.Facts["report"] != unusable.Report {
				t.Errorf("answers as %v", f)
			}
		})
	}
}

// Categories that seats name without their being declared count too.
func TestTooManyNamedCategories(t *testing.T) {
	t.Parallel()
	var seats []string
	for i := range MaxCategories + 1 {
		seats = append(seats, fmt.Sprintf(`{"category":"c%d"}`, i))
	}
	_, _, err := ImportPretix(strings.NewReader(`{"zones":[{"rows":[{"seats":[` + strings.Join(seats, ",") + `]}]}]}`))
	var unusable *UnusableError
	if !errors.As(err, &unusable) || unusable.Report.Faults[0].Code != "too-many-categories" {
		t.Error(err)
	}
}

// A report of a hopeless file stays readable.
func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	file := `{"zones":[{"rows":[` + strings.Repeat(`{"seats":[{}]},`, 999) + `{"seats":[{}]}]}]}`
	_, report := mustImport(t, []byte(file))
	if count(report, "blank-row-name") != maxFaults+1 || !slices.Contains(report.Faults, Fault{"blank-row-name", "", "and 700 more"}) {
		t.Errorf("%d faults", len(report.Faults))
	}
}

// The same seats drawn again, with others added around, keep their keys.
func TestKeysSurviveRedrawing(t *testing.T) {
	t.Parallel()
	file := read(t, stadiumFile)
	var doc map[string]any
	if err := json.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	zones := doc["zones"].([]any)
	rows := zones[0].(map[string]any)["rows"].([]any)
	zones[0].(map[string]any)["rows"] = rows[:len(rows)-1]
	again, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, s := range stadium(t).Seats() {
		keys[s.Key] = true
	}
	fewer, _ := mustImport(t, again)
	for _, s := range fewer.Seats() {
		if !keys[s.Key] {
			t.Errorf("seat %s has a new key %s", s.Label, s.Key)
		}
	}
}
