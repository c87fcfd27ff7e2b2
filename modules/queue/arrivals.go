package queue

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// arrivals are those who wait for an index of one line on this replica. One script call is under way at a time, and
// hands out a range to all who came before it began, in the order in which they came: when thousands come in one
// second, a call costs each of them next to nothing.
type arrivals struct {
	mu      sync.Mutex
	waiting []*arrival
	busy    bool // somebody is giving places out
}

// arrival is one who waits; place and err may be read once done is closed.
type arrival struct {
	gone  atomic.Bool // has given up
	done  chan struct{}
	place Place
	err   error
}

// joinCall gives places to at most so many as wait, in their order; an error is for all of them.
type joinCall func(ctx context.Context, waiting int, give func(Place)) error

// join waits for the next place, two seconds at most. Who gives up before a call begins costs no index; afterwards it
// burns one.
func (a *arrivals) join(ctx context.Context, call joinCall) (Place, error) {
	me := &arrival{done: make(chan struct{})}
	patience := time.NewTimer(joinPatience) // a context of its own costs several times that, and this is the hot path
	defer patience.Stop()
	a.mu.Lock()
	a.waiting = append(a.waiting, me)
	begin := !a.busy
	a.busy = true
	a.mu.Unlock()
	if begin {
		go a.serve(context.WithoutCancel(ctx), call)
	}
	select {
	case <-me.done:
		return me.place, me.err
	case <-ctx.Done():
	case <-patience.C:
	}
	me.gone.Store(true)
	return Place{}, away(cmp.Or(ctx.Err(), context.DeadlineExceeded))
}

// serve calls until nobody waits. It outlives the one who began it, for the others wait for it too.
func (a *arrivals) serve(ctx context.Context, call joinCall) {
	for next := a.present(nil); len(next) > 0; next = a.present(next) {
		callCtx, cancel := context.WithTimeout(ctx, joinPatience)
		err := call(callCtx, len(next), func(p Place) {
			next[0].place = p
			close(next[0].done)
			next = next[1:]
		})
		cancel()
		if err != nil {
			for _, n := range next {
				n.err = err
				close(n.done)
			}
			next = nil
		}
	}
}

// present is everyone who still waits, those that an earlier call left without a place first; with nobody left the
// next one to come begins anew.
func (a *arrivals) present(left []*arrival) []*arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	here := make([]*arrival, 0, len(left)+len(a.waiting))
	for _, group := range [][]*arrival{left, a.waiting} {
		for _, n := range group {
			if !n.gone.Load() {
				here = append(here, n)
			}
		}
	}
	a.waiting = a.waiting[:0]
	a.busy = len(here) > 0
	return here
}
