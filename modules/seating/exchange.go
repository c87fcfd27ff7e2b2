package seating

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/plan"
)

// ErrSeatOffSale answers for a seat that nobody can have: it is blocked, or its category has no price.
var ErrSeatOffSale = fault.New(fault.Invalid, "seat-off-sale", "This seat is not on sale. Choose another, or put it on sale first.")

// ExchangeRequest changes the seat of a sold claim.
type ExchangeRequest struct {
	EventID int64
	Claim   int64 // the sold one that is given back
	Seat    int   // wanted in its stead
	Price   int64 // what the buyer has paid for it then
}

// Exchange gives a sold claim's seat back and sells its order another, inside the caller's transaction, and answers the
// new claim. It sits on the slots of the old one, so that no limit is met and nobody of the same buyer comes in between.
// ErrClaimLost if the claim is not sold, ErrSeatOffSale, or *SeatsTakenError: a fan who holds the seat keeps it too, and one
// that was given back waits for somebody who buys it. After a refusal the transaction must be rolled back.
func (s *Service) Exchange(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (Claim, error) {
	tx = tx.WithContext(ctx)
	// Whoever changes the limit changes it in every claim: first come, else each would wait for the other.
	if _, err := lockLimit(tx, r.EventID); err != nil {
		return Claim{}, err
	}
	if err := s.Move(ctx, tx, []int64{r.Claim}, []string{statusSold}, statusReleased); err != nil {
		return Claim{}, err
	}
	return s.instead(ctx, tx, r, `price, status, replaces`, `?::bigint, 'sold', c.id`)
}

// Reserve claims a seat that a buyer wants instead of a sold one and pays the difference for: that stays sold, and this sits on
// its slots and counts to no limit. Replace makes it the order's, Move to released gives it back. It refuses as Exchange does.
func (s *Service) Reserve(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (Claim, error) {
	tx = tx.WithContext(ctx)
	if _, err := lockLimit(tx, r.EventID); err != nil {
		return Claim{}, err
	}
	if err := s.Move(ctx, tx, []int64{r.Claim}, []string{statusSold}, statusSold); err != nil { // it is, and stays so until the commit
		return Claim{}, err
	}
	return s.instead(ctx, tx, r, `price, status, swap_of`, `?::bigint, 'checkout', c.id`)
}

// Replace gives a sold claim's seat back and sells its order the one that was reserved instead; ErrClaimLost unless both are
// what they were.
func (s *Service) Replace(ctx context.Context, tx *gorm.DB, sold, reserved int64) error {
	if err := s.Move(ctx, tx, []int64{sold}, []string{statusSold}, statusReleased); err != nil {
		return err
	}
	res := tx.WithContext(ctx).Exec(`UPDATE seat_claims SET status = 'sold', swap_of = NULL, replaces = swap_of
		WHERE id = ? AND swap_of = ? AND status IN ('checkout', 'secured')`, reserved, sold)
	if res.Error != nil {
		return fmt.Errorf("replace claim: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("replace claim %d by %d: %w", sold, reserved, ErrClaimLost)
	}
	return nil
}

// instead writes a claim on the slots of another, with those columns besides.
func (s *Service) instead(ctx context.Context, tx *gorm.DB, r ExchangeRequest, columns, values string) (Claim, error) {
	got := Claim{Seat: r.Seat}
	res := tx.Raw(`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, `+columns+`)
		SELECT s.event_id, s.seat_id, c.order_id, c.buyer_key, c.buyer_slot, c.place_key, c.place_slot, c.max_per_buyer, `+values+`
		FROM seat_claims c JOIN seats s ON s.event_id = c.event_id AND s.seat_id = ? WHERE c.id = ? AND c.event_id = ?
		ON CONFLICT DO NOTHING RETURNING id`, r.Price, r.Seat, r.Claim, r.EventID).Scan(&got.ID)
	if res.Error != nil {
		return Claim{}, fmt.Errorf("exchange seat: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return Claim{}, refusedExchange(tx, r)
	}
	if listed, err := isListed(tx, r); err != nil {
		return Claim{}, err
	} else if listed {
		return Claim{}, &SeatsTakenError{Seats: []int{r.Seat}}
	}
	return got, s.board(r.EventID).refuseHeld(ctx, []int{r.Seat})
}

// isListed tells whether the seat, which is ours by now, was given back by its holder, who would be paid out of an exchange that
// sells nothing. Asked after our claim is written, which waits for whoever is giving the seat back in this moment.
func isListed(tx *gorm.DB, r ExchangeRequest) (is bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM seat_claims WHERE event_id = ? AND seat_id = ? AND status = 'listed')`, r.EventID, r.Seat).Scan(&is).Error
	if err != nil {
		return false, fmt.Errorf("look for a listed seat: %w", err)
	}
	return is, nil
}

// refusedExchange says why a seat cannot be had.
func refusedExchange(tx *gorm.DB, r ExchangeRequest) error {
	var sold []string
	err := tx.Raw(`SELECT coalesce(c.status, '') FROM seats s LEFT JOIN seat_claims c
		ON c.event_id = s.event_id AND c.seat_id = s.seat_id AND c.status NOT IN ('released','listed')
		WHERE s.event_id = ? AND s.seat_id = ?`, r.EventID, r.Seat).Scan(&sold).Error
	if err != nil {
		return fmt.Errorf("exchange seat: %w", err)
	}
	if len(sold) == 0 || sold[0] == statusBlocked {
		return ErrSeatOffSale.With("seats", []int{r.Seat})
	}
	return &SeatsTakenError{Seats: []int{r.Seat}}
}

// MayExchange holds a seat that a fan wants for another against the rules of the house: ErrCompanionSeat, ErrLeavesOrphan,
// and ErrAccessCode for a locked one, unless the other is of the same category.
func (s *Service) MayExchange(ctx context.Context, eventID int64, back, seat int) error {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return err
	}
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return err
	}
	if locked := e.lockedOf(room, []int{seat}); len(locked) > 0 && !slices.Equal(locked, e.lockedOf(room, []int{back})) {
		return needsCode(locked...)
	}
	if e.OrphanRule == plan.OrphansOff && !hasCompanions(room, []int{seat}) {
		return nil
	}
	if err := b.pull(ctx); err != nil {
		return err
	}
	return b.ruling(e, room, holds.Basket{Seats: []int{back}}, &holds.Wish{Seats: []int{seat}, InsteadOf: []int{back}})
}
