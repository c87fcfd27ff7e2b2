package app

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout/document"
	"fairseat/modules/queue"
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
func (a *App) handPage(c echo.Context) error { return a.showHand(c, http.StatusOK, "", "") }

// mailByForm answers POST /events/:event/place/link: the link goes to an address, or the page says why it does not.
func (a *App) mailByForm(c echo.Context) error {
	email := strings.TrimSpace(c.FormValue("email"))
	status, said, pairs := http.StatusOK, "room.mailed", []any{"address", email}
	_, err := a.queue.Apply(c, queue.Application{Email: email})
	switch f := fault.As(err); {
	case err == nil && email == "", f != nil && f.Kind == fault.Invalid:
		status, said, pairs = http.StatusUnprocessableEntity, "room.mail-bad", nil
	case f != nil && f.Kind == fault.TooMany:
		status, said, pairs = http.StatusTooManyRequests, "room.mail-slow", nil
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	case err != nil:
		return err
	}
	text, err := a.pages.Words("waiting").Say(said, pairs...)
	if err != nil {
		return err
	}
	if status == http.StatusOK {
		email = ""
	}
	return a.showHand(c, status, text, email)
}

// showHand answers with the page, with what a click came to and what was typed.
func (a *App) showHand(c echo.Context, status int, said, typed string) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	data := a.eventData(ctx, event)
	data["Link"], data["Mailed"], data["Typed"] = a.privateLink(c), said, typed
	return a.render(c, status, "waiting/hand", data)
}
