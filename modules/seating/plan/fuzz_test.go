package plan

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzImportPretix(f *testing.F) {
	traps, err := filepath.Glob("testdata/traps/*.json")
	if err != nil || len(traps) == 0 {
		f.Fatal("no traps", err)
	}
	// Small files only: the fuzzer spends its time on what it mutates, and the stadium would take all of it.
	for _, file := range traps {
		f.Add(read(f, file))
	}
	f.Add(zip(f, read(f, traps[0])))
	f.Add([]byte(`{"zones":[{"rows":[{"seats":[{},{"position":{"x":1e6,"y":-0.0001}}]}]}]}`))
	fuzzImport(f, FormatPretix)
}

func FuzzImportSVG(f *testing.F) {
	seed(f, "*.svg")
	for _, s := range []string{
		`<svg><circle id="seat-A-1" r="1e-300"/><use href="#seat-A-1" x="NaN"/></svg>`,
		`<svg><style>.a,b.c{fill:red}/*x*/.d{</style><circle class="seat a" r="1"/><circle class="c seat" id="seat-1" r="2"/></svg>`,
		`<svg><g id="row-A"><rect class="seat" width="9" height="9"/><path class="seat" d="m1 1a1 1 0 1 1 0 0zh9"/></g></svg>`,
		`<svg viewBox="0 0 0 0"><text id="section-A-label" transform="rotate(1e9)">A</text><rect id="section-A-bg"/><path data-seat="1"/></svg>`,
	} {
		f.Add([]byte(s))
	}
	fuzzImport(f, FormatSVG)
}

func FuzzImportCSV(f *testing.F) {
	seed(f, "*.csv")
	for _, s := range []string{"a:1+,\"b\"\"\n1\",-\r\rA|;\t", "x;y;seat;table;companion\n1,5;1e6;1;7;1\n;;;;", "A,1,2\n\n\n,,12b"} {
		f.Add([]byte(s))
	}
	fuzzImport(f, FormatCSV)
}

func FuzzImportPoints(f *testing.F) {
	seed(f, "points.json")
	seed(f, "grid.json")
	for _, s := range []string{
		`{"objects":[{"type":"seat","attrs":{"row":" ","seat":1},"x":1,"y":2},{"type":"section","name":"a","points":[[1,2],{"x":1}]}]}`,
		`{"Seats\u0000":[{"x":1,"y":1,"seat":"1","od\u0000d":1,"row":"\u0000","status":"\u0000s"}]}`,
		`[{"x":1,"y":1,"code":"A1"},{"x":2,"y":1,"code":"A2","companion_of":"A1"},["B1",null,{"code":"B2","status":"VOID"}]]`,
	} {
		f.Add([]byte(s))
	}
	fuzzImport(f, FormatPoints)
}

// FuzzImport leaves it to the importer to find out what a file is.
func FuzzImport(f *testing.F) {
	seed(f, "grid.*")
	seed(f, "audience1st-*.csv")
	f.Add([]byte(`{"name":{"zones":1},"seats":[{}]}`))
	f.Add(zip(f, []byte("row,seat\nA,1\n")))
	fuzzImport(f, "")
}

// seed gives the fuzzer what small files there are: it spends its time on what it mutates.
func seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "formats", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal("no files", pattern, err)
	}
	for _, file := range files {
		if data := read(f, file); len(data) < 10_000 && filepath.Ext(file) != ".golden" {
			f.Add(data)
		}
	}
}

// fuzzImport expects of whatever is imported, or refused, all that a plan and a report promise.
func fuzzImport(f *testing.F, format string) {
	f.Fuzz(func(t *testing.T, data []byte) {
		p, report, err := Import(bytes.NewReader(data), Options{Format: format})
		if err != nil {
			var unusable *UnusableError
			if p != nil || !errors.As(err, &unusable) || len(unusable.Report.Faults) == 0 {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		if report.Faults == nil || report.Renamed > p.SeatCount() {
			t.Errorf("report %+v", report)
		}
		if text := mustMarshal(t, report); strings.Contains(text, `\u0000`) || !utf8.ValidString(text) {
			t.Errorf("no database takes the report %s", text)
		}
		checkPlan(t, p)
		checkStored(t, p)
		checkWire(t, p)
		Picture(p)
		if seats, ok := BestAvailable(p, func(int) bool { return true }, 2, -1, false); ok && len(seats) != 2 {
			t.Errorf("best are %v", seats)
		}
		if max(p.Width, p.Height) <= maxCoordinate {
			checkExportedWords(t, p)
		}
	})
}

func FuzzDecodeFSP1(f *testing.F) {
	for _, name := range []string{"accessible", "areas", "scripts", "label-segments", "blank-names", "tables"} {
		p, _ := trap(f, name)
		f.Add(EncodeFSP1(p, "v"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		wire, err := DecodeFSP1(data)
		if err != nil {
			if wire != nil || !errors.Is(err, ErrBadFSP1) {
				t.Fatalf("%v, %v", wire, err)
			}
			return
		}
		// Whatever was let in, a page can be given it again.
		JSON(wire.Plan, wire.Version, wire.Sale...)
		again, err := DecodeFSP1(EncodeFSP1(wire.Plan, wire.Version, wire.Sale...))
		if err != nil {
			t.Fatalf("encode and decode again: %v", err)
		}
		for n, s := range wire.Plan.Seats() {
			other := again.Plan.Seat(n)
			if other == nil || other.Label != s.Label || other.Category != s.Category || other.Accessible != s.Accessible {
				t.Fatalf("seat %d changed: %+v %+v", n, s, other)
			}
		}
	})
}
