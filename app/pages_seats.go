package app

import (
	"encoding/json"
	"html/template"
	"sort"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/seating"
)

// seatsPages is the seat map: a shell that is the same for everyone; the plan, the states and the basket come by script.
func (a *App) seatsPages(r request.Routes) {
	r.Root.GET("/events/:event/seats", a.seatsPage, a.seating.ResolveEvent())
}

type (
	// seatsData is what page.js knows of the event before it asks.
	seatsData struct {
		Slug        string          `json:"slug"`
		Currency    string          `json:"currency"`
		Digits      int             `json:"digits"` // of it that are minor
		PlanVersion string          `json:"plan_version"`
		MaxPerBuyer int             `json:"max_per_buyer"`
		HoldSeconds int             `json:"hold_seconds"`
		Categories  []seatsCategory `json:"categories"`
	}
	seatsCategory struct {
		ID    string `json:"id"`
		Price *int64 `json:"price"`
		// Locked: only a code opens its seats.
		Locked bool `json:"locked,omitempty"`
	}
	seatsPrice struct {
		ID, Label, Price string
		Locked           bool
	}
)

// seatsPage answers GET /events/:event/seats.
func (a *App) seatsPage(c echo.Context) error {
	event, err := a.seating.Event(c.Request().Context(), request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	return a.renderPublic(c, "seats/page", publicFor, event, func() (map[string]any, error) {
		data := seatsData{Slug: event.Slug, Currency: event.Currency, Digits: money.Digits(event.Currency), PlanVersion: event.PlanVersion,
			MaxPerBuyer: event.MaxPerBuyer, HoldSeconds: event.HoldSeconds}
		for _, category := range event.Categories {
			data.Categories = append(data.Categories, seatsCategory{category.ID, category.Price, category.Locked})
		}
		encoded, err := json.Marshal(data)
		return map[string]any{
			"Accent": accentPath(event.Accent), "Event": event, "Prices": seatsPrices(event),
			"Data":        template.JS(encoded), // json.Marshal escapes <, > and &: nothing in it can end the element
			"Locked":      event.Locks(),
			"HoldMinutes": (event.HoldSeconds + 59) / 60,
		}, err
	})
}

// seatsPrices are the chips: what is on sale, the dearest first as the map colours them.
func seatsPrices(event *seating.Event) []seatsPrice {
	sale := make([]seating.Category, 0, len(event.Categories))
	for _, category := range event.Categories {
		if category.Price != nil && category.Seats > 0 {
			sale = append(sale, category)
		}
	}
	sort.SliceStable(sale, func(i, j int) bool { return *sale[i].Price > *sale[j].Price })
	out := make([]seatsPrice, len(sale))
	for i, category := range sale {
		out[i] = seatsPrice{category.ID, category.Name, money.Format(*category.Price, event.Currency), category.Locked}
	}
	return out
}
