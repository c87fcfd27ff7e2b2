package app

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/checkout"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// eventRefundPages are the refund of a whole event: asked for, agreed to by another owner, watched, paused.
func (a *App) eventRefundPages(g guarded) {
	g.GET("/refunds", a.eventRefundsPage)
	g.POST("/refunds", a.refundEventForm)
	g.POST("/refunds/:id/:step", a.eventRefundStep)
}

// eventRefundView is one, for people.
type eventRefundView struct {
	checkout.EventRefund
	Said, Total, Paid, OwedSaid, RefusedSaid string
	AskedSaid, AgreedSaid, EndedSaid         time.Time // by the venue's clock
	Orders                                   int
	Mine                                     bool // whoever looks has asked for it
}

// Open tells whether it is not over.
func (v eventRefundView) Open() bool {
	return v.Status == checkout.EventRefundAsked || v.Status == checkout.EventRefundRunning || v.Status == checkout.EventRefundPaused
}

// Moves tells whether its figures change by themselves.
func (v eventRefundView) Moves() bool {
	return v.Status == checkout.EventRefundRunning || v.Status == checkout.EventRefundDone && v.Owed > 0
}

// Returned tells whether it returns, or has returned, anything.
func (v eventRefundView) Returned() bool {
	return v.Status == checkout.EventRefundRunning || v.Status == checkout.EventRefundPaused || v.Status == checkout.EventRefundDone
}

var eventRefundWords = map[checkout.EventRefundStatus]string{
	checkout.EventRefundAsked: "Waits for another owner", checkout.EventRefundRunning: "Under way", checkout.EventRefundPaused: "Paused",
	checkout.EventRefundDone: "Every order is returned", checkout.EventRefundRefused: "Refused", checkout.EventRefundWithdrawn: "Withdrawn",
}

func (a *App) eventRefundsPage(c echo.Context) error {
	return a.showEventRefunds(c, http.StatusOK, "", checkout.WhyRefund{})
}

func (a *App) showEventRefunds(c echo.Context, status int, refused string, typed checkout.WhyRefund) error {
	ctx := c.Request().Context()
	event, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	all, err := a.checkout.EventRefunds(ctx, event.ID)
	if err != nil {
		return err
	}
	at, err := a.checkout.AtStake(ctx, event.ID)
	if err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	data := map[string]any{"Event": event, "Refused": refused, "Typed": typed, "Stake": stakeSaid(at, event.Currency), "Any": at.Orders+at.Unpaid > 0,
		"Digits": money.Digits(event.Currency), "Above": "", "Open": false, "Refunds": eventRefundViews(all, event, who)}
	if above := a.checkout.SecondAbove; above >= 0 {
		data["Above"] = money.Format(above, event.Currency)
	}
	for _, r := range data["Refunds"].([]eventRefundView) {
		data["Open"] = data["Open"].(bool) || r.Open() || r.Returned() // what has begun takes the last order too
	}
	return a.staffPage(c, status, "refunds", "events", data)
}

func eventRefundViews(all []checkout.EventRefund, event *seating.Event, who request.Staff) []eventRefundView {
	zone, say := zoneOf(event), func(minor int64) string { return money.Format(minor, event.Currency) }
	at := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return t.In(zone)
	}
	views := make([]eventRefundView, len(all))
	for i, r := range all {
		views[i] = eventRefundView{EventRefund: r, Said: eventRefundWords[r.Status], Total: say(r.Back + r.Owed + r.ToGo), Paid: say(r.Back),
			OwedSaid: say(r.Owed), RefusedSaid: say(r.Refused), Orders: r.Done + r.Left, Mine: r.AskedBy == who.ID,
			AskedSaid: r.AskedAt.In(zone), AgreedSaid: at(r.AgreedAt), EndedSaid: at(r.EndedAt)}
	}
	return views
}

