package app

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"
	"github.com/redis/rueidis"
	"golang.org/x/time/rate"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/web"
)

// Faults that no module owns.
var (
	errNotFound   = fault.New(fault.NotFound, "not-found", "There is nothing at this address.")
	errMethod     = fault.New(fault.Method, "method-not-allowed", "This address does not take this method.")
	errBusy       = fault.New(fault.Unavailable, "busy", "We cannot answer right now. Nothing is lost: places, seats and orders are kept. Try again in a few seconds.")
	errInternal   = fault.New(fault.Internal, "internal", "We could not do this, and we have been told. Nothing was changed; you can try again.")
	errCrossSite  = fault.New(fault.Forbidden, "cross-site", "This request came from another site and was refused.")
	errBadRequest = fault.New(fault.Bad, "bad-request", "The request could not be understood.")
)

var statusOf = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Bad: http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Method: http.StatusMethodNotAllowed,
	fault.Conflict: http.StatusConflict, fault.Gone: http.StatusGone, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Unsupported: http.StatusUnsupportedMediaType, fault.Invalid: http.StatusUnprocessableEntity,
	fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

// problems is Echo's error handler: the one place where an error becomes an HTTP answer. A fault becomes its problem
// document; a store that is away becomes 503 busy; anything else a 500 whose cause goes to the log alone.
func problems(log *slog.Logger, pages *web.Pages, trial bool) echo.HTTPErrorHandler {
	// A store that is away fails every request of a crowd: one line a second tells it as well.
	away := rate.NewLimiter(rate.Every(time.Second), 1)
	return func(err error, c echo.Context) {
		f := toFault(err)
		id := c.Response().Header().Get(echo.HeaderXRequestID)
		switch {
		case errors.Is(f, errInternal): // the sandbox's errors on request are 500s too, and nobody's mistake
			log.Error("request failed", "request_id", id, "method", c.Request().Method, "route", c.Path(), "error", err)
		case f.Kind == fault.Unavailable && errors.Unwrap(f) != nil && away.Allow():
			log.Warn("store away", "request_id", id, "route", c.Path(), "error", errors.Unwrap(f))
		}
		if c.Response().Committed {
			return
		}
		if err := writeProblem(c, pages, trial, f, id); err != nil {
			log.Debug("answer not delivered", "request_id", id, "error", err)
		}
	}
}

// toFault finds the fault in an error, or makes one.
func toFault(err error) *fault.Error {
	if f := fault.As(err); f != nil {
		return f
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return errNotFound
		case http.StatusMethodNotAllowed:
			return errMethod
		case http.StatusRequestEntityTooLarge:
			return request.ErrTooLarge
		case http.StatusUnsupportedMediaType:
			return request.ErrUnsupportedType
		}
		if he.Code >= 400 && he.Code < 500 {
			return errBadRequest.Wrap(err)
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22021" { // a NUL or broken UTF-8 in what a stranger sent
		return errBadRequest.Wrap(err)
	}
	if unavailable(err) {
		return errBusy.After(2 * time.Second).Wrap(err)
	}
	return errInternal.Wrap(err)
}

// unavailable tells a store that is away, starting, full or too slow from a mistake of ours.
func unavailable(err error) bool {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &pg):
		switch pg.Code[:2] {
		case "08", "53", "57", "40", "55": // connection, resources (disk full too), shutdown or timeout, serialisation, lock timeout
			return true
		}
		return pg.Code == "25P03" // idle in transaction too long
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, rueidis.ErrClosing):
		return true
	}
	if re, ok := rueidis.IsRedisErr(err); ok {
		text := re.Error()
		for _, prefix := range []string{"LOADING", "OOM", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "BUSY "} {
			if strings.HasPrefix(text, prefix) {
				return true
			}
		}
	}
	// pgx reports a connection that died under a statement with plain text only.
	text := err.Error()
	return strings.Contains(text, "conn closed") || strings.Contains(text, "connection reset") ||
		strings.Contains(text, "broken pipe") || strings.Contains(text, "closed pool") || strings.Contains(text, "unexpected EOF")
}

// title makes "hold-expired" into "Hold expired".
func title(code string) string {
	words := strings.ReplaceAll(code, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func writeProblem(c echo.Context, pages *web.Pages, trial bool, f *fault.Error, id string) error {
	status := statusOf[f.Kind]
	h := c.Response().Header()
	if f.Kind == fault.TooMany || f.Kind == fault.Unavailable {
		seconds := max(1, int(math.Ceil(f.RetryAfter.Seconds())))
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(seconds))
	}
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Del("ETag")
	if wantsHTML(c) {
		h.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
		c.Response().WriteHeader(status)
		return pages.Render(c.Response(), "problem/page", map[string]any{"Title": title(f.Code), "Detail": f.Detail, "ID": id, "Test": trial})
	}
	if status == http.StatusUnauthorized {
		h.Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	doc := map[string]any{}
	for k, v := range f.Facts {
		doc[k] = v
	}
	doc["type"], doc["title"], doc["status"], doc["detail"] = "/problems/"+f.Code, title(f.Code), status, f.Detail
	doc["code"], doc["request_id"] = f.Code, id
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return c.Blob(status, "application/problem+json", body)
}

// wantsHTML is for pages only: under /api the answer is always a problem document.
func wantsHTML(c echo.Context) bool {
	path := c.Request().URL.Path
	if strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/sandbox/v1/") {
		return request.IsForm(c) && strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "text/html")
	}
	return strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "text/html")
}
