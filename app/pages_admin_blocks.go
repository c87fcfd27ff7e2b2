package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/seating"
)

// blockForm answers POST …/blocks/:id: another name, reason, end.
func (a *App) blockForm(c echo.Context) error {
	ctx := c.Request().Context()
	e, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	h := &handFill{App: a, c: c, e: e, errors: map[string]string{}}
	change := changeOf(form)
	end := h.until(strings.TrimSpace(form.Get("until")), h.errors)
	change.Until = &end
	if len(h.errors) == 0 {
		who, _ := request.StaffOf(c)
		_, err := a.seating.ChangeBlock(ctx, who, c.RealIP(), e.ID, c.Param("id"), change)
		if err == nil {
			return done(c, handPath(c), "saved")
		}
		if !refuseFields(err, h.errors) {
			return err
		}
	}
	blocks, err := a.blockViews(ctx, e)
	if err != nil {
		return err
	}
	for i := range blocks {
		if blocks[i].ID == c.Param("id") {
			blocks[i].Name, blocks[i].Reason, blocks[i].Typed, blocks[i].Errors = *change.Name, *change.Reason, form.Get("until"), h.errors
		}
	}
	return a.showSeatsDesk(c, http.StatusUnprocessableEntity, seatsDeskView{Blocks: blocks})
}

func changeOf(form url.Values) seating.BlockChange {
	name, reason := strings.TrimSpace(form.Get("name")), strings.TrimSpace(form.Get("reason"))
	return seating.BlockChange{Name: &name, Reason: &reason}
}

// blockReleaseForm answers POST …/blocks/:id/release: all of a block.
func (a *App) blockReleaseForm(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	eventID := request.EventOf(c).ID
	blocks, err := a.seating.Blocks(ctx, eventID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(blocks, func(b seating.Block) bool { return b.ID == id })
	if i < 0 {
		return done(c, handPath(c), "unblocked-before")
	}
	ok, err := a.confirmed(c, "events", func() (sure, error) {
		named, err := a.seating.NameSeats(ctx, eventID, blocks[i].Seats)
		lines := []string{blockFor(blocks[i]) + " (" + blocks[i].Reason + "): " + clipped(named) + ".", "Anybody inside can take them at once."}
		return sure{Title: "Put " + seatCount(len(blocks[i].Seats)) + " back on sale?", Lines: lines, Action: c.Request().URL.Path, Back: handPath(c), Button: "Put back on sale"}, err
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	_, freed, err := a.seating.Unblock(ctx, who, c.RealIP(), eventID, id, nil)
	if err != nil {
		return err
	}
	return putBack(c, len(freed))
}

// putBack says that so many seats went back on sale, or that none was left to.
func putBack(c echo.Context, n int) error {
	if n == 0 {
		return done(c, handPath(c), "unblocked-before")
	}
	return done(c, handPath(c), "unblocked")
}

// refuseFields puts the fields that were refused into words; false for any other error.
func refuseFields(err error, wrong map[string]string) bool {
	f := fault.As(err)
	if f == nil || f.Code != fault.ErrBadField.Code {
		return false
	}
	fields, _ := f.Facts["fields"].(fault.Fields)
	for name, why := range fields {
		if wrong[name] == "" {
			wrong[name] = strings.ToUpper(why[:1]) + why[1:] + "."
		}
	}
	return true
}
