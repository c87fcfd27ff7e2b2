package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ticket is one ticket as it is now.
func (s store) ticket(ctx context.Context, tx *gorm.DB, id uuid.UUID) (t Ticket, err error) {
	found, err := one(tx.WithContext(ctx), &t, `SELECT * FROM tickets WHERE id = ?`, id)
	if err == nil && !found {
		err = ErrNotFound
	}
	return t, err
}

// ticketWithOrder is a ticket with the order it belongs to.
func (s store) ticketWithOrder(ctx context.Context, id uuid.UUID) (t ticketOrder, err error) {
	found, err := one(s.db.WithContext(ctx), &t, `SELECT t.*, c.order_id FROM tickets t JOIN seat_claims c ON c.id = t.claim_id WHERE t.id = ?`, id)
	if err == nil && !found {
		err = ErrNotFound
	}
	return t, err
}

// listTicket makes a valid ticket good for nobody; false if it is not valid, or somebody has come in with it.
func (s store) listTicket(ctx context.Context, tx *gorm.DB, id uuid.UUID) (bool, error) {
	n, err := changed(tx.WithContext(ctx), `UPDATE tickets SET status = 'listed', claim_status = NULL
		WHERE id = ? AND status = 'valid' AND checked_in_at IS NULL`, id)
	if err != nil {
		return false, fmt.Errorf("list ticket: %w", err)
	}
	return n == 1, nil
}

// unlistTicket makes it valid again; its claim must be sold by now.
func (s store) unlistTicket(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE tickets SET status = 'valid', claim_status = 'sold' WHERE id = ? AND status = 'listed'`, id)
	if err == nil && n != 1 {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("unlist ticket: %w", err)
	}
	return nil
}

// resoldTickets are listed ones whose seats somebody else has by now. While the payment is disputed the bank may return the
// money itself.
func (s store) resoldTickets(ctx context.Context, limit int) (tickets []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT t.id FROM seat_claims c JOIN tickets t ON t.claim_id = c.id AND t.status = 'listed'
		WHERE `+resold+` AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = c.order_id AND p.status = 'captured' AND p.dispute = 'open')
		ORDER BY c.id LIMIT ?`, limit).Scan(&tickets).Error
	if err != nil {
		return nil, fmt.Errorf("look for resold tickets: %w", err)
	}
	return tickets, nil
}

// isResold is the same of one, as the transaction sees it.
func (s store) isResold(ctx context.Context, tx *gorm.DB, ticket uuid.UUID) (is bool, err error) {
	_, err = one(tx.WithContext(ctx), &is, `SELECT EXISTS (SELECT 1 FROM seat_claims c JOIN tickets t ON t.claim_id = c.id AND t.status = 'listed'
		WHERE t.id = ? AND `+resold+`)`, ticket)
	if err != nil {
		return false, fmt.Errorf("look at resold ticket: %w", err)
	}
	return is, nil
}

// seatListed tells whether a seat that has been sold since is still to be paid out to whoever gave it back.
func (s store) seatListed(ctx context.Context, tx *gorm.DB, event int64, seat int) (is bool, err error) {
	_, err = one(tx.WithContext(ctx), &is, `SELECT EXISTS (SELECT 1 FROM seat_claims WHERE event_id = ? AND seat_id = ? AND status = 'listed')`, event, seat)
	if err != nil {
		return false, fmt.Errorf("look for a listed seat: %w", err)
	}
	return is, nil
}

// listingEvents are those with listed tickets, but for those that are being refunded: there every ticket goes back anyway.
func (s store) listingEvents(ctx context.Context) (events []int64, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT DISTINCT event_id FROM seat_claims WHERE status = 'listed' AND NOT EXISTS
		(SELECT 1 FROM event_refunds r WHERE r.event_id = seat_claims.event_id AND r.status = 'running') ORDER BY 1`).Scan(&events).Error
	if err != nil {
		return nil, fmt.Errorf("look for listed tickets: %w", err)
	}
	return events, nil
}

// unsoldTickets are the listed ones of an event whose seats nobody pays for or has.
func (s store) unsoldTickets(ctx context.Context, event int64, limit int) (tickets []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT t.id FROM seat_claims c JOIN tickets t ON t.claim_id = c.id AND t.status = 'listed'
		WHERE c.event_id = ? AND c.status = 'listed' AND NOT EXISTS (SELECT 1 FROM seat_claims b WHERE b.event_id = c.event_id
			AND b.seat_id = c.seat_id AND b.status NOT IN ('released','listed')) ORDER BY c.id LIMIT ?`, event, limit).Scan(&tickets).Error
	if err != nil {
		return nil, fmt.Errorf("look for unsold tickets: %w", err)
	}
	return tickets, nil
}
