package plan

import (
	"math"
	"strconv"
)

// The JSON of pretix as its schema has it, and nothing else: the schema forbids further members. See extras for where the
// rest goes.
type (
	pretixFile struct {
		Name       string           `json:"name"`
		Categories []pretixCategory `json:"categories"`
		Zones      []pretixZone     `json:"zones"`
		Size       pretixSize       `json:"size"`
	}
	pretixSize struct {
		Width  int `json:"width"`
		Height int `json:"height"`
	}
	pretixCategory struct {
		Name  string `json:"name"`
		Color string `json:"color"`
	}
	pretixZone struct {
		Name     string       `json:"name"`
		Position Point        `json:"position"`
		Rows     []pretixRow  `json:"rows"`
		Areas    []pretixArea `json:"areas"`
	}
	pretixRow struct {
		Number   string       `json:"row_number"`
		Label    string       `json:"row_label,omitzero"`
		Shown    string       `json:"row_number_position,omitzero"`
		Position Point        `json:"position"`
		Seats    []pretixSeat `json:"seats"`
		UUID     string       `json:"uuid,omitzero"`
	}
	pretixSeat struct {
		GUID     string `json:"seat_guid"`
		Number   string `json:"seat_number"`
		Position Point  `json:"position"`
		Category string `json:"category"`
		UUID     string `json:"uuid,omitzero"`
	}
	pretixArea struct {
		Shape       string          `json:"shape"`
		Position    Point           `json:"position"`
		Rotation    float64         `json:"rotation"`
		Color       string          `json:"color,omitzero"`
		BorderColor string          `json:"border_color,omitzero"`
		Polygon     *pretixPolygon  `json:"polygon,omitempty"`
		Rectangle   *pretixSize     `json:"rectangle,omitempty"`
		Ellipse     *pretixEllipse  `json:"ellipse,omitempty"`
		Circle      *pretixCircle   `json:"circle,omitempty"`
		Text        *pretixAreaText `json:"text,omitempty"`
		UUID        string          `json:"uuid,omitzero"`
	}
	pretixPolygon struct {
		Points []Point `json:"points"`
	}
	pretixEllipse struct {
		Radius Point `json:"radius"`
	}
	pretixCircle struct {
		Radius int `json:"radius"`
	}
	pretixAreaText struct {
		Text     string `json:"text"`
		Position Point  `json:"position"`
		Color    string `json:"color,omitzero"`
		Size     int    `json:"size,omitzero"`
	}
)

// ExportPretix writes the plan for pretix's editor, valid by its schema. Seat keys become its seat_guids. What the schema
// has no place for stands in members named uuid, where that editor keeps it and ImportPretix finds it again: read back,
// the file gives the same plan. One that is wider than a file may place things is written, but not read back.
func ExportPretix(p *Plan) []byte {
	out := pretixFile{Name: p.Name, Size: pretixSize{int(math.Ceil(p.Width)), int(math.Ceil(p.Height))},
		Categories: make([]pretixCategory, len(p.Categories)), Zones: make([]pretixZone, len(p.Zones))}
	for i, c := range p.Categories {
		out.Categories[i] = pretixCategory{c.Name, c.Color}
	}
	rows, areas := 0, 0
	for i := range p.Zones {
		z := &p.Zones[i]
		zone := pretixZone{Name: z.Name, Rows: make([]pretixRow, len(z.Rows)), Areas: make([]pretixArea, len(z.Areas))}
		for r := range z.Rows {
			zone.Rows[r] = exportRow(p, &z.Rows[r], rows)
			rows++
		}
		for a := range z.Areas {
			zone.Areas[a] = exportArea(&z.Areas[a], areas)
			areas++
		}
		out.Zones[i] = zone
	}
	return append(mustJSON(out), '\n')
}

func exportRow(p *Plan, r *Row, index int) pretixRow {
	row := pretixRow{Number: r.Label, Shown: "start", Seats: make([]pretixSeat, len(r.Seats))}
	if len(r.Seats) > 0 {
		row.Position = Point{r.Seats[0].X, r.Seats[0].Y}
	}
	if r.Table {
		row.Label, row.Shown = "%s", "" // the name as it is, without "Row" before it
		row.UUID = extras{"table": "1"}.uuid("row-" + strconv.Itoa(index))
	}
	for i := range r.Seats {
		s := &r.Seats[i]
		more := extras{}
		if s.Accessible {
			more["accessible"] = "1"
		}
		if s.CompanionOf >= 0 {
			more["companion_of"] = p.Seat(s.CompanionOf).Key
		}
		if s.Note != "" {
			more["note"] = s.Note
		}
		row.Seats[i] = pretixSeat{GUID: s.Key, Number: s.Number, Category: p.Categories[s.Category].Name,
			Position: from(row.Position, s.X, s.Y), UUID: more.uuid("seat-" + strconv.Itoa(s.N))}
	}
	return row
}

// exportArea writes one area. Sizes are whole numbers there, so the exact ones go along.
func exportArea(a *Area, index int) pretixArea {
	at := Point{a.X, a.Y}
	area := pretixArea{Shape: a.Shape, Position: at, Rotation: a.Rotation, Color: a.Color, BorderColor: a.BorderColor}
	more := extras{}
	whole := func(name string, v float64) int {
		if v != math.Trunc(v) {
			more[name] = strconv.FormatFloat(v, 'g', -1, 64)
		}
		return int(math.Round(v))
	}
	switch a.Shape {
	case "polygon":
		area.Polygon = &pretixPolygon{Points: make([]Point, len(a.Points))}
		for i, p := range a.Points {
			area.Polygon.Points[i] = from(at, p.X, p.Y)
		}
	case "rectangle":
		area.Rectangle = &pretixSize{whole("width", a.Width), whole("height", a.Height)}
	case "ellipse":
		area.Ellipse = &pretixEllipse{Radius: Point{a.Width / 2, a.Height / 2}}
	case "circle":
		area.Circle = &pretixCircle{Radius: whole("radius", a.Width/2)}
	}
	if t := a.Text; t != nil {
		spot := turn(Point{t.X, t.Y}, at, -a.Rotation)
		area.Text = &pretixAreaText{Text: t.Text, Position: from(at, spot.X, spot.Y), Color: t.Color, Size: whole("size", t.Size)}
	}
	area.UUID = more.uuid("area-" + strconv.Itoa(index))
	return area
}

// from is a place as seen from another, without the dust of floating point.
func from(at Point, x, y float64) Point {
	const grain = 1e9
	tidy := func(v float64) float64 { return math.Round(v*grain)/grain + 0 }
	return Point{tidy(x - at.X), tidy(y - at.Y)}
}
