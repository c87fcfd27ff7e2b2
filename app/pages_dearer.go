package app

import (
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// dearerSight is a change for a dearer seat that is being paid for, on the page of its order.
type dearerSight struct {
	checkout.DearerView
	State    string // what its words are chosen by: "dearer.<…>"
	Why      string // the key of what the bank said, "" if it said nothing
	PayURL   string // "" while there is none
	FromSaid string
	ToSaid   string
	Until    string // the deadline by the venue's clock
	Left     int    // whole minutes until then, at least one
	At       string // the deadline, for scripts
	Waiting  int    // seconds after which the page, without script, looks again
}

// dearerStates are all that dearerState and a return from the bank make of a swap.
var dearerStates = []string{"pay", "asking", "checking", "outage", "paying", "declined"}

// dearerState is as orderState.
func dearerState(v checkout.DearerView, down bool) string {
	switch {
	case v.Status != "pending" && v.Status != "declined":
		return v.Status
	case down:
		return "outage"
	case v.Status == "declined":
		return v.Status
	case v.Payment == nil || v.Payment.URL == nil || !isWeb(*v.Payment.URL):
		return "asking"
	}
	return "pay"
}

func (a *App) dearerSight(c echo.Context, v *checkout.DearerView, e *seating.Event) (*dearerSight, error) {
	if v == nil {
		return nil, nil
	}
	payBy := ""
	if v.Payment != nil {
		payBy = v.Payment.Provider
	}
	until := time.Time(v.ExpiresAt)
	s := &dearerSight{DearerView: *v, State: dearerState(*v, a.checkout.Health(payBy).Down), Left: a.minutesUntil(until), At: clock.Format(until), Waiting: 10}
	var err error
	if s.Until, err = a.pages.Words("order").When("layout.clock", until, e.Timezone); err != nil {
		return nil, err
	}
	seats, err := a.seating.SeatInfo(c.Request().Context(), e.ID, []int{v.From.N, v.To.N})
	if err != nil {
		return nil, err
	}
	say := &speaker{words: a.pages.Words("order")}
	said := say.each(seats)
	s.FromSaid, s.ToSaid = said[v.From.N], said[v.To.N]
	switch s.State {
	case "pay":
		s.PayURL = *v.Payment.URL
	case "asking", "paying":
		s.Waiting = 2
	}
	if s.State == "declined" && slices.Contains(declineReasons, v.DeclinedFor) {
		s.Why = "declined." + v.DeclinedFor
	}
	return s, say.err
}
