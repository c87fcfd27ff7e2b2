package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fairseat/app/testkit"
)

// checkStored sends a plan through its stored form and expects all of it back, as itself.
func checkStored(t rapid.TB, p *Plan) {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	// jsonb gives keys in another order and numbers as it pleases; a map does the same.
	var loose any
	if err := json.Unmarshal(data, &loose); err != nil {
		t.Fatal(err)
	}
	var again Plan
	if err := json.Unmarshal([]byte(mustMarshal(t, loose)), &again); err != nil {
		t.Fatal(err)
	}
	sameContent(t, &again, p)
	if again.Digest() != p.Digest() || len(p.Digest()) != 16 {
		t.Errorf("digest %s became %s", p.Digest(), again.Digest())
	}
}

func TestStoredPlanComesBack(t *testing.T) {
	t.Parallel()
	checkStored(t, stadium(t))
}

// Reading into a plan that was in use must not keep what was derived from the old one.
func TestUnmarshalReplaces(t *testing.T) {
	t.Parallel()
	used := hall("aaaa")
	before := used.Digest()
	if err := json.Unmarshal([]byte(mustMarshal(t, hall("aaa", "aa"))), used); err != nil {
		t.Fatal(err)
	}
	if used.SeatCount() != 5 || used.Digest() == before {
		t.Errorf("%d seats", used.SeatCount())
	}
}

