package app

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
)

// orderPages are an order's own page and the way back to it.
func (a *App) orderPages(r request.Routes) {
	r.Root.GET("/orders/:id", a.orderPage)
}

// orderPage shows an order to whoever may see it; to a browser that does not know it yet, what a private link needs.
func (a *App) orderPage(c echo.Context) error {
	order, err := a.checkout.View(c)
	if errors.Is(err, checkout.ErrNotFound) {
		return a.render(c, http.StatusOK, "order/page", map[string]any{"Order": nil, "Refresh": 0})
	}
	if err != nil {
		return err
	}
	event, err := a.seating.Event(c.Request().Context(), order.Event)
	if err != nil {
		return err
	}
	data := map[string]any{"Accent": accentPath(event.Accent), "Order": order, "Event": event.Name, "Total": money.Format(order.Total, order.Currency), "Refresh": 0, "PayURL": "", "Mailed": ""}
	var lines []priceLine
	for _, seat := range order.Seats {
		lines = append(lines, priceLine{Label: seat.Label, Price: money.Format(seat.Price, order.Currency)})
	}
	data["Lines"], data["Said"] = lines, orderSaid[order.Status]
	switch order.Status {
	case "pending", "paying", "refund-pending":
		data["Refresh"] = 3
	}
	if order.Status == "pending" && order.Payment != nil && order.Payment.URL != nil {
		data["PayURL"] = *order.Payment.URL
	}
	if order.Mail.Status == "sent" {
		data["Mailed"] = "We have mailed your tickets too."
	}
	return a.render(c, http.StatusOK, "order/page", data)
}

// orderSaid is each status in words for its owner.
var orderSaid = map[string]string{
	"pending":        "Your seats are kept for you until you have paid.",
	"paying":         "We are waiting for your bank. Your seats are safe; you don't need to pay again.",
	"declined":       "Your bank declined the payment. The seats are still yours: try again.",
	"paid":           "Paid. Here are your tickets.",
	"part-refunded":  "Part of this order was returned.",
	"refund-pending": "Your money is on its way back.",
	"refunded":       "You got your money back.",
	"expired":        "The time to pay ran out and the seats went back. Nothing was taken.",
	"cancelled":      "You gave this order up. Nothing was taken.",
}
