package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
)

// seats are the claims of the real table, with its indexes and its trigger, as one process reaches them.
type seats struct {
	db *gorm.DB
	*room
}

// room is what all processes share besides the tables: baskets, the map, who was told what.
type room struct {
	clock      clock.Clock
	price      int64
	startsIn   time.Duration // from now; 0 = tomorrow
	floor      bool          // its places have no seats
	mu         sync.Mutex
	baskets    map[string][]int
	pinned     map[string]time.Duration
	stands     bool // whether the clock stood at the last pin
	taken      map[int]string
	told       []map[string]any
	finished   []string
	cheap      int // a seat of another category, above 0
	cheapPrice int64
	ended      bool                         // the sale is over
	shut       bool                         // Finish fails
	last       []int                        // what the last fan wanted
	locked     map[string]bool              // categories that a code opens
	unlocked   map[string]map[string]string // place → category → code
}

func newRoom(c clock.Clock, price int64) *room {
	return &room{clock: c, price: price, baskets: map[string][]int{}, pinned: map[string]time.Duration{}, taken: map[int]string{},
		locked: map[string]bool{}, unlocked: map[string]map[string]string{}}
}

func (s *room) put(place string, seats []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baskets[place] = seats
}

func (s *seats) Pin(_ context.Context, _ int64, place string, least time.Duration, clockStands bool) (Basket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := s.baskets[place]
	if len(numbers) == 0 {
		return Basket{}, ErrHoldExpired
	}
	s.pinned[place], s.stands = least, clockStands
	b := Basket{Currency: "EUR", ExpiresAt: s.clock.Now().Add(least)}
	for _, n := range numbers {
		b.Seats = append(b.Seats, s.info(n))
		b.Total += s.info(n).Price
	}
	return b, nil
}

func (s *seats) Basket(ctx context.Context, event int64, place string) (Basket, error) {
	s.mu.Lock()
	held := len(s.baskets[place])
	s.mu.Unlock()
	if held == 0 {
		return Basket{}, nil
	}
	return s.Pin(ctx, event, place, 0, false)
}

func (s *seats) info(n int) Seat {
	seat := Seat{N: n, Label: fmt.Sprintf("A-%d", n+1), Name: fmt.Sprintf("Row A, seat %d", n+1), Category: "c1", CategoryName: "Stalls", Price: s.price, AnyPlace: s.floor}
	if n > 0 && n == s.cheap {
		seat.Category, seat.CategoryName, seat.Price = "c2", "Circle", s.cheapPrice
	}
	seat.Locked = s.locked[seat.Category]
	return seat
}

func (s *seats) Lock(_ context.Context, _ *gorm.DB, _ int64, categories []string) error {
	for _, id := range categories {
		s.locked[id] = true
	}
	return nil
}

func (s *seats) Forget(context.Context, int64) {}

func (s *seats) Unlock(_ context.Context, _ int64, place string, categories []string, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unlocked[place] == nil {
		s.unlocked[place] = map[string]string{}
	}
	for _, id := range categories {
		s.unlocked[place][id] = code
	}
	return nil
}

func (s *seats) Unlocked(_ context.Context, _ int64, place string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.unlocked[place]), nil
}

func (s *seats) SeatInfo(_ context.Context, _ int64, numbers []int) ([]Seat, error) {
	var out []Seat
	for _, n := range numbers {
		if n < testSeats {
			out = append(out, s.info(n))
		}
	}
	return out, nil
}

// Alike keeps what is free of the seats and takes the first free ones for the rest.
func (s *seats) Alike(ctx context.Context, event int64, _ string, wanted, gone []int) (found []Seat, err error) {
	var free []int
	if err := s.db.WithContext(ctx).Raw(`SELECT s.seat_id FROM seats s WHERE s.event_id = ? AND NOT EXISTS
		(SELECT 1 FROM seat_claims c WHERE c.event_id = s.event_id AND c.seat_id = s.seat_id AND c.status NOT IN ('released','listed')) ORDER BY 1`, event).Scan(&free).Error; err != nil {
		return nil, err
	}
	free = slices.DeleteFunc(free, func(n int) bool { return slices.Contains(gone, n) })
	for _, n := range wanted {
		if at := slices.Index(free, n); at >= 0 {
			found, free = append(found, s.info(n)), slices.Delete(free, at, at+1)
		}
	}
	for len(found) < len(wanted) && len(free) > 0 {
		found, free = append(found, s.info(free[0])), free[1:]
	}
	return found, nil
}

func (s *seats) Claim(ctx context.Context, tx *gorm.DB, r ClaimRequest) (claims []Claim, err error) {
	tx = tx.WithContext(ctx)
	var taken []int
	if err := tx.Raw(`SELECT seat_id FROM seat_claims WHERE event_id = ? AND seat_id IN ? AND status NOT IN ('released','listed')`, r.EventID, r.Seats).Scan(&taken).Error; err != nil {
		return nil, err
	}
	if len(taken) > 0 {
		return nil, ErrSeatsTaken.With("seats", taken)
	}
	for _, n := range r.Seats {
		if seat := s.info(n); seat.Locked && !r.Again && !slices.Contains(r.Opened, seat.Category) {
			return nil, ErrAccessCode.With("categories", []string{seat.Category})
		}
	}
	var most, buyer, place int
	if err := tx.Raw(`SELECT max_per_buyer FROM events WHERE id = ?`, r.EventID).Scan(&most).Error; err != nil {
		return nil, err
	}
	const next = `SELECT coalesce(max(%s_slot), 0) FROM seat_claims WHERE event_id = ? AND %s_key = ? AND status <> 'released'`
	if err := tx.Raw(fmt.Sprintf(next, "buyer", "buyer"), r.EventID, r.BuyerKey).Scan(&buyer).Error; err != nil {
		return nil, err
	}
	if err := tx.Raw(fmt.Sprintf(next, "place", "place"), r.EventID, r.Place).Scan(&place).Error; err != nil {
		return nil, err
	}
	if max(buyer, place)+len(r.Seats) > most {
		return nil, ErrBuyerLimit
	}
	for i, n := range r.Seats {
		var id int64
		if err := tx.Raw(`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'checkout') RETURNING id`, r.EventID, n, r.OrderID, r.BuyerKey, buyer+i+1, r.Place, place+i+1, most, r.Prices[i]).Scan(&id).Error; err != nil {
			if strings.Contains(err.Error(), "one_live_claim_per_seat") {
				err = ErrSeatsTaken.With("seats", []int{n})
			}
			return nil, err
		}
		claims = append(claims, Claim{ID: id, Seat: n})
	}
	return claims, nil
}

