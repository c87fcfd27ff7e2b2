package checkout

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
)

// StaffOrder is an order with its whole history; ErrNotFound.
func (s *Service) StaffOrder(ctx context.Context, id uuid.UUID) (*StaffView, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	v := &StaffView{Buyer: BuyerView{o.Name, o.Email}, Place: o.PlaceKey, CreatedAt: clock.Time(o.CreatedAt),
		Payments: []StaffPayment{}, Refunds: []StaffRefund{}, Returned: []TicketEntry{}}
	if o.PaidAt != nil {
		v.PaidAt = clock.Time(*o.PaidAt)
	}
	if v.View, err = s.view(ctx, o); err != nil {
		return nil, err
	}
	payments, err := s.store.paymentsOf(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		v.Payments = append(v.Payments, StaffPayment{ID: p.ID.String(), Provider: p.Provider, ProviderRef: p.ProviderRef, Status: p.Status,
			Amount: p.Amount, Received: p.Received, Dispute: string(p.Dispute), Problem: p.Problem, CreatedAt: clock.Time(p.CreatedAt)})
	}
	refunds, err := s.store.refundsOf(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		v.Refunds = append(v.Refunds, StaffRefund{ID: r.ID.String(), Payment: r.PaymentID.String(), Reason: r.Reason, Amount: r.Amount,
			Status: r.Status, Problem: r.Problem, CreatedAt: clock.Time(r.CreatedAt)})
	}
	if v.Returned, err = s.returnedTickets(ctx, o); err != nil {
		return nil, err
	}
	if v.Barred, err = s.store.isBarred(ctx, id); err != nil {
		return nil, err
	}
	v.History, err = s.store.history(ctx, id)
	return v, err
}

// returnedTickets are the void ones that were given back, not exchanged, without code and address: those are of no use to
// anyone any more.
func (s *Service) returnedTickets(ctx context.Context, o Order) ([]TicketEntry, error) {
	all, err := s.store.ticketsOf(ctx, s.DB, o.ID)
	if err != nil {
		return nil, err
	}
	seats, err := s.seatsOf(ctx, o)
	if err != nil {
		return nil, err
	}
	info, void := byNumber(seats), []TicketEntry{}
	for _, t := range all {
		if t.Status == TicketVoid && !t.Replaced {
			seat := info[t.SeatID]
			void = append(void, TicketEntry{ID: t.ID.String(), Seat: TicketSeatView{N: t.SeatID, Label: seat.Label, Category: seat.Category}})
		}
	}
	return void, nil
}

// StaffResend mails an order's tickets, or its link, once more.
func (s *Service) StaffResend(ctx context.Context, who request.Staff, ip string, id uuid.UUID) error {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return err
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.Journal.Note(ctx, tx, who, ip, "order.resend", "order:"+id.String(), nil); err != nil {
			return err
		}
		return s.mailAgain(ctx, tx, o)
	})
}

// CheckedIn is who has just come in.
type CheckedIn struct {
	Ticket string `json:"ticket"`
	Seat   string `json:"seat"` // its label
	Name   string `json:"name"`
}

// CheckIn lets the ticket of a code in, once. ErrAlreadyIn tells when and where; ErrBadCode is everything else: a
// forgery, another event's ticket, one that was given back.
func (s *Service) CheckIn(ctx context.Context, eventID int64, code, gate string) (*CheckedIn, error) {
	named, err := VerifyTicketCode(s.Keys, code)
	if err != nil {
		return nil, err
	}
	if named.EventID != eventID {
		return nil, ErrBadCode
	}
	entered, err := s.store.checkIn(ctx, named, gate)
	if err != nil {
		return nil, err
	}
	t, found, err := s.store.ticketByID(ctx, named)
	if err != nil {
		return nil, err
	}
	if found && t.Replaced {
		return nil, ErrBadCode.Say("The seat of this ticket was changed; the new ticket has another code.")
	}
	if found && t.Status == TicketListed {
		return nil, ErrTicketListed
	}
	if !found || t.Status != TicketValid {
		return nil, ErrBadCode
	}
	if !entered {
		if t.CheckedInAt == nil {
			return nil, s.notLetIn(ctx, t)
		}
		return nil, ErrAlreadyIn.With("at", clock.Time(*t.CheckedInAt)).With("gate", t.Gate)
	}
	o, err := s.store.order(ctx, s.DB, t.OrderID, "")
	if err != nil {
		return nil, err
	}
	in := &CheckedIn{Ticket: t.ID.String(), Name: o.Name}
	seats, err := s.Seats.SeatInfo(ctx, eventID, []int{t.SeatID})
	if err != nil {
		s.Log.Warn("checked in without a seat label", "ticket", t.ID, "error", err)
	} else if len(seats) == 1 {
		in.Seat = seats[0].Label
	}
	return in, nil
}

// notLetIn is why a valid ticket that is not inside was refused.
func (s *Service) notLetIn(ctx context.Context, t ticketOrder) error {
	barred, err := s.store.isBarred(ctx, t.OrderID)
	if err != nil {
		return err
	}
	if barred {
		return ErrDisputed
	}
	return ErrBadCode // the bar was lifted in this moment, or it became valid again, which it cannot: better nobody than twice
}
