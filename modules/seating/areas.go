package seating

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"fairseat/modules/seating/plan"
)

// Area is a part of the house where people stand or sit where they like, on sale by the number of them. Its places follow
// the drawn seats in number, and are held, claimed and sold as those are; they have no row and no neighbours.
type Area struct {
	ID       string // the plan's
	Name     string
	Label    string // what stands before the number of a place: "Floor" makes "Floor 17"
	First    int    // its places are First..First+Capacity-1
	Capacity int
	Category int // index into Event.Categories
}

// AreaOf is the area that place n belongs to, nil for a drawn seat.
func (e *Event) AreaOf(n int) *Area {
	for i := range e.Areas {
		if a := &e.Areas[i]; n >= a.First && n < a.First+a.Capacity {
			return a
		}
	}
	return nil
}

// area finds an area on sale by its id, nil for none.
func (e *Event) area(id string) *Area {
	for i := range e.Areas {
		if e.Areas[i].ID == id {
			return &e.Areas[i]
		}
	}
	return nil
}

// placeLabel is what the ticket of an area's place says: the area and a running number, which no other place has.
func (a *Area) placeLabel(n int) string { return a.Label + " " + strconv.Itoa(n-a.First+1) }

// seat is a seat or an area's place as the event sells it; false when there is no such number.
func (e *Event) seat(p *plan.Plan, n int) (Seat, bool) {
	if drawn := p.Seat(n); drawn != nil {
		return seatOf(e, p, drawn), true
	}
	if a := e.AreaOf(n); a != nil {
		seat := e.sold(n, a.placeLabel(n), a.Category)
		seat.AnyPlace, seat.Row, seat.Number = true, a.Label, strconv.Itoa(n-a.First+1)
		return seat, true
	}
	return Seat{}, false
}

// storedArea is an area in the column events.areas.
type storedArea struct {
	ID       string         `json:"id"`
	Label    string         `json:"label"`
	First    int            `json:"first"`
	Capacity int            `json:"capacity"`
	Category string         `json:"category"`
	Own      *plan.Category `json:"own,omitempty"` // a category that the plan does not have
}

// areasJSON writes the areas as they are stored; drawn is the plan without the event's own categories.
func areasJSON(e *Event, drawn *plan.Plan) (string, error) {
	stored := make([]storedArea, len(e.Areas))
	for i, a := range e.Areas {
		c := e.Categories[a.Category]
		stored[i] = storedArea{ID: a.ID, Label: a.Label, First: a.First, Capacity: a.Capacity, Category: c.ID}
		if a.Category >= len(drawn.Categories) {
			stored[i].Own = &plan.Category{ID: c.ID, Name: c.Name, Color: c.Color}
		}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// readAreas gives an event its areas and the categories of its own; those of the plan stand in it already.
func (e *Event) readAreas(text string, drawn *plan.Plan) error {
	var stored []storedArea
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return fmt.Errorf("areas of event %d: %w", e.ID, err)
	}
	for _, a := range stored {
		if a.Own != nil && e.category(a.Category) < 0 {
			e.Categories = append(e.Categories, Category{ID: a.Own.ID, Name: a.Own.Name, Color: a.Own.Color})
		}
		shape, category := drawn.AreaByID(a.ID), e.category(a.Category)
		if shape == nil || category < 0 {
			return fmt.Errorf("areas of event %d: %q is not of its plan", e.ID, a.ID)
		}
		e.Areas = append(e.Areas, Area{ID: a.ID, Name: shape.Name, Label: a.Label, First: a.First, Capacity: a.Capacity, Category: category})
		e.Categories[category].Seats += a.Capacity
	}
	return nil
}

// version names what pages load: the drawing alone, or with what the event sells of its areas.
func (e *Event) version(room *room) (string, error) {
	if len(e.Areas) == 0 {
		return room.version, nil
	}
	text, err := areasJSON(e, room.plan)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(room.version + text))
	return hex.EncodeToString(sum[:8]), nil
}

// withOwn is a drawing with the event's own categories behind those of the plan.
func (e *Event) withOwn(drawn *plan.Plan) *plan.Plan {
	var own []plan.Category
	for _, c := range e.Categories[len(drawn.Categories):] {
		own = append(own, plan.Category{ID: c.ID, Name: c.Name, Color: c.Color})
	}
	return drawn.WithCategories(own...)
}

// sells is the room with the areas an event has on sale, and its own categories.
func (r *room) sells(e *Event) *room {
	with := &room{plan: e.withOwn(r.plan), version: e.PlanVersion,
		seatsOf: make([]int, len(e.Categories)), house: make([]int, e.SeatsTotal)}
	copy(with.seatsOf, r.seatsOf)
	copy(with.house, r.house)
	for _, a := range e.Areas {
		on := plan.AreaSale{Area: a.ID, First: a.First, Capacity: a.Capacity, Category: a.Category}
		if a.Label != a.Name {
			on.Label = a.Label
		}
		with.sale = append(with.sale, on)
		with.seatsOf[a.Category] += a.Capacity
		for n := a.First; n < a.First+a.Capacity; n++ {
			with.house[n] = a.Category
		}
	}
	return with
}
