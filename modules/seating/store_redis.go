package seating

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// holdFrame tells a fan's other tabs what the basket is now.
type holdFrame struct {
	T         string     `json:"t"`
	Seats     []int      `json:"seats"`
	ExpiresAt clock.Time `json:"expires_at"`
}

func newHoldFrame(b holds.Basket) holdFrame {
	return holdFrame{T: "hold", Seats: b.Seats, ExpiresAt: clock.Time(b.Deadline)}
}

// hold runs the script for what a place wishes and tells the fan's other tabs.
func (b *board) hold(ctx context.Context, e *Event, w holds.Wish) (holds.Basket, error) {
	w.Most, w.Life, w.Budgets = e.MaxPerBuyer, time.Duration(e.HoldSeconds)*time.Second, b.s.PerPlace > 0
	var held holds.Basket
	err := b.try(ctx, func(at holds.At) (err error) {
		held, err = b.s.store.Hold(ctx, at, w)
		return err
	})
	if errors.Is(err, ErrTooMany) {
		return held, ErrTooMany.With("max", e.MaxPerBuyer)
	}
	if err != nil {
		return held, err
	}
	b.caused(held.Version)
	b.tell(w.Place, newHoldFrame(held))
	return held, nil
}

func (b *board) read(ctx context.Context, place string, insist bool) (held holds.Basket, err error) {
	err = b.try(ctx, func(at holds.At) (err error) {
		held, err = b.s.store.Basket(ctx, at, place, insist)
		return err
	})
	return held, err
}

func (b *board) release(ctx context.Context, place string, insist bool, seats []int) error {
	var left holds.Basket
	err := b.try(ctx, func(at holds.At) (err error) {
		left, err = b.s.store.Release(ctx, at, place, insist, seats)
		return err
	})
	if err != nil {
		return err
	}
	b.caused(left.Version)
	b.tell(place, newHoldFrame(left))
	return nil
}

func (b *board) expire(ctx context.Context) (freed int, err error) {
	err = b.try(ctx, func(at holds.At) (err error) {
		freed, err = b.s.store.Expire(ctx, at, sweepLimit)
		return err
	})
	if freed > 0 {
		b.ring()
	}
	return freed, err
}

// away turns what a script refused into what a fan is told. What it does not know is a store that
// cannot be asked right now.
func away(err error) error {
	var taken *holds.TakenError
	var slow *holds.SlowError
	var locked *holds.LockedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &taken):
		return &SeatsTakenError{Seats: taken.Seats}
	case errors.As(err, &slow):
		return newSlowError(slow)
	case errors.As(err, &locked):
		return needsCode(locked.Categories...)
	case errors.Is(err, holds.ErrNotAdmitted):
		return ErrNotAdmitted
	case errors.Is(err, holds.ErrLimit):
		return ErrTooMany
	case errors.Is(err, holds.ErrExpired):
		return ErrHoldExpired
	case errors.Is(err, holds.ErrStale):
		return err // whoever believed something judges again
	case fault.As(err) != nil:
		return err
	}
	if re, ok := rueidis.IsRedisErr(err); ok && (strings.HasPrefix(re.Error(), "ERR") || strings.HasPrefix(re.Error(), "WRONGTYPE")) {
		return fmt.Errorf("seat map: %w", err) // a mistake of ours
	}
	return ErrBusy.Wrap(err)
}
