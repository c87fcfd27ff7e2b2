package seating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

func TestFromHoldToSoldAndBack(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	h.mustHold("ada", 3, 4)
	claims := h.mustClaim("ada", "a@x", 4, 3)
	if len(claims) != 2 || claims[0].Seat != 3 || claims[1].Seat != 4 {
		t.Fatalf("claims %+v", claims)
	}
	h.mustTake("ada", claims)
	if n, err := h.s.Holding(t.Context(), h.event.ID, "ada"); n != 0 || err != nil {
		t.Errorf("still holding %d, %v", n, err)
	}
	if c, _ := h.s.Counts(t.Context(), h.event.ID); c.Paying != 2 || c.Held != 0 || h.status(3) != 1 {
		t.Errorf("in checkout: %+v", c)
	}
	if !h.set("payers")["ada"] || h.set("holders")["ada"] || !h.set("chose")["ada"] {
		t.Error("the sets do not say that ada pays")
	}
	// A day later the claim is still there: its clock is the order's.
	h.Clock.Advance(24 * time.Hour)
	h.sweep()
	h.admit("bob")
	if _, err := h.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{3}); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("a claimed seat: %v", err)
	}
	h.move(claims, []string{"checkout"}, "secured")
	h.move(claims[:1], []string{"secured"}, "sold")
	if !h.set("payers")["ada"] {
		t.Error("one of two is sold, and ada pays no more")
	}
	h.move(claims[1:], []string{"checkout", "secured"}, "sold")
	if c, _ := h.s.Counts(t.Context(), h.event.ID); c.Sold != 2 || h.status(4) != 2 || h.set("payers")["ada"] {
		t.Errorf("sold: %+v", c)
	}
	h.move(claims, []string{"sold"}, "released")
	if h.status(3) != 0 || len(h.set("t:ada")) != 0 {
		t.Error("a refunded seat is not free")
	}
	h.mustHold("bob", 3)
	h.checkSeats()
}

// Paying wins over a hold that came in between, and whoever held is told by the seat's absence.
func TestTakeOverridesAHold(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	h.mustHold("bob", 1, 2)
	claims := h.mustClaim("ada", "a@x", 2)
	h.mustTake("ada", claims)
	b, err := h.s.Basket(t.Context(), h.event.ID, "bob")
	if err != nil || !slices.Equal(numbers(b), []int{1}) {
		t.Errorf("bob has %+v, %v", b, err)
	}
	// Bob pays too: only what is his.
	if _, err := h.claim("bob", "b@x", 1, 2); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("%v", err)
	}
	h.mustTake("bob", h.mustClaim("bob", "b@x", 1))
	h.checkSeats()
}

// A claim that is over cannot free a seat that a later claim has, however late its message comes.
func TestUntakeWithAStaleClaimDoesNothing(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	h.admit("ada", "bob")
	old := h.mustClaim("ada", "a@x", 5)
	h.mustTake("ada", old)
	h.move(old, []string{"checkout"}, "released")
	young := h.mustClaim("bob", "b@x", 5)
	h.mustTake("bob", young)
	before := h.status(5)
	for range 2 {
		if err := h.s.Sync(t.Context(), h.event.ID, []int64{old[0].ID}); err != nil {
			t.Fatal(err)
		}
	}
	// And a take that arrives after everything does not bring the old claim back.
	h.mustTake("ada", old)
	if h.status(5) != before || !h.set("t:bob")["5"] || h.set("t:ada")["5"] {
		t.Error("the stale claim did something")
	}
	h.checkSeats()
}

// A take that comes after the sale was told does not make it a checkout again.
func TestSoldIsNotUnsoldByALateTake(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	claims := h.mustClaim("ada", "a@x", 5)
	h.move(claims, []string{"checkout"}, "sold")
	h.mustTake("ada", claims)
	if h.status(5) != 2 {
		t.Errorf("seat 5 is %d", h.status(5))
	}
	h.checkSeats()
}

