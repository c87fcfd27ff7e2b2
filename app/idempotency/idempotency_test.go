package idempotency_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
	"fairseat/app/testkit"
)

// shop is a handler with one countable effect, kept in the effect's own transaction.
type shop struct {
	*testkit.Kit
	echo    *echo.Echo
	keeper  *idempotency.Keeper
	effects atomic.Int64
	during  func()       // called inside the handler, before its effect
	after   func() error // what the handler answers instead of 201, once the effect is committed
}

func newShop(t *testing.T) *shop {
	s := &shop{Kit: testkit.New(t), echo: echo.New()}
	s.keeper = idempotency.New(s.DB, s.Clock)
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) {
		status := http.StatusInternalServerError
		if f := fault.As(err); f != nil {
			status = map[fault.Kind]int{fault.Conflict: 409, fault.Invalid: 422, fault.Bad: 400, fault.TooMany: 429}[f.Kind]
			_ = c.JSON(status, map[string]string{"code": f.Code})
			return
		}
		_ = c.NoContent(status)
	}
	who := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { request.SetIdentity(c, c.Request().Header.Get("X-Who")); return next(c) }
	}
	s.echo.POST("/buy", func(c echo.Context) error {
		var body map[string]any
		if err := request.Decode(c, &body); err != nil {
			return err
		}
		if s.during != nil {
			s.during()
		}
		n := s.effects.Load() + 1
		err := s.DB.Transaction(func(tx *gorm.DB) error {
			s.effects.Add(1)
			return idempotency.Record(c.Request().Context(), tx, 201, map[string]any{"n": n, "draft": true})
		})
		if err != nil {
			return err
		}
		if s.after != nil {
			return s.after()
		}
		return c.JSON(201, map[string]any{"n": n})
	}, who, s.keeper.Middleware())
	return s
}

func (s *shop) buy(who, key, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/buy", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Who", who)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

func TestSameKeySameBodyReplays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.buy("ada", "k1", `{"a":1}`)
	again := s.buy("ada", "k1", `{"a":1}`)
	if first.Code != 201 || again.Code != 201 || first.Body.String() != again.Body.String() {
		t.Fatalf("first %d %s, again %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	if again.Header().Get("Idempotent-Replayed") != "true" || first.Header().Get("Idempotent-Replayed") != "" {
		t.Error("a replay says so, a first answer does not")
	}
	if n := s.effects.Load(); n != 1 {
		t.Errorf("%d effects of one key", n)
	}
	// Another person's key of the same name is another key, and no key is no memory.
	s.buy("bob", "k1", `{"a":1}`)
	s.buy("ada", "", `{"a":1}`)
	if n := s.effects.Load(); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}

func TestSameKeyOtherBodyIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.buy("ada", "k1", `{"a":1}`)
	w := s.buy("ada", "k1", `{"a":2}`)
	if w.Code != 422 || !strings.Contains(w.Body.String(), "idempotency-key-reused") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, key := range []string{"with space", "ünï", strings.Repeat("x", 256)} {
		if w := s.buy("ada", key, `{}`); w.Code != 400 {
			t.Errorf("key %q: %d", key, w.Code)
		}
	}
}

func TestRunningKeyIsInUseAndOneOfManyActs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	inside, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.during = func() { once.Do(func() { close(inside); <-release }) }
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- s.buy("ada", "k1", `{}`) }()
	<-inside
	for range 5 {
		if w := s.buy("ada", "k1", `{}`); w.Code != 409 || !strings.Contains(w.Body.String(), "idempotency-key-in-use") {
			t.Errorf("while running: %d %s", w.Code, w.Body)
		}
	}
	close(release)
	if w := <-done; w.Code != 201 {
		t.Errorf("the first: %d", w.Code)
	}
	if n := s.effects.Load(); n != 1 {
		t.Errorf("%d effects", n)
	}
}

// The process dies after the effect's commit, before it has answered: the repeat gets the answer kept with the effect.
func TestAnswerIsKeptWithItsEffect(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.after = func() error { return errors.New("cut") }
	if w := s.buy("ada", "k1", `{}`); w.Code != 500 {
		t.Fatalf("%d", w.Code)
	}
	s.after = nil
	w := s.buy("ada", "k1", `{}`)
	var body struct{ N int }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 201 || body.N != 1 || s.effects.Load() != 1 {
		t.Fatalf("%d %s, %d effects", w.Code, w.Body, s.effects.Load())
	}
}

// The process dies before the effect: the lock runs out and the repeat acts.
func TestLockOfADeadRequestRunsOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.during = func() { panic(http.ErrAbortHandler) }
	func() {
		defer func() { _ = recover() }()
		s.buy("ada", "k1", `{}`)
	}()
	s.during = nil
	if w := s.buy("ada", "k1", `{}`); w.Code != 409 {
		t.Fatalf("while locked: %d", w.Code)
	}
	s.Clock.Advance(2 * time.Minute)
	if w := s.buy("ada", "k1", `{}`); w.Code != 201 || s.effects.Load() != 1 {
		t.Fatalf("%d, %d effects", w.Code, s.effects.Load())
	}
}

func TestRefusalsThatMayChangeAreNotKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	calls := 0
	s.during = func() { calls++ }
	s.echo.POST("/limited", func(echo.Context) error { calls++; return fault.New(fault.TooMany, "slow-down", "") }, s.keeper.Middleware())
	for range 2 {
		r := httptest.NewRequest("POST", "/limited", nil)
		r.Header.Set("Idempotency-Key", "k")
		s.echo.ServeHTTP(httptest.NewRecorder(), r)
	}
	if calls != 2 {
		t.Errorf("%d calls; a 429 must be asked again", calls)
	}
}

func TestPurgeForgetsAfterADay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.buy("ada", "k1", `{}`)
	var kept int64
	count := func() int64 {
		if err := s.keeper.Purge(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.Raw(`SELECT count(*) FROM idempotency_keys`).Scan(&kept).Error; err != nil {
			t.Fatal(err)
		}
		return kept
	}
	if err := s.DB.Exec(`UPDATE idempotency_keys SET created_at = ?`, s.Clock.Now()).Error; err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(23 * time.Hour)
	if n := count(); n != 1 {
		t.Errorf("%d kept after 23 h", n)
	}
	s.Clock.Advance(2 * time.Hour)
	if n := count(); n != 0 {
		t.Errorf("%d kept after 25 h", n)
	}
}
