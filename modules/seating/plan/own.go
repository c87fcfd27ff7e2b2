package plan

import (
	"slices"
	"strconv"
)

// NewCategory makes a category beside those of the plan, with an id and a colour of its own. It answers false for a name
// that is there already or is not fit to print, and for a plan that has MaxCategories.
func (p *Plan) NewCategory(name string) (Category, bool) {
	if name == "" || clean(name, maxName) != name || len(p.Categories) >= MaxCategories {
		return Category{}, false
	}
	ids := newNames()
	for _, c := range p.Categories {
		if c.Name == name {
			return Category{}, false
		}
		ids.take(c.ID, afterDash)
	}
	id := slug(name)
	if id == "" {
		id = "c" + strconv.Itoa(len(p.Categories)+1)
	}
	return Category{ID: ids.take(id, afterDash), Name: name, Color: palette(len(p.Categories))}, true
}

// WithCategories is the same drawing with more categories behind its own.
func (p *Plan) WithCategories(more ...Category) *Plan {
	if len(more) == 0 {
		return p
	}
	return &Plan{Name: p.Name, Width: p.Width, Height: p.Height, Zones: p.Zones,
		Categories: append(slices.Clone(p.Categories), more...)}
}
