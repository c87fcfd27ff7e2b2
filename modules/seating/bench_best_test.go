package seating

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/app/testkit"
)

const arenaSeats = 16_000

// arena opens a house of 16,000 seats, half of it sold in parties of one to four, on the wall's clock and with its loops
// running.
func arena(t *testing.T, extra string) *house {
	t.Helper()
	h := openOn(t, testkit.New(t), clock.System{}, 101, 160, extra)
	rng := rand.New(rand.NewPCG(1, 2))
	var sold []int
	for n := 0; n < arenaSeats; {
		party := 1 + rng.IntN(4)
		if rng.IntN(2) == 0 {
			for i := n; i < min(n+party, arenaSeats); i++ {
				sold = append(sold, i)
			}
		}
		n += party
	}
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: sold, Reason: "half of the house"}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.s.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return h
}

// Four of the best of what is left, for as many as ask at the same time: each gives them back for the next.
func TestBenchBest(t *testing.T) {
	bench := testkit.NewBench(t)
	h := arena(t, `,"max_per_buyer":8,"orphan_rule":"lenient"`)
	const fans = 128
	names := make([]string, fans)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	h.admit(names...)
	for what, others := range map[string]bool{
		"best available for 4 in a half-sold house of 16,000, each given back": false,
		"  with two further choices": true,
	} {
		before := h.worked()
		served, slowest := askForBest(t, h, names, Best{Quantity: 4, Others: others})
		rate := float64(served) / (h.worked() - before).Seconds()
		bench.Row(what, ">= 1,000/s", rate >= 1000, "%.0f/s by processor time on one core, Redis included; %.0f/s by the clock, the slowest took %d ms",
			rate, float64(served)/askingFor.Seconds(), slowest.Milliseconds())
	}
	h.checkSeats()
}

// askingFor is how long each crowd of a benchmark asks.
const askingFor = 5 * time.Second

// worked is the processor time that this process and its Redis have taken so far.
func (h *house) worked() time.Duration {
	h.T.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		h.T.Fatal(err)
	}
	spent := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	info, err := h.Redis.Do(h.T.Context(), h.Redis.B().Info().Section("cpu").Build()).ToString()
	if err != nil {
		h.T.Fatal(err)
	}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				h.T.Fatal(err)
			}
			spent += time.Duration(seconds * float64(time.Second))
		}
	}
	return spent
}

// askForBest lets fans ask, and give back, again and again, and tells how many were served, and the longest that anybody
// waited.
func askForBest(t *testing.T, h *house, fans []string, want Best) (total int, slowest time.Duration) {
	t.Helper()
	served, longest := make([]int, len(fans)), make([]time.Duration, len(fans))
	stop := time.Now().Add(askingFor)
	var all sync.WaitGroup
	for i, fan := range fans {
		all.Go(func() {
			for time.Now().Before(stop) {
				started := time.Now()
				if _, err := h.s.HoldBest(t.Context(), h.event.ID, fan, want); err != nil {
					t.Error(err)
					return
				}
				longest[i] = max(longest[i], time.Since(started))
				served[i]++
				if err := h.s.Release(t.Context(), h.event.ID, fan); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, n := range served {
		total += n
	}
	return total, slices.Max(longest)
}
