package checkout

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// offer writes that a pending order has other seats than its own, or may have them. errMoved if it had an offer before.
func (s store) offer(ctx context.Context, tx *gorm.DB, order uuid.UUID, to OfferStatus, claims []Claim) error {
	first := claims[0].ID
	for _, c := range claims {
		first = min(first, c.ID)
	}
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET offer = ?, offer_claim = ? WHERE id = ? AND status = 'pending' AND offer = ''`, to, first, order)
	if err != nil {
		return fmt.Errorf("offer seats: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// answerOffer writes what the fan said; with a refusal the clock has run out. errMoved if the offer is not open.
func (s store) answerOffer(ctx context.Context, tx *gorm.DB, order uuid.UUID, answer OfferStatus) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE orders SET offer = ?, expires_at = CASE WHEN ? THEN expires_at ELSE least(expires_at, `+now+`) END
		WHERE id = ? AND status = 'pending' AND offer = 'open' AND expires_at > `+now, answer, answer == OfferAccepted, s.now(), order, s.now())
	if err != nil {
		return fmt.Errorf("answer offer: %w", err)
	}
	if n != 1 {
		return errMoved
	}
	return nil
}

// offeredSeats are the seats that are offered, and what each would cost; none unless they are claimed.
func (s store) offeredSeats(ctx context.Context, order uuid.UUID) (seats []int, prices []int64, err error) {
	var rows []struct {
		SeatID int
		Price  int64
	}
	err = s.db.WithContext(ctx).Raw(`SELECT c.seat_id, c.price FROM seat_claims c JOIN orders o ON o.id = c.order_id
		WHERE c.order_id = ? AND c.id >= o.offer_claim AND c.status <> 'released' ORDER BY c.seat_id`, order).Scan(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read offered seats: %w", err)
	}
	for _, r := range rows {
		seats, prices = append(seats, r.SeatID), append(prices, r.Price)
	}
	return seats, prices, nil
}

// priceOf is what claimed seats cost together.
func (s store) priceOf(ctx context.Context, tx *gorm.DB, claims []Claim) (sum int64, err error) {
	if _, err = one(tx.WithContext(ctx), &sum, `SELECT coalesce(sum(price), 0)::bigint FROM seat_claims WHERE id IN ?`, ids(claims)); err != nil {
		return 0, fmt.Errorf("read prices: %w", err)
	}
	return sum, nil
}

// lapsedOffers are orders whose offered seats nobody took in time.
func (s store) lapsedOffers(ctx context.Context, limit int) (orders []uuid.UUID, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT id FROM orders WHERE status = 'pending' AND offer = 'open' AND expires_at <= `+now+`
		ORDER BY expires_at LIMIT ?`, s.now(), limit).Scan(&orders).Error
	return orders, err
}
