package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
)

// history is what happened to an order, oldest first.
func (s store) history(ctx context.Context, id uuid.UUID) ([]HistoryEntry, error) {
	var rows []struct {
		At     time.Time
		What   string
		Detail string
	}
	if err := s.db.WithContext(ctx).Raw(`SELECT at, what, detail FROM order_history WHERE order_id = ? ORDER BY id`, id).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	entries := make([]HistoryEntry, len(rows))
	for i, r := range rows {
		entries[i] = HistoryEntry{At: clock.Time(r.At), What: r.What, Detail: json.RawMessage(r.Detail)}
	}
	return entries, nil
}

// refundedSoFar is what has been promised back of a payment, done or not.
func (s store) refundedSoFar(ctx context.Context, tx *gorm.DB, payment uuid.UUID) (sum int64, err error) {
	_, err = one(tx.WithContext(ctx), &sum, `SELECT coalesce(sum(amount), 0)::bigint FROM refunds WHERE payment_id = ?`, payment)
	return sum, err
}

// searchOrders finds a text in code, name and address. A database in the C locale knows no small Ü: a name is also
// looked for as it was typed, and as names are written.
func (s store) searchOrders(ctx context.Context, w Wanted, limit int) (orders []Order, err error) {
	part := func(text string) string {
		return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	}
	like, typed, name := part(strings.ToLower(w.Text)), part(w.Text), part(asName(w.Text))
	err = s.db.WithContext(ctx).Raw(`SELECT `+orderColumns+` FROM orders o
		WHERE (o.code = ? OR lower(o.name) LIKE ? OR o.name LIKE ? OR o.name LIKE ? OR lower(o.email) LIKE ?) AND (?::bigint = 0 OR o.event_id = ?)
		  AND (?::uuid = ?::uuid OR (o.created_at, o.id) < (SELECT b.created_at, b.id FROM orders b WHERE b.id = ?))
		ORDER BY o.created_at DESC, o.id DESC LIMIT ?`,
		s.now(), s.now(), normalCode(w.Text), like, typed, name, like, w.Event, w.Event, w.Before, uuid.Nil, w.Before, limit).Scan(&orders).Error
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	return orders, nil
}

// asName writes every word with a capital: "åsa ünlü" is "Åsa Ünlü".
func asName(text string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		first := !unicode.IsLetter(before)
		before = r
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, text)
}

func (s store) ordersByID(ctx context.Context, ids []uuid.UUID) (orders []Order, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT `+orderColumns+` FROM orders o WHERE o.id IN ? ORDER BY o.created_at DESC, o.id DESC`,
		s.now(), s.now(), ids).Scan(&orders).Error
	return orders, err
}

// ordersAfter pages through an event's orders, oldest first.
func (s store) ordersAfter(ctx context.Context, event int64, after time.Time, last uuid.UUID, limit int) (orders []Order, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT `+orderColumns+` FROM orders o WHERE o.event_id = ? AND (o.created_at, o.id) > (?::timestamptz, ?::uuid)
		ORDER BY o.created_at, o.id LIMIT ?`, s.now(), s.now(), event, after, last, limit).Scan(&orders).Error
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return orders, nil
}

// newestEvents are those that sold something last.
func (s store) newestEvents(ctx context.Context, limit int) (events []int64, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT e.id FROM events e WHERE EXISTS (SELECT 1 FROM orders o WHERE o.event_id = e.id) ORDER BY e.id DESC LIMIT ?`, limit).Scan(&events).Error
	return events, err
}

type claimedSeat struct {
	OrderID uuid.UUID
	SeatID  int
}

// claimedSeats are the seats of an event that orders keep.
func (s store) claimedSeats(ctx context.Context, event int64) (seats []claimedSeat, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT order_id, seat_id FROM seat_claims WHERE event_id = ? AND status <> 'released' AND order_id IS NOT NULL`, event).Scan(&seats).Error
	return seats, err
}

// seatsOfMany are the seats of many orders.
func (s store) seatsOfMany(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID][]int, error) {
	var rows []claimedSeat
	if err := s.db.WithContext(ctx).Raw(`SELECT DISTINCT c.order_id, c.seat_id FROM seat_claims c JOIN orders o ON o.id = c.order_id
		WHERE c.order_id IN ? AND NOT `+replaced+` AND `+ofOrder+` ORDER BY c.order_id, c.seat_id`, orders).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read seats of orders: %w", err)
	}
	seats := map[uuid.UUID][]int{}
	for _, r := range rows {
		seats[r.OrderID] = append(seats[r.OrderID], r.SeatID)
	}
	return seats, nil
}
