package app

import (
	"net/http"
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
	Price, Plain, Until string
	Over                bool // nobody waits for it any more
}

type backLine struct {
	checkout.ToSend
	Price, Why string
	Correct    bool // what came may be a slip: no tickets hung on it
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
		lines[i] = awaitedLine{Awaited: w, Price: money.Format(w.Amount, w.Currency), Plain: money.Plain(w.Amount, w.Currency),
			Until: w.ExpiresAt.UTC().Format("2 Jan"), Over: w.Status != checkout.PaymentCreated}
	}
	for i, s := range send {
		reason, _, _ := strings.Cut(s.Reason, ":")
		back[i] = backLine{ToSend: s, Price: money.Format(s.Amount, s.Currency), Why: debtWords[reason],
			Correct: reason == "wrong-amount" || reason == "late" || reason == "second-payment" || reason == "overpaid"}
	}
	return a.staffPage(c, http.StatusOK, "transfers", "orders", map[string]any{"Q": q, "Come": lines, "Back": back, "Taken": a.config.Payments.Transfer.IBAN != ""})
}

// paidForm answers POST /admin/orders/:id/paid. Another sum than the order's is asked about first.
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
	if amount != order.Total {
		say := func(minor int64) string { return money.Format(minor, order.Currency) }
		what := "For less there are no tickets: all of it has to go back, and you send it by hand. The buyer can send the right sum after that, as long as there is time."
		if amount > order.Total {
			what = "The price is kept, and the tickets go out if the seats can still be had. " + say(amount-order.Total) + " too much has to go back, and you send it by hand."
		}
		ok, err := a.confirmed(c, "orders", func() (sure, error) {
			return sure{Title: "Not " + say(order.Total) + "?", Button: say(amount) + " came", Danger: true,
				Action: c.Request().URL.Path, Back: "/admin/transfers", Fields: []sureField{{"amount", typed}, {"reference", c.FormValue("reference")}},
				Lines: []string{
					"Order " + order.Code + " costs " + say(order.Total) + ", and you say that " + say(amount) + " came.", what,
					"A slip can be corrected on the list of transfers until the money was sent back.",
				}}, nil
		})
		if !ok || err != nil {
			return err
		}
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
	if ok, err = a.confirmed(c, "orders", func() (sure, error) {
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

// sentForm answers POST /admin/orders/:id/refunds/:refund/sent.
func (a *App) sentForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	refund, e := uuid.Parse(c.Param("refund"))
	if err != nil || e != nil {
		return checkout.ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.MarkSent(c.Request().Context(), who, c.RealIP(), id, refund); err != nil {
		return err
	}
	return done(c, "/admin/transfers", "marked-sent")
}
