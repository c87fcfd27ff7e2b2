package queue

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/request"
	"fairseat/app/testkit"
)

// kit is one event's line on real stores, with neighbours that say what a test tells them to.
type kit struct {
	*testkit.Kit
	queue      *Service
	id         int64
	slug       string
	neighbours *neighbours
	deps       Deps
	echo       *echo.Echo
}

var testKeys = keyring.New(map[keyring.Purpose][]keyring.Key{keyring.Place: {
	{ID: "b2", Secret: []byte("0123456789abcdef0123456789abcdef")},
	{ID: "a1", Secret: []byte("fedcba9876543210fedcba9876543210")},
},
	keyring.Buyer:  {{ID: "m1", Secret: []byte("00112233445566778899aabbccddeeff")}},
	keyring.Access: {{ID: "c2", Secret: []byte("ffeeddccbbaa99887766554433221100")}, {ID: "c1", Secret: []byte("0f1e2d3c4b5a69788796a5b4c3d2e1f0")}},
})

// line is how a test's line is made: opening an hour after its prequeue, which is now.
type line struct {
	LineSettings
	opensIn, closesIn time.Duration
	max               int
	free              int
}

// newKit publishes an event whose prequeue begins now and which opens in an hour.
func newKit(t testing.TB, change ...func(*line)) *kit {
	t.Helper()
	l := line{LineSettings: LineSettings{Draws: true, Cap: 10}, opensIn: time.Hour, max: 1, free: 1000}
	for _, c := range change {
		c(&l)
	}
	k := &kit{Kit: testkit.New(t), slug: "gala"}
	event := Event{Slug: k.slug, PrequeueAt: k.Clock.Now(), OpensAt: k.Clock.Now().Add(l.opensIn), MaxPerBuyer: l.max}
	if l.closesIn > 0 {
		closes := event.OpensAt.Add(l.closesIn)
		event.ClosesAt = &closes
	}
	price := int64(4200)
	event.Categories = []Category{{"stalls", &price}, {"box", nil}}
	k.neighbours = &neighbours{
		kit: k, event: event, counts: Counts{Free: l.free, FreeByCategory: map[string]int{"stalls": l.free}},
	}
	k.deps = Deps{
		DB: k.DB, Redis: k.Redis, KeyPrefix: k.Prefix, Clock: k.Clock, Log: k.Log, Keys: testKeys, Limits: k.neighbours,
		PublicURL: "http://localhost:8080", Seats: k.neighbours, Events: k.neighbours, Orders: k.neighbours, Payments: k.neighbours, Journal: k.neighbours,
		Mails: k.neighbours,
	}
	k.queue = New(k.deps)
	k.publish(event, l.LineSettings)
	k.echo = k.serve(k.queue)
	return k
}

func (k *kit) publish(event Event, l LineSettings) {
	k.T.Helper()
	err := k.DB.Transaction(func(tx *gorm.DB) error {
		var plan int64
		if err := tx.Raw(`INSERT INTO plans (name, digest, seats, body, report) VALUES ('hall', 'x', 1, '', '{}') RETURNING id`).Scan(&plan).Error; err != nil {
			return err
		}
		if err := tx.Raw(`INSERT INTO events (slug, name, currency, plan_id, plan_version, prices, seats_total, prequeue_at, opens_at, closes_at)
			VALUES (?, 'Gala', 'EUR', ?, 'v1', '{}', 1, ?, ?, ?) RETURNING id`, event.Slug, plan, event.PrequeueAt, event.OpensAt, event.ClosesAt).Scan(&k.id).Error; err != nil {
			return err
		}
		_, err := k.queue.Publish(context.Background(), tx, k.id, event.Slug, l)
		return err
	})
	if err != nil {
		k.T.Fatal(err)
	}
}

// replica is another process on the same stores.
func (k *kit) replica() *Service { return New(k.deps) }

// open moves the clock to the opening.
func (k *kit) open() { k.Clock.Set(k.neighbours.event.OpensAt) }

// lose empties Redis of everything this test has there, as FLUSHALL would.
func (k *kit) lose() {
	k.T.Helper()
	ctx := context.Background()
	keys, err := k.Redis.Do(ctx, k.Redis.B().Keys().Pattern(k.Prefix+"*").Build()).AsStrSlice()
	if err != nil {
		k.T.Fatal(err)
	}
	if len(keys) > 0 {
		if err := k.Redis.Do(ctx, k.Redis.B().Del().Key(keys...).Build()).Error(); err != nil {
			k.T.Fatal(err)
		}
	}
}

// restartRedis makes the line look as if Redis had started again without what was written since adm was last changed.
func (k *kit) restartRedis(rollback ...string) {
	k.T.Helper()
	set := k.Redis.B().Hset().Key(k.queue.redis.key(k.id, "adm")).FieldValue().FieldValue("run", "an older run")
	for i := 0; i+1 < len(rollback); i += 2 {
		set = set.FieldValue(rollback[i], rollback[i+1])
	}
	if err := k.Redis.Do(context.Background(), set.Build()).Error(); err != nil {
		k.T.Fatal(err)
	}
}

