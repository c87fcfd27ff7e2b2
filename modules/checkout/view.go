package checkout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/app/keyring"
)

// View is an order as API.md shows it.
type View struct {
	ID        string        `json:"id"`
	Code      string        `json:"code"`
	Event     string        `json:"event"`
	Status    string        `json:"status"`
	Seats     []SeatView    `json:"seats"`
	Total     int64         `json:"total"`
	Currency  string        `json:"currency"`
	ExpiresAt clock.Time    `json:"expires_at"`
	Payment   *PaymentView  `json:"payment"`
	Offer     *SwapView     `json:"offer"`
	Tickets   []TicketEntry `json:"tickets"`
	// Listed are tickets that were given back: their seats are on sale again.
	Listed []ListedEntry `json:"listed,omitempty"`
	Mail   MailStatus    `json:"mail"`
	Promo  *PromoView    `json:"promo,omitempty"`
	// DeclinedFor is why the bank refused the last attempt, while nothing came of it yet; "" if it did not say.
	DeclinedFor string `json:"declined_for,omitempty"`
	// Invoices are those of the order and its credit notes, oldest first.
	Invoices []InvoiceEntry `json:"invoices,omitempty"`
	// Refunded is what goes back, or went, for tickets that were returned or have a cheaper seat.
	Refunded int64 `json:"refunded,omitempty"`
	// Back is all money that goes back, or went, oldest first.
	Back []BackView `json:"back,omitempty"`
	// Swap is a change for a dearer seat that is being paid for.
	Swap *DearerView `json:"swap,omitempty"`
	// Bought are the seats as they were bought, once others stand for some of them.
	Bought []BoughtView `json:"bought,omitempty"`
	// EventRefunded says that the refund of the whole event took the tickets back, or ended the order before it was paid.
	EventRefunded bool `json:"event_refunded,omitempty"`
}

// BackView is money that goes back to the buyer of an order.
type BackView struct {
	Amount int64 `json:"amount"`
	// Reason is "staff", "event", "dispute", "resold" where tickets were taken back; "swap", "difference" where seats cost less;
	// else why the money bought nothing: "late", "wrong-amount", "second-payment", "overpaid".
	Reason string     `json:"reason"`
	ByHand bool       `json:"by_hand,omitempty"` // a person sends it
	Done   bool       `json:"done"`
	Since  clock.Time `json:"since"`
}

// backViews are the refunds of an order as its buyer sees them.
func (s *Service) backViews(payments []Payment, refunds []orderRefund) (back []BackView) {
	hands, by := s.byHand(), map[uuid.UUID]string{}
	for _, p := range payments {
		by[p.ID] = p.Provider
	}
	for _, r := range refunds {
		why, _, _ := strings.Cut(r.Reason, ":")
		back = append(back, BackView{Amount: r.Amount, Reason: why, ByHand: slices.Contains(hands, by[r.PaymentID]), Done: r.Status == RefundDone, Since: clock.Time(r.CreatedAt)})
	}
	return back
}

// DearerView is a dearer seat on its way: Status is pending, paying or declined, as of an order. Until Difference is paid
// the ticket is good and From is the order's seat.
type DearerView struct {
	Ticket      string       `json:"ticket"`
	From        SeatView     `json:"from"`
	To          SeatView     `json:"to"`
	Difference  int64        `json:"difference"`
	Status      string       `json:"status"`
	ExpiresAt   clock.Time   `json:"expires_at"`
	Payment     *PaymentView `json:"payment"`
	DeclinedFor string       `json:"declined_for,omitempty"`
}

// PromoView is the code an order was made with, and what it took off.
type PromoView struct {
	Code  string `json:"code"`
	Saved int64  `json:"saved"`
}

// SeatView is a seat of an order; Category is its id.
type SeatView struct {
	N        int    `json:"n"`
	Label    string `json:"label"`
	Category string `json:"category"`
	Price    int64  `json:"price"`
}

// PaymentView is the live attempt; URL is null until the processor has answered.
type PaymentView struct {
	Provider string  `json:"provider"`
	URL      *string `json:"url"`
	// Transfer says where to send the money, of an attempt that is paid by bank transfer.
	Transfer *TransferView `json:"transfer,omitempty"`
}

// SwapView is what is offered instead of the order's seats; Price is what is kept of the money for them.
type SwapView struct {
	Seats     []SeatView `json:"seats"`
	Price     int64      `json:"price"`
	ExpiresAt clock.Time `json:"expires_at"`
}

// TicketEntry is a valid ticket of an order.
type TicketEntry struct {
	ID   string         `json:"id"`
	Seat TicketSeatView `json:"seat"`
	Code string         `json:"code"`
	URL  string         `json:"url"`
	PDF  string         `json:"pdf"`
}

// ListedEntry is a ticket that is good for nobody until its holder takes it back; Price is what comes back when its seat is
// sold.
type ListedEntry struct {
	ID    string         `json:"id"`
	Seat  TicketSeatView `json:"seat"`
	Price int64          `json:"price"`
}

