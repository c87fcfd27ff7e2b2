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
	p = st.plan
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	random := rand.New(rand.NewPCG(p.seed, 1))
	st.watch = startWatch(ctx, st)
	defer st.watch.end()

	during, calm := context.WithCancel(ctx)
	var side sync.WaitGroup
	side.Go(func() { st.sample(during) })
	side.Go(func() { st.takeBack(during) })
	side.Go(func() { st.dispute(during) })
	side.Go(func() { st.callOff(during) })
	clerk, home := context.WithCancel(ctx)
	var office sync.WaitGroup
	office.Go(func() { st.countTransfers(clerk, during) })
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
	home()
	office.Wait()
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
			st.did(s.name)
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
