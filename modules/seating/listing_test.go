package seating

import (
	"errors"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/request"
	"fairseat/app/testkit"
)

// unlist takes a listed claim back in a transaction of its own, with the map told.
func (h *house) unlist(c Claim, overHolds bool) error {
	h.T.Helper()
	err := h.DB.Transaction(func(tx *gorm.DB) error {
		return h.s.Unlist(h.T.Context(), tx, ListedClaim{EventID: h.event.ID, Claim: c.ID, Seat: c.Seat}, overHolds)
	})
	if err == nil {
		h.s.syncSoon(h.T.Context(), h.event.ID, []int64{c.ID})
	}
	return err
}

// list gives a sold seat back, to be sold again.
func (h *house) list(c Claim) { h.T.Helper(); h.move([]Claim{c}, []string{statusSold}, statusListed) }

// A seat that was given back is anybody's, and its holder's again only while nobody else chose, pays for or has it.
func TestAListedSeatIsSoldOnceMore(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":1`)
	h.admit("bob")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	h.list(old)
	if h.status(3) != 0 || h.set("t:ada")["3"] {
		t.Fatalf("seat 3 is %d", h.status(3))
	}
	// It still counts for her limit: she may want it back.
	if _, err := h.claim("ada", "a@x", 5); !errors.Is(err, ErrBuyerLimit) {
		t.Errorf("a second seat: %v", err)
	}
	h.mustHold("bob", 3)
	if err := h.unlist(old, false); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("while bob chooses: %v", err)
	}
	theirs := h.mustClaim("bob", "b@x", 3)
	h.mustTake("bob", theirs)
	if err := h.unlist(old, true); !errors.Is(err, ErrSeatsTaken) {
		t.Errorf("while bob pays: %v", err)
	}
	h.move(theirs, []string{"checkout"}, "released")
	if err := h.unlist(old, false); err != nil {
		t.Fatal(err)
	}
	if err := h.b.repair(t.Context()); err != nil || h.status(3) != 2 || !h.set("t:ada")["3"] {
		t.Errorf("taken back: seat 3 is %d, %v", h.status(3), err)
	}
	if err := h.unlist(old, true); !errors.Is(err, ErrClaimLost) {
		t.Errorf("twice: %v", err)
	}
	h.list(old)
	theirs = h.mustClaim("bob", "b@x", 3)
	h.move(theirs, []string{"checkout"}, "sold")
	if n, err := h.s.Listed(t.Context(), h.event.ID); n != 0 || err != nil {
		t.Errorf("%d still on offer, %v", n, err)
	}
	h.move([]Claim{old}, []string{statusListed}, "released")
	if h.status(3) != 2 || !h.set("t:bob")["3"] {
		t.Errorf("resold: seat 3 is %d", h.status(3))
	}
	h.checkSeats()
}

// The last moment does not wait for whoever only chooses: who gets the seat is told.
func TestTheLastMomentWinsOverAHold(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("bob")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	h.list(old)
	h.mustHold("bob", 3)
	if err := h.unlist(old, true); err != nil || h.status(3) != 2 {
		t.Errorf("seat 3 is %d, %v", h.status(3), err)
	}
	h.checkSeats()
}

// What may come back to its holder is not taken off sale, and a map made anew shows it as free.
func TestAListedSeatIsNotBlockedAndSurvivesARebuild(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	h.list(old)
	_, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{2, 3}, Reason: "camera"})
	if !errors.Is(err, ErrSeatsTaken) || h.status(2) != 0 || h.status(3) != 0 {
		t.Errorf("%v", err)
	}
	if n, err := h.s.Listed(t.Context(), h.event.ID); n != 1 || err != nil {
		t.Errorf("%d on offer, %v", n, err)
	}
	h.s.redraw(t.Context(), h.event.ID)
	if found, err := h.s.Audit(t.Context()); err != nil || len(found) > 0 || h.status(3) != 0 {
		t.Errorf("%v, %v: seat 3 is %d", found, err, h.status(3))
	}
	h.checkSeats()
}

// However many want the seat at the moment its holder does, one has it.
func TestOneOfManyGetsAListedSeat(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	old := h.mustClaim("ada", "a@x", 3)[0]
	h.move([]Claim{old}, []string{"checkout"}, "sold")
	for range 8 {
		h.list(old)
		var all sync.WaitGroup
		var back, bob, cleo error
		var bobs, cleos []Claim
		all.Go(func() { back = h.unlist(old, false) })
		all.Go(func() { bobs, bob = h.claim("bob", "b@x", 3) })
		all.Go(func() { cleos, cleo = h.claim("cleo", "c@x", 3) })
		all.Wait()
		got := 0
		for _, err := range []error{back, bob, cleo} {
			if err == nil {
				got++
			} else if !errors.Is(err, ErrSeatsTaken) {
				t.Errorf("%v", err)
			}
		}
		if got != 1 {
			t.Fatalf("%d have the seat", got)
		}
		for _, c := range append(bobs, cleos...) {
			h.move([]Claim{c}, []string{"checkout"}, "released")
		}
		if back != nil {
			if err := h.unlist(old, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.checkSeats()
}

// An exchange sells nothing, so it is no buyer of a seat that was given back, not even in the moment when that happens.
func TestAnExchangeTakesNoListedSeat(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	back, other := h.mustClaim("ada", "a@x", 3)[0], h.mustClaim("bob", "b@x", 5)[0]
	h.move([]Claim{back, other}, []string{statusCheckout}, statusSold)
	reserve := func() error {
		return h.DB.Transaction(func(tx *gorm.DB) error {
			_, err := h.s.Reserve(t.Context(), tx, ExchangeRequest{EventID: h.event.ID, Claim: other.ID, Seat: 3, Price: 7000})
			return err
		})
	}
	exchange := func() error { _, err := h.exchange(other, 3, 4000); return err }
	for name, try := range map[string]func() error{"for nothing": exchange, "for more": reserve} {
		tx := h.DB.Begin()
		if err := h.s.Move(t.Context(), tx, []int64{back.ID}, []string{statusSold}, statusListed); err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 1)
		go func() { got <- try() }()
		testkit.Eventually(t, 20*time.Second, "the exchange waits for the holder", func() bool {
			var n int
			h.DB.Raw(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
			return n > 0
		})
		if err := tx.Commit().Error; err != nil {
			t.Fatal(err)
		}
		if err := <-got; !errors.Is(err, ErrSeatsTaken) {
			t.Errorf("%s, while it is given back: %v", name, err)
		}
		if err := try(); !errors.Is(err, ErrSeatsTaken) {
			t.Errorf("%s: %v", name, err)
		}
		if err := h.unlist(back, false); err != nil {
			t.Fatal(err)
		}
	}
	h.checkSeats()
}
