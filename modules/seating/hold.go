package seating

import (
	"context"
	"errors"
	"time"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// What a change of a basket can be refused for.
var (
	ErrNotAdmitted  = fault.New(fault.Forbidden, "not-admitted", "You are not inside the sale right now. Take your turn first.")
	ErrSeatsTaken   = fault.New(fault.Conflict, "seats-taken", "Somebody else has these seats; see seats. Choose others.")
	ErrTooMany      = fault.New(fault.Invalid, "too-many", "That is more than one person may have at this event; see max.")
	ErrNoSuchSeat   = fault.New(fault.NotFound, "no-such-seat", "The plan has no such seat.")
	ErrNoneLeft     = fault.New(fault.Conflict, "none-left", "There are not so many free seats of that kind any more.")
	ErrLeavesOrphan = fault.New(fault.Invalid, "leaves-orphan",
		"That would leave a single seat that nobody can sit beside; see seats. Take those in suggest instead: same row, same price.")
	ErrCompanionSeat = fault.New(fault.Invalid, "companion-seat",
		"These seats belong to wheelchair places; see seats. They can be taken together with those; see with.")
	ErrHoldExpired = fault.New(fault.Conflict, "hold-expired", "Your time ran out and the seats went back.")
	ErrBusy        = fault.New(fault.Unavailable, "busy",
		"The seat map cannot answer right now. Your seats are safe and so is your place; try again in a few seconds.").After(2 * time.Second)
)

// SeatsTakenError is ErrSeatsTaken with the seats that are the matter.
type SeatsTakenError struct {
	Seats []int
	// Offer is held for the place already: the nearest seats as good. It makes way for the place's next hold.
	Offer []int
}

func (e *SeatsTakenError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the fault to answer with.
func (e *SeatsTakenError) Unwrap() error {
	f := ErrSeatsTaken.With("seats", e.Seats)
	if len(e.Offer) > 0 {
		f = f.With("offer", e.Offer)
	}
	return f
}

// Basket is what a place holds: under one clock, started by the first seat, which nothing the fan does extends.
type Basket struct {
	Seats     []Seat
	Offered   []int // those of them that make way for the next hold
	Total     int64
	Currency  string
	ExpiresAt time.Time // zero when nothing is held
	Version   int64     // of the map right after
	// Others are further choices that were asked for with the best: instead of it, not held, and shown to nobody else for
	// half a minute.
	Others [][]Seat
	// Unlocked are the locked categories that the place has opened, where that was asked.
	Unlocked []string
}

// Choice is what a fan wants to hold.
type Choice struct {
	Seats     []int
	InsteadOf []int // of the fan's own, given back in the same step; those not held are passed over
	// Offer says that where somebody was quicker the nearest seats as good are held at once.
	Offer bool
}

// PlaceHold adds seats to a place's basket: all of them, or *SeatsTakenError. Seats already its own are fine.
func (s *Service) PlaceHold(ctx context.Context, eventID int64, place string, seats []int) (Basket, error) {
	return s.Choose(ctx, eventID, place, Choice{Seats: seats})
}

// Choose adds a choice to a place's basket, all of it, or changes nothing: *SeatsTakenError, ErrTooMany, ErrLeavesOrphan,
// ErrCompanionSeat or ErrAccessCode. Offers made to the place before make way unless they are chosen.
func (s *Service) Choose(ctx context.Context, eventID int64, place string, c Choice) (Basket, error) {
	e, b, room, err := s.onSale(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	if err := e.onSale(room, c.Seats); err != nil {
		return Basket{}, err
	}
	c.InsteadOf = withCompanions(room, c.InsteadOf)
	held, err := b.choose(ctx, e, room, place, c)
	var taken *SeatsTakenError
	if c.Offer && errors.As(err, &taken) {
		offer := b.offer(ctx, e, room, place, c.Seats, taken.Seats)
		return Basket{}, &SeatsTakenError{Seats: taken.Seats, Offer: offer}
	}
	if err != nil {
		return Basket{}, err
	}
	return s.basket(ctx, e, held)
}

// priceOf is the price of a seat of the house; nil when it is not on sale.
func (e *Event) priceOf(room *room, n int) *int64 { return e.Categories[room.house[n]].Price }

// onSale refuses seats that are none, and those that have no price.
func (e *Event) onSale(room *room, seats []int) error {
	var off []int
	for _, n := range seats {
		if n < 0 || n >= e.SeatsTotal {
			return ErrNoSuchSeat.With("seats", []int{n})
		}
		if e.priceOf(room, n) == nil {
			off = append(off, n)
		}
	}
	if len(off) > 0 {
		return &SeatsTakenError{Seats: off}
	}
	return nil
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

// Release gives seats back, the whole basket when none is named. Seats the place does not hold are passed over. With an
// accessible seat go its companions.
func (s *Service) Release(ctx context.Context, eventID int64, place string, seats ...int) error {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return err
	}
	if len(seats) > 0 {
		room, err := s.roomOf(ctx, e)
		if err != nil {
			return err
		}
		seats = withCompanions(room, seats)
	}
	return b.release(ctx, place, true, seats)
}

// ReleaseAll gives back all that a place holds; its admission has ended.
func (s *Service) ReleaseAll(ctx context.Context, eventID int64, place string) error {
	return s.board(eventID).release(ctx, place, false, nil)
}

// pinGrace is how long after its own deadline a basket may end for being pinned: some tries to pay, not any number.
const pinGrace = time.Minute

// Pin makes sure that everything in a place's basket is still its own and stays so for at least d, long enough to be
// claimed; ErrHoldExpired when nothing is held any more. Pins together never add more than a minute to a basket's life,
// unless the clock stands because nothing can be paid.
func (s *Service) Pin(ctx context.Context, eventID int64, place string, d time.Duration, clockStands bool) (Basket, error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil {
		return Basket{}, err
	}
	past := pinGrace
	if clockStands {
		past = 0
	}
	var held holds.Basket
	err = b.try(ctx, func(at holds.At) (err error) {
		held, err = s.store.Pin(ctx, at, place, d, past)
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
	room, err := s.roomOf(ctx, e)
	if err != nil {
		return Basket{}, err
	}
	return e.basket(room, held), nil
}

func (e *Event) basket(room *room, held holds.Basket) Basket {
	out := Basket{Seats: e.info(room, held.Seats), Offered: held.Offered, Currency: e.Currency, ExpiresAt: held.Deadline, Version: held.Version}
	for _, seat := range out.Seats {
		out.Total += seat.Price
	}
	return out
}
