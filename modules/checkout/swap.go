package checkout

import (
	"context"
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
// paid, whatever the price is now; a cheaper one gives the difference back. For a dearer one the difference to today's price is
// paid first, and pay is true: the order's view says where. Asking for the same again goes on with it, or shows what was done.
// ErrSwapClosed when the event does not sell any more. The rules of the house hold as for any choice.
func (s *Service) Swap(ctx context.Context, id, ticket uuid.UUID, to int) (v View, pay bool, err error) {
	if err := s.budget(ctx, "swap:"+id.String(), swapsPerMinute, s.PerPlace); err != nil {
		return View{}, false, err
	}
	x, moved, err := s.newExchange(ctx, id, ticket, to)
	if err != nil {
		return View{}, false, err
	}
	if !moved {
		if pay, err = s.swap(ctx, x); err != nil {
			return View{}, false, err
		}
	}
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return View{}, false, err
	}
	v, err = s.view(ctx, o)
	return v, pay, err
}

func (s *Service) swap(ctx context.Context, x exchange) (pay bool, err error) {
	event, err := s.Events.Event(ctx, x.Order.EventID)
	if err != nil {
		return false, err
	}
	if w, open, err := s.store.openSwap(ctx, s.DB, x.Order.ID); err != nil {
		return false, err
	} else if open && w.TicketID == x.Ticket.ID && w.ToSeat == x.To.N {
		return true, s.payForSwap(ctx, x.Order.ID, event)
	}
	if open, err := s.SwapOpen(ctx, event); err != nil {
		return false, err
	} else if !open {
		return false, ErrSwapClosed
	}
	price := SwapPrice(x.From, x.To)
	if err := s.Seats.MayExchange(ctx, x.Order.EventID, x.From.N, x.To.N); err != nil {
		return false, err
	}
	if price > x.From.Price {
		return true, s.dearer(ctx, x, event, price)
	}
	return false, s.change(ctx, x, func(ctx context.Context, tx *gorm.DB, x exchange) (int64, error) {
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
	purses, err := s.store.purses(ctx, tx, x.Order.ID)
	if err != nil {
		return err
	}
	return s.payOut(ctx, tx, x.Order, purses, amount, reasonSwap+":"+strconv.FormatInt(x.Ticket.ClaimID, 10))
}

// Swappable is what somebody has who may change their seats: the tickets with what was paid for each, and until when.
type Swappable struct {
	Tickets []SwapTicket
	Until   time.Time // zero: as long as the event sells
	Dearer  bool      // for a seat that costs more, too: the difference can be paid
}

// SwapTicket is a ticket with its seat; Seat.Price is what was paid for it.
type SwapTicket struct {
	ID   uuid.UUID
	Seat Seat
}

// Swappable are the tickets of an order that may be swapped; none once that is over, or while one is being paid for.
func (s *Service) Swappable(ctx context.Context, o Order) (Swappable, error) {
	event, err := s.Events.Event(ctx, o.EventID)
	if err != nil {
		return Swappable{}, err
	}
	if _, under, err := s.store.openSwap(ctx, s.DB, o.ID); err != nil || under {
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
	_, found.Dearer = s.atOnce(event)
	for _, t := range tickets {
		if t.Status == TicketValid && t.CheckedInAt == nil {
			found.Tickets = append(found.Tickets, SwapTicket{t.ID, info[t.SeatID]})
		}
	}
	return found, nil
}
