package seating

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
	"fairseat/modules/seating/plan"
)

// Best asks for seats that the house picks.
type Best struct {
	Quantity   int
	Category   string // its id; "" = any
	Accessible bool   // at least one of them
	InsteadOf  []int  // of the fan's own, given back in the same step
	Others     bool   // further choices are wanted too
}

const (
	// manyTries is how often the best seats are picked anew when somebody was quicker; each time knows more than the last.
	manyTries = 40
	// patientTries is after how many of them a place looks elsewhere, because everybody wants the same best seats.
	patientTries = 3
)

// HoldBest adds the best free seats to a place's basket, or answers ErrNoneLeft; of locked categories only what the place
// has opened, ErrAccessCode if it asks for another. A place that may have no more, but
// holds what it asks for already, gets its basket: the answer to its first request was lost.
func (s *Service) HoldBest(ctx context.Context, eventID int64, place string, want Best) (Basket, error) {
	e, b, room, err := s.onSale(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	category := -1
	if want.Category != "" {
		if category = e.category(want.Category); category < 0 {
			return Basket{}, fault.Fields{"best.category": "is not the id of a category"}.Err()
		}
	}
	if want.Quantity > e.MaxPerBuyer {
		return Basket{}, ErrTooMany.With("max", e.MaxPerBuyer)
	}
	shut, err := b.shutTo(ctx, e, place)
	if err != nil {
		return Basket{}, err
	}
	if category >= 0 && shut.has(category) {
		return Basket{}, needsCode(want.Category)
	}
	want.InsteadOf = withCompanions(room, want.InsteadOf)
	lost := map[int]bool{}
	also := want.InsteadOf // what is given back, or makes way, is as good as free
	var offered []int
	var slow *SlowError
	firm := true // what is promised to others is left to them
	for try := range manyTries {
		if err := b.lately(ctx); err != nil {
			return Basket{}, err
		}
		wish := holds.Wish{Place: place, InsteadOf: want.InsteadOf}
		picked := b.pick(place, lost, also, func(free []bool, aside map[int]bool) []int {
			shut.setAside(room, free, aside)
			// The map may not have heard yet that a price was taken away.
			is := among(free)
			open := func(n int) bool { return is(n) && e.priceOf(room, n) != nil }
			v := view{e: e, room: room, free: open, aside: aside}
			var got []int
			if try >= patientTries {
				got, _ = plan.BestAvailable(room.plan, half(open, len(free)), want.Quantity, category, want.Accessible)
			}
			if got == nil {
				got, _ = plan.BestAvailable(room.plan, open, want.Quantity, category, want.Accessible)
			}
			wish.Free, wish.NotFree = v.witnesses(got, got, also)
			return got
		})
		seats := picked.seats
		if seats == nil && offered == nil {
			// The last ones may be those that the house offered this very place.
			held, err := b.read(ctx, place, true)
			if err != nil {
				return Basket{}, err
			}
			offered = held.Offered
			also = slices.Concat(want.InsteadOf, offered)
			// Nor is anybody refused on a copy that is a moment old, or for what is only promised to somebody.
			clear(lost)
			firm = false
			if err := b.pull(ctx); err != nil {
				return Basket{}, err
			}
			continue
		}
		if seats == nil {
			if a := b.areaFor(e, category, want, shut); a != nil {
				return s.holdIn(ctx, e, b, place, a, AreaPlaces{Quantity: want.Quantity, InsteadOf: want.InsteadOf})
			}
		}
		if seats == nil && slow != nil {
			return Basket{}, slow // there are some, and this place may have them in a moment
		}
		if seats == nil {
			return s.noneLeft(ctx, e, b, place, want)
		}
		wish.Seats, wish.Picked, wish.Locked = seats, picked.sure && firm, e.lockedOf(room, seats)
		if try >= patientTries {
			wish.Free, wish.NotFree = nil, nil // in such a crowd rather an orphan than no seats
		}
		held, err := b.hold(ctx, e, wish)
		picked.done(held.Version)
		var taken *SeatsTakenError
		switch {
		case errors.As(err, &slow) && len(slow.Seats) > 0:
			for _, n := range slow.Seats { // for others first, so there are better ones for this place
				lost[n] = true
			}
			continue
		case errors.As(err, &taken):
			for _, n := range taken.Seats {
				lost[n] = true
			}
			continue
		case errors.Is(err, holds.ErrStale):
			if err := b.pull(ctx); err != nil {
				return Basket{}, err
			}
			continue
		case errors.Is(err, ErrTooMany):
			if has, ok := s.has(ctx, e, b, place, want); ok {
				return has, nil
			}
			return Basket{}, err
		case err != nil:
			return Basket{}, err
		}
		basket, err := s.basket(ctx, e, held)
		if err != nil || !want.Others {
			return basket, err
		}
		basket.Others = b.others(ctx, e, room, place, want, category, seats, shut)
		return basket, nil
	}
	return Basket{}, ErrBusy // there are seats, but no getting at them in this crowd
}

// half leaves out some stretches of a house of so many seats, others for everybody.
func half(open func(n int) bool, seats int) func(n int) bool {
	in := make([]bool, seats/8+1)
	for i := range in {
		in[i] = rand.IntN(2) == 0
	}
	return func(n int) bool { return in[n/8] && open(n) }
}

// noneLeft is the refusal, unless it is the fan who is not let in, or who has the last ones.
func (s *Service) noneLeft(ctx context.Context, e *Event, b *board, place string, want Best) (Basket, error) {
	if _, err := b.read(ctx, place, true); err != nil {
		return Basket{}, err
	}
	if has, ok := s.has(ctx, e, b, place, want); ok && len(has.Seats) >= e.MaxPerBuyer {
		return has, nil
	}
	return Basket{}, ErrNoneLeft
}

// has gives the place's basket if it already answers what is wanted.
func (s *Service) has(ctx context.Context, e *Event, b *board, place string, want Best) (Basket, bool) {
	held, err := b.read(ctx, place, false)
	if err != nil {
		return Basket{}, false
	}
	basket, err := s.basket(ctx, e, held)
	if err != nil {
		return Basket{}, false
	}
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return Basket{}, false
	}
	fits, accessible := 0, false
	for _, seat := range basket.Seats {
		if want.Category == "" || seat.Category == want.Category {
			fits++
			if drawn := room.plan.Seat(seat.N); drawn != nil {
				accessible = accessible || drawn.Accessible
			}
		}
	}
	return basket, fits >= want.Quantity && (accessible || !want.Accessible)
}
