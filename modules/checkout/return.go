package checkout

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// Return takes tickets back, all of them if none is named: they are void, the seats are free, the money is due, in one
// transaction. Tickets that are void already are passed over, so that repeating it returns nothing twice. Money goes
// back to where it came from, by itself.
func (s *Service) Return(ctx context.Context, who request.Staff, ip string, id uuid.UUID, tickets []uuid.UUID, reason string) (*StaffView, error) {
	o, err := s.store.order(ctx, s.DB, id, "")
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
		detail := map[string]any{"reason": reason}
		if _, err := s.takeBackTickets(ctx, tx, o, tickets, reasonStaff, detail); err != nil || detail["tickets"] == nil {
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

// takeBackTickets takes tickets of a locked order back, all of them if none is named, and answers what is owed for them.
// detail, with what was done added, goes into the order's history; nothing does when there was nothing to take back.
func (s *Service) takeBackTickets(ctx context.Context, tx *gorm.DB, o Order, tickets []uuid.UUID, why string, detail map[string]any) (int64, error) {
	voided, left, err := s.void(ctx, tx, o, tickets)
	if err != nil || len(voided) == 0 {
		return 0, err
	}
	if err := s.releaseSeats(ctx, tx, o, voided); err != nil {
		return 0, err
	}
	if err := s.endSwapOf(ctx, tx, o, voided); err != nil {
		return 0, err
	}
	amount, err := s.oweFor(ctx, tx, o, voided, left == 0, why)
	if err != nil {
		return 0, err
	}
	to := OrderPartRefunded
	if left == 0 {
		to = OrderRefunded
	}
	if err := s.store.moveOrder(ctx, tx, o.ID, []OrderStatus{OrderPaid, OrderPartRefunded}, to); err != nil {
		return 0, err
	}
	detail["tickets"], detail["amount"] = ticketIDs(voided), amount
	return amount, s.store.note(ctx, tx, o.ID, "returned", detail)
}

// void makes tickets of the order void and answers those that were not, and how many still are not.
func (s *Service) void(ctx context.Context, tx *gorm.DB, o Order, wanted []uuid.UUID) (voided []Ticket, left int, err error) {
	all, err := s.store.ticketsOf(ctx, tx, o.ID)
	if err != nil {
		return nil, 0, err
	}
	ours, valid := map[uuid.UUID]bool{}, 0
	for _, t := range all {
		ours[t.ID] = true
		if t.Status != TicketVoid {
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

// releaseSeats lets the seats of void tickets go, which the database allows only now.
func (s *Service) releaseSeats(ctx context.Context, tx *gorm.DB, o Order, voided []Ticket) error {
	return s.release(ctx, tx, o, claimsOf(voided), claimSold, claimListed)
}

// release gives the seats of an order's claims back, each of which must be in one of the states from; the map has its job.
func (s *Service) release(ctx context.Context, tx *gorm.DB, o Order, claims []int64, from ...string) error {
	if err := s.Seats.Move(ctx, tx, claims, from, claimReleased); err != nil {
		return err
	}
	return s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, claims), nil)
}

// oweFor writes the refund for void tickets: the price of their seats, or with the last of them whatever is left.
func (s *Service) oweFor(ctx context.Context, tx *gorm.DB, o Order, voided []Ticket, all bool, why string) (int64, error) {
	purses, err := s.store.purses(ctx, tx, o.ID)
	if err != nil {
		return 0, err
	}
	amount := leftOf(purses)
	if !all {
		sum, err := s.store.pricesOf(ctx, tx, claimsOf(voided))
		if err != nil {
			return 0, err
		}
		amount = min(amount, sum)
	} else if err := s.closePurses(ctx, tx, purses); err != nil {
		return 0, err
	}
	if amount > 0 {
		if err := s.payOut(ctx, tx, o, purses, amount, why+":"+claimNumbers(voided), seatsOfTickets(voided)...); err != nil {
			return 0, err
		}
	}
	for _, p := range purses { // those of which nothing was left
		if err := s.store.closeRefunded(ctx, tx, p.ID); err != nil {
			return 0, err
		}
	}
	if amount > 0 {
		return amount, nil
	}
	return 0, s.Mails.RefundDue(ctx, tx, o.ID, RefundNotice{Currency: o.Currency, Reason: why, Seats: seatsOfTickets(voided)}) // it says that the tickets are void
}

func seatsOfTickets(tickets []Ticket) []int {
	out := make([]int, len(tickets))
	for i, t := range tickets {
		out[i] = t.SeatID
	}
	slices.Sort(out)
	return out
}

func ticketIDs(tickets []Ticket) []uuid.UUID {
	out := make([]uuid.UUID, len(tickets))
	for i, t := range tickets {
		out[i] = t.ID
	}
	return out
}

func claimsOf(tickets []Ticket) []int64 {
	out := make([]int64, len(tickets))
	for i, t := range tickets {
		out[i] = t.ClaimID
	}
	return out
}

// claimNumbers tell one return of an order from every other: a seat may come back to it, a claim never does.
func claimNumbers(tickets []Ticket) string {
	out := make([]string, len(tickets))
	for i, t := range tickets {
		out[i] = strconv.FormatInt(t.ClaimID, 10)
	}
	return strings.Join(out, ",")
}
