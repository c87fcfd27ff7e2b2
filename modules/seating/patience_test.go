package seating

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/testkit"
)

// hang makes every reader of a table wait until the test lets go.
func (h *house) hang(table string) (release func()) {
	h.T.Helper()
	tx := h.DB.Begin()
	if err := tx.Exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE").Error; err != nil {
		h.T.Fatal(err)
	}
	h.T.Cleanup(func() { tx.Rollback() })
	return func() { tx.Rollback() }
}

// waiting tells whether somebody waits for a table.
func (h *house) waiting(t *testing.T, table string) {
	t.Helper()
	testkit.Eventually(t, 5*time.Second, "somebody waits for "+table, func() bool {
		var n int
		err := h.DB.Raw(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = ?::regclass`, table).Scan(&n).Error
		return err == nil && n > 0
	})
}

// One plan is slow to come: others are there at once, and nobody waits for it longer than they like.
func TestPlansDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	other, err := h.s.ImportPlan(t.Context(), strings.NewReader(drawing(2, 5)))
	if err != nil {
		t.Fatal(err)
	}
	id, err := planID(other.ID)
	if err != nil {
		t.Fatal(err)
	}
	release := h.hang("plans")
	first := make(chan error, 1)
	go func() {
		_, err := h.s.room(t.Context(), id)
		first <- err
	}()
	h.waiting(t, "plans")
	known := make(chan error, 1)
	go func() {
		_, err := h.s.room(t.Context(), h.event.PlanID)
		known <- err
	}()
	impatient := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := h.s.room(ctx, id)
		impatient <- err
	}()
	cancel()
	for who, done := range map[string]chan error{"a known plan": known, "one who has gone": impatient} {
		select {
		case err := <-done:
			if who == "a known plan" && err != nil || who == "one who has gone" && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", who, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s waits for another plan", who)
		}
	}
	release()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// While Postgres hangs one asks it and the others go on with what is known.
func TestOneRefreshesAnEvent(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, "")
	h.s.beat.Store(10)
	for _, find := range []func() (*Event, error){
		func() (*Event, error) { return h.s.Event(t.Context(), "gala") },
		func() (*Event, error) { return h.s.EventByID(t.Context(), h.event.ID) },
	} {
		if _, err := find(); err != nil {
			t.Fatal(err)
		}
		h.s.beat.Add(5)
		if err := h.DB.Exec(`UPDATE events SET name = name || '!'`).Error; err != nil {
			t.Fatal(err)
		}
		release := h.hang("events")
		first := make(chan *Event, 1)
		go func() {
			e, _ := find()
			first <- e
		}()
		h.waiting(t, "events")
		second := make(chan *Event, 1)
		go func() {
			e, _ := find()
			second <- e
		}()
		var old *Event
		select {
		case old = <-second:
		case <-time.After(5 * time.Second):
			t.Fatal("everybody waits for Postgres")
		}
		release()
		if fresh := <-first; old == nil || fresh == nil || fresh.Name != old.Name+"!" {
			t.Errorf("%+v, then %+v", old, fresh)
		}
	}
}

// What was read before a change is not kept after it.
func TestAnOldReadIsNotKept(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, "")
	h.s.beat.Store(10)
	h.s.events.forget(h.event)
	_, err := h.s.cached(nil, h.s.events.forgotten.Load(), func() (*Event, error) {
		h.s.events.forget(h.event) // changed while it was read
		return h.event, nil
	})
	if err != nil || h.s.events.id(h.event.ID) != nil {
		t.Errorf("kept, %v", err)
	}
}

// Events long past leave the public list, and nothing is set up for them.
func TestPastEventsLeaveTheList(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 4, "")
	url := serve(t, h.s)
	now := h.Clock.Now()
	ids := map[string]int64{"gala": h.event.ID}
	day := 24 * time.Hour
	for slug, dates := range map[string]struct{ opens, closes, starts, ended time.Duration }{
		"closed-long-ago":     {opens: -50 * day, closes: -31 * day},
		"closed-lately":       {opens: -50 * day, closes: -29 * day},
		"played-long-ago":     {opens: -50 * day, starts: -31 * day},
		"plays-soon":          {opens: -50 * day, closes: -31 * day, starts: day},
		"sold-without-end":    {opens: -50 * day},
		"ended-long-ago":      {opens: -50 * day, ended: -31 * day},
		"ended-the-other-day": {opens: -50 * day, ended: -day},
	} {
		at := func(d time.Duration) *time.Time {
			if d == 0 {
				return nil
			}
			t := now.Add(d)
			return &t
		}
		var id int64
		err := h.DB.Transaction(func(tx *gorm.DB) error {
			if err := tx.Raw(`INSERT INTO events (slug, name, currency, plan_id, plan_version, prices, seats_total, prequeue_at, opens_at, closes_at, starts_at)
				SELECT ?, name, currency, plan_id, plan_version, prices, seats_total, ?, ?, ?, ? FROM events WHERE slug = 'gala' RETURNING id`,
				slug, at(dates.opens), at(dates.opens), at(dates.closes), at(dates.starts)).Scan(&id).Error; err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO lines (event_id, draws, cap, secret, commitment, ended_at) VALUES (?, true, 1, decode(repeat('00', 32), 'hex'), repeat('0', 64), ?)`, id, at(dates.ended)).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[slug] = id
	}
	a := ask(t, "GET", url+"/api/v1/events", "").want(t, 200, "")
	for slug, id := range ids {
		want := !strings.HasSuffix(slug, "-long-ago")
		if listed := strings.Contains(string(a.body), `"slug":"`+slug+`"`); listed != want {
			t.Errorf("%s: listed %v", slug, listed)
		}
		h.s.mu.Lock()
		if h.s.boards[id] != nil != want {
			t.Errorf("%s: a map is kept: %v", slug, !want)
		}
		h.s.mu.Unlock()
	}
	if a := ask(t, "GET", url+"/api/v1/admin/events", "").want(t, 200, ""); !strings.Contains(string(a.body), "ended-long-ago") {
		t.Error("staff do not see past events")
	}
}
