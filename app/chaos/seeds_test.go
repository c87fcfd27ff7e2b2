package chaos

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stages is how many storms are played at once: CHAOS_AT_ONCE, else two for each core, because a storm waits more than it
// works.
var stages = make(chan struct{}, max(1, number("CHAOS_AT_ONCE", 2*runtime.NumCPU())))

// abreast runs f for 0 to n-1, as many at once as there are stages.
func abreast(n int, f func(i int)) {
	at := make(chan int)
	var workers sync.WaitGroup
	for range min(n, cap(stages)) {
		workers.Go(func() {
			for i := range at {
				f(i)
			}
		})
	}
	for i := range n {
		at <- i
	}
	close(at)
	workers.Wait()
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// tally is what seeds came to together.
type tally struct {
	begun time.Time
	mu    sync.Mutex
	result
	played, bad int
}

// add counts a seed in and answers how it goes.
func (a *tally) add(r result) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.played++
	if len(r.problems) > 0 {
		a.bad++
	}
	for name, n := range r.hits {
		a.hits[name] += n
	}
	a.sold, a.judged = a.sold+r.sold, a.judged+r.judged
	return a.String()
}

func (a *tally) String() string {
	took := time.Since(a.begun)
	return fmt.Sprintf("%d played in %v, %.0f an hour, %d with violations", a.played, took.Round(time.Second), float64(a.played)/took.Hours(), a.bad)
}

// quickSeeds are part of make test: small crowds, few replicas.
var quickSeeds = []int{27, 61, 79}

// TestChaos plays CHAOS_SEEDS seeds from CHAOS_FROM on, or the one that CHAOS_SEED names; the quick ones otherwise.
func TestChaos(t *testing.T) {
	t.Parallel()
	path, err := sound()
	if err != nil {
		t.Fatal(err)
	}
	seeds := quickSeeds
	if one := number("CHAOS_SEED", 0); one > 0 {
		seeds = []int{one}
	} else if n := number("CHAOS_SEEDS", 0); n > 0 {
		seeds = nil
		for i := range n {
			seeds = append(seeds, number("CHAOS_FROM", 1)+i)
		}
	}
	all := &tally{begun: time.Now(), result: result{hits: map[string]int{}}}
	abreast(len(seeds), func(i int) {
		seed := uint64(seeds[i])
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := planOf(seed)
			r := play(t, p, path)
			verdict := "ok"
			if len(r.problems) > 0 {
				verdict = fmt.Sprintf("%d VIOLATIONS", len(r.problems))
				t.Errorf("CHAOS_SEED=%d repeats this.\n\t%v\n%s", seed, p, strings.Join(r.problems, "\n"))
			}
			so := all.add(r)
			progress("seed %d: %s in %v, %d buyers, %d of %d seats sold, struck by %s (%s)", seed, verdict, r.took.Round(100*time.Millisecond), r.buyers, r.sold, r.seats, struck(r.hits), so)
		})
	})
	var lines []string
	for _, what := range []string{"code", "swap", "dearer swap", "dispute", "offer taken", "offer declined", "transfer", "transfer back", "called off"} {
		lines = append(lines, fmt.Sprintf("%s %d", what, all.hits[what]))
	}
	for _, f := range catalogue {
		lines = append(lines, fmt.Sprintf("%s %d", f.name, all.hits[f.name]))
	}
	progress("%v; %d tickets sold, %d seat histories judged\nhits: %s", all, all.sold, all.judged, strings.Join(lines, ", "))
}

func struck(hits map[string]int) string {
	var all []string
	for name, n := range hits {
		all = append(all, fmt.Sprintf("%s×%d", name, n))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// progress goes to where it is seen while the tests run.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
