package queue

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// estimateEvery is how old the estimate may become; the script acts every two seconds, whoever asks.
const estimateEvery = 2 * time.Second

// estimate is what estimate.lua makes of how a line has moved.
type estimate struct {
	Wait       []waitPoint      `json:"wait"`
	Lasts      *int64           `json:"lasts"`      // positions more that the seats left will feed; nil: not known
	Categories map[string]int64 `json:"categories"` // the same until one category is gone
}

// estimate has the estimate made anew when it is due.
func (s *Service) estimate(ctx context.Context, eventID int64, state reply, free map[string]int) error {
	if state.num("draws") == 0 || state.num("drawn") == 0 || state.at("now").Sub(state.at("estimated")).Abs() < estimateEvery {
		return nil
	}
	args := make([]string, 0, 2*len(free))
	for id, count := range free {
		args = append(args, id, strconv.Itoa(count))
	}
	_, err := s.redis.run(ctx, "estimate", eventID, args...)
	return err
}

// estimateOf is the estimate in the answer of look.lua; until there is one, and after a lost Redis, the prior.
func estimateOf(state reply, capacity, perMinute int) estimate {
	var e estimate
	if text := state["estimate"]; text != "" {
		if err := json.Unmarshal([]byte(text), &e); err == nil && len(e.Wait) > 0 {
			return e
		}
	}
	return estimate{Wait: waitPoints(capacity, perMinute)}
}
