package seating

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"fairseat/modules/seating/internal/holds"
)

// offerTries is how often a substitute is looked for when that is gone as well: a crowd wants the same seats.
const offerTries = 8

// offer holds, for a place that was too late for some seats of a choice, the nearest as good, and gives them; nil when
// there are none, or no more may be had. It makes way for the place's next hold, and a repeated request finds the same.
func (b *board) offer(ctx context.Context, e *Event, room *room, place string, choice, gone []int) []int {
	had, err := b.read(ctx, place, false)
	if err != nil {
		return nil
	}
	// What was offered before makes way; what the fan chose stays.
	kept := slices.DeleteFunc(slices.Clone(had.Seats), func(n int) bool { return slices.Contains(had.Offered, n) })
	choice = slices.DeleteFunc(slices.Clone(choice), func(n int) bool { return slices.Contains(kept, n) })
	lost := map[int]bool{}
	for _, n := range gone {
		lost[n] = true
	}
	for range offerTries {
		if err := b.fresh(ctx); err != nil {
			return nil
		}
		wish := holds.Wish{Place: place}
		seats, done := b.pick(lost, had.Offered, func(free []bool) []int {
			v := view{e: e, room: room, free: free, mine: map[int]bool{}}
			for _, n := range kept {
				v.mine[n] = true
			}
			got := room.plan.Instead(choice, kept, v.isFree, v.price, func(seats []int) bool {
				alone, _ := v.companionsAlone(seats)
				orphans, _ := room.plan.Orphans(e.OrphanRule, v.isFree, v.price, seats)
				return len(alone) == 0 && len(orphans) == 0
			})
			wish.Free, wish.NotFree = v.witnesses(got, got, had.Seats)
			return got
		})
		if seats == nil {
			return nil
		}
		wish.Seats, wish.Offer = seats, true
		held, err := b.hold(ctx, e, wish)
		done(held.Version)
		var taken *SeatsTakenError
		switch {
		case err == nil:
			return seats
		case errors.As(err, &taken):
			for _, n := range taken.Seats {
				lost[n] = true
			}
		case errors.Is(err, holds.ErrStale):
			err = b.pull(ctx)
			if err != nil {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

// trying marks a seat that is about to be held.
const trying = math.MaxInt64

// picks are the seats that this replica is choosing for somebody at this moment, so that nobody else is given the same:
// each with the version of the map from which on the mirror shows what became of it.
type picks struct {
	sync.Mutex
	seats map[int]int64
}

// pick lets search choose among the free seats, without those in lost and those being picked for others, with those in
// also. done must be called with the version of the map after the attempt to hold them, 0 if it failed.
func (b *board) pick(lost map[int]bool, also []int, search func(free []bool) []int) (seats []int, done func(version int64)) {
	b.picks.Lock()
	defer b.picks.Unlock()
	shown := b.mirror.Version()
	free := b.mirror.FreeSeats()
	for n, version := range b.picks.seats {
		if version <= shown {
			delete(b.picks.seats, n)
			continue
		}
		free[n] = false
	}
	for _, n := range also {
		free[n] = true
	}
	for n := range lost {
		free[n] = false
	}
	seats = search(free)
	if b.picks.seats == nil {
		b.picks.seats = map[int]int64{}
	}
	for _, n := range seats {
		b.picks.seats[n] = trying
	}
	return seats, func(version int64) {
		b.picks.Lock()
		defer b.picks.Unlock()
		for _, n := range seats {
			if version == 0 {
				delete(b.picks.seats, n)
			} else {
				b.picks.seats[n] = version
			}
		}
	}
}