func TestMoveWantsExactlyItsClaims(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	claims := h.mustClaim("ada", "a@x", 1, 2)
	h.move(claims[:1], []string{"checkout"}, "sold")
	err := h.DB.Transaction(func(tx *gorm.DB) error {
		return h.s.Move(t.Context(), tx, []int64{claims[0].ID, claims[1].ID}, []string{"checkout"}, "secured")
	})
	if !errors.Is(err, ErrClaimLost) {
		t.Fatalf("%v", err)
	}
	if h.move(claims[1:], []string{"checkout"}, "secured"); h.status(2) != 1 {
		t.Error("the rolled back move left something")
	}
	h.checkSeats()
}

// One buyer, fifty tabs, two seats a person: two orders of one seat each go through, whatever the places say.
func TestBuyerLimitUnderFiftyTabs(t *testing.T) {
	t.Parallel()
	h := open(t, 6, 20, `,"max_per_buyer":2`)
	for name, who := range map[string]func(i int) (place, buyer string){
		"one address, many places":  func(i int) (string, string) { return fmt.Sprintf("d%d", i), "ada@x" },
		"one place, many addresses": func(i int) (string, string) { return "t7", fmt.Sprintf("%d@y", i) },
	} {
		base := map[string]int{"one address, many places": 0, "one place, many addresses": 50}[name]
		var got, limited atomic.Int32
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				place, buyer := who(i)
				err := h.DB.Transaction(func(tx *gorm.DB) error {
					order := h.order(tx, place, buyer)
					_, err := h.s.Claim(context.Background(), tx, ClaimRequest{EventID: h.event.ID, OrderID: order, BuyerKey: []byte(buyer), Place: place, Seats: []int{base + i}})
					return err
				})
				switch {
				case err == nil:
					got.Add(1)
				case errors.Is(err, ErrBuyerLimit):
					limited.Add(1)
				default:
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Wait()
		if got.Load() != 2 || limited.Load() != 48 {
			t.Errorf("%s: %d went through, %d refused", name, got.Load(), limited.Load())
		}
	}
	h.checkClaimsOnly()
}

// Thirty orders of overlapping pairs race: no seat twice, no deadlock, and a short order got nothing.
func TestOverlappingClaims(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 20, `,"max_per_buyer":2`)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			buyer := fmt.Sprintf("%d@x", i)
			err := h.DB.Transaction(func(tx *gorm.DB) error {
				order := h.order(tx, "p"+buyer, buyer)
				claims, err := h.s.Claim(context.Background(), tx, ClaimRequest{EventID: h.event.ID, OrderID: order,
					BuyerKey: []byte(buyer), Place: "p" + buyer, Seats: []int{(i + 1) % 10, i % 10}})
				if err == nil && len(claims) != 2 {
					t.Errorf("%d claims", len(claims))
				}
				return err
			})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrSeatsTaken) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	var rows int64
	if err := h.DB.Raw(`SELECT count(*) FROM seat_claims`).Scan(&rows).Error; err != nil || rows != 2*int64(won.Load()) || won.Load() == 0 {
		t.Errorf("%d orders won, %d claims, %v", won.Load(), rows, err)
	}
	h.checkClaimsOnly()
}

// checkClaimsOnly brings the map up to date first: these stories never told it anything.
func (h *house) checkClaimsOnly() {
	h.T.Helper()
	if _, err := h.b.compare(h.T.Context(), h.DB, h.b.at()); err != nil && !strings.Contains(err.Error(), "epoch") {
		h.T.Fatal(err)
	}
	h.checkSeats()
}

// A seat that is not on sale has no row, so nobody can sell it.
func TestClaimOfASeatNotOnSale(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":4`)
	_, err := h.claim("ada", "a@x", 1, 12)
	var taken *SeatsTakenError
	if !errors.As(err, &taken) || !slices.Equal(taken.Seats, []int{12}) {
		t.Errorf("%v", err)
	}
}

