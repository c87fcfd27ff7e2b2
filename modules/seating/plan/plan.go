// Package plan is the room as drawn: an immutable seat plan, its importers, its encodings, and the search for the best
// free seats in it. It does no I/O beyond the reader it is given and knows nothing of events, prices or holds.
package plan

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// What a plan may hold at most. An importer refuses a file beyond any of these; a page could not draw it anyway.
const (
	MaxSeats      = 200_000
	MaxRows       = 50_000
	MaxZones      = 2_000
	MaxAreas      = 5_000
	MaxPoints     = 100_000 // corners of all polygons together
	MaxCategories = 250     // the page keeps a seat's category in one byte
	MaxBytes      = 64 << 20

	// maxCoordinate bounds every coordinate and length in a file, in px, on either side of its origin; maxExtent what
	// that can come to once the plan is shifted to start at its margin.
	maxCoordinate = 1e6
	maxExtent     = 3 * maxCoordinate
)

// Plan is one imported room. Coordinates are plan px, y down, absolute, shifted so that everything drawn starts at a
// margin from 0,0 and ends at the same margin from Width,Height. Treat a plan as read-only once it is made: what is
// derived from it (Seats, Blocks, Pitch, Digest) is computed once and kept.
type Plan struct {
	Name          string
	Width, Height float64
	Categories    []Category
	Zones         []Zone

	once    sync.Once
	derived derived
}

// Category is what a seat is sold as. ID is slug-like, Name is what an organiser prices; both are unique in the plan.
type Category struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"` // a CSS hex colour or colour word, safe to put into a style
}

// Zone is a floor or block. Its name may be blank and need not be unique.
type Zone struct {
	Name  string
	Rows  []Row
	Areas []Area
}

// Row is one segment of seats between aisles, in drawn order, which may count down. Its label may be blank, and several
// rows of a zone may share it. The seats round one table are a row too, whose label is then the table's whole name, to be
// shown without "row" before it: "Table 4", "Mesa 4".
type Row struct {
	Label string
	Table bool
	Seats []Seat
}

// Seat is one place in the room.
type Seat struct {
	N           int    // 0..SeatCount-1 in the order of zones, rows and seats
	Key         string // stable id within the plan, unique: the file's own id wherever that is unique
	Label       string // what the usher reads, unique: "A-12", "Balcony A-12", "A-12 (2)"
	Number      string // the last part of the label as the file has it: "12"
	X, Y        float64
	Category    int // index into Plan.Categories
	Accessible  bool
	CompanionOf int    // the accessible seat this one belongs to, -1 for none
	Note        string // what a fan should know of the view from here, "behind a pillar"; mostly blank
}

// Point is a spot in plan px.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Area is something drawn beside the seats: a stage, a wall, a standing area. It has no capacity of its own.
type Area struct {
	ID   string `json:"id"`   // slug-like, unique in the plan
	Name string `json:"name"` // its text, or "Area 3" when it has none
	// Shape is polygon, rectangle, ellipse, circle or text. X,Y is the top left corner of a rectangle, the centre of an
	// ellipse or circle, the anchor of a text; a polygon has its Points, absolute and already turned.
	Shape       string  `json:"shape"`
	X           float64 `json:"x"`
	Y           float64 `json:"y"`
	Rotation    float64 `json:"rotation,omitzero"` // degrees clockwise about X,Y
	Width       float64 `json:"width,omitzero"`    // for ellipse and circle the whole width, not the radius
	Height      float64 `json:"height,omitzero"`
	Points      []Point `json:"points,omitempty"`
	Color       string  `json:"color,omitempty"`
	BorderColor string  `json:"border_color,omitempty"`
	Text        *Text   `json:"text,omitempty"`
}

// Text is what an area says, centred at X,Y (absolute).
type Text struct {
	Text  string  `json:"text"`
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Size  float64 `json:"size,omitzero"` // px
	Color string  `json:"color,omitempty"`
}

// SeatCount is the number of drawn seats.
func (p *Plan) SeatCount() int { return len(p.derive().seats) }

// Seats gives every seat in number order. The slice is shared: read it, do not change it.
func (p *Plan) Seats() []*Seat { return p.derive().seats }

// Seat gives seat n, or nil when there is none.
func (p *Plan) Seat(n int) *Seat {
	if seats := p.derive().seats; n >= 0 && n < len(seats) {
		return seats[n]
	}
	return nil
}

// Where gives the zone and the row seat n stands in, or nils when there is no such seat.
func (p *Plan) Where(n int) (*Zone, *Row) {
	d := p.derive()
	if n < 0 || n >= len(d.seats) {
		return nil, nil
	}
	at := d.places[n]
	return &p.Zones[at.zone], &p.Zones[at.zone].Rows[at.row]
}

// Parted tells whether the seats stand in more than one zone.
func (p *Plan) Parted() bool {
	d := p.derive()
	return len(d.places) > 0 && d.places[0].zone != d.places[len(d.places)-1].zone
}

// counter is what label puts behind a seat that others would be called like.
var counter = regexp.MustCompile(`(?: \(\d+\))+$`)

// Counted is the seat's number with the counter of its label: "12", "12 (2)".
func (s *Seat) Counted() string {
	number := cmp.Or(s.Number, s.Label)
	if !strings.HasSuffix(s.Label, ")") || strings.HasSuffix(number, ")") {
		return number
	}
	return number + counter.FindString(s.Label)
}

// hasArea tells whether there is something beside seats that people could be in.
func (p *Plan) hasArea() bool {
	return slices.ContainsFunc(p.Zones, func(z Zone) bool {
		return slices.ContainsFunc(z.Areas, func(a Area) bool { return a.Shape != "text" })
	})
}

// Numbers are those of the zone's seats: from one up to, not including, the other.
func (z *Zone) Numbers() (from, to int) {
	for _, row := range z.Rows {
		if len(row.Seats) == 0 {
			continue
		}
		if to == 0 {
			from = row.Seats[0].N
		}
		to = row.Seats[len(row.Seats)-1].N + 1
	}
	return from, to
}

// AreaByID gives an area by its id, or nil.
func (p *Plan) AreaByID(id string) *Area {
	for z := range p.Zones {
		for a := range p.Zones[z].Areas {
			if area := &p.Zones[z].Areas[a]; area.ID == id {
				return area
			}
		}
	}
	return nil
}
