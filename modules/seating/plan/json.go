package plan

import "encoding/json"

// AreaSale puts an area on sale in one event: its places are numbered First..First+Capacity-1, after the drawn seats.
type AreaSale struct {
	Area     string // Area.ID
	Label    string // what stands before the number of a place, when that is not the area's name
	First    int
	Capacity int
	Category int // index into Plan.Categories
}

type (
	planJSON struct {
		Version    string     `json:"version"`
		Width      float64    `json:"width"`
		Height     float64    `json:"height"`
		Categories []Category `json:"categories"`
		Zones      []zoneJSON `json:"zones"`
	}
	zoneJSON struct {
		Name  string     `json:"name"`
		Rows  []rowJSON  `json:"rows"`
		Areas []areaJSON `json:"areas"`
	}
	rowJSON struct {
		Label string     `json:"label"`
		Table bool       `json:"table,omitzero"`
		Seats []seatJSON `json:"seats"`
	}
	seatJSON struct {
		N           int     `json:"n"`
		Label       string  `json:"label"`
		X           float64 `json:"x"`
		Y           float64 `json:"y"`
		Category    string  `json:"category"`
		Accessible  bool    `json:"accessible,omitzero"`
		CompanionOf *int    `json:"companion_of,omitempty"`
		Note        string  `json:"note,omitzero"`
	}
	// areaJSON is an area as one event shows it; what is added is absent when it is not on sale.
	areaJSON struct {
		Area
		Label    string `json:"label,omitempty"`
		First    *int   `json:"first,omitempty"`
		Capacity *int   `json:"capacity,omitempty"`
		Category string `json:"category,omitempty"`
	}
)

// JSON is the public answer of …/{event}/plan: the plan under the version a page will ask for, with the areas one event
// has on sale.
func JSON(p *Plan, version string, sale ...AreaSale) []byte {
	out := planJSON{Version: version, Width: p.Width, Height: p.Height, Categories: p.Categories,
		Zones: make([]zoneJSON, len(p.Zones))}
	for i, z := range p.Zones {
		zone := zoneJSON{Name: z.Name, Rows: make([]rowJSON, len(z.Rows)), Areas: areasJSON(p, z.Areas, sale)}
		for j, r := range z.Rows {
			row := rowJSON{Label: r.Label, Table: r.Table, Seats: make([]seatJSON, len(r.Seats))}
			for k := range r.Seats {
				s := &r.Seats[k]
				row.Seats[k] = seatJSON{N: s.N, Label: s.Label, X: s.X, Y: s.Y,
					Category: p.Categories[s.Category].ID, Accessible: s.Accessible, CompanionOf: companion(s), Note: s.Note}
			}
			zone.Rows[j] = row
		}
		out.Zones[i] = zone
	}
	return mustJSON(out)
}

func areasJSON(p *Plan, areas []Area, sale []AreaSale) []areaJSON {
	out := make([]areaJSON, len(areas))
	for i, a := range areas {
		out[i].Area = a
		for _, s := range sale {
			if s.Area == a.ID {
				out[i].Label, out[i].First, out[i].Capacity = s.Label, &s.First, &s.Capacity
				out[i].Category = p.Categories[s.Category].ID
			}
		}
	}
	return out
}

// mustJSON writes values of this package, whose only unwritable part would be a number that is not finite; check and the
// importers keep those out.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
