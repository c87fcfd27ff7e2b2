package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Money is where every captured minor unit of a currency went: Captured = Delivered + Refunded + Owed. Each is summed
// from rows of its own, so that the equation can fail if our books do. InFlight is authorised and not yet taken, or
// waits for its fan to say whether other seats will do.
type Money struct {
	Captured  int64
	Delivered int64
	Refunded  int64
	Owed      int64
	InFlight  int64
}

// resold tells of a listed claim c that somebody else has its seat: its money is owed, even before it has a refund.
const resold = `(c.status = 'listed' AND EXISTS (SELECT 1 FROM seat_claims b WHERE b.event_id = c.event_id AND b.seat_id = c.seat_id AND b.status = 'sold'))`

// moneyRows are payments, refunds and tickets of the orders that the condition names, each with its order. Delivered is
// what tickets cost that are valid, or will be again unless somebody buys their seats.
const moneyRows = `
  SELECT o.id AS order_id, p.currency, p.received AS captured, 0 AS delivered, 0 AS refunded,
         -- taken, for an order that has no tickets for it: owed, less what has a refund of its own
         CASE WHEN p.received > 0 AND NOT (p.status = 'captured' AND o.status IN ('paid','part_refunded'))
              THEN p.received - coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id), 0) ELSE 0 END AS owed,
         CASE WHEN p.status = 'authorized' THEN p.amount ELSE 0 END AS in_flight
  FROM payments p JOIN orders o ON o.id = p.order_id WHERE TRUE %[1]s
  UNION ALL
  SELECT o.id, p.currency, 0, 0, CASE WHEN r.status = 'done' THEN r.amount ELSE 0 END, CASE WHEN r.status <> 'done' THEN r.amount ELSE 0 END, 0
  FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id WHERE TRUE %[1]s
  UNION ALL
  SELECT o.id, o.currency, 0, CASE WHEN ` + resold + ` THEN 0 ELSE c.price END, 0, CASE WHEN ` + resold + ` THEN c.price ELSE 0 END, 0
  FROM tickets t JOIN seat_claims c ON c.id = t.claim_id JOIN orders o ON o.id = c.order_id
  WHERE t.status <> 'void' %[1]s`

const moneySums = `sum(captured)::bigint AS captured, sum(delivered)::bigint AS delivered, sum(refunded)::bigint AS refunded,
       sum(owed)::bigint AS owed, sum(in_flight)::bigint AS in_flight`

const moneySQL = `SELECT currency, ` + moneySums + ` FROM (` + moneyRows + `%[2]s) AS rows GROUP BY currency`

// orphanRows are money at a processor that belongs to no order: owed until it is back.
const orphanRows = `
  UNION ALL
  SELECT NULL, currency, captured, 0, refunded, captured - refunded, authorized FROM orphan_payments WHERE status <> 'foreign'`

type moneyRow struct {
	Currency string
	Money    `gorm:"embedded"`
}

// Money sums all there is, by currency, as the transaction sees it.
func (s *Service) Money(ctx context.Context, tx *gorm.DB) (map[string]Money, error) {
	var rows []moneyRow
	if err := tx.WithContext(ctx).Raw(fmt.Sprintf(moneySQL, "", orphanRows)).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("sum money: %w", err)
	}
	sums := make(map[string]Money, len(rows))
	for _, r := range rows {
		sums[r.Currency] = r.Money
	}
	return sums, nil
}

// UnequalOrder is an order whose money does not add up: what was captured for it is not what was delivered, refunded
// and is owed.
type UnequalOrder struct {
	OrderID  uuid.UUID
	Currency string
	Money    `gorm:"embedded"`
}

// UnequalOrders are those whose books do not balance, at most limit. Sums of many orders could hide two that err in
// opposite ways.
func (s *Service) UnequalOrders(ctx context.Context, tx *gorm.DB, limit int) (orders []UnequalOrder, err error) {
	err = tx.WithContext(ctx).Raw(`SELECT order_id, currency, `+moneySums+` FROM (`+fmt.Sprintf(moneyRows, "")+`) AS rows
		GROUP BY order_id, currency HAVING sum(captured) <> sum(delivered) + sum(refunded) + sum(owed) ORDER BY order_id LIMIT ?`, limit).Scan(&orders).Error
	if err != nil {
		return nil, fmt.Errorf("balance orders: %w", err)
	}
	return orders, nil
}

// Stats are an event's figures.
type Stats struct {
	Orders   OrderCounts
	Money    EventMoney
	Payments PaymentHealth
}

// OrderCounts are an event's orders by what became of them.
type OrderCounts struct {
	Paid     int `json:"paid"`
	Pending  int `json:"pending"`
	Refunded int `json:"refunded"`
}

// EventMoney is in minor units of the event's currency.
type EventMoney struct {
	Gross    int64 `json:"gross"`
	Refunded int64 `json:"refunded"`
	Owed     int64 `json:"owed"`
}

// PaymentHealth is the processor as this replica saw it in the last minute.
type PaymentHealth struct {
	Healthy   bool    `json:"healthy"`
	P95MS     int     `json:"p95_ms"`
	ErrorRate float64 `json:"error_rate"`
}

// Stats counts the orders of an event and sums its money.
func (s *Service) Stats(ctx context.Context, eventID int64) (Stats, error) {
	var st Stats
	if err := s.DB.WithContext(ctx).Raw(`SELECT count(*) FILTER (WHERE status IN ('paid','part_refunded')) AS paid,
		count(*) FILTER (WHERE status = 'pending') AS pending, count(*) FILTER (WHERE status = 'refunded') AS refunded
		FROM orders WHERE event_id = ?`, eventID).Scan(&st.Orders).Error; err != nil {
		return st, fmt.Errorf("count orders: %w", err)
	}
	var rows []moneyRow
	if err := s.DB.WithContext(ctx).Raw(fmt.Sprintf(moneySQL, "AND o.event_id = ?", ""), eventID, eventID, eventID).Scan(&rows).Error; err != nil {
		return st, fmt.Errorf("sum money: %w", err)
	}
	for _, r := range rows { // one: an event has one currency
		st.Money.Gross += r.Captured
		st.Money.Refunded += r.Refunded
		st.Money.Owed += r.Owed
	}
	health := s.WorstHealth()
	st.Payments.Healthy, st.Payments.P95MS, st.Payments.ErrorRate = health.Healthy, health.P95MS, health.ErrorRate
	return st, nil
}

// SoldPoint is how many tickets that are valid today had been paid for by a moment.
type SoldPoint struct {
	At   time.Time
	Sold int
}

// SoldOverTime is how an event sold, in at most some hundred steps.
func (s *Service) SoldOverTime(ctx context.Context, eventID int64) ([]SoldPoint, error) {
	var points []SoldPoint
	err := s.DB.WithContext(ctx).Raw(`
		WITH paid AS (SELECT coalesce(o.paid_at, o.created_at) AS at FROM tickets t JOIN seat_claims c ON c.id = t.claim_id
		              JOIN orders o ON o.id = c.order_id WHERE t.event_id = ? AND t.status = 'valid'),
		     span AS (SELECT greatest(1, extract(epoch FROM max(at) - min(at)) / 100) AS step FROM paid)
		SELECT max(at) AS at, (sum(count(*)) OVER (ORDER BY floor(extract(epoch FROM at) / step)))::int AS sold
		FROM paid, span GROUP BY floor(extract(epoch FROM at) / step) ORDER BY 1`, eventID).Scan(&points).Error
	if err != nil {
		return nil, fmt.Errorf("sold over time: %w", err)
	}
	return points, nil
}
