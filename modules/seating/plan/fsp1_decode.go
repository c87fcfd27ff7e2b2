package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// ErrBadFSP1 is what errors.Is finds when bytes are not an FSP1 plan.
var ErrBadFSP1 = errors.New("not an FSP1 plan")

// Wire is what an FSP1 file says.
type Wire struct {
	Version string
	Plan    *Plan // without Name and seat keys; positions are rounded to the quantum
	Sale    []AreaSale
}

// maxLabels bounds the bytes of all labels and notes together: a short file could otherwise repeat one long string many times.
const maxLabels = 64 << 20

// DecodeFSP1 reads an FSP1 plan from anybody. It never panics and needs memory in proportion to len(data), plus at most
// 64 MiB of labels and notes.
func DecodeFSP1(data []byte) (*Wire, error) {
	d := &fsp1Decoder{}
	file := fsp1Stream{d: d, data: data}
	if string(file.text()) != fsp1Magic {
		return nil, fmt.Errorf("%w: it does not start with FSP1", ErrBadFSP1)
	}
	if err := json.Unmarshal(file.text(), &d.head); err != nil {
		return nil, fmt.Errorf("%w: head: %w", ErrBadFSP1, err)
	}
	if !(d.head.Quantum > 0) {
		d.fail("quantum")
	}
	rows := file.count(MaxRows)
	var sizes [5]int
	for i := range sizes {
		sizes[i] = file.count(len(data))
	}
	for i, s := range []*fsp1Stream{&d.r, &d.x, &d.y, &d.c, &d.b} {
		*s = fsp1Stream{d: d, data: file.take(sizes[i])}
	}
	if len(file.data) > 0 {
		d.fail("more follows")
	}
	plan := d.plan(rows)
	if d.err == nil {
		d.err = d.wrap(plan.check())
	}
	if d.err != nil {
		return nil, d.err
	}
	sale, err := d.sale(plan)
	if err != nil {
		return nil, err
	}
	return &Wire{Version: d.head.Version, Plan: plan, Sale: sale}, nil
}

type fsp1Decoder struct {
	head          fsp1Head
	r, x, y, c, b fsp1Stream
	err           error // the first one
	seats, bytes  int
}

func (d *fsp1Decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrBadFSP1, what)
	}
}

func (d *fsp1Decoder) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrBadFSP1, err)
}

func (d *fsp1Decoder) plan(rows int) *Plan {
	h := &d.head
	p := &Plan{Width: h.Width, Height: h.Height, Categories: h.Categories, Zones: make([]Zone, len(h.Zones))}
	for i, z := range h.Zones {
		p.Zones[i].Name = z.Name
		for _, a := range z.Areas {
			p.Zones[i].Areas = append(p.Zones[i].Areas, a.Area)
		}
	}
	rules := map[int][3]int{}
	for _, l := range h.Labels {
		rules[l[0]] = l
	}
	x, y, zone := undelta{}, undelta{}, 0
	for i := 0; i < rows && d.err == nil; i++ {
		zone += d.r.count(len(p.Zones))
		label := d.string(d.r.count(len(h.Strings)))
		// Every seat takes at least a byte of X, so a short file cannot ask for many.
		seats := d.r.count(min(MaxSeats-d.seats, len(d.x.data)))
		if zone >= len(p.Zones) {
			d.fail("zone")
			break
		}
		row := Row{Label: label, Seats: make([]Seat, seats)}
		number := d.numbers(seats)
		before, after := usualRule(label)
		if l, ok := rules[i]; ok {
			before, after = d.string(l[1]), d.string(l[2])
		}
		for s := 0; s < seats && d.err == nil; s++ {
			seat := &row.Seats[s]
			*seat = Seat{N: d.seats, Number: number(s), CompanionOf: -1}
			seat.X = float64(x.next(s == 0, d.x.signed())) * h.Quantum
			seat.Y = float64(y.next(s == 0, d.y.signed())) * h.Quantum
			var odd bool
			if seat.Label, odd = h.Odd[seat.N]; !odd {
				seat.Label = before + seat.Number + after
			}
			d.seats++
			if d.bytes += len(seat.Label); d.bytes > maxLabels {
				d.fail("labels too long")
			}
		}
		p.Zones[zone].Rows = append(p.Zones[zone].Rows, row)
	}
	if d.err == nil {
		d.categories(p)
		d.marked(p)
		d.tables(p)
	}
	for _, s := range []*fsp1Stream{&d.r, &d.x, &d.y, &d.c, &d.b} {
		if len(s.data) > 0 {
			d.fail("a stream is too long")
		}
	}
	return p
}

