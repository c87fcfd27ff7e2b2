package seating

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/modules/seating/internal/holds"
)

// Seats of a locked category are for those who gave a code that opens it: members, sponsors, a presale. Which codes do is
// checkout's; here is kept, beside the place's holds, what a place has opened, so that a hold asks nobody else. Orders look
// again, in Postgres. Staff may give anybody any seat.

// ErrAccessCode has the fact "categories": those that a code must open.
var ErrAccessCode = fault.New(fault.Forbidden, "access-code-required",
	"These seats are only for those who have a code; see categories. Give yours first (POST …/promo), then take them.")

func needsCode(categories ...string) error { return ErrAccessCode.With("categories", categories) }

// unlockedFor is how long a place may hold what a code opened to it, from when it gave the code last.
const unlockedFor = 24 * time.Hour

// Unlock lets a place hold seats of categories, by their ids; code is remembered with them. ErrNotAdmitted when the place is
// not inside.
func (s *Service) Unlock(ctx context.Context, eventID int64, place string, categories []string, code string) error {
	return s.board(eventID).try(ctx, func(at holds.At) error {
		return s.store.Unlock(ctx, at, place, code, unlockedFor, categories)
	})
}

// Unlocked tells which categories are open to a place by a code, and by which; none where nothing is locked.
func (s *Service) Unlocked(ctx context.Context, eventID int64, place string) (codes map[string]string, err error) {
	e, b, err := s.mustEvent(ctx, eventID)
	if err != nil || !e.Locks() {
		return nil, err
	}
	err = b.try(ctx, func(at holds.At) (err error) {
		codes, err = s.store.Unlocked(ctx, at, place)
		return err
	})
	return codes, err
}

// Lock makes categories, by their ids, such as only a code opens, for the caller's transaction. Those that are stay so.
func (s *Service) Lock(ctx context.Context, tx *gorm.DB, eventID int64, categories []string) error {
	err := tx.WithContext(ctx).Exec(`UPDATE events SET locked = (SELECT jsonb_agg(DISTINCT c) FROM
		(SELECT jsonb_array_elements_text(locked) UNION SELECT unnest(?::text[])) AS both_of_them(c)) WHERE id = ?`, texts(categories), eventID).Error
	if err != nil {
		return fmt.Errorf("lock categories: %w", err)
	}
	return nil
}

// Forget makes changed locks count here at once, after their commit; other replicas hear of them within a second.
func (s *Service) Forget(ctx context.Context, eventID int64) {
	if e, err := s.EventByID(ctx, eventID); err == nil {
		s.events.forget(e)
	}
}

// Locks tells whether any category on sale is locked.
func (e *Event) Locks() bool {
	return slices.ContainsFunc(e.Categories, func(c Category) bool { return c.Locked && c.Price != nil })
}

// lockedOf are the locked categories, by their ids, that seats of the house belong to.
func (e *Event) lockedOf(room *room, seats []int) (ids []string) {
	for _, n := range seats {
		if n < 0 || n >= len(room.house) {
			continue
		}
		if c := e.Categories[room.house[n]]; c.Locked && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// lockedIn is the category of an area if it is locked.
func (e *Event) lockedIn(a *Area) []string {
	if c := e.Categories[a.Category]; c.Locked {
		return []string{c.ID}
	}
	return nil
}

// shut tells of each category whether its seats are not for somebody; nil: all are.
type shut []bool

// shutBut are the locked categories without those in open, by their ids.
func (e *Event) shutBut(open []string) (out shut) {
	if !e.Locks() {
		return nil
	}
	out = make(shut, len(e.Categories))
	for i, c := range e.Categories {
		out[i] = c.Locked && !slices.Contains(open, c.ID)
	}
	return out
}

// shutTo are the categories that a place may not hold. It asks the map only at events with locked ones.
func (b *board) shutTo(ctx context.Context, e *Event, place string) (shut, error) {
	codes, err := b.s.Unlocked(ctx, e.ID, place)
	if err != nil {
		return nil, err
	}
	open := make([]string, 0, len(codes))
	for id := range codes {
		open = append(open, id)
	}
	return e.shutBut(open), nil
}

func (s shut) has(category int) bool { return s != nil && s[category] }

// setAside takes shut seats off those that are free, as free on the map and only not for this place.
func (s shut) setAside(room *room, free []bool, aside map[int]bool) {
	if s == nil {
		return
	}
	for n := range free {
		if free[n] && n < len(room.house) && s[room.house[n]] {
			free[n], aside[n] = false, true
		}
	}
}

// refuseLocked refuses seats of locked categories to an order whose code does not open them, inside its transaction: what
// the map was told a minute ago is not asked.
func refuseLocked(tx *gorm.DB, r ClaimRequest, locked string) error {
	if r.Again || locked == "[]" {
		return nil
	}
	var shut []string
	err := tx.Raw(`SELECT DISTINCT category FROM seats WHERE event_id = ? AND seat_id = ANY(?::int[])
		AND category IN (SELECT jsonb_array_elements_text(?::jsonb)) AND category <> ALL(?::text[]) ORDER BY category`,
		r.EventID, ints(r.Seats), locked, texts(r.Opened)).Scan(&shut).Error
	if err != nil {
		return fmt.Errorf("claim: read locked categories: %w", err)
	}
	if len(shut) > 0 {
		return needsCode(shut...)
	}
	return nil
}

// lock sets which categories only a code opens, by name as prices do.
func (r *eventRequest) lock(e *Event, fields fault.Fields) {
	if r.Locked == nil {
		return
	}
	for i := range e.Categories {
		e.Categories[i].Locked = false
	}
	for _, name := range *r.Locked {
		i := slices.IndexFunc(e.Categories, func(c Category) bool { return c.Name == name })
		if i < 0 {
			fields["locked"] = "the plan has no category " + name
			return
		}
		e.Categories[i].Locked = true
	}
}

func lockedJSON(e *Event) string {
	ids := []string{}
	for _, c := range e.Categories {
		if c.Locked {
			ids = append(ids, c.ID)
		}
	}
	b, _ := json.Marshal(ids) // of strings: it cannot fail
	return string(b)
}

// readLocked takes the column locked into the categories.
func (e *Event) readLocked(column string) error {
	var ids []string
	if err := json.Unmarshal([]byte(column), &ids); err != nil {
		return fmt.Errorf("locked categories of event %d: %w", e.ID, err)
	}
	for i := range e.Categories {
		e.Categories[i].Locked = slices.Contains(ids, e.Categories[i].ID)
	}
	return nil
}