func (k *kit) join() Place {
	k.T.Helper()
	p, err := k.queue.Join(context.Background(), k.id)
	if err != nil {
		k.T.Fatalf("join: %v", err)
	}
	return p
}

func (k *kit) joinMany(n int) []Place {
	k.T.Helper()
	places := make([]Place, n)
	for i := range places {
		places[i] = k.join()
	}
	return places
}

// tick lets a second pass and every line move.
func (k *kit) tick() {
	k.T.Helper()
	k.Clock.Advance(time.Second)
	k.tickNow(k.queue)
}

func (k *kit) tickNow(s *Service) {
	k.T.Helper()
	if err := s.tick(context.Background(), *k.row()); err != nil {
		k.T.Fatalf("tick: %v", err)
	}
}

func (k *kit) row() *lineRow {
	k.T.Helper()
	row, err := k.queue.postgres.read(context.Background(), k.id)
	if err != nil {
		k.T.Fatal(err)
	}
	return row
}

func (k *kit) state() reply {
	k.T.Helper()
	state, err := k.queue.script(context.Background(), "look", k.id, "")
	if err != nil {
		k.T.Fatal(err)
	}
	return state
}

func (k *kit) enter(p Place) (Admission, error) {
	return k.queue.Enter(context.Background(), k.id, p.Key())
}

func (k *kit) mustEnter(p Place) {
	k.T.Helper()
	if _, err := k.enter(p); err != nil {
		k.T.Fatalf("%s: %v", p.Key(), err)
	}
}

func (k *kit) refused(p Place, want error) *fault.Error {
	k.T.Helper()
	_, err := k.enter(p)
	if !errors.Is(err, want) {
		k.T.Fatalf("%s: want %v, got %v", p.Key(), want, err)
	}
	return fault.As(err)
}

func (k *kit) position(p Place) int64 {
	k.T.Helper()
	position, ok, err := k.queue.position(context.Background(), k.id, p.Key())
	if err != nil || !ok {
		k.T.Fatalf("position of %s: %v %v", p.Key(), ok, err)
	}
	return position
}

// checkLine is what must always be true.
func (k *kit) checkLine() {
	k.T.Helper()
	violations, err := k.queue.Audit(context.Background())
	if err != nil || len(violations) > 0 {
		k.T.Fatalf("audit: %v %v", violations, err)
	}
}

// serve is the HTTP side as app wires it.
func (k *kit) serve(s *Service) *echo.Echo {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		f := fault.As(err)
		if f == nil {
			k.T.Logf("bare error: %v", err)
			_ = c.String(http.StatusInternalServerError, err.Error())
			return
		}
		status := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.Conflict: 409, fault.Gone: 410,
			fault.Unsupported: 415, fault.Invalid: 422, fault.TooMany: 429, fault.Unavailable: 503}[f.Kind]
		body := map[string]any{"code": f.Code, "detail": f.Detail, "retry_after": f.RetryAfter.Seconds()}
		for name, fact := range f.Facts {
			body[name] = fact
		}
		_ = c.JSON(status, body)
	}
	event := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { request.SetEvent(c, request.Event{ID: k.id, Slug: k.slug}); return next(c) }
	}
	staff := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			request.SetStaff(c, request.Staff{ID: 1, Email: "owner@example.org", Role: "owner"})
			return next(c)
		}
	}
	s.Routes(request.Routes{
		Event: e.Group("/api/v1/events/:event", event), Place: e.Group("/api/v1/events/:event", event, s.RequirePlace()),
		AdminEvent: e.Group("/api/v1/admin/events/:event", event, staff),
	})
	return e
}

// answer is what a request got.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (k *kit) do(method, path, body string, header ...string) answer {
	r := httptest.NewRequest(method, "/api/v1/"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	k.echo.ServeHTTP(w, r)
	return answer{w, k.T}
}

func (k *kit) queuePath(rest string) string { return "events/" + k.slug + "/queue" + rest }

// want fails the test unless the status is this one; it answers the decoded body.
func (a answer) want(status int) map[string]any {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("want %d, got %d %s", status, a.Code, a.Body)
	}
	body := map[string]any{}
	if a.Body.Len() > 0 {
		if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil {
			a.t.Fatal(err)
		}
	}
	return body
}

// fails wants a problem of this code.
func (a answer) fails(status int, code string) map[string]any {
	a.t.Helper()
	body := a.want(status)
	if body["code"] != code {
		a.t.Fatalf("want %s, got %v", code, body)
	}
	return body
}

func bearer(p Place) []string { return []string{"Authorization", "Bearer " + p.Sign(testKeys)} }
