package checkout

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// GiveUpSwap ends the swap under way at its buyer's wish, the processor being asked first. It is no error if there is none;
// ErrSwapPaid if the difference is paid already.
func (s *Service) GiveUpSwap(ctx context.Context, id uuid.UUID) error {
	var o Order
	var w Swap
	var live *Payment
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		if o, err = s.store.order(ctx, tx, id, "FOR UPDATE"); err != nil {
			return err
		}
		var open bool
		if w, open, err = s.store.openSwap(ctx, tx, id); err != nil || !open {
			return err
		}
		p, found, err := s.store.swapPayment(ctx, tx, w.ID)
		if err != nil {
			return err
		}
		if !found {
			return s.endSwap(ctx, tx, o, w, SwapCancelled)
		}
		if p.Status == PaymentAuthorized {
			return ErrSwapPaid
		}
		live = &p
		if err := s.store.giveUpSwap(ctx, tx, w.ID); err != nil {
			return err
		}
		return s.store.cancelSwapPayment(ctx, tx, w.ID)
	})
	if err != nil || w.ID == uuid.Nil {
		return err
	}
	if live != nil {
		s.inTime(ctx, createBudget, func(ctx context.Context) {
			if err := s.Settle(ctx, live.ID); err != nil {
				s.Log.Warn("swap not ended yet; it will be", "order", id, "payment", live.ID, "error", err)
			}
		})
	}
	// The buyer may have paid before this came: what became of the swap decides.
	if w, err = s.store.swap(ctx, s.DB, w.ID); err != nil {
		return err
	}
	if w.Status == SwapDone {
		return ErrSwapPaid
	}
	if p, found, err := s.store.swapPayment(ctx, s.DB, w.ID); err != nil {
		return err
	} else if found && p.Status == PaymentAuthorized && w.Status == SwapOpen {
		return ErrSwapPaid // in this moment; the seat changes as soon as the processor has taken the money
	}
	s.syncSoon(ctx, o.EventID, w.ToClaim)
	return nil
}

// expireSwap ends a swap whose clock has run out, or begins to.
func (s *Service) expireSwap(ctx context.Context, id uuid.UUID) error {
	w, err := s.store.swap(ctx, s.DB, id)
	if err != nil {
		return err
	}
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, err := s.store.order(ctx, tx, w.OrderID, "FOR UPDATE")
		if err != nil {
			return err
		}
		if w, err = s.store.swap(ctx, tx, id); err != nil || w.Status != SwapOpen || !w.ClockOut {
			return err
		}
		if _, live, err := s.store.swapPayment(ctx, tx, id); err != nil || live {
			return err // the reconciler asks about it
		}
		return s.endSwap(ctx, tx, o, w, SwapExpired)
	})
}

// endSwap gives the reserved seat of an open swap back, and lets its payment be taken back. The caller holds the order's lock,
// and knows that no payment is alive, that the processor was silent too long, or that no payment can bring the swap about.
func (s *Service) endSwap(ctx context.Context, tx *gorm.DB, o Order, w Swap, to SwapStatus) error {
	if w.GivenUp {
		to = SwapCancelled
	}
	if err := s.store.moveSwap(ctx, tx, w.ID, to); err != nil {
		return err
	}
	if err := s.store.cancelSwapPayment(ctx, tx, w.ID); err != nil {
		return err
	}
	if err := s.release(ctx, tx, o, []int64{w.ToClaim}, claimCheckout, claimSecured); err != nil {
		return err
	}
	return s.store.note(ctx, tx, o.ID, "swap-"+string(to), nil)
}

// endSwapOf ends the swap of one of these tickets, which cannot be changed any more.
func (s *Service) endSwapOf(ctx context.Context, tx *gorm.DB, o Order, tickets []Ticket) error {
	w, open, err := s.store.openSwap(ctx, tx, o.ID)
	if err != nil || !open {
		return err
	}
	for _, t := range tickets {
		if t.ID == w.TicketID {
			return s.endSwap(ctx, tx, o, w, SwapCancelled)
		}
	}
	return nil
}
