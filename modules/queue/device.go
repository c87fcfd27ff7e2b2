package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/rueidis"

	"fairseat/app/fault"
)

// A place can be open on several devices, by its link. The one that acted last is the one that may enter; the others
// look on. A device is whatever the header below says; who sends none (a program, a page without script) is a person
// acting, and may. Redis knows the device of places that have moved, and of no other. It keeps nobody out who has the
// link: it stops two open pages from taking one turn, so nothing is lost when Redis forgets.

const (
	// deviceHeader is the name that a browser has given itself.
	deviceHeader  = "Fairseat-Device"
	longestDevice = 64
)

// ErrOtherDevice refuses a device that is not the last one that acted for its place.
var ErrOtherDevice = fault.New(fault.Conflict, "other-device", "This place is open on another device. Continue there, or continue here instead.")

// deviceOf is the device that a request names, "" for none.
func deviceOf(c echo.Context) (string, error) {
	device := c.Request().Header.Get(deviceHeader)
	if len(device) > longestDevice {
		return "", fault.Fields{deviceHeader: "is longer than " + strconv.Itoa(longestDevice) + " bytes"}.Err()
	}
	return device, nil
}

// moveTo makes a device the one that may enter with a place.
func (s *Service) moveTo(ctx context.Context, eventID int64, place, device string) error {
	life := cookieLife
	if event, err := s.events.Event(ctx, eventID); err == nil && event.ClosesAt != nil {
		life = max(time.Hour, event.ClosesAt.Sub(s.clock.Now())+time.Hour)
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	b, key := s.redis.client.B(), s.redis.key(eventID, "devices")
	for _, answer := range s.redis.client.DoMulti(ctx, b.Hset().Key(key).FieldValue().FieldValue(place, device).Build(),
		b.Expire().Key(key).Seconds(int64(life.Seconds())).Build()) {
		if err := answer.Error(); err != nil {
			return away(fmt.Errorf("move place to device: %w", err))
		}
	}
	return nil
}

// mayEnter is ErrOtherDevice when another device has acted for the place since.
func (s *Service) mayEnter(ctx context.Context, eventID int64, place, device string) error {
	if device == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	last, err := s.redis.client.Do(ctx, s.redis.client.B().Hget().Key(s.redis.key(eventID, "devices")).Field(place).Build()).ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return nil
	case err != nil:
		return away(fmt.Errorf("device of place: %w", err))
	case last != device:
		return ErrOtherDevice
	}
	return nil
}
