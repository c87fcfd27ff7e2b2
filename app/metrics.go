package app

import (
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"fairseat/app/clock"
)

// requestMetrics count what was asked and how it was answered. Labels come from what we know, never from a stranger: the
// route as it is registered, and the methods there are.
type requestMetrics struct {
	requests       *prometheus.CounterVec
	seconds, bytes *prometheus.HistogramVec
	known          sync.Map // requestKind → *requestMeters: looking four labels up costs more than counting
}

type requestKind struct {
	status        int
	method, route string
}

type requestMeters struct {
	requests       prometheus.Counter
	seconds, bytes prometheus.Observer
}

// newRequestMetrics registers them. Few buckets a route tell what an operator asks; sizes and times would else make some
// 20,000 lines.
func newRequestMetrics(registry *prometheus.Registry) *requestMetrics {
	labels := []string{"code", "method", "url"}
	m := &requestMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "fairseat", Name: "requests_total", Help: "Requests by status, method and route.",
		}, labels),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "fairseat", Name: "request_duration_seconds", Help: "How long requests took.", Buckets: []float64{.005, .025, .1, .5, 2.5},
		}, labels),
		bytes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "fairseat", Name: "response_size_bytes", Help: "How long answers were.", Buckets: []float64{1 << 10, 16 << 10, 256 << 10},
		}, labels),
	}
	registry.MustRegister(m.requests, m.seconds, m.bytes)
	return m
}

func (m *requestMetrics) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		started := clock.System{}.Now()
		err := next(c)
		status := c.Response().Status
		if err != nil && !c.Response().Committed { // the error handler has not spoken yet
			status = statusOf[toFault(err).Kind]
		}
		meters := m.of(requestKind{status, knownMethod(c.Request().Method), c.Path()})
		meters.requests.Inc()
		meters.seconds.Observe(clock.System{}.Now().Sub(started).Seconds())
		meters.bytes.Observe(float64(c.Response().Size))
		return err
	}
}

func (m *requestMetrics) of(kind requestKind) *requestMeters {
	if known, ok := m.known.Load(kind); ok {
		return known.(*requestMeters)
	}
	code := strconv.Itoa(kind.status)
	meters := &requestMeters{
		m.requests.WithLabelValues(code, kind.method, kind.route), m.seconds.WithLabelValues(code, kind.method, kind.route),
		m.bytes.WithLabelValues(code, kind.method, kind.route),
	}
	m.known.Store(kind, meters)
	return meters
}
