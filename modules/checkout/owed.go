package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/request"
)

// Owed is money taken that is neither a ticket nor back with its payer yet. It ends by itself: what stands here long is
// for a person to look at.
type Owed struct {
	OrderID   uuid.UUID
	Code      string
	EventID   int64
	PaymentID uuid.UUID
	Provider  string
	RefundID  *uuid.UUID   // nil: nothing has been decided about it yet
	Status    RefundStatus // of the refund
	Amount    int64
	Currency  string
	Reason    string // of the refund; staff's goes on with ":" and seats
	Problem   string // what the processor said last
	Tries     int    // how often it refused
	Since     time.Time
	NextTryAt time.Time
}

// owedSQL are refunds that are not done, captured money that has neither tickets nor a refund, and tickets that were given back
// and whose seats have just been sold.
const owedSQL = `
SELECT o.id AS order_id, o.code, o.event_id, p.id AS payment_id, p.provider, r.id AS refund_id, r.status, r.amount, p.currency, r.reason,
       CASE WHEN r.problem <> '' THEN r.problem ELSE p.problem END AS problem, r.tries, r.created_at AS since,
       greatest(r.next_try_at, p.next_check_at) AS next_try_at
FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id WHERE r.status <> 'done'
UNION ALL
SELECT o.id, o.code, o.event_id, p.id, p.provider, NULL, '', p.received - back.amount, p.currency, '', p.problem, 0, p.created_at, p.next_check_at
FROM payments p JOIN orders o ON o.id = p.order_id
CROSS JOIN LATERAL (SELECT coalesce(sum(r.amount), 0)::bigint AS amount FROM refunds r WHERE r.payment_id = p.id) AS back
WHERE p.received > back.amount AND NOT (p.status = 'captured' AND o.status IN ('paid','part_refunded'))
UNION ALL
SELECT o.id, o.code, o.event_id, p.id, p.provider, NULL, '', c.price, o.currency, '` + reasonResold + `', p.problem, 0, b.created_at, p.next_check_at
FROM seat_claims c JOIN seat_claims b ON b.event_id = c.event_id AND b.seat_id = c.seat_id AND b.status = 'sold'
JOIN orders o ON o.id = c.order_id JOIN payments p ON p.order_id = o.id AND p.status = 'captured' AND p.swap_id IS NULL WHERE c.status = 'listed'
ORDER BY since, payment_id LIMIT ?`

// OwedMoney lists what is owed, the oldest first, at most limit.
func (s *Service) OwedMoney(ctx context.Context, db *gorm.DB, limit int) (owed []Owed, err error) {
	if err := db.WithContext(ctx).Raw(owedSQL, limit).Scan(&owed).Error; err != nil {
		return nil, fmt.Errorf("list what is owed: %w", err)
	}
	return owed, nil
}

// RetryRefund tries a refund at once, whenever it is due; ErrNotFound. That it is refused again is no error: the list
// says so.
func (s *Service) RetryRefund(ctx context.Context, who request.Staff, ip string, id uuid.UUID) error {
	if _, err := s.store.refund(ctx, s.DB, id, ""); err != nil {
		return err
	}
	if err := s.Journal.Note(ctx, s.DB, who, ip, "refund.retry", "refund:"+id.String(), nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if err := s.PayBack(ctx, id); err != nil {
		s.Log.Warn("refund not sent yet; it will be", "refund", id, "error", err)
	}
	return nil
}
