package seating

import (
	"context"
	"slices"
)

// Alike finds free seats that can stand for those of an order whose seats have gone, some or all: for drawn ones what offer
// would hold, as many at the same prices, side by side if they were, the nearest; for an area's place any other of it. gone
// are taken whatever the map says yet. Nil when there are none. Nothing is held: whoever claims them may be too late.
func (s *Service) Alike(ctx context.Context, eventID int64, place string, seats, gone []int) ([]Seat, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return nil, err
	}
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := b.pull(ctx); err != nil {
		return nil, err
	}
	lost := map[int]bool{}
	for _, n := range gone {
		lost[n] = true
	}
	// Only the look at what is free waits for others who choose.
	b.picks.Lock()
	free, aside := b.freeFor(place, lost, nil, true)
	b.picks.Unlock()
	e.shutBut(e.lockedOf(room, seats)).setAside(room, free, aside)
	v := view{e: e, room: room, free: among(free), aside: aside, mine: map[int]bool{}}
	return e.info(room, v.alike(seats)), nil
}

// alike are the seats that stand for others, in the order of their numbers; nil for none.
func (v *view) alike(seats []int) []int {
	var drawn, places []int
	for _, n := range seats {
		if v.e.AreaOf(n) == nil {
			drawn = append(drawn, n)
		} else {
			places = append(places, n)
		}
	}
	var got []int
	if len(drawn) > 0 {
		if slices.ContainsFunc(drawn, func(n int) bool { return v.price(n) < 0 }) {
			return nil // such are not sold any more
		}
		if got = v.instead(drawn, nil); got == nil {
			return nil
		}
	}
	for _, n := range places {
		other := v.placeBeside(n, places, got)
		if other < 0 {
			return nil
		}
		got = append(got, other)
	}
	slices.Sort(got)
	return got
}

// instead are the nearest seats as good as a choice that the house's rules allow.
func (v *view) instead(choice, kept []int) []int {
	return v.room.plan.Instead(choice, kept, v.isFree, v.price, func(seats []int) bool {
		alone, _ := v.companionsAlone(seats)
		orphans, _ := v.room.plan.Orphans(v.e.OrphanRule, v.isFree, v.price, seats)
		return len(alone) == 0 && len(orphans) == 0
	})
}

// placeBeside is the place of an area itself, or another of it that is free and neither wanted nor found already; -1 for
// none. An area that is not on sale any more has none.
func (v *view) placeBeside(n int, wanted, got []int) int {
	a := v.e.AreaOf(n)
	if v.e.Categories[a.Category].Price == nil {
		return -1
	}
	if v.free(n) {
		return n
	}
	for other := a.First; other < a.First+a.Capacity; other++ {
		if v.free(other) && !slices.Contains(wanted, other) && !slices.Contains(got, other) {
			return other
		}
	}
	return -1
}
