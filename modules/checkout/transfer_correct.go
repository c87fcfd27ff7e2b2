package checkout

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

// CorrectTransfer mends a slip: what is written down as money that came by bank transfer, and has to go back under this
// refund, was another sum, or zero. The refund ends, and the sum that came in truth is marked as paid in its stead.
// ErrNotFound if the order has no such refund; ErrNotCorrectable once it was sent, or if it is for tickets.
func (s *Service) CorrectTransfer(ctx context.Context, who request.Staff, ip string, id, refund uuid.UUID, r provider.Receipt) (*StaffView, error) {
	was, c, by, err := s.refundByHand(ctx, id, refund)
	if err != nil {
		return nil, err
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		locked, err := s.store.locked(ctx, tx, c.Payment.ID)
		if err != nil {
			return err
		}
		if err := s.unmark(ctx, tx, by, locked.Payment, was); err != nil {
			return err
		}
		detail := map[string]any{"payment": c.Payment.ID, "was": locked.Payment.Received, "amount": r.Amount, "reference": r.Reference}
		if err := s.store.note(ctx, tx, id, "transfer-corrected", detail); err != nil {
			return err
		}
		if err := s.Journal.Note(ctx, tx, who, ip, "order.correct-paid", "order:"+id.String(), detail); err != nil || r.Amount == 0 {
			return err
		}
		return s.received(ctx, tx, locked.Order, locked.Payment, by, r)
	})
	if errors.Is(err, provider.ErrWrongState) || errors.Is(err, errMoved) {
		return nil, ErrNotCorrectable
	}
	if err != nil {
		return nil, err
	}
	s.settleReceived(ctx, id, c.Payment.ID)
	return s.StaffOrder(ctx, id)
}

// unmark makes a payment by hand one of which nothing has come, with its refund gone. The caller holds the locks.
func (s *Service) unmark(ctx context.Context, tx *gorm.DB, by provider.ByHand, p Payment, was Refund) error {
	why, _, _ := strings.Cut(was.Reason, ":")
	if p.Status != PaymentRefundDue || !slices.Contains([]string{reasonWrongAmount, reasonLate, reasonSecond, reasonOverpaid}, why) {
		return errMoved // there were tickets for it, or it is back with its payer
	}
	if err := by.Unmark(ctx, tx, p.ID); err != nil {
		return err
	}
	// All of a payment that bought nothing has one refund, which no credit note refers to.
	n, err := changed(tx.WithContext(ctx), `DELETE FROM refunds WHERE id = ? AND payment_id = ? AND status <> 'done' AND amount = ?`, was.ID, p.ID, p.Received)
	if err == nil && n == 1 {
		n, err = changed(tx.WithContext(ctx), `UPDATE payments SET status = 'failed', received = 0, problem = 'corrected: another sum came', checks = 0, next_check_at = `+now+`
			WHERE id = ? AND status = 'refund_due' AND received = ?`, s.store.now(), p.ID, p.Received)
	}
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}

// received writes down that money came for a payment by hand. What is more than it is a payment of its own, which goes back:
// a buyer who sent a cent too much keeps the seats.
func (s *Service) received(ctx context.Context, tx *gorm.DB, o Order, p Payment, by provider.ByHand, r provider.Receipt) error {
	kept := r
	kept.Amount = min(r.Amount, p.Amount)
	if err := by.MarkPaid(ctx, tx, p.ID, kept); err != nil {
		return err
	}
	if more := r.Amount - kept.Amount; more > 0 {
		extra := Payment{ID: newID(), OrderID: o.ID, Provider: p.Provider, Amount: more, Currency: p.Currency}
		rest := r
		rest.Amount = more
		if err := by.Surplus(ctx, tx, extra.ID, o.ID, p.Currency, rest); err != nil {
			return err
		}
		if err := s.store.insertSurplus(ctx, tx, extra); err != nil {
			return err
		}
		if err := s.owe(ctx, tx, o, Refund{PaymentID: extra.ID, Reason: reasonOverpaid, Amount: more}); err != nil {
			return err
		}
	}
	return s.enqueue(ctx, tx, settleArgs{PaymentID: p.ID}, s.Clock.Now())
}

// settleReceived lets what came become what it can, while staff wait.
func (s *Service) settleReceived(ctx context.Context, order, payment uuid.UUID) {
	s.inTime(ctx, createBudget, func(ctx context.Context) {
		if err := s.Settle(ctx, payment); err != nil {
			s.Log.Warn("transfer not settled yet; it will be", "order", order, "payment", payment, "error", err)
		}
	})
}

// insertSurplus writes a payment of money that came beyond a price, and goes back.
func (s store) insertSurplus(ctx context.Context, tx *gorm.DB, p Payment) error {
	return tx.WithContext(ctx).Exec(`INSERT INTO payments (id, order_id, provider, provider_ref, amount, currency, received, status, problem, created_at, next_check_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, 'refund_due', 'more came than the order costs', `+now+`, `+now+` + interval '10 s')`,
		p.ID, p.OrderID, p.Provider, p.ID.String(), p.Amount, p.Currency, p.Amount, s.now(), s.now()).Error
}
