package seating

import (
	"testing"
	"time"

	"fairseat/app/request"
	"fairseat/app/testkit"
)

// A sponsor's stand of 20,000 seats is blocked and released in one request each; the map shows it when the request ends.
func TestBenchBlock(t *testing.T) {
	b := testkit.NewBench(t)
	h := open(t, 200, 500, "")
	seats := make([]int, 20_000)
	for i := range seats {
		seats[i] = 10_000 + i
	}
	began := time.Now()
	made, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: seats, Reason: "sponsor"})
	if err != nil {
		t.Fatal(err)
	}
	blocked := time.Since(began)
	if h.status(10_000) != 3 || h.status(29_999) != 3 || h.status(30_000) != 0 {
		t.Fatal("the map does not show it")
	}
	began = time.Now()
	if _, _, err := h.s.Unblock(t.Context(), request.Staff{}, "", h.event.ID, made.ID, nil); err != nil {
		t.Fatal(err)
	}
	released := time.Since(began)
	if h.status(10_000) != 0 || h.status(29_999) != 0 {
		t.Fatal("the map does not show that they are back")
	}
	b.Row("blocking 20,000 seats of 100,000 at once", "< 3 s", blocked < 3*time.Second, "%d ms", blocked.Milliseconds())
	b.Row("putting them back on sale", "< 3 s", released < 3*time.Second, "%d ms", released.Milliseconds())
	h.checkSeats()
}
