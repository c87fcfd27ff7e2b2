package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/modules/checkout"
)

const (
	ordersPage   = 50 // as many as Search gives
	longestQuery = 200
)

// deskOrderPages are the orders for staff: search, one order whole, refund, mail again.
func (a *App) deskOrderPages(g guarded) {
	g.GET("/orders", a.deskOrders)
	g.GET("/orders/:id", a.deskOrder)
	g.POST("/orders/:id/refund", a.refundForm)
	g.POST("/orders/:id/move", a.moveForm)
	g.POST("/orders/:id/resend", a.resendForm)
	g.POST("/orders/:id/unbar", a.unbarForm)
}

// typedQuery is what somebody searches for, as far as a database can be asked for it.
func typedQuery(c echo.Context) string {
	q := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(c.QueryParam("q"), ""), "\x00", ""))
	if utf8.RuneCountInString(q) > longestQuery {
		q = string([]rune(q)[:longestQuery])
	}
	return q
}

// deskOrders answers GET /admin/orders?q=&event=&before=.
func (a *App) deskOrders(c echo.Context) error {
	ctx := c.Request().Context()
	wanted := checkout.Wanted{Text: typedQuery(c)}
	before, err := uuid.Parse(c.QueryParam("before"))
	if err == nil {
		wanted.Before = before
	}
	eventName, slug := "", c.QueryParam("event")
	if slug != "" {
		e, err := a.seating.Event(ctx, slug)
		if err != nil {
			return err
		}
		wanted.Event, eventName = e.ID, e.Name
	}
	found, err := a.checkout.Search(ctx, wanted)
	if err != nil {
		return err
	}
	next := ""
	if len(found) == ordersPage {
		next = found[len(found)-1].ID
	}
	return a.staffPage(c, http.StatusOK, "orders", "orders", map[string]any{"Q": wanted.Text, "Event": slug, "EventName": eventName,
		"Orders": orderRows(found), "Next": next, "Later": wanted.Before != uuid.Nil})
}

// orderRow is an order in a list, for people.
type orderRow struct {
	checkout.OrderSummary
	Said, Price, Seats string
	At                 time.Time
}

func orderRows(found []checkout.OrderSummary) []orderRow {
	rows := make([]orderRow, len(found))
	for i, o := range found {
		rows[i] = orderRow{OrderSummary: o, Said: statusWords[o.Status], Price: money.Format(o.Total, o.Currency),
			Seats: strings.Join(o.Seats, ", "), At: time.Time(o.CreatedAt)}
	}
	return rows
}

// statusWords are an order's states for staff.
var statusWords = map[string]string{
	"pending": "Not paid yet", "paying": "Bank is asked", "declined": "Declined", "paid": "Paid", "part-refunded": "Partly returned",
	"refund-pending": "Money going back", "swap-offered": "Other seats offered", "refunded": "Refunded", "expired": "Expired", "cancelled": "Given up",
}

// orderView is an order whole, for people.
type deskOrderView struct {
	*checkout.StaffView
	Said, EventName, Price string
	Zone                   string
	Lines                  []priceLine
	Sellable               []refundLine // valid tickets, which can be returned
	Steps                  []historyStep
	Attempts               []moneyStep
	Backs                  []moneyStep
	LeftToRefund           int64
}

type refundLine struct {
	ID, Label, Price, URL string
	minor                 int64
}

type historyStep struct {
	At   time.Time
	Said string
}

type moneyStep struct {
	At                      time.Time
	Amount, Status, Problem string
	Ref                     string
}

func (a *App) deskOrder(c echo.Context) error {
	return a.showDeskOrder(c, http.StatusOK, orderForms{})
}

// orderForms is what was typed into the forms of an order, and why it was refused.
type orderForms struct {
	Refused, Reason string // a refund
	MoveRefused, To string // a change of seats
	Chosen          []string
}

// Has tells whether a ticket was chosen.
func (f orderForms) Has(ticket string) bool { return slices.Contains(f.Chosen, ticket) }

func (a *App) showDeskOrder(c echo.Context, status int, forms orderForms) error {
	v, err := a.orderWhole(c)
	if err != nil {
		return err
	}
	return a.staffPage(c, status, "order", "orders", map[string]any{"Order": v, "Forms": forms})
}

