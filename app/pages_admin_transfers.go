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
		back[i] = backLine{ToSend: s, Price: money.Format(s.Amount, s.Currency), Why: debtWords[reason]}
	}
	return a.staffPage(c, http.StatusOK, "transfers", "orders", map[string]any{"Q": q, "Come": lines, "Back": back, "Taken": a.config.Payments.Transfer.IBAN != ""})
}

// paidForm answers POST /admin/orders/:id/paid. Another sum than the order's is asked about first: it cannot be taken back.
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
		ok, err := a.confirmed(c, "orders", func() (sure, error) {
			return sure{Title: "Not " + money.Format(order.Total, order.Currency) + "?", Button: money.Format(amount, order.Currency) + " came", Danger: true,
				Action: c.Request().URL.Path, Back: "/admin/transfers", Fields: []sureField{{"amount", typed}, {"reference", c.FormValue("reference")}},
				Lines: []string{
					"Order " + order.Code + " costs " + money.Format(order.Total, order.Currency) + ", and you say that " + money.Format(amount, order.Currency) + " came.",
					"For another sum there are no tickets: all of it has to go back, and you send it by hand. The buyer can send the right sum after that, as long as there is time.",
					"This cannot be taken back.",
				}}, nil
		})
		if !ok || err != nil {
			return err
		}
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.MarkPaid(ctx, who, c.RealIP(), id, provider.Receipt{Amount: amount, Reference: strings.TrimSpace(c.FormValue("reference"))}); err != nil {
		return err
	}
	return done(c, "/admin/orders/"+id.String(), "marked-paid")
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
