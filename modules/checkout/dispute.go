package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

// A dispute: the payer asks their bank for captured money back.
//
//	(none) ──▶ open: the order's tickets are barred at the door, unless staff lift the bar
//	             ├─ won or withdrawn ──▶ won: the tickets are good again
//	             └─ lost ──────────────▶ lost: the bank has the money; the tickets are void, the seats free. If it took only a
//	                                     part of what was paid for the order, they stay barred, and no money moves: what
//	                                     that means is for a person to say. Who disputes a little would else have all back
//
// Nothing of it is believed but what the processor answers when it is asked. What the bank took it returned: a refund for
// the reason "dispute", which we never send.

// errDisputed is why a refund waits: the bank may return the same money.
var errDisputed = errors.New("the payment is disputed: what goes back now the bank may return once more")

// errNothingBack is the same for whoever asks for it.
var errNothingBack = ErrDisputed.Say("The payment of this order is disputed at the bank, which may return the money itself. Wait for its decision.")

// disputed tells whether the outcome of a dispute is open.
func (p Payment) disputed() bool { return p.Dispute == provider.DisputeOpen }

// followDispute writes down where a dispute stands, if that is news, with all that follows from it. It is called when
// nothing else is left to do about the payment.
func (s *Service) followDispute(ctx context.Context, c caseFile, st provider.State) error {
	if st.Status != provider.Captured || c.Payment.Received == 0 || !disputeMoves(c.Payment.Dispute, st.Dispute) {
		return nil
	}
	to := st.Dispute
	if to == provider.NoDispute {
		to = provider.DisputeWon // withdrawn: the money stays all the same
	}
	var voided []Ticket
	var part bool
	var amount int64
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		locked, err := s.store.locked(ctx, tx, c.Payment.ID)
		if err != nil {
			return err
		}
		if err := s.store.moveDispute(ctx, tx, c.Payment.ID, c.Payment.Dispute, to); err != nil {
			return err
		}
		if amount, part, err = s.store.inPart(ctx, tx, locked.Payment, st); err != nil {
			return err
		}
		if part = part && to == provider.DisputeLost; part {
			return s.store.note(ctx, tx, c.Order.ID, "dispute-lost-in-part", map[string]any{"payment": c.Payment.ID, "amount": amount})
		}
		if to == provider.DisputeLost {
			if voided, err = s.chargeBack(ctx, tx, locked); err != nil {
				return err
			}
		}
		return s.store.note(ctx, tx, c.Order.ID, "dispute-"+string(to), map[string]any{"payment": c.Payment.ID, "amount": c.Payment.Received})
	})
	if errors.Is(err, errMoved) {
		return nil // somebody else was told first
	}
	if err != nil {
		return fmt.Errorf("dispute %s: %w", to, err)
	}
	s.metrics.disputes.WithLabelValues(string(to)).Inc()
	if part {
		s.Log.Error("a bank took a part of an order's money back; its tickets are barred until staff lift that or take them back", "order", c.Order.ID, "payment", c.Payment.ID, "amount", amount)
		return nil
	}
	s.Log.Error("a payment is disputed", "order", c.Order.ID, "payment", c.Payment.ID, "dispute", to, "tickets_void", len(voided))
	return nil
}

// disputeMoves tells whether what the processor says is a step of the drawing: lost is final, and a dispute that is
// won may be opened anew by another bank.
func disputeMoves(from, to provider.Dispute) bool {
	switch from {
	case to, provider.DisputeLost:
		return false
	case provider.NoDispute, provider.DisputeWon:
		return to == provider.DisputeOpen || to == provider.DisputeLost
	}
	return true
}

// chargeBack takes the tickets of money that the bank has taken, and writes down that it is with the payer. What was
// promised back and not sent is among it. The caller holds the locks.
func (s *Service) chargeBack(ctx context.Context, tx *gorm.DB, c caseFile) (voided []Ticket, err error) {
	if c.Payment.Status == PaymentCaptured && (c.Order.Status == OrderPaid || c.Order.Status == OrderPartRefunded) {
		if voided, _, err = s.void(ctx, tx, c.Order, nil); err != nil {
			return nil, err
		}
		if len(voided) > 0 {
			if err := s.releaseSeats(ctx, tx, c.Order, voided); err != nil {
				return nil, err
			}
			if err := s.endSwapOf(ctx, tx, c.Order, voided); err != nil {
				return nil, err
			}
		}
		if err := s.store.moveOrder(ctx, tx, c.Order.ID, []OrderStatus{OrderPaid, OrderPartRefunded}, OrderRefunded); err != nil {
			return nil, err
		}
		if err := s.store.movePayment(ctx, tx, c.Payment.ID, []PaymentStatus{PaymentCaptured}, PaymentRefundDue, 0, "charged back by the payer's bank"); err != nil {
			return nil, err
		}
		if err := s.closeOthers(ctx, tx, c.Order); err != nil {
			return nil, err
		}
	}
	if err := s.store.takenRefunds(ctx, tx, c.Payment.ID); err != nil {
		return nil, err
	}
	before, err := s.store.refundedSoFar(ctx, tx, c.Payment.ID)
	if err != nil {
		return nil, err
	}
	if left := c.Payment.Received - before; left > 0 {
		r := Refund{ID: newID(), PaymentID: c.Payment.ID, Reason: reasonDispute, Amount: left}
		if _, err := s.store.insertRefund(ctx, tx, r); err != nil {
			return nil, err
		}
		if _, err := s.store.moveRefund(ctx, tx, r.ID, RefundDone, ""); err != nil {
			return nil, err
		}
		if err := s.credit(ctx, tx, c.Order, r); err != nil {
			return nil, err
		}
		if err := s.Mails.RefundDue(ctx, tx, c.Order.ID, RefundNotice{Amount: left, Currency: c.Order.Currency, Reason: reasonDispute, Seats: seatsOfTickets(voided)}); err != nil {
			return nil, err
		}
	}
	return voided, s.store.closeRefunded(ctx, tx, c.Payment.ID)
}

