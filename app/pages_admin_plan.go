package app

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

// planPages are step 1 of a new event: a room, uploaded or known.
func (a *App) planPages(g guarded) {
	g.GET("/plans", a.plansPage)
	g.POST("/plans", a.uploadForm)
	g.GET("/plans/:id", a.planPage)
	g.GET("/plans/:id/picture.svg", a.planPicture)
}

func (a *App) plansPage(c echo.Context) error { return a.plans(c, http.StatusOK, "", nil) }

// plans shows the step; refused says in words why a file was not taken, groups what was found in it.
func (a *App) plans(c echo.Context, status int, refused string, groups []faultGroup) error {
	known, err := a.seating.Plans(c.Request().Context())
	if err != nil {
		return err
	}
	return a.staffPage(c, status, "plans", "events", map[string]any{"Plans": known, "Refused": refused, "Faults": groups})
}

// uploadForm answers POST /admin/plans. The body's size is limited by limitBody, what it unpacks to by the importer.
func (a *App) uploadForm(c echo.Context) error {
	header, err := c.FormFile("plan")
	if errors.Is(err, http.ErrMissingFile) || (err == nil && header.Size == 0) {
		return a.plans(c, http.StatusUnprocessableEntity, "Choose a file first.", nil)
	}
	if err != nil {
		return request.BodyError(err)
	}
	file, err := header.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	who, _ := request.StaffOf(c)
	made, err := a.seating.UploadPlan(c.Request().Context(), who, c.RealIP(), file)
	var unusable *plan.UnusableError
	if errors.As(err, &unusable) {
		return a.plans(c, statusOf[fault.As(err).Kind], "“"+header.Filename+"” cannot be used as a seat plan. Nothing was kept.", groupFaults(unusable.Report, true))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/plans/"+made.ID)
}

func (a *App) planPage(c echo.Context) error {
	name, made, err := a.seating.PlanAsImported(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.staffPage(c, http.StatusOK, "plan", "events", map[string]any{"Name": name, "Plan": made, "Faults": groupFaults(made.Report, false)})
}

// planPicture never changes under its address.
func (a *App) planPicture(c echo.Context) error {
	picture, err := a.seating.PlanPicture(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, max-age=86400")
	return request.Zipped(c, http.StatusOK, "image/svg+xml", picture, request.Gzip(picture))
}

// faultGroup is what went wrong in one way: what it is, what was done, and where.
type faultGroup struct {
	What, Done string
	Count      int
	Places     []plan.Fault // the first few
	More       int
	Fatal      bool
}

const placesShown = 8

// groupFaults puts a report into words. Of an unusable file the first fault is the reason.
func groupFaults(r *plan.Report, unusable bool) []faultGroup {
	var groups []faultGroup
	at := map[string]int{}
	for _, f := range r.Faults {
		i, known := at[f.Code]
		if !known {
			i, at[f.Code] = len(groups), len(groups)
			said, ok := faultWords[f.Code]
			if !ok {
				said = [2]string{title(f.Code), ""}
			}
			groups = append(groups, faultGroup{What: said[0], Done: said[1], Fatal: unusable && i == 0})
		}
		g := &groups[i]
		var more int
		if n, _ := fmt.Sscanf(f.Detail, "and %d more", &more); n == 1 && f.Where == "" {
			g.Count += more // the report lists only so many of a kind
			g.More += more
			continue
		}
		g.Count++
		if len(g.Places) < placesShown {
			g.Places = append(g.Places, f)
		} else {
			g.More++
		}
	}
	return groups
}

// faultWords say what a fault of a plan is, and what was done about it.
var faultWords = map[string][2]string{
	"duplicate-guid":     {"Several seats have the same id", "All are kept; the later ones got ids of their own."},
	"duplicate-label":    {"Seats of one zone share row and number", "All are kept; a counter tells them apart."},
	"guid-disagrees":     {"Ids name another row or number than the seat", "Row and number count; ids are only kept apart."},
	"blank-guid":         {"Seats without an id", "They got one."},
	"blank-seat-number":  {"Seats without a number", "They were counted from 1."},
	"blank-row-name":     {"Rows without a name", "The seats are called by their number alone."},
	"blank-category":     {"Seats without a category", "They were gathered in one of their own."},
	"unknown-category":   {"Categories that are used but not declared", "They were added."},
	"duplicate-category": {"Categories declared twice", "The first one counts."},
	"no-position":        {"Seats without a position", "They are drawn where their row starts; look at them in the editor."},
	"same-place":         {"Seats drawn upon one another", "All can be sold; fans will find them hard to pick. Move them in the editor."},
	"out-of-bounds":      {"Seats outside the drawing", "The drawing was made larger."},
	"empty-row":          {"Rows without seats", "Left out."},
	"empty-zone":         {"Zones without anything in them", "Left out."},
	"bad-companion":      {"Companion seats without their accessible seat", "They are ordinary seats now."},
	"bad-color":          {"Colours that are none", "Others were chosen, or none."},
	"unknown-shape":      {"Shapes we cannot draw", "Only their text is drawn."},
	"unknown-key":        {"Words in the file that we do not know", "Ignored; nothing is missing from the room."},
	"wrong-type":         {"Values of the wrong kind", "Ignored."},
	"no-seats":           {"The file has no seats", "Draw rows of seats, or an area to stand in, and export it again."},
	"only-areas":         {"The room has no seats, only areas", "Sell them by the number of people: an event gives each a capacity."},
	"bad-json":           {"The file is not JSON", "Export the seating plan from pretix as .json and choose that file."},
	"bad-gzip":           {"The compressed file is damaged", "Export it again, or choose the file that is not compressed."},
	"bad-shape":          {"This is not a seating plan", "Export the seating plan from pretix as .json and choose that file."},
	"too-deep":           {"This is not a seating plan", "Export the seating plan from pretix as .json and choose that file."},
	"bad-coordinate":     {"A position that cannot be drawn", "Move it in the editor and export the plan again."},
	"too-large":          {"The file is too large", "A plan may have 64 MiB."},
}
