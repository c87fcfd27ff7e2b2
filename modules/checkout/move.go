package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// A ticket keeps its seat for ever; another seat is another ticket. In one transaction the old ticket is void, its claim
// released, the new seat sold to the same order, and the new ticket issued: nobody is without a ticket for a moment,
// and nobody has two.

// exchange is a ticket on its way to another seat.
type exchange struct {
	Order  Order
	Ticket Ticket
	From   Seat // Price is what the buyer has paid for it
	To     Seat // Price is what it costs now
}

// Move gives a ticket another seat at the price that was paid: ErrNotMovable when nobody can use it any more or somebody
// has come in with it, seats-taken when a fan has or holds that seat. Repeating a move that is done changes nothing.
func (s *Service) Move(ctx context.Context, who request.Staff, ip string, id, ticket uuid.UUID, to int) (*StaffView, error) {
	x, moved, err := s.newExchange(ctx, id, ticket, to)
	if err != nil {
		return nil, err
	}
	if !moved {
		err = s.change(ctx, x, func(ctx context.Context, tx *gorm.DB, x exchange) (int64, error) {
			detail := map[string]any{"from": x.From.Label, "to": x.To.Label}
			return x.From.Price, s.Journal.Note(ctx, tx, who, ip, "order.move", "order:"+id.String(), detail)
		})
		if err != nil {
			return nil, err
		}
	}
	return s.StaffOrder(ctx, id)
}

// newExchange looks at what is to be changed; moved says that it was done before.
func (s *Service) newExchange(ctx context.Context, id, ticket uuid.UUID, to int) (x exchange, moved bool, err error) {
	if x.Order, err = s.store.order(ctx, s.DB, id, ""); err != nil {
		return x, false, err
	}
	tickets, err := s.store.ticketsOf(ctx, s.DB, id)
	if err != nil {
		return x, false, err
	}
	for _, t := range tickets {
		if t.ID == ticket {
			x.Ticket = t
		}
	}
	if x.Ticket.ID != ticket || ticket == uuid.Nil {
		return x, false, fault.Fields{"ticket": "is no ticket of this order"}.Err()
	}
	if x.Ticket.Replaced {
		moved, err = s.store.exchangedFor(ctx, x.Ticket.ClaimID, to)
		if err != nil || moved {
			return x, moved, err
		}
	}
	if to == x.Ticket.SeatID {
		return x, false, fault.Fields{"to": "is the seat that the ticket has already"}.Err()
	}
	seats, err := s.Seats.SeatInfo(ctx, x.Order.EventID, []int{x.Ticket.SeatID, to})
	if err != nil {
		return x, false, err
	}
	info := byNumber(seats)
	var known bool
	if x.To, known = info[to]; !known {
		return x, false, fault.Fields{"to": "is no seat of this event"}.Err()
	}
	x.From = info[x.Ticket.SeatID]
	x.From.Price, err = s.store.pricesOf(ctx, s.DB, []int64{x.Ticket.ClaimID})
	return x, false, err
}

// change does the exchange. terms says, with the order locked, what the buyer has paid for the new seat then, and may
// refuse or write what belongs to it.
func (s *Service) change(ctx context.Context, x exchange, terms func(context.Context, *gorm.DB, exchange) (int64, error)) error {
	if err := s.mayTakeSeats(); err != nil {
		return err
	}
	var claims []int64
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, x.Order.ID, "FOR UPDATE")
		if err != nil {
			return err
		}
		x.Order = o
		if w, open, err := s.store.openSwap(ctx, tx, o.ID); err != nil {
			return err
		} else if open && w.TicketID == x.Ticket.ID {
			return w.underWay()
		}
		if ok, err := s.store.exchangeTicket(ctx, tx, x.Ticket.ID); err != nil {
			return err
		} else if !ok {
			return s.whyNot(ctx, tx, x)
		}
		price, err := terms(ctx, tx, x)
		if err != nil {
			return err
		}
		fresh, err := s.Seats.Exchange(ctx, tx, ExchangeRequest{EventID: o.EventID, Claim: x.Ticket.ClaimID, Seat: x.To.N, Price: price})
		if err != nil {
			return err
		}
		claims = []int64{x.Ticket.ClaimID, fresh.ID}
		return s.settleExchange(ctx, tx, x, fresh)
	})
	if err != nil {
		return err
	}
	s.metrics.orders.WithLabelValues("moved").Inc()
	s.syncSoon(ctx, x.Order.EventID, claims...)
	return nil
}

// syncSoon shows what became of claims on the map at once; their job is there if that fails.
func (s *Service) syncSoon(ctx context.Context, eventID int64, claims ...int64) {
	ctx, cancel := aside(ctx, afterBudget)
	defer cancel()
	if err := s.Map.Sync(ctx, eventID, claims); err != nil {
		s.Log.Debug("map not told of changed claims; their job will", "claims", claims, "error", err)
	}
}

// settleExchange writes what follows from a seat that is exchanged: ticket, mail, history, the map's job.
func (s *Service) settleExchange(ctx context.Context, tx *gorm.DB, x exchange, fresh Claim) error {
	if err := s.store.issueTickets(ctx, tx, x.Order.EventID, []Claim{fresh}); err != nil {
		return err
	}
	if err := s.store.carryUse(ctx, tx, x.Ticket.ClaimID, fresh.ID); err != nil {
		return err
	}
	if err := s.Mails.SeatChanged(ctx, tx, x.Order.ID, x.From.Name, x.To.Name); err != nil {
		return err
	}
	if err := s.store.note(ctx, tx, x.Order.ID, "moved", map[string]any{"from": x.From.Label, "to": x.To.Label}); err != nil {
		return err
	}
	return s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(x.Order.EventID, []int64{x.Ticket.ClaimID, fresh.ID}), nil)
}

// whyNot says why a ticket cannot be exchanged now.
func (s *Service) whyNot(ctx context.Context, tx *gorm.DB, x exchange) error {
	tickets, err := s.store.ticketsOf(ctx, tx, x.Order.ID)
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if t.ID == x.Ticket.ID && t.Status == TicketListed {
			return ErrNotMovable.Say("This ticket was given back and its seat is on sale again. Take it back first.")
		}
		if t.ID == x.Ticket.ID && t.Status == TicketValid && t.CheckedInAt != nil {
			return ErrNotMovable.Say("Somebody has come in with this ticket, so its seat stays as it is.")
		}
	}
	return ErrNotMovable
}

// exchangedFor tells whether the claim that took another's place is still good and sits on that seat.
func (s store) exchangedFor(ctx context.Context, claim int64, seat int) (yes bool, err error) {
	_, err = one(s.db.WithContext(ctx), &yes, `SELECT EXISTS (SELECT 1 FROM seat_claims WHERE replaces = ? AND seat_id = ? AND status = 'sold')`, claim, seat)
	if err != nil {
		return false, fmt.Errorf("read exchange: %w", err)
	}
	return yes, nil
}
