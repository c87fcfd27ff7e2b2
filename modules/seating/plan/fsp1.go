package plan

import (
	"encoding/binary"
	"math"
	"strconv"
)

// FSP1 is the plan as pages load it, columns of second-order deltas that compress to a fraction of the JSON. With
// v = LEB128 varint, z = zigzag varint, s = v byte length + UTF-8, the file is
//
//	s "FSP1" | s head (JSON) | v rows | v len x5 | R | X | Y | C | B
//	R  per row:  v zone - previous zone | v label (index in head.s) | v seats
//	X  per row:  z x0 - x0 of the previous row | then z of dx - previous dx, which is 0 at the start of a row
//	Y  the same for y
//	C  over all seats:  v category | v count
//	B  per row:  v 1, v first, z step (numbers first, first+step, …)  or  v 0, then v number per seat (index in head.s)
//
// X and Y count quanta of head.q px. B holds Seat.Number; the label is row label, dash and number unless head.l or
// head.x says otherwise.
const (
	fsp1Magic  = "FSP1"
	fsp1Finest = 64      // quanta in a pitch
	fsp1Widest = 1 << 24 // quanta in a plan, so that deltas of deltas fit 32 bits and a page's float32 is exact
)

type (
	fsp1Head struct {
		Version    string     `json:"v"`
		Width      float64    `json:"w"`
		Height     float64    `json:"h"`
		Quantum    float64    `json:"q"` // plan px in one quantum
		Pitch      float64    `json:"p"`
		Categories []Category `json:"c"`
		Zones      []fsp1Zone `json:"z"`
		Strings    []string   `json:"s"`
		Accessible []int      `json:"a,omitempty"` // seat numbers, each less the one before it
		Companions [][2]int   `json:"m,omitempty"` // [n, companion_of]
		Notes      [][2]int   `json:"o,omitempty"` // [n, its note in s]
		Tables     []int      `json:"t,omitempty"` // the rows, counted over the whole plan, that are tables
		// Labels lists the rows whose labels are not "row-number": [row, what stands before the number, what after].
		Labels [][3]int `json:"l,omitempty"`
		// Odd lists the labels that follow no rule, by seat number.
		Odd map[int]string `json:"x,omitempty"`
	}
	fsp1Zone struct {
		Name    string       `json:"name"`
		Outline [][2]float64 `json:"outline,omitempty"` // convex hull of its seats
		Areas   []areaJSON   `json:"areas,omitempty"`
	}
)

// EncodeFSP1 writes the plan as …/plan/{version}.bin, with the areas one event has on sale. Positions are rounded to
// 1/64 of the pitch; seat keys and the plan's name are left out.
func EncodeFSP1(p *Plan, version string, sale ...AreaSale) []byte {
	quantum := max(p.Pitch()/fsp1Finest, max(p.Width, p.Height)/fsp1Widest)
	e := &fsp1Encoder{strings: map[string]int{}, head: fsp1Head{
		Version: version, Width: p.Width, Height: p.Height, Quantum: quantum, Pitch: p.Pitch(), Categories: p.Categories,
	}}
	round := rounder(p.Pitch())
	rows, zone := 0, 0
	for z := range p.Zones {
		e.head.Zones = append(e.head.Zones, fsp1Zone{Name: p.Zones[z].Name,
			Outline: outline(&p.Zones[z], round), Areas: areasJSON(p, p.Zones[z].Areas, sale)})
		for r := range p.Zones[z].Rows {
			e.row(rows, z-zone, &p.Zones[z].Rows[r])
			rows, zone = rows+1, z
		}
	}
	e.categories(p.Seats())
	e.marked(p.Seats())

	head := mustJSON(e.head)
	out := appendText(nil, fsp1Magic)
	out = appendText(out, string(head))
	out = binary.AppendUvarint(out, uint64(rows))
	streams := [][]byte{e.rows, e.x.out, e.y.out, e.cats, e.numbers}
	for _, s := range streams {
		out = binary.AppendUvarint(out, uint64(len(s)))
	}
	for _, s := range streams {
		out = append(out, s...)
	}
	return out
}

