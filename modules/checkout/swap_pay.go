package checkout

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/modules/checkout/provider"
)

// A swap for a dearer seat. The order stays paid and the old ticket good all the time; the new seat is claimed:
//
//	(none) ──▶ open ──the difference is paid: T4──▶ done: old ticket void, its seat free, the new one sold
//	             ├─ the buyer gives up, or the old ticket cannot be changed any more ──▶ cancelled: the new seat is free again
//	             └─ the clock runs out ──▶ expired: likewise
//
// Its payments are like an order's, with "the swap is open" for "the order is pending": the same decide, the same rule that
// the processor is asked before a seat goes back. Money for a swap that has ended goes back: the buyer has a seat.

// SwapStatus is a state of the drawing above.
type SwapStatus string

// The states.
const (
	SwapOpen      SwapStatus = "open"
	SwapDone      SwapStatus = "done"
	SwapCancelled SwapStatus = "cancelled"
	SwapExpired   SwapStatus = "expired"
)

// Swap is a ticket's change for a seat that costs more.
type Swap struct {
	ID         uuid.UUID
	OrderID    uuid.UUID
	TicketID   uuid.UUID
	FromClaim  int64
	ToClaim    int64
	Difference int64
	Status     SwapStatus
	GivenUp    bool
	ExpiresAt  time.Time
	FromSeat   int
	FromPrice  int64 // what the buyer paid for it
	ToSeat     int
	ToPrice    int64
	ClockOut   bool // as of an Order
	Overdue    bool
}

// unpaidSwaps is how many swaps of one order may end without being paid within a day: each keeps a seat off sale that nobody
// queued for, and one cheap ticket would do for that again and again.
const unpaidSwaps = 5

// asOrder is the same state in the words of an order, for decide.
func (w Swap) asOrder() OrderStatus {
	switch w.Status {
	case SwapOpen:
		return OrderPending
	case SwapDone:
		return OrderPaid
	case SwapCancelled:
		return OrderCancelled
	}
	return OrderExpired
}

// underWay refuses what does not go while the swap is open.
func (w Swap) underWay() error {
	return ErrSwapUnderWay.With("ticket", w.TicketID.String()).With("to", w.ToSeat)
}

// dearer claims the seat and opens a payment of the difference; ErrSwapUnderWay if the order has another swap open, and
// ErrSwapDearer where the difference cannot be paid at once, and ErrSwapOften after unpaidSwaps of a day. A swap for this very seat is gone on with.
func (s *Service) dearer(ctx context.Context, x exchange, event Event, price int64) error {
	by, ok := s.atOnce(event)
	if !ok {
		return ErrSwapDearer.With("difference", price-x.From.Price)
	}
	if health := by.Health(); health.Down {
		return errSwapDown.After(max(health.Retry, time.Second))
	}
	w := Swap{ID: newID(), OrderID: x.Order.ID, TicketID: x.Ticket.ID, FromClaim: x.Ticket.ClaimID, Difference: price - x.From.Price}
	var p Payment
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, x.Order.ID, "FOR UPDATE")
		if err != nil {
			return err
		}
		x.Order = o
		if w, open, err := s.store.openSwap(ctx, tx, o.ID); err != nil {
			return err
		} else if open {
			return w.underWay()
		}
		if ok, err := s.store.mayChange(ctx, tx, x.Ticket.ID); err != nil {
			return err
		} else if !ok {
			return s.whyNot(ctx, tx, x)
		}
		if wait, err := s.store.swapsSpent(ctx, tx, o.ID); err != nil {
			return err
		} else if wait > 0 {
			return ErrSwapOften.After(wait)
		}
		if barred, err := s.store.disputedOf(ctx, tx, o.ID); err != nil {
			return err
		} else if len(barred) > 0 {
			return ErrDisputed.Say("The payment of this order is disputed at the bank. Until that is decided its seats stay as they are.")
		}
		claim, err := s.Seats.Reserve(ctx, tx, ExchangeRequest{EventID: o.EventID, Claim: x.Ticket.ClaimID, Seat: x.To.N, Price: price})
		if err != nil {
			return err
		}
		w.ToClaim = claim.ID
		if err := s.store.insertSwap(ctx, tx, &w, event.PayTime); err != nil {
			return err
		}
		detail := map[string]any{"from": x.From.Label, "to": x.To.Label, "difference": w.Difference}
		if err := s.store.note(ctx, tx, o.ID, "swap-opened", detail); err != nil {
			return err
		}
		if err := s.Jobs.Insert(ctx, tx, s.Seats.SyncJob(o.EventID, []int64{claim.ID}), nil); err != nil {
			return err
		}
		p, err = s.attemptSwap(ctx, tx, o, w, by)
		return err
	})
	if err != nil {
		return err
	}
	s.syncSoon(ctx, x.Order.EventID, w.ToClaim)
	s.createNow(ctx, caseFile{Order: x.Order, Payment: p, Swap: &w})
	return nil
}

// atOnce is who takes the difference: the event's first method whose money does not take days.
func (s *Service) atOnce(e Event) (provider.Provider, bool) {
	for _, p := range s.methods(e) {
		if _, slow := p.(provider.ByHand); !slow {
			return p, true
		}
	}
	return nil, false
}

func (s *Service) attemptSwap(ctx context.Context, tx *gorm.DB, o Order, w Swap, by provider.Provider) (Payment, error) {
	p := Payment{ID: newID(), OrderID: o.ID, SwapID: &w.ID, Provider: by.Name(), Amount: w.Difference, Currency: o.Currency, Status: PaymentCreated}
	return p, s.openAttempt(ctx, tx, o, p)
}

// payForSwap opens another attempt for an open swap whose last one failed, on the same clock; an attempt that is open is
// simply shown again.
func (s *Service) payForSwap(ctx context.Context, id uuid.UUID, event Event) error {
	by, ok := s.atOnce(event)
	if !ok {
		return ErrSwapClosed
	}
	var c caseFile
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		w, open, err := s.store.openSwap(ctx, tx, id)
		if err != nil {
			return err
		}
		if !open || w.ClockOut {
			return ErrSwapOver
		}
		if _, live, err := s.store.swapPayment(ctx, tx, w.ID); err != nil || live {
			return err
		}
		if health := by.Health(); health.Down {
			return errSwapDown.After(max(health.Retry, time.Second))
		}
		c.Order, c.Swap = o, &w
		c.Payment, err = s.attemptSwap(ctx, tx, o, w, by)
		return err
	})
	if err == nil && c.Swap != nil {
		s.createNow(ctx, c)
	}
	return err
}
