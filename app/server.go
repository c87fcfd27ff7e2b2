package app

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"fairseat/web"
)

const (
	bodyLimit  = 64 << 10
	staffLimit = 1 << 20
	planLimit  = 64 << 20
)

// newEcho is the server before any route: what every request passes, in order, more last.
func newEcho(c Config, log *slog.Logger, metrics *prometheus.Registry, pages *web.Pages, more ...echo.MiddlewareFunc) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = problems(log, pages, c.Mode == "trial")
	extract, err := ipExtractor(c.HTTP.TrustedProxies)
	if err != nil {
		return nil, err
	}
	e.IPExtractor = extract
	guard, err := crossSite(c.HTTP.PublicURL)
	if err != nil {
		return nil, err
	}
	e.Pre(requestID)
	https := strings.HasPrefix(c.HTTP.PublicURL, "https://")
	all := chain(func(c echo.Context) error { return c.Handler()(c) },
		append([]echo.MiddlewareFunc{recovered(log), securityHeaders(https), requestLog(log), newRequestMetrics(metrics).middleware, limitBody, guard}, more...)...)
	e.Use(func(echo.HandlerFunc) echo.HandlerFunc { return all }) // what it is given is c.Handler()
	return e, nil
}

// newHTTPServer has a deadline for everything; sockets that are hijacked set their own.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: headAsGet(h), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// headAsGet answers HEAD as GET without its body, which net/http leaves out by the method it was asked with.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// ipExtractor trusts X-Forwarded-For only behind the proxies that are configured.
func ipExtractor(proxies []string) (echo.IPExtractor, error) {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect(), nil
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		prefix, err := parseNetwork(p)
		if err != nil {
			return nil, err
		}
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...), nil
}

// requestID names each request; one that comes with a plausible id (from a proxy) keeps it.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !plausibleID(id) {
			// Unlike any other of these weeks is all it must be; nobody gains by guessing one.
			id = base64.RawURLEncoding.EncodeToString(binary.LittleEndian.AppendUint64(make([]byte, 0, 8), rand.Uint64()))
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func plausibleID(id string) bool {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return len(id) >= 8 && len(id) <= 64
}

func recovered(log *slog.Logger) echo.MiddlewareFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisableErrorHandler: true,
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			log.Error("panic", "request_id", c.Response().Header().Get(echo.HeaderXRequestID), "route", c.Path(), "error", err, "stack", string(stack))
			return errInternal.Wrap(err)
		},
	})
}

// securityHeaders are the same on every answer, so that all of them share the values.
func securityHeaders(https bool) echo.MiddlewareFunc {
	nosniff, referrer := []string{"nosniff"}, []string{"no-referrer"}
	policy := []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	strict := []string{"max-age=31536000"}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h[echo.HeaderXContentTypeOptions], h[echo.HeaderReferrerPolicy], h[echo.HeaderContentSecurityPolicy] = nosniff, referrer, policy
			if https {
				h[echo.HeaderStrictTransportSecurity] = strict
			}
			return next(c)
		}
	}
}

// requestLog has one line a request: refusals of ours at debug, what failed is told by problem.go.
func requestLog(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			if log.Enabled(c.Request().Context(), slog.LevelDebug) {
				status := c.Response().Status
				if err != nil {
					status = statusOf[toFault(err).Kind]
				}
				log.Debug("request", "request_id", c.Response().Header().Get(echo.HeaderXRequestID),
					"method", c.Request().Method, "route", c.Path(), "status", status)
			}
			return err
		}
	}
}

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// limitBody caps what is read: 64 KiB, staff 1 MiB, plan files 64 MiB (their importer counts what they unpack to).
func limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body == nil || r.Body == http.NoBody {
			return next(c)
		}
		limit := int64(bodyLimit)
		switch {
		case r.URL.Path == "/api/v1/admin/plans":
			limit = planLimit
		case r.URL.Path == "/admin/plans":
			limit = planLimit + staffLimit // the file with the form around it
		case strings.HasPrefix(r.URL.Path, "/api/v1/admin/"), strings.HasPrefix(r.URL.Path, "/admin/events/"):
			limit = staffLimit
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
		return next(c)
	}
}

// crossSite refuses unsafe requests that carry a cookie and come from another site's page. The desk's forms may have none
// yet, or none any more: nobody signs a browser in from elsewhere, or leaves it a form that waits for that.
func crossSite(publicURL string) (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		if err := protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("http.public_url: %w", err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().Header.Get("Cookie") != "" || strings.HasPrefix(c.Request().URL.Path, "/admin/") {
				if err := protection.Check(c.Request()); err != nil {
					return errCrossSite.Wrap(err)
				}
			}
			return next(c)
		}
	}, nil
}
