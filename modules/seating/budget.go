package seating

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// Holding without buying must not empty a house. While limits.per_place is on, four things bound what one place can do:
// changes a minute; seats held without being bought; a pause for whoever let a basket run out; and a seat that
// came back is for others first. The last three live in the script that holds (internal/holds/lua/budget.lua).

// ErrSlowDown is the refusal of them all; see SlowError for why.
var ErrSlowDown = fault.New(fault.TooMany, "slow-down", "Too many changes in a short time. Your seats are kept; wait a moment.")

// The fact "reason" of slow-down.
const (
	slowChanges  = "changes"
	slowHeldLong = "held-long"
	slowExpired  = "just-expired"
	slowOthers   = "others-first"
)

// SlowError is ErrSlowDown with why, for how long, and the seats that are the matter, if it is about some.
type SlowError struct {
	Reason string
	Wait   time.Duration
	Seats  []int
}

func newSlowError(e *holds.SlowError) *SlowError {
	reason := map[string]string{holds.HeldLong: slowHeldLong, holds.JustExpired: slowExpired, holds.OthersFirst: slowOthers}[e.Why]
	return &SlowError{Reason: reason, Wait: e.Wait, Seats: e.Seats}
}

func (e *SlowError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the fault to answer with.
func (e *SlowError) Unwrap() error {
	f := ErrSlowDown.With("reason", e.Reason).After(e.Wait)
	switch e.Reason {
	case slowHeldLong:
		f = f.Say(fmt.Sprintf("Seats were held for you for a long time and not bought, so others choose first now. You can choose again in %s.", span(e.Wait)))
	case slowExpired:
		f = f.Say(fmt.Sprintf("Your time ran out and the seats went back. You can choose again in %s.", span(e.Wait)))
	case slowOthers:
		f = f.Say(fmt.Sprintf("These seats came back a moment ago and are for others first, for %s more. Choose others, or wait.", span(e.Wait))).
			With("seats", e.Seats)
	}
	return f
}

// span says how long, rounded up, as people say it.
func span(d time.Duration) string {
	one, n, unit := time.Second, int64(0), "second"
	if d > 100*time.Second {
		one, unit = time.Minute, "minute"
	}
	if n = int64((d + one - 1) / one); n != 1 {
		unit += "s"
	}
	return strconv.FormatInt(max(n, 1), 10) + " " + unit
}

// Spend takes one change of a basket from a place's budget; ErrSlowDown when there is none left. Whoever lets a fan choose
// seats asks it first. Giving back is free: what can be given back was held before.
func (s *Service) Spend(ctx context.Context, eventID int64, place string) error {
	wait, err := s.Limits.Take(ctx, "holds:"+strconv.FormatInt(eventID, 10)+":"+place, s.PerPlace)
	if err != nil {
		return err
	}
	if wait > 0 {
		return &SlowError{Reason: slowChanges, Wait: wait}
	}
	return nil
}
