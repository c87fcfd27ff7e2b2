package seating

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"fairseat/modules/seating/internal/holds"
)

// The map in Redis is a copy: what is taken follows from Postgres, what is held costs a click when it is lost. It is
// rebuilt when it is gone, when the server was restarted or replaced by one that may have forgotten, and when a
// version fell:
//
//	ok ──lost, moved, fell──→ closed (holds wait, take and untake work) ──compared with Postgres──→ ok, next epoch
//	                            └ whoever rebuilt died: the next pulse starts over

// rebuild brings the map into order, unless it is by now. One replica works, the others wait for it.
func (b *board) rebuild(ctx context.Context) error {
	b.building.Lock()
	defer b.building.Unlock()
	// Most who come here waited for the one who did the work.
	if ok, _, err := b.look(ctx); ok || err != nil {
		return err
	}
	return b.s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SET LOCAL lock_timeout = '3s'`).Error; err != nil {
			return fmt.Errorf("rebuild map: %w", err)
		}
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('fairseat map', ?))`, b.id).Error; err != nil {
			return fmt.Errorf("rebuild map: wait for another replica: %w", err)
		}
		ok, pulse, err := b.look(ctx)
		if ok || err != nil {
			return err
		}
		return b.renew(ctx, tx, pulse)
	})
}

// look reads how the map is, and takes over its epoch when it is sound.
func (b *board) look(ctx context.Context) (sound bool, p holds.Pulse, err error) {
	// Before the pulse: a mirror that moved on meanwhile must not look like a version that fell.
	seen := b.mirror.Version()
	if p, err = b.s.store.Pulse(ctx, b.keys); err != nil {
		return false, p, err
	}
	if !b.sound(p, seen) {
		return false, p, nil
	}
	b.epoch.Store(p.Epoch)
	if p.Version != b.mirror.Version() {
		b.ring()
	}
	return true, p, nil
}

// sound tells whether a map needs no rebuilding.
func (b *board) sound(p holds.Pulse, seen int64) bool {
	return p.Epoch > 0 && !p.Closed && !p.Moved && p.Epoch >= b.epoch.Load() && p.Version >= seen
}

// renew starts the next epoch: close, compare with Postgres, open. Holds stay.
func (b *board) renew(ctx context.Context, tx *gorm.DB, was holds.Pulse) error {
	var next int64
	known := max(was.Epoch, b.epoch.Load(), holds.EpochOf(b.mirror.Version()))
	// A Postgres restored from a backup counts on from where it was; versions must rise all the same.
	for next <= known {
		if err := tx.Raw(`SELECT nextval('map_epochs')`).Scan(&next).Error; err != nil {
			return fmt.Errorf("rebuild map: %w", err)
		}
		if next <= known {
			if err := tx.Exec(`SELECT setval('map_epochs', ?)`, known).Error; err != nil {
				return fmt.Errorf("rebuild map: %w", err)
			}
		}
	}
	if err := b.s.store.Begin(ctx, b.keys, was, next); err != nil {
		return err
	}
	at := holds.At{Keys: b.keys, Epoch: next}
	fixed, err := b.compare(ctx, tx, at)
	if err != nil {
		return err
	}
	if err := b.s.store.Open(ctx, at); err != nil {
		return err
	}
	b.epoch.Store(next)
	b.ring()
	level := slog.LevelInfo
	if known == 0 && fixed == 0 {
		level = slog.LevelDebug // the first epoch of a new event
	}
	b.s.Log.Log(ctx, level, "map rebuilt", "event_id", b.id, "epoch", next, "seats_corrected", fixed)
	return nil
}

// redraw makes every replica read the event and the whole map anew.
func (s *Service) redraw(ctx context.Context, eventID int64) {
	b := s.board(eventID)
	b.building.Lock()
	defer b.building.Unlock()
	err := s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtextextended('fairseat map', ?))`, b.id).Error; err != nil {
			return fmt.Errorf("redraw map: %w", err)
		}
		pulse, err := s.store.Pulse(ctx, b.keys)
		if err != nil {
			return err
		}
		return b.renew(ctx, tx, pulse)
	})
	var first *holds.EpochError
	if err != nil && !errors.As(err, &first) {
		s.Log.Warn("map not redrawn", "event_id", eventID, "error", err)
	}
}

// pulse says that somebody is alive, and rebuilds what is not sound. Never at longer intervals than the 3 s that count
// as an outage, or none at all: where nobody can be inside.
func (b *board) pulse(ctx context.Context) error {
	if !b.busy() {
		return nil
	}
	return b.check(ctx)
}

// check rebuilds the map if it is not sound.
func (b *board) check(ctx context.Context) error {
	if ok, _, err := b.look(ctx); ok || err != nil {
		return err
	}
	return b.rebuild(ctx)
}
