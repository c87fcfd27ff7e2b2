package seating

import (
	"context"
	"errors"
	"math/rand/v2"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// AreaPlaces asks for places of an area, whichever are free.
type AreaPlaces struct {
	Area      string // its id
	Quantity  int
	InsteadOf []int // of the fan's own, given back in the same step
}

// spare is how many places more than wanted the script may choose from. Under a crowd the copy of the map is some
// milliseconds old: what has gone since is then passed over in the same step.
const spare = 24

// HoldArea adds places of an area to a place's basket: as many as it asks for, or ErrNoneLeft. A place that may have no
// more, but holds as many of this area already, gets its basket: the answer to its first request was lost.
func (s *Service) HoldArea(ctx context.Context, eventID int64, place string, want AreaPlaces) (Basket, error) {
	e, b, room, err := s.onSale(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	a := e.area(want.Area)
	if a == nil {
		return Basket{}, fault.Fields{"area": "is not the id of an area on sale"}.Err()
	}
	if want.Quantity > e.MaxPerBuyer {
		return Basket{}, ErrTooMany.With("max", e.MaxPerBuyer)
	}
	want.InsteadOf = withCompanions(room, want.InsteadOf)
	return s.holdIn(ctx, e, b, place, a, want)
}

// holdIn holds places of one area.
func (s *Service) holdIn(ctx context.Context, e *Event, b *board, place string, a *Area, want AreaPlaces) (Basket, error) {
	quantity := want.Quantity
	for try := range manyTries {
		look := b.fresh
		if try > 0 {
			look = b.pull // somebody was quicker, so the copy was old
		}
		if err := look(ctx); err != nil {
			return Basket{}, err
		}
		// Everybody looks round from a spot of their own, and so gets places in a row that few others are after.
		places := b.mirror.FreeIn(a.First, a.First+a.Capacity, a.First+rand.IntN(a.Capacity), quantity+spare)
		if len(places) < quantity {
			return s.noPlaces(ctx, e, b, place, a, quantity)
		}
		held, err := b.hold(ctx, e, holds.Wish{Place: place, Seats: places, Some: quantity, InsteadOf: want.InsteadOf, Locked: e.lockedIn(a)})
		var taken *SeatsTakenError
		switch {
		case errors.As(err, &taken):
			continue
		case errors.Is(err, ErrTooMany):
			if basket, ok := s.hasPlaces(ctx, e, b, place, a, quantity); ok {
				return basket, nil
			}
			return Basket{}, err
		case err != nil:
			return Basket{}, err
		}
		return s.basket(ctx, e, held)
	}
	return Basket{}, ErrBusy // there are places, but no getting at them in this crowd
}

// areaFor is the first area that has what is left of a wish for the best when no drawn seats are: all of a party in one.
func (b *board) areaFor(e *Event, category int, want Best, shut shut) *Area {
	for i := range e.Areas {
		a := &e.Areas[i]
		if want.Accessible || (category >= 0 && a.Category != category) || shut.has(a.Category) {
			continue
		}
		if len(b.mirror.FreeIn(a.First, a.First+a.Capacity, a.First, want.Quantity)) == want.Quantity {
			return a
		}
	}
	return nil
}

// noPlaces is the refusal, unless it is the fan who is not let in, or who has the last ones.
func (s *Service) noPlaces(ctx context.Context, e *Event, b *board, place string, a *Area, quantity int) (Basket, error) {
	if _, err := b.read(ctx, place, true); err != nil {
		return Basket{}, err
	}
	if basket, ok := s.hasPlaces(ctx, e, b, place, a, quantity); ok && len(basket.Seats) >= e.MaxPerBuyer {
		return basket, nil
	}
	return Basket{}, ErrNoneLeft
}

// hasPlaces gives the place's basket if it has so many of the area already.
func (s *Service) hasPlaces(ctx context.Context, e *Event, b *board, place string, a *Area, quantity int) (Basket, bool) {
	held, err := b.read(ctx, place, false)
	if err != nil {
		return Basket{}, false
	}
	for _, n := range held.Seats {
		if e.AreaOf(n) == a {
			quantity--
		}
	}
	if quantity > 0 {
		return Basket{}, false
	}
	basket, err := s.basket(ctx, e, held)
	return basket, err == nil
}
