package app

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// givebackPages put a paid ticket on sale again and take it back, by forms that need no script.
func (a *App) givebackPages(r request.Routes) {
	r.Root.GET("/orders/:id/giveback", a.ownOrder(func(c echo.Context, o checkout.Order) error { return a.showGiveback(c, http.StatusOK, o, nil) }))
	r.Root.POST("/orders/:id/giveback", a.ownOrder(a.givebackForm))
	r.Root.POST("/orders/:id/takeback", a.ownOrder(a.takebackForm))
}

// showGiveback says what happens with a ticket that is given back, before anything does; of several it asks for one first.
func (a *App) showGiveback(c echo.Context, status int, o checkout.Order, refused *said) error {
	ctx := c.Request().Context()
	mine, err := a.checkout.Returnable(ctx, o)
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
	return a.render(c, status, "order/giveback", map[string]any{"Accent": accentPath(event.Accent), "Event": event, "Order": o,
		"Tickets": tickets, "Ticket": chosen, "Until": mine.Until, "Said": refused})
}

// choose says tickets for people, and which of them is meant: the only one, or the one that was chosen; nil for none.
func (a *App) choose(ctx context.Context, event *seating.Event, from []checkout.SwapTicket, wanted string) (tickets []swapTicket, chosen *swapTicket, err error) {
	say := &speaker{words: a.pages.Words("order")}
	for _, t := range from {
		seats, err := a.seating.SeatInfo(ctx, event.ID, []int{t.Seat.N})
		if err != nil {
			return nil, nil, err
		}
		tickets = append(tickets, swapTicket{t, upper(say.names(seats...))})
	}
	for i, t := range tickets {
		if t.ID.String() == wanted || len(tickets) == 1 {
			chosen = &tickets[i]
		}
	}
	return tickets, chosen, say.err
}

// givebackForm answers POST /orders/:id/giveback.
func (a *App) givebackForm(c echo.Context, o checkout.Order) error {
	ticket, err := formTicket(c)
	if err != nil {
		return err
	}
	view, err := a.checkout.List(c.Request().Context(), o.ID, ticket)
	if why := givebackRefusal(err); why != "" {
		text, e := a.pages.Words("order").Say("giveback.refused." + why)
		if e != nil {
			return e
		}
		return a.showGiveback(c, statusOf[fault.As(err).Kind], o, &said{"warn", text})
	}
	if err != nil {
		return err
	}
	for _, t := range view.Listed {
		if t.ID == ticket.String() {
			return c.Redirect(http.StatusSeeOther, orderPath(o)+"?given=back")
		}
	}
	return c.Redirect(http.StatusSeeOther, orderPath(o)+"?given=free")
}

// takebackForm answers POST /orders/:id/takeback.
func (a *App) takebackForm(c echo.Context, o checkout.Order) error {
	ticket, err := formTicket(c)
	if err != nil {
		return err
	}
	err = a.checkout.Unlist(c.Request().Context(), o.ID, ticket)
	if why := givebackRefusal(err); why != "" {
		text, e := a.pages.Words("order").Say("giveback.refused." + why)
		if e != nil {
			return e
		}
		f := fault.As(err)
		return a.showOrder(c, statusOf[f.Kind], o, &refusal{statusOf[f.Kind], said{"warn", text}, f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, orderPath(o)+"?given=taken")
}

// formTicket is the ticket that a form is about.
func formTicket(c echo.Context) (uuid.UUID, error) {
	if _, err := c.FormParams(); err != nil {
		return uuid.Nil, request.BodyError(err)
	}
	ticket, err := uuid.Parse(c.FormValue("ticket"))
	if err != nil {
		return uuid.Nil, checkout.ErrNotFound
	}
	return ticket, nil
}

// givebackRefusal is the key of what the page says, after "giveback.refused."; "" for what it has no words for.
func givebackRefusal(err error) string {
	f := fault.As(err)
	if f == nil {
		return ""
	}
	if f.Code == checkout.ErrNotListable.Code {
		why, _ := f.Facts["reason"].(string)
		return why
	}
	return map[string]string{checkout.ErrListingClosed.Code: "closed", checkout.ErrListingTaken.Code: "taken", checkout.ErrTicketVoid.Code: "sold",
		checkout.ErrDisputed.Code: "disputed", checkout.ErrSwapUnderWay.Code: "swapping", checkout.ErrSlowDown.Code: "often"}[f.Code]
}