func TestStoredPlanIsChecked(t *testing.T) {
	t.Parallel()
	good := mustMarshal(t, hall("aA"))
	for name, change := range map[string][2]string{
		"version":   {`"v":1`, `"v":2`},
		"category":  {`"c":1`, `"c":2`},
		"label":     {`"l":"A-2"`, `"l":"A-1"`},
		"size":      {`"width":2000`, `"width":-1`},
		"position":  {`"x":100`, `"x":1e300`},
		"companion": {`"c":1`, `"m":2`},
		"type":      {`"zones":[`, `"zones":[1,`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		var p Plan
		if err := json.Unmarshal([]byte(bad), &p); err == nil || bad == good {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDigestFollowsContent(t *testing.T) {
	t.Parallel()
	one, same, other := hall("aaa"), hall("aaa"), hall("aaA")
	if one.Digest() != same.Digest() {
		t.Error("equal plans differ")
	}
	if one.Digest() == other.Digest() {
		t.Error("different plans are equal")
	}
}

func TestPublicJSON(t *testing.T) {
	t.Parallel()
	for name, sale := range map[string][]AreaSale{
		"areas":      {{Area: "bar-2", First: 3, Capacity: 50, Category: 1}},
		"accessible": nil,
		"tables":     nil,
	} {
		p, _ := trap(t, name)
		var b bytes.Buffer
		if err := json.Indent(&b, JSON(p, "7-abc", sale...), "", " "); err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name+".public.json", b.Bytes())
		checkWire(t, p, sale...)
	}
}

func TestWireOfStadium(t *testing.T) {
	t.Parallel()
	p := stadium(t)
	checkWire(t, p)
	wire, api := EncodeFSP1(p, "1-"+p.Digest()), JSON(p, "1-"+p.Digest())
	if string(wire[:5]) != "\x04FSP1" {
		t.Errorf("starts with %q", wire[:5])
	}
	packed := len(zip(t, wire))
	t.Logf("stadium, 738 seats: FSP1 %d bytes, gzip %d; JSON %d, gzip %d", len(wire), packed, len(api), len(zip(t, api)))
	// It was 1,524 bytes when this was written, of which much is the head.
	if packed > 2000 {
		t.Errorf("FSP1 of the stadium has grown to %d bytes", packed)
	}
}

// The layout byte by byte, so that a page's decoder and this one cannot drift apart together.
func TestWireLayout(t *testing.T) {
	t.Parallel()
	p := hall("aA", "b")
	p.Zones = append(p.Zones, Zone{Name: "Up", Rows: []Row{{Label: "", Seats: []Seat{
		{N: 3, Number: "x", Label: "x", X: 100, Y: 175, CompanionOf: -1}}}}})
	data := EncodeFSP1(p, "v")
	_, tail, ok := bytes.Cut(data, []byte(`"s":["A","B","","x"]}`))
	if !ok {
		t.Fatalf("strings missing in %q", data)
	}
	// One quantum is 25/64 px: x 100 is 256 quanta (zigzag 512), a step of 25 is 64 (128), y 125 is 320, 175 is 448.
	want := []byte{
		3, 9, 6, 7, 6, 8, // three rows; five lengths
		0, 0, 2 /**/, 0, 1, 1 /**/, 1, 2, 1, // R: zone step, label, seats
		0x80, 4, 0x80, 1 /**/, 0 /**/, 0, // X
		0x80, 4, 0 /**/, 0x80, 1 /**/, 0x80, 2, // Y
		0, 1, 1, 1, 0, 2, // C: category, count
		1, 1, 2 /**/, 1, 1, 0 /**/, 0, 3, // B: counting 1,2; counting 1; a string
	}
	if !bytes.Equal(tail, want) {
		t.Errorf("got  %v\nwant %v", tail, want)
	}
}

func TestWireKeepsOddLabels(t *testing.T) {
	t.Parallel()
	p := hall("aaa", "aaaa", "aa")
	for i, label := range []string{"Level 1 A-1 (2)", "Level 1 A-2 (2)", "Level 1 A-3 (2)", "B-1", "B-2 (2)", "B-3", "B-4", "weird", "C-2"} {
		p.Seat(i).Label = label
	}
	for i, number := range []string{"1", "2", "3", "007", "2", "3", "4", "", "2"} {
		p.Seat(i).Number = number
	}
	checkWire(t, p)
}

func TestCounting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		numbers     string
		first, step int64
		ok          bool
	}{
		{"1 2 3", 1, 1, true}, {"35 33 31", 35, -2, true}, {"4", 4, 0, true}, {"2 2", 2, 0, true}, {"1 2 4", 0, 0, false},
		{"01 02", 0, 0, false}, {"1 -1", 0, 0, false}, {"+1 2", 0, 0, false}, {"A 2", 0, 0, false}, {"99999999999", 0, 0, false},
	} {
		var seats []Seat
		for _, n := range strings.Fields(c.numbers) {
			seats = append(seats, Seat{Number: n})
		}
		if first, step, ok := counting(seats); ok != c.ok || ok && (first != c.first || step != c.step) {
			t.Errorf("%s: %d, %d, %v", c.numbers, first, step, ok)
		}
	}
}

// Every prefix of a file and every file with one byte turned must give an error or a sound plan.
func TestDamagedWire(t *testing.T) {
	t.Parallel()
	p, _ := trap(t, "accessible")
	data := EncodeFSP1(p, "v")
	for i := range data {
		if _, err := DecodeFSP1(data[:i]); !errors.Is(err, ErrBadFSP1) {
			t.Errorf("cut at %d: %v", i, err)
		}
		for bit := range 8 {
			bad := slices.Clone(data)
			bad[i] ^= 1 << bit
			if wire, err := DecodeFSP1(bad); err != nil && !errors.Is(err, ErrBadFSP1) {
				t.Errorf("byte %d: %v", i, err)
			} else if err == nil && wire.Plan.check() != nil {
				t.Errorf("byte %d: let in a plan with %v", i, wire.Plan.check())
			}
		}
	}
	if _, err := DecodeFSP1(append(slices.Clone(data), 0)); !errors.Is(err, ErrBadFSP1) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestOutline(t *testing.T) {
	t.Parallel()
	same := func(v float64) float64 { return v }
	for _, c := range []struct {
		rows    []string
		corners int
	}{{[]string{"a"}, 1}, {[]string{"aaaa"}, 2}, {[]string{"aaa", "aaa", "aaa"}, 4}, {[]string{"a", "aa"}, 3}} {
		if got := outline(&hall(c.rows...).Zones[0], same); len(got) != c.corners {
			t.Errorf("%v: %v", c.rows, got)
		}
	}
}

func TestTinyAndHugeUnits(t *testing.T) {
	t.Parallel()
	for _, unit := range []float64{1e-4, 0.02, 1, 1000} {
		var d draft
		row := draftRow{label: "A"}
		for i := range 40 {
			row.seats = append(row.seats, draftSeat{at: Point{X: float64(i) * unit}, placed: true})
		}
		d.zones = []draftZone{{name: "Hall", rows: []draftRow{row}}}
		p, err := d.build(newReporter())
		if err != nil {
			t.Fatal(err)
		}
		checkPlan(t, p)
		checkWire(t, p)
		checkStored(t, p)
		if len(p.Blocks()) != 1 || math.Abs(p.Pitch()-unit) > unit/100 {
			t.Errorf("unit %g: pitch %g, %d blocks", unit, p.Pitch(), len(p.Blocks()))
		}
	}
}
