package queue

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

func always(share float64) func(int64, *simulation) float64 {
	return func(int64, *simulation) float64 { return share }
}

// scenarios are the rows of the table, for a room of so many and a sale of so many minutes.
func scenarios(capacity, minutes int) []scenario {
	many := 2 * int64(capacity) * int64(minutes) // far more than can enter
	steps := func(position int64, _ *simulation) float64 {
		if position/(many/12)%2 == 0 {
			return .2
		}
		return .8
	}
	limit := func(to int) func(*simulation) {
		return func(s *simulation) { s.plan.capacity = to; s.set("cap", to) }
	}
	half := time.Duration(minutes) * time.Minute / 2
	third := time.Duration(minutes) * time.Minute / 3
	base := scenario{capacity: capacity, draw: many, minutes: minutes}
	of := func(name string, change func(*scenario)) scenario {
		s := base
		s.name, s.noShow = name, always(.4)
		change(&s)
		return s
	}
	return []scenario{
		of("no-show 40 %", func(s *scenario) {}),
		of("no-show 80 %", func(s *scenario) { s.noShow = always(.8) }),
		of("20 % <-> 80 % in steps", func(s *scenario) { s.noShow = steps }),
		of("draw 80 % -> tail 20 %", func(s *scenario) {
			s.draw, s.tail = many/5, many
			s.noShow = func(position int64, s *simulation) float64 {
				if position < s.plan.draw {
					return .8
				}
				return .2
			}
		}),
		of("half of no-shows return", func(s *scenario) { s.returning = .5 }),
		of("stays grow 60 % midway", func(s *scenario) {
			s.longer = func(at time.Duration) float64 {
				if at > half {
					return 1.6
				}
				return 1
			}
		}),
		of(fmt.Sprintf("cap %d -> %d -> %d", capacity, capacity*2/5, capacity*8/5), func(s *scenario) {
			s.at = map[time.Duration]func(*simulation){third: limit(capacity * 2 / 5), 2 * third: limit(capacity * 8 / 5)}
		}),
		of("per_minute", func(s *scenario) { s.perMinute = max(1, capacity/8) }),
		of("cap 20", func(s *scenario) { s.capacity, s.draw = 20, 20*int64(minutes) }),
	}
}

const tableHead = "%-26s %6s %6s %8s %7s %8s | %7s %8s %6s %6s | %8s\n"

// row is one sale of the table.
func (o outcome) row(name string, sales int) string {
	within := percent(o.estimates-o.earlier-o.later, o.estimates)
	return fmt.Sprintf("%-26s %5.1f%% %5.0f%% %7.2f%% %6.2f%% %8v | %6.0f%% %7.0f%% %5.0f%% %6.1f | %7.0f%%", name, 100*o.full/float64(sales), 100*o.worstMinute,
		percent(o.refused, o.tried), percent(o.slow, o.tried), o.longest.Round(time.Second), within, percent(o.earlier, o.estimates),
		percent(o.later, o.estimates), median(o.ratios), percent(o.opening-o.openingEarly-o.openingLate, o.opening))
}

// TestSimulate prints the table of the controller and the estimate: make simulate.
func TestSimulate(t *testing.T) {
	if os.Getenv("SIMULATE") == "" {
		t.Skip("make simulate prints the table")
	}
	const seeds = 3
	fmt.Printf(tableHead, "scenario", "full", "worst", "refused", "> 3 s", "longest", "within", "earlier", "later", "ratio", "opening")
	for _, plan := range scenarios(500, 60) {
		sum := outcome{worstMinute: 1}
		for seed := range uint64(seeds) {
			sum = sum.plus(simulate(t, plan, seed).outcome)
		}
		fmt.Println(sum.row(plan.name, seeds))
	}
}

func (o outcome) plus(p outcome) outcome {
	o.full += p.full
	o.tried, o.refused, o.slow, o.longest = o.tried+p.tried, o.refused+p.refused, o.slow+p.slow, max(o.longest, p.longest)
	o.estimates, o.earlier, o.later = o.estimates+p.estimates, o.earlier+p.earlier, o.later+p.later
	o.opening, o.openingEarly, o.openingLate = o.opening+p.opening, o.openingEarly+p.openingEarly, o.openingLate+p.openingLate
	o.worstMinute, o.ratios = min(o.worstMinute, p.worstMinute), append(o.ratios, p.ratios...)
	return o
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(1, whole)) }

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[len(of)/2]
}

