package app

import (
	"context"
	"time"

	"fairseat/app/words"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

type line struct{ Class, Text string }

// placeView is what the page of one place shows; web/waiting/say.js says the same where scripts run.
type placeView struct {
	State           string // one of queue's, or "ended", "busy"
	Lines           []line
	Bar             bool
	Share           int64 // of the way, in thousandths
	Reason, Message string
	Outlook         string // what is likely to be left at one's turn: in all, and of each price by its id
	Chances         map[string]string
	Returns         bool          // everything is taken; seats may come back
	Refresh         time.Duration // 0: nothing will change
}

func (a *App) placeView(ctx context.Context, say *speaker, event *seating.Event, place string) (placeView, error) {
	st, err := a.queue.Standing(ctx, event.ID, place)
	if err != nil {
		return placeView{}, err
	}
	f, err := a.queue.Figures(ctx, event.ID)
	if err != nil {
		return placeView{}, err
	}
	v := placeView{State: st.State, Message: f.Message, Reason: f.Reason, Refresh: st.Poll}
	text := func(big string, rest ...string) {
		v.Lines = []line{{"big", big}}
		for i, r := range rest {
			v.Lines = append(v.Lines, line{[]string{"lead", "soft"}[i], r})
		}
	}
	number := ""
	if st.Position != nil {
		number = say.t("room.number-tail", "number", words.Number(*st.Position+1))
		if st.Cohort != queue.InTail && f.Size > 0 {
			number = say.t("room.number", "number", words.Number(*st.Position+1), "of", words.Number(f.Size))
		}
	}
	opens := say.moment(f.OpensAt, event.Timezone, a.clock.Now())
	switch {
	case f.Phase == queue.PhaseEnded && st.State != queue.StateAdmitted:
		v.State, v.Refresh = queue.PhaseEnded, 0
		text(say.t("room.ended"), say.t("js.find"))
	case st.State == queue.StateAdmitted:
		v.Refresh, v.Reason = 0, "" // the list of seats has its own clock, and a page that is read must not ask for more time
		if f.Phase == queue.PhaseSoldOut {
			text(say.t("room.sold-out"), say.t("place.none-left"))
			break
		}
		text(say.t("place.in"), say.t("place.in-lead"))
	case st.State == queue.StateDone:
		v.Refresh, v.Reason = 0, ""
		text(say.t("room.done"), say.t("room.done-lead"))
	case f.Phase == queue.PhaseAnnounced || f.Phase == queue.PhasePrequeue:
		if !f.Draws {
			text(say.t("js.door-announced", "when", opens), say.t("place.here"))
			break
		}
		text(say.t("js.door-prequeue", "when", opens), say.t(fairKey(len(f.Lanes) > 0)), say.plural("room.joined", max(f.Joined, st.Index+1-f.Aside, 1))+laneOf(say, st, f))
	case f.Phase == queue.PhaseDrawing || st.Position == nil:
		lead := "room.drawing-lead"
		if f.Reason != "" { // it takes longer
			lead = "room.drawing-kept"
		}
		text(say.t("room.drawing"), say.t(lead))
	case f.Phase == queue.PhasePaused:
		v.State = queue.StateWaiting
		text(say.t("room.paused"), say.t("room.paused-lead"), number)
	case f.Phase == queue.PhaseSoldOut:
		v.State, v.Returns = queue.StateWaiting, true
		text(say.t("room.sold-out"), say.t("room.sold-out-lead"), number)
	case st.State == queue.StateYourTurn:
		text(say.t("room.turn"), say.t("room.turn-kept"))
	case f.SeatsFree == 0 && f.Reason != "" && !f.Slowed:
		v.Reason, v.Returns = "", true
		text(say.t("room.returning"), say.plural("room.returning-lead", int64(f.SeatsHeld)), number)
	default:
		v.Bar, v.Share = true, min(1000, 1000*f.Called/max(1, *st.Position))
		ahead, wait := say.plural("room.ahead", *st.Ahead), ""
		if st.P10 != nil {
			wait = say.about(*st.P10, *st.P90)
		}
		switch {
		case f.Called == 0 && *st.Ahead > 0:
			text(number, say.t("room.ahead-wait", "ahead", ahead, "wait", wait))
		case *st.Ahead == 0:
			text(say.t("room.next"), say.t("room.wait", "wait", wait), number)
		default:
			text(ahead, say.t("room.wait", "wait", wait), number)
		}
	}
	if st.State == queue.StateWaiting && st.Ahead != nil && (f.Phase == queue.PhaseOpen || f.Phase == queue.PhasePaused) {
		v.Outlook, v.Chances = chances(say, *st.Ahead, f.Lasts)
	}
	return v, nil
}

// laneOf tells in which lane of the draw one stands, after what it follows; "" for none.
func laneOf(say *speaker, st queue.Standing, f queue.Figures) string {
	number := st.Cohort.Lane()
	if number == 0 || number > len(f.Lanes) {
		return ""
	}
	lane := f.Lanes[number-1]
	return " " + say.t("room.lane", "name", lane.Name, "share", lane.Share)
}

// chances are what seats are likely to be left for one with so many ahead: of all prices in one line, and of each by its
// id; "" for no worry. web/waiting/say.js says the same.
func chances(say *speaker, ahead int64, lasts map[string]int64) (all string, each map[string]string) {
	each = map[string]string{}
	for id, n := range lasts {
		key := ""
		switch far := float64(ahead) / float64(max(1, n)); {
		case far > 1.3:
			key = "room.gone-"
		case far >= .7:
			key = "room.may-"
		default:
			continue
		}
		if id == "" {
			all = say.t(key + "all")
		} else {
			each[id] = say.t(key + "price")
		}
	}
	return all, each
}

// about is a range of seconds as people say it.
func (s *speaker) about(low, high int) string {
	unit, kind := 60, "room.minutes"
	if high > 7200 {
		unit, kind = 3600, "room.hours"
	}
	from, to := low/unit, (high+unit-1)/unit
	switch {
	case unit == 60 && to <= 1:
		return s.t("room.minute")
	case from == 0 || from == to:
		return s.t(kind+"-up-to", "high", to)
	}
	return s.t(kind, "low", from, "high", to)
}
