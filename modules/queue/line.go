package queue

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"gorm.io/gorm"

	"fairseat/modules/queue/internal/draw"
)

// A line's life. Counters live in Redis; Postgres keeps what may never go back: the ceilings no index passes, the size
// of the draw, and how far the line was called.
//
//	joining ──opens_at──▶ sealed ──size in Postgres──▶ drawn ──▶ calling, until the event ends
//	   ▲ Redis lost          │ Redis lost                 ▲ Redis lost
//	   └─ counting resumes   └─ size = the ceiling ───────┴─ serving, and the burnt ranges, from Postgres
//	      at the ceilings
//
// "Lost" is also a Redis that started again: its last writes may be missing (appendfsync everysec, a failover), which
// the scripts see by the server's run id. One that was stopped in order lacks nothing: see rest.go.

// script runs a script of a line, bringing the line back first when Redis has lost it.
func (s *Service) script(ctx context.Context, name string, eventID int64, args ...string) (reply, error) {
	for attempt := 0; ; attempt++ {
		answer, err := s.redis.run(ctx, name, eventID, args...)
		if err != nil {
			return nil, away(err)
		}
		if answer.status() != "lost" {
			return answer, nil
		}
		if attempt == 3 {
			return nil, away(errLost)
		}
		if err := s.together(ctx, "reload", eventID, func(ctx context.Context) error { return s.reload(ctx, eventID) }); err != nil {
			return nil, away(err)
		}
	}
}

// reload puts a line back into Redis from Postgres. Any number of replicas may try: they come one after another, and
// repeating it burns nothing more, because no ceiling can be raised in between.
//
// It takes the row's lock twice. What is burnt must be committed before Redis counts on from there; and Redis is loaded
// under the lock, from the row as it is then: whoever was held up in between may find that others have brought the line
// back, given out more, and lost it again.
func (s *Service) reload(ctx context.Context, eventID int64) error {
	event, err := s.events.Event(ctx, eventID)
	if err != nil {
		return fmt.Errorf("reload line: %w", err)
	}
	places, err := s.orders.LivePlaces(ctx, eventID)
	if err != nil {
		return fmt.Errorf("reload line: %w", err)
	}
	for range 3 {
		var row *lineRow
		trusted := false
		err = s.postgres.locked(ctx, eventID, func(tx *gorm.DB) error {
			found, err := s.redis.run(ctx, "state", eventID)
			if err != nil || found.status() == "ok" {
				return err
			}
			was, err := s.postgres.inside(tx, eventID)
			if err != nil {
				return err
			}
			row, trusted, err = s.postgres.resume(tx, eventID, countersOf(found), !found.at("now").Before(event.OpensAt))
			if err != nil {
				return err
			}
			return s.postgres.recordLoss(tx, was, row, event.Slug)
		})
		if err != nil || row == nil {
			return err
		}
		loaded := false
		err = s.postgres.locked(ctx, eventID, func(tx *gorm.DB) error {
			loaded, err = s.load(ctx, tx, event, row, trusted, places)
			return err
		})
		if err != nil || loaded {
			return err
		}
	}
	return errLost
}

// load installs a resumed line in Redis, inside the row's lock; false when the row has moved on since.
func (s *Service) load(ctx context.Context, tx *gorm.DB, event Event, resumed *lineRow, trusted bool, places []string) (bool, error) {
	var row lineRow
	if err := tx.Raw(`SELECT * FROM lines WHERE event_id = ?`, resumed.EventID).Scan(&row).Error; err != nil {
		return false, fmt.Errorf("load line: %w", err)
	}
	if row.DrawCeiling != resumed.DrawCeiling || row.TailCeiling != resumed.TailCeiling || (row.Size == nil) != (resumed.Size == nil) ||
		row.DrawUsed != resumed.DrawUsed || row.TailUsed != resumed.TailUsed || !bytes.Equal(row.Lanes, resumed.Lanes) {
		return false, nil
	}
	if err := s.rememberBurnt(ctx, event, &row); err != nil {
		return false, err
	}
	if trusted {
		row.Admitted = 0 // an older figure; nobody was put out
	}
	args, err := loadArgs(event, &row, trusted)
	if err != nil {
		return false, err
	}
	answer, err := s.redis.run(ctx, "load", row.EventID, append(args, places...)...)
	if err != nil {
		return false, err
	}
	if answer.status() == "ok" && (row.DrawCeiling > 0 || row.TailCeiling > 0) {
		level, what := slog.LevelWarn, "line was lost by Redis and is back"
		if trusted {
			level, what = slog.LevelInfo, "line goes on where it was put to rest"
		}
		s.log.Log(ctx, level, what, "event_id", row.EventID, "draw", row.DrawUsed, "tail", row.TailUsed, "serving", row.Serving,
			"admissions", len(places))
	}
	return true, nil
}

