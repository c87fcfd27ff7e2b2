// Package idempotency honours the Idempotency-Key header: the answer of a request is stored in the transaction of its
// effect, so that repeating the request, whatever crashed, gives the same answer and no second effect.
//
//	absent → running (status null, locked) → kept (status, body) → gone after 24 h
//	           └ the process died: free again when the lock has run out
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

// What a key can be refused for.
var (
	ErrReused = fault.New(fault.Invalid, "idempotency-key-reused",
		"This Idempotency-Key was used for another request. Send a new key with a new request.")
	ErrInUse = fault.New(fault.Conflict, "idempotency-key-in-use",
		"The first request with this Idempotency-Key is still running. Repeat it in a moment.")
	ErrBadKey = fault.New(fault.Bad, "bad-idempotency-key", "An Idempotency-Key is 1 to 255 visible ASCII characters.")
)

const (
	// Lifetime is how long an answer is kept.
	Lifetime = 24 * time.Hour
	// lock is longer than any request may run.
	lock = 60 * time.Second
)

// Keeper is the store of keys and the middleware over it.
type Keeper struct {
	db    *gorm.DB
	clock clock.Clock
}

// New makes a Keeper over the table idempotency_keys.
func New(db *gorm.DB, c clock.Clock) *Keeper { return &Keeper{db: db, clock: c} }

type contextKey struct{}

type entry struct{ scope, key string }

// Record stores the answer of the running request inside the transaction of its effect. Without the header it does
// nothing. The body may still change until the handler ends: the middleware stores the final one.
func Record(ctx context.Context, tx *gorm.DB, status int, body any) error {
	e, ok := ctx.Value(contextKey{}).(entry)
	if !ok {
		return nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode kept answer: %w", err)
	}
	return keep(ctx, tx, e, status, http.Header{echo.HeaderContentType: {echo.MIMEApplicationJSON}}, encoded)
}

func keep(ctx context.Context, tx *gorm.DB, e entry, status int, header http.Header, body []byte) error {
	kept, err := json.Marshal(header)
	if err != nil {
		return err
	}
	res := tx.WithContext(ctx).Exec(`UPDATE idempotency_keys SET status = ?, header = ?, body = ? WHERE scope = ? AND key = ?`,
		status, string(kept), body, e.scope, e.key)
	if res.Error != nil {
		return fmt.Errorf("keep answer: %w", res.Error)
	}
	return nil
}

// Middleware makes a route repeatable. It stands behind the middleware that sets request.IdentityOf.
func (k *Keeper) Middleware() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			key := c.Request().Header.Get("Idempotency-Key")
			if key == "" {
				return next(c)
			}
			if !visible(key) {
				return ErrBadKey
			}
			body, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return request.BodyError(err)
			}
			c.Request().Body = io.NopCloser(bytes.NewReader(body))
			hash := sha256.Sum256(body)
			scope := sha256.Sum256([]byte(request.IdentityOf(c) + "\n" + c.Request().Method + "\n" + c.Request().URL.Path))
			e := entry{scope: hex.EncodeToString(scope[:]), key: key}
			answered, err := k.begin(c, e, hash[:])
			if answered || err != nil {
				return err
			}
			return k.run(c, next, e)
		}
	}
}

// begin takes the key, or answers what was kept under it.
func (k *Keeper) begin(c echo.Context, e entry, hash []byte) (answered bool, err error) {
	ctx, now := c.Request().Context(), clock.SQLArg(k.clock)
	res := k.db.WithContext(ctx).Exec(`
		INSERT INTO idempotency_keys AS i (scope, key, request_hash, locked_until)
		VALUES (?, ?, ?, coalesce(?::timestamptz, now()) + ?::float8 * interval '1 s')
		ON CONFLICT (scope, key) DO UPDATE SET locked_until = excluded.locked_until
		WHERE i.status IS NULL AND i.locked_until < coalesce(?::timestamptz, now()) AND i.request_hash = excluded.request_hash`,
		e.scope, e.key, hash, now, lock.Seconds(), now)
	if res.Error != nil {
		return false, fmt.Errorf("take idempotency key: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return false, nil
	}
	var row struct {
		RequestHash []byte
		Status      *int
		Header      string
		Body        []byte
	}
	if err := k.db.WithContext(ctx).Raw(`SELECT request_hash, status, header, body FROM idempotency_keys WHERE scope = ? AND key = ?`,
		e.scope, e.key).Scan(&row).Error; err != nil {
		return false, fmt.Errorf("read idempotency key: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare(row.RequestHash, hash) != 1:
		return false, ErrReused
	case row.Status == nil:
		return false, ErrInUse
	}
	var header http.Header
	if err := json.Unmarshal([]byte(row.Header), &header); err != nil {
		return false, fmt.Errorf("read kept header: %w", err)
	}
	for name, values := range header {
		c.Response().Header()[name] = values
	}
	c.Response().Header().Set("Idempotent-Replayed", "true")
	c.Response().WriteHeader(*row.Status)
	_, err = c.Response().Write(row.Body)
	return true, err
}

// run lets the handler answer and keeps what it said; an answer that must not be kept frees the key.
func (k *Keeper) run(c echo.Context, next echo.HandlerFunc, e entry) error {
	req := c.Request()
	c.SetRequest(req.WithContext(context.WithValue(req.Context(), contextKey{}, e)))
	tee := &recorder{ResponseWriter: c.Response().Writer}
	c.Response().Writer = tee
	if err := next(c); err != nil {
		c.Error(err) // the problem document is an answer like any other
	}
	// The client may be gone by now; what was done must be kept all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), 5*time.Second)
	defer cancel()
	status := c.Response().Status
	if status == http.StatusUnauthorized || status == http.StatusTooManyRequests || status >= 500 {
		// Only an answer that the effect's own transaction did not already keep.
		return k.db.WithContext(ctx).Exec(`DELETE FROM idempotency_keys WHERE scope = ? AND key = ? AND status IS NULL`, e.scope, e.key).Error
	}
	header := http.Header{}
	for _, name := range []string{echo.HeaderContentType, echo.HeaderLocation, echo.HeaderSetCookie} {
		if v := c.Response().Header().Values(name); len(v) > 0 {
			header[http.CanonicalHeaderKey(name)] = v
		}
	}
	return keep(ctx, k.db, e, status, header, tee.body.Bytes())
}

// Purge forgets answers older than Lifetime.
func (k *Keeper) Purge(ctx context.Context) error {
	return k.db.WithContext(ctx).Exec(`DELETE FROM idempotency_keys WHERE created_at < coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'`,
		clock.SQLArg(k.clock), Lifetime.Seconds()).Error
}

type recorder struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func visible(key string) bool {
	for i := range len(key) {
		if key[i] < 0x21 || key[i] > 0x7e {
			return false
		}
	}
	return len(key) <= 255
}
