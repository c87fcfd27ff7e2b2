package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/rueidis"
	"gorm.io/gorm"
)

// rememberEvery is how old what Postgres knows of the room may become, and at least a tenth of the room must have changed
// for it to be written sooner.
const rememberEvery = 5 * time.Second

// remember writes down how many are inside, how long the tail of a draw is, who entered in the last minute where that has a
// budget, and how good the estimates were: a lost Redis takes it all along. Those inside go back to the front, see load.lua,
// and only who joined since is taken for nobody; in the draw burnt positions lie apart, where they cost less than a write.
func (s *Service) remember(ctx context.Context, row *lineRow, state reply) error {
	inside, now, r := state.num("active")+state.num("kept"), s.clock.Now(), s.room(row.EventID)
	if state["acted"] != "1" {
		return nil
	}
	r.mu.Lock()
	recent := now.Sub(r.remembered).Abs() < rememberEvery
	if !recent {
		r.remembered = now
	}
	r.mu.Unlock()
	if moved := inside - row.Admitted; recent && max(moved, -moved) <= max(2, row.Admitted/10) {
		return nil
	}
	accuracy, err := s.redis.accuracy(ctx, row.EventID)
	if err != nil {
		return err
	}
	var entered []byte
	if state.num("per_minute") > 0 {
		if entered, err = s.redis.entered(ctx, row.EventID); err != nil {
			return err
		}
	}
	return s.postgres.remember(ctx, row.EventID, inside, state.num("tail"), entered, accuracy)
}

func (p *postgresStore) remember(ctx context.Context, eventID, inside, tail int64, entered, accuracy []byte) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	err := p.db.WithContext(ctx).Exec(`UPDATE lines SET admitted = @inside, tail_used = greatest(tail_used, @tail), entered = CAST(@entered AS jsonb),
			accuracy = coalesce(CAST(@accuracy AS jsonb), accuracy)
		WHERE event_id = @event AND (admitted <> @inside OR tail_used < @tail OR entered IS DISTINCT FROM CAST(@entered AS jsonb)
			OR accuracy IS DISTINCT FROM coalesce(CAST(@accuracy AS jsonb), accuracy))`,
		map[string]any{"event": eventID, "inside": inside, "tail": tail, "entered": jsonArg(entered), "accuracy": jsonArg(accuracy)}).Error
	if err != nil {
		return fmt.Errorf("remember the room: %w", err)
	}
	return nil
}

// entered is how many entered in which second of the last minute, as JSON.
func (r *redisStore) entered(ctx context.Context, eventID int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	bySecond, err := r.client.Do(ctx, r.client.B().Hgetall().Key(r.key(eventID, "win")).Build()).AsIntMap()
	if err != nil {
		return nil, fmt.Errorf("read the last minute: %w", err)
	}
	return json.Marshal(bySecond)
}

// accuracy is what estimate.lua keeps, as JSON; nil for nothing yet.
func (r *redisStore) accuracy(ctx context.Context, eventID int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	text, err := r.client.Do(ctx, r.client.B().Hget().Key(r.key(eventID, "est")).Field("accuracy").Build()).AsBytes()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, fmt.Errorf("read accuracy: %w", err)
	}
	return text, nil
}

// returned is what an entry "returned-to-front" says: of so many who were put out, that many came back within the minute.
type returned struct {
	Count int64 `json:"count"`
	Out   int64 `json:"out"`
}

// endGrace tells the log how many came back to the front, once the minute that was kept for them is over.
func (s *Service) endGrace(ctx context.Context, eventID int64, state reply) error {
	if state.num("grace") == 0 || state.at("now").Before(state.at("grace_until")) {
		return nil
	}
	return s.postgres.locked(ctx, eventID, func(tx *gorm.DB) error {
		found, err := s.redis.run(ctx, "state", eventID)
		if err != nil || found.status() != "ok" || found.num("grace") == 0 || found.at("now").Before(found.at("grace_until")) {
			return err // another replica was quicker
		}
		err = s.postgres.record(tx, eventID, "returned-to-front", returned{found.num("grace_back"), found.num("grace")})
		if err != nil {
			return err
		}
		_, err = s.redis.run(ctx, "graced", eventID)
		return err
	})
}
