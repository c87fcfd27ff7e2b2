package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
)

// errMoved says that somebody else moved the row first: look again.
var errMoved = errors.New("moved meanwhile")

// now is the database's clock, or the test's; every statement that uses it takes s.now() as its argument.
const now = `coalesce(?::timestamptz, now())`

const (
	liveStatuses = `('created','authorized','captured','cancelling')`
	orderColumns = `o.*, o.expires_at <= ` + now + ` AS clock_out, o.expires_at + interval '900 s' <= ` + now + ` AS overdue`
)

// store is the tables of this module; it reads the claims of orders too, and leaves writing them to Seats.
type store struct {
	db    *gorm.DB
	clock clock.Clock
}

func (s store) now() *time.Time { return clock.SQLArg(s.clock) }

// one runs a query for at most one row; false when there is none.
func one(tx *gorm.DB, into any, query string, args ...any) (bool, error) {
	res := tx.Raw(query, args...).Scan(into)
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok && res.Error != nil {
		return false, translator.Translate(res.Error) // GORM does it for statements, and forgets it for queries
	}
	return res.RowsAffected > 0, res.Error
}

// changed runs a statement and answers how many rows it changed.
func changed(tx *gorm.DB, statement string, args ...any) (int64, error) {
	res := tx.Exec(statement, args...)
	return res.RowsAffected, res.Error
}

// order reads an order; ErrNotFound.
func (s store) order(ctx context.Context, db *gorm.DB, id uuid.UUID, suffix string) (o Order, err error) {
	found, err := one(db.WithContext(ctx), &o, `SELECT `+orderColumns+` FROM orders o WHERE o.id = ? `+suffix, s.now(), s.now(), id)
	if err != nil {
		return o, fmt.Errorf("read order: %w", err)
	}
	if !found {
		return o, ErrNotFound
	}
	return o, nil
}

// openOrder is the pending order of a place, if it has one.
func (s store) openOrder(ctx context.Context, eventID int64, place string) (o Order, found bool, err error) {
	found, err = one(s.db.WithContext(ctx), &o, `SELECT `+orderColumns+` FROM orders o WHERE o.event_id = ? AND o.place_key = ? AND o.status = 'pending'`,
		s.now(), s.now(), eventID, place)
	if err != nil {
		return o, false, fmt.Errorf("read open order: %w", err)
	}
	return o, found, nil
}

// orderByCode is what a person read out.
func (s store) orderByCode(ctx context.Context, code string) (o Order, found bool, err error) {
	found, err = one(s.db.WithContext(ctx), &o, `SELECT `+orderColumns+` FROM orders o WHERE o.code = ?`, s.now(), s.now(), code)
	if err != nil {
		return o, false, fmt.Errorf("read order by code: %w", err)
	}
	return o, found, nil
}

// insertOrder writes a new pending order and sets its times. False if the place has an open order already, or the code
// is in use: whoever asks looks which.
func (s store) insertOrder(ctx context.Context, tx *gorm.DB, o *Order, pay time.Duration) (bool, error) {
	var times struct{ ExpiresAt, CreatedAt time.Time }
	inserted, err := one(tx.WithContext(ctx), &times, `
		INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, amount, currency, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, `+now+`, `+now+` + ?::float8 * interval '1 s')
		ON CONFLICT DO NOTHING RETURNING expires_at, created_at`,
		o.ID, o.EventID, o.Code, o.PlaceKey, o.Name, o.Email, o.BuyerKey, o.Amount, o.Currency, s.now(), s.now(), pay.Seconds())
	if err != nil {
		return false, fmt.Errorf("insert order: %w", err)
	}
	o.ExpiresAt, o.CreatedAt, o.Status = times.ExpiresAt, times.CreatedAt, OrderPending
	return inserted, nil
}

