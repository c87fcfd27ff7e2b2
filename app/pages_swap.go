package app

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// swapPages change the seat of a paid ticket, by forms that need no script.
func (a *App) swapPages(r request.Routes) {
	r.Root.GET("/orders/:id/swap", a.ownOrder(func(c echo.Context, o checkout.Order) error {
		if c.QueryParam("next") != "" && c.QueryParam("to") == "" {
			return a.refuseSwap(c, o, http.StatusUnprocessableEntity, "choose")
		}
		return a.showSwap(c, http.StatusOK, o, nil)
	}))
	r.Root.POST("/orders/:id/swap", a.ownOrder(a.swapForm))
}

func orderPath(o checkout.Order) string { return "/orders/" + o.ID.String() }

// swapTicket is a ticket whose seat may be changed, for people.
type swapTicket struct {
	checkout.SwapTicket
	Said string
}

// swapSeat is a free seat one may have for it.
type swapSeat struct {
	seatLine
	Class string // of its price, by name
	Costs int64  // to whoever changes for it
	Back  int64  // what it costs less
	More  int64  // or more
}

// swapSure is what somebody is about to do: shown once before it is done, as it cannot be taken back.
type swapSure struct {
	N           int
	Said, Class string // of the new seat: "Circle, row B, seat 1"
	Costs, Back int64
	More        int64 // to be paid first
}

type swapRow struct {
	Title string
	Class string // of all its seats, which then cost the same; "" where they differ
	Costs int64
	Seats []swapSeat
}

// showSwap lists the free seats that a ticket may be changed for, part by part of the house, and shows them on the map; once one is
// chosen it says what the change is.
func (a *App) showSwap(c echo.Context, status int, o checkout.Order, refused *said) error {
	ctx := c.Request().Context()
	mine, err := a.checkout.Swappable(ctx, o)
	if err != nil {
		return err
	}
	if len(mine.Tickets) == 0 && refused == nil {
		return c.Redirect(http.StatusSeeOther, orderPath(o))
	}
	event, err := a.seating.EventByID(ctx, o.EventID)
	if err != nil {
		return err
	}
	tickets, chosen, err := a.choose(ctx, event, mine.Tickets, c.FormValue("ticket"))
	if err != nil {
		return err
	}
	data := map[string]any{"Accent": accentPath(event.Accent), "Event": event, "Order": o, "Tickets": tickets, "Ticket": chosen, "Said": refused, "Until": mine.Until, "Dearer": mine.Dearer}
	names := categoryNames(event)
	if chosen != nil {
		data["Class"] = names[chosen.Seat.Category]
	}
	if to, err := strconv.Atoi(c.QueryParam("to")); err == nil && chosen != nil && refused == nil {
		ask, why, err := a.askSwap(c, event, chosen.Seat, to, mine.Dearer)
		if err != nil {
			return err
		}
		if why != "" {
			return a.refuseSwap(c, o, http.StatusConflict, why)
		}
		data["Sure"] = ask
	} else if chosen != nil {
		list, part, err := a.listed(c, event.ID, "")
		if err != nil {
			return err
		}
		parts, rows, err := a.seatRows(list)
		if err != nil {
			return err
		}
		data["Parts"], data["Part"], data["Rows"] = parts, part, swapRows(rows, chosen.Seat, names, mine.Dearer)
	}
	return a.render(c, status, "order/swap", data)
}

