package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
)

// said is what a page answers to a click, above everything else: Kind is "good", "warn" or "bad".
type said struct{ Kind, Text string }

// refusal is why a click did nothing, with the status that the API would answer.
type refusal struct {
	status int
	words  said
	fault  *fault.Error
}

func (r *refusal) said() *said {
	if r == nil {
		return nil
	}
	return &r.words
}

// header says when trying again is worth it, as the API does.
func (r *refusal) header(c echo.Context) {
	if r != nil && r.fault.RetryAfter > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(r.fault.RetryAfter.Seconds()))))
	}
}

// refusable are the codes that the checkout's pages have words for: "refused.<code>" in their catalogue.
var refusable = map[string]bool{
	"access-code-required": true, "leaves-orphan": true, "companion-seat": true,
	"seats-taken": true, "too-many": true, "none-left": true, "no-such-seat": true, "slow-down": true, "bad-field": true, "ended": true,
	"hold-expired": true, "buyer-limit": true, "bad-buyer": true, "bad-promo": true, "bad-method": true, "bad-billing": true, "invoice-locked": true, "price-changed": true, "payments-down": true, "not-payable": true, "already-paid": true, "offer-over": true, "disputed": true, "swap-paid": true,
}

// refusal puts an error into the words of the checkout's pages; one they have no words for comes back as it is.
func (a *App) refusal(ctx context.Context, eventID int64, err error) (*refusal, error) {
	f := fault.As(err)
	if f == nil || !refusable[f.Code] {
		return nil, err
	}
	pairs, e := a.refusalFacts(ctx, eventID, f)
	if e != nil {
		return nil, e
	}
	text, e := a.pages.Words("checkout").Say(refusalKey(f), pairs...)
	if e != nil {
		return nil, fmt.Errorf("refusal %s: %w", f.Code, e)
	}
	return &refusal{status: statusOf[f.Kind], words: said{"warn", upper(text)}, fault: f}, nil
}

// slowReasons are the reasons of a slow-down that have words of their own: "refused.slow-<reason>".
var slowReasons = map[any]bool{"held-long": true, "just-expired": true, "others-first": true}

func refusalKey(f *fault.Error) string {
	if reason := f.Facts["reason"]; f.Code == "slow-down" && slowReasons[reason] {
		return fmt.Sprint("refused.slow-", reason)
	}
	if wrong, _ := f.Facts["fields"].(fault.Fields); f.Code == "bad-billing" && len(wrong) == 1 && wrong["vat_id"] != "" {
		return "refused.bad-vat-id"
	}
	if _, ok := f.Facts["offer"]; ok {
		return "refused.offered"
	}
	return "refused." + f.Code
}

// refusalFacts are the facts of a refusal as people read them.
func (a *App) refusalFacts(ctx context.Context, eventID int64, f *fault.Error) ([]any, error) {
	say := &speaker{words: a.pages.Words("checkout")}
	switch f.Code {
	case "too-many":
		return []any{"max", f.Facts["max"]}, nil
	case "seats-taken", "leaves-orphan", "companion-seat":
		var pairs []any
		for _, fact := range []string{"seats", "offer", "suggest", "with"} {
			numbers, ok := f.Facts[fact].([]int)
			if !ok {
				continue
			}
			seats, err := a.seating.SeatInfo(ctx, eventID, numbers)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, fact, say.names(seats...))
		}
		return pairs, say.err
	case "slow-down":
		numbers, _ := f.Facts["seats"].([]int)
		seats, err := a.seating.SeatInfo(ctx, eventID, numbers)
		if err != nil {
			return nil, err
		}
		at, err := a.clockOf(ctx, eventID, a.clock.Now().Add(f.RetryAfter+time.Minute)) // rounded up to whole minutes
		return []any{"seats", say.names(seats...), "seconds", int(math.Ceil(f.RetryAfter.Seconds())), "at", at}, cmp.Or(err, say.err)
	case "payments-down":
		until, _ := f.Facts["safe_until"].(clock.Time)
		at, err := a.clockOf(ctx, eventID, time.Time(until))
		return []any{"until", at}, err
	}
	return nil, nil
}

// clockOf is a moment by the clock on the venue's wall: "10:43".
func (a *App) clockOf(ctx context.Context, eventID int64, t time.Time) (string, error) {
	event, err := a.seating.EventByID(ctx, eventID)
	if err != nil {
		return "", err
	}
	return a.pages.Words("checkout").When("layout.clock", t, event.Timezone)
}
