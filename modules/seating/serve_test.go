package seating

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
)

var statusOf = map[fault.Kind]int{
	fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
	fault.TooLarge: 413, fault.Unsupported: 415, fault.Invalid: 422, fault.TooMany: 429, fault.Unavailable: 503,
}

// serve runs the module's routes on a real server, with the middleware of the other modules played.
func serve(t *testing.T, s *Service) string {
	t.Helper()
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		f := fault.As(err)
		if f == nil {
			t.Errorf("%s %s: %v", c.Request().Method, c.Request().URL.Path, err)
			f = fault.New(fault.Internal, "internal", err.Error())
		}
		doc := map[string]any{"code": f.Code, "detail": f.Detail}
		for k, v := range f.Facts {
			doc[k] = v
		}
		if f.RetryAfter > 0 {
			c.Response().Header().Set(echo.HeaderRetryAfter, f.RetryAfter.String())
		}
		status := statusOf[f.Kind]
		if status == 0 {
			status = 500
		}
		_ = c.JSON(status, doc)
	}
	resolve := s.ResolveEvent()
	place := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p, err := tokens{}.Place(c)
			if err != nil {
				return fault.New(fault.Unauthorized, "no-place", "")
			}
			request.SetPlace(c, p)
			return next(c)
		}
	}
	api := e.Group("/api/v1")
	s.Routes(request.Routes{
		Root: e.Group(""), API: api, Event: api.Group("/events/:event", resolve), Place: api.Group("/events/:event", resolve, place),
		Still: api.Group("/events/:event", resolve, place),
		Admin: api.Group("/admin"), AdminEvent: api.Group("/admin/events/:event", resolve),
		Idempotent: func(next echo.HandlerFunc) echo.HandlerFunc { return next },
	})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) field(name string) any {
	var doc map[string]any
	_ = json.Unmarshal(a.body, &doc)
	return doc[name]
}

// ask sends one request; header is pairs.
func ask(t *testing.T, method, url, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	// No transparent gzip: the tests look at what was sent.
	res, err := (&http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out bytes.Buffer
	if _, err := io.Copy(&out, res.Body); err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, out.Bytes()}
}

// want fails the test unless the answer has this status and, for a refusal, this code.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if got, _ := a.field("code").(string); a.status != status || (status >= 400 && got != code) {
		t.Errorf("want %d %s, got %d %s", status, code, a.status, a.body)
	}
	return a
}
