package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/document"
	"fairseat/modules/seating"
)

// orderPages are an order's own page, what can be clicked on it, and the way back to it.
func (a *App) orderPages(r request.Routes) {
	r.Root.GET("/orders", a.findOrderPage)
	r.Root.POST("/orders", a.findOrder)
	r.Root.GET("/orders/:id", a.ownOrder(func(c echo.Context, o checkout.Order) error { return a.showOrder(c, http.StatusOK, o, nil) }))
	a.swapPages(r)
	r.Root.POST("/orders/:id/swap/cancel", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		return "", a.checkout.GiveUpSwap(c.Request().Context(), o.ID)
	}))
	a.givebackPages(r)
	r.Root.POST("/orders/:id/pay", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		_, err := a.checkout.PayAgain(c.Request().Context(), o.ID, c.FormValue("method"))
		return "?go=pay", err
	}))
	r.Root.POST("/orders/:id/cancel", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		return "", a.checkout.GiveUp(c.Request().Context(), o.ID)
	}))
	r.Root.POST("/orders/:id/offer", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		_, err := a.checkout.AcceptOffer(c.Request().Context(), o.ID)
		return "", err
	}))
	r.Root.POST("/orders/:id/offer/decline", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		return "", a.checkout.DeclineOffer(c.Request().Context(), o.ID)
	}))
	r.Root.POST("/orders/:id/resend", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		return "?mailed=again", a.checkout.Resend(c.Request().Context(), o)
	}))
	r.Root.POST("/orders/:id/billing", a.orderClick(func(c echo.Context, o checkout.Order) (string, error) {
		if _, err := c.FormParams(); err != nil {
			return "", request.BodyError(err)
		}
		return "#papers", a.checkout.Bill(c.Request().Context(), o, checkout.Billing{Name: c.FormValue("name"), Company: c.FormValue("company"),
			Address: strings.Split(strings.ReplaceAll(c.FormValue("address"), "\r", ""), "\n"), VATID: c.FormValue("vat_id")})
	}))
}

// ownOrder hands a page the order of its path; to a browser that does not know it, it shows what a private link needs.
func (a *App) ownOrder(page func(echo.Context, checkout.Order) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		order, err := a.checkout.Own(c)
		if errors.Is(err, checkout.ErrNotFound) {
			return a.render(c, http.StatusNotFound, "order/stranger", map[string]any{})
		}
		if err != nil {
			return err
		}
		return page(c, order)
	}
}

// orderClick does something to one's own order and shows the order again; a refusal is said above it.
func (a *App) orderClick(click func(echo.Context, checkout.Order) (string, error)) echo.HandlerFunc {
	return a.ownOrder(func(c echo.Context, order checkout.Order) error {
		then, err := click(c, order)
		if err == nil {
			return c.Redirect(http.StatusSeeOther, "/orders/"+order.ID.String()+then)
		}
		refusal, err := a.refusal(c.Request().Context(), order.EventID, err)
		if err != nil {
			return err
		}
		if order, err = a.checkout.Own(c); err != nil { // what is refused has mostly moved meanwhile
			return err
		}
		return a.showOrder(c, refusal.status, order, refusal)
	})
}

// orderSight is an order as its page shows it.
type orderSight struct {
	checkout.View
	State   string         // what the words of the page are chosen by
	Why     string         // the key of what the bank said, "" if it said nothing
	PayURL  string         // "" while there is none
	Until   string         // the deadline by the venue's clock
	Left    int            // whole minutes until then, at least one
	Ticking bool           // the deadline means something
	Waiting int            // seconds after which the page, without script, looks again; 0 = nothing more will change
	Name    string         // of the buyer
	Mask    string         // the buyer's address, as far as a glance over the shoulder may read it
	SentAt  string         // by the venue's clock, to the second; "" while it is not sent
	At      string         // the deadline, for scripts
	Names   string         // of the seats: "Row A, 1–2"
	Said    map[int]string // each by itself
	Seen    []ticketSight
	Methods []seating.Method // ways to pay
	TooLate bool             // there are others, which take too long by now
	OnSale  []onSaleSight
	Away    map[int]bool // seats of those
	Lines   []lineSight  // what was bought
	Sum     int64        // of it
	More    int64        // paid since, for dearer seats
	Instead string       // seats taken for some that had gone: "Row B, 3–4"
	Money   []moneySight // what goes back
	Coming  int64        // of that, what has not left
	Void    bool         // it had tickets, which are not valid any more
	Word    string       // what the organiser says of the refund of the whole event
	Linked  bool         // its buyer has a mail with the link to it
	Swap    *swapSight
	Dearer  *dearerSight
	Bill    *billSight // nil where no invoice can be addressed
}