// TicketSeatView is the seat of a ticket.
type TicketSeatView struct {
	N        int    `json:"n"`
	Label    string `json:"label"`
	Category string `json:"category"`
}

// newView is an order that has just been written.
func (s *Service) newView(o Order, event Event, p Payment, seats []Seat) View {
	v := View{
		ID: o.ID.String(), Code: o.Code, Event: event.Slug, Status: shownPending, Seats: seatViews(seats), Total: o.Amount,
		Currency: o.Currency, ExpiresAt: clock.Time(o.ExpiresAt), Tickets: []TicketEntry{}, Mail: MailStatus{Status: "none"},
	}
	if o.Amount == 0 {
		v.Status = shownPaid
	} else {
		v.Payment = &PaymentView{Provider: p.Provider}
	}
	return v
}

func seatViews(seats []Seat) []SeatView {
	views := make([]SeatView, len(seats))
	for i, seat := range seats {
		views[i] = SeatView{N: seat.N, Label: seat.Label, Category: seat.Category, Price: seat.Price}
	}
	return views
}

// view gathers an order from the tables.
func (s *Service) view(ctx context.Context, o Order) (View, error) {
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return View{}, err
	}
	seats, err := s.seatsOf(ctx, o)
	if err != nil {
		return View{}, err
	}
	all, err := s.store.paymentsOf(ctx, []uuid.UUID{o.ID})
	if err != nil {
		return View{}, err
	}
	payments := paymentsFor(all, nil)
	var refunds []orderRefund
	if o.Status != OrderPending || slices.ContainsFunc(payments, func(p Payment) bool { return p.Received > 0 }) { // one that is polled has none
		if refunds, err = s.store.refundsOf(ctx, []uuid.UUID{o.ID}); err != nil {
			return View{}, err
		}
	}
	v := s.newView(o, event, Payment{}, seats)
	v.Status = o.shown(paymentStatuses(payments), refundStatuses(refunds))
	v.Payment, v.Refunded, v.Back = payable(payments), forTickets(refunds), s.backViews(all, refunds)
	if v.Payment != nil && v.Status == shownPending {
		v.Payment.Transfer = s.transferOf(o, v.Payment)
	}
	if v.Promo, err = s.store.promoView(ctx, s.DB, o); err != nil {
		return View{}, err
	}
	if v.Status == shownDeclined {
		v.DeclinedFor = refusal(payments)
	}
	if o.offered() == OfferOpen {
		v.Payment = nil // it is paid; what is left is the fan's word
		if v.Offer, err = s.swapView(ctx, o); err != nil {
			return View{}, err
		}
	}
	if o.Status.delivered() {
		if v.Swap, err = s.dearerView(ctx, o, all); err != nil {
			return View{}, err
		}
		if v.Tickets, v.Listed, err = s.ticketEntries(ctx, o, seats); err != nil {
			return View{}, err
		}
		if v.Mail, err = s.mailStatus(ctx, o); err != nil {
			return View{}, err
		}
		if v.Invoices, err = s.invoiceEntries(ctx, o); err != nil {
			return View{}, err
		}
		if v.Bought, err = s.bought(ctx, o, seats); err != nil {
			return View{}, err
		}
	}
	if o.Status.over() {
		v.EventRefunded, err = s.store.endedByEventRefund(ctx, o.ID)
	}
	return v, err
}

