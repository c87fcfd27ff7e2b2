package app

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// adminRoutes are the figures gathered from every module.
func (a *App) adminRoutes(r request.Routes) {
	r.AdminEvent.GET("/stats", a.stats)
	r.Admin.GET("/audit", func(c echo.Context) error {
		result, err := a.audit(c.Request().Context())
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, result)
	})
}

type statsResponse struct {
	Phase    string `json:"phase"`
	Waiting  int64  `json:"waiting"`
	Admitted int64  `json:"admitted"`
	Cap      int64  `json:"cap"`
	Free     int    `json:"free"`
	Held     int    `json:"held"`
	Paying   int    `json:"paying"`
	Sold     int    `json:"sold"`
	Blocked  int    `json:"blocked"`
	Orders   any    `json:"orders"`
	Money    any    `json:"money"`
	Payments any    `json:"payments"`
}

// stats answers GET /api/v1/admin/events/:event/stats.
func (a *App) stats(c echo.Context) error {
	ctx, event := c.Request().Context(), request.EventOf(c)
	phase, err := a.queue.Phase(ctx, event.ID)
	if err != nil {
		return err
	}
	line, err := a.queue.Figures(ctx, event.ID)
	if err != nil {
		return err
	}
	seats, err := a.seating.Counts(ctx, event.ID)
	if err != nil {
		return err
	}
	sales, err := a.checkout.Stats(ctx, event.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, statsResponse{
		Phase: phase, Waiting: line.Waiting, Admitted: line.Admitted, Cap: line.Cap,
		Free: seats.Free, Held: seats.Held, Paying: seats.Paying, Sold: seats.Sold, Blocked: seats.Blocked,
		Orders: sales.Orders, Money: sales.Money, Payments: sales.Payments,
	})
}
