package checkout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
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
			Amount: p.Amount, Received: p.Received, Problem: p.Problem, CreatedAt: clock.Time(p.CreatedAt)})
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
	v.History, err = s.store.history(ctx, id)
	return v, err
}

// returnedTickets are the void ones, without code and address: those are of no use to anyone any more.
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
		if t.Status == TicketVoid {
			seat := info[t.SeatID]
			void = append(void, TicketEntry{ID: t.ID.String(), Seat: TicketSeatView{N: t.SeatID, Label: seat.Label, Category: seat.Category}})
		}
	}
	return void, nil
}

// Return takes tickets back, all of them if none is named: they are void, the seats are free, the money is due, in one
// transaction. Tickets that are void already are passed over, so that repeating it returns nothing twice. Money goes
// back to where it came from, by itself.
func (s *Service) Return(ctx context.Context, who request.Staff, ip string, id uuid.UUID, tickets []uuid.UUID, reason string) (*StaffView, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return nil, err
	}
	seats, err := s.seatsOf(ctx, o) // before the transaction: it asks others, who need connections of their own
	if err != nil {
		return nil, err
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if !o.Status.delivered() {
			return errMoved
		}
		voided, left, err := s.void(ctx, tx, o, tickets)
		if err != nil || len(voided) == 0 {
			return err
		}
		if err := s.release(ctx, tx, o, voided); err != nil {
			return err
		}
		amount, err := s.oweFor(ctx, tx, o, voided, seats, left == 0)
		if err != nil {
			return err
		}
		to := OrderPartRefunded
		if left == 0 {
			to = OrderRefunded
		}
		if err := s.store.moveOrder(ctx, tx, id, []OrderStatus{OrderPaid, OrderPartRefunded}, to); err != nil {
			return err
		}
		detail := map[string]any{"tickets": ticketIDs(voided), "amount": amount, "reason": reason}
		if err := s.store.note(ctx, tx, id, "returned", detail); err != nil {
			return err
		}
		return s.Journal.Note(ctx, tx, who, ip, "order.refund", "order:"+id.String(), detail)
	})
	if errors.Is(err, errMoved) {
		v, e := s.view(ctx, o)
		if e != nil {
			return nil, e
		}
		return nil, ErrNotRefundable.With("status", v.Status)
	}
	if err != nil {
		return nil, err
	}
	return s.StaffOrder(ctx, id)
}

// void makes tickets of the order void and answers those that were valid, and how many still are.
func (s *Service) void(ctx context.Context, tx *gorm.DB, o Order, wanted []uuid.UUID) (voided []Ticket, left int, err error) {
	all, err := s.store.ticketsOf(ctx, tx, o.ID)
	if err != nil {
		return nil, 0, err
	}
	ours, valid := map[uuid.UUID]bool{}, 0
	for _, t := range all {
		ours[t.ID] = true
		if t.Status == TicketValid {
			valid++
		}
	}
	if wanted == nil {
		wanted = ticketIDs(all)
	}
	for _, id := range wanted {
		if !ours[id] {
			return nil, 0, fault.Fields{"tickets": "are not all tickets of this order"}.Err()
		}
	}
	voided, err = s.store.voidTickets(ctx, tx, wanted)
	return voided, valid - len(voided), err
}

// release lets the seats of void tickets go, which the database allows only now.
func (s *Service) release(ctx context.Context, tx *gorm.DB, o Order, voided []Ticket) error {
	claims := make([]int64, len(voided))
	for i, t := range voided {
		claims[i] = t.ClaimID
	}
	if err := s.Seats.Move(ctx, tx, claims, []string{claimSold}, claimReleased); err != nil {
		return err
	}
	return s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, claims), nil)
}

// oweFor writes the refund for void tickets: the price of their seats, or with the last of them whatever is left.
func (s *Service) oweFor(ctx context.Context, tx *gorm.DB, o Order, voided []Ticket, seats []Seat, all bool) (int64, error) {
	p, paid, err := s.store.livePayment(ctx, tx, o.ID)
	if err != nil {
		return 0, err
	}
	if !paid {
		return 0, s.Mails.Refunded(ctx, tx, o.ID, 0, o.Currency, reasonStaff) // it was free; the mail says that the ticket is void
	}
	before, err := s.store.refundedSoFar(ctx, tx, p.ID)
	if err != nil {
		return 0, err
	}
	amount := p.Received - before
	if !all {
		prices := byNumber(seats)
		sum := int64(0)
		for _, t := range voided {
			seat, known := prices[t.SeatID]
			if !known {
				return 0, fmt.Errorf("seat %d of order %s has no price", t.SeatID, o.ID)
			}
			sum += seat.Price
		}
		amount = min(amount, sum)
	} else if err := s.store.movePayment(ctx, tx, p.ID, []PaymentStatus{PaymentCaptured}, PaymentRefundDue, 0, ""); err != nil {
		return 0, err
	}
	if amount > 0 {
		return amount, s.owe(ctx, tx, o, Refund{PaymentID: p.ID, Reason: reasonStaff + ":" + seatNumbers(voided), Amount: amount})
	}
	if err := s.store.closeRefunded(ctx, tx, p.ID); err != nil {
		return 0, err
	}
	return 0, s.Mails.Refunded(ctx, tx, o.ID, 0, o.Currency, reasonStaff)
}

func ticketIDs(tickets []Ticket) []uuid.UUID {
	out := make([]uuid.UUID, len(tickets))
	for i, t := range tickets {
		out[i] = t.ID
	}
	return out
}

func seatNumbers(tickets []Ticket) string {
	out := make([]string, len(tickets))
	for i, t := range tickets {
		out[i] = strconv.Itoa(t.SeatID)
	}
	return strings.Join(out, ",")
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
	if !found || t.Status != TicketValid {
		return nil, ErrBadCode
	}
	if !entered {
		if t.CheckedInAt == nil { // it became valid again? it cannot: better nobody than twice
			return nil, ErrBadCode
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
