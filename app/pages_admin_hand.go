package app

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/seating"
)

// handForm answers POST …/seats: what the pressed button says happens to the seats that were typed and ticked, once it
// has been said of how many.
func (a *App) handForm(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	e, err := a.seating.EventByID(c.Request().Context(), request.EventOf(c).ID)
	if err != nil {
		return err
	}
	h := &handFill{App: a, c: c, e: e, typed: map[string]string{}, errors: map[string]string{}, ticked: map[int]bool{}}
	for _, name := range []string{"seats", "name", "reason", "until"} {
		h.typed[name] = strings.TrimSpace(form.Get(name))
	}
	if err := h.choose(form["seat"]); err != nil {
		return err
	}
	if form.Get("act") == "release" {
		return h.release()
	}
	return h.block()
}

// handFill is one form on its way to what it asks for.
type handFill struct {
	*App
	c             echo.Context
	e             *seating.Event
	typed, errors map[string]string
	ticked        map[int]bool
	chosen        []int
}

// choose reads the seats that were typed and those that were ticked.
func (h *handFill) choose(ticked []string) error {
	for _, text := range ticked {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= h.e.SeatsTotal {
			return seating.ErrNoSuchSeat
		}
		h.ticked[n] = true
		h.chosen = append(h.chosen, n)
	}
	if h.typed["seats"] != "" || len(ticked) == 0 {
		named, err := h.seating.SeatsNamed(h.c.Request().Context(), h.e.ID, h.typed["seats"])
		if err != nil && !refuseFields(err, h.errors) {
			return err
		}
		h.chosen = append(h.chosen, named...)
	}
	slices.Sort(h.chosen)
	h.chosen = slices.Compact(h.chosen)
	if len(h.chosen) == 0 && h.typed["seats"] == "" {
		h.errors["seats"] = "Choose seats first: name them here, or tick them below."
	}
	return nil
}

// again shows the page with what was typed, and why nothing happened.
func (h *handFill) again(status int, said string) error {
	return h.showSeatsDesk(h.c, status, seatsDeskView{Typed: h.typed, Errors: h.errors, Ticked: h.ticked, Said: said})
}

// block takes the free ones of the seats off sale.
func (h *handFill) block() error {
	ctx := h.c.Request().Context()
	wish := seating.BlockWish{Name: h.typed["name"], Reason: h.typed["reason"]}
	if wish.Reason == "" {
		h.errors["reason"] = "Say why in a few words: whoever finds these seats later wants to know."
	}
	wish.Until = h.until(h.typed["until"], h.errors)
	states, err := h.seating.States(ctx, h.e.ID)
	if err != nil {
		return err
	}
	var others []int
	for _, n := range h.chosen {
		// Who has been asked already gets what was said, or a refusal that names the seats.
		if h.c.FormValue("sure") == "1" || n < len(states) && states[n] == "free" {
			wish.Seats = append(wish.Seats, n)
		} else {
			others = append(others, n)
		}
	}
	if len(h.errors) == 0 && len(wish.Seats) == 0 {
		h.errors["seats"] = "None of these seats is free: somebody has or holds them, or they are off sale already."
	}
	if len(h.errors) > 0 {
		return h.again(http.StatusUnprocessableEntity, "")
	}
	ok, err := h.confirmed(h.c, "events", func() (sure, error) { return h.sureToBlock(wish, others, states) })
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(h.c)
	_, err = h.seating.Block(ctx, who, h.c.RealIP(), h.e.ID, wish)
	var taken *seating.SeatsTakenError
	switch {
	case err == nil:
		return done(h.c, handPath(h.c), "blocked")
	case errors.As(err, &taken):
		named, err := h.seating.NameSeats(ctx, h.e.ID, taken.Seats)
		if err != nil {
			return err
		}
		return h.again(http.StatusConflict, "Nothing was taken off sale: meanwhile somebody else has or holds "+clipped(named)+". Press again to take the others.")
	case refuseFields(err, h.errors):
		return h.again(http.StatusUnprocessableEntity, "")
	}
	return err
}