// The room is full and never overfull, hardly anybody is called in vain, and four in five estimates hold, whatever the
// crowd does. Measured: 95.9 to 97.8 % full (a cap that staff move: more, for nobody is put out), 0.1 to 3 % refused.
func TestSimulatedSales(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	sum := outcome{worstMinute: 1}
	t.Run("sales", func(t *testing.T) {
		for _, plan := range scenarios(100, 25) {
			t.Run(plan.name, func(t *testing.T) {
				t.Parallel()
				s := simulate(t, plan, 1)
				o := s.outcome
				t.Log(o.row(plan.name, 1))
				limited, small := plan.perMinute > 0, plan.capacity < 50
				if o.overCap > 0 && plan.at == nil {
					t.Errorf("above the cap in %d seconds", o.overCap)
				}
				if !limited && (o.full < .94 || o.worstMinute < .85) {
					t.Errorf("only %.1f %% full, %.0f %% in the worst minute", 100*o.full, 100*o.worstMinute)
				}
				if limited && (o.mostPerM > plan.perMinute || o.entered < plan.perMinute*plan.minutes*85/100) {
					t.Errorf("%d entered, %d in one minute, of %d a minute", o.entered, o.mostPerM, plan.perMinute)
				}
				if refused := percent(o.refused, o.tried); refused > 5 && !small && !limited {
					t.Errorf("%.1f %% refused at first", refused)
				}
				if within := 100 - percent(o.earlier+o.later, o.estimates); within < 55 || o.estimates < 200 {
					t.Errorf("%.0f %% of %d estimates hold", within, o.estimates)
				}
				mu.Lock()
				defer mu.Unlock()
				sum = sum.plus(o)
			})
		}
	})
	if within := 100 - percent(sum.earlier+sum.later, sum.estimates); within < 72 || within > 92 {
		t.Errorf("%.0f %% of all estimates hold; four in five are promised", within)
	}
	if within := 100 - percent(sum.openingEarly+sum.openingLate, sum.opening); within < 70 {
		t.Errorf("%.0f %% of the estimates of the first minute hold", within)
	}
}

// Payments are down for ten minutes: hardly anybody is let in, and afterwards the room fills without a rush.
func TestSimulatedOutageOfPayments(t *testing.T) {
	t.Parallel()
	entered := map[string]int{}
	note := func(what string) func(*simulation) { return func(s *simulation) { entered[what] = s.outcome.entered } }
	down := func(h PaymentHealth) func(*simulation) { return func(s *simulation) { s.neighbours.pay(h) } }
	plan := scenario{name: "outage", capacity: 100, draw: 10_000, minutes: 30, noShow: always(.4), at: map[time.Duration]func(*simulation){
		10 * time.Minute: down(PaymentHealth{Down: true}), 10*time.Minute + 30*time.Second: note("shut"), 20*time.Minute - time.Second: note("reopened"),
		20 * time.Minute: down(PaymentHealth{}), 22 * time.Minute: note("back"), 28 * time.Minute: note("end"),
	}}
	s := simulate(t, plan, 1)
	shut, back, after := entered["reopened"]-entered["shut"], entered["back"]-entered["reopened"], entered["end"]-entered["back"]
	t.Logf("let in: %d in 9.5 min of outage, %d in the 2 min after it, %d in the 6 min after that", shut, back, after)
	if shut > 40 {
		t.Errorf("%d let in while payments are down", shut)
	}
	if back < 60 || back > 200 || after < 150 {
		t.Errorf("%d, then %d let in after the outage", back, after)
	}
	if s.outcome.overCap > 0 {
		t.Error("above the cap")
	}
}

// A house sells out: whoever is let in finds a seat, the last one sells, and what the page says of how many more the
// seats will feed is about right.
func TestSimulatedSellOut(t *testing.T) {
	t.Parallel()
	s := simulate(t, scenario{name: "seats", capacity: 40, draw: 3000, minutes: 100, noShow: always(.4), seats: 600}, 1)
	o := s.outcome
	t.Logf("%d let in, %d of them found no seat, sold out after %v", o.entered, o.wanting, o.soldAt)
	if o.soldAt == 0 || s.house.sold != 600 {
		t.Errorf("%d of 600 sold", s.house.sold)
	}
	if share := percent(o.wanting, o.entered); share > 3 {
		t.Errorf("%.1f %% of those let in found no seat", share)
	}
	told, off := 0, 0
	for _, l := range s.lasts {
		if l.free < 60 || l.free > 500 { // at the end it counts single seats
			continue
		}
		told++
		if truth := float64(s.shown - l.shown); float64(l.lasts) < truth/1.4 || float64(l.lasts) > truth*1.4 {
			off++
		}
	}
	if told < 100 || off > told/5 {
		t.Errorf("how many more the seats feed was wrong %d of %d times", off, told)
	}
}
