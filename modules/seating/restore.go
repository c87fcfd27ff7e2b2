package seating

import (
	"context"
	"fmt"
)

// Restored raises, after Postgres was restored from a backup, the numbers of ours that must never be given twice: Redis,
// browsers and logs may know newer ones than it does.
func (s *Service) Restored(ctx context.Context) error {
	for _, raise := range []string{
		`SELECT setval('map_epochs', nextval('map_epochs') + 100)`,
		`SELECT setval(pg_get_serial_sequence('seat_claims', 'id'), nextval(pg_get_serial_sequence('seat_claims', 'id')) + 1000000)`,
	} {
		if err := s.DB.WithContext(ctx).Exec(raise).Error; err != nil {
			return fmt.Errorf("raise what was counted: %w", err)
		}
	}
	return nil
}