// moveOrder changes the status of an order that is in one of from; errMoved if it is not.
func (s store) moveOrder(ctx context.Context, tx *gorm.DB, id uuid.UUID, from []OrderStatus, to OrderStatus) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET status = ? WHERE id = ? AND status IN ?`, to, id, from)
	if err != nil {
		return fmt.Errorf("order to %s: %w", to, err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// markPaid is moveOrder to paid, and when.
func (s store) markPaid(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET status = 'paid', paid_at = `+now+` WHERE id = ? AND status = 'pending'`, s.now(), id)
	if err != nil {
		return fmt.Errorf("order to paid: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// reopenOrder takes up an ended order again, with a short clock of its own. A place that has another order open by now
// is gorm.ErrDuplicatedKey.
func (s store) reopenOrder(ctx context.Context, tx *gorm.DB, id uuid.UUID, clock time.Duration) (expires time.Time, err error) {
	found, err := one(tx.WithContext(ctx), &expires, `UPDATE orders SET status = 'pending', expires_at = `+now+` + ?::float8 * interval '1 s'
		WHERE id = ? AND status IN ('expired','cancelled') RETURNING expires_at`, s.now(), clock.Seconds(), id)
	if err != nil {
		return expires, fmt.Errorf("reopen order: %w", err)
	}
	if !found {
		return expires, errMoved
	}
	return expires, nil
}

// stopClock lets an order's deadline be now at the latest.
func (s store) stopClock(ctx context.Context, tx *gorm.DB, id uuid.UUID) error {
	_, err := changed(tx.WithContext(ctx), `UPDATE orders SET expires_at = least(expires_at, `+now+`) WHERE id = ? AND status = 'pending'`, s.now(), id)
	return err
}

// note adds a line to the order's history.
func (s store) note(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, what string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Exec(`INSERT INTO order_history (order_id, at, what, detail) VALUES (?, `+now+`, ?, ?::jsonb)`,
		orderID, s.now(), what, string(text)).Error; err != nil {
		return fmt.Errorf("note in history: %w", err)
	}
	return nil
}

// noted tells whether the history has such a line.
func (s store) noted(ctx context.Context, tx *gorm.DB, orderID uuid.UUID, what string) (found bool, err error) {
	_, err = one(tx.WithContext(ctx), &found, `SELECT EXISTS (SELECT 1 FROM order_history WHERE order_id = ? AND what = ?)`, orderID, what)
	return found, err
}

// liveClaims are the claims that keep the order's seats, sorted by seat.
func (s store) liveClaims(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) (claims []Claim, err error) {
	err = tx.WithContext(ctx).Raw(`SELECT id, seat_id AS seat FROM seat_claims WHERE order_id = ? AND status <> 'released' AND swap_of IS NULL ORDER BY seat_id`, orderID).Scan(&claims).Error
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return claims, nil
}

// ofOrder keeps, of the claims c of orders o, those of the seats an order is about: not of seats that were only offered or
// never paid for in a swap, nor of those that others were taken instead of.
const ofOrder = `(c.swap_of IS NULL AND (o.offer_claim IS NULL OR (c.id >= o.offer_claim) = (o.offer = 'accepted')))`

// seatsOf are all seats an order was ever about, but those exchanged for others, sorted, and what each was claimed at: the
// price that was agreed, not the one the seat has now.
func (s store) seatsOf(ctx context.Context, db *gorm.DB, orderID uuid.UUID) (seats []int, prices []int64, err error) {
	var rows []struct {
		SeatID int
		Price  int64
	}
	err = db.WithContext(ctx).Raw(`SELECT DISTINCT ON (c.seat_id) c.seat_id, c.price FROM seat_claims c JOIN orders o ON o.id = c.order_id
		WHERE c.order_id = ? AND NOT `+replaced+` AND `+ofOrder+` ORDER BY c.seat_id, c.id`, orderID).Scan(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read seats of order: %w", err)
	}
	for _, r := range rows {
		seats, prices = append(seats, r.SeatID), append(prices, r.Price)
	}
	return seats, prices, nil
}

// pricesOf is what these claims cost their buyers together.
func (s store) pricesOf(ctx context.Context, tx *gorm.DB, claims []int64) (int64, error) {
	var row struct {
		Sum int64
		N   int
	}
	if _, err := one(tx.WithContext(ctx), &row, `SELECT coalesce(sum(price), 0)::bigint AS sum, count(price) AS n FROM seat_claims WHERE id IN ?`, claims); err != nil {
		return 0, fmt.Errorf("read prices: %w", err)
	}
	if row.N != len(claims) {
		return 0, fmt.Errorf("%d of %d claims have no price", len(claims)-row.N, len(claims))
	}
	return row.Sum, nil
}

func (s store) livePlaces(ctx context.Context, eventID int64, slow []string) (places []string, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT DISTINCT place_key FROM orders o WHERE event_id = ? AND status = 'pending'
		AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.provider IN ? AND p.status IN `+liveStatuses+`) ORDER BY place_key`, eventID, append(slow, "")).Scan(&places).Error
	if err != nil {
		return nil, fmt.Errorf("read live places: %w", err)
	}
	return places, nil
}

func ids(claims []Claim) []int64 {
	out := make([]int64, len(claims))
	for i, c := range claims {
		out[i] = c.ID
	}
	return out
}
