package app

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/queue"
)

// placePages are one fan's own pages from the line to the order; they work without script.
func (a *App) placePages(r request.Routes) {
	own := a.ownPlace()
	r.Root.GET("/events/:event/place", a.placePage, own...)
	r.Root.GET("/events/:event/place/link", a.handPage, own...)
	r.Root.POST("/events/:event/place/link", a.mailByForm, own...)
	r.Root.GET("/events/:event/place/qr.svg", a.placeCode, own...)
	r.Root.POST("/events/:event/place/enter", a.enterByForm, own...)
	r.Root.POST("/events/:event/place/leave", a.leaveByForm, own...)
}

// ownPlace lets only the holder of a place through; the others are sent to the event.
func (a *App) ownPlace() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{a.seating.ResolveEvent(), elseToEvent, a.queue.RequirePlace()}
}

// elseToEvent sends whoever has no place to where one gets it.
func elseToEvent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if errors.Is(err, queue.ErrNoPlace) || errors.Is(err, queue.ErrBadPlace) {
			c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
			return c.Redirect(http.StatusSeeOther, "/events/"+request.EventOf(c).Slug)
		}
		return err
	}
}

func (a *App) placePage(c echo.Context) error { return a.showPlace(c, nil) }

// enterByForm answers POST /events/:event/place/enter.
func (a *App) enterByForm(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	if _, err := a.queue.Enter(c.Request().Context(), place.EventID, place.Key); err != nil {
		return a.showPlace(c, err)
	}
	return c.Redirect(http.StatusSeeOther, "/events/"+request.EventOf(c).Slug+"/place/seats")
}

// leaveByForm answers POST /events/:event/place/leave.
func (a *App) leaveByForm(c echo.Context) error {
	place, _ := request.PlaceOf(c)
	if err := a.queue.Leave(c.Request().Context(), place.EventID, place.Key); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/events/"+request.EventOf(c).Slug+"/place")
}

// showPlace answers with the page of one's place, with the words and the status of a refusal if there was one.
func (a *App) showPlace(c echo.Context, refusal error) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	status, say := http.StatusOK, &speaker{words: a.pages.Words("waiting")}
	data := a.eventData(ctx, event)
	data["Token"], data["Refused"], data["Lanes"] = a.queue.Token(c), "", a.shares(ctx, say, event.ID)
	if refusal != nil {
		f := toFault(refusal)
		status = statusOf[f.Kind]
		if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
			return refusal
		}
		data["Refused"] = say.t("refused." + f.Code)
	}
	place, _ := request.PlaceOf(c)
	v, err := a.placeView(ctx, say, event, place.Key)
	if err != nil {
		if toFault(err).Kind != fault.Unavailable {
			return err
		}
		// Nobody loses a place because we cannot see it; the page goes on looking.
		status = http.StatusServiceUnavailable
		v = placeView{State: "busy", Lines: []line{{"big", say.t("room.busy")}, {"lead", say.t("room.busy-lead")}}, Refresh: 5 * time.Second}
	}
	if say.err != nil {
		return say.err
	}
	for key, value := range map[string]any{
		"State": v.State, "Lines": v.Lines, "Bar": v.Bar, "Share": v.Share, "Reason": v.Reason, "Message": v.Message,
		"Keeps": v.Refresh > 0, "Returns": v.Returns, "Outlook": v.Outlook,
	} {
		data[key] = value
	}
	for i, p := range data["Prices"].([]priceLine) {
		if p.Free > 0 {
			data["Prices"].([]priceLine)[i].Chance = v.Chances[p.ID]
		}
	}
	// A header and no <meta>: what the page says of itself is then the same with and without script.
	data["Refresh"] = v.Refresh > 0
	if v.Refresh > 0 {
		c.Response().Header().Set("Refresh", strconv.Itoa(max(2, int(v.Refresh.Seconds())))+"; url=/events/"+event.Slug+"/place")
	}
	return a.render(c, status, "waiting/place", data)
}