var errClaimLost = errors.New("claim lost")

func (s *seats) Move(ctx context.Context, tx *gorm.DB, claims []int64, from []string, to string) error {
	n, err := changed(tx.WithContext(ctx), `UPDATE seat_claims SET status = ? WHERE id IN ? AND status IN ?`, to, claims, from)
	if err == nil && n != int64(len(claims)) {
		err = errClaimLost
	}
	return err
}

func (s *seats) Exchange(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (c Claim, err error) {
	if err := s.Move(ctx, tx, []int64{r.Claim}, []string{claimSold}, claimReleased); err != nil {
		return c, err
	}
	c.Seat = r.Seat
	found, err := one(tx.WithContext(ctx), &c.ID, `INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, replaces)
		SELECT event_id, ?, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, ?, 'sold', id FROM seat_claims WHERE id = ?
		ON CONFLICT DO NOTHING RETURNING id`, r.Seat, r.Price, r.Claim)
	if err == nil && !found {
		err = ErrSeatsTaken.With("seats", []int{r.Seat})
	}
	return c, errors.Join(err, notListed(ctx, tx, r))
}

func (s *seats) Reserve(ctx context.Context, tx *gorm.DB, r ExchangeRequest) (c Claim, err error) {
	if err := s.Move(ctx, tx, []int64{r.Claim}, []string{claimSold}, claimSold); err != nil {
		return c, err
	}
	c.Seat = r.Seat
	found, err := one(tx.WithContext(ctx), &c.ID, `INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status, swap_of)
		SELECT event_id, ?, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, ?, 'checkout', id FROM seat_claims WHERE id = ?
		ON CONFLICT DO NOTHING RETURNING id`, r.Seat, r.Price, r.Claim)
	if err == nil && !found {
		err = ErrSeatsTaken.With("seats", []int{r.Seat})
	}
	return c, errors.Join(err, notListed(ctx, tx, r))
}

// notListed refuses a seat that waits for a buyer.
func notListed(ctx context.Context, tx *gorm.DB, r ExchangeRequest) error {
	var n int
	err := tx.WithContext(ctx).Raw(`SELECT count(*) FROM seat_claims WHERE event_id = ? AND seat_id = ? AND status = 'listed'`, r.EventID, r.Seat).Scan(&n).Error
	if err == nil && n > 0 {
		err = ErrSeatsTaken.With("seats", []int{r.Seat})
	}
	return err
}

func (s *seats) Replace(ctx context.Context, tx *gorm.DB, sold, reserved int64) error {
	if err := s.Move(ctx, tx, []int64{sold}, []string{claimSold}, claimReleased); err != nil {
		return err
	}
	n, err := changed(tx.WithContext(ctx), `UPDATE seat_claims SET status = 'sold', swap_of = NULL, replaces = swap_of
		WHERE id = ? AND swap_of = ? AND status IN ('checkout', 'secured')`, reserved, sold)
	if err == nil && n != 1 {
		err = errClaimLost
	}
	return err
}

func (s *seats) Unlist(ctx context.Context, tx *gorm.DB, c ListedClaim, overHolds bool) error {
	s.mu.Lock()
	for _, held := range s.baskets {
		if !overHolds && slices.Contains(held, c.Seat) {
			s.mu.Unlock()
			return ErrSeatsTaken.With("seats", []int{c.Seat})
		}
	}
	s.mu.Unlock()
	err := s.Move(ctx, tx, []int64{c.Claim}, []string{claimListed}, claimSold)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrSeatsTaken.With("seats", []int{c.Seat})
	}
	return err
}

// MayExchange refuses seat 11, as a rule of the house would.
func (s *seats) MayExchange(_ context.Context, _ int64, _, seat int) error {
	if seat == testSeats-1 {
		return fault.New(fault.Conflict, "house-rule", "")
	}
	return nil
}

type syncArgs struct {
	Event  int64
	Claims []int64
}

func (syncArgs) Kind() string { return "seating.sync" }

func (s *seats) SyncJob(event int64, claims []int64) river.JobArgs { return syncArgs{event, claims} }

func (s *seats) Take(_ context.Context, _ int64, place string, claims []Claim, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range claims {
		s.taken[c.Seat] = place
	}
	delete(s.baskets, place)
	return nil
}

func (s *seats) Sync(context.Context, int64, []int64) error { return nil }

func (s *seats) TakenBy(ctx context.Context, event int64, place string) (n int, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT count(*) FROM seat_claims WHERE event_id = ? AND place_key = ? AND status <> 'released' AND swap_of IS NULL`, event, place).Scan(&n).Error
	return n, err
}

func (s *seats) Tell(_ int64, place string, frame any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := frame.(map[string]any); ok {
		s.told = append(s.told, map[string]any{"place": place, "status": m["status"], "slow": m["slow"], "until": m["safe_until"]})
	}
}
