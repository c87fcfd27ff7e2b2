package app

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fairseat/app/money"
	"fairseat/app/words"
	"fairseat/modules/seating"
)

// areaField is an area of a new event: how many people, sold as a category of the plan or at a price of its own, as typed.
type areaField struct {
	ID, Name string
	Places   string
	Category string // its id; "" = a category of its own, called Own
	Own      string
	Price    string
}

// Field is what the area's number of places is called in the form, and in a refusal of it.
func (a areaField) Field() string { return "areas." + a.ID }

// soldArea is an area of an event that is there, in words.
type soldArea struct{ Name, Said string }

// areaFields are the areas of a plan that people could be in, each with the name of a category of its own.
func areaFields(made *seating.ImportedPlan) []areaField {
	used := map[string]bool{}
	for _, c := range made.Categories {
		used[c.Name] = true
	}
	var out []areaField
	for _, a := range made.Areas {
		if a.Shape == "text" {
			continue
		}
		own := a.Name
		for k := 2; used[own]; k++ {
			own = fmt.Sprintf("%s (%d)", a.Name, k)
		}
		used[own] = true
		out = append(out, areaField{ID: a.ID, Name: a.Name, Own: own})
	}
	return out
}

// soldAreas say what an event sells of its areas.
func soldAreas(e *seating.Event) []soldArea {
	var out []soldArea
	for _, a := range e.Areas {
		c := e.Categories[a.Category]
		said := "not on sale"
		if c.Price != nil {
			said = money.Format(*c.Price, e.Currency)
		}
		out = append(out, soldArea{a.Name, fmt.Sprintf("%s places as %s, %s", words.Number(int64(a.Capacity)), c.Name, said)})
	}
	return out
}

func (f *eventForm) fillAreas(v url.Values) {
	for i := range f.Areas {
		a := &f.Areas[i]
		for name, to := range map[string]*string{"places_": &a.Places, "sold_as_": &a.Category, "area_price_": &a.Price} {
			if v.Has(name + a.ID) {
				*to = strings.TrimSpace(v.Get(name + a.ID))
			}
		}
	}
}

// areas are those with places, by id; the prices of their own categories join the others.
func (f *eventForm) areas(prices map[string]any) map[string]any {
	out := map[string]any{}
	for _, a := range f.Areas {
		if a.Places == "" {
			continue
		}
		places, err := strconv.Atoi(strings.ReplaceAll(a.Places, ",", ""))
		if err != nil {
			f.Errors[a.Field()] = "Is a whole number, or empty."
			continue
		}
		if a.Category != "" {
			out[a.ID] = map[string]any{"capacity": places, "category": a.Category}
			if i := slices.IndexFunc(f.Prices, func(p priceField) bool { return p.ID == a.Category }); i >= 0 && f.Prices[i].Text == "" {
				f.Errors["price_"+a.Category] = "Is the price of " + a.Name + ", and missing."
			}
			continue
		}
		out[a.ID] = map[string]any{"capacity": places, "category": a.Own}
		minor, ok := money.Parse(a.Price, f.Currency)
		if !ok || minor > math.MaxInt32 {
			f.Errors["area_price_"+a.ID] = "Is a price such as " + money.Plain(4250, f.Currency) + "."
		}
		prices[a.Own] = minor
	}
	return out
}

// ErrOfAreaPrice is the error of an area's own price.
func (f *eventForm) ErrOfAreaPrice(id string) fieldError { return f.Err("area_price_" + id) }

// areaLabel is what a field of an area is called; false for another field.
func (f *eventForm) areaLabel(name string) (string, bool) {
	for _, a := range f.Areas {
		if name == a.Field() || name == "area_price_"+a.ID {
			return a.Name, true
		}
	}
	return "", false
}
