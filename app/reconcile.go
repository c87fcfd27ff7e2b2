package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/modules/checkout"
)

// beginnings are the ends of the addresses by which somebody gets in, takes seats or orders.
var beginnings = []string{"/queue/admission", "/holds", "/orders", "/place/enter", "/place/seats", "/place/checkout"}

// closedForRestore lets nobody in and sells nothing while the sale is closed. What was begun goes on.
func (a *App) closedForRestore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, closed := a.checkout.Reconciling(); !closed || c.Request().Method != http.MethodPost {
			return next(c)
		}
		path := c.Request().URL.Path
		if strings.HasSuffix(path, "/swap") {
			return checkout.ErrReconciling.After(5 * time.Second)
		}
		if !strings.HasPrefix(path, "/api/v1/events/") && !strings.HasPrefix(path, "/events/") {
			return next(c)
		}
		for _, end := range beginnings {
			if strings.HasSuffix(path, end) {
				return checkout.ErrReconciling.After(5 * time.Second)
			}
		}
		return next(c)
	}
}

// restored raises what the modules count and what must never fall.
func (a *App) restored(ctx context.Context) error {
	return errors.Join(a.seating.Restored(ctx), a.queue.Restored(ctx))
}

// reconcileResponse is whether the sale is closed after a restore, and why.
type reconcileResponse struct {
	Reconciling bool       `json:"reconciling"`
	Since       clock.Time `json:"since"` // null while it is not
	Reason      string     `json:"reason,omitempty"`
}

func (a *App) reconciling() reconcileResponse {
	r, closed := a.checkout.Reconciling()
	if !closed {
		return reconcileResponse{}
	}
	return reconcileResponse{true, clock.Time(r.Since), r.Reason}
}

// getReconcile answers GET /api/v1/admin/reconcile.
func (a *App) getReconcile(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, a.reconciling())
}

// openAnyway answers POST /api/v1/admin/reconcile/open.
func (a *App) openAnyway(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.OpenAnyway(c.Request().Context(), who, c.RealIP()); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.reconciling())
}

// openAnywayForm answers POST /admin/reconcile/open: first what would happen.
func (a *App) openAnywayForm(c echo.Context) error {
	ok, err := a.confirmed(c, "events", func() (sure, error) {
		return sure{Title: "Open the sale before the ledgers are compared?", Button: "Open the sale", Danger: true, Action: c.Request().URL.Path, Back: "/admin", Lines: []string{
			"This database was restored from a backup. Seats that were sold after that backup look free in it, and can be sold again.",
			"Their buyers have tickets. Open it only if this is the real sale, and not a copy of one that runs elsewhere: of what was paid until now, whatever the ledgers name and this database does not know goes back by itself.",
		}}, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.OpenAnyway(c.Request().Context(), who, c.RealIP()); err != nil {
		return err
	}
	return done(c, "/admin", "reopened")
}
