package app

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// longest words of staff, in bytes, as over HTTP.
const (
	longestPauseReason = 500
	longestMessage     = 2000
)

// livePages are the desk of one sale and its switches.
func (a *App) livePages(g guarded) {
	g.GET("", a.deskPage)
	g.POST("/open", a.openSwitch)
	g.POST("/pause", a.pauseSwitch)
	g.POST("/resume", a.resumeSwitch)
	g.POST("/end", a.endSwitch)
	g.POST("/beacon", a.beaconSwitch)
	g.POST("/pace", a.paceForm)
	g.POST("/message", a.messageForm)
}

// deskView is one sale as the desk shows it.
type deskView struct {
	Event    *seating.Event
	Said     string // the phase in words
	Figures  *statsResponse
	Settings queue.LineSettings
	Reason   string
	Message  string
	Bars     seatBars
	OnSale   int // seats that are for sale at all
	History  []soldPoint
	Errors   map[string]string
	Typed    map[string]string
}

type soldPoint struct {
	At   clock.Time `json:"at"`
	Sold int        `json:"sold"`
}

// Gross, Refunded and Owed are for people.
func (v deskView) Gross() string    { return money.Format(v.Figures.Money.Gross, v.Event.Currency) }
func (v deskView) Refunded() string { return money.Format(v.Figures.Money.Refunded, v.Event.Currency) }
func (v deskView) Owed() string     { return money.Format(v.Figures.Money.Owed, v.Event.Currency) }

// Digits are how many of the event's money are minor, for scripts.
func (v deskView) Digits() int { return money.Digits(v.Event.Currency) }

// Busy are the seats that fans hold or pay for.
func (v deskView) Busy() int { return v.Figures.Held + v.Figures.Paying }

// Health is the processor in words.
func (v deskView) Health() string {
	p := v.Figures.Payments
	if !p.Healthy {
		return "Payments are down. Buyers keep their seats and their clocks stand still."
	}
	if p.P95MS == 0 {
		return "Payments are ready."
	}
	return "Payments answer within " + words.Number(int64(p.P95MS)) + " ms, " + strconv.FormatFloat(100*p.ErrorRate, 'f', 1, 64) + "% fail."
}

// Can tells whether a switch makes sense now; a page that is out of date is refused by the service.
func (v deskView) Can(what string) bool {
	switch v.Figures.Phase {
	case queue.PhaseAnnounced, queue.PhasePrequeue:
		return what == "open" || what == "end"
	case queue.PhasePaused:
		return what == "resume" || what == "end"
	case queue.PhaseEnded:
		return false
	}
	return what == "pause" || what == "end"
}

func (a *App) deskPage(c echo.Context) error { return a.showDesk(c, http.StatusOK, nil, nil) }

