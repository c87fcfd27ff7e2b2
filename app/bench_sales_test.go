package app_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// saleSteps is how long fans spent on each step of a purchase, in all.
type saleSteps struct {
	mu    sync.Mutex
	names []string
	took  map[string]time.Duration
	all   time.Duration
}

// step measures one step of one fan.
func (s *saleSteps) step(name string, work func() error) error {
	begun := time.Now()
	err := work()
	took := time.Since(begun)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.took[name]; !known {
		s.names = append(s.names, name)
	}
	s.took[name] += took
	s.all += took
	return err
}

func (s *saleSteps) String() (text string) {
	for i, name := range s.names {
		if i > 0 {
			text += " · "
		}
		text += fmt.Sprintf("%s %.0f %%", name, 100*s.took[name].Seconds()/s.all.Seconds())
	}
	return text
}

// Whole purchases over HTTP: fans, product, processor, Postgres and Redis share one machine.
func TestBenchSales(t *testing.T) {
	bench := testkit.NewBench(t)
	const fans, workers = 1200, 48
	p := startProcess(t, "FAIRSEAT_LIMITS__PER_NETWORK=0", "FAIRSEAT_LIMITS__PER_IP=0", "FAIRSEAT_LIMITS__PER_PLACE=0")
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", square(t, staff, 2*fans), map[string]any{"Stalls": 5000}, -time.Second, map[string]any{"queue": nil})
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/gala", map[string]any{"queue": map[string]any{"cap": fans}}, nil)
	steps := &saleSteps{took: map[string]time.Duration{}}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	buy := func(n int) error {
		f := newFan(p.base, "gala", fmt.Sprintf("Fan %d", n))
		var order *orderView
		for _, s := range []struct {
			name string
			do   func() error
		}{
			{"join", func() error { return f.join(ctx) }},
			{"go in", func() error {
				if in, err := f.enter(ctx); err != nil || !in {
					return fmt.Errorf("not let in: %v", err)
				}
				return nil
			}},
			{"hold", func() error {
				a, err := f.do("POST", f.path("/holds"), map[string]any{"seats": []int{2 * n}})
				if err == nil && a.Status != http.StatusCreated {
					err = fmt.Errorf("hold: %v", a)
				}
				return err
			}},
			{"order", func() (err error) {
				var a answer
				if order, a, err = f.order(ctx, fmt.Sprintf("fan%d@example.org", n)); err == nil && order == nil {
					err = fmt.Errorf("order: %v", a)
				}
				return err
			}},
			{"pay until the ticket is there", func() error {
				_, err := f.settle(ctx, order, "paid", "paid")
				return err
			}},
		} {
			if err := steps.step(s.name, s.do); err != nil {
				return fmt.Errorf("fan %d, %s: %w", n, s.name, err)
			}
		}
		return nil
	}
	begun := time.Now()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for n := worker; n < fans; n += workers {
				if err := buy(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	rate := fans / time.Since(begun).Seconds()
	bench.Row("whole purchases, from joining to the ticket, on one machine", "-", true, "%.0f paid orders/s; a fan's time: %v", rate, steps)
}