// swapView are the seats that the fan may have instead.
func (s *Service) swapView(ctx context.Context, o Order) (*SwapView, error) {
	numbers, prices, err := s.store.offeredSeats(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	seats, err := s.asAgreed(ctx, o, numbers, prices)
	if err != nil {
		return nil, err
	}
	return &SwapView{Seats: seatViews(seats), Price: sum(seats), ExpiresAt: clock.Time(o.ExpiresAt)}, nil
}

// dearerView is the swap that is being paid for, if there is one.
func (s *Service) dearerView(ctx context.Context, o Order, payments []Payment) (*DearerView, error) {
	w, open, err := s.store.openSwap(ctx, s.DB, o.ID)
	if err != nil || !open {
		return nil, err
	}
	seats, err := s.asAgreed(ctx, o, []int{w.FromSeat, w.ToSeat}, []int64{w.FromPrice, w.ToPrice})
	if err != nil {
		return nil, err
	}
	info, tries := byNumber(seats), paymentsFor(payments, &w.ID)
	v := &DearerView{Ticket: w.TicketID.String(), Difference: w.Difference, ExpiresAt: clock.Time(w.ExpiresAt), Payment: payable(tries),
		Status: shownStatus(OrderPending, paymentStatuses(tries), nil)}
	pair := seatViews([]Seat{info[w.FromSeat], info[w.ToSeat]})
	v.From, v.To = pair[0], pair[1]
	if v.Status == shownDeclined {
		v.DeclinedFor = refusal(tries)
	}
	return v, nil
}

// paymentsFor keeps those for a swap, or, with nil, for the order itself.
func paymentsFor(payments []Payment, swap *uuid.UUID) (kept []Payment) {
	for _, p := range payments {
		if (p.SwapID == nil) == (swap == nil) && (swap == nil || *p.SwapID == *swap) {
			kept = append(kept, p)
		}
	}
	return kept
}

// refusal is why the bank declined the last of these attempts, "" if it did not say.
func refusal(payments []Payment) string {
	why, told := strings.CutPrefix(payments[len(payments)-1].Problem, declinedFor)
	if !told {
		return ""
	}
	return why
}

func sum(seats []Seat) (total int64) {
	for _, seat := range seats {
		total += seat.Price
	}
	return total
}

// payable is the attempt a fan can still act on, or is acting on.
func payable(payments []Payment) *PaymentView {
	for _, p := range payments {
		switch p.Status {
		case PaymentCreated:
			return &PaymentView{Provider: p.Provider, URL: orNone(p.URL)}
		case PaymentAuthorized:
			return &PaymentView{Provider: p.Provider}
		}
	}
	return nil
}

// orNone is nil for an empty address: there is no page to pay at.
func orNone(url *string) *string {
	if url != nil && *url == "" {
		return nil
	}
	return url
}

func (s *Service) mailStatus(ctx context.Context, o Order) (MailStatus, error) {
	m, err := s.Mails.StatusOf(ctx, o.ID)
	if m.Status == "" {
		m.Status = "none"
	}
	return m, err
}

// seatsOf are the order's seats with their labels and the prices that were agreed, in order of n.
func (s *Service) seatsOf(ctx context.Context, o Order) ([]Seat, error) {
	numbers, prices, err := s.store.seatsOf(ctx, s.DB, o.ID)
	if err != nil {
		return nil, err
	}
	return s.asAgreed(ctx, o, numbers, prices)
}

// asAgreed are seats with their labels, each at a price that was agreed.
func (s *Service) asAgreed(ctx context.Context, o Order, numbers []int, prices []int64) ([]Seat, error) {
	seats, err := s.Seats.SeatInfo(ctx, o.EventID, numbers)
	if err != nil {
		return nil, fmt.Errorf("seats of order: %w", err)
	}
	for i := range seats {
		if at := slices.Index(numbers, seats[i].N); at >= 0 {
			seats[i].Price = prices[at]
		}
	}
	return seats, nil
}

// ticketEntries are the valid tickets of an order, and those whose seats are on sale again.
func (s *Service) ticketEntries(ctx context.Context, o Order, seats []Seat) (entries []TicketEntry, listed []ListedEntry, err error) {
	tickets, err := s.store.ticketsOf(ctx, s.DB, o.ID)
	if err != nil {
		return nil, nil, err
	}
	info := byNumber(seats)
	entries = []TicketEntry{}
	for _, t := range tickets {
		seat := info[t.SeatID]
		where := TicketSeatView{N: t.SeatID, Label: seat.Label, Category: seat.Category}
		switch t.Status {
		case TicketValid:
			url := t.url(s.PublicURL())
			entries = append(entries, TicketEntry{ID: t.ID.String(), Seat: where, Code: s.code(t), URL: url, PDF: url + ".pdf"})
		case TicketListed:
			listed = append(listed, ListedEntry{ID: t.ID.String(), Seat: where, Price: seat.Price})
		}
	}
	return entries, listed, nil
}

func (s *Service) code(t Ticket) string {
	return signTicketCode(s.Keys, TicketCode{EventID: t.EventID, Ticket: t.ID, Seat: t.SeatID})
}

// VerifyTicketCode reads a code as the door does: ErrBadCode unless one of our keys signed it. Whether the ticket is
// still valid only the tables know.
func VerifyTicketCode(keys *keyring.Ring, code string) (TicketCode, error) {
	c, err := readTicketCode(keys, code)
	if err != nil {
		return c, ErrBadCode.Wrap(err)
	}
	return c, nil
}

func byNumber(seats []Seat) map[int]Seat {
	m := make(map[int]Seat, len(seats))
	for _, seat := range seats {
		m[seat.N] = seat
	}
	return m
}

func paymentStatuses(payments []Payment) []PaymentStatus {
	out := make([]PaymentStatus, len(payments))
	for i, p := range payments {
		out[i] = p.Status
	}
	return out
}

// forTickets sums the refunds of tickets, not those of money that no order wanted.
func forTickets(refunds []orderRefund) (sum int64) {
	for _, r := range refunds {
		if kind, _, _ := strings.Cut(r.Reason, ":"); kind == reasonStaff || kind == reasonEvent || kind == reasonResold || kind == reasonSwap || kind == reasonDifference || kind == reasonDispute {
			sum += r.Amount
		}
	}
	return sum
}

func refundStatuses(refunds []orderRefund) []RefundStatus {
	out := make([]RefundStatus, len(refunds))
	for i, r := range refunds {
		out[i] = r.Status
	}
	return out
}
