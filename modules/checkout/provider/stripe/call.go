package stripe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/stripe/stripe-go/v85"

	"fairseat/modules/checkout/provider"
)

// call makes a call that changes nothing, or has a key of its own.
func (c *Client) call(ctx context.Context, work func(context.Context) error) error {
	return named(c.Do(ctx, func(ctx context.Context) (bool, error) { return sorted(work(ctx)) }))
}

func named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("stripe: %w", err)
}

// generations is how often a call whose outcome Stripe remembers as a failure of its own is made under the next key.
const generations = 3

// keyed makes a call under a key. Stripe keeps the answer to a key for a day, its own failures included: a call that
// failed so would fail for the rest of the day however well Stripe is by then. Only when it says that a failure is a
// kept one, and so is over, the call is made under the next key.
func (c *Client) keyed(ctx context.Context, key string, work func(ctx context.Context, key *string) error) (err error) {
	for n := range generations {
		over, err := c.once(ctx, generation(key, n), work)
		if !over || n == generations-1 {
			return err
		}
	}
	return err
}

func generation(key string, n int) string {
	if n == 0 {
		return key
	}
	return fmt.Sprintf("%s:again-%d", key, n)
}

// once makes a call under one key; over tells that its error is a failure of Stripe's that was kept.
func (c *Client) once(ctx context.Context, key string, work func(ctx context.Context, key *string) error) (over bool, err error) {
	replayed := false
	err = c.call(context.WithValue(ctx, replayMark{}, &replayed), func(ctx context.Context) error { return work(ctx, &key) })
	var s *stripe.Error
	return replayed && errors.As(err, &s) && s.HTTPStatusCode >= 500, err
}

// replays notes in the request's context that an answer is a kept one.
type replays struct{ next http.RoundTripper }

type replayMark struct{}

// RoundTrip makes the request.
func (r *replays) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if mark, ok := req.Context().Value(replayMark{}).(*bool); ok && err == nil {
		*mark = res.Header.Get("Idempotent-Replayed") == "true"
	}
	return res, err
}

// sorted turns an error of Stripe's into a Provider's, and tells whether another try is worth it. What is not a plain no
// is an unknown outcome: it is read back, or repeated under its key.
func sorted(err error) (again bool, _ error) {
	var s *stripe.Error
	switch {
	case err == nil, errors.Is(err, provider.ErrRefused):
		return false, err
	case !errors.As(err, &s):
		return true, err // no answer, or none that can be read
	case s.HTTPStatusCode >= 500, s.HTTPStatusCode == http.StatusTooManyRequests: // a lock timeout is one of the latter
		return true, plain(s)
	case s.HTTPStatusCode == http.StatusNotFound, s.Code == stripe.ErrorCodeResourceMissing:
		return false, provider.ErrUnknownPayment
	case s.HTTPStatusCode == http.StatusConflict, s.Type == stripe.ErrorTypeIdempotency: // the first try is still running, or differs
		return false, plain(s)
	case s.HTTPStatusCode == http.StatusUnauthorized, s.HTTPStatusCode == http.StatusForbidden: // our key, not this payment
		return false, plain(s)
	case s.Code == stripe.ErrorCodePaymentIntentUnexpectedState, s.Code == stripe.ErrorCodeChargeAlreadyCaptured, s.Code == stripe.ErrorCodeChargeExpiredForCapture:
		return false, provider.ErrWrongState
	}
	return false, fmt.Errorf("%w: %w", provider.ErrRefused, plain(s))
}

// plainError is what may be logged and shown to staff of an error: no more than Stripe's code, sentence and request.
type plainError struct{ of *stripe.Error }

func plain(s *stripe.Error) error { return plainError{s} }

// Error is one line.
func (e plainError) Error() string {
	code := string(e.of.Code)
	if code == "" {
		code = string(e.of.Type)
	}
	return fmt.Sprintf("%d %s: %s (request %s)", e.of.HTTPStatusCode, code, e.of.Msg, e.of.RequestID)
}

// Unwrap keeps it a Stripe error to errors.As.
func (e plainError) Unwrap() error { return e.of }

// quiet is the library's log: what matters of it we say ourselves.
type quiet struct{ log *slog.Logger }

// Debugf, Infof, Warnf and Errorf write at the lowest level.
func (q quiet) Debugf(format string, v ...any) { q.write(format, v) }

// Infof is as Debugf.
func (q quiet) Infof(format string, v ...any) { q.write(format, v) }

// Warnf is as Debugf.
func (q quiet) Warnf(format string, v ...any) { q.write(format, v) }

// Errorf is as Debugf.
func (q quiet) Errorf(format string, v ...any) { q.write(format, v) }

func (q quiet) write(format string, v []any) {
	if q.log != nil {
		q.log.Debug("stripe: " + fmt.Sprintf(format, v...))
	}
}
