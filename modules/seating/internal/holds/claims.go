package holds

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The statuses of a claim as the map keeps them.
const (
	Checkout = "c"
	Sold     = "s"
	Blocked  = "b"
)

// Claim is a live claim on its way into the map.
type Claim struct {
	ID     int64
	Seat   int
	Status string // Checkout, Sold or Blocked
	Place  string // "" for a block
}

// batch keeps each script short, so that nobody waits for it.
const batch = 500

// Take writes claims into the map, over any hold; their owners are told. With until, the places' admissions live as
// long as they may pay and a while after. Late, repeated and reordered calls do no harm: a claim gives way only to a
// later one. It works while the map is closed.
func (s *Store) Take(ctx context.Context, at At, until time.Time, claims []Claim) (version int64, err error) {
	end := ""
	if !until.IsZero() {
		end = strconv.FormatInt(until.UnixMilli(), 10)
	}
	for len(claims) > 0 {
		n := min(batch, len(claims))
		args := []string{end}
		for _, c := range claims[:n] {
			args = append(args, strconv.Itoa(c.Seat), strconv.FormatInt(c.ID, 10), c.Status, c.Place)
		}
		out, err := s.run(ctx, s.take, at, args...)
		if err != nil {
			return version, err
		}
		version, claims = out.number(1), claims[n:]
	}
	return version, nil
}

// Untake frees the seats of released claims, each only while the map still names that claim.
func (s *Store) Untake(ctx context.Context, at At, claims []Claim) (version int64, err error) {
	for len(claims) > 0 {
		n := min(batch, len(claims))
		var args []string
		for _, c := range claims[:n] {
			args = append(args, strconv.Itoa(c.Seat), strconv.FormatInt(c.ID, 10))
		}
		out, err := s.run(ctx, s.untake, at, args...)
		if err != nil {
			return version, err
		}
		version, claims = out.number(1), claims[n:]
	}
	return version, nil
}

// Counters tells in how many ways a place is inside: seats it holds, seats its claims have.
func (s *Store) Counters(ctx context.Context, at At, place string) (held, taken int, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b := s.redis.B()
	out := s.redis.DoMulti(ctx, b.Scard().Key(at.Name("b:"+place)).Build(), b.Scard().Key(at.Name("t:"+place)).Build())
	h, err := out[0].AsInt64()
	if err != nil {
		return 0, 0, err
	}
	t, err := out[1].AsInt64()
	return int(h), int(t), err
}

func parseClaim(seat, value string) (Claim, error) {
	n, err := strconv.Atoi(seat)
	parts := strings.SplitN(value, ":", 3)
	if err != nil || len(parts) != 3 {
		return Claim{}, fmt.Errorf("the map has claim %q on seat %q", value, seat)
	}
	id, err := strconv.ParseInt(parts[0], 10, 64)
	return Claim{ID: id, Seat: n, Status: parts[1], Place: parts[2]}, err
}

// TakenCount is how many seats have a claim.
func (s *Store) TakenCount(ctx context.Context, k Keys) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.redis.Do(ctx, s.redis.B().Hlen().Key(k.Name("taken")).Build()).AsInt64()
}
