package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// replaced tells of a claim c that another of its order stands for it: its seat was exchanged, not given back.
const replaced = `EXISTS (SELECT 1 FROM seat_claims n WHERE n.replaces = c.id)`

// issueTickets writes one valid ticket for each claim; the claims must be sold by now.
func (s store) issueTickets(ctx context.Context, tx *gorm.DB, eventID int64, claims []Claim) error {
	for _, c := range claims {
		if err := tx.WithContext(ctx).Exec(`INSERT INTO tickets (id, claim_id, event_id, seat_id, secret, issued_at) VALUES (?, ?, ?, ?, ?, `+now+`)`,
			newID(), c.ID, eventID, c.Seat, newSecret(), s.now()).Error; err != nil {
			return fmt.Errorf("issue ticket: %w", err)
		}
	}
	return nil
}

// ticketsOf are the order's tickets, void ones too, by seat.
func (s store) ticketsOf(ctx context.Context, db *gorm.DB, orderID uuid.UUID) (tickets []Ticket, err error) {
	err = db.WithContext(ctx).Raw(`SELECT t.*, `+replaced+` AS replaced FROM tickets t
		JOIN seat_claims c ON c.id = t.claim_id WHERE c.order_id = ? ORDER BY t.seat_id, t.id`, orderID).Scan(&tickets).Error
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	return tickets, nil
}

// voidTickets makes these tickets void and answers those that were not until now.
func (s store) voidTickets(ctx context.Context, tx *gorm.DB, tickets []uuid.UUID) (voided []Ticket, err error) {
	err = tx.WithContext(ctx).Raw(`UPDATE tickets SET status = 'void', claim_status = NULL WHERE id IN ? AND status <> 'void' RETURNING *`, tickets).Scan(&voided).Error
	if err != nil {
		return nil, fmt.Errorf("void tickets: %w", err)
	}
	return voided, nil
}

// exchangeTicket makes one ticket void for another in its stead; false if it was not valid, or somebody has come in with it.
func (s store) exchangeTicket(ctx context.Context, tx *gorm.DB, ticket uuid.UUID) (bool, error) {
	n, err := changed(tx.WithContext(ctx), `UPDATE tickets SET status = 'void', claim_status = NULL
		WHERE id = ? AND status = 'valid' AND checked_in_at IS NULL`, ticket)
	if err != nil {
		return false, fmt.Errorf("exchange ticket: %w", err)
	}
	return n == 1, nil
}

// ticketOrder is a ticket with the order it belongs to.
type ticketOrder struct {
	Ticket
	OrderID uuid.UUID
}

// ticketBySecret is whose page this is.
func (s store) ticketBySecret(ctx context.Context, secret string) (t ticketOrder, found bool, err error) {
	found, err = one(s.db.WithContext(ctx), &t, `SELECT t.*, c.order_id, `+replaced+` AS replaced FROM tickets t
		JOIN seat_claims c ON c.id = t.claim_id WHERE t.secret = ?`, secret)
	if err != nil {
		return t, false, fmt.Errorf("read ticket: %w", err)
	}
	return t, found, nil
}

// checkIn lets a ticket in, once: of a thousand scans at the same moment one gets true.
func (s store) checkIn(ctx context.Context, c TicketCode, gate string) (bool, error) {
	n, err := changed(s.db.WithContext(ctx), `UPDATE tickets SET checked_in_at = `+now+`, gate = ?
		WHERE id = ? AND event_id = ? AND seat_id = ? AND status = 'valid' AND checked_in_at IS NULL
		  AND NOT `+fmt.Sprintf(barred, "(SELECT c.order_id FROM seat_claims c WHERE c.id = tickets.claim_id)"),
		s.now(), gate, c.Ticket, c.EventID, c.Seat)
	if err != nil {
		return false, fmt.Errorf("check in: %w", err)
	}
	return n == 1, nil
}

// ticketByID is the ticket a code names.
func (s store) ticketByID(ctx context.Context, c TicketCode) (t ticketOrder, found bool, err error) {
	found, err = one(s.db.WithContext(ctx), &t, `SELECT t.*, c.order_id, `+replaced+` AS replaced FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		WHERE t.id = ? AND t.event_id = ? AND t.seat_id = ?`, c.Ticket, c.EventID, c.Seat)
	if err != nil {
		return t, false, fmt.Errorf("read ticket: %w", err)
	}
	return t, found, nil
}
