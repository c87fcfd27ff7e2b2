package seating

import (
	"fmt"
	"testing"
	"time"

	"fairseat/app/fault"
)

// A line is asked for its opening before the transaction locks anything of it, and orders go on meanwhile: both waited
// for each other once.
func TestPatchAsksTheLineBeforeItLocksIt(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	base := serve(t, h.s)
	ask(t, "POST", base+"/api/v1/admin/events", h.fresh(nil)).want(t, 201, "")
	var blocked error
	h.lines.moving = func() {
		blocked = h.DB.Exec(`SELECT 1 FROM events WHERE slug = 'other' FOR KEY SHARE NOWAIT`).Error
	}
	ask(t, "PATCH", base+"/api/v1/admin/events/other", `{"opens_at":"2027-03-09T13:00:00Z","queue":{"cap":9}}`).want(t, 200, "")
	if got := fmt.Sprint(h.lines.calls); got != "[reschedule moved amend]" {
		t.Errorf("the line heard %s", got)
	}
	if blocked != nil {
		t.Errorf("an order would have waited: %v", blocked)
	}
}

// A change that is not saved leaves the line its opening: a later one is put back, an earlier one never got there.
func TestPatchThatFailsMovesNoOpening(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	base := serve(t, h.s)
	ask(t, "POST", base+"/api/v1/admin/events", h.fresh(nil)).want(t, 201, "")
	url := base + "/api/v1/admin/events/other"
	e, err := h.s.Event(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	h.notes.err = fault.New(fault.Unavailable, "busy", "")
	for _, at := range []string{"2020-01-01T00:00:00Z", "2027-03-09T13:00:00Z"} {
		ask(t, "PATCH", url, `{"opens_at":"`+at+`"}`).want(t, 503, "busy")
		if last := h.lines.rescheduled[len(h.lines.rescheduled)-1]; !last.Equal(e.OpensAt) {
			t.Errorf("to %s: the line opens at %v", at, last)
		}
	}
	if later := time.Date(2027, 3, 9, 13, 0, 0, 0, time.UTC); len(h.lines.rescheduled) != 3 || !h.lines.rescheduled[1].Equal(later) {
		t.Errorf("the line heard %v", h.lines.rescheduled)
	}
	// Once it is saved, the line is told through Changed.
	h.notes.err = nil
	ask(t, "PATCH", url, `{"opens_at":"2020-01-01T00:00:00Z"}`).want(t, 200, "")
	if h.lines.changed != 1 {
		t.Errorf("told %d times", h.lines.changed)
	}
	h.lines.drawn = fault.New(fault.Conflict, "already-drawn", "")
	ask(t, "PATCH", url, `{"opens_at":"2027-03-09T14:00:00Z"}`).want(t, 409, "already-drawn")
	if e, err = h.s.Event(t.Context(), "other"); err != nil || e.OpensAt.Year() == 2020 {
		t.Errorf("%+v, %v", e, err)
	}
}
