package seating

import (
	"context"
	"time"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// What a change of a basket can be refused for.
var (
	ErrNotAdmitted = fault.New(fault.Forbidden, "not-admitted", "You are not inside the sale right now. Take your turn first.")
	ErrSeatsTaken  = fault.New(fault.Conflict, "seats-taken", "Somebody else has these seats; see seats. Choose others.")
	ErrTooMany     = fault.New(fault.Invalid, "too-many", "That is more than one person may have at this event; see max.")
	ErrNoSuchSeat  = fault.New(fault.NotFound, "no-such-seat", "The plan has no such seat.")
	ErrNoneLeft    = fault.New(fault.Conflict, "none-left", "There are not so many free seats of that kind any more.")
	ErrHoldExpired = fault.New(fault.Conflict, "hold-expired", "Your time ran out and the seats went back.")
	ErrBusy        = fault.New(fault.Unavailable, "busy",
		"The seat map cannot answer right now. Your seats are safe and so is your place; try again in a few seconds.").After(2 * time.Second)
)

// SeatsTakenError is ErrSeatsTaken with the seats that are the matter.
type SeatsTakenError struct{ Seats []int }

func (e *SeatsTakenError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the fault to answer with.
func (e *SeatsTakenError) Unwrap() error { return ErrSeatsTaken.With("seats", e.Seats) }

// Basket is what a place holds: under one clock, started by the first seat, which nothing the fan does extends.
type Basket struct {
	Seats     []Seat
	Total     int64
	Currency  string
	ExpiresAt time.Time // zero when nothing is held
	Version   int64     // of the map right after
}

// PlaceHold adds seats to a place's basket: all of them, or *SeatsTakenError. Seats already its own are fine.
func (s *Service) PlaceHold(ctx context.Context, eventID int64, place string, seats []int) (Basket, error) {
	e, b, room, err := s.onSale(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	var off []int
	for _, n := range seats {
		if n < 0 || n >= e.SeatsTotal {
			return Basket{}, ErrNoSuchSeat.With("seats", []int{n})
		}
		if e.Categories[room.house[n]].Price == nil {
			off = append(off, n)
		}
	}
	if len(off) > 0 {
		return Basket{}, &SeatsTakenError{Seats: off}
	}
	basket, err := b.hold(ctx, e, place, seats)
	if err != nil {
		return Basket{}, err
	}
	return s.basket(ctx, e, basket)
}

// Basket reads what a place holds; ErrNotAdmitted when it is not inside.
func (s *Service) Basket(ctx context.Context, eventID int64, place string) (Basket, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	held, err := b.read(ctx, place, true)
	if err != nil {
		return Basket{}, err
	}
	return s.basket(ctx, e, held)
}

// Release gives seats back, the whole basket when none is named. Seats the place does not hold are passed over.
func (s *Service) Release(ctx context.Context, eventID int64, place string, seats ...int) error {
	_, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return err
	}
	return b.release(ctx, place, true, seats)
}

// ReleaseAll gives back all that a place holds; its admission has ended.
func (s *Service) ReleaseAll(ctx context.Context, eventID int64, place string) error {
	return s.board(eventID).release(ctx, place, false, nil)
}

// Pin makes sure that everything in a place's basket is still its own and stays so for at least d, long enough to be
// claimed; ErrHoldExpired when nothing is held any more.
func (s *Service) Pin(ctx context.Context, eventID int64, place string, d time.Duration) (Basket, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	var held holds.Basket
	err = b.try(ctx, func(at holds.At) (err error) {
		held, err = s.store.Pin(ctx, at, place, d)
		return err
	})
	if err != nil {
		return Basket{}, err
	}
	return s.basket(ctx, e, held)
}

// onSale is what every new hold needs to know, and refuses when the sale is over.
func (s *Service) onSale(ctx context.Context, eventID int64) (*Event, *board, *room, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return nil, nil, nil, err
	}
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return nil, nil, nil, err
	}
	if s.phase(ctx, e) == phaseEnded {
		return nil, nil, nil, ErrEnded
	}
	return e, b, room, nil
}

// basket dresses what is held with labels and prices.
func (s *Service) basket(ctx context.Context, e *Event, held holds.Basket) (Basket, error) {
	seats, err := s.SeatInfo(ctx, e.ID, held.Seats)
	if err != nil {
		return Basket{}, err
	}
	out := Basket{Seats: seats, Currency: e.Currency, ExpiresAt: held.Deadline, Version: held.Version}
	for _, seat := range seats {
		out.Total += seat.Price
	}
	return out, nil
}
