package seating

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"fairseat/modules/seating/internal/holds"
)

// lockBuyer makes the buyer's and the place's other transactions of this event wait for this one's end. Always buyer
// before place: two that lock in the same order cannot wait for one another.
func lockBuyer(tx *gorm.DB, r ClaimRequest) error {
	for _, who := range []string{"buyer " + hex.EncodeToString(r.BuyerKey), "place " + r.Place} {
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended(?, ?))`, "fairseat claim "+who, r.EventID).Error; err != nil {
			return fmt.Errorf("claim: lock: %w", err)
		}
	}
	return nil
}

// saleRow is what Postgres says of an event on sale: the limit of a buyer, which claims carry, and the locked categories.
type saleRow struct {
	MaxPerBuyer int
	Locked      string
}

// lockLimit reads it, and keeps the limit from being changed until the transaction ends.
func lockLimit(tx *gorm.DB, eventID int64) (saleRow, error) {
	var rows []saleRow
	if err := tx.Raw(`SELECT max_per_buyer, locked::text AS locked FROM events WHERE id = ? FOR KEY SHARE`, eventID).Scan(&rows).Error; err != nil {
		return saleRow{}, fmt.Errorf("claim: read limit: %w", err)
	}
	if len(rows) == 0 {
		return saleRow{}, ErrNoSuchEvent
	}
	return rows[0], nil
}

// freeSlots are the numbers 1..limit that no live claim of the buyer, and of the place, has. Each live claim has one of
// either, so the limit is a unique index and no counter that could drift.
func freeSlots(tx *gorm.DB, r ClaimRequest, limit int) (buyer, place []int, err error) {
	var usedByBuyer, usedByPlace []int
	err = tx.Raw(`SELECT buyer_slot FROM seat_claims WHERE event_id = ? AND buyer_key = ? AND status <> 'released' AND swap_of IS NULL`,
		r.EventID, r.BuyerKey).Scan(&usedByBuyer).Error
	if err == nil {
		err = tx.Raw(`SELECT place_slot FROM seat_claims WHERE event_id = ? AND place_key = ? AND status <> 'released' AND swap_of IS NULL`,
			r.EventID, r.Place).Scan(&usedByPlace).Error
	}
	if err != nil {
		return nil, nil, fmt.Errorf("claim: read slots: %w", err)
	}
	for slot := 1; slot <= limit; slot++ {
		if !slices.Contains(usedByBuyer, slot) {
			buyer = append(buyer, slot)
		}
		if !slices.Contains(usedByPlace, slot) {
			place = append(place, slot)
		}
	}
	return buyer, place, nil
}

// prices are what each of the seats is claimed at; nil, what it costs now.
func (r ClaimRequest) prices(seats []int) amounts {
	out := make(amounts, len(seats))
	for i, seat := range seats {
		if r.Prices != nil {
			out[i] = &r.Prices[slices.Index(r.Seats, seat)]
		}
	}
	return out
}

// insertClaims claims what it can: seats on sale, in the order of their numbers so that two who want the same seats
// meet at the first, and returns what it got.
func insertClaims(tx *gorm.DB, r ClaimRequest, limit int, seats, buyerSlots, placeSlots []int) ([]Claim, error) {
	var got []struct {
		ID     int64
		SeatID int
	}
	err := tx.Raw(`INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status)
		SELECT s.event_id, s.seat_id, ?::uuid, ?::bytea, w.buyer_slot, ?::text, w.place_slot, ?::smallint,
		       coalesce(w.price, s.price), 'checkout'
		FROM unnest(?::int[], ?::smallint[], ?::smallint[], ?::bigint[]) AS w(seat, buyer_slot, place_slot, price)
		JOIN seats s ON s.event_id = ? AND s.seat_id = w.seat
		ORDER BY s.seat_id
		ON CONFLICT DO NOTHING
		RETURNING id, seat_id`,
		r.OrderID, r.BuyerKey, r.Place, limit, ints(seats), ints(buyerSlots[:len(seats)]), ints(placeSlots[:len(seats)]), r.prices(seats), r.EventID).
		Scan(&got).Error
	if err != nil {
		return nil, fmt.Errorf("claim seats: %w", err)
	}
	claims := make([]Claim, len(got))
	for i, g := range got {
		claims[i] = Claim{ID: g.ID, Seat: g.SeatID}
	}
	slices.SortFunc(claims, func(a, b Claim) int { return a.Seat - b.Seat })
	return claims, nil
}

// notOurs are those of the seats that somebody else has a live claim on, or that are not on sale.
func notOurs(tx *gorm.DB, eventID int64, seats []int, ours []Claim) ([]int, error) {
	mine := make(ids, len(ours))
	for i, c := range ours {
		mine[i] = c.ID
	}
	var taken []int
	err := tx.Raw(`SELECT w.seat FROM unnest(?::int[]) AS w(seat)
		WHERE NOT EXISTS (SELECT 1 FROM seats s WHERE s.event_id = ? AND s.seat_id = w.seat)
		   OR EXISTS (SELECT 1 FROM seat_claims c WHERE c.event_id = ? AND c.seat_id = w.seat AND c.status NOT IN ('released','listed')
		              AND c.id <> ALL(?::bigint[]))
		ORDER BY 1`, ints(seats), eventID, eventID, mine).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("claim: find taken seats: %w", err)
	}
	return taken, nil
}

// claimRow is a claim as the map needs it.
type claimRow struct {
	ID       int64
	SeatID   int
	Status   string
	PlaceKey *string
	SwapOf   *int64
}

// forMap gives the claim in the map's words; false for one that takes no seat: released, or listed.
func (r claimRow) forMap() (holds.Claim, bool) {
	c := holds.Claim{ID: r.ID, Seat: r.SeatID}
	if r.PlaceKey != nil && r.SwapOf == nil { // else it would count as one more of the place's
		c.Place = *r.PlaceKey
	}
	switch r.Status {
	case statusCheckout, statusSecured:
		c.Status = holds.Checkout
	case statusSold:
		c.Status = holds.Sold
	case statusBlocked:
		c.Status = holds.Blocked
	default:
		return c, false
	}
	return c, true
}

// liveClaims are all claims of an event that take a seat.
func liveClaims(ctx context.Context, db *gorm.DB, eventID int64) ([]holds.Claim, error) {
	var rows []claimRow
	err := db.WithContext(ctx).Raw(`SELECT id, seat_id, status, place_key, swap_of FROM seat_claims WHERE event_id = ? AND status NOT IN ('released','listed')`,
		eventID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read live claims: %w", err)
	}
	out := make([]holds.Claim, 0, len(rows))
	for _, r := range rows {
		if c, ok := r.forMap(); ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// readClaims reads claims by their ids, whatever their status.
func readClaims(ctx context.Context, db *gorm.DB, claims ids) (map[int64]claimRow, error) {
	var rows []claimRow
	err := db.WithContext(ctx).Raw(`SELECT id, seat_id, status, place_key, swap_of FROM seat_claims WHERE id = ANY(?::bigint[])`, claims).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	out := make(map[int64]claimRow, len(rows))
	for _, r := range rows {
		out[r.ID] = r
	}
	return out, nil
}

// claimsMark changes whenever the live claims of an event do.
func claimsMark(ctx context.Context, db *gorm.DB, eventID int64) (string, error) {
	var m struct{ Alive, Last, Open int64 }
	err := db.WithContext(ctx).Raw(`SELECT count(*) AS alive, coalesce(max(id), 0) AS last,
		count(*) FILTER (WHERE status IN ('checkout', 'secured')) AS open
		FROM seat_claims WHERE event_id = ? AND status NOT IN ('released','listed')`, eventID).Scan(&m).Error
	if err != nil {
		return "", fmt.Errorf("read claims: %w", err)
	}
	return strconv.FormatInt(m.Alive, 10) + "/" + strconv.FormatInt(m.Last, 10) + "/" + strconv.FormatInt(m.Open, 10), nil
}
