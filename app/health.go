package app

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fairseat/app/request"
)

// health answers the questions of balancers and monitors.
type health struct {
	stores        *stores
	redisAnswered atomic.Bool // once is enough: an outage of Redis must not cut payments and webhooks off
	draining      atomic.Bool
}

func (a *App) healthRoutes(r request.Routes) {
	r.Root.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]bool{"up": true}) })
	r.Root.GET("/readyz", a.health.ready)
	r.Root.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{})))
}

// ready is 200 while Postgres answers and Redis has answered once; migrations ran before we listened.
func (h *health) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), time.Second)
	defer cancel()
	postgres := h.stores.requests.Ping(ctx) == nil
	redis := h.stores.redis.Do(ctx, h.stores.redis.B().Ping().Build()).Error() == nil
	if redis {
		h.redisAnswered.Store(true)
	}
	status := http.StatusOK
	if !postgres || !h.redisAnswered.Load() || h.draining.Load() {
		status = http.StatusServiceUnavailable
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, map[string]bool{"postgres": postgres, "redis": redis})
}