// loadArgs are the fields of adm, as load.lua takes them; a trusted Redis knows better who entered.
func loadArgs(event Event, row *lineRow, trusted bool) ([]string, error) {
	flag := func(b bool) string {
		if b {
			return "1"
		}
		return "0"
	}
	lanes, err := row.laneRows()
	if err != nil {
		return nil, err
	}
	size, draw := int64(0), row.DrawUsed
	if row.Size != nil {
		size, draw = *row.Size, *row.Size
	}
	var laneFields []string
	for i, lane := range lanes {
		used, name := lane.Used, InLane(i+1).counter()
		if lane.Size != nil {
			used, draw = *lane.Size, draw-*lane.Size
		}
		laneFields = append(laneFields, name, strconv.FormatInt(used, 10), name+"_ceiling", strconv.FormatInt(lane.Ceiling, 10))
	}
	set := settingsArgs(&event, row)
	fields := []string{
		"draws", flag(row.Draws), "sealed", flag(row.Size != nil), "drawn", flag(row.drawn()), "size", strconv.FormatInt(size, 10),
		"draw", strconv.FormatInt(draw, 10), "draw_ceiling", strconv.FormatInt(row.DrawCeiling, 10),
		"tail", strconv.FormatInt(row.TailUsed, 10), "tail_ceiling", strconv.FormatInt(row.TailCeiling, 10),
		"serving", strconv.FormatInt(row.Serving, 10), "shown", strconv.FormatInt(row.Serving, 10),
		"cap", set[0], "per_minute", set[1], "paused", pausedField(row), "ended", set[3], "prequeue", set[4], "opens", set[5],
		"closes", set[6], "max", set[7], "lanes", strconv.Itoa(len(lanes)), "admitted", strconv.FormatInt(row.Admitted, 10), "accuracy", string(row.Accuracy),
	}
	fields = append(fields, laneFields...)
	if !trusted {
		fields = append(fields, "entered", cmp.Or(string(row.Entered), "{}"))
	}
	return append([]string{strconv.Itoa(len(fields) / 2)}, fields...), nil
}

// raise reserves more indexes for a cohort, in Postgres first.
func (s *Service) raise(ctx context.Context, eventID int64, cohort string, used, reserve int64) error {
	ceiling, err := s.postgres.raise(ctx, eventID, cohort, used, reserve)
	if err != nil || ceiling == 0 { // 0: sealed by somebody else; the next join sees it
		return err
	}
	_, err = s.redis.run(ctx, "raise", eventID, cohort, strconv.FormatInt(ceiling, 10))
	return err
}

// settle turns a sealed line into a drawn one: the size goes to Postgres, once and before anything else; what Postgres
// has then is the draw, or waits for public randomness to be one. No error means neither.
func (s *Service) settle(ctx context.Context, eventID int64) error {
	return s.together(ctx, "settle", eventID, func(ctx context.Context) error {
		found, err := s.script(ctx, "state", eventID)
		if err != nil {
			return err
		}
		if found.status() != "ok" { // stale: the next script brings it back
			return away(errLost)
		}
		if found.num("drawn") == 1 || found.num("sealed") == 0 {
			return nil
		}
		event, err := s.events.Event(ctx, eventID)
		if err != nil {
			return fmt.Errorf("settle draw: %w", err)
		}
		row, err := s.postgres.seal(ctx, eventID, countersOf(found), event.Slug)
		if err != nil {
			return err
		}
		if row.Size == nil { // Redis counts less than was given out
			_, err := s.redis.run(ctx, "distrust", eventID)
			return cmp.Or(err, errLost)
		}
		if !row.drawn() {
			s.seek(ctx, event, row)
			return nil
		}
		if err := s.rememberBurnt(ctx, event, row); err != nil {
			return err
		}
		if _, err = s.redis.run(ctx, "drawn", eventID, strconv.FormatInt(*row.Size, 10)); err != nil {
			return err
		}
		s.log.Info("draw", "event_id", eventID, "size", *row.Size, "commitment", row.Commitment)
		return nil
	})
}

// shuffle is the permutation of a line that is drawn, or nil before. A line without a draw has one of size 0.
func (s *Service) shuffle(ctx context.Context, eventID int64) (*draw.Lineup, error) {
	r := s.room(eventID)
	if known := r.known(); known != nil {
		return known, nil
	}
	row, err := s.postgres.read(ctx, eventID)
	if err != nil || !row.drawn() {
		return nil, err
	}
	event, err := s.events.Event(ctx, eventID)
	if err != nil {
		return nil, fmt.Errorf("read draw: %w", err)
	}
	return r.drawn(event, row)
}

// known is the permutation if this replica has met it.
func (r *room) known() *draw.Lineup {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.draw
}

// drawn makes the order of a row that is drawn, and keeps it.
func (r *room) drawn(event Event, row *lineRow) (*draw.Lineup, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draw == nil {
		seed, err := row.seed(event.Slug)
		if err != nil {
			return nil, err
		}
		lanes, err := row.laneRows()
		if err != nil {
			return nil, err
		}
		r.draw = draw.NewLineup(seed, *row.Size, drawLanes(lanes))
	}
	return r.draw, nil
}

// position of a place; false while the line is not drawn.
func (s *Service) position(ctx context.Context, eventID int64, place string) (int64, bool, error) {
	draw, err := s.shuffle(ctx, eventID)
	if err != nil {
		return 0, false, err
	}
	return positionIn(draw, place)
}

// positionAtHand is the position as far as it is known without asking a store.
func (s *Service) positionAtHand(eventID int64, place string) (int64, bool, error) {
	return positionIn(s.room(eventID).known(), place)
}

func positionIn(order *draw.Lineup, place string) (int64, bool, error) {
	cohort, index, err := parseKey(place)
	if err != nil || order == nil {
		return 0, false, err
	}
	position, ok := positionOf(order, cohort, index)
	if !ok {
		return 0, false, ErrBadPlace
	}
	return position, true, nil
}

// positionOf is where an index of a cohort stands: the tail queues behind the draw. False for one that is not of it.
func positionOf(order *draw.Lineup, c Cohort, index int64) (int64, bool) {
	if c == InTail {
		return order.Size() + index, index >= 0
	}
	return order.Position(c.Lane(), index)
}