func (a *App) orderWhole(c echo.Context) (*deskOrderView, error) {
	ctx := c.Request().Context()
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return nil, checkout.ErrNotFound
	}
	o, err := a.checkout.StaffOrder(ctx, id)
	if err != nil {
		return nil, err
	}
	event, err := a.seating.Event(ctx, o.Event)
	if err != nil {
		return nil, err
	}
	zone := zoneOf(event)
	v := &deskOrderView{StaffView: o, Said: statusWords[o.Status], EventName: event.Name, Zone: event.Timezone}
	prices, labels := map[int]int64{}, map[int]string{}
	for _, s := range o.Seats {
		prices[s.N], labels[s.N] = s.Price, s.Label
	}
	v.Lines, v.Price = deskLines(o, labels)
	for _, t := range o.Tickets {
		v.Sellable = append(v.Sellable, refundLine{t.ID, t.Seat.Label, money.Format(prices[t.Seat.N], o.Currency), t.URL, prices[t.Seat.N]})
	}
	for _, t := range o.Listed {
		v.Sellable = append(v.Sellable, refundLine{t.ID, t.Seat.Label + " (on sale again)", money.Format(t.Price, o.Currency), "", t.Price})
	}
	for _, p := range o.Payments {
		step := moneyStep{At: time.Time(p.CreatedAt).In(zone), Amount: money.Format(p.Amount, o.Currency), Status: paymentWords[string(p.Status)], Problem: p.Problem}
		if p.ProviderRef != nil {
			step.Ref = *p.ProviderRef
		}
		v.Attempts = append(v.Attempts, step)
		v.LeftToRefund += p.Received
	}
	for i, r := range o.Refunds {
		said := refundWords[string(r.Status)]
		if i < len(o.Back) && o.Back[i].ByHand && !o.Back[i].Done { // one may have come since
			said = "To be sent by hand"
		}
		v.Backs = append(v.Backs, moneyStep{At: time.Time(r.CreatedAt).In(zone), Amount: money.Format(r.Amount, o.Currency), Status: said, Problem: r.Problem})
		v.LeftToRefund -= r.Amount
	}
	for _, h := range o.History {
		v.Steps = append(v.Steps, historyStep{time.Time(h.At).In(zone), historySaid(h, o.Currency, labels)})
	}
	return v, nil
}

// deskLines are the seats as they were bought, so that they add up to what they cost together; labels learns their names.
func deskLines(o *checkout.StaffView, labels map[int]string) (lines []priceLine, total string) {
	bought, sum := o.Bought, int64(0)
	if bought == nil {
		for _, s := range o.Seats {
			bought = append(bought, checkout.BoughtView{SeatView: s})
		}
	}
	for _, s := range bought {
		label := s.Label
		if labels[s.N] = label; s.Now != nil {
			label += ", changed for " + labels[*s.Now]
		}
		lines, sum = append(lines, priceLine{Label: label, Price: money.Format(s.Price, o.Currency)}), sum+s.Price
	}
	if more := o.Total - sum; more > 0 {
		lines, sum = append(lines, priceLine{Label: "Paid since, for a dearer seat", Price: money.Format(more, o.Currency)}), o.Total
	}
	return lines, money.Format(sum, o.Currency)
}

var paymentWords = map[string]string{
	"created": "Waiting for the buyer", "authorized": "Agreed by the bank", "captured": "Received", "cancelling": "Being cancelled",
	"cancelled": "Cancelled", "failed": "Failed or declined", "refund_due": "To be returned", "refunded": "Returned",
}

var refundWords = map[string]string{"due": "Not asked for yet", "sent": "Asked for, not confirmed", "done": "Returned", "failed": "Refused; we ask again"}

// historyWords are the steps of an order.
var historyWords = map[string]string{
	"placed": "Order made", "promotion": "A code was used", "invoice": "Invoice written", "credit": "Credit note written", "payment-opened": "Payment begun", "authorized": "The bank agreed", "transfer-received": "A bank transfer came", "paid": "Paid, tickets issued",
	"listed": "The buyer gave a ticket back, it is on sale again", "unlisted": "It is the buyer's again", "expired": "Time to pay ran out, seats went back", "cancelled": "Given up, seats went back", "given-up": "The buyer gave the order up",
	"cancelling": "Payment is being cancelled", "payment-cancelled": "Payment cancelled",
	"payment-failed": "Payment failed", "late-money": "Money came late, seats were free", "swap-offered": "Those were offered instead of the buyer's own, which had gone",
	"offer-accepted": "The buyer took the seats offered",
	"dispute-open":   "The buyer's bank is asked for the money back; the tickets are barred", "dispute-won": "The dispute is over, the money stays; the tickets are good",
	"dispute-lost": "The dispute is lost, the bank has the money; the tickets are void, the seats free", "dispute-lost-in-part": "The bank took a part of the money back; the tickets are barred until staff lift that or take them back",
	"refund-taken": "Counted as returned: the bank had taken it already", "unbarred": "Let in by staff although disputed", "mail-resent": "Tickets mailed again",
	"link-mailed": "Link to the order mailed", "refund-due": "Refund promised", "refunded": "Money returned", "returned": "Tickets taken back", "event-refunded": "Ended: the whole event is refunded", "moved": "Seat changed",
	"swap-opened": "The buyer wants a dearer seat and pays the difference", "swap-cancelled": "The change of seat was given up", "swap-expired": "The time to pay for the dearer seat ran out",
}

