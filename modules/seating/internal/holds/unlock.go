package holds

import (
	"context"
	"time"
)

// Unlock notes for d that a place may hold seats of categories, and by which code; ErrNotAdmitted.
func (s *Store) Unlock(ctx context.Context, at At, place, code string, d time.Duration, categories []string) error {
	_, err := s.run(ctx, s.unlock, at, append([]string{place, millis(d), code}, categories...)...)
	return err
}

// Unlocked are the categories that a place has opened, with the code of each.
func (s *Store) Unlocked(ctx context.Context, at At, place string) (map[string]string, error) {
	out, err := s.run(ctx, s.unlocked, at, place)
	if err != nil {
		return nil, err
	}
	codes := map[string]string{}
	for i := 1; i+1 < len(out); i += 2 {
		codes[out.text(i)] = out.text(i + 1)
	}
	return codes, nil
}