// showDesk shows the desk; after a refusal with what was typed, and why it was refused.
func (a *App) showDesk(c echo.Context, status int, errors, typed map[string]string) error {
	v, err := a.deskView(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	v.Errors, v.Typed = errors, typed
	if v.Typed == nil {
		v.Typed = map[string]string{"cap": strconv.Itoa(v.Settings.Cap), "message": v.Message}
		if v.Settings.PerMinute != nil {
			v.Typed["per_minute"] = strconv.Itoa(*v.Settings.PerMinute)
		}
	}
	return a.staffPage(c, status, "desk", "events", map[string]any{"Desk": v})
}

func (a *App) deskView(ctx context.Context, eventID int64) (deskView, error) {
	e, err := a.seating.EventByID(ctx, eventID)
	if err != nil {
		return deskView{}, err
	}
	v := deskView{Event: e}
	if v.Figures, err = a.figures(ctx, e.ID); err != nil {
		return v, err
	}
	line, err := a.queue.Figures(ctx, e.ID)
	if err != nil {
		return v, err
	}
	if v.Settings, err = a.queue.Settings(ctx, e.ID); err != nil {
		return v, err
	}
	sold, err := a.checkout.SoldOverTime(ctx, e.ID)
	if err != nil {
		return v, err
	}
	for _, p := range sold {
		v.History = append(v.History, soldPoint{clock.Time(p.At), p.Sold})
	}
	f := v.Figures
	v.Said, v.Reason, v.Message = phaseWords[f.Phase], line.Reason, line.Message
	v.OnSale = f.Free + f.Held + f.Paying + f.Sold
	v.Bars = newSeatBars(seating.Counts{Free: f.Free, Held: f.Held, Paying: f.Paying, Sold: f.Sold})
	return v, nil
}

// desk is the address of an event's desk.
func deskPath(c echo.Context) string { return "/admin/events/" + request.EventOf(c).Slug }

// throw throws a switch for who is signed in, and leads back to the desk; there it also says why it was not thrown.
func (a *App) throw(c echo.Context, what, reason string, do func(context.Context, request.Event, request.Staff, string, string) error) error {
	who, _ := request.StaffOf(c)
	err := do(c.Request().Context(), request.EventOf(c), who, c.RealIP(), reason)
	if f := fault.As(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Gone) {
		return a.showDesk(c, statusOf[f.Kind], map[string]string{"sale": f.Detail}, nil)
	}
	if err != nil {
		return err
	}
	return done(c, deskPath(c), what)
}

// ask makes the page that says what a switch will do, from the figures of this moment.
func (a *App) ask(c echo.Context, s sure, lines func(v deskView) []string) (bool, error) {
	return a.confirmed(c, "events", func() (sure, error) {
		v, err := a.deskView(c.Request().Context(), request.EventOf(c).ID)
		if err != nil {
			return s, err
		}
		s.Lines, s.Action, s.Back = lines(v), c.Request().URL.Path, deskPath(c)
		s.Title = strings.ReplaceAll(s.Title, "{event}", v.Event.Name)
		return s, nil
	})
}

func (a *App) openSwitch(c echo.Context) error {
	ok, err := a.ask(c, sure{Title: "Open the sale of {event} now?", Button: "Open now"}, func(v deskView) []string {
		if !v.Settings.Draws {
			return []string{"The sale opens at once, ahead of its time.", "Everyone who comes is let in, up to " + people(v.Figures.Cap) + " at once."}
		}
		return []string{
			"The draw is made now, among everyone who is here: " + people(v.Figures.Joined) + ". Whoever comes later stands behind them.",
			"The first are called at once, up to " + people(v.Figures.Cap) + " inside at a time.",
			"A draw cannot be taken back.",
		}
	})
	if !ok || err != nil {
		return err
	}
	return a.throw(c, "open", "", a.queue.Open)
}

func (a *App) pauseSwitch(c echo.Context) error {
	reason := strings.TrimSpace(c.FormValue("reason"))
	if wrong := shortText(reason, longestPauseReason); wrong != "" || reason == "" {
		if wrong == "" {
			wrong = "Say why in a few words: everyone who waits reads it."
		}
		return a.showDesk(c, http.StatusUnprocessableEntity, map[string]string{"reason": wrong}, map[string]string{"reason": reason})
	}
	ask := sure{Title: "Pause {event}?", Button: "Pause admissions", Danger: true, Fields: []sureField{{"reason", reason}}}
	ok, err := a.ask(c, ask, func(v deskView) []string {
		return []string{
			"Pausing stops new admissions. " + insideStay(v) + " " + waitersKeep(v),
			"Everyone who waits reads: “" + reason + "”",
			"Seats that are held and payments under way go on as they are.",
		}
	})
	if !ok || err != nil {
		return err
	}
	return a.throw(c, "pause", reason, a.queue.Pause)
}

// resumeSwitch asks nothing: it only lets go on what was promised.
func (a *App) resumeSwitch(c echo.Context) error { return a.throw(c, "resume", "", a.queue.Resume) }

func (a *App) endSwitch(c echo.Context) error {
	ok, err := a.ask(c, sure{Title: "End the sale of {event} for good?", Button: "End the sale", Danger: true}, func(v deskView) []string {
		return []string{
			"Waiting: " + people(v.Figures.Waiting) + ". They will not get their turn, and are told that the sale has ended.",
			"Inside: " + people(v.Figures.Admitted) + ". They can choose no more seats. " + orders(v.Figures.Orders.Pending) + " under way may still be paid.",
			words.Number(int64(v.Figures.Free+v.Figures.Held)) + " seats stay unsold. An ended sale cannot be opened again.",
		}
	})
	if !ok || err != nil {
		return err
	}
	return a.throw(c, "end", "", a.queue.End)
}

// beaconSwitch lets a draw that waits in vain for public randomness take a later round.
func (a *App) beaconSwitch(c echo.Context) error {
	reason := strings.TrimSpace(c.FormValue("reason"))
	if wrong := shortText(reason, longestPauseReason); wrong != "" || reason == "" {
		if wrong == "" {
			wrong = "Say why in a few words: it stands in the public log."
		}
		return a.showDesk(c, http.StatusUnprocessableEntity, map[string]string{"beacon": wrong}, map[string]string{"beacon": reason})
	}
	ask := sure{Title: "Take a later round for the draw of {event}?", Button: "Take a later round", Danger: true, Fields: []sureField{{"reason", reason}}}
	ok, err := a.ask(c, ask, func(v deskView) []string {
		return []string{
			v.Reason,
			"The draw then takes the first round from six seconds from now. " + people(v.Figures.Joined) + " wait for it; every place is kept.",
			"The public log and the page that checks the draw say so for ever, that you could have known the old round, and your reason: “" + reason + "”",
		}
	})
	if !ok || err != nil {
		return err
	}
	return a.throw(c, "beacon", reason, a.queue.MoveBeacon)
}

func insideStay(v deskView) string {
	if v.Figures.Admitted == 1 {
		return "1 person inside stays;"
	}
	return people(v.Figures.Admitted) + " inside stay;"
}

func waitersKeep(v deskView) string {
	if v.Figures.Waiting == 1 {
		return "1 person keeps their place."
	}
	return words.Number(v.Figures.Waiting) + " keep their places."
}

func orders(n int) string {
	if n == 1 {
		return "1 order"
	}
	return words.Number(int64(n)) + " orders"
}

// paceForm sets how many are inside at once, and how many come in a minute.
func (a *App) paceForm(c echo.Context) error {
	typed := map[string]string{"cap": strings.TrimSpace(c.FormValue("cap")), "per_minute": strings.TrimSpace(c.FormValue("per_minute"))}
	wrong, line := map[string]string{}, map[string]any{}
	for field, text := range typed {
		if text == "" && field == "per_minute" {
			line[field] = nil // no limit, as the empty field says
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			wrong[field] = "Is a whole number from 1."
		}
		line[field] = n
	}
	if len(wrong) == 0 {
		body, err := json.Marshal(map[string]any{"queue": line})
		if err != nil {
			return err
		}
		who, _ := request.StaffOf(c)
		_, err = a.seating.ChangeEvent(c.Request().Context(), who, c.RealIP(), request.EventOf(c).ID, body)
		f := &eventForm{Errors: wrong}
		if err != nil && !f.refuse(err) {
			return err
		}
	}
	if len(wrong) > 0 {
		return a.showDesk(c, http.StatusUnprocessableEntity, wrong, typed)
	}
	return done(c, deskPath(c), "pace")
}

// messageForm says something to everyone who waits; empty takes it back.
func (a *App) messageForm(c echo.Context) error {
	message := strings.TrimSpace(c.FormValue("message"))
	if wrong := shortText(message, longestMessage); wrong != "" {
		return a.showDesk(c, http.StatusUnprocessableEntity, map[string]string{"message": wrong}, map[string]string{"message": message})
	}
	what := "message"
	if message == "" {
		what = "quiet"
	}
	return a.throw(c, what, message, a.queue.Say)
}

// shortText is what is wrong with words of staff, or "".
func shortText(text string, longest int) string {
	if strings.ContainsRune(text, 0) {
		return "Holds characters that cannot be shown."
	}
	if len(text) > longest {
		return "Is too long: at most " + words.Number(int64(longest)) + " letters."
	}
	return ""
}
