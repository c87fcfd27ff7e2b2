package seating

import (
	"context"
	"slices"

	"fairseat/modules/seating/plan"
)

// maxOthers is how many further choices come with the best.
const maxOthers = 2

// crowded is the part of the free seats that may be promised at a time: one of so many.
const crowded = 4

// others finds further choices for who holds the best now: as many seats, in another zone, at another price, in another row,
// whichever of these there are. Nobody else is shown the same for half a minute.
func (b *board) others(ctx context.Context, e *Event, room *room, place string, want Best, category int, got []int, shut shut) (others [][]Seat) {
	for _, group := range b.promise(ctx, place, b.findOthers(e, room, place, want, category, got, shut)) {
		seats := make([]Seat, 0, len(group))
		for _, n := range group {
			if seat, ok := e.seat(room.plan, n); ok {
				seats = append(seats, seat)
			}
		}
		others = append(others, seats)
	}
	return others
}

func (b *board) findOthers(e *Event, room *room, place string, want Best, category int, got []int, shut shut) (groups [][]int) {
	// Only the look at what is free waits for others who choose. Two may so find the same: it is promised to the quicker.
	b.picks.Lock()
	free, aside := b.freeFor(place, nil, nil, true)
	shut.setAside(room, free, aside)
	promised := len(b.picks.promised)
	b.picks.Unlock()
	counts := b.mirror.Counts()
	if promised*crowded > counts.Free {
		return nil // in a crowd nobody's best may be kept for the sake of somebody's third
	}
	together := sideBySide(room.plan, got)
	zone, _ := room.plan.Where(got[0])
	from, to := zone.Numbers()
	cheap, left := otherPrices(e, e.priceOf(room, got[0]), counts.FreeOf)
	var rows stretches
	rows.add(room.plan, got)
	for _, way := range []struct {
		open bool
		fits func(n int) bool
	}{
		{to-from < room.plan.SeatCount(), func(n int) bool { return n < from || n >= to }},
		{category < 0 && left >= want.Quantity, func(n int) bool { return cheap[room.house[n]] }},
		{true, rows.without},
		{true, rows.without},
	} {
		if !way.open || len(groups) == maxOthers {
			continue
		}
		seats, ok := plan.BestAvailable(room.plan, func(n int) bool { return free[n] && way.fits(n) && e.priceOf(room, n) != nil }, want.Quantity, category, want.Accessible)
		if !ok || together && !sideBySide(room.plan, seats) {
			continue
		}
		groups = append(groups, seats)
		rows.add(room.plan, seats)
		for _, n := range seats {
			free[n] = false
		}
	}
	return groups
}

// otherPrices tells by category whether it is on sale at another price, and how many free seats those have.
func otherPrices(e *Event, price *int64, free []int) (other []bool, left int) {
	other = make([]bool, len(e.Categories))
	for i, c := range e.Categories {
		if c.Price != nil && price != nil && *c.Price != *price {
			other[i] = true
			left += free[i]
		}
	}
	return other, left
}

// stretches are numbers of seats from one up to, not including, another.
type stretches [][2]int

// add takes the rows of seats.
func (s *stretches) add(p *plan.Plan, seats []int) {
	for _, n := range seats {
		if _, row := p.Where(n); s.without(n) {
			first := row.Seats[0].N
			*s = append(*s, [2]int{first, first + len(row.Seats)})
		}
	}
}

func (s *stretches) without(n int) bool {
	for _, r := range *s {
		if n >= r[0] && n < r[1] {
			return false
		}
	}
	return true
}

func sideBySide(p *plan.Plan, seats []int) bool {
	for i := 1; i < len(seats); i++ {
		if !p.Adjacent(seats[i-1], seats[i]) {
			return false
		}
	}
	return slices.IsSorted(seats)
}
