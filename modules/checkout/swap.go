package checkout

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

const swapsPerMinute = 6 // of one order: what a person does who cannot decide

// SwapOpen tells whether buyers may change their seats themselves: while the event sells, and until it starts.
func (s *Service) SwapOpen(ctx context.Context, event Event) (bool, error) {
	if !s.Swaps || !event.StartsAt.IsZero() && !s.Clock.Now().Before(event.StartsAt) {
		return false, nil
	}
	phase, err := s.Sale.Phase(ctx, event.ID)
	return phase == phaseOpen || phase == phasePaused || phase == phaseSoldOut, err
}

// Swap gives a buyer another free seat for one of their tickets, as Move does. In the same category it costs what was
// paid, whatever the price is now; a cheaper one gives the difference back; a dearer one is ErrSwapDearer, with the fact
// "difference". ErrSwapClosed when the event does not sell any more. The rules of the house hold as for any choice.
func (s *Service) Swap(ctx context.Context, id, ticket uuid.UUID, to int) (View, error) {
	if err := s.budget(ctx, "swap:"+id.String(), swapsPerMinute, s.PerPlace); err != nil {
		return View{}, err
	}
	x, moved, err := s.newExchange(ctx, id, ticket, to)
	if err != nil {
		return View{}, err
	}
	if !moved {
		if err := s.swap(ctx, x); err != nil {
			return View{}, err
		}
	}
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, o)
}

func (s *Service) swap(ctx context.Context, x exchange) error {
	event, err := s.Events.Event(ctx, x.Order.EventID)
	if err != nil {
		return err
	}
	if open, err := s.SwapOpen(ctx, event); err != nil {
		return err
	} else if !open {
		return ErrSwapClosed
	}
	price := SwapPrice(x.From, x.To)
	if price > x.From.Price {
		return ErrSwapDearer.With("difference", price-x.From.Price)
	}
	if err := s.Seats.MayExchange(ctx, x.Order.EventID, x.From.N, x.To.N); err != nil {
		return err
	}
	return s.change(ctx, x, func(ctx context.Context, tx *gorm.DB, x exchange) (int64, error) {
		return price, s.oweForCheaper(ctx, tx, x, x.From.Price-price)
	})
}

// SwapPrice is what a seat costs that is wanted instead of another: from.Price is what was paid for that.
func SwapPrice(from, to Seat) int64 {
	if from.Category == to.Category {
		return from.Price
	}
	return to.Price
}

// oweForCheaper writes the refund for a seat that costs less than the one it replaces.
func (s *Service) oweForCheaper(ctx context.Context, tx *gorm.DB, x exchange, amount int64) error {
	if amount <= 0 {
		return nil
	}
	p, paid, err := s.store.livePayment(ctx, tx, x.Order.ID)
	if err != nil {
		return err
	}
	if p.disputed() {
		return errNothingBack
	}
	before, err := s.store.refundedSoFar(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	if !paid || p.Status != PaymentCaptured || p.Received-before < amount {
		return fmt.Errorf("order %s has no payment that %d can be returned of", x.Order.ID, amount)
	}
	return s.owe(ctx, tx, x.Order, Refund{PaymentID: p.ID, Reason: reasonSwap + ":" + strconv.FormatInt(x.Ticket.ClaimID, 10), Amount: amount})
}

// Swappable is what somebody has who may change their seats: the tickets with what was paid for each, and until when.
type Swappable struct {
	Tickets []SwapTicket
	Until   time.Time // zero: as long as the event sells
}

// SwapTicket is a ticket with its seat; Seat.Price is what was paid for it.
type SwapTicket struct {
	ID   uuid.UUID
	Seat Seat
}

// Swappable are the tickets of an order that may be swapped; none once that is over.
func (s *Service) Swappable(ctx context.Context, o Order) (Swappable, error) {
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return Swappable{}, err
	}
	open, err := s.SwapOpen(ctx, event)
	if err != nil || !open {
		return Swappable{}, err
	}
	tickets, err := s.store.ticketsOf(ctx, s.DB, o.ID)
	if err != nil {
		return Swappable{}, err
	}
	seats, err := s.seatsOf(ctx, o)
	if err != nil {
		return Swappable{}, err
	}
	info, found := byNumber(seats), Swappable{Until: event.StartsAt}
	for _, t := range tickets {
		if t.Status == TicketValid && t.CheckedInAt == nil {
			found.Tickets = append(found.Tickets, SwapTicket{t.ID, info[t.SeatID]})
		}
	}
	return found, nil
}
