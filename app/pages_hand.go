package app

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
	"fairseat/modules/checkout/document"
)

// privateLink is the address that opens the place of a request on another device. Its fragment is never sent to a server,
// so the token stands in no log. Where nobody has set a public address, the one that this browser has used does.
func (a *App) privateLink(c echo.Context) string {
	origin := a.config.HTTP.PublicURL
	if origin == "" {
		origin = c.Scheme() + "://" + c.Request().Host
	}
	return origin + "/events/" + request.EventOf(c).Slug + "#p=" + a.queue.Token(c)
}

// placeCode answers GET /events/:event/place/qr.svg: the private link for the camera of a phone.
func (a *App) placeCode(c echo.Context) error {
	side, path, err := document.QR(a.privateLink(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c.Blob(http.StatusOK, "image/svg+xml", fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path d="%[2]s"/></svg>`, side, path))
}

// handPage answers GET /events/:event/place/link, which takes a place to another device without script. It stands apart
// from the page of the place, which looks again by itself and would forget what is being typed.
func (a *App) handPage(c echo.Context) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	data := a.eventData(ctx, event)
	data["Link"] = a.privateLink(c)
	return a.render(c, http.StatusOK, "waiting/hand", data)
}