// onSaleSight is a ticket that was given back and whose seat nobody has bought yet.
type onSaleSight struct {
	checkout.ListedEntry
	Said string
}

// swapSight is the offer of other seats on the order's page.
type swapSight struct {
	Gone, Names string         // of the seats that went, and of all that are held now
	Said        map[int]string // each by itself
	Less        int64          // what comes back of the money
}

// billSight is to whom the invoice is addressed, for the form that changes it.
type billSight struct {
	checkout.Billing
	Lines string // of the address
	Open  bool   // something in it was refused
}

// billOf is the address of the newest invoice, while something of it is left.
func billOf(v checkout.View) *billSight {
	if v.Status != "paid" && v.Status != "part-refunded" {
		return nil
	}
	for _, one := range slices.Backward(v.Invoices) {
		if one.Kind == "invoice" {
			return &billSight{Billing: one.Billing, Lines: strings.Join(one.Address, "\n")}
		}
	}
	return nil
}

// ticketSight is a ticket on the order's page.
type ticketSight struct {
	checkout.TicketEntry
	Category string
	Where    string   // the section, Short being the rest of the name, which is set large
	Short    []string // in parts that are not torn
	AnyPlace bool     // no seat of its own
	Side     int
	Path     string
}

func (a *App) showOrder(c echo.Context, status int, o checkout.Order, refusal *refusal) error {
	ctx := c.Request().Context()
	back := c.QueryParam("back") != "" && refusal == nil
	look, sure := a.checkout.Look, true
	if back {
		look = func(ctx context.Context, o checkout.Order) (v checkout.View, err error) {
			v, sure, err = a.checkout.LookBack(ctx, o)
			return v, err
		}
	}
	view, err := look(ctx, o)
	if err != nil {
		return err
	}
	event, err := a.seating.EventByID(ctx, o.EventID)
	if err != nil {
		return err
	}
	sight, err := a.orderSight(c, o, view, event)
	if err != nil {
		return err
	}
	if sight.State == "pay" && !sure {
		sight.State, sight.Waiting = "checking", 2 // whoever has just paid must not be asked to pay
	}
	if d := sight.Dearer; d != nil && d.State == "pay" && !sure {
		d.State, sight.Waiting = "checking", 2
	}
	paid := sight.Dearer == nil || sight.Dearer.State != "pay" && sight.Dearer.State != "asking"
	if refusal != nil && sight.Bill != nil && strings.HasSuffix(c.Path(), "/billing") { // what was typed stays
		sight.Bill = &billSight{Billing: checkout.Billing{Name: c.FormValue("name"), Company: c.FormValue("company"), VATID: c.FormValue("vat_id")},
			Lines: c.FormValue("address"), Open: true}
	}
	data := map[string]any{
		"Accent": accentPath(event.Accent), "Event": event, "Order": sight, "GoSwap": c.QueryParam("go") == "swap" && refusal == nil && !paid, "Categories": categoryNames(event), "Said": refusal.said(),
		"Go": c.QueryParam("go") == "pay" && refusal == nil && (sight.State == "pay" || sight.State == "asking"),
	}
	if swappable, err := a.checkout.Swappable(ctx, o); err != nil {
		return err
	} else if len(swappable.Tickets) > 0 {
		data["Swaps"] = true
	}
	returnable, err := a.checkout.Returnable(ctx, o)
	if err != nil {
		return err
	}
	returns := map[string]bool{}
	for _, t := range returnable.Tickets {
		returns[t.ID.String()] = true
	}
	data["Returns"] = returns
	done := map[string]string{"back": "giveback.done", "free": "giveback.done.free", "taken": "takeback.done"}[c.QueryParam("given")]
	if c.QueryParam("swapped") != "" {
		done = "swap.done"
	}
	if done != "" && refusal == nil {
		text, err := a.pages.Words("order").Say(done)
		if err != nil {
			return err
		}
		data["Said"] = &said{"good", text}
	}
	if c.QueryParam("mailed") == "again" && refusal == nil {
		text, err := a.pages.Words("order").Say("mail.again.done", "email", sight.Mask)
		if err != nil {
			return err
		}
		data["Said"] = &said{"good", text}
	}
	refusal.header(c)
	return a.render(c, status, "order/page", data)
}

