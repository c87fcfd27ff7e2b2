package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
	"fairseat/modules/seating"
)

// settingsPages are step 2 of a new event, and the settings of one that is published.
func (a *App) settingsPages(g, event guarded) {
	g.GET("/plans/:id/event", a.newEventPage)
	g.POST("/plans/:id/event", a.newEventForm)
	event.GET("/settings", a.settingsPage)
	event.POST("/settings", a.settingsForm)
}

func (a *App) newEventPage(c echo.Context) error {
	name, made, err := a.seating.PlanAsImported(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.newEvent(c, http.StatusOK, name, made, newForm(made).offer(a.methods(), a.methods()[:1]))
}

func (a *App) newEvent(c echo.Context, status int, name string, made *seating.ImportedPlan, f *eventForm) error {
	return a.staffPage(c, status, "settings", "events", map[string]any{"Form": f, "Plan": made, "PlanName": name, "Event": nil})
}

// newEventForm answers POST /admin/plans/:id/event: the event's desk, or the form as it was with what is wrong in it.
func (a *App) newEventForm(c echo.Context) error {
	name, made, err := a.seating.PlanAsImported(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	typed, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	f := newForm(made).offer(a.methods(), nil)
	f.fill(typed)
	settings := f.settings()
	settings["plan"] = made.ID
	body, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if len(f.Errors) == 0 {
		who, _ := request.StaffOf(c)
		e, err := a.seating.CreateEvent(c.Request().Context(), who, c.RealIP(), body)
		if err == nil {
			return done(c, "/admin/events/"+e.Slug, "created")
		}
		if !f.refuse(err) {
			return err
		}
	} else if err := a.seating.CheckEvent(c.Request().Context(), body); err != nil && !f.refuse(err) {
		return err // all that is wrong is said at once
	}
	return a.newEvent(c, http.StatusUnprocessableEntity, name, made, f)
}

func (a *App) settingsPage(c echo.Context) error {
	e, err := a.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	line, err := a.queue.Settings(c.Request().Context(), e.ID)
	if err != nil {
		return err
	}
	return a.settings(c, http.StatusOK, e, formOf(e, line).offer(a.methods(), a.seating.PaymentMethods(e)))
}

func (a *App) settings(c echo.Context, status int, e *seating.Event, f *eventForm) error {
	return a.staffPage(c, status, "settings", "events", map[string]any{"Form": f, "Event": e, "Plan": nil, "PlanName": ""})
}

// settingsForm answers POST /admin/events/:event/settings. Only what was changed is asked for: a form shows times to the
// minute, and sending one back must not move an opening by seconds.
func (a *App) settingsForm(c echo.Context) error {
	e, err := a.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	typed, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	line, err := a.queue.Settings(c.Request().Context(), e.ID)
	if err != nil {
		return err
	}
	now := a.seating.PaymentMethods(e)
	before, f := formOf(e, line).offer(a.methods(), now).settings(), formOf(e, line).offer(a.methods(), now)
	f.fill(typed)
	settings := f.settings()
	maps.DeleteFunc(settings, func(name string, value any) bool { return reflect.DeepEqual(before[name], value) })
	body, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if len(f.Errors) == 0 && len(settings) > 0 {
		who, _ := request.StaffOf(c)
		if _, err := a.seating.ChangeEvent(c.Request().Context(), who, c.RealIP(), e.ID, body); err != nil && !f.refuse(err) {
			return err
		}
	}
	if len(f.Errors) > 0 {
		return a.settings(c, http.StatusUnprocessableEntity, e, f)
	}
	return done(c, "/admin/events/"+e.Slug, "saved")
}
