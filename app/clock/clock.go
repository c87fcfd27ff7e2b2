// Package clock is the one place that reads the wall clock. Deadlines that rule several replicas are read from Redis
// TIME or Postgres now() instead; Fixed lets a test hand both its own time.
package clock

import (
	"strconv"
	"sync"
	"time"
)

// Clock tells the time in UTC.
type Clock interface {
	Now() time.Time
	// Fixed is the test's time, if one was given; production clocks answer false, and the store's own clock is used.
	Fixed() (time.Time, bool)
}

// System is the machine's clock.
type System struct{}

// Now is the machine's time in UTC.
func (System) Now() time.Time { return time.Now().Add(skew).UTC() }

// Fixed is never given.
func (System) Fixed() (time.Time, bool) { return time.Time{}, false }

// Manual is a clock that moves only when told to. Safe for concurrent use.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// NewManual starts at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t.UTC()} }

// Now is the time it was last set or advanced to.
func (m *Manual) Now() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.now }

// Fixed is Now.
func (m *Manual) Fixed() (time.Time, bool) { return m.Now(), true }

// Advance moves the clock forward.
func (m *Manual) Advance(d time.Duration) { m.mu.Lock(); m.now = m.now.Add(d); m.mu.Unlock() }

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) { m.mu.Lock(); m.now = t.UTC(); m.mu.Unlock() }

// RedisArg is the *now* a script gets: Unix milliseconds in a test, else "" and the script reads Redis TIME.
func RedisArg(c Clock) string {
	if t, ok := c.Fixed(); ok {
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return ""
}

// SQLArg is the *now* a statement gets as coalesce(?::timestamptz, now()): the test's time, else nil.
func SQLArg(c Clock) *time.Time {
	if t, ok := c.Fixed(); ok {
		return &t
	}
	return nil
}

// RFC3339 with milliseconds, as every time leaves the API.
const layout = "2006-01-02T15:04:05.000Z"

// Time is a time.Time that marshals as RFC 3339 UTC with milliseconds, as the API writes every time. Reading takes
// any RFC 3339.
type Time time.Time

// MarshalJSON writes null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + Format(time.Time(t)) + `"`), nil
}

// UnmarshalJSON takes any RFC 3339, or null for the zero time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = Time{}
		return nil
	}
	parsed, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(b))
	if err != nil {
		return err
	}
	*t = Time(parsed.UTC())
	return nil
}

// Format writes a time as the API does.
func Format(t time.Time) string { return t.UTC().Format(layout) }
