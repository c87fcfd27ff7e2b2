package app

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// placePages are one fan's own pages from the line to the order; they work without script.
func (a *App) placePages(r request.Routes) {
	r.Root.GET("/events/:event/place", a.placePage, a.seating.ResolveEvent(), a.queue.RequirePlace())
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
	data := map[string]any{
		"Accent": accentPath(event.Accent), "Event": event, "State": standing.State, "Reason": line.Reason, "Message": line.Message,
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
