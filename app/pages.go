package app

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sort"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/document"
)

// pageRoutes are the bundled pages: they say the same as the API, to people, before any script runs.
func (a *App) pageRoutes(r request.Routes) {
	r.Root.GET("/", a.eventsPage)
	r.Root.GET("/events/:event", a.eventPage, a.seating.ResolveEvent())
	r.Root.GET("/events/:event/place", a.placePage, a.seating.ResolveEvent(), a.queue.RequirePlace())
	r.Root.GET("/orders/:id", a.orderPage)
	r.Root.GET("/problems/:code", a.problemPage)
	r.Root.GET("/assets/:name", a.asset)
}

func (a *App) asset(c echo.Context) error {
	if "/assets/"+c.Param("name") == document.StylePath {
		c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=3600")
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", document.Style())
	}
	if !a.pages.ServeAsset(c.Response(), c.Param("name")) {
		return errNotFound
	}
	return nil
}

// render buffers the page, so that a failing template becomes a problem and not half a page.
func (a *App) render(c echo.Context, status int, name string, data map[string]any) error {
	data["Test"] = a.config.Mode == "trial"
	var page bytes.Buffer
	if err := a.pages.Render(&page, name, data); err != nil {
		return err
	}
	return c.HTMLBlob(status, page.Bytes())
}

func (a *App) eventsPage(c echo.Context) error {
	events, err := a.seating.Events(c.Request().Context())
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=5")
	return a.render(c, http.StatusOK, "events/list", map[string]any{"Events": events})
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
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=5")
	return a.render(c, http.StatusOK, "events/event", map[string]any{"Event": event, "Phase": phase, "Prices": prices})
}

func (a *App) placePage(c echo.Context) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	place, _ := request.PlaceOf(c)
	standing, err := a.queue.Standing(ctx, event.ID, place.Key)
	if err != nil {
		return err
	}
	line, err := a.queue.Figures(ctx, event.ID)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	data := map[string]any{
		"Event": event, "State": standing.State, "Reason": line.Reason, "Message": line.Message,
		"Refresh": max(2, int(standing.Poll.Seconds())), "Wait": "",
	}
	if standing.Position != nil {
		data["Number"], data["Ahead"] = *standing.Position+1, *standing.Ahead
	}
	if standing.P10 != nil {
		data["Wait"] = about(*standing.P10, *standing.P90)
	}
	return a.render(c, http.StatusOK, "waiting/page", data)
}

// orderPage shows an order to whoever may see it; to a browser that does not know it yet, what a private link needs.
func (a *App) orderPage(c echo.Context) error {
	order, err := a.checkout.View(c)
	if errors.Is(err, checkout.ErrNotFound) {
		return a.render(c, http.StatusOK, "order/page", map[string]any{"Order": nil, "Refresh": 0})
	}
	if err != nil {
		return err
	}
	event, err := a.seating.Event(c.Request().Context(), order.Event)
	if err != nil {
		return err
	}
	data := map[string]any{"Order": order, "Event": event.Name, "Total": money.Format(order.Total, order.Currency), "Refresh": 0, "PayURL": "", "Mailed": ""}
	var lines []priceLine
	for _, seat := range order.Seats {
		lines = append(lines, priceLine{Label: seat.Label, Price: money.Format(seat.Price, order.Currency)})
	}
	data["Lines"], data["Said"] = lines, orderSaid[order.Status]
	switch order.Status {
	case "pending", "paying", "refund-pending":
		data["Refresh"] = 3
	}
	if order.Status == "pending" && order.Payment != nil && order.Payment.URL != nil {
		data["PayURL"] = *order.Payment.URL
	}
	if order.Mail.Status == "sent" {
		data["Mailed"] = "We have mailed your tickets too."
	}
	return a.render(c, http.StatusOK, "order/page", data)
}

// orderSaid is each status in words for its owner.
var orderSaid = map[string]string{
	"pending":        "Your seats are kept for you until you have paid.",
	"paying":         "We are waiting for your bank. Your seats are safe; you don't need to pay again.",
	"declined":       "Your bank declined the payment. The seats are still yours: try again.",
	"paid":           "Paid. Here are your tickets.",
	"part-refunded":  "Part of this order was returned.",
	"refund-pending": "Your money is on its way back.",
	"refunded":       "You got your money back.",
	"expired":        "The time to pay ran out and the seats went back. Nothing was taken.",
	"cancelled":      "You gave this order up. Nothing was taken.",
}

// about is a range of seconds as people say it.
func about(p10, p90 int) string {
	low, high := p10/60, (p90+59)/60
	switch {
	case high <= 1:
		return "about a minute"
	case low == high || low == 0:
		return fmt.Sprintf("up to %d minutes", high)
	}
	return fmt.Sprintf("about %d to %d minutes", low, high)
}

// problemPage is what the type of a problem document points at.
func (a *App) problemPage(c echo.Context) error {
	code := c.Param("code")
	if !a.contract.codes[code] { // a page is not made of whatever stands in the address
		return errNotFound
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=3600")
	return a.render(c, http.StatusOK, "problem/page", map[string]any{
		"Title": title(code), "ID": "",
		"Detail": "An answer with the code “" + code + "” says in its detail what happened and what to do. All codes stand in /api/openapi.json.",
	})
}