func (a *App) orderSight(c echo.Context, o checkout.Order, v checkout.View, e *seating.Event) (*orderSight, error) {
	payBy := "" // whoever would take another attempt
	if v.Payment != nil {
		payBy = v.Payment.Provider
	}
	down := a.checkout.Health(payBy).Down
	s := &orderSight{View: v, State: orderState(v, down), Name: o.Name, Mask: masked(o.Email), Bill: billOf(v)}
	until := time.Time(v.ExpiresAt)
	var err error
	if s.Until, err = a.pages.Words("order").When("layout.clock", until, e.Timezone); err != nil {
		return nil, err
	}
	s.Left, s.At = a.minutesUntil(until), clock.Format(until)
	numbers := make([]int, len(v.Seats))
	for i, seat := range v.Seats {
		numbers[i] = seat.N
	}
	seats, err := a.seating.SeatInfo(c.Request().Context(), e.ID, numbers)
	if err != nil {
		return nil, err
	}
	say := &speaker{words: a.pages.Words("order")}
	s.Names, s.Said = upper(say.names(seats...)), say.each(seats)
	s.Ticking = s.State == "pay" || s.State == "asking" || s.State == "declined"
	if v.Offer != nil {
		if s.Swap, err = a.swapSight(c, v, e, say); err != nil {
			return nil, err
		}
	}
	switch s.State {
	case "asking", "paying":
		s.Waiting = 2
	case "pay", "declined", "outage", "ending", "refund-pending", "swap-offered":
		s.Waiting = 10
	}
	if s.State == "declined" && slices.Contains(declineReasons, v.DeclinedFor) {
		s.Why = "declined." + v.DeclinedFor
	}
	if s.State == "transfer" {
		s.Waiting = 60
		if s.Until, err = a.pages.Words("order").When("layout.day", until, e.Timezone); err != nil {
			return nil, err
		}
	}
	s.Linked = s.State == "transfer" || len(v.Back) > 0 || v.Mail.Status == "queued" || v.Mail.Status == "sent"
	s.Methods = a.seating.OfferedMethods(e)
	s.TooLate = len(s.Methods) < len(a.seating.PaymentMethods(e))
	if s.State == "outage" { // whoever has no payment under way may pay in another way
		s.Methods = slices.DeleteFunc(slices.Clone(s.Methods), func(m seating.Method) bool {
			return v.Status != "declined" || a.checkout.Health(m.ID).Down
		})
	}
	if s.State == "pay" {
		s.PayURL = *v.Payment.URL
	}
	if len(v.Tickets) > 0 {
		if v.Mail.Status == "queued" {
			s.Waiting = 5
		}
		sent, err := a.notification.SentAt(c.Request().Context(), o.ID)
		if err != nil {
			return nil, err
		}
		if s.SentAt, err = a.pages.Words("order").When("layout.seconds", sent, e.Timezone); err != nil {
			return nil, err
		}
	}
	if s.Dearer, err = a.dearerSight(c, v.Swap, e); err != nil {
		return nil, err
	}
	if s.Dearer != nil {
		s.Waiting = s.Dearer.Waiting
	}
	if s.State == "paying" && !until.After(a.clock.Now()) {
		s.State = "paying-on" // the bank has the money; the deadline says nothing any more
	}
	s.Away = map[int]bool{}
	for _, t := range v.Listed {
		s.Away[t.Seat.N] = true
		s.OnSale = append(s.OnSale, onSaleSight{t, s.Said[t.Seat.N]})
		if s.Waiting == 0 {
			s.Waiting = 60
		}
	}
	if len(s.OnSale) > 0 && len(v.Tickets) == 0 {
		s.State = "listed"
	}
	names := categoryNames(e)
	if err := a.ledgerSight(c, s, e, say); err != nil {
		return nil, err
	}
	for _, t := range v.Tickets {
		side, path, err := document.QR(t.Code)
		if err != nil {
			return nil, err
		}
		sight := ticketSight{TicketEntry: t, Category: names[t.Seat.Category], AnyPlace: e.AreaOf(t.Seat.N) != nil, Side: side, Path: path}
		for _, seat := range seats {
			if seat.N == t.Seat.N {
				sight.Where, seat.Zone = say.section(seat.Zone), ""
				sight.Short = strings.SplitAfter(upper(say.names(seat)), ", ")
			}
		}
		s.Seen = append(s.Seen, sight)
	}
	return s, say.err
}

