package seating

import (
	"context"
	"errors"
	"slices"

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
	shut := e.shutBut(e.lockedOf(room, choice)) // what the fan may choose was asked already
	lost := map[int]bool{}
	for _, n := range gone {
		lost[n] = true
	}
	firm := true            // what is promised to others is left to them
	var promised []int      // as far as the script knows and this replica did not
	insist := func() bool { // rather what somebody was shown than nothing
		for _, n := range promised {
			delete(lost, n)
		}
		more := firm && len(promised) > 0
		firm, promised = false, nil
		return more && b.pull(ctx) == nil // some may rather have gone
	}
	for try := range offerTries {
		if try == offerTries/2 {
			insist()
		}
		if err := b.fresh(ctx); err != nil {
			return nil
		}
		wish := holds.Wish{Place: place}
		picked := b.pick(place, lost, had.Offered, func(free []bool, aside map[int]bool) []int {
			shut.setAside(room, free, aside)
			v := view{e: e, room: room, free: among(free), aside: aside, mine: map[int]bool{}}
			for _, n := range kept {
				v.mine[n] = true
			}
			got := v.instead(choice, kept)
			wish.Free, wish.NotFree = v.witnesses(got, got, had.Seats)
			return got
		})
		if picked.seats == nil {
			if !insist() {
				return nil
			}
			continue
		}
		wish.Seats, wish.Offer, wish.Picked, wish.Locked = picked.seats, true, picked.sure && firm, e.lockedOf(room, picked.seats)
		held, err := b.hold(ctx, e, wish)
		picked.done(held.Version)
		var taken *SeatsTakenError
		switch {
		case err == nil:
			return picked.seats
		case errors.As(err, &taken):
			for _, n := range taken.Seats {
				lost[n] = true
			}
			if wish.Picked {
				promised = append(promised, taken.Seats...)
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
