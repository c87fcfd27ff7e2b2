package queue

import (
	"context"
	"fmt"
)

// Audit names every line that runs ahead of its record: an index above its ceiling, a position shown that Postgres
// does not know as called, a draw of another size; and each sale with more people inside than it ever had room for. Redis is read before Postgres, which is always ahead of it.
func (s *Service) Audit(ctx context.Context) ([]string, error) {
	rows, err := s.postgres.live(ctx)
	if err != nil {
		return nil, err
	}
	var violations []string
	for _, listed := range rows {
		state, err := s.redis.run(ctx, "state", listed.EventID)
		if err != nil {
			return nil, fmt.Errorf("audit line: %w", err)
		}
		if state.status() != "ok" {
			continue // nothing there to be wrong; the next use brings it back
		}
		row, err := s.postgres.read(ctx, listed.EventID)
		if err != nil {
			return nil, err
		}
		wrong := func(format string, args ...any) {
			violations = append(violations, fmt.Sprintf("event %d: ", row.EventID)+fmt.Sprintf(format, args...))
		}
		lanes, err := row.laneRows()
		if err != nil {
			return nil, err
		}
		for i, lane := range lanes {
			if used := countersOf(state).lane(i); row.Size == nil && used > lane.Ceiling {
				wrong("index %d of lane %d above its ceiling %d", used, i+1, lane.Ceiling)
			}
		}
		if draw := state.num("draw"); row.Size == nil && draw > row.DrawCeiling {
			wrong("draw index %d above its ceiling %d", draw, row.DrawCeiling)
		}
		if active := state.num("active"); active > int64(row.Cap) {
			// Nobody inside is put out when fewer are let in from now on.
			most, err := s.postgres.highestCap(ctx, row.EventID)
			if err != nil {
				return nil, err
			}
			if active > max(most, int64(row.Cap)) {
				wrong("%d are inside, where there was never room for more than %d", active, max(most, int64(row.Cap)))
			}
		}
		if tail := state.num("tail"); tail > row.TailCeiling {
			wrong("tail index %d above its ceiling %d", tail, row.TailCeiling)
		}
		if shown := state.num("shown"); shown > row.Serving {
			wrong("%d positions shown as called, %d recorded", shown, row.Serving)
		}
		if state.num("drawn") == 1 && (!row.drawn() || *row.Size != state.num("size")) {
			wrong("a draw of %d that is not the recorded one", state.num("size"))
		}
	}
	return violations, nil
}

// highestCap is how many the line ever let be inside at once, as its log says.
func (p *postgresStore) highestCap(ctx context.Context, eventID int64) (most int64, err error) {
	err = p.db.WithContext(ctx).Raw(`SELECT coalesce(max((line::jsonb->'data'->>'cap')::bigint), 0) FROM fairness_log
		WHERE event_id = ? AND line::jsonb->>'kind' IN ('published', 'limits')`, eventID).Scan(&most).Error
	if err != nil {
		return 0, fmt.Errorf("audit line: highest cap: %w", err)
	}
	return most, nil
}
