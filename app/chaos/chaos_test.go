// Package chaos breaks the product on purpose, and checks that nobody paid for nothing and nobody lost a seat to a bank.
// See docs/chaos.md.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// result is what came of a seed.
type result struct {
	problems      []string
	hits          map[string]int
	buyers, sold  int
	seats, judged int
	took          time.Duration
}

// play runs a plan on a binary to its end, or to the first problem where that is all one wants to know. spoil is SQL for the seed's database before anything starts.
func play(t *testing.T, p plan, path string, spoil ...string) result {
	stages <- struct{}{}
	t.Cleanup(func() { <-stages })
	st := newStage(t, p, path, spoil...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	random := rand.New(rand.NewPCG(p.seed, 1))
	st.watch = startWatch(ctx, st)
	defer st.watch.end()

	during, calm := context.WithCancel(ctx)
	var side sync.WaitGroup
	side.Go(func() { st.sample(during) })
	side.Go(func() { st.takeBack(during) })
	var crowd []*buyer
	var all sync.WaitGroup
	shopping, closing := context.WithTimeout(ctx, p.coming+p.hold+p.pay+4*time.Second)
	defer closing()
	if p.hasty {
		side.Go(func() {
			for wait(during, 100*time.Millisecond) {
				if st.wrong() {
					closing()
					return
				}
			}
		})
	}
	for n := range p.buyers {
		b := newBuyer(st, n, pick(random, p.mix), rand.New(rand.NewPCG(p.seed, uint64(n)+100)))
		crowd = append(crowd, b)
		after := time.Duration(random.Int64N(int64(p.coming)))
		all.Go(func() {
			if wait(shopping, after) {
				b.live(shopping)
			}
		})
	}
	st.crowd.Store(&crowd)
	struck := st.strikes(shopping)
	all.Wait()
	struck.Wait()
	st.mend()
	calm()
	side.Wait()
	for _, r := range st.replicas {
		if err := r.ready(30 * time.Second); err != nil {
			st.problem("%v", err)
		}
	}
	if !p.hasty || !st.wrong() {
		st.calm(ctx)
	}
	if !p.hasty || !st.wrong() {
		st.check(ctx, crowd)
	}
	res := result{problems: st.problems, hits: st.hits, buyers: p.buyers, took: time.Since(st.begun)}
	for _, r := range st.replicas {
		for name, n := range r.struck() {
			res.hits[name] += n
		}
	}
	_ = st.db.Raw(`SELECT count(*) FROM tickets WHERE status = 'valid'`).Scan(&res.sold).Error
	res.seats = p.rows * p.perRow
	res.judged = len(st.ledger.all)
	if len(res.problems) > 0 && os.Getenv("CHAOS_LOG") != "" {
		for i, r := range st.replicas {
			_ = os.WriteFile(fmt.Sprintf("%s/seed-%d-replica-%d.log", os.Getenv("CHAOS_LOG"), p.seed, i), []byte(r.output()), 0o644)
		}
	}
	return res
}

// strikes lets the plan's faults strike at their times, and each end at its.
func (st *stage) strikes(ctx context.Context) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, s := range st.plan.faults {
		f := troubleNamed(s.name)
		if f.begin == nil {
			continue
		}
		all.Go(func() {
			if !wait(ctx, s.at) {
				return
			}
			st.mu.Lock()
			st.hits[s.name]++
			st.mu.Unlock()
			mend := f.begin(st, s)
			if mend != nil {
				_ = wait(ctx, s.lasts)
				mend()
			}
		})
	}
	return &all
}

// mend is what is left to put right when the storm is over.
func (st *stage) mend() {
	if st.plan.has("C1") {
		st.hits["C1"]++
	}
}

// takeBack is the box office, which returns a ticket now and then.
func (st *stage) takeBack(ctx context.Context) {
	random := rand.New(rand.NewPCG(st.plan.seed, 2))
	for left := 2 + random.IntN(5); left > 0 && wait(ctx, time.Duration(400+random.IntN(900))*time.Millisecond); {
		crowd := st.crowd.Load()
		if crowd == nil {
			continue
		}
		for _, b := range *crowd {
			b.mu.Lock()
			var order *order
			for id, o := range b.seen {
				if !st.returned(id) {
					order = o
				}
			}
			b.mu.Unlock()
			if order == nil || random.IntN(3) > 0 {
				continue
			}
			left--
			st.mu.Lock()
			st.refunds[order.ID] = true
			st.mu.Unlock()
			st.ledger.mayComeBack(b.n, order.seats(), now())
			st.staff.patient(ctx, "POST", "/api/v1/admin/orders/"+order.ID+"/refund", map[string]any{"reason": "Cannot come after all."}, nil)
			break
		}
	}
}

// returned tells whether staff meant to give an order back.
func (st *stage) returned(id string) bool { st.mu.Lock(); defer st.mu.Unlock(); return st.refunds[id] }

func pick(r *rand.Rand, weights map[string]int) string {
	var names []string
	sum := 0
	for name, w := range weights {
		names = append(names, name)
		sum += w
	}
	slices.Sort(names) // a map's order is no seed's
	at := r.IntN(sum)
	for _, name := range names {
		if at -= weights[name]; at < 0 {
			return name
		}
	}
	return names[0]
}
