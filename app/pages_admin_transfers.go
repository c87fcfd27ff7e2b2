package app

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/provider"
)

// awaitedLine is money that is to come, for people; backLine is money that somebody is to send back.
type awaitedLine struct {
	checkout.Awaited
	Price, Plain, Event, Made, Until string
	Over                             bool // nobody waits for it any more
}

type backLine struct {
	checkout.ToSend
	Price, Why, Event, Since string
	Correct                  bool // what came may be a slip: no tickets hung on it
}

// transfersPage answers GET /admin/transfers: what is to come by bank transfer, and what is to be sent back by hand.
func (a *App) transfersPage(c echo.Context) error {
	q := typedQuery(c)
	come, send, err := a.checkout.Transfers(c.Request().Context(), q)
	if err != nil {
		return err
	}
	lines, back := make([]awaitedLine, len(come)), make([]backLine, len(send))
	for i, w := range come {
		event, err := a.seating.EventByID(c.Request().Context(), w.EventID)
		if err != nil {
			return err
		}
		lines[i] = awaitedLine{Awaited: w, Price: money.Format(w.Amount, w.Currency), Plain: money.Plain(w.Amount, w.Currency), Event: event.Name,
			Made: w.CreatedAt.UTC().Format("2 Jan, 15:04"), Until: w.ExpiresAt.UTC().Format("2 Jan, 15:04"), Over: w.Status != checkout.PaymentCreated}
	}
	for i, s := range send {
		event, err := a.seating.EventByID(c.Request().Context(), s.EventID)
		if err != nil {
			return err
		}
		reason, _, _ := strings.Cut(s.Reason, ":")
		back[i] = backLine{ToSend: s, Price: money.Format(s.Amount, s.Currency), Why: whyOwed(s.Reason), Event: event.Name, Since: s.CreatedAt.UTC().Format("2 Jan, 15:04"),
			Correct: reason == "wrong-amount" || reason == "late" || reason == "second-payment" || reason == "overpaid"}
	}
	return a.staffPage(c, http.StatusOK, "transfers", "transfers", map[string]any{"Q": q, "Come": lines, "Back": back, "Taken": a.config.Payments.Transfer.IBAN != ""})
}

// paidForm answers POST /admin/orders/:id/paid. It asks first, with all that tells one order from another: it cannot be taken back.
func (a *App) paidForm(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	order, err := a.checkout.StaffOrder(ctx, id)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(c.FormValue("amount"))
	amount, ok := money.Parse(typed, order.Currency)
	if !ok || amount == 0 {
		return done(c, "/admin/transfers", "no-amount")
	}
	ok, err = a.confirmed(c, "transfers", func() (sure, error) {
		came, due := money.Format(amount, order.Currency), money.Format(order.Total, order.Currency)
		ask := sure{Title: came + " came for order " + order.Code + "?", Button: came + " came", Action: c.Request().URL.Path, Back: "/admin/transfers",
			Fields: []sureField{{"amount", typed}, {"reference", c.FormValue("reference")}}}
		ask.Lines = []string{"Buyer: " + order.Buyer.Name + ", " + order.Buyer.Email + ".", "Seats: " + seatsSaid(order) + ".", "It costs " + due + ", and the statement should name " + order.Code + "."}
		if amount == order.Total {
			ask.Lines = append(ask.Lines, "The tickets go out at once if the seats are still there; else the money has to go back.")
		} else {
			ask.Title, ask.Danger = "Not "+due+"?", true
			what := "For less there are no tickets: all of it has to go back, and you send it by hand. The buyer can send the right sum after that, as long as there is time."
			if amount > order.Total {
				what = "The price is kept, and the tickets go out if the seats can still be had. " + money.Format(amount-order.Total, order.Currency) + " too much has to go back, and you send it by hand."
			}
			ask.Lines = append(ask.Lines, "You say that "+came+" came.", what)
		}
		ask.Lines = append(ask.Lines, "A sum that bought nothing can be corrected on the list of transfers until it was sent back.")
		return ask, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	receipt := provider.Receipt{Amount: amount, Reference: strings.TrimSpace(c.FormValue("reference"))}
	if _, err := a.checkout.MarkPaid(ctx, who, c.RealIP(), id, receipt, true); err != nil {
		return err
	}
	return done(c, "/admin/orders/"+id.String(), "marked-paid")
}

// correctForm answers POST /admin/orders/:id/refunds/:refund/correct: what came in truth, first what would happen.
func (a *App) correctForm(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := uuid.Parse(c.Param("id"))
	refund, e := uuid.Parse(c.Param("refund"))
	if err != nil || e != nil {
		return checkout.ErrNotFound
	}
	order, err := a.checkout.StaffOrder(ctx, id)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(c.FormValue("amount"))
	amount, ok := money.Parse(typed, order.Currency)
	if !ok {
		return done(c, "/admin/transfers", "no-amount")
	}
	if ok, err = a.confirmed(c, "transfers", func() (sure, error) {
		said := money.Format(amount, order.Currency)
		lines := []string{"The sum that stands there for order " + order.Code + ", which costs " + money.Format(order.Total, order.Currency) + ", is taken back, and " + said + " stands there instead."}
		if amount == 0 {
			lines[0] = "The sum that stands there for order " + order.Code + " is taken back: nothing came."
		}
		return sure{Title: said + " came in truth?", Button: "Correct it", Danger: true, Action: c.Request().URL.Path, Back: "/admin/transfers", Fields: []sureField{{"amount", typed}},
			Lines: append(lines, "If that is enough the tickets go out; if not, it has to go back in its stead. The correction stands in the log.")}, nil
	}); !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.CorrectTransfer(ctx, who, c.RealIP(), id, refund, provider.Receipt{Amount: amount}); err != nil {
		return err
	}
	return done(c, "/admin/orders/"+id.String(), "corrected-paid")
}

// seatsSaid are the seats of an order as staff call them.
func seatsSaid(order *checkout.StaffView) string {
	labels := make([]string, len(order.Seats))
	for i, s := range order.Seats {
		labels[i] = s.Label
	}
	return clipped(strings.Join(labels, ", "))
}

// sentForm answers POST /admin/orders/:id/refunds/:refund/sent.
func (a *App) sentForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	refund, e := uuid.Parse(c.Param("refund"))
	if err != nil || e != nil {
		return checkout.ErrNotFound
	}
	order, err := a.checkout.StaffOrder(c.Request().Context(), id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(order.Refunds, func(r checkout.StaffRefund) bool { return r.ID == refund.String() })
	if at < 0 {
		return checkout.ErrNotFound
	}
	ok, err := a.confirmed(c, "transfers", func() (sure, error) {
		sum := money.Format(order.Refunds[at].Amount, order.Currency)
		return sure{Title: sum + " for order " + order.Code + " was sent?", Button: "I have sent " + sum, Action: c.Request().URL.Path, Back: "/admin/transfers",
			Lines: []string{
				"To: " + order.Buyer.Name + ", " + order.Buyer.Email + ", at the account that the money came from.",
				"Why: " + whyOwed(order.Refunds[at].Reason),
				"The buyer gets a mail that it has left, and it is owed no longer. Say so only when your bank has it.",
				"This cannot be taken back.",
			}}, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.MarkSent(c.Request().Context(), who, c.RealIP(), id, refund); err != nil {
		return err
	}
	return done(c, "/admin/transfers", "marked-sent")
}
