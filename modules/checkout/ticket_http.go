package checkout

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/app/request"
)

// ticketRoutes registers what a ticket's holder opens: page, PDF, calendar entry. The secret in the path is all the
// credential there is, so nothing about it is stored or passed on.
func (s *Service) ticketRoutes(h *handler, r request.Routes) {
	r.Root.GET("/t/:secret", h.ticket)
}

const secretLength = 22 // base64url of 128 bits

// ticket answers GET /t/:secret, /t/:secret.pdf and /t/:secret.ics.
func (h *handler) ticket(c echo.Context) error {
	noStore(c)
	c.Response().Header().Set(echo.HeaderReferrerPolicy, "no-referrer")
	c.Response().Header().Set("X-Robots-Tag", "noindex")
	secret, kind, _ := strings.Cut(c.Param("secret"), ".")
	if len(secret) != secretLength {
		return ErrNotFound
	}
	ctx := c.Request().Context()
	t, found, err := h.s.store.ticketBySecret(ctx, secret)
	if err != nil {
		return err
	}
	if !found {
		return ErrNotFound
	}
	if t.Status != TicketValid && t.Replaced {
		return ErrTicketVoid.Say("The seat of this ticket was changed. The new ticket came by mail; this one is no longer valid.")
	}
	if t.Status == TicketListed {
		return ErrTicketListed
	}
	if t.Status != TicketValid {
		return ErrTicketVoid
	}
	o, err := h.s.store.order(ctx, h.s.DB, t.OrderID, "")
	if err != nil {
		return err
	}
	views, err := h.s.ticketViews(ctx, o, []Ticket{t.Ticket})
	if err != nil {
		return err
	}
	if views[0].Barred, err = h.s.store.isBarred(ctx, o.ID); err != nil {
		return err
	}
	return h.draw(c, kind, o.Code, views)
}

func (h *handler) draw(c echo.Context, kind, code string, views []TicketView) error {
	switch kind {
	case "":
		var page bytes.Buffer // whole or not at all
		if err := h.s.Documents.TicketPage(&page, views[0]); err != nil {
			return err
		}
		return c.HTMLBlob(http.StatusOK, page.Bytes())
	case "pdf":
		doc, err := h.s.Documents.PDF(c.Request().Context(), views)
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderContentDisposition, `inline; filename="ticket-`+code+`.pdf"`)
		return c.Blob(http.StatusOK, "application/pdf", doc)
	case "ics":
		entry, err := h.s.Documents.Calendar(views...)
		if err != nil {
			return err
		}
		if entry != nil {
			c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="ticket-`+code+`.ics"`)
			return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", entry)
		}
	}
	return ErrNotFound
}

// ticketViews are tickets of one order, ready to be drawn.
func (s *Service) ticketViews(ctx context.Context, o Order, tickets []Ticket) ([]TicketView, error) {
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return nil, err
	}
	seats, err := s.seatsOf(ctx, o)
	if err != nil {
		return nil, err
	}
	info := byNumber(seats)
	views := make([]TicketView, len(tickets))
	for i, t := range tickets {
		seat := info[t.SeatID]
		views[i] = TicketView{
			ID: t.ID.String(), URL: t.url(s.PublicURL()), Code: s.code(t), EventName: event.Name, Venue: event.Venue,
			Timezone: event.Timezone, StartsAt: event.StartsAt, SeatName: seat.Name, SeatLabel: seat.Label, AnyPlace: seat.AnyPlace, Category: seat.CategoryName,
			Holder: o.Name, OrderCode: o.Code, Price: money.Format(seat.Price, o.Currency), Contact: event.Contact,
			TermsURL: event.TermsURL, Accent: event.Accent, Issued: t.IssuedAt, Test: s.Trial,
		}
	}
	return views, nil
}

// OrderDocument is all that a mail about an order may want to say.
type OrderDocument struct {
	ID       uuid.UUID
	Code     string
	Event    Event
	Name     string // of the buyer
	Email    string
	Status   string // as the API shows it
	Total    int64
	Currency string
	Refunded int64  // what went back so far
	Link     string // private, with the order's token as a fragment
	Seats    []Seat
	Invoice  string       // the number of the newest; "" for none
	Tickets  []TicketView // the valid ones
	// Refunding is what the organiser says of the refund of the whole event; "" for nothing.
	Refunding string
	Trial     bool
}

// Document gathers an order for a mail; ErrNotFound.
func (s *Service) Document(ctx context.Context, id uuid.UUID) (*OrderDocument, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	v, err := s.view(ctx, o)
	if err != nil {
		return nil, err
	}
	d := &OrderDocument{
		ID: o.ID, Code: o.Code, Name: o.Name, Email: o.Email, Status: v.Status, Total: v.Total, Currency: o.Currency,
		Link: s.Link(o.ID), Trial: s.Trial,
	}
	for _, one := range v.Invoices {
		if one.Kind == kindInvoice {
			d.Invoice = one.Number
		}
	}
	if d.Event, err = s.Events.Event(ctx, o.EventID); err != nil {
		return nil, err
	}
	if d.Seats, err = s.seatsOf(ctx, o); err != nil {
		return nil, err
	}
	refunds, err := s.store.refundsOf(ctx, []uuid.UUID{o.ID})
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		if r.Status == RefundDone {
			d.Refunded += r.Amount
		}
	}
	if d.Refunding, _, err = s.store.refunding(ctx, o.EventID); err != nil {
		return nil, err
	}
	d.Tickets, err = s.validTickets(ctx, o)
	return d, err
}

// SeatNames are what fans call these seats of an order's event; ErrNotFound.
func (s *Service) SeatNames(ctx context.Context, order uuid.UUID, seats []int) ([]string, error) {
	o, err := s.store.order(ctx, s.DB, order, "")
	if err != nil {
		return nil, err
	}
	info, err := s.Seats.SeatInfo(ctx, o.EventID, seats)
	if err != nil {
		return nil, fmt.Errorf("names of seats: %w", err)
	}
	names := make([]string, len(info))
	for i, seat := range info {
		names[i] = seat.Name
	}
	return names, nil
}

func (s *Service) validTickets(ctx context.Context, o Order) ([]TicketView, error) {
	all, err := s.store.ticketsOf(ctx, s.DB, o.ID)
	if err != nil {
		return nil, err
	}
	var valid []Ticket
	for _, t := range all {
		if t.Status == TicketValid {
			valid = append(valid, t)
		}
	}
	if len(valid) == 0 {
		return nil, nil
	}
	return s.ticketViews(ctx, o, valid)
}

// TicketsPDF is the order's valid tickets as one document; nil when it has none.
func (s *Service) TicketsPDF(ctx context.Context, id uuid.UUID) ([]byte, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	views, err := s.validTickets(ctx, o)
	if err != nil || len(views) == 0 {
		return nil, err
	}
	return s.Documents.PDF(ctx, views)
}

// TicketsCalendar is the order's seats as one calendar entry; nil without a ticket or an announced start.
func (s *Service) TicketsCalendar(ctx context.Context, id uuid.UUID) ([]byte, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	views, err := s.validTickets(ctx, o)
	if err != nil || len(views) == 0 {
		return nil, err
	}
	return s.Documents.Calendar(views...)
}
