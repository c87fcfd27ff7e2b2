package queue

import (
	"context"
	"fmt"
)

// Restored brings, after Postgres was restored from a backup, the record of every line up to what its Redis knows: nobody who
// was called is uncalled, and no index is given twice. A Redis that forgot, too, has nothing to tell.
func (s *Service) Restored(ctx context.Context) error {
	rows, err := s.postgres.live(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		state, err := s.redis.run(ctx, "state", row.EventID)
		if err != nil {
			return fmt.Errorf("ask a line what it knows: %w", err)
		}
		if state.status() == "lost" {
			continue
		}
		if err := s.postgres.db.WithContext(ctx).Exec(`UPDATE lines SET serving = greatest(serving, ?), tail_used = greatest(tail_used, ?), tail_ceiling = greatest(tail_ceiling, ?)
			WHERE event_id = ?`, state.num("shown"), state.num("tail"), max(state.num("tail"), state.num("tail_ceiling")), row.EventID).Error; err != nil {
			return fmt.Errorf("raise a line's record: %w", err)
		}
		if row.Size != nil {
			continue // the draw is closed
		}
		if err := s.postgres.db.WithContext(ctx).Exec(`UPDATE lines SET draw_used = greatest(draw_used, ?), draw_ceiling = greatest(draw_ceiling, ?)
			WHERE event_id = ? AND size IS NULL`, state.num("draw"), max(state.num("draw"), state.num("draw_ceiling")), row.EventID).Error; err != nil {
			return fmt.Errorf("raise a line's record: %w", err)
		}
	}
	return nil
}
