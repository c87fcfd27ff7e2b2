package provider

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"

	"fairseat/app/clock"
)

const (
	attemptTime  = 3 * time.Second
	breakerDelay = 2 * time.Second
)

// Caller makes calls to a processor: each is tried up to three times, each try for 3 s; when most of the last tries
// failed a breaker opens, and calls fail at once until a probe finds the processor back. Safe for concurrent use.
type Caller struct {
	breaker circuitbreaker.CircuitBreaker[outcome]
	calls   failsafe.Executor[outcome]
	once    failsafe.Executor[outcome] // without retries
	pulse   *pulse
}

// Try is one try of a call. again tells that the processor failed, so that another try is worth it: that counts
// against its health, which an answer we do not like does not.
type Try func(ctx context.Context) (again bool, err error)

type outcome struct {
	again bool
	err   error
}

// NewCaller makes a caller for one processor.
func NewCaller(c clock.Clock) *Caller {
	bad := func(o outcome, err error) bool {
		if err == nil {
			err = o.err
		}
		if errors.Is(err, context.Canceled) {
			return false // whoever asked went away: that says nothing about the processor
		}
		return o.again || (err != nil && o.err == nil) // the latter is our own time limit, or the open breaker
	}
	breaker := circuitbreaker.NewBuilder[outcome]().HandleIf(bad).
		WithFailureThresholdRatio(8, 10).WithSuccessThreshold(1).WithDelay(breakerDelay).Build()
	limit := timeout.New[outcome](attemptTime)
	// Against an open breaker trying again at once is of no use.
	retry := retrypolicy.NewBuilder[outcome]().HandleIf(bad).AbortOnErrors(circuitbreaker.ErrOpen).
		WithMaxRetries(2).WithBackoff(50*time.Millisecond, 400*time.Millisecond).WithJitterFactor(0.5).ReturnLastFailure().Build()
	return &Caller{
		breaker: breaker, pulse: newPulse(c),
		calls: failsafe.With[outcome](retry, breaker, limit),
		once:  failsafe.With[outcome](breaker, limit),
	}
}

// Do makes a call whose repetition has no second effect.
func (c *Caller) Do(ctx context.Context, try Try) error { return c.run(ctx, c.calls, try) }

// Once makes a call without trying again.
func (c *Caller) Once(ctx context.Context, try Try) error { return c.run(ctx, c.once, try) }

func (c *Caller) run(ctx context.Context, policy failsafe.Executor[outcome], try Try) error {
	o, err := policy.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[outcome]) (outcome, error) {
		start := c.pulse.start()
		again, err := try(e.Context())
		if !errors.Is(err, context.Canceled) || ctx.Err() == nil {
			c.pulse.end(start, again)
		}
		return outcome{again, err}, nil
	})
	if err != nil {
		return err
	}
	return o.err
}

// Health is how the last minute went.
func (c *Caller) Health() Health {
	h := c.pulse.read()
	h.Down = !c.breaker.IsClosed()
	h.Retry = c.breaker.RemainingDelay()
	h.Healthy = h.Healthy && !h.Down
	return h
}
