package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// An order is paid by one payment, and by one more for each dearer seat it was swapped for. What is returned of it is a sum of
// the order's: it is taken from its payments, the oldest first, as far as each reaches, so that it is one refund where one will
// do. With the last ticket all of them go back.

// purse is a captured payment of an order, with what has not been promised back of it.
type purse struct {
	Payment `gorm:"embedded"`
	Left    int64
}

// purses are those of an order, the oldest first, none if it was free; with errNothingBack while one of them is disputed.
func (s store) purses(ctx context.Context, tx *gorm.DB, order uuid.UUID) (all []purse, err error) {
	err = tx.WithContext(ctx).Raw(`SELECT p.*, p.received - coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id), 0)::bigint AS "left"
		FROM payments p WHERE p.order_id = ? AND p.status = 'captured' ORDER BY p.created_at, p.id`, order).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("read captured payments: %w", err)
	}
	for _, p := range all {
		if p.disputed() {
			return all, errNothingBack
		}
	}
	return all, nil
}

// disputedOf are the captured payments of an order whose dispute is open.
func (s store) disputedOf(ctx context.Context, tx *gorm.DB, order uuid.UUID) (all []Payment, err error) {
	err = tx.WithContext(ctx).Raw(`SELECT * FROM payments WHERE order_id = ? AND status = 'captured' AND dispute = 'open' ORDER BY created_at, id`, order).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("read disputed payments: %w", err)
	}
	return all, nil
}

func leftOf(purses []purse) (sum int64) {
	for _, p := range purses {
		sum += p.Left
	}
	return sum
}

// payOut owes a sum that the purses have between them, with one credit note for all of it, and tells the buyer of the money and
// that the tickets of the void seats are no longer good: whoever has one must not learn it at the door, and a bank may take days.
func (s *Service) payOut(ctx context.Context, tx *gorm.DB, o Order, purses []purse, amount int64, reason string, void ...int) error {
	if left := leftOf(purses); left < amount {
		return fmt.Errorf("order %s: %d cannot be returned, %d is left", o.ID, amount, left)
	}
	var first Refund
	var words []RefundNotice
	for rest := amount; rest > 0; purses = purses[1:] {
		part := min(rest, purses[0].Left)
		if part <= 0 {
			continue
		}
		r, err := s.promise(ctx, tx, o, Refund{PaymentID: purses[0].ID, Reason: reason, Amount: part})
		if err != nil {
			return err
		}
		n, err := s.notice(ctx, tx, o, r)
		if err != nil {
			return err
		}
		if last := len(words) - 1; last >= 0 && words[last].ByHand == n.ByHand {
			words[last].Amount += part
		} else {
			words = append(words, n)
		}
		if first.ID == uuid.Nil {
			first = r
		}
		rest -= part
	}
	words[0].Seats = void
	for _, n := range words {
		if err := s.Mails.RefundDue(ctx, tx, o.ID, n); err != nil {
			return err
		}
	}
	first.Amount = amount
	return s.credit(ctx, tx, o, first)
}

// closePurses lets go of payments that an order has no ticket for any more.
func (s *Service) closePurses(ctx context.Context, tx *gorm.DB, purses []purse) error {
	for _, p := range purses {
		if err := s.store.movePayment(ctx, tx, p.ID, []PaymentStatus{PaymentCaptured}, PaymentRefundDue, 0, ""); err != nil {
			return err
		}
	}
	return nil
}
