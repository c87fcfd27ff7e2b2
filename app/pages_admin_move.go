package app

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/seating"
)

// moveForm answers POST /admin/orders/:id/move: first what would happen, then another seat for one ticket.
func (a *App) moveForm(c echo.Context) error {
	order, err := a.orderWhole(c)
	if err != nil {
		return err
	}
	forms := orderForms{To: strings.TrimSpace(c.FormValue("to")), Chosen: []string{c.FormValue("ticket")}}
	refuse := func(status int, why string) error {
		forms.MoveRefused = why
		return a.showDeskOrder(c, status, forms)
	}
	ticket, from := uuid.Nil, ""
	for _, t := range order.Sellable {
		if forms.Has(t.ID) {
			ticket, from = uuid.MustParse(t.ID), t.Label // of our own making
		}
	}
	if ticket == uuid.Nil {
		return refuse(http.StatusConflict, "Choose one of the tickets; the one you chose is not valid any more.")
	}
	seat, why, err := a.oneSeat(c, order, forms.To)
	if err != nil {
		return err
	}
	if why != "" {
		return refuse(http.StatusUnprocessableEntity, why)
	}
	ok, err := a.confirmed(c, "orders", func() (sure, error) {
		return sure{
			Title: fmt.Sprintf("Change %s to %s?", from, seat.Label), Button: "Change the seat", Action: c.Request().URL.Path, Back: "/admin/orders/" + order.ID,
			Fields: []sureField{{"ticket", ticket.String()}, {"to", forms.To}},
			Lines: []string{
				order.Buyer.Name + " gets a mail with the new ticket; the old one is void at once and lets nobody in.",
				from + " can be bought by others within a second.",
				"The price stays as it was paid, whatever " + seat.Label + " costs.",
			},
		}, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	_, err = a.checkout.Move(c.Request().Context(), who, c.RealIP(), uuid.MustParse(order.ID), ticket, seat.N)
	if f := fault.As(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Invalid) {
		return refuse(statusOf[f.Kind], notMoved(f, seat.Label))
	}
	if err != nil {
		return err
	}
	return done(c, "/admin/orders/"+order.ID, "move")
}

// oneSeat is the seat that a text names, or why it names none.
func (a *App) oneSeat(c echo.Context, order *deskOrderView, text string) (seat seating.Seat, why string, err error) {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, order.Event)
	if err != nil {
		return seat, "", err
	}
	numbers, err := a.seating.SeatsNamed(ctx, event.ID, text)
	wrong := map[string]string{}
	if err != nil && !refuseFields(err, wrong) {
		return seat, "", err
	}
	if len(numbers) != 1 {
		return seat, "Name one seat of this event, as on its map: A-12.", nil
	}
	seats, err := a.seating.SeatInfo(ctx, event.ID, numbers)
	if err != nil || len(seats) != 1 {
		return seat, "", err
	}
	return seats[0], "", nil
}

// notMoved says why a seat was not changed.
func notMoved(f *fault.Error, to string) string {
	switch f.Code {
	case checkout.ErrSeatsTaken.Code:
		return to + " is taken: somebody has bought it, or is choosing it right now."
	case seating.ErrSeatOffSale.Code:
		return to + " is off sale. Put it back on sale first, or choose another seat."
	case fault.ErrBadField.Code:
		return to + " is the seat that this ticket has already."
	}
	return f.Detail
}