// What the code promises the database enforces: each of these goes round the code.
func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":1`)
	claims := h.mustClaim("ada", "a@x", 1)
	order := h.order(h.DB, "bob", "b@x")
	insert := `INSERT INTO seat_claims (event_id, seat_id, order_id, buyer_key, buyer_slot, place_key, place_slot, max_per_buyer, price, status) VALUES `
	values := func(seat int, order uuid.UUID, buyer string, slot int, place, status string) string {
		return fmt.Sprintf("(%d, %d, '%s', '%s', %d, '%s', %d, 1, 4200, '%s')", h.event.ID, seat, order, buyer, slot, place, slot, status)
	}
	ticket := func(claim int64, seat int) string {
		return fmt.Sprintf(`INSERT INTO tickets (id, claim_id, event_id, seat_id, secret) VALUES ('%s', %d, %d, %d, '%s')`,
			uuid.New(), claim, h.event.ID, seat, uuid.New())
	}
	var adasID string
	if err := h.DB.Raw(`SELECT order_id::text FROM seat_claims WHERE id = ?`, claims[0].ID).Scan(&adasID).Error; err != nil {
		t.Fatal(err)
	}
	adas := uuid.MustParse(adasID)
	refused := func(name, sql string) {
		t.Helper()
		if err := h.DB.Exec(sql).Error; err == nil {
			t.Errorf("%s: the database let it pass", name)
		}
	}
	// The same statement without a fault passes, so that what is refused below is refused for its fault.
	control := h.DB.Begin()
	if err := control.Exec(insert + values(2, order, "b@x", 1, "bob", "checkout")).Error; err != nil {
		t.Fatalf("a claim like any other: %v", err)
	}
	control.Rollback()
	refused("a second owner", insert+values(1, order, "b@x", 1, "bob", "checkout"))
	refused("a blocked seat that is claimed", fmt.Sprintf(`INSERT INTO seat_claims (event_id, seat_id, status) VALUES (%d, 1, 'blocked')`, h.event.ID))
	refused("a buyer over the limit", insert+values(2, adas, "a@x", 2, "ada", "checkout"))
	refused("a buyer's slot twice", insert+values(2, adas, "a@x", 1, "ada", "checkout"))
	refused("somebody else's order", insert+values(2, order, "a@x", 1, "bob", "checkout"))
	refused("a seat that does not exist", insert+values(99, order, "b@x", 1, "bob", "checkout"))
	refused("a block with a buyer", insert+values(3, order, "b@x", 1, "bob", "blocked"))
	refused("a claim without an order", fmt.Sprintf(`INSERT INTO seat_claims (event_id, seat_id, status) VALUES (%d, 3, 'checkout')`, h.event.ID))
	refused("a ticket before its claim is sold", ticket(claims[0].ID, 1))
	refused("a claim that changes its seat", fmt.Sprintf(`UPDATE seat_claims SET seat_id = 4 WHERE id = %d`, claims[0].ID))
	h.move(claims, []string{"checkout"}, "sold")
	refused("a sold claim that goes back to checkout", fmt.Sprintf(`UPDATE seat_claims SET status = 'checkout' WHERE id = %d`, claims[0].ID))
	refused("a ticket for another seat", ticket(claims[0].ID, 2))
	if err := h.DB.Exec(ticket(claims[0].ID, 1)).Error; err != nil {
		t.Fatal(err)
	}
	refused("a second valid ticket", ticket(claims[0].ID, 1))
	err := h.DB.Transaction(func(tx *gorm.DB) error {
		return h.s.Move(t.Context(), tx, []int64{claims[0].ID}, []string{"sold"}, "released")
	})
	if err == nil {
		t.Error("a release under a valid ticket: the database let it pass")
	}
	if err := h.DB.Exec(`UPDATE tickets SET status = 'void', claim_status = NULL`).Error; err != nil {
		t.Fatal(err)
	}
	h.move(claims, []string{"sold"}, "released")
	refused("a released claim that comes back", fmt.Sprintf(`UPDATE seat_claims SET status = 'sold' WHERE id = %d`, claims[0].ID))
	h.checkSeats()
}
