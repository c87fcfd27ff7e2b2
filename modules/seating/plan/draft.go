package plan

// draft is a plan as an importer read it: positions still relative, names still raw, references still by name. What all
// formats have in common, and all that can be wrong, is then handled in one place by build.
type draft struct {
	name          string
	width, height float64 // as the file declares them, 0 when it does not
	categories    []draftCategory
	zones         []draftZone
	advice        string // to one who misses seats
}

type draftCategory struct{ name, label, color string }

type draftZone struct {
	name, id string
	at       Point
	rows     []draftRow
	areas    []draftArea
}

type draftRow struct {
	label  string
	table  bool  // its seats stand round a table
	at     Point // relative to the zone
	placed bool  // has a position of its own, which matters where its seats have none
	seats  []draftSeat
}

type draftSeat struct {
	id         string // should be unique, often is not
	uuid       string // made by the editor
	number     string
	category   string // its name
	at         Point  // relative to the row
	placed     bool   // has a position
	said       string // of a position that is none
	accessible bool
	companion  string // id of the accessible seat this one belongs to
	note       string // about the view
}

type draftArea struct {
	shape              string
	at                 Point // relative to the zone
	rotation           float64
	width, height      float64
	points             []Point // relative to at
	color, borderColor string
	text               Text // relative to at
}
