package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// eventPages are what everyone may see: the same bytes for all, without a cookie.
func (a *App) eventPages(r request.Routes) {
	r.Root.GET("/", a.eventsPage)
	r.Root.GET("/events/:event", a.eventPage, a.seating.ResolveEvent())
	r.Root.GET("/events/:event/verify", a.verifyPage, a.seating.ResolveEvent())
}

// publicFor is how long a cache may keep what everyone sees, and what it does when we are gone.
const publicFor = "public, max-age=5, stale-if-error=600"

// listed is an event on the list of all.
type listed struct {
	Event             *seating.Event
	Phase, Said, From string
}

func (a *App) eventsPage(c echo.Context) error {
	return a.renderPublic(c, "events/list", publicFor, nil, func() (map[string]any, error) { return a.eventsData(c.Request().Context()) })
}

func (a *App) eventsData(ctx context.Context) (map[string]any, error) {
	events, err := a.seating.Events(ctx)
	if err != nil {
		return nil, err
	}
	say, now := &speaker{words: a.pages.Words("events")}, a.clock.Now()
	list := make([]listed, len(events))
	for i, e := range events {
		phase, err := a.queue.Phase(ctx, e.ID)
		if err != nil {
			return nil, err
		}
		list[i] = listed{Event: e, Phase: phase, From: cheapest(e)}
		switch phase {
		case queue.PhaseAnnounced, queue.PhasePrequeue:
			list[i].Said = say.t("events.opens", "when", say.moment(e.OpensAt, e.Timezone, now))
		case queue.PhasePaused, queue.PhaseSoldOut:
			list[i].Said = say.t("events." + phase)
		case queue.PhaseEnded:
			list[i].Said, list[i].From = say.t("events.ended"), ""
		default:
			list[i].Said = say.t("events.on-sale")
		}
	}
	// What one can buy now comes first, then what opens next.
	slices.SortStableFunc(list, func(x, y listed) int {
		return cmp.Or(cmp.Compare(urgency[x.Phase], urgency[y.Phase]), x.Event.OpensAt.Compare(y.Event.OpensAt))
	})
	return map[string]any{"Events": list}, say.err
}

var urgency = map[string]int{queue.PhasePrequeue: 1, queue.PhaseAnnounced: 2, queue.PhaseSoldOut: 3, queue.PhaseEnded: 4}

// cheapest is an event's lowest price in words, or "" when nothing is on sale.
func cheapest(e *seating.Event) string {
	var low *int64
	for _, c := range e.Categories {
		if c.Price != nil && c.Seats > 0 && (low == nil || *c.Price < *low) {
			low = c.Price
		}
	}
	if low == nil {
		return ""
	}
	return money.Format(*low, e.Currency)
}

type priceLine struct {
	ID, Label, Price string
	Locked           bool   // only with a code
	Chance           string // what is likely to be left of it at one's turn; "" for no worry
	Free             int
	Known            bool // how many are free
	minor            int64
}

// eventData is what every page of one event shows.
func (a *App) eventData(ctx context.Context, event *seating.Event) map[string]any {
	counts, err := a.seating.Counts(ctx, event.ID) // without figures the page still says what it costs
	var prices []priceLine
	for _, c := range event.Categories {
		if c.Price != nil && c.Seats > 0 {
			prices = append(prices, priceLine{
				ID: c.ID, Locked: c.Locked, Label: c.Name, Price: money.Format(*c.Price, event.Currency), Free: counts.FreeByCategory[c.ID], Known: err == nil, minor: *c.Price,
			})
		}
	}
	slices.SortStableFunc(prices, func(x, y priceLine) int { return cmp.Compare(y.minor, x.minor) })
	starts := ""
	if !event.StartsAt.IsZero() {
		starts = event.StartsAt.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"Accent": accentPath(event.Accent), "Event": event, "StartsAt": starts, "Prices": prices,
		"Mail": strings.Count(event.Contact, "@") == 1 && !strings.ContainsAny(event.Contact, " /:?&"),
	}
}