// swapSight says which seats went and which are held instead.
func (a *App) swapSight(c echo.Context, v checkout.View, e *seating.Event, say *speaker) (*swapSight, error) {
	held := map[int]bool{}
	var numbers, gone []int
	for _, seat := range v.Offer.Seats {
		held[seat.N], numbers = true, append(numbers, seat.N)
	}
	for _, seat := range v.Seats {
		if !held[seat.N] {
			gone = append(gone, seat.N)
		}
	}
	offered, err := a.seating.SeatInfo(c.Request().Context(), e.ID, numbers)
	if err != nil {
		return nil, err
	}
	lost, err := a.seating.SeatInfo(c.Request().Context(), e.ID, gone)
	if err != nil {
		return nil, err
	}
	return &swapSight{Gone: say.names(lost...), Names: say.names(offered...), Said: say.each(offered), Less: v.Total - v.Offer.Price}, say.err
}

// orderStates are all that orderState and the clock make of an order; each is said in the catalogue.
var orderStates = []string{"pay", "asking", "outage", "ending", "paying", "paying-on", "declined", "paid", "part-refunded", "refund-pending",
	"refund-by-hand", "refunded", "void", "expired", "event-off", "cancelled", "swap-offered", "checking", "transfer", "listed"}

// declineReasons are what a bank says that helps the payer; each has words.
var declineReasons = []string{"insufficient-funds", "expired-card", "authentication-failed"}

// orderState is the status, told apart further by what there is to do: an open order has a page to pay on, waits for
// one, waits for a processor that is away, or is being ended.
func orderState(v checkout.View, down bool) string {
	switch {
	case down && (v.Status == "pending" && v.Payment != nil || v.Status == "declined"):
		return "outage"
	case v.Status == "refund-pending" && slices.ContainsFunc(v.Back, func(b checkout.BackView) bool { return b.ByHand && !b.Done }):
		return "refund-by-hand"
	case v.Status == "refunded" && len(v.Back) == 0:
		return "void" // it was free
	case v.EventRefunded && (v.Status == "expired" || v.Status == "cancelled"):
		return "event-off"
	case v.Status != "pending":
		return v.Status
	case v.Payment == nil:
		return "ending"
	case v.Payment.Transfer != nil:
		return "transfer"
	case v.Payment.URL == nil || !isWeb(*v.Payment.URL):
		return "asking"
	}
	return "pay"
}

// isWeb keeps an address that a page sends people to from being anything but a page.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// masked is "a***@example.org".
func masked(email string) string {
	name, domain, _ := strings.Cut(email, "@")
	for _, first := range name {
		return string(first) + "***@" + domain
	}
	return email
}

func categoryNames(e *seating.Event) map[string]string {
	names := map[string]string{}
	for _, c := range e.Categories {
		names[c.ID] = c.Name
	}
	return names
}

// findOrderPage asks for what a person has left of an order.
func (a *App) findOrderPage(c echo.Context) error {
	return a.render(c, http.StatusOK, "order/find", map[string]any{"Sent": c.QueryParam("sent") != "", "Code": "", "Email": "", "Said": (*said)(nil)})
}

// findOrder mails the link, and says the same to everyone.
func (a *App) findOrder(c echo.Context) error {
	if _, err := c.FormParams(); err != nil {
		return request.BodyError(err)
	}
	code, email := c.FormValue("code"), c.FormValue("email")
	err := a.checkout.Find(c.Request().Context(), c.RealIP(), code, email)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/orders?sent=1")
	}
	refusal, err := a.refusal(c.Request().Context(), 0, err)
	if err != nil {
		return err
	}
	refusal.header(c)
	return a.render(c, refusal.status, "order/find", map[string]any{"Sent": false, "Code": code, "Email": email, "Said": refusal.said()})
}
