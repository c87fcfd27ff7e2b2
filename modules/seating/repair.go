package seating

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/modules/seating/internal/holds"
)

// compare makes what is taken in the map equal to the live claims in Postgres, and tells how many seats it corrected.
// It may run beside everything else: whatever it sees out of date is asked again before it acts, and what it still
// misses the next pass finds.
func (b *board) compare(ctx context.Context, db *gorm.DB, at holds.At) (corrected int, err error) {
	// The map first: a claim is committed before it gets there, so what Postgres then does not have was released.
	snap, err := b.s.store.Snapshot(ctx, at, true)
	if err != nil {
		return 0, err
	}
	alive, err := liveClaims(ctx, db, b.id)
	if err != nil {
		return 0, err
	}
	missing := make(map[int64]holds.Claim, len(alive))
	for _, c := range alive {
		missing[c.ID] = c
	}
	var gone ids
	for _, c := range snap.Taken {
		if should, ok := missing[c.ID]; !ok {
			gone = append(gone, c.ID)
		} else if should.Status == c.Status {
			delete(missing, c.ID)
		}
	}
	absent := make(ids, 0, len(missing))
	for id := range missing {
		absent = append(absent, id)
	}
	if len(absent)+len(gone) == 0 {
		return 0, nil
	}
	return len(absent) + len(gone), b.write(ctx, db, at, append(gone, absent...), snap.Taken)
}

// write reads claims in Postgres and makes the map say the same. known are claims of the map that Postgres may have
// never heard of, after a restore from an old backup.
func (b *board) write(ctx context.Context, db *gorm.DB, at holds.At, claims ids, known []holds.Claim) error {
	rows, err := readClaims(ctx, db, claims)
	if err != nil {
		return err
	}
	var take, untake []holds.Claim
	for _, id := range claims {
		if row, ok := rows[id]; !ok {
			for _, c := range known {
				if c.ID == id {
					untake = append(untake, c)
				}
			}
		} else if c, taken := row.forMap(); taken {
			take = append(take, c)
		} else {
			untake = append(untake, c)
		}
	}
	version, err := b.s.store.Untake(ctx, at, untake)
	if err != nil {
		return err
	}
	b.caused(version)
	version, err = b.s.store.Take(ctx, at, time.Time{}, take)
	if err != nil {
		return err
	}
	b.caused(version)
	return nil
}

// repair is one pass of anti-entropy over a board, by one replica at a time. A map that was found in order and has not
// changed since is only compared again once a minute.
func (b *board) repair(ctx context.Context) error {
	mine, err := b.s.store.Alone(ctx, b.keys, "repairing", repairEvery-time.Second/2)
	if err != nil || !mine {
		return err
	}
	taken, err := b.s.store.TakenCount(ctx, b.keys)
	if err != nil {
		return err
	}
	sum, err := claimsMark(ctx, b.s.DB, b.id)
	if err != nil {
		return err
	}
	mark := fmt.Sprintf("%d %d %s", b.mirror.Version(), taken, sum)
	beat := b.s.beat.Load()
	b.clean.Lock()
	same := mark == b.clean.mark && beat < b.clean.until
	b.clean.Unlock()
	if same {
		return nil
	}
	corrected := 0
	err = b.try(ctx, func(at holds.At) error {
		corrected, err = b.compare(ctx, b.s.DB, at)
		return err
	})
	if err != nil {
		return err
	}
	if corrected > 0 {
		b.s.Log.Info("map corrected from Postgres", "event_id", b.id, "seats_corrected", corrected)
		return nil
	}
	b.clean.Lock()
	defer b.clean.Unlock()
	b.clean.mark, b.clean.until = mark, beat+int64(time.Minute/beatEvery)
	return nil
}

// Audit compares every event's map with Postgres and describes each seat on which they differ, and each hold that
// contradicts itself, without correcting it. Maps of sales that are over long since decide nothing any more.
func (s *Service) Audit(ctx context.Context) ([]string, error) {
	var events ids
	if err := s.DB.WithContext(ctx).Raw(`SELECT id FROM events WHERE greatest(opens_at, closes_at, starts_at) > coalesce(?::timestamptz, now()) - interval '30 days' ORDER BY id`,
		clock.SQLArg(s.Clock)).Scan((*[]int64)(&events)).Error; err != nil {
		return nil, fmt.Errorf("audit maps: %w", err)
	}
	var found []string
	for _, id := range events {
		b := s.board(id)
		var snap holds.Snapshot
		var odd []holds.Odd
		err := b.try(ctx, func(at holds.At) (err error) {
			if odd, err = s.store.Audit(ctx, at); err == nil {
				snap, err = s.store.Snapshot(ctx, at, true)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("audit map of event %d: %w", id, err)
		}
		alive, err := liveClaims(ctx, s.DB, id)
		if err != nil {
			return nil, err
		}
		found = append(found, differences(id, snap.Taken, alive)...)
		for _, o := range odd {
			found = append(found, fmt.Sprintf("event %d seat %s %s", id, o.Seat, o.What))
		}
	}
	return found, nil
}

func differences(eventID int64, taken, alive []holds.Claim) []string {
	var found []string
	has := map[int64]holds.Claim{}
	for _, c := range alive {
		has[c.ID] = c
	}
	for _, c := range taken {
		switch should, ok := has[c.ID]; {
		case !ok:
			found = append(found, fmt.Sprintf("event %d seat %d: the map has claim %d, which is not alive", eventID, c.Seat, c.ID))
		case should.Status != c.Status:
			found = append(found, fmt.Sprintf("event %d seat %d: the map has claim %d as %q, Postgres as %q", eventID, c.Seat, c.ID, c.Status, should.Status))
		}
		delete(has, c.ID)
	}
	for _, c := range alive {
		if _, missing := has[c.ID]; missing {
			found = append(found, fmt.Sprintf("event %d seat %d: claim %d is missing in the map", eventID, c.Seat, c.ID))
		}
	}
	return found
}
