package app

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/words"
	"fairseat/modules/checkout"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// phaseWords are an event's phases for staff.
var phaseWords = map[string]string{
	queue.PhaseAnnounced: "Announced", queue.PhasePrequeue: "Waiting room open", queue.PhaseDrawing: "Drawing", queue.PhaseOpen: "On sale",
	queue.PhasePaused: "Paused", queue.PhaseSoldOut: "Sold out", queue.PhaseEnded: "Ended",
}

// phaseOrder puts what needs a hand on it first.
var phaseOrder = []string{queue.PhaseDrawing, queue.PhaseOpen, queue.PhasePaused, queue.PhasePrequeue, queue.PhaseSoldOut, queue.PhaseAnnounced, queue.PhaseEnded}

// eventLine is one event in the list.
type eventLine struct {
	Event *seating.Event
	Phase string
	Said  string
	Seats seating.Counts
	Sales checkout.Stats
	Known bool // its figures could be read
}

// deskEvents answers GET /admin: every event, the running sale first.
func (a *App) deskEvents(c echo.Context) error {
	ctx := c.Request().Context()
	events, err := a.seating.AllEvents(ctx)
	if err != nil {
		return err
	}
	lines := make([]eventLine, len(events))
	for i, e := range events {
		lines[i] = a.eventLine(ctx, e)
	}
	slices.SortStableFunc(lines, func(x, y eventLine) int {
		if px, py := slices.Index(phaseOrder, x.Phase), slices.Index(phaseOrder, y.Phase); px != py {
			return px - py
		}
		if x.Phase == queue.PhaseEnded {
			return y.Event.OpensAt.Compare(x.Event.OpensAt)
		}
		return x.Event.OpensAt.Compare(y.Event.OpensAt)
	})
	return a.staffPage(c, http.StatusOK, "events", "events", map[string]any{"Events": lines, "Books": a.books(ctx), "Restore": a.reconciling()})
}

// eventLine reads an event's figures; a list is not refused because one of them is away.
func (a *App) eventLine(ctx context.Context, e *seating.Event) eventLine {
	line := eventLine{Event: e}
	var err error
	if line.Phase, err = a.queue.Phase(ctx, e.ID); err == nil {
		if line.Seats, err = a.seating.Counts(ctx, e.ID); err == nil {
			line.Sales, err = a.checkout.Stats(ctx, e.ID)
		}
	}
	if err != nil {
		a.log.Warn("event listed without figures", "event_id", e.ID, "error", err)
	}
	line.Known, line.Said = err == nil, phaseWords[line.Phase]
	return line
}

// Opens is when, by the venue's clock and short.
func (l eventLine) Opens() string {
	return l.Event.OpensAt.In(zoneOf(l.Event)).Format("Mon 2 Jan 2006, 15:04 MST")
}

// zoneOf is the venue's time zone; an unknown one is UTC.
func zoneOf(e *seating.Event) *time.Location {
	zone, err := time.LoadLocation(e.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Bars are the widths of a bar of all seats on sale, in hundredths.
func (l eventLine) Bars() seatBars { return newSeatBars(l.Seats) }

// seatBars are sold, held and paying, as parts of a hundred.
type seatBars struct{ Sold, Busy float64 }

func newSeatBars(c seating.Counts) seatBars {
	all := float64(c.Free + c.Held + c.Paying + c.Sold)
	if all == 0 {
		return seatBars{}
	}
	return seatBars{Sold: 100 * float64(c.Sold) / all, Busy: 100 * float64(c.Held+c.Paying) / all}
}

// people counts in words: "1 person", "340 people".
func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return words.Number(n) + " people"
}
