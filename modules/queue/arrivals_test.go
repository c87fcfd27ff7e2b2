package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// come joins in the background and waits until it stands among those who wait.
func (a *arrivals) come(t *testing.T, ctx context.Context, call joinCall, all *sync.WaitGroup, said *sync.Map, who int) {
	t.Helper()
	a.mu.Lock()
	before := len(a.waiting)
	a.mu.Unlock()
	all.Go(func() {
		p, err := a.join(ctx, call)
		if err != nil {
			said.Store(who, err.Error())
			return
		}
		said.Store(who, p.Key())
	})
	testkit.Eventually(t, time.Second, "waits", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.waiting) > before
	})
}

// While one call is under way five more come, and one of them goes again: the next call serves the four in their order,
// as far as the ceiling lets it, and the rest before anybody who came later.
func TestJoinsShareACallInTheirOrder(t *testing.T) {
	t.Parallel()
	var (
		a       arrivals
		all     sync.WaitGroup
		said    sync.Map
		calls   []int
		index   int64
		entered = make(chan struct{})
		proceed = make(chan int)
	)
	call := func(_ context.Context, waiting int, give func(Place)) error {
		calls = append(calls, waiting)
		entered <- struct{}{}
		for range min(<-proceed, waiting) {
			give(Place{Index: index})
			index++
		}
		return nil
	}
	all.Go(func() {
		p, err := a.join(t.Context(), call)
		said.Store(0, fmt.Sprint(p.Key(), err))
	})
	<-entered // the first is served alone
	gone, leave := context.WithCancel(t.Context())
	for who := 1; who <= 5; who++ {
		ctx := t.Context()
		if who == 3 {
			ctx = gone
		}
		a.come(t, ctx, call, &all, &said, who)
	}
	leave()
	testkit.Eventually(t, time.Second, "the third has gone", func() bool { _, ok := said.Load(3); return ok })
	proceed <- 1
	<-entered
	a.come(t, t.Context(), call, &all, &said, 6)
	proceed <- 2 // the ceiling
	<-entered
	proceed <- 100
	all.Wait()
	for who, want := range map[int]string{0: "d0<nil>", 1: "d1", 2: "d2", 4: "d3", 5: "d4", 6: "d5"} {
		if got, _ := said.Load(who); got != want {
			t.Errorf("%d was given %v, not %s", who, got, want)
		}
	}
	if got := fmt.Sprint(calls); got != "[1 4 3]" {
		t.Errorf("calls for %s", got)
	}
}

func TestAFailedCallIsToldToAllWhoWait(t *testing.T) {
	t.Parallel()
	var a arrivals
	var all sync.WaitGroup
	var said sync.Map
	entered, fail := make(chan struct{}), make(chan error)
	call := func(_ context.Context, waiting int, give func(Place)) error {
		entered <- struct{}{}
		err := <-fail
		if err == nil {
			give(Place{Index: 7})
		}
		return err
	}
	all.Go(func() { _, _ = a.join(t.Context(), call) })
	<-entered
	for who := 1; who <= 3; who++ {
		a.come(t, t.Context(), call, &all, &said, who)
	}
	fail <- nil
	<-entered
	fail <- errors.New("away")
	all.Wait()
	for who := 1; who <= 3; who++ {
		if got, _ := said.Load(who); got != "away" {
			t.Errorf("%d was told %v", who, got)
		}
	}
	// The line is not stuck by it.
	all.Go(func() { <-entered; fail <- nil })
	if p, err := a.join(t.Context(), call); err != nil || p.Index != 7 {
		t.Errorf("afterwards: %+v %v", p, err)
	}
	all.Wait()
}

// Replicas hand out ranges side by side, past many ceilings and over the opening: no index twice, none left out.
func TestRangesOfReplicasDoNotOverlap(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	services := []*Service{k.queue, k.replica(), k.replica()}
	var mu sync.Mutex
	given := map[string]bool{}
	crowd := func(n int) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				p, err := services[i%3].Join(context.Background(), k.id)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || given[p.Key()] {
					t.Errorf("%s twice, or %v", p.Key(), err)
				}
				given[p.Key()] = true
			})
		}
		all.Wait()
	}
	crowd(900)
	k.open()
	crowd(300)
	for i := range 900 {
		if !given[fmt.Sprintf("d%d", i)] {
			t.Fatalf("d%d was given to nobody", i)
		}
	}
	for i := range 300 {
		if !given[fmt.Sprintf("t%d", i)] {
			t.Fatalf("t%d was given to nobody", i)
		}
	}
	k.checkLine()
}
