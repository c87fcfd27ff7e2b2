package seating

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

func whoIs(c echo.Context) by {
	staff, _ := request.StaffOf(c)
	return by{staff: staff, ip: c.RealIP()}
}

// importPlan answers POST /admin/plans, whose body is the file itself.
func (h *handler) importPlan(c echo.Context) error {
	how := plan.Options{Format: c.QueryParam("format"), Name: c.QueryParam("name")}
	if how.Format != "" && !plan.KnownFormat(how.Format) {
		return fault.Fields{"format": "is one of pretix, svg, csv, points"}.Err()
	}
	made, err := h.seating.importPlan(c.Request().Context(), whoIs(c), c.Request().Body, how)
	if err != nil {
		if strings.HasPrefix(err.Error(), "read plan file") {
			return request.BodyError(err)
		}
		return err
	}
	return c.JSON(http.StatusCreated, made)
}

// exportPlan answers GET /admin/plans/:id/pretix.json, a plan to take elsewhere.
func (h *handler) exportPlan(c echo.Context) error {
	_, file, err := h.seating.ExportPlan(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return request.Zipped(c, http.StatusOK, echo.MIMEApplicationJSON, file, request.Gzip(file))
}

type planResponse struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Seats     int        `json:"seats"`
	Version   string     `json:"version"`
	CreatedAt clock.Time `json:"created_at"`
}

// listPlans answers GET /admin/plans.
func (h *handler) listPlans(c echo.Context) error {
	rows, err := h.seating.listPlans(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]planResponse, len(rows))
	for i, r := range rows {
		out[i] = planResponse{ID: strconv.FormatInt(r.ID, 10), Name: r.Name, Seats: r.Seats, Version: r.Digest, CreatedAt: clock.Time(r.CreatedAt)}
	}
	return c.JSON(http.StatusOK, map[string]any{"plans": out})
}

// listAllEvents answers GET /admin/events.
func (h *handler) listAllEvents(c echo.Context) error {
	events, err := h.seating.listEvents(c.Request().Context(), "")
	if err != nil {
		return err
	}
	out := make([]wholeEventResponse, len(events))
	for i, e := range events {
		out[i] = h.seating.describeWhole(c.Request().Context(), e)
	}
	return c.JSON(http.StatusOK, map[string]any{"events": out})
}

// createEvent answers POST /admin/events.
func (h *handler) createEvent(c echo.Context) error {
	var req eventRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	e, err := h.seating.createEvent(c.Request().Context(), whoIs(c), &req)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, h.seating.describeWhole(c.Request().Context(), e))
}

// getWholeEvent answers GET /admin/events/:event.
func (h *handler) getWholeEvent(c echo.Context) error {
	e, err := h.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.seating.describeWhole(c.Request().Context(), e))
}

// patchEvent answers PATCH /admin/events/:event.
func (h *handler) patchEvent(c echo.Context) error {
	var req eventRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	e, err := h.seating.patchEvent(c.Request().Context(), whoIs(c), request.EventOf(c).ID, &req)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.seating.describeWhole(c.Request().Context(), e))
}
