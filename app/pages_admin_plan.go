package app

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating"
	"fairseat/modules/seating/plan"
)

// planPages are step 1 of a new event: a room, uploaded or known.
func (a *App) planPages(g guarded) {
	g.GET("/plans", a.plansPage)
	g.POST("/plans", a.uploadForm)
	g.GET("/plans/:id", a.planPage)
	g.GET("/plans/:id/picture.svg", a.planPicture)
	g.GET("/plans/:id/pretix.json", a.planExport)
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
	if errors.Is(err, http.ErrMissingFile) || (err == nil && header.Filename == "") {
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
	made, err := a.seating.UploadPlan(c.Request().Context(), who, c.RealIP(), file, nameOfFile(header.Filename))
	var unusable *plan.UnusableError
	if errors.As(err, &unusable) {
		return a.plans(c, statusOf[fault.As(err).Kind], "“"+header.Filename+"” cannot be used as a seat plan. Nothing was kept.", groupFaults(unusable.Report, true))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/plans/"+made.ID)
}

// nameOfFile is what a plan is called that does not say so itself: "Old Hall" for "Old Hall.svg.gz".
func nameOfFile(file string) string {
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(file, "\\", "/")), ".gz")
	return strings.TrimSuffix(name, path.Ext(name))
}

func (a *App) planPage(c echo.Context) error {
	name, made, err := a.seating.PlanAsImported(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return a.staffPage(c, http.StatusOK, "plan", "events", map[string]any{"Name": name, "Plan": made, "Facts": planFacts(made), "Legend": planLegend(made), "Faults": groupFaults(made.Report, false)})
}

// planFacts is what else is in a room, in one line: "2 accessible seats, 1 companion seat, 12 tables, 3 areas".
func planFacts(made *seating.ImportedPlan) string {
	var facts []string
	for _, f := range []struct {
		n         int
		one, many string
	}{
		{made.Accessible, "accessible seat", "accessible seats"}, {made.Companions, "companion seat", "companion seats"},
		{made.Tables, "table", "tables"}, {made.Notes, "seat with a note", "seats with a note"}, {len(made.Areas), "area", "areas"},
	} {
		switch f.n {
		case 0:
		case 1:
			facts = append(facts, "1 "+f.one)
		default:
			facts = append(facts, strconv.Itoa(f.n)+" "+f.many)
		}
	}
	return strings.Join(facts, ", ")
}

// planLegend says what the signs in a room's picture mean, of those that are in it.
func planLegend(made *seating.ImportedPlan) string {
	var signs []string
	for _, s := range []struct {
		n     int
		means string
	}{
		{made.Accessible, "a square is an accessible seat"}, {made.Companions, "a bar joins an accessible seat and its companion"},
		{made.Notes, "a hole is a note about the view"},
	} {
		if s.n > 0 {
			signs = append(signs, s.means)
		}
	}
	if len(signs) == 0 {
		return ""
	}
	legend := strings.Join(signs, ", ") + "."
	return strings.ToUpper(legend[:1]) + legend[1:]
}

// planExport is the plan as a file for pretix's editor.
func (a *App) planExport(c echo.Context) error {
	id := c.Param("id")
	_, file, err := a.seating.ExportPlan(c.Request().Context(), id)
	if err != nil {
		return err
	}
	// The id is a number, or there would be no such plan.
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="plan-`+id+`.pretix.json"`)
	return request.Zipped(c, http.StatusOK, echo.MIMEApplicationJSON, file, request.Gzip(file))
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