// takenInPart counts what a bank took of a payment in a dispute that was lost as so much of the refund as does not fit beside it:
// we and the bank return no more between us than was paid. The rest of the refund is another one. False if all of it fits.
func (s *Service) takenInPart(ctx context.Context, id uuid.UUID, st provider.State) (taken bool, err error) {
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		r, err := s.store.refund(ctx, tx, id, "")
		if err != nil {
			return err
		}
		c, err := s.store.locked(ctx, tx, r.PaymentID)
		if err != nil {
			return err
		}
		// One that is being sent stays as it is: its call may be on its way, and all of it fitted when that began.
		if r, err = s.store.refund(ctx, tx, id, "FOR UPDATE"); err != nil || r.Status == RefundDone || r.Status == RefundSent {
			taken = r.Status == RefundDone
			return err
		}
		over, err := s.store.overpromised(ctx, tx, c.Payment, st)
		if err != nil || over <= 0 {
			return err
		}
		if over < r.Amount {
			if err := s.leaveRest(ctx, tx, c, &r, over); err != nil {
				return err
			}
		}
		if _, err := s.store.moveRefund(ctx, tx, r.ID, RefundDone, takenByBank); err != nil {
			return err
		}
		taken = true
		if err := s.store.note(ctx, tx, c.Order.ID, "refund-taken", map[string]any{"refund": r.ID, "amount": min(over, r.Amount)}); err != nil {
			return err
		}
		return s.store.closeRefunded(ctx, tx, c.Payment.ID)
	})
	return taken, err
}

// closeOthers closes the payments of an order whose money is gone: nothing was left of them but what is promised.
func (s *Service) closeOthers(ctx context.Context, tx *gorm.DB, o Order) error {
	purses, err := s.store.purses(ctx, tx, o.ID)
	if err != nil && !errors.Is(err, errNothingBack) {
		return err
	}
	if err := s.closePurses(ctx, tx, purses); err != nil {
		return err
	}
	for _, p := range purses {
		if err := s.store.closeRefunded(ctx, tx, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// Unbar lets the tickets of an order in although its payment is disputed, or a part of its money lost: staff know the
// holder, or have the money.
// Doing so again is no error; ErrNotBarred when nothing bars it.
func (s *Service) Unbar(ctx context.Context, who request.Staff, ip string, id uuid.UUID) (*StaffView, error) {
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if _, err := s.store.order(ctx, tx, id, "FOR UPDATE"); err != nil {
			return err
		}
		disputed, err := s.store.barring(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(disputed) == 0 {
			return ErrNotBarred
		}
		lifted := 0
		for _, p := range disputed {
			if p.BarLifted {
				continue
			}
			if err := s.store.liftBar(ctx, tx, p.ID); err != nil {
				return err
			}
			if err := s.store.note(ctx, tx, id, "unbarred", map[string]any{"payment": p.ID}); err != nil {
				return err
			}
			lifted++
		}
		if lifted == 0 {
			return nil
		}
		return s.Journal.Note(ctx, tx, who, ip, "order.unbar", "order:"+id.String(), nil)
	})
	if err != nil {
		return nil, err
	}
	return s.StaffOrder(ctx, id)
}

// Disputed is an order whose payment is disputed, or was in part and still bars its tickets.
type Disputed struct {
	OrderID uuid.UUID
	Code    string
}

// mostDisputed is how many are listed; nobody works through more at one look.
const mostDisputed = 50

// Disputes lists the orders with an open dispute, and those that wait for a person to judge what was lost of them, the newest first.
func (s *Service) Disputes(ctx context.Context) (open []Disputed, err error) {
	err = s.DB.WithContext(ctx).Raw(`SELECT p.order_id, o.code FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.dispute = 'open' OR p.dispute = 'lost' AND p.status = 'captured' AND NOT p.bar_lifted ORDER BY p.created_at DESC LIMIT ?`, mostDisputed).Scan(&open).Error
	if err != nil {
		return nil, fmt.Errorf("list disputes: %w", err)
	}
	return open, nil
}

// WrongMoney is money that a processor took of another amount, or in another currency, than was asked for.
type WrongMoney struct {
	OrderID uuid.UUID
	Code    string
	Problem string
}

// wrongFor is how long such money is told of: it is a mistake of the processor's, or of who set it up, and soon comes again.
const wrongFor = 7 * 24 * time.Hour

// WrongMoney lists what came of late, the newest first. What people move by hand is theirs to count.
func (s *Service) WrongMoney(ctx context.Context) (wrong []WrongMoney, err error) {
	err = s.DB.WithContext(ctx).Raw(`SELECT p.order_id, o.code, p.problem FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.created_at > ? AND p.problem LIKE ? AND p.provider NOT IN ? ORDER BY p.created_at DESC LIMIT ?`,
		s.Clock.Now().Add(-wrongFor), wrongAmountBegins+"%", append(s.byHand(), ""), mostDisputed).Scan(&wrong).Error
	if err != nil {
		return nil, fmt.Errorf("list wrong money: %w", err)
	}
	return wrong, nil
}
