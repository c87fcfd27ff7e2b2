package checkout

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// AcceptOffer takes the seats that are offered: from here on the order goes as if it had been about these. Taking them
// again is no error; ErrOfferOver when they have gone back, ErrNotFound when nothing was ever offered.
func (s *Service) AcceptOffer(ctx context.Context, id uuid.UUID) (View, error) {
	var payment uuid.UUID
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, p, err := s.openOffer(ctx, tx, id)
		if err != nil || o.Offer == OfferAccepted {
			return err
		}
		if err := s.mayTakeSeats(); err != nil {
			return err
		}
		payment = p.ID
		claims, err := s.store.liveClaims(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.store.answerOffer(ctx, tx, id, OfferAccepted); err != nil {
			return err
		}
		if err := s.Seats.Move(ctx, tx, ids(claims), []string{claimCheckout}, claimSecured); err != nil {
			return err
		}
		if err := s.store.note(ctx, tx, id, "offer-accepted", nil); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, settleArgs{PaymentID: p.ID}, s.Clock.Now().Add(createBudget))
	})
	if err != nil {
		return View{}, err
	}
	if payment != uuid.Nil {
		s.settleAnswered(ctx, id, payment)
	}
	o, err := s.store.order(ctx, s.DB, id, "")
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, o)
}

// DeclineOffer sends the seats that are offered back, and the money. An offer that is over has the same end already;
// ErrAlreadyPaid when it was accepted, ErrNotFound when nothing was ever offered.
func (s *Service) DeclineOffer(ctx context.Context, id uuid.UUID) error {
	var payment uuid.UUID
	var ended ending
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		o, p, err := s.openOffer(ctx, tx, id)
		if errors.Is(err, ErrOfferOver) {
			return nil
		}
		if err != nil {
			return err
		}
		if o.Offer == OfferAccepted {
			return ErrAlreadyPaid
		}
		payment = p.ID
		if err := s.store.answerOffer(ctx, tx, id, OfferDeclined); err != nil {
			return err
		}
		if err := s.store.note(ctx, tx, id, gaveUp, nil); err != nil {
			return err
		}
		ended, err = s.endOffer(ctx, tx, o, p)
		return err
	})
	if err != nil || payment == uuid.Nil {
		return err
	}
	s.afterOffer(ended)
	s.settleAnswered(ctx, id, payment)
	return nil
}

// openOffer reads an order with its rows locked, and the payment that waits for the answer; its offer is open or accepted.
func (s *Service) openOffer(ctx context.Context, tx *gorm.DB, id uuid.UUID) (o Order, p Payment, err error) {
	if o, err = s.store.order(ctx, tx, id, "FOR UPDATE"); err != nil {
		return o, p, err
	}
	switch o.offered() {
	case "":
		return o, p, ErrNotFound
	case OfferOpen:
	case OfferAccepted:
		return o, p, nil
	default:
		return o, p, ErrOfferOver
	}
	p, found, err := s.store.livePayment(ctx, tx, id)
	if err == nil && !found {
		err = ErrOfferOver // its money has gone: it ends in this moment
	}
	return o, p, err
}

// endOffer lets the offered seats go at once: nothing that the processor says could make them this order's again. The
// payment is cancelling until the processor has let it go, or has taken it and owes it back. The caller has the lock.
func (s *Service) endOffer(ctx context.Context, tx *gorm.DB, o Order, p Payment) (ending, error) {
	if err := s.store.movePayment(ctx, tx, p.ID, []PaymentStatus{PaymentAuthorized, PaymentCancelling}, PaymentCancelling, 0, ""); err != nil {
		return ending{}, err
	}
	return s.end(ctx, tx, o)
}

// afterOffer tells the fan; the map has its job.
func (s *Service) afterOffer(e ending) {
	if e.Status == "" {
		return
	}
	s.metrics.orders.WithLabelValues(string(e.Status)).Inc()
	s.tell(e.Order, shownRefundPending)
}

// settleAnswered takes the money, or sends it back, while the fan waits.
func (s *Service) settleAnswered(ctx context.Context, order, payment uuid.UUID) {
	s.inTime(ctx, createBudget, func(ctx context.Context) {
		if err := s.Settle(ctx, payment); err != nil {
			s.Log.Warn("offer answered and not settled yet; it will be", "order", order, "payment", payment, "error", err)
		}
	})
}
