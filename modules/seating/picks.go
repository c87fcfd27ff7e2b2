package seating

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"fairseat/modules/seating/internal/holds"
)

// trying marks a seat that is about to be held.
const trying = math.MaxInt64

// promiseFor is how long the further choices of one fan are kept from being given to others.
const promiseFor = 30 * time.Second

// picks are the seats that the house is choosing for somebody at this moment, or has just shown to somebody: others get
// other ones, so that a crowd which wants the same does not fight for it.
type picks struct {
	sync.Mutex
	// seats are those picked here, each with the version of the map from which on the mirror shows what became of it.
	seats map[int]int64
	// promised are the further choices of fans, here or on another replica, by seat; shown the same by place, and no more.
	promised map[int]promise
	shown    map[string][]int
}

type promise struct {
	place string
	until time.Time
}

// pick is what the house has chosen for a place.
type pick struct {
	seats []int
	// sure says that nobody was promised any of them.
	sure bool
	b    *board
}

// pick lets search choose among the free seats, without those in lost and those being picked for others, with those in
// also; such as are promised to others only when there is no other way. search gives nil when it finds none. It is told
// too which of the others are set aside: free on the map, and only not for this place.
func (b *board) pick(place string, lost map[int]bool, also []int, search func(free []bool, aside map[int]bool) []int) pick {
	b.picks.Lock()
	defer b.picks.Unlock()
	p := pick{b: b}
	for _, p.sure = range []bool{true, false} {
		if p.seats = search(b.freeFor(place, lost, also, p.sure)); p.seats != nil || len(b.picks.promised) == 0 {
			break
		}
	}
	for _, n := range p.seats {
		b.picks.seats[n] = trying
	}
	return p
}

// done ends the attempt to hold what was picked, with the version of the map after it; 0 when it failed.
func (p pick) done(version int64) {
	p.b.picks.Lock()
	defer p.b.picks.Unlock()
	for _, n := range p.seats {
		if version == 0 {
			delete(p.b.picks.seats, n)
		} else {
			p.b.picks.seats[n] = version
		}
	}
}

// freeFor are the seats that may be picked for a place, and those it sets aside. The caller has the lock.
func (b *board) freeFor(place string, lost map[int]bool, also []int, sure bool) (free []bool, aside map[int]bool) {
	shown := b.mirror.Version()
	free, aside = b.mirror.FreeSeats(), map[int]bool{}
	setAside := func(n int) {
		if n >= 0 && n < len(free) && free[n] {
			free[n], aside[n] = false, true
		}
	}
	b.picks.begin()
	for n, version := range b.picks.seats {
		if version <= shown {
			delete(b.picks.seats, n)
		} else {
			setAside(n)
		}
	}
	now := b.s.Clock.Now()
	for n, p := range b.picks.promised {
		switch {
		case !p.until.After(now):
			b.picks.unpromise(n)
		case sure && p.place != place:
			setAside(n)
		}
	}
	for _, n := range also {
		if n >= 0 && n < len(free) {
			free[n] = true
			delete(aside, n)
		}
	}
	for n := range lost {
		setAside(n)
	}
	return free, aside
}

// among tells of any number whether it is a free seat.
func among(free []bool) func(n int) bool {
	return func(n int) bool { return n >= 0 && n < len(free) && free[n] }
}

// begin makes the maps; the zero value is ready for it.
func (p *picks) begin() {
	if p.seats == nil {
		p.seats, p.promised, p.shown = map[int]int64{}, map[int]promise{}, map[string][]int{}
	}
}

// promise keeps further choices for one place as well as it can, and gives those that nobody else was promised.
func (b *board) promise(ctx context.Context, place string, groups [][]int) [][]int {
	if len(groups) == 0 {
		return nil
	}
	var kept []bool
	err := b.try(ctx, func(at holds.At) (err error) {
		kept, err = b.s.store.Promise(ctx, at, b.s.replica, place, promiseFor, groups)
		return err
	})
	if err != nil {
		b.s.Log.Debug("no further choices", "event_id", b.id, "error", err)
		return nil
	}
	var mine [][]int
	for i, seats := range groups {
		if kept[i] {
			mine = append(mine, seats)
		}
	}
	b.heardPromise(place, slices.Concat(mine...))
	return mine
}

// heardPromise notes what a place was shown, here or on another replica.
func (b *board) heardPromise(place string, seats []int) {
	b.picks.Lock()
	defer b.picks.Unlock()
	b.picks.begin()
	for _, n := range slices.Concat(b.picks.shown[place], seats) {
		b.picks.unpromise(n)
	}
	if len(seats) == 0 {
		return
	}
	b.picks.shown[place] = seats
	for _, n := range seats {
		b.picks.promised[n] = promise{place, b.s.Clock.Now().Add(promiseFor)}
	}
}

// unpromise forgets a seat's promise, and a place that was promised nothing else.
func (p *picks) unpromise(n int) {
	place := p.promised[n].place
	delete(p.promised, n)
	if left := slices.DeleteFunc(p.shown[place], func(other int) bool { return other == n }); len(left) > 0 {
		p.shown[place] = left
	} else {
		delete(p.shown, place)
	}
}