// sureToBlock says what will happen to how many.
func (h *handFill) sureToBlock(wish seating.BlockWish, others []int, states []string) (sure, error) {
	ctx := h.c.Request().Context()
	named, err := h.seating.NameSeats(ctx, h.e.ID, wish.Seats)
	if err != nil {
		return sure{}, err
	}
	info, err := h.seating.SeatInfo(ctx, h.e.ID, wish.Seats)
	if err != nil {
		return sure{}, err
	}
	worth := int64(0)
	for _, seat := range info {
		worth += seat.Price
	}
	title := "Take " + seatCount(len(wish.Seats)) + " off sale?"
	if wish.Name != "" {
		title = "Keep " + seatCount(len(wish.Seats)) + " for " + wish.Name + "?"
	}
	lines := []string{clipped(named) + ". At today's prices that is " + money.Format(worth, h.e.Currency) + ".", "Fans see at once that they are not for sale."}
	if wish.Until.IsZero() {
		lines = append(lines, "They stay off sale until somebody puts them back.")
	} else {
		lines = append(lines, "They go back on sale by themselves "+h.moment(wish.Until)+".")
	}
	if len(others) > 0 {
		lines = append(lines, h.leftAlone(others, states))
	}
	return sure{Title: title, Lines: lines, Action: handPath(h.c), Back: handPath(h.c), Button: "Take off sale", Danger: true, Fields: []sureField{
		{"act", "block"}, {"seats", named}, {"name", wish.Name}, {"reason", wish.Reason}, {"until", h.typed["until"]}}}, nil
}

// leftAlone says how many of the chosen seats stay as they are.
func (h *handFill) leftAlone(others []int, states []string) string {
	count := map[string]int{}
	for _, n := range others {
		count[states[n]]++
	}
	var parts []string
	for _, state := range []struct{ word, said string }{{"held", "held or being paid for"}, {"sold", "sold"}, {"blocked", "off sale already"}} {
		if n := count[state.word]; n > 0 {
			parts = append(parts, words.Number(int64(n))+" "+state.said)
		}
	}
	return "Left as they are: " + strings.Join(parts, ", ") + ". Nobody loses a seat."
}

// release puts those of the seats that are in a block back on sale.
func (h *handFill) release() error {
	ctx := h.c.Request().Context()
	blocks, err := h.seating.Blocks(ctx, h.e.ID)
	if err != nil {
		return err
	}
	of, lines, total := map[string][]int{}, []string{}, []int{}
	for _, b := range blocks {
		for _, n := range b.Seats {
			if _, chosen := slices.BinarySearch(h.chosen, n); chosen {
				of[b.ID] = append(of[b.ID], n)
			}
		}
		if some := of[b.ID]; len(some) > 0 {
			total = append(total, some...)
			lines = append(lines, blockFor(b)+" ("+b.Reason+"): "+seatCount(len(some))+".")
		}
	}
	if len(h.errors) == 0 && len(total) == 0 {
		h.errors["seats"] = "None of these seats was taken off sale by hand."
	}
	if len(h.errors) > 0 {
		return h.again(http.StatusUnprocessableEntity, "")
	}
	slices.Sort(total)
	ok, err := h.confirmed(h.c, "events", func() (sure, error) {
		named, err := h.seating.NameSeats(ctx, h.e.ID, total)
		return sure{Title: "Put " + seatCount(len(total)) + " back on sale?", Lines: append(lines, "Anybody inside can take them at once."), Action: handPath(h.c), Back: handPath(h.c),
			Button: "Put back on sale", Fields: []sureField{{"act", "release"}, {"seats", named}}}, err
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(h.c)
	count := 0
	for id, seats := range of {
		_, freed, err := h.seating.Unblock(ctx, who, h.c.RealIP(), h.e.ID, id, seats)
		if err != nil {
			return err
		}
		count += len(freed)
	}
	return putBack(h.c, count)
}

// until reads a time by the venue's clock; "" is never.
func (h *handFill) until(text string, wrong map[string]string) time.Time {
	if text == "" {
		return time.Time{}
	}
	text = text[:min(len(text), len(localLayout))] // some browsers add seconds
	at, err := time.ParseInLocation(localLayout, text, zoneOf(h.e))
	switch {
	case err != nil:
		wrong["until"] = "Is no date and time, such as 2027-05-01T19:30."
	case at.Format(localLayout) != text:
		wrong["until"] = "That hour does not exist on that day: the clocks go forward."
	case !at.After(h.clock.Now()):
		wrong["until"] = "Lies in the past."
	}
	return at.UTC()
}

// moment is a time for people, by the venue's clock.
func (h *handFill) moment(t time.Time) string {
	return t.In(zoneOf(h.e)).Format("on 2 January 2006 at 15:04 MST")
}
