package seating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// What a claim can be refused for.
var (
	ErrBuyerLimit = fault.New(fault.Conflict, "buyer-limit",
		"With these seats you would have more than one person may have at this event. Orders under the same address count together.")
	// ErrClaimLost says that not all the claims were in the status they were believed to be in.
	ErrClaimLost = errors.New("a claim is no longer in that status")
)

// A claim ties a seat to an order from "Pay" on, or takes it off sale; its id is the fence of every later write.
//
//	                              listed ─────┐ given back by its holder: the seat is on sale, and the claim no longer live
//	                               ↑  ↓       ↓
//	(none) → checkout → secured → sold ────→ released
//	            └──────────┴───────────────↗    ↑
//	(none) → blocked ───────────────────────────┘
//
// Postgres refuses every other step, a second live claim on a seat, and a release under a valid ticket. A listed claim is
// sold again only while nobody else has a claim on its seat: the index of live claims decides. It keeps its slots of the
// limits all the while, for it may come back at any moment.
// A claim with swap_of is wanted instead of a sold one and not the order's yet: it has no limit to keep, nor its place anything
// from it.
const (
	statusCheckout = "checkout"
	statusSecured  = "secured"
	statusSold     = "sold"
	statusListed   = "listed"
	statusBlocked  = "blocked"
	statusReleased = "released"
)

// ClaimRequest ties seats to an order.
type ClaimRequest struct {
	EventID  int64
	OrderID  uuid.UUID
	BuyerKey []byte // who pays, as the limit counts people
	Place    string // who ordered; the limit counts places too
	Seats    []int
	Prices   []int64  // what the buyer pays for each of Seats; nil: what they cost now
	Opened   []string // categories that the order's code opens, of those that are locked
	Again    bool     // the order had these seats, or such, before: what was locked since does not matter
}

// Claim is one seat tied to an order.
type Claim struct {
	ID   int64
	Seat int
}

// Claim takes seats for an order inside the caller's transaction: all of them in the order of their numbers, or
// *SeatsTakenError, ErrBuyerLimit or ErrAccessCode; after a refusal the transaction must be rolled back. The order's row must exist.
func (s *Service) Claim(ctx context.Context, tx *gorm.DB, r ClaimRequest) ([]Claim, error) {
	tx = tx.WithContext(ctx)
	seats := slices.Clone(r.Seats)
	slices.Sort(seats)
	if seats = slices.Compact(seats); len(seats) == 0 {
		return nil, errors.New("claim: no seats")
	}
	if r.Prices != nil && len(r.Prices) != len(r.Seats) {
		return nil, errors.New("claim: a price for each seat, or none")
	}
	// One buyer's tabs take turns, so that each gets an exact answer; the indexes guard whoever goes round this lock.
	if err := lockBuyer(tx, r); err != nil {
		return nil, err
	}
	sale, err := lockLimit(tx, r.EventID)
	if err != nil {
		return nil, err
	}
	if err := refuseLocked(tx, r, sale.Locked); err != nil {
		return nil, err
	}
	limit := sale.MaxPerBuyer
	buyerSlots, placeSlots, err := freeSlots(tx, r, limit)
	if err != nil {
		return nil, err
	}
	if len(buyerSlots) < len(seats) || len(placeSlots) < len(seats) {
		return nil, ErrBuyerLimit
	}
	claims, err := insertClaims(tx, r, limit, seats, buyerSlots, placeSlots)
	if err != nil {
		return nil, err
	}
	if len(claims) == len(seats) {
		return claims, nil
	}
	// Short: which index refused? Seats that are claimed, or not on sale, decide; else it was a slot.
	if taken, err := notOurs(tx, r.EventID, seats, claims); err != nil {
		return nil, err
	} else if len(taken) > 0 {
		return nil, &SeatsTakenError{Seats: taken}
	}
	return nil, ErrBuyerLimit
}

// Move changes the status of exactly these claims inside the caller's transaction. ErrClaimLost, and nothing may be
// committed, unless all of them were in one of from.
func (s *Service) Move(ctx context.Context, tx *gorm.DB, claims []int64, from []string, to string) error {
	all := slices.Clone(claims)
	slices.Sort(all)
	all = slices.Compact(all)
	res := tx.WithContext(ctx).Exec(`UPDATE seat_claims SET status = ? WHERE id = ANY(?::bigint[]) AND status = ANY(?::text[])`,
		to, ids(all), texts(from))
	if res.Error != nil {
		return fmt.Errorf("move claims to %s: %w", to, res.Error)
	}
	if res.RowsAffected != int64(len(all)) {
		return fmt.Errorf("move %d claims to %s, %d moved: %w", len(all), to, res.RowsAffected, ErrClaimLost)
	}
	return nil
}

// Take makes the map show committed claims: over any hold, whose owner is told, and with the place's admission alive as
// long as it may pay. If it fails the comparison with Postgres does it within seconds.
func (s *Service) Take(ctx context.Context, eventID int64, place string, claims []Claim, until time.Time) error {
	b := s.board(eventID)
	list := make([]holds.Claim, len(claims))
	for i, c := range claims {
		list[i] = holds.Claim{ID: c.ID, Seat: c.Seat, Status: holds.Checkout, Place: place}
	}
	return b.try(ctx, func(at holds.At) error {
		version, err := s.store.Take(ctx, at, until, list)
		b.caused(version)
		return err
	})
}

// Sync reads claims in Postgres and makes the map say the same. Safe to repeat.
func (s *Service) Sync(ctx context.Context, eventID int64, claims []int64) error {
	b := s.board(eventID)
	return b.try(ctx, func(at holds.At) error { return b.write(ctx, s.DB, at, claims, nil) })
}

// TakenBy is how many live claims a place has.
func (s *Service) TakenBy(ctx context.Context, eventID int64, place string) (int, error) {
	var n int
	err := s.DB.WithContext(ctx).Raw(`SELECT count(*) FROM seat_claims WHERE event_id = ? AND place_key = ? AND status <> 'released' AND swap_of IS NULL`,
		eventID, place).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count claims: %w", err)
	}
	return n, nil
}

// HoldKeys are the names of the sets in Redis that tell what a place does; they share the event's hash tag.
type HoldKeys struct {
	Holders string // set of places that hold seats
	Payers  string // set of places with a claim in checkout
	Chose   string // set of places that held anything since they were admitted
	TakenOf string // + place: set of seats its claims have
	// Heartbeat: ms when somebody last looked after the deadlines. More than 3 s ago: they are about to move by the gap,
	// leases too, so nothing may be judged by them before it is young again.
	Heartbeat string
}

// HoldKeys names them for an event.
func (s *Service) HoldKeys(eventID int64) HoldKeys {
	k := s.board(eventID).keys
	return HoldKeys{Holders: k.Name("holders"), Payers: k.Name("payers"), Chose: k.Name("chose"), TakenOf: k.Name("t:"),
		Heartbeat: k.Name("hb")}
}
