package seating

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/app/testkit"
)

// doors plays the queue's admissions, on the real keys.
type doors struct {
	k        *testkit.Kit
	clock    clock.Clock
	mu       sync.Mutex
	touched  map[string]int
	leavings []string
}

func (d *doors) LeaseKeys(id int64) (leases, born string) {
	base := d.k.Prefix + "{e" + strconv.FormatInt(id, 10) + "}:"
	return base + "leases", base + "born"
}

func (d *doors) Touch(_ context.Context, _ int64, places []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range places {
		d.touched[p]++
	}
	return nil
}

func (d *doors) Leaving(_ context.Context, _ int64, place string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leavings = append(d.leavings, place)
	return nil
}

func (d *doors) Admitted(ctx context.Context, id int64, place string) (time.Time, bool, error) {
	leases, _ := d.LeaseKeys(id)
	ms, err := d.k.Redis.Do(ctx, d.k.Redis.B().Zscore().Key(leases).Member(place).Build()).AsFloat64()
	if err != nil {
		return time.Time{}, false, nil
	}
	until := time.UnixMilli(int64(ms))
	return until, until.After(d.clock.Now()) || until.Year() > 2500, nil
}

// lines plays the queue's lines.
type lines struct {
	mu          sync.Mutex
	phase       string
	published   []LineSettings
	amended     []string
	rescheduled []time.Time
	changed     int
	drawn       error
	moving      func()         // called by Reschedule
	moves       [][2]time.Time // told of within the transaction: from, to
	calls       []string
}

func (l *lines) Publish(_ context.Context, _ *gorm.DB, _ int64, _ string, s LineSettings) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.published = append(l.published, s)
	return "c0ffee", nil
}

func (l *lines) Amend(_ context.Context, _ *gorm.DB, _ int64, change LineChange) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := []any{change.Cap, change.PerMinute, change.Identity, change.ProofOfWork}
	if change.MaxPerBuyer != nil || change.ClosesAt != nil {
		heard = append(heard, change.MaxPerBuyer, change.ClosesAt)
	}
	text, _ := json.Marshal(heard)
	l.amended = append(l.amended, string(text))
	l.calls = append(l.calls, "amend")
	return nil
}

func (l *lines) Changed(context.Context, int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed++
	return nil
}

func (l *lines) Moved(_ context.Context, _ *gorm.DB, _ int64, from, to time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, "moved")
	l.moves = append(l.moves, [2]time.Time{from, to})
	return nil
}

func (l *lines) Reschedule(_ context.Context, _ int64, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rescheduled = append(l.rescheduled, at)
	l.calls = append(l.calls, "reschedule")
	if l.moving != nil {
		l.moving()
	}
	return l.drawn
}

func (l *lines) Phase(context.Context, int64) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase, nil
}

func (l *lines) set(phase string) { l.mu.Lock(); l.phase = phase; l.mu.Unlock() }

type notes struct {
	mu  sync.Mutex
	all []string
	err error
}

func (n *notes) Note(_ context.Context, _ *gorm.DB, _ request.Staff, _, action, subject string, detail any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := json.Marshal(detail); err != nil {
		return err
	}
	n.all = append(n.all, action+" "+subject)
	return n.err
}

// budgets refuses from the n-th on; 0 never.
type budgets struct {
	mu    sync.Mutex
	left  int
	names []string
}

func (b *budgets) Take(_ context.Context, name string, perMinute int) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names = append(b.names, name)
	if perMinute == 0 {
		return 0, nil
	}
	if b.left--; b.left < 0 {
		return 3 * time.Second, nil
	}
	return 0, nil
}

// tokens reads a place from a test's own header.
type tokens struct{}

func (tokens) Place(c echo.Context) (request.Place, error) {
	key := c.Request().Header.Get("X-Place")
	if key == "" {
		return request.Place{}, fmt.Errorf("no place")
	}
	return request.Place{EventID: request.EventOf(c).ID, Key: key}, nil
}

// badges plays staff: whoever wears one is signed in until it is taken away.
type badges struct {
	mu    sync.Mutex
	taken []string
}

func (b *badges) take(badge string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = append(b.taken, badge)
}

func (b *badges) Session(c echo.Context) (string, error) {
	badge := c.Request().Header.Get("X-Badge")
	if ended, _ := b.Ended(c.Request().Context(), []string{badge}); len(ended) > 0 {
		return "", nil
	}
	return badge, nil
}

func (b *badges) Ended(_ context.Context, some []string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(some), func(badge string) bool { return !slices.Contains(b.taken, badge) }), nil
}