// swapRows are the free seats, those that cost more than was paid only where that can be paid. A companion's seat goes with its wheelchair place alone.
func swapRows(rows []seatRow, from checkout.Seat, names map[string]string, dearer bool) []swapRow {
	var out []swapRow
	for _, row := range rows {
		kept := swapRow{Title: row.Title}
		for _, seat := range row.Seats {
			price := checkout.SwapPrice(from, checkout.Seat{Category: seat.Category, Price: seat.Price})
			if seat.State == "free" && seat.ListedSeat.Beside == nil && (dearer || price <= from.Price) && (!seat.Locked || seat.Category == from.Category) {
				kept.Seats = append(kept.Seats, swapSeat{seat, names[seat.Category], price, max(0, from.Price-price), max(0, price-from.Price)})
			}
		}
		if len(kept.Seats) > 0 {
			first := kept.Seats[0]
			if !slices.ContainsFunc(kept.Seats, func(s swapSeat) bool { return s.Class != first.Class || s.Costs != first.Costs }) {
				kept.Class, kept.Costs = first.Class, first.Costs
			}
			out = append(out, kept)
		}
	}
	return out
}

// askSwap says what a change of seats would be; why is a key of swap.refused when it cannot be done as things are.
func (a *App) askSwap(c echo.Context, e *seating.Event, from checkout.Seat, to int, dearer bool) (ask *swapSure, why string, err error) {
	ctx := c.Request().Context()
	seats, err := a.seating.SeatInfo(ctx, e.ID, []int{to})
	if err != nil {
		return nil, "", err
	}
	states, err := a.seating.States(ctx, e.ID)
	if err != nil {
		return nil, "", err
	}
	if len(seats) == 0 || to >= len(states) {
		return nil, "choose", nil
	}
	price := checkout.SwapPrice(from, checkout.Seat{Category: seats[0].Category, Price: seats[0].Price})
	switch {
	case states[to] != "free":
		return nil, "taken", nil
	case price > from.Price && !dearer:
		return nil, "dearer", nil
	}
	say := &speaker{words: a.pages.Words("order")}
	return &swapSure{N: to, Said: upper(say.names(seats...)), Class: categoryNames(e)[seats[0].Category], Costs: price, Back: max(0, from.Price-price), More: max(0, price-from.Price)}, "", say.err
}

// swapForm answers POST /orders/:id/swap.
func (a *App) swapForm(c echo.Context, o checkout.Order) error {
	if _, err := c.FormParams(); err != nil {
		return request.BodyError(err)
	}
	ticket, err := uuid.Parse(c.FormValue("ticket"))
	to, e := strconv.Atoi(c.FormValue("to"))
	if err != nil || e != nil {
		return a.refuseSwap(c, o, http.StatusUnprocessableEntity, "choose")
	}
	_, pay, err := a.checkout.Swap(c.Request().Context(), o.ID, ticket, to)
	if f := fault.As(err); f != nil {
		if why, said := swapRefusals[f.Code]; said {
			return a.refuseSwap(c, o, statusOf[f.Kind], why)
		}
	}
	if err != nil {
		return err
	}
	if pay {
		return c.Redirect(http.StatusSeeOther, orderPath(o)+"?go=swap")
	}
	return c.Redirect(http.StatusSeeOther, orderPath(o)+"?swapped=1")
}

// swapRefusals are the codes that the page has words for: "swap.refused.<…>".
var swapRefusals = map[string]string{
	seating.ErrSeatsTaken.Code: "taken", seating.ErrSeatOffSale.Code: "taken", fault.ErrBadField.Code: "choose", checkout.ErrSwapClosed.Code: "closed",
	checkout.ErrSwapDearer.Code: "dearer", checkout.ErrNotMovable.Code: "moved", seating.ErrCompanionSeat.Code: "alone", seating.ErrLeavesOrphan.Code: "alone",
	checkout.ErrSlowDown.Code: "often", checkout.ErrSwapUnderWay.Code: "open", checkout.ErrSwapOver.Code: "over", checkout.ErrSwapOften.Code: "spent", checkout.ErrPaymentsDown.Code: "down", seating.ErrAccessCode.Code: "code",
}

func (a *App) refuseSwap(c echo.Context, o checkout.Order, status int, why string) error {
	text, err := a.pages.Words("order").Say("swap.refused." + why)
	if err != nil {
		return err
	}
	return a.showSwap(c, status, o, &said{"warn", text})
}
