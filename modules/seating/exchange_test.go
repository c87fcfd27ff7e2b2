package seating

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"fairseat/app/request"
)

// exchange is one exchange in a transaction of its own, with the map told.
func (h *house) exchange(old Claim, seat int, price int64) (got Claim, err error) {
	h.T.Helper()
	err = h.DB.Transaction(func(tx *gorm.DB) error {
		got, err = h.s.Exchange(h.T.Context(), tx, ExchangeRequest{EventID: h.event.ID, Claim: old.ID, Seat: seat, Price: price})
		return err
	})
	if err == nil {
		h.s.syncSoon(h.T.Context(), h.event.ID, []int64{old.ID, got.ID})
	}
	return got, err
}

// Whoever may have one seat may change it: the new claim sits where the old one sat, and the old seat is free.
func TestASoldSeatIsExchangedWithinTheLimit(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":1`)
	h.admit("bob")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	got, err := h.exchange(old, 5, 4000)
	if err != nil {
		t.Fatal(err)
	}
	if h.status(3) != 0 || h.status(5) != 2 || h.set("t:ada")["3"] || !h.set("t:ada")["5"] {
		t.Errorf("seats 3 and 5 are %d and %d", h.status(3), h.status(5))
	}
	var row struct {
		Status             string
		Price, Replaces    int64
		BuyerSlot, OldSlot int
	}
	if err := h.DB.Raw(`SELECT n.status, n.price, n.replaces, n.buyer_slot, o.buyer_slot AS old_slot FROM seat_claims n
		JOIN seat_claims o ON o.id = n.replaces WHERE n.id = ?`, got.ID).Scan(&row).Error; err != nil {
		t.Fatal(err)
	}
	if row.Status != "sold" || row.Price != 4000 || row.Replaces != old.ID || row.BuyerSlot != row.OldSlot {
		t.Errorf("%+v", row)
	}
	if _, err := h.claim("ada", "a@x", 6); !errors.Is(err, ErrBuyerLimit) {
		t.Errorf("a second seat: %v", err)
	}
	// The claim that was given back is nobody's: it cannot be exchanged again.
	if _, err := h.exchange(old, 7, 4000); !errors.Is(err, ErrClaimLost) {
		t.Errorf("a stale claim: %v", err)
	}
	h.mustHold("bob", 3)
	h.checkSeats()
}

// What somebody has, or holds, is taken; what is off sale is refused in words of its own. Nothing changes by a refusal.
func TestAnExchangeTakesNobodysSeat(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("bob")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	h.mustHold("bob", 4)
	h.mustTake("cleo", h.mustClaim("cleo", "c@x", 5))
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{6}, Reason: "camera"}); err != nil {
		t.Fatal(err)
	}
	for seat, want := range map[int]error{4: ErrSeatsTaken, 5: ErrSeatsTaken, 6: ErrSeatOffSale, 16: ErrSeatOffSale, 999: ErrSeatOffSale} {
		if _, err := h.exchange(old, seat, 5000); !errors.Is(err, want) {
			t.Errorf("seat %d: %v", seat, err)
		}
	}
	if h.status(3) != 2 || h.status(4) != 1 || h.status(6) != 3 {
		t.Error("a refused exchange changed something")
	}
	if _, err := h.exchange(old, 2, 5000); err != nil {
		t.Error(err)
	}
	h.checkSeats()
}

// A seat that is paid for first is nobody else's meanwhile, and no limit counts it; then it takes the place of the old one.
func TestAReservedSeatReplacesTheSoldOne(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":2`)
	h.admit("bob")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	reserve := func(seat int) (got Claim, err error) {
		err = h.DB.Transaction(func(tx *gorm.DB) error {
			got, err = h.s.Reserve(t.Context(), tx, ExchangeRequest{EventID: h.event.ID, Claim: old.ID, Seat: seat, Price: 7000})
			return err
		})
		if err == nil {
			h.s.syncSoon(t.Context(), h.event.ID, []int64{got.ID})
		}
		return got, err
	}
	fresh, err := reserve(5)
	if err != nil {
		t.Fatal(err)
	}
	if h.status(3) != 2 || h.status(5) != 1 || h.set("t:ada")["5"] {
		t.Errorf("seats 3 and 5 are %d and %d, ada's: %v", h.status(3), h.status(5), h.set("t:ada"))
	}
	if _, err := h.claim("bob", "b@x", 5); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("the reserved seat: %v", err)
	}
	if _, err := reserve(6); err == nil {
		t.Error("a second one for the same ticket")
	}
	if n, err := h.s.TakenBy(t.Context(), h.event.ID, "ada"); err != nil || n != 1 {
		t.Errorf("ada has %d seats, %v", n, err)
	}
	h.checkSeats()
	second := h.mustClaim("ada", "a@x", 7)[0] // she may have one more
	h.move([]Claim{second}, []string{"checkout"}, "sold")
	replace := func() error {
		return h.DB.Transaction(func(tx *gorm.DB) error { return h.s.Replace(t.Context(), tx, old.ID, fresh.ID) })
	}
	if err := replace(); err != nil {
		t.Fatal(err)
	}
	h.s.syncSoon(t.Context(), h.event.ID, []int64{old.ID, fresh.ID})
	if h.status(3) != 0 || h.status(5) != 2 || !h.set("t:ada")["5"] {
		t.Errorf("seats 3 and 5 are %d and %d", h.status(3), h.status(5))
	}
	if err := replace(); !errors.Is(err, ErrClaimLost) {
		t.Errorf("again: %v", err)
	}
	if _, err := h.claim("ada", "a@x", 6); !errors.Is(err, ErrBuyerLimit) {
		t.Errorf("a third seat: %v", err)
	}
	h.checkSeats()
}
