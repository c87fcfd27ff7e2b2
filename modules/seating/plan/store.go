package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// storeVersion is the version of the stored form that MarshalJSON writes; UnmarshalJSON refuses any other.
const storeVersion = 1

// The stored form: numbers of seats and everything derived are left out, they follow from the order.
type (
	storedPlan struct {
		V          int          `json:"v"`
		Name       string       `json:"name"`
		Width      float64      `json:"width"`
		Height     float64      `json:"height"`
		Categories []Category   `json:"categories"`
		Zones      []storedZone `json:"zones"`
	}
	storedZone struct {
		Name  string      `json:"name"`
		Rows  []storedRow `json:"rows,omitempty"`
		Areas []Area      `json:"areas,omitempty"`
	}
	storedRow struct {
		Label string       `json:"label"`
		Table bool         `json:"t,omitzero"`
		Seats []storedSeat `json:"seats"`
	}
	storedSeat struct {
		Key         string  `json:"k"`
		Label       string  `json:"l"`
		Number      string  `json:"n"`
		X           float64 `json:"x"`
		Y           float64 `json:"y"`
		Category    int     `json:"c,omitzero"`
		Accessible  bool    `json:"a,omitzero"`
		CompanionOf *int    `json:"m,omitempty"`
		Note        string  `json:"o,omitzero"`
	}
)

// MarshalJSON writes the form to store. It loses nothing and also survives jsonb, which reorders keys.
func (p *Plan) MarshalJSON() ([]byte, error) {
	out := storedPlan{V: storeVersion, Name: p.Name, Width: p.Width, Height: p.Height, Categories: p.Categories}
	for _, z := range p.Zones {
		zone := storedZone{Name: z.Name, Areas: z.Areas}
		for _, r := range z.Rows {
			row := storedRow{Label: r.Label, Table: r.Table, Seats: make([]storedSeat, len(r.Seats))}
			for i := range r.Seats {
				s := &r.Seats[i]
				row.Seats[i] = storedSeat{Key: s.Key, Label: s.Label, Number: s.Number, X: s.X, Y: s.Y,
					Category: s.Category, Accessible: s.Accessible, CompanionOf: companion(s), Note: s.Note}
			}
			zone.Rows = append(zone.Rows, row)
		}
		out.Zones = append(out.Zones, zone)
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote and replaces the plan with it. It fails for another version and for a plan
// that breaks what Plan promises.
func (p *Plan) UnmarshalJSON(data []byte) error {
	var in storedPlan
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read stored plan: %w", err)
	}
	if in.V != storeVersion {
		return fmt.Errorf("read stored plan: version %d, want %d", in.V, storeVersion)
	}
	*p = Plan{Name: in.Name, Width: in.Width, Height: in.Height, Categories: in.Categories}
	n := 0
	for _, z := range in.Zones {
		zone := Zone{Name: z.Name, Areas: z.Areas, Rows: make([]Row, len(z.Rows))}
		for r, row := range z.Rows {
			zone.Rows[r] = Row{Label: row.Label, Table: row.Table, Seats: make([]Seat, len(row.Seats))}
			for i, s := range row.Seats {
				seat := Seat{N: n, Key: s.Key, Label: s.Label, Number: s.Number, X: s.X, Y: s.Y,
					Category: s.Category, Accessible: s.Accessible, CompanionOf: -1, Note: s.Note}
				if s.CompanionOf != nil {
					seat.CompanionOf = *s.CompanionOf
				}
				zone.Rows[r].Seats[i] = seat
				n++
			}
		}
		p.Zones = append(p.Zones, zone)
	}
	if err := p.check(); err != nil {
		return fmt.Errorf("read stored plan: %w", err)
	}
	return nil
}

// Digest is the first 16 hex digits of SHA-256 over the stored form: equal plans have equal digests.
func (p *Plan) Digest() string {
	d := p.derive()
	d.digestOnce.Do(func() {
		data, err := p.MarshalJSON()
		if err != nil {
			// Only NaN or infinity cannot be written, and no importer lets them in.
			data = fmt.Appendf(nil, "%v", err)
		}
		sum := sha256.Sum256(data)
		d.digest = hex.EncodeToString(sum[:8])
	})
	return d.digest
}

func companion(s *Seat) *int {
	if s.CompanionOf < 0 {
		return nil
	}
	return &s.CompanionOf
}

var errNotAPlan = errors.New("not a plan")

// check holds a plan that came from outside the importers against what Plan promises.
func (p *Plan) check() error {
	bad := func(what string, args ...any) error {
		return fmt.Errorf("%w: %s", errNotAPlan, fmt.Sprintf(what, args...))
	}
	finite := true
	p.drawn(func(x, y *float64) {
		finite = finite && math.Abs(*x) <= maxExtent && math.Abs(*y) <= maxExtent
	})
	if !finite || !(p.Width >= 0 && p.Width <= maxExtent && p.Height >= 0 && p.Height <= maxExtent) {
		return bad("a coordinate is out of range")
	}
	seats := p.Seats()
	labels := make(map[string]bool, len(seats))
	for n, s := range seats {
		switch {
		case s.N != n:
			return bad("seat %d is numbered %d", n, s.N)
		case labels[s.Label]:
			return bad("seat %d shares its label %q", n, s.Label)
		case s.Category < 0 || s.Category >= len(p.Categories):
			return bad("seat %d has no category", n)
		case s.CompanionOf < -1 || s.CompanionOf >= len(seats):
			return bad("seat %d belongs to no seat", n)
		}
		labels[s.Label] = true
	}
	return nil
}
