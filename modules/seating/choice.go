package seating

import (
	"context"
	"errors"
	"slices"

	"fairseat/app/failpoint"
	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/plan"
)

// judgings is how often a choice is judged before it is let through unjudged: so often the map has changed beside it
// between the judging and the holding. A race may at worst leave an orphan, never refuse for ever.
const judgings = 4

// choose holds a choice if the house's rules allow it. They are judged on this replica's copy of the map; the script then
// makes sure that the seats on which the verdict hung are still as they were. Nobody is refused on an old copy.
func (b *board) choose(ctx context.Context, e *Event, room *room, place string, c Choice) (held holds.Basket, err error) {
	for try := range judgings {
		wish := holds.Wish{Place: place, Seats: c.Seats, InsteadOf: c.InsteadOf, Locked: e.lockedOf(room, c.Seats)}
		if judged := e.OrphanRule != plan.OrphansOff || hasCompanions(room, c.Seats); judged && try < judgings-1 {
			if err := b.judge(ctx, e, room, &wish); err != nil {
				return holds.Basket{}, err
			}
		}
		if held, err = b.hold(ctx, e, wish); !errors.Is(err, holds.ErrStale) {
			failpoint.Hit("K1")
			return held, err
		}
		if err := b.pull(ctx); err != nil {
			return holds.Basket{}, err
		}
	}
	return held, err
}

// judge refuses what the rules forbid, and notes in wish what must stay true until it is held.
func (b *board) judge(ctx context.Context, e *Event, room *room, wish *holds.Wish) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	held, err := b.read(ctx, wish.Place, true)
	if err != nil {
		return err
	}
	refusal := b.ruling(e, room, held, wish)
	if refusal == nil {
		return nil
	}
	// The copy may be a moment old. What is refused is refused on the newest.
	if err := b.pull(ctx); err != nil {
		return err
	}
	return b.ruling(e, room, held, wish)
}

// ruling holds a choice against the rules, as the map is known here.
func (b *board) ruling(e *Event, room *room, held holds.Basket, wish *holds.Wish) error {
	v := view{e: e, room: room, free: b.mirror.FreeAmong(room.plan.Around(wish.Seats)), mine: map[int]bool{}, back: map[int]bool{}}
	for _, n := range held.Seats {
		v.mine[n] = true
	}
	for _, n := range slices.Concat(wish.InsteadOf, held.Offered) {
		if v.mine[n] && !slices.Contains(wish.Seats, n) {
			v.mine[n], v.back[n] = false, true
		}
	}
	var fresh, more []int
	for _, n := range wish.Seats {
		switch {
		case v.mine[n]:
			more = append(more, n)
		case v.isFree(n):
			fresh = append(fresh, n)
		default:
			// Gone, as far as is known here; if not, the script says so and it is judged again.
			wish.Free, wish.NotFree = nil, []int{n}
			return nil
		}
	}
	if len(v.kept())+len(fresh) > e.MaxPerBuyer {
		return nil // too many, which the script says with what was bought counted too
	}
	if alone, with := v.companionsAlone(wish.Seats); len(alone) > 0 {
		return ErrCompanionSeat.With("seats", alone).With("with", with)
	}
	if orphans, suggest := room.plan.Orphans(e.OrphanRule, v.isFree, v.price, fresh); len(orphans) > 0 {
		return ErrLeavesOrphan.With("seats", orphans).With("suggest", slices.Concat(more, suggest))
	}
	wish.Free, wish.NotFree = v.witnesses(wish.Seats, fresh, held.Seats)
	return nil
}

// view is the map as one fan's choice finds it.
type view struct {
	e    *Event
	room *room
	free func(n int) bool
	mine map[int]bool // in the fan's basket, and stays there
	back map[int]bool // given back by the fan in the same step, so as good as free
	// aside are seats that count as gone and are free on the map: the house keeps them for somebody else.
	aside map[int]bool
}

func (v *view) isFree(n int) bool { return v.back[n] || v.free(n) }

// price is what a drawn seat costs; -1 when it is not on sale.
func (v *view) price(n int) int64 {
	drawn := v.room.plan.Seat(n)
	if drawn == nil || v.e.Categories[drawn.Category].Price == nil {
		return -1
	}
	return *v.e.Categories[drawn.Category].Price
}

// kept are the fan's seats that stay.
func (v *view) kept() (seats []int) {
	for n, stays := range v.mine {
		if stays {
			seats = append(seats, n)
		}
	}
	return seats
}

// companionsAlone are those of the seats that may only be had with an accessible seat, and that seat: it is still free, and
// neither chosen too nor the fan's already. One that somebody else has sets its companions free. What the fan has already
// may stay, but not without the accessible seat that it came with.
func (v *view) companionsAlone(seats []int) (alone, with []int) {
	for _, n := range seats {
		drawn := v.room.plan.Seat(n)
		if drawn == nil || drawn.CompanionOf < 0 || v.mine[n] && !v.back[drawn.CompanionOf] {
			continue
		}
		if of := drawn.CompanionOf; v.isFree(of) && !v.mine[of] && !slices.Contains(seats, of) {
			alone, with = append(alone, n), append(with, of)
		}
	}
	slices.Sort(with)
	return alone, slices.Compact(with)
}

// witnesses are the seats on which the verdict hangs: they must be free, or must not be. held are the fan's own, which only
// the fan changes.
func (v *view) witnesses(seats, fresh, held []int) (free, notFree []int) {
	if v.e.OrphanRule != plan.OrphansOff {
		free, notFree = v.room.plan.Witnesses(v.isFree, fresh)
	}
	for _, n := range seats {
		if drawn := v.room.plan.Seat(n); drawn != nil && drawn.CompanionOf >= 0 && !slices.Contains(seats, drawn.CompanionOf) {
			notFree = append(notFree, drawn.CompanionOf)
		}
	}
	// What is not on sale never becomes free, and the script does not know of it.
	forget := func(n int) bool { return slices.Contains(held, n) || v.price(n) < 0 }
	// Nor does it know of what only this replica counts as gone.
	notGone := func(n int) bool { return v.isFree(n) || v.aside[n] }
	return slices.DeleteFunc(free, forget), slices.DeleteFunc(notFree, func(n int) bool { return forget(n) || notGone(n) })
}

func hasCompanions(room *room, seats []int) bool {
	return slices.ContainsFunc(seats, func(n int) bool {
		drawn := room.plan.Seat(n)
		return drawn != nil && drawn.CompanionOf >= 0
	})
}

// withCompanions adds to accessible seats the seats bound to them.
func withCompanions(room *room, seats []int) []int {
	out := slices.Clone(seats)
	for _, n := range seats {
		for _, with := range room.plan.Companions(n) {
			if !slices.Contains(out, with) {
				out = append(out, with)
			}
		}
	}
	return out
}