// numbers reads how the seats of one row are numbered.
func (d *fsp1Decoder) numbers(seats int) func(i int) string {
	switch d.b.count(2) {
	case 1:
		first := int64(d.b.count(1 << 31))
		step := d.b.signed()
		return func(i int) string { return strconv.FormatInt(first+int64(i)*step, 10) }
	case 0:
		out := make([]string, min(seats, len(d.b.data)))
		for i := range out {
			out[i] = d.string(d.b.count(len(d.head.Strings)))
		}
		if len(out) == seats {
			return func(i int) string { return out[i] }
		}
	}
	d.fail("numbers")
	return func(int) string { return "" }
}

func (d *fsp1Decoder) categories(p *Plan) {
	seats := p.Seats()
	for n := 0; n < len(seats) && d.err == nil; {
		category, count := d.c.count(MaxCategories), d.c.count(len(seats)-n)
		if count == 0 {
			d.fail("categories")
		}
		for range count {
			seats[n].Category = category
			n++
		}
	}
}

// marked reads what only some seats have.
func (d *fsp1Decoder) marked(p *Plan) {
	at := 0
	for _, step := range d.head.Accessible {
		if step < 0 || step > MaxSeats || p.Seat(at+step) == nil {
			d.fail("accessible seats")
			return
		}
		at += step
		p.Seat(at).Accessible = true
	}
	for _, m := range d.head.Companions {
		seat := p.Seat(m[0])
		if seat == nil || p.Seat(m[1]) == nil {
			d.fail("companion seats")
			return
		}
		seat.CompanionOf = m[1]
	}
	for _, o := range d.head.Notes {
		seat := p.Seat(o[0])
		if seat == nil {
			d.fail("notes")
			return
		}
		seat.Note = d.string(o[1])
		if d.bytes += len(seat.Note); d.bytes > maxLabels {
			d.fail("notes too long")
		}
	}
}

func (d *fsp1Decoder) tables(p *Plan) {
	table := make(map[int]bool, len(d.head.Tables))
	for _, row := range d.head.Tables {
		table[row] = true
	}
	row := 0
	for z := range p.Zones {
		for r := range p.Zones[z].Rows {
			p.Zones[z].Rows[r].Table = table[row]
			delete(table, row)
			row++
		}
	}
	if len(table) > 0 {
		d.fail("tables")
	}
}

// sale reads which areas are on sale.
func (d *fsp1Decoder) sale(p *Plan) (sale []AreaSale, err error) {
	index := map[string]int{}
	for i, c := range p.Categories {
		index[c.ID] = i
	}
	for _, z := range d.head.Zones {
		for _, a := range z.Areas {
			if a.First == nil || a.Capacity == nil {
				continue
			}
			category, ok := index[a.Category]
			if !ok || *a.First < 0 || *a.Capacity < 0 {
				return nil, fmt.Errorf("%w: area %q on sale", ErrBadFSP1, a.ID)
			}
			sale = append(sale, AreaSale{Area: a.ID, Label: a.Label, First: *a.First, Capacity: *a.Capacity, Category: category})
		}
	}
	return sale, nil
}

func (d *fsp1Decoder) string(i int) string {
	if i < 0 || i >= len(d.head.Strings) {
		d.fail("string")
		return ""
	}
	return d.head.Strings[i]
}