// refundEventForm asks for the refund of a whole event; first it says what that means.
func (a *App) refundEventForm(c echo.Context) error {
	ctx, why := c.Request().Context(), checkout.WhyRefund{Reason: strings.TrimSpace(c.FormValue("reason")), Public: strings.TrimSpace(c.FormValue("public_reason"))}
	if why.Reason == "" {
		return a.showEventRefunds(c, http.StatusUnprocessableEntity, "Say why; it stands in every order's history and in the log.", why)
	}
	for _, text := range []struct{ name, typed string }{{"The reason: ", why.Reason}, {"For buyers: ", why.Public}} {
		if wrong := shortText(text.typed, longestPauseReason); wrong != "" {
			return a.showEventRefunds(c, http.StatusUnprocessableEntity, text.name+strings.ToLower(wrong), why)
		}
	}
	ok, err := a.confirmed(c, "events", func() (sure, error) { return a.askRefundEvent(ctx, c, why, false) })
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return a.showEventRefunds(c, http.StatusConflict, f.Detail, why)
	}
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	r, err := a.checkout.RefundEvent(ctx, who, c.RealIP(), request.EventOf(c), why, true)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return a.showEventRefunds(c, http.StatusConflict, f.Detail, why)
	}
	if err != nil {
		return err
	}
	return done(c, deskPath(c)+"/refunds", "event-refund-"+string(r.Status))
}

// askRefundEvent says what the refund of an event does, from the figures of this moment.
func (a *App) askRefundEvent(ctx context.Context, c echo.Context, why checkout.WhyRefund, agreeing bool) (sure, error) {
	v, err := a.deskView(ctx, request.EventOf(c).ID)
	if err != nil {
		return sure{}, err
	}
	at, err := a.checkout.AtStake(ctx, v.Event.ID)
	if err != nil {
		return sure{}, err
	}
	if at.Orders+at.Unpaid == 0 {
		return sure{}, checkout.ErrNothingToReturn
	}
	s := sure{Title: "Refund everybody who bought for " + v.Event.Name + "?", Button: "Return " + money.Format(at.Sum, v.Event.Currency), Action: c.Request().URL.Path,
		Back: deskPath(c) + "/refunds", Danger: true, Fields: []sureField{{"reason", why.Reason}, {"public_reason", why.Public}}}
	if !agreeing && a.checkout.SecondAbove >= 0 && at.Sum+at.Open > a.checkout.SecondAbove {
		s.Button = "Ask another owner"
		s.Lines = append(s.Lines, "Nothing happens until another owner has agreed, signed in with an account of their own: it is more than "+
			money.Format(a.checkout.SecondAbove, v.Event.Currency)+". Then:")
	}
	if v.Figures.Phase != queue.PhaseEnded {
		s.Lines = append(s.Lines, "The sale ends at once and cannot be opened again.")
	}
	s.Lines = append(s.Lines,
		stakeSaid(at, v.Event.Currency)+" All tickets are void and let nobody in, and the money goes back to where it came from. Each buyer gets a mail.",
		"Whoever has not paid can pay no more; money that comes all the same goes back too.")
	if why.Public == "" {
		s.Lines = append(s.Lines, "The event's page, the mails and the orders say that every ticket is taken back, and give no reason.")
	} else {
		s.Lines = append(s.Lines, "Everybody reads on the event's page, in the mails and on the orders: “"+why.Public+"”")
	}
	s.Lines = append(s.Lines,
		"It can be paused, but what is returned stays returned.")
	return s, nil
}

// stakeSaid is what the refund of an event is about: "14 paid orders with 700.00 EUR, and 2 that are not paid yet."
func stakeSaid(at checkout.Stake, currency string) string {
	said := strings.Replace(orders(at.Orders), " ", " paid ", 1) + " with " + money.Format(at.Sum, currency)
	if at.Unpaid > 0 {
		said += ", and " + words.Number(int64(at.Unpaid)) + " not paid yet (" + money.Format(at.Open, currency) + ")"
	}
	return said + "."
}

// eventRefundStep agrees to a refund, refuses, withdraws, pauses or resumes it.
func (a *App) eventRefundStep(c echo.Context) error {
	ctx, step := c.Request().Context(), c.Param("step")
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if step == "agree" {
		r, err := a.checkout.EventRefund(ctx, request.EventOf(c).ID, id)
		if err != nil {
			return err
		}
		ok, err := a.confirmed(c, "events", func() (sure, error) {
			return a.askRefundEvent(ctx, c, checkout.WhyRefund{Reason: r.Reason, Public: r.PublicReason}, true)
		})
		if !ok || err != nil {
			return err
		}
	}
	_, err = a.checkout.StepEventRefund(ctx, who, c.RealIP(), request.EventOf(c), id, step)
	if f := fault.As(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Forbidden) {
		return a.showEventRefunds(c, statusOf[f.Kind], f.Detail, checkout.WhyRefund{})
	}
	if err != nil {
		return err
	}
	return done(c, deskPath(c)+"/refunds", "event-refund-"+step)
}
