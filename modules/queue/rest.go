package queue

import (
	"context"
	"crypto/rand"
)

// Rest puts every line to rest before its Redis is stopped in order, so that the next start burns no index. A word that
// is new each time goes to Postgres, then into the line in Redis, which is lost for every script from that moment on.
// Whoever brings it back compares the two: only counters that nobody has moved since can hold the same word, so they
// are all that was given out. Bringing it back forgets the word, in Postgres before Redis counts on. A Redis that is
// killed, lags behind or comes from a backup holds no word or an old one, and is not trusted.
func (s *Service) Rest(ctx context.Context) error {
	rows, err := s.postgres.live(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		word := rand.Text()
		if err := s.postgres.rest(ctx, row.EventID, word); err != nil {
			return err
		}
		if _, err := s.redis.run(ctx, "rest", row.EventID, word); err != nil {
			return err
		}
	}
	return nil
}
