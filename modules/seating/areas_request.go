package seating

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fairseat/app/fault"
	"fairseat/modules/seating/plan"
)

// areaRequest is one member of areas; its category is named as in prices, or by its id.
type areaRequest struct {
	Capacity json.RawMessage `json:"capacity"`
	Category string          `json:"category"`
}

// areas puts areas of the plan on sale: their places are numbered after the drawn seats, in the order of the plan. A
// category that the plan does not have becomes one of the event's own when prices names it.
func (r *eventRequest) areas(e *Event, drawn *plan.Plan, fields fault.Fields) {
	for _, id := range slices.Sorted(maps.Keys(r.Areas)) {
		if drawn.AreaByID(id) == nil {
			fields["areas"] = "the plan has no area " + strconv.Quote(id)
			return
		}
	}
	labels, first := newAreaLabels(drawn), drawn.SeatCount()
	for _, z := range drawn.Zones {
		for _, shape := range z.Areas {
			if absent(r.Areas[shape.ID]) {
				continue
			}
			a, wrong := r.oneArea(e, drawn, shape)
			if wrong != "" {
				fields["areas."+shape.ID] = wrong
				continue
			}
			a.First = first
			if first += a.Capacity; first > plan.MaxSeats {
				fields["areas"] = fmt.Sprintf("an event has at most %d seats and places", plan.MaxSeats)
				return
			}
			a.Label = labels.take(a.Name, a.Capacity)
			e.Areas = append(e.Areas, a)
			e.Categories[a.Category].Seats += a.Capacity
		}
	}
	if e.SeatsTotal = first; first == 0 && fields["areas"] == "" {
		fields["areas"] = "a plan without seats needs an area on sale"
	}
}

// oneArea reads what is asked of an area of the plan; its places have no numbers and no label yet. wrong says what to do
// where it cannot be put on sale.
func (r *eventRequest) oneArea(e *Event, drawn *plan.Plan, shape plan.Area) (a Area, wrong string) {
	if shape.Shape == "text" {
		return a, "is a text of the drawing, with no place in it"
	}
	var asked areaRequest
	if strict(r.Areas[shape.ID], &asked) != nil {
		return a, "is an object of capacity and category, or null"
	}
	if len(asked.Capacity) == 0 {
		return a, "needs a capacity"
	}
	a = Area{ID: shape.ID, Name: shape.Name}
	bad := fault.Fields{}
	if number(bad, "capacity", asked.Capacity, &a.Capacity, 1, plan.MaxSeats); len(bad) > 0 {
		return a, bad["capacity"]
	}
	if a.Category = r.areaCategory(e, drawn, asked.Category); a.Category < 0 {
		return a, "needs a category of the plan, or a new one that prices names too"
	}
	return a, ""
}

// areaCategory finds what an area is sold as, or makes it; -1 when it cannot be.
func (r *eventRequest) areaCategory(e *Event, drawn *plan.Plan, name string) int {
	if i := slices.IndexFunc(e.Categories, func(c Category) bool { return c.Name == name }); i >= 0 {
		return i
	}
	if i := e.category(name); i >= 0 || r.Prices[name] == nil {
		return i
	}
	made, ok := e.withOwn(drawn).NewCategory(name)
	if !ok {
		return -1
	}
	e.Categories = append(e.Categories, Category{ID: made.ID, Name: made.Name, Color: made.Color})
	return len(e.Categories) - 1
}

// sameAreas refuses to change areas of an event that is there: a number is one place for ever, and theirs follow one
// another without a gap. Naming them as they are is fine, so that what was read can be sent back.
func (r *eventRequest) sameAreas(e *Event, fields fault.Fields) {
	for _, id := range slices.Sorted(maps.Keys(r.Areas)) {
		var asked areaRequest
		capacity := 0
		a, raw := e.area(id), r.Areas[id]
		if a == nil && absent(raw) {
			continue
		}
		if a == nil || absent(raw) || strict(raw, &asked) != nil {
			fields["areas"] = areasSettled
			return
		}
		number(fields, "areas", asked.Capacity, &capacity, 1, plan.MaxSeats)
		c := e.Categories[a.Category]
		if capacity != a.Capacity || (asked.Category != c.Name && asked.Category != c.ID) {
			fields["areas"] = areasSettled
			return
		}
	}
}

const areasSettled = "are numbered when the event is made and stay as they are; block places to sell fewer"

// areaLabels keeps the labels of places apart from one another's and from those of drawn seats.
type areaLabels struct {
	drawn map[string]int // what stands before the number of seats such as "Balcony 7" → their lowest number
	used  map[string]bool
}

func newAreaLabels(p *plan.Plan) *areaLabels {
	l := &areaLabels{drawn: map[string]int{}, used: map[string]bool{}}
	for _, s := range p.Seats() {
		at := strings.LastIndexByte(s.Label, ' ')
		if at < 0 {
			continue
		}
		if n, err := strconv.Atoi(s.Label[at+1:]); err == nil && n > 0 {
			if least, ok := l.drawn[s.Label[:at]]; !ok || n < least {
				l.drawn[s.Label[:at]] = n
			}
		}
	}
	return l
}

// take gives the area's name, or the first of "name (2)", "name (3)", … that leads to labels of its own.
func (l *areaLabels) take(name string, capacity int) string {
	label := name
	for k := 2; ; k++ {
		if least, clash := l.drawn[label]; !l.used[label] && (!clash || least > capacity) {
			l.used[label] = true
			return label
		}
		label = fmt.Sprintf("%s (%d)", name, k)
	}
}
