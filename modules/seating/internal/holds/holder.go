package holds

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// Holder is the place that holds a seat at this moment, and until when; "" for none.
func (s *Store) Holder(ctx context.Context, k Keys, seat int) (place string, until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b, name := s.redis.B(), strconv.Itoa(seat)
	out := s.redis.DoMulti(ctx, b.Zscore().Key(k.Name("x")).Member(name).Build(), b.Hget().Key(k.Name("own")).Field(name).Build(), b.Time().Build())
	due, err := out[0].AsFloat64()
	if rueidis.IsRedisNil(err) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, err
	}
	place, err = out[1].ToString()
	if rueidis.IsRedisNil(err) {
		return "", time.Time{}, nil // it ended in between
	}
	if err != nil {
		return "", time.Time{}, err
	}
	now, fixed := s.clock.Fixed()
	if !fixed {
		at, err := out[2].AsStrSlice()
		if err != nil || len(at) != 2 {
			return "", time.Time{}, err
		}
		seconds, _ := strconv.ParseInt(at[0], 10, 64)
		now = time.Unix(seconds, 0)
	}
	until = time.UnixMilli(int64(due)).UTC()
	if !until.After(now) {
		return "", time.Time{}, nil // the next sweep frees it
	}
	return place, until, nil
}
