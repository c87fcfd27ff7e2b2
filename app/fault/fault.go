// Package fault holds the errors a module shows to a stranger: a kind, a stable code, a sentence, and facts.
// app/problem.go turns them into RFC 9457 problem documents; everything else becomes a 500 without details.
package fault

import (
	"errors"
	"maps"
	"time"
)

// Kind groups faults by what the caller can do about them; app/problem.go maps each to one HTTP status.
type Kind int

// The kinds, each with the status it is answered with.
const (
	Internal     Kind = iota // 500
	Bad                      // 400: the request cannot be read
	Unauthorized             // 401: no or an invalid credential
	Forbidden                // 403
	NotFound                 // 404
	Method                   // 405
	Conflict                 // 409: right in form, wrong at this moment
	Gone                     // 410
	TooLarge                 // 413
	Unsupported              // 415
	Invalid                  // 422: readable, but a value is not acceptable
	TooMany                  // 429, with Retry-After
	Unavailable              // 503, with Retry-After
)

// Error is a fault fit for a stranger. Treat it as immutable: With, Wrap and After return copies.
type Error struct {
	Kind       Kind
	Code       string         // stable, kebab-case: "hold-expired"
	Detail     string         // what happened and what the reader can do
	Facts      map[string]any // further members of the problem document
	RetryAfter time.Duration  // for TooMany and Unavailable
	cause      error
}

// New makes a fault; modules keep theirs in package variables.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Detail
}

// Unwrap gives the cause, which is logged and never shown.
func (e *Error) Unwrap() error { return e.cause }

// Is matches any fault of the same code, so that errors.Is(err, ErrHoldExpired) sees through With and Wrap.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// With adds one fact to the problem document.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Facts = maps.Clone(e.Facts)
	if c.Facts == nil {
		c.Facts = map[string]any{}
	}
	c.Facts[key] = value
	return &c
}

// Say replaces the sentence, for a fault whose words depend on what was sent.
func (e *Error) Say(detail string) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// Wrap keeps the cause for the log.
func (e *Error) Wrap(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After says when a retry is worth it.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// As returns the fault inside err, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Fields is a 422 bad-field under construction: field name → what is wrong with it.
type Fields map[string]string

// ErrBadField is the answer to a value out of range; its fact "fields" names each field and why.
var ErrBadField = New(Invalid, "bad-field", "Some values are not acceptable; see fields.")

// Err is nil when no field was refused.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return ErrBadField.With("fields", f)
}