func (a *App) eventPage(c echo.Context) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	phase, draws, reason := "", true, ""
	if line, err := a.queue.Figures(ctx, event.ID); err == nil {
		phase, draws, reason = line.Phase, line.Draws, line.Reason
		if phase == queue.PhaseOpen && !line.Restored {
			reason = "" // who is not in the line is not told of its pace
		}
	} else if phase, err = a.queue.Phase(ctx, event.ID); err != nil {
		return err
	}
	asks, err := a.queue.Requirements(ctx, event.ID)
	if err != nil {
		return err
	}
	word, refunding := "", false
	if phase == queue.PhaseEnded { // which a refund begins with; before that nobody asks Postgres for each page
		if word, refunding, err = a.checkout.Refunding(ctx, event.ID); err != nil {
			return err
		}
	}
	of := [7]any{event, phase, draws, reason, asks, word, refunding} // a change of these is shown at once
	return a.renderPublic(c, "waiting/event", publicFor, of, func() (map[string]any, error) {
		data, say := a.eventData(ctx, event), &speaker{words: a.pages.Words("waiting")}
		a.door(data, say, event, phase, draws, asks.Lanes, reason)
		if refunding {
			data["Refunding"], data["Door"] = true, say.t("door.refunding")
			data["Lead"] = strings.TrimSpace(sentence(word) + " " + say.t("door.refunding-more"))
		}
		if phase == queue.PhaseEnded { // what is free is not for sale
			for i := range data["Prices"].([]priceLine) {
				data["Prices"].([]priceLine)[i].Known = false
			}
		}
		data["Join"] = newJoinForm(event.Slug, asks, phase)
		data["Lanes"] = a.shares(ctx, say, event.ID)
		return data, say.err
	})
}

// door is what somebody without a place reads, as door in web/waiting/door.js does once scripts run.
func (a *App) door(data map[string]any, say *speaker, event *seating.Event, phase string, draws, lanes bool, reason string) {
	now := a.clock.Now()
	opens := say.moment(event.OpensAt, event.Timezone, now)
	data["Lead"] = ""
	key := "js.door-" + phase
	switch phase {
	case queue.PhaseAnnounced:
		room := "js.door-room"
		if lanes {
			room = "door.room-lanes"
		}
		data["Lead"] = say.t(room, "when", say.moment(event.PrequeueAt, event.Timezone, now))
	case queue.PhasePrequeue:
		if data["Lead"] = say.t(fairKey(lanes)); !draws {
			key, data["Lead"] = "js.door-announced", ""
		}
	case queue.PhaseEnded:
		data["Lead"] = strings.TrimSpace(sentence(reason) + " " + say.t("js.find"))
	case queue.PhaseSoldOut:
		data["Lead"] = say.t("js.wait-for-return")
	default:
		if data["Lead"] = say.t("js.behind"); (phase == queue.PhasePaused || phase == queue.PhaseOpen) && reason != "" {
			data["Lead"] = reason
		}
	}
	data["Door"] = say.t(key, "when", opens)
}

// sentence ends what somebody typed as a sentence ends, so that another may follow; sentence in web/waiting/door.js does the same.
func sentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") || strings.HasSuffix(text, "…") {
		return text
	}
	return text + "."
}

// shares tells of the lanes of a draw, in words, and of what is left for everyone else; nothing where there are none. It
// asks no store: the page of a place is made for each who waits without script.
func (a *App) shares(ctx context.Context, say *speaker, eventID int64) []string {
	line, err := a.queue.Figures(ctx, eventID)
	if err != nil || len(line.Lanes) == 0 { // the rest of the page still stands
		return nil
	}
	rest, told := 100, []string{}
	for _, lane := range line.Lanes {
		rest -= lane.Share
		told = append(told, say.t("lanes.lane", "name", lane.Name, "share", lane.Share))
	}
	return append(told, say.t("lanes.public", "share", rest))
}

// fairKey names the words for what being early does not change.
func fairKey(lanes bool) string {
	if lanes {
		return "js.fair-lanes"
	}
	return "js.fair"
}

// speaker says words one after another and keeps the first mistake.
type speaker struct {
	words *words.Catalogue
	err   error
}

func (s *speaker) keep(text string, err error) string {
	s.err = cmp.Or(s.err, err)
	return text
}

func (s *speaker) t(key string, pairs ...any) string { return s.keep(s.words.Say(key, pairs...)) }

func (s *speaker) plural(key string, n int64, pairs ...any) string {
	return s.keep(s.words.Plural(key, int(n), pairs...))
}

// moment is "at 10:00", or "on Saturday 28 November at 10:00" when that is not today at the venue.
func (s *speaker) moment(at time.Time, zone string, now time.Time) string {
	clock := s.keep(s.words.When("layout.clock", at, zone))
	day := s.keep(s.words.When("layout.date", at, zone))
	if day == s.keep(s.words.When("layout.date", now, zone)) {
		return s.t("js.at", "time", clock)
	}
	return s.t("js.on", "day", day, "time", clock)
}