// historySaid is a step in words, with what is worth knowing of its detail.
func historySaid(h checkout.HistoryEntry, currency string, labels map[int]string) string {
	said := historyWords[h.What]
	if said == "" {
		said = title(h.What)
	}
	var d struct {
		Seats   []int
		Amount  *int64
		Total   *int64
		Reason  string
		Problem string
		From    string
		To      string
	}
	if json.Unmarshal(h.Detail, &d) != nil {
		return said // a detail of another shape says nothing here
	}
	var more []string
	for _, n := range d.Seats {
		if labels[n] != "" {
			more = append(more, labels[n])
		}
	}
	for _, minor := range []*int64{d.Amount, d.Total} {
		if minor != nil {
			more = append(more, money.Format(*minor, currency))
		}
	}
	if d.Reason != "" && h.What == "returned" {
		more = append(more, "“"+d.Reason+"”")
	}
	if d.From != "" && d.To != "" {
		more = append(more, d.From+" → "+d.To)
	}
	if d.Problem != "" {
		more = append(more, d.Problem)
	}
	if len(more) > 0 {
		said += ": " + strings.Join(more, ", ")
	}
	return said
}

// refundForm answers POST /admin/orders/:id/refund: first what would happen, then the refund.
func (a *App) refundForm(c echo.Context) error {
	typed, err := c.FormParams()
	if err != nil {
		return request.BodyError(err)
	}
	reason, chosen := strings.TrimSpace(typed.Get("reason")), typed["ticket"]
	refused := ""
	switch {
	case len(chosen) == 0:
		refused = "Choose the tickets to return."
	case reason == "":
		refused = "Say why; it stands in the order's history and in the log."
	case shortText(reason, longestPauseReason) != "":
		refused = "The reason: " + strings.ToLower(shortText(reason, longestPauseReason))
	}
	if refused != "" {
		return a.showDeskOrder(c, http.StatusUnprocessableEntity, orderForms{Refused: refused, Reason: reason, Chosen: chosen})
	}
	order, err := a.orderWhole(c)
	if err != nil {
		return err
	}
	tickets, ask := []uuid.UUID{}, sure{Action: c.Request().URL.Path, Back: "/admin/orders/" + order.ID, Danger: true, Fields: []sureField{{"reason", reason}}}
	var labels []string
	amount := int64(0)
	for _, t := range order.Sellable {
		if slices.Contains(chosen, t.ID) {
			tickets = append(tickets, uuid.MustParse(t.ID)) // of our own making
			labels, amount = append(labels, t.Label), amount+t.minor
			ask.Fields = append(ask.Fields, sureField{"ticket", t.ID})
		}
	}
	if len(tickets) == 0 {
		return a.showDeskOrder(c, http.StatusConflict, orderForms{Refused: "These tickets are returned already.", Reason: reason})
	}
	if all := len(tickets) == len(order.Sellable); all || amount > order.LeftToRefund {
		amount = order.LeftToRefund // with the last ticket goes whatever is left
	}
	ok, err := a.confirmed(c, "orders", func() (sure, error) {
		back := money.Format(amount, order.Currency)
		ask.Title, ask.Button = fmt.Sprintf("Return %s and %s?", strings.Join(labels, ", "), back), "Return "+back
		ask.Lines = []string{
			back + " goes back to where it came from; " + order.Buyer.Name + " gets a mail about it.",
			"The tickets are void at once and let nobody in.",
			"The seats can be bought by others within a second. This cannot be taken back.",
		}
		return ask, nil
	})
	if !ok || err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.Return(c.Request().Context(), who, c.RealIP(), uuid.MustParse(order.ID), tickets, reason); err != nil {
		return err
	}
	return done(c, "/admin/orders/"+order.ID, "refund")
}

// Lost tells whether what bars the tickets is no open dispute any more, but one that took a part of the money.
func (v *deskOrderView) Lost() bool {
	lost := false
	for _, p := range v.Payments {
		if p.Status == checkout.PaymentCaptured && p.Dispute == "open" {
			return false
		}
		lost = lost || p.Status == checkout.PaymentCaptured && p.Dispute == "lost"
	}
	return lost
}

// unbarForm lets the tickets of a disputed order in all the same.
func (a *App) unbarForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if _, err := a.checkout.Unbar(c.Request().Context(), who, c.RealIP(), id); err != nil && !errors.Is(err, checkout.ErrNotBarred) {
		return err
	}
	return done(c, "/admin/orders/"+id.String(), "unbar")
}

func (a *App) resendForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	who, _ := request.StaffOf(c)
	if err := a.checkout.StaffResend(c.Request().Context(), who, c.RealIP(), id); err != nil {
		return err
	}
	return done(c, "/admin/orders/"+id.String(), "resend")
}
