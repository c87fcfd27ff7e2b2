package app

import (
	"sort"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
)

// eventPages are what everyone may see.
func (a *App) eventPages(r request.Routes) {
	r.Root.GET("/", a.eventsPage)
	r.Root.GET("/events/:event", a.eventPage, a.seating.ResolveEvent())
}

func (a *App) eventsPage(c echo.Context) error {
	events, err := a.seating.Events(c.Request().Context())
	if err != nil {
		return err
	}
	return a.renderPublic(c, "events/list", "public, max-age=5", map[string]any{"Events": events})
}

type priceLine struct {
	Label, Price string
	Free         int
	minor        int64
}

func (a *App) eventPage(c echo.Context) error {
	ctx, slug := c.Request().Context(), request.EventOf(c).Slug
	event, err := a.seating.Event(ctx, slug)
	if err != nil {
		return err
	}
	phase, err := a.queue.Phase(ctx, event.ID)
	if err != nil {
		return err
	}
	counts, err := a.seating.Counts(ctx, event.ID)
	if err != nil {
		return err
	}
	var prices []priceLine
	for _, category := range event.Categories {
		if category.Price != nil {
			prices = append(prices, priceLine{category.Name, money.Format(*category.Price, event.Currency), counts.FreeByCategory[category.ID], *category.Price})
		}
	}
	sort.SliceStable(prices, func(i, j int) bool { return prices[i].minor < prices[j].minor })
	return a.renderPublic(c, "events/event", "public, max-age=5", map[string]any{"Accent": accentPath(event.Accent), "Event": event, "Phase": phase, "Prices": prices})
}
