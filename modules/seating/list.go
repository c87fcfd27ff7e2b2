package seating

import (
	"context"
	"time"

	"fairseat/modules/seating/plan"
)

// partSize is how many seats one page lists at most, unless a single row has more.
const partSize = 320

// Part is a stretch of the plan that fits on a page: a zone, or some rows of a large one.
type Part struct {
	Zone     string // "" where the plan gives none
	From, To string // the first row and the last, or seat where rows have no names; "" for a zone in one part
	BySeat   bool   // From and To are seats
	Free     int
	rows     []*plan.Row
}

// Listed is a part of the plan with its seats; Parts are all there are, and Areas all that are on sale.
type Listed struct {
	Areas      []ListedArea
	Parts      []Part
	Rows       []ListedRow
	Accessible bool // an accessible seat is free, in any part
}

// ListedArea is an area on sale, with the places that are free.
type ListedArea struct {
	ID, Name     string
	Category     string // its id
	CategoryName string
	Price        int64
	Free         int
}

// ListedRow is a row of a part. Its label may be blank, and several rows may share it.
type ListedRow struct {
	Label    string
	Table    bool   // the label is the whole name of a table
	Same     bool   // another row of its part bears the same label
	From, To string // the numbers of its first seat and its last
	Free     int
	Together int   // how many free seats stand side by side, wheelchair places and those beside them left out
	Least    int64 // what the cheapest free seat costs, and the dearest
	Most     int64
	Seats    []ListedSeat
}

// ListedSeat is a seat as it is now: "free", "held" (may come back), "sold" or "blocked".
type ListedSeat struct {
	Seat
	State      string
	Accessible bool
	Beside     *Seat     // the wheelchair place that it belongs to
	Due        time.Time // of a held one, about when it may come back; zero where nobody knows
	Note       string    // about the view
}

// List is the map in words: all parts, and the seats of one. A part that is not there has none. With a category, by its id,
// no other seats are in it or counted; rows without one are left out. It is this replica's copy, a moment old, like the
// map itself.
func (s *Service) List(ctx context.Context, eventID int64, part int, category string) (Listed, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Listed{}, err
	}
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return Listed{}, err
	}
	if err := b.fresh(ctx); err != nil {
		return Listed{}, err
	}
	states := b.mirror.Words()
	list := Listed{Parts: cut(room.plan), Areas: listAreas(e, states)}
	for i := range list.Parts {
		p := &list.Parts[i]
		for _, row := range p.rows {
			listed := ListedRow{Label: row.Label, Table: row.Table, From: row.Seats[0].Counted(), To: row.Seats[len(row.Seats)-1].Counted()}
			run, last := 0, -1 // seats side by side, up to the last that was free
			for _, drawn := range row.Seats {
				state := "blocked"
				if drawn.N < len(states) {
					state = states[drawn.N]
				}
				seat := ListedSeat{Seat: seatOf(e, room.plan, &drawn), State: state, Accessible: drawn.Accessible, Note: drawn.Note}
				list.Accessible = list.Accessible || state == "free" && drawn.Accessible
				if category != "" && seat.Category != category {
					continue
				}
				if of := room.plan.Seat(drawn.CompanionOf); of != nil {
					beside := seatOf(e, room.plan, of)
					seat.Beside = &beside
				}
				if state == "free" {
					if listed.Free++; listed.Free == 1 || seat.Price < listed.Least {
						listed.Least = seat.Price
					}
					listed.Most = max(listed.Most, seat.Price)
					if !drawn.Accessible && drawn.CompanionOf < 0 {
						if !room.plan.Adjacent(last, drawn.N) {
							run = 0
						}
						run, last = run+1, drawn.N
						listed.Together = max(listed.Together, run)
					}
				}
				if i == part {
					if state == "held" {
						seat.Due = b.mirror.Due(drawn.N)
					}
					listed.Seats = append(listed.Seats, seat)
				}
			}
			p.Free += listed.Free
			if i == part && (category == "" || len(listed.Seats) > 0) {
				list.Rows = append(list.Rows, listed)
			}
		}
	}
	tellApart(list.Rows)
	return list, nil
}

// tellApart marks the rows whose label does not say which one is meant.
func tellApart(rows []ListedRow) {
	count := map[string]int{}
	for _, row := range rows {
		count[row.Label]++
	}
	for i := range rows {
		rows[i].Same = count[rows[i].Label] > 1
	}
}

func listAreas(e *Event, states []string) []ListedArea {
	var areas []ListedArea
	for _, a := range e.Areas {
		c := e.Categories[a.Category]
		if c.Price == nil || a.First+a.Capacity > len(states) {
			continue
		}
		listed := ListedArea{ID: a.ID, Name: a.Name, Category: c.ID, CategoryName: c.Name, Price: *c.Price}
		for _, state := range states[a.First : a.First+a.Capacity] {
			if state == "free" {
				listed.Free++
			}
		}
		areas = append(areas, listed)
	}
	return areas
}

// cut divides the plan so that no part is a page too long to load, nor a row torn apart.
func cut(p *plan.Plan) []Part {
	var parts []Part
	for z := range p.Zones {
		first, seats := len(parts), 0
		for r := range p.Zones[z].Rows {
			row := &p.Zones[z].Rows[r]
			if seats += len(row.Seats); len(parts) == first || seats > partSize {
				parts, seats = append(parts, Part{Zone: p.Zones[z].Name}), len(row.Seats)
			}
			last := &parts[len(parts)-1]
			last.rows = append(last.rows, row)
		}
		for i := first; len(parts)-first > 1 && i < len(parts); i++ {
			rows := parts[i].rows
			parts[i].From, parts[i].To = rows[0].Label, rows[len(rows)-1].Label
			if parts[i].BySeat = parts[i].From == "" || parts[i].To == ""; parts[i].BySeat {
				last := rows[len(rows)-1].Seats
				parts[i].From, parts[i].To = rows[0].Seats[0].Counted(), last[len(last)-1].Counted()
			}
		}
	}
	return parts
}

// seatOf is a drawn seat as an event sells it.
func seatOf(e *Event, p *plan.Plan, drawn *plan.Seat) Seat {
	seat := e.sold(drawn.N, drawn.Label, drawn.Category)
	zone, row := p.Where(drawn.N)
	if p.Parted() {
		seat.Zone = zone.Name
	}
	seat.Row, seat.Table, seat.Number = row.Label, row.Table, drawn.Counted()
	return seat
}

// sold is one place of a category, which is an index into Categories.
func (e *Event) sold(n int, label string, category int) Seat {
	c := e.Categories[category]
	seat := Seat{N: n, Label: label, Category: c.ID, CategoryName: c.Name, Locked: c.Locked}
	if c.Price != nil {
		seat.Price = *c.Price
	}
	return seat
}
