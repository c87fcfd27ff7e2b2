package checkout

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// BoughtView is a seat as it was bought: whatever became of it, what was bought then adds up to what was paid then.
type BoughtView struct {
	SeatView
	// Now is the seat that was taken instead since; null while it is still this one, or gone.
	Now *int `json:"now,omitempty"`
}

// bought are the seats of an order as they were when it was made; nil while nothing has become of them.
func (s *Service) bought(ctx context.Context, o Order, today []Seat) ([]BoughtView, error) {
	claims, placed, err := s.store.claimsEver(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	then := asPlaced(claims, placed)
	numbers, prices := make([]int, len(then)), make([]int64, len(then))
	moved := len(then) != len(today)
	for i, b := range then {
		numbers[i], prices[i] = b.SeatID, b.Price
		moved = moved || b.Now != b.SeatID || today[i].N != b.SeatID || today[i].Price != b.Price
	}
	if !moved {
		return nil, nil
	}
	seats, err := s.asAgreed(ctx, o, numbers, prices)
	if err != nil {
		return nil, err
	}
	views := make([]BoughtView, len(seats))
	for i, view := range seatViews(seats) {
		views[i] = BoughtView{SeatView: view}
		if at := slices.Index(numbers, view.N); at >= 0 && then[at].Now != view.N {
			views[i].Now = &then[at].Now
		}
	}
	return views, nil
}

// claimEver is a claim of an order, whatever became of it.
type claimEver struct {
	ID       int64
	SeatID   int
	Price    int64
	Replaces *int64
}

// boughtSeat is a seat of an order's making, and the one that stands for it now.
type boughtSeat struct {
	SeatID int
	Price  int64
	Now    int
}

// asPlaced follows each seat that an order was made with through the claims that replaced its own. A seat may have had
// several: late money takes an order's seats anew.
func asPlaced(claims []claimEver, placed []int) []boughtSeat {
	next, first, last := map[int64]claimEver{}, map[int]claimEver{}, map[int]claimEver{}
	for _, c := range claims {
		if c.Replaces != nil {
			next[*c.Replaces] = c
			continue
		}
		if _, seen := first[c.SeatID]; !seen {
			first[c.SeatID] = c
		}
	}
	for _, c := range claims { // the newest of those that were ever replaced, or else the first
		if _, moved := next[c.ID]; c.Replaces == nil && moved {
			last[c.SeatID] = c
		}
	}
	slices.Sort(placed)
	var out []boughtSeat
	for _, seat := range placed {
		c, known := first[seat]
		if !known {
			continue
		}
		b := boughtSeat{SeatID: seat, Price: c.Price, Now: seat}
		for at, moved := last[seat]; moved; at, moved = next[at.ID] {
			b.Now = at.SeatID
		}
		out = append(out, b)
	}
	return out
}

// claimsEver are all claims that an order ever had, oldest first, and the seats it was made with.
func (s store) claimsEver(ctx context.Context, order uuid.UUID) (claims []claimEver, placed []int, err error) {
	db := s.db.WithContext(ctx)
	if err = db.Raw(`SELECT id, seat_id, price, replaces FROM seat_claims WHERE order_id = ? ORDER BY id`, order).Scan(&claims).Error; err == nil {
		err = db.Raw(`SELECT DISTINCT jsonb_array_elements_text(detail->'seats')::integer FROM order_history WHERE order_id = ? AND what = 'placed'`, order).Scan(&placed).Error
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read what was bought: %w", err)
	}
	return claims, placed, nil
}
