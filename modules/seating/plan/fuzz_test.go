package plan

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
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
	f.Fuzz(func(t *testing.T, data []byte) {
		p, report, err := ImportPretix(bytes.NewReader(data))
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
		checkPlan(t, p)
		checkStored(t, p)
		checkWire(t, p)
		if seats, ok := BestAvailable(p, func(int) bool { return true }, 2, -1, false); ok && len(seats) != 2 {
			t.Errorf("best are %v", seats)
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
