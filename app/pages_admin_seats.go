package app

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/seating"
)

// handPages are the organiser's hand on the seats: kept for a partner, taken off sale, put back.
func (a *App) handPages(g guarded) {
	g.GET("/seats", a.seatsDesk)
	g.POST("/seats", a.handForm)
	g.POST("/blocks/:id", a.blockForm)
	g.POST("/blocks/:id/release", a.blockReleaseForm)
}

func handPath(c echo.Context) string { return deskPath(c) + "/seats" }

// seatsDeskView is the page of the seats: the forms with what was typed, what is off sale, and one part of the house.
type seatsDeskView struct {
	Event  *seating.Event
	Counts seating.Counts
	Blocks []blockView
	Parts  []seating.Part
	Part   int // that is open; -1 for none
	Rows   []seating.ListedRow
	OfSeat map[int]string // n → what it is kept for, of blocked seats
	Typed  map[string]string
	Ticked map[int]bool
	Errors map[string]string
	Said   string // what became of what was asked, if it was refused
}

// Digits are how many of the event's money are minor, for scripts.
func (v seatsDeskView) Digits() int { return money.Digits(v.Event.Currency) }

// longestNamed is how much of a block's seats stands in the list, in letters: the map shows all of them.
const longestNamed = 4000

// blockView is a block as the page shows it; its form says again what was typed.
type blockView struct {
	seating.Block
	Named, Typed string // its seats in words; its end as a field shows it
	Errors       map[string]string
}

// Count is how many seats it has.
func (b blockView) Count() string { return seatCount(len(b.Seats)) }

// For is for whom it is, in words.
func (b blockView) For() string { return blockFor(b.Block) }

func blockFor(b seating.Block) string {
	if b.Name == "" {
		return "Not for sale"
	}
	return b.Name
}

func seatCount(n int) string {
	if n == 1 {
		return "1 seat"
	}
	return words.Number(int64(n)) + " seats"
}

func (a *App) seatsDesk(c echo.Context) error {
	return a.showSeatsDesk(c, http.StatusOK, seatsDeskView{})
}

// showSeatsDesk fills what a view does not have yet and shows it.
func (a *App) showSeatsDesk(c echo.Context, status int, v seatsDeskView) error {
	ctx := c.Request().Context()
	e, err := a.seating.EventByID(ctx, request.EventOf(c).ID)
	if err != nil {
		return err
	}
	v.Event, v.OfSeat = e, map[int]string{}
	if v.Counts, err = a.seating.Counts(ctx, e.ID); err != nil {
		return err
	}
	if v.Blocks == nil {
		if v.Blocks, err = a.blockViews(ctx, e); err != nil {
			return err
		}
	}
	for _, b := range v.Blocks {
		for _, n := range b.Seats {
			v.OfSeat[n] = b.For()
		}
	}
	list, part, err := a.listed(c, e.ID, "")
	if err != nil {
		return err
	}
	v.Parts, v.Part, v.Rows = list.Parts, part, list.Rows
	return a.staffPage(c, status, "seats", "events", map[string]any{"Hand": v})
}

func (a *App) blockViews(ctx context.Context, e *seating.Event) ([]blockView, error) {
	blocks, err := a.seating.Blocks(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	views := make([]blockView, len(blocks))
	for i, b := range blocks {
		views[i] = blockView{Block: b}
		named, err := a.seating.NameSeats(ctx, e.ID, b.Seats)
		if err != nil {
			return nil, err
		}
		if letters := []rune(named); len(letters) > longestNamed {
			named = string(letters[:longestNamed]) + "…"
		}
		views[i].Named = named
		if !b.Until.IsZero() {
			views[i].Typed = b.Until.In(zoneOf(e)).Format(localLayout)
		}
	}
	return views, nil
}
