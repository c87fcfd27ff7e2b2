package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// swapSQL reads swaps w with both seats and what each costs its buyer; its arguments are s.now() twice.
const swapSQL = `SELECT w.*, w.expires_at <= ` + now + ` AS clock_out, w.expires_at + interval '900 s' <= ` + now + ` AS overdue,
	f.seat_id AS from_seat, f.price AS from_price, t.seat_id AS to_seat, t.price AS to_price
	FROM swaps w JOIN seat_claims f ON f.id = w.from_claim JOIN seat_claims t ON t.id = w.to_claim WHERE `

// swap reads a swap; ErrNotFound. Whoever changes it has its order's row locked.
func (s store) swap(ctx context.Context, db *gorm.DB, id uuid.UUID) (w Swap, err error) {
	found, err := one(db.WithContext(ctx), &w, swapSQL+`w.id = ?`, s.now(), s.now(), id)
	if err != nil {
		return w, fmt.Errorf("read swap: %w", err)
	}
	if !found {
		return w, ErrNotFound
	}
	return w, nil
}

// openSwap is the swap that an order's buyer is paying for, if there is one.
func (s store) openSwap(ctx context.Context, db *gorm.DB, order uuid.UUID) (w Swap, found bool, err error) {
	if found, err = one(db.WithContext(ctx), &w, swapSQL+`w.order_id = ? AND w.status = 'open'`, s.now(), s.now(), order); err != nil {
		return w, false, fmt.Errorf("read open swap: %w", err)
	}
	return w, found, nil
}

// swapsSpent is how long an order has to wait for its next swap, above 0 after unpaidSwaps of a day. Its row is locked.
func (s store) swapsSpent(ctx context.Context, tx *gorm.DB, order uuid.UUID) (time.Duration, error) {
	var seconds float64
	_, err := one(tx.WithContext(ctx), &seconds, `SELECT extract(epoch FROM min(created_at) + interval '1 day' - `+now+`)::float8 FROM (
		SELECT w.created_at FROM swaps w WHERE w.status IN ('cancelled','expired') AND w.created_at > `+now+` - interval '1 day'
		  AND w.ticket_id IN (SELECT t.id FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE c.order_id = ?)
		ORDER BY 1 DESC LIMIT ?) x HAVING count(*) = ?`, s.now(), s.now(), order, unpaidSwaps, unpaidSwaps)
	if err != nil {
		return 0, fmt.Errorf("count unpaid swaps: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// insertSwap writes a new swap and sets its clock.
func (s store) insertSwap(ctx context.Context, tx *gorm.DB, w *Swap, pay time.Duration) error {
	_, err := one(tx.WithContext(ctx), &w.ExpiresAt, `INSERT INTO swaps (id, order_id, ticket_id, from_claim, to_claim, difference, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, `+now+`, `+now+` + ?::float8 * interval '1 s') RETURNING expires_at`,
		w.ID, w.OrderID, w.TicketID, w.FromClaim, w.ToClaim, w.Difference, s.now(), s.now(), pay.Seconds())
	if err != nil {
		return fmt.Errorf("insert swap: %w", err)
	}
	return nil
}

// moveSwap ends a swap that is open; errMoved if it is not.
func (s store) moveSwap(ctx context.Context, tx *gorm.DB, id uuid.UUID, to SwapStatus) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE swaps SET status = ? WHERE id = ? AND status = 'open'`, to, id)
	if err != nil {
		return fmt.Errorf("swap to %s: %w", to, err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// giveUpSwap lets the clock of an open swap run out now, at its buyer's wish.
func (s store) giveUpSwap(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE swaps SET given_up = true, expires_at = least(expires_at, `+now+`) WHERE id = ? AND status = 'open'`, s.now(), id)
	if err == nil && n != 1 {
		err = errMoved
	}
	return err
}

// cancelSwapPayment lets the live payment of a swap that has ended be taken back, if there is one.
func (s store) cancelSwapPayment(ctx context.Context, tx *gorm.DB, swap uuid.UUID) error {
	if _, err := changed(tx.WithContext(ctx), `UPDATE payments SET status = 'cancelling', checks = 0, next_check_at = `+now+`
		WHERE swap_id = ? AND status IN ('created','authorized')`, s.now(), swap); err != nil {
		return fmt.Errorf("cancel payment of swap: %w", err)
	}
	return nil
}

// swapPayment is the live payment of a swap, if there is one.
func (s store) swapPayment(ctx context.Context, db *gorm.DB, swap uuid.UUID) (p Payment, found bool, err error) {
	if found, err = one(db.WithContext(ctx), &p, `SELECT * FROM payments WHERE swap_id = ? AND status IN `+liveStatuses, swap); err != nil {
		return p, false, fmt.Errorf("read payment of swap: %w", err)
	}
	return p, found, nil
}

// paying is the payment that an order's buyer may be making: for the order, or once it is paid for a dearer seat.
func (s store) paying(ctx context.Context, o Order) (p Payment, found bool, err error) {
	if o.Status == OrderPending {
		return s.livePayment(ctx, s.db, o.ID)
	}
	w, open, err := s.openSwap(ctx, s.db, o.ID)
	if err != nil || !open {
		return p, false, err
	}
	return s.swapPayment(ctx, s.db, w.ID)
}

// mayChange tells whether a ticket can still be changed for another, and keeps it so for the rest of the transaction.
func (s store) mayChange(ctx context.Context, tx *gorm.DB, ticket uuid.UUID) (yes bool, err error) {
	if _, err = one(tx.WithContext(ctx), &yes, `SELECT true FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		WHERE t.id = ? AND t.status = 'valid' AND t.checked_in_at IS NULL AND c.status = 'sold' FOR UPDATE OF t`, ticket); err != nil {
		return false, fmt.Errorf("look at ticket: %w", err)
	}
	return yes, nil
}

// raiseAmount writes down that a delivered order costs more by now.
func (s store) raiseAmount(ctx context.Context, tx *gorm.DB, order uuid.UUID, by int64) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET amount = amount + ? WHERE id = ? AND status IN ('paid','part_refunded')`, by, order)
	if err != nil {
		return fmt.Errorf("raise amount: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// beginExpiringSwaps is beginExpiring for the payments of swaps.
func (s store) beginExpiringSwaps(ctx context.Context, limit int) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		_, err := changed(tx, `WITH due AS MATERIALIZED (
			  SELECT w.id FROM swaps w JOIN orders o ON o.id = w.order_id WHERE w.status = 'open' AND w.expires_at <= `+now+`
			    AND EXISTS (SELECT 1 FROM payments x WHERE x.swap_id = w.id AND x.status = 'created')
			  ORDER BY w.expires_at LIMIT ? FOR UPDATE OF o SKIP LOCKED)
			UPDATE payments p SET status = 'cancelling', checks = 0, next_check_at = `+now+` FROM due
			WHERE p.swap_id = due.id AND p.status = 'created'`, s.now(), limit, s.now())
		return err
	})
}

// overdueSwaps are those whose clock has run out and whose every payment is dead.
func (s store) overdueSwaps(ctx context.Context, limit int) (swaps []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT w.id FROM swaps w WHERE w.status = 'open' AND w.expires_at <= `+now+`
		AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.swap_id = w.id AND p.status IN `+liveStatuses+`)
		ORDER BY w.expires_at LIMIT ?`, s.now(), limit).Scan(&swaps).Error
	return swaps, err
}
