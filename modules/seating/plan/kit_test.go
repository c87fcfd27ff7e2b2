package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const stadiumFile = "testdata/seatmap-canvas-stadium.pretix.json"

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// planFiles are all files of testdata that give a plan.
func planFiles(t testing.TB) []string {
	t.Helper()
	files := []string{stadiumFile}
	for _, pattern := range []string{"traps/*.json", "formats/*.json", "formats/*.csv", "formats/*.svg"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	return files
}

func mustImport(t testing.TB, data []byte) (*Plan, *Report) {
	t.Helper()
	p, report, err := ImportPretix(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	checkPlan(t, p)
	return p, report
}

func trap(t testing.TB, name string) (*Plan, *Report) {
	t.Helper()
	return mustImport(t, read(t, filepath.Join("testdata", "traps", name+".json")))
}

func stadium(t testing.TB) *Plan {
	t.Helper()
	p, _ := mustImport(t, read(t, stadiumFile))
	return p
}

// checkPlan holds a plan against what Plan promises, whatever it was made from.
func checkPlan(t rapid.TB, p *Plan) {
	t.Helper()
	if err := p.check(); err != nil {
		t.Error(err)
	}
	keys, ids := map[string]bool{}, map[string]bool{}
	for _, s := range p.Seats() {
		if s.Key == "" || keys[s.Key] {
			t.Errorf("seat %d has the key %q of another", s.N, s.Key)
		}
		keys[s.Key] = true
		if s.Label == "" || s.Label != clean(s.Label, 1000) {
			t.Errorf("seat %d has an unclean label %q", s.N, s.Label)
		}
		if s.Note != clean(s.Note, maxNote) {
			t.Errorf("seat %d has an unclean note %q", s.N, s.Note)
		}
		if of := s.CompanionOf; of >= 0 && (s.Accessible || !p.Seat(of).Accessible) {
			t.Errorf("seat %d belongs to seat %d, which is not accessible", s.N, of)
		}
	}
	for _, c := range p.Categories {
		if ids[c.ID] || ids[c.Name+"\x00"] || c.ID == "" || c.Name == "" || c.Color == "" {
			t.Errorf("category %+v is not unique or not whole", c)
		}
		ids[c.ID], ids[c.Name+"\x00"] = true, true
	}
	inside := true
	p.drawn(func(x, y *float64) { inside = inside && *x >= 0 && *x <= p.Width && *y >= 0 && *y <= p.Height })
	if !inside {
		t.Errorf("something is drawn outside %g x %g", p.Width, p.Height)
	}
	covered := 0
	for _, block := range p.Blocks() {
		for i, n := range block {
			if n != covered || i > 0 && !p.Adjacent(block[i-1], n) || i == 0 && p.Adjacent(n, n-1) {
				t.Errorf("block %v is wrong at %d", block, n)
			}
			covered++
		}
	}
	if covered != p.SeatCount() {
		t.Errorf("blocks hold %d of %d seats", covered, p.SeatCount())
	}
}

// sameContent compares what plans say, not what they have derived so far.
func sameContent(t rapid.TB, got, want *Plan) {
	t.Helper()
	if got, want := mustMarshal(t, got), mustMarshal(t, want); got != want {
		t.Errorf("got  %.2000s\nwant %.2000s", got, want)
	}
}

func mustMarshal(t rapid.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// checkWire sends a plan through FSP1 and expects everything back, positions to half a quantum.
func checkWire(t rapid.TB, p *Plan, sale ...AreaSale) {
	t.Helper()
	wire, err := DecodeFSP1(EncodeFSP1(p, "v7", sale...))
	if err != nil {
		t.Fatalf("decode what was encoded: %v", err)
	}
	if wire.Version != "v7" || !reflect.DeepEqual(wire.Sale, sale) {
		t.Errorf("version %q, sale %v, want v7 and %v", wire.Version, wire.Sale, sale)
	}
	got := wire.Plan
	half := max(p.Pitch()/fsp1Finest, max(p.Width, p.Height)/fsp1Widest) * 0.5001
	if got.SeatCount() != p.SeatCount() {
		t.Fatalf("%d seats, want %d", got.SeatCount(), p.SeatCount())
	}
	for n, s := range got.Seats() {
		want := p.Seat(n)
		if math.Abs(s.X-want.X) > half || math.Abs(s.Y-want.Y) > half {
			t.Errorf("seat %d at %g,%g, want %g,%g", n, s.X, s.Y, want.X, want.Y)
		}
		// What is not on the wire, or has just been compared, is put in place so that the rest must be equal.
		s.Key, s.X, s.Y = want.Key, want.X, want.Y
	}
	got.Name = p.Name
	sameContent(t, got, p)
}

// hall is a plan of straight rows without importing one: each string is a row, each letter a seat of category 0, or
// 1 for a capital; # an accessible seat, + a companion of the seat before it, a space an aisle.
func hall(rows ...string) *Plan {
	p := &Plan{Width: 2000, Height: 2000, Zones: []Zone{{Name: "Hall"}},
		Categories: []Category{{ID: "a", Name: "A", Color: "red"}, {ID: "b", Name: "B", Color: "blue"}}}
	n := 0
	for y, text := range rows {
		row := Row{Label: string(rune('A' + y))}
		for x, c := range text {
			if c == ' ' {
				continue
			}
			seat := Seat{N: n, Number: fmt.Sprint(x + 1), X: 100 + float64(x)*25, Y: 100 + float64(y)*25, CompanionOf: -1}
			seat.Label = row.Label + "-" + seat.Number
			seat.Key = seat.Label
			seat.Accessible = c == '#'
			if c >= 'A' && c <= 'Z' {
				seat.Category = 1
			}
			if c == '+' {
				seat.CompanionOf = n - 1
			}
			row.Seats = append(row.Seats, seat)
			n++
		}
		p.Zones[0].Rows = append(p.Zones[0].Rows, row)
	}
	return p
}

// refused is the reason why a file gives no plan.
func refused(t testing.TB, file, format string) Fault {
	t.Helper()
	p, _, err := Import(strings.NewReader(file), Options{Format: format})
	var unusable *UnusableError
	if p != nil || !errors.As(err, &unusable) {
		t.Fatalf("%.80q: plan %v, error %v", file, p, err)
	}
	return unusable.Report.Faults[0]
}
