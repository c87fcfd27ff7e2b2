package app

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
	"fairseat/modules/checkout"
)

// adminRoutes are the figures gathered from every module.
func (a *App) adminRoutes(r request.Routes) {
	r.AdminEvent.GET("/stats", a.stats)
	r.Admin.GET("/owed", a.getOwed)
	r.Admin.POST("/ledger/match", a.matchLedger)
	r.Admin.GET("/reconcile", a.getReconcile)
	r.Admin.POST("/reconcile/open", a.openAnyway)
	r.Admin.GET("/audit", func(c echo.Context) error {
		result, err := a.audit(c.Request().Context(), true, auditTime)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, result)
	})
}

type statsResponse struct {
	Phase             string                 `json:"phase"`
	Joined            int64                  `json:"joined"`
	Waiting           int64                  `json:"waiting"`
	Admitted          int64                  `json:"admitted"`
	Cap               int64                  `json:"cap"`
	AdmittedPerMinute int64                  `json:"admitted_per_minute"`
	Free              int                    `json:"free"`
	Held              int                    `json:"held"`
	Paying            int                    `json:"paying"`
	Sold              int                    `json:"sold"`
	Blocked           int                    `json:"blocked"`
	Listed            int                    `json:"listed"` // of the free: given back by their holders
	Orders            checkout.OrderCounts   `json:"orders"`
	Money             checkout.EventMoney    `json:"money"`
	Payments          checkout.PaymentHealth `json:"payments"`
}

// stats answers GET /api/v1/admin/events/:event/stats.
func (a *App) stats(c echo.Context) error {
	figures, err := a.figures(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, figures)
}

// figures are how one event stands, from every module.
func (a *App) figures(ctx context.Context, eventID int64) (*statsResponse, error) {
	phase, err := a.queue.Phase(ctx, eventID)
	if err != nil {
		return nil, err
	}
	line, err := a.queue.Figures(ctx, eventID)
	if err != nil {
		return nil, err
	}
	seats, err := a.seating.Counts(ctx, eventID)
	if err != nil {
		return nil, err
	}
	listed, err := a.seating.Listed(ctx, eventID)
	if err != nil {
		return nil, err
	}
	sales, err := a.checkout.Stats(ctx, eventID)
	if err != nil {
		return nil, err
	}
	return &statsResponse{
		Phase: phase, Joined: line.Joined, Waiting: line.Waiting, Admitted: line.Admitted, Cap: line.Cap, AdmittedPerMinute: line.AdmittedPerMinute,
		Free: seats.Free, Held: seats.Held, Paying: seats.Paying, Sold: seats.Sold, Blocked: seats.Blocked, Listed: listed,
		Orders: sales.Orders, Money: sales.Money, Payments: sales.Payments,
	}, nil
}
