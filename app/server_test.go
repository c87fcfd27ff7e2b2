package app

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/web"
)

// server is the middleware of the product around routes of the test's own.
func server(t *testing.T, change func(*Config)) *echo.Echo {
	t.Helper()
	c := Defaults()
	if change != nil {
		change(&c)
	}
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEcho(c, slog.New(slog.DiscardHandler), prometheus.NewRegistry(), pages)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func send(e *echo.Echo, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	e := server(t, nil)
	answers := map[string]error{
		"fault":    fault.New(fault.Conflict, "seats-taken", "Gone.").With("seats", []int{3}),
		"slow":     fault.New(fault.TooMany, "slow-down", "Wait.").After(1500 * time.Millisecond),
		"database": &pgconn.PgError{Code: "57P01"},
		"disk":     &pgconn.PgError{Code: "53100"},
		"mistake":  errors.New("secret cause"),
	}
	for name, err := range answers {
		e.GET("/api/"+name, func(echo.Context) error { return err })
	}
	e.GET("/api/panic", func(echo.Context) error { panic("secret cause") })
	e.POST("/api/decode", func(c echo.Context) error {
		var v struct{ A int }
		if err := request.Decode(c, &v); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	const kind = "application/json"
	for _, c := range []struct {
		method, path, body, kind string
		status                   int
		code                     string
	}{
		{"GET", "/api/fault", "", "", 409, "seats-taken"},
		{"GET", "/api/slow", "", "", 429, "slow-down"},
		{"GET", "/api/database", "", "", 503, "busy"},
		{"GET", "/api/disk", "", "", 503, "busy"},
		{"GET", "/api/mistake", "", "", 500, "internal"},
		{"GET", "/api/panic", "", "", 500, "internal"},
		{"GET", "/api/nowhere", "", "", 404, "not-found"},
		{"DELETE", "/api/decode", "", "", 405, "method-not-allowed"},
		{"POST", "/api/decode", `{"A":1}`, kind, 204, ""},
		{"POST", "/api/decode", `{"A":1}`, "text/plain", 415, "unsupported-type"},
		{"POST", "/api/decode", `{"A":1}`, "", 415, "unsupported-type"},
		{"POST", "/api/decode", `{"B":1}`, kind, 400, "bad-body"},
		{"POST", "/api/decode", `{"A":"x"}`, kind, 400, "bad-body"},
		{"POST", "/api/decode", `{"A":1}{}`, kind, 400, "bad-body"},
		{"POST", "/api/decode", ` null `, kind, 400, "bad-body"},
		{"POST", "/api/decode", `{"A":`, kind, 400, "bad-body"},
		{"POST", "/api/decode", `{"A":1,"x":"` + strings.Repeat("y", bodyLimit) + `"}`, kind, 413, "too-large"},
	} {
		w := send(e, c.method, c.path, c.body, "Content-Type", c.kind)
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, w.Code, c.status, w.Body)
			continue
		}
		if c.code == "" {
			continue
		}
		var p struct {
			Type, Title, Detail, Code string
			Status                    int
			RequestID                 string `json:"request_id"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != c.code || p.Type != "/problems/"+c.code ||
			p.Status != c.status || p.Title == "" || p.Detail == "" || p.RequestID == "" ||
			p.RequestID != w.Header().Get("X-Request-Id") || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %+v %s", c.method, c.path, p, w.Body)
		}
		if strings.Contains(w.Body.String(), "secret cause") {
			t.Errorf("%s: the cause is shown to a stranger", c.path)
		}
		if (c.status == 429 || c.status == 503) && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.path)
		}
	}
	if w := send(e, "GET", "/api/fault", ""); !strings.Contains(w.Body.String(), `"seats":[3]`) {
		t.Errorf("the facts are missing: %s", w.Body)
	}
	if w := send(e, "GET", "/nowhere", "", "Accept", "text/html"); w.Code != 404 || !strings.Contains(w.Body.String(), "<h1>Not found</h1>") {
		t.Errorf("a page's problem: %d %s", w.Code, w.Body)
	}
	for mode, want := range map[string]bool{"trial": true, "production": false} {
		e := server(t, func(c *Config) { c.Mode = mode })
		if w := send(e, "GET", "/nowhere", "", "Accept", "text/html"); strings.Contains(w.Body.String(), "TEST") != want {
			t.Errorf("in mode %s a page's problem says TEST: %v, want %v", mode, !want, want)
		}
	}
}

// Forwarded addresses are believed only behind a proxy that is configured.
func TestAddressOfTheClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		proxies []string
		header  string
		want    string
	}{
		{"no proxy", nil, "203.0.113.9", "192.0.2.1"},
		{"trusted proxy", []string{"192.0.2.0/24"}, "203.0.113.9", "203.0.113.9"},
		{"forged before a trusted proxy", []string{"192.0.2.1"}, "10.9.9.9, 203.0.113.9", "203.0.113.9"},
		{"another network is trusted", []string{"198.51.100.0/24"}, "203.0.113.9", "192.0.2.1"},
		{"not an address", []string{"192.0.2.1"}, "somewhere", "192.0.2.1"},
	} {
		e := server(t, func(config *Config) { config.HTTP.TrustedProxies = c.proxies })
		e.GET("/ip", func(c echo.Context) error { return c.String(200, c.RealIP()) })
		if w := send(e, "GET", "/ip", "", "X-Forwarded-For", c.header, "X-Real-Ip", "6.6.6.6"); w.Body.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, w.Body, c.want)
		}
	}
}

func TestCrossSiteRequestsWithACookieAreRefused(t *testing.T) {
	t.Parallel()
	e := server(t, func(c *Config) { c.HTTP.PublicURL = "https://tickets.example.org" })
	e.POST("/api/act", func(c echo.Context) error { return c.NoContent(204) })
	e.POST("/admin/session", func(c echo.Context) error { return c.NoContent(204) })
	e.POST("/admin/events/gala/seats", func(c echo.Context) error { return c.NoContent(204) })
	e.GET("/api/look", func(c echo.Context) error { return c.NoContent(204) })
	const cookie = "fs_staff=x"
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
	}{
		{"another site", "POST", "/api/act", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 403},
		{"another origin, old browser", "POST", "/api/act", []string{"Cookie", cookie, "Origin", "https://evil.example"}, 403},
		{"our page", "POST", "/api/act", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"}, 204},
		{"our public origin behind a proxy", "POST", "/api/act", []string{"Cookie", cookie, "Origin", "https://tickets.example.org"}, 204},
		{"reading", "GET", "/api/look", []string{"Cookie", cookie, "Sec-Fetch-Site", "cross-site"}, 204},
		{"signing in from another site", "POST", "/admin/session", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"signing in from a neighbouring site", "POST", "/admin/session", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"signing in from another origin, old browser", "POST", "/admin/session", []string{"Origin", "https://evil.example"}, 403},
		{"signing in at the desk", "POST", "/admin/session", []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"signing in, as a program", "POST", "/admin/session", nil, 204},
		{"a form of the desk from another site", "POST", "/admin/events/gala/seats", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a form of the desk", "POST", "/admin/events/gala/seats", []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"no cookie, as a program", "POST", "/api/act", []string{"Sec-Fetch-Site", "cross-site"}, 204},
	} {
		w := send(e, c.method, c.path, "", c.header...)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.status)
		}
	}
}

// Labels of metrics come from what we know, never from a stranger.
func TestMetricsLabelsAreBounded(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEcho(Defaults(), slog.New(slog.DiscardHandler), registry, pages)
	if err != nil {
		t.Fatal(err)
	}
	e.GET("/known/:id", func(c echo.Context) error { return c.NoContent(204) })
	for _, path := range []string{"/known/1", "/known/2", "/secret-path-1", "/secret-path-2"} {
		for _, method := range []string{"GET", "BREW"} {
			r := httptest.NewRequest(method, path, nil)
			r.Host = "evil-" + path[1:] + ".example"
			e.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	e.GET("/refused", func(echo.Context) error { return fault.New(fault.Conflict, "seats-taken", "") })
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/refused", nil))
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatal("no metrics", err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "code" && label.GetValue() == "500" {
					t.Errorf("%s counts a refusal as our mistake: %v", family.GetName(), m.GetLabel())
				}
				if v := label.GetValue(); strings.Contains(v, "secret") || strings.Contains(v, "evil") || v == "BREW" || strings.HasSuffix(v, "/1") {
					t.Errorf("%s has the label %s=%q", family.GetName(), label.GetName(), v)
				}
			}
		}
	}
}

// Probes and caches ask with HEAD: the same head as GET, and no body.
func TestHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	e := server(t, nil)
	e.GET("/x", func(c echo.Context) error { return c.String(200, "body") })
	srv := httptest.NewServer(headAsGet(e))
	t.Cleanup(srv.Close)
	for path, want := range map[string]int{"/x": 200, "/nowhere": 404} {
		res, err := http.Head(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want || len(body) != 0 {
			t.Errorf("HEAD %s: %d %q", path, res.StatusCode, body)
		}
	}
}

func TestHeadersThatEveryAnswerHas(t *testing.T) {
	t.Parallel()
	e := server(t, nil)
	e.GET("/x", func(c echo.Context) error { return c.NoContent(204) })
	w := send(e, "GET", "/x", "", "X-Request-Id", "bad id\n")
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); csp == "" || strings.Contains(csp, "unsafe-inline") {
		t.Errorf("Content-Security-Policy: %q", csp)
	}
	if id := w.Header().Get("X-Request-Id"); !plausibleID(id) {
		t.Errorf("request id %q", id)
	}
	if w := send(e, "GET", "/x", "", "X-Request-Id", "from-the-proxy-1"); w.Header().Get("X-Request-Id") != "from-the-proxy-1" {
		t.Error("a proxy's id was not kept")
	}
}

func TestThisMachineHasOneName(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ public, host, path, accept, want string }{
		{"http://localhost:8080", "127.0.0.1:8080", "/events/gala?x=1", "text/html", "http://localhost:8080/events/gala?x=1"},
		{"http://localhost:8080", "[::1]:8080", "/", "text/html", "http://localhost:8080/"},
		{"http://127.0.0.1:8080", "localhost:8080", "/", "text/html", "http://127.0.0.1:8080/"},
		{"http://localhost:8080", "localhost:8080", "/", "text/html", ""},
		{"http://localhost:8080", "127.0.0.1:9090", "/", "text/html", ""}, // a tunnel, perhaps
		{"http://localhost:8080", "127.0.0.1:8080", "/api/v1/events", "text/html", ""},
		{"http://localhost:8080", "127.0.0.1:8080", "/", "application/json", ""},
		{"http://localhost:8080", "evil.example", "/", "text/html", ""},
		{"https://tickets.example.org", "127.0.0.1:8080", "/", "text/html", ""},
	} {
		e := server(t, nil)
		e.Pre(oneLoopback(row.public))
		r := httptest.NewRequest("GET", row.path, nil)
		r.Host = row.host
		r.Header.Set("Accept", row.accept)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != row.want {
			t.Errorf("%s at %s%s: sent to %q, want %q", row.public, row.host, row.path, got, row.want)
		}
	}
}