type fsp1Encoder struct {
	head                fsp1Head
	strings             map[string]int
	rows, cats, numbers []byte
	x, y                deltas
}

func (e *fsp1Encoder) row(index, zoneStep int, row *Row) {
	e.rows = binary.AppendUvarint(e.rows, uint64(zoneStep))
	e.rows = binary.AppendUvarint(e.rows, uint64(e.text(row.Label)))
	e.rows = binary.AppendUvarint(e.rows, uint64(len(row.Seats)))
	for i := range row.Seats {
		e.x.add(i == 0, int64(math.Round(row.Seats[i].X/e.head.Quantum)))
		e.y.add(i == 0, int64(math.Round(row.Seats[i].Y/e.head.Quantum)))
	}
	if first, step, ok := counting(row.Seats); ok {
		e.numbers = binary.AppendUvarint(e.numbers, 1)
		e.numbers = binary.AppendUvarint(e.numbers, uint64(first))
		e.numbers = binary.AppendVarint(e.numbers, step)
	} else {
		e.numbers = binary.AppendUvarint(e.numbers, 0)
		for i := range row.Seats {
			e.numbers = binary.AppendUvarint(e.numbers, uint64(e.text(row.Seats[i].Number)))
		}
	}
	e.labels(index, row)
	if row.Table {
		e.head.Tables = append(e.head.Tables, index)
	}
}

func (e *fsp1Encoder) labels(index int, row *Row) {
	before, after := labelRule(row)
	if usual, _ := usualRule(row.Label); before != usual || after != "" {
		e.head.Labels = append(e.head.Labels, [3]int{index, e.text(before), e.text(after)})
	}
	for i := range row.Seats {
		if s := &row.Seats[i]; s.Label != before+s.Number+after {
			if e.head.Odd == nil {
				e.head.Odd = map[int]string{}
			}
			e.head.Odd[s.N] = s.Label
		}
	}
}

func (e *fsp1Encoder) categories(seats []*Seat) {
	for n := 0; n < len(seats); {
		to := n
		for to < len(seats) && seats[to].Category == seats[n].Category {
			to++
		}
		e.cats = binary.AppendUvarint(e.cats, uint64(seats[n].Category))
		e.cats = binary.AppendUvarint(e.cats, uint64(to-n))
		n = to
	}
}

// marked lists what only some seats have.
func (e *fsp1Encoder) marked(seats []*Seat) {
	last := 0
	for n, s := range seats {
		if s.Accessible {
			e.head.Accessible = append(e.head.Accessible, n-last)
			last = n
		}
		if s.CompanionOf >= 0 {
			e.head.Companions = append(e.head.Companions, [2]int{n, s.CompanionOf})
		}
		if s.Note != "" {
			e.head.Notes = append(e.head.Notes, [2]int{n, e.text(s.Note)})
		}
	}
}

// text gives the index of a string in the head, adding it when it is new.
func (e *fsp1Encoder) text(s string) int {
	i, ok := e.strings[s]
	if !ok {
		i = len(e.head.Strings)
		e.strings[s] = i
		e.head.Strings = append(e.head.Strings, s)
	}
	return i
}

// counting tells whether the numbers of a row count up or down evenly, and are written the way a program would.
func counting(seats []Seat) (first, step int64, ok bool) {
	for i := range seats {
		v, err := strconv.ParseInt(seats[i].Number, 10, 32)
		switch {
		case err != nil || v < 0 || strconv.FormatInt(v, 10) != seats[i].Number:
			return 0, 0, false
		case i == 0:
			first = v
		case i == 1:
			step = v - first
		case v != first+int64(i)*step:
			return 0, 0, false
		}
	}
	return first, step, true
}
