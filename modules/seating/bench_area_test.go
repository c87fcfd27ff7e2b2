package seating

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/request"
	"fairseat/app/testkit"
)

// Everybody wants the same floor: how many a second get any two of 20,000 places, beside those who ask for two seats by
// their numbers with nobody in the way (who share scripts), and at the end every place is held and none twice.
func TestBenchHotArea(t *testing.T) {
	b := testkit.NewBench(t)
	const fans, places = 8000, 20_000 // the drawn seats are as many
	h := open(t, 20, 1000, onFloor(places)+`,"max_per_buyer":4`)
	names := make([]string, fans)
	for i := range names {
		names[i] = fmt.Sprintf("fan%d", i)
	}
	h.admit(names...)
	if err := h.b.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	measure := func(from, to int, hold func(i int) error) (perSecond float64, refused int) {
		t.Helper()
		var next, no atomic.Int64
		next.Store(int64(from))
		var all sync.WaitGroup
		began := time.Now()
		for range 64 {
			all.Go(func() {
				for i := next.Add(1) - 1; i < int64(to); i = next.Add(1) - 1 {
					switch err := hold(int(i)); {
					case errors.Is(err, ErrNoneLeft):
						no.Add(1)
					case err != nil:
						t.Errorf("fan %d: %v", i, err)
						return
					}
				}
			})
		}
		all.Wait()
		return float64(to-from) / time.Since(began).Seconds(), int(no.Load())
	}
	two := func(i int) error {
		_, err := h.s.HoldArea(t.Context(), h.event.ID, names[i], AreaPlaces{Area: "floor", Quantity: 2})
		return err
	}
	var ratios, speeds []float64
	for turn := range 3 {
		from := turn * 2000
		named, _ := measure(from, from+1000, func(i int) error {
			_, err := h.s.PlaceHold(t.Context(), h.event.ID, names[i], []int{2 * i, 2*i + 1})
			return err
		})
		any, _ := measure(from+1000, from+2000, two)
		ratios, speeds = append(ratios, any/named), append(speeds, any)
	}
	speed := testkit.Median(speeds)
	b.Row("holds of any two places of a hot area", ">= 1,000/s", speed >= 1000, "%.0f/s by the clock; %.2f of two seats by number", speed, testkit.Median(ratios))

	// All but 2,000 places are blocked, and 2,000 fans want two each.
	floor := h.event.area("floor")
	if err := h.b.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	free := h.b.mirror.FreeIn(floor.First, floor.First+places, floor.First, places)
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: free[2000:], Reason: "bench"}); err != nil {
		t.Fatal(err)
	}
	speed, refused := measure(6000, fans, two)
	if err := h.b.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := len(h.b.mirror.FreeIn(floor.First, floor.First+places, floor.First, places))
	b.Row("the last 2,000 of them, two each for 2,000 fans: left over", "0", left == 0 && refused == 1000, "%d; %d told that there are none; %.0f/s", left, refused, speed)
	h.checkSeats()
}
