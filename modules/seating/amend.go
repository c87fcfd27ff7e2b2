package seating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
)

// patchEvent changes the named settings, or none of them. What concerns the waiting line is told to it after the commit.
func (s *Service) patchEvent(ctx context.Context, who by, id int64, r *eventRequest) (*Event, error) {
	was, err := s.loadEvent(ctx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	fields := fault.Fields{}
	for name, sent := range map[string]bool{"slug": r.Slug != nil, "plan": r.Plan != nil} {
		if sent {
			fields[name] = "cannot be changed"
		}
	}
	room, err := s.room(ctx, was.PlanID)
	if err != nil {
		return nil, err
	}
	var e *Event
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// Two who change at once: the second sees what the first did.
		if err := tx.Exec(`SELECT 1 FROM events WHERE id = ? FOR UPDATE`, id).Error; err != nil {
			return fmt.Errorf("lock event: %w", err)
		}
		var rows []eventRow
		if err := tx.Raw(selectEvent+"WHERE id = ?", id).Scan(&rows).Error; err != nil || len(rows) == 0 {
			return errors.Join(err, ErrNoSuchEvent)
		}
		if was, err = rows[0].event(room); err != nil {
			return err
		}
		e, err = s.amend(ctx, tx, was, r, room, fields)
		if err != nil {
			return err
		}
		return s.Journal.Note(ctx, tx, who.staff, who.ip, "event.change", "event:"+e.Slug, r)
	})
	s.events.forget(was)
	if err != nil {
		return nil, err
	}
	if err := s.Lines.Changed(ctx, id); err != nil {
		s.Log.Warn("the line has not heard of changed settings yet", "event_id", id, "error", err)
	}
	if !slices.EqualFunc(was.Categories, e.Categories, sameSale) {
		s.redraw(ctx, id)
	}
	return e, nil
}

// amend checks the changed event and writes it.
func (s *Service) amend(ctx context.Context, tx *gorm.DB, was *Event, r *eventRequest, room *room, fields fault.Fields) (*Event, error) {
	copied := *was
	e := &copied
	e.Categories = slices.Clone(was.Categories)
	r.apply(e, fields)
	r.schedule(e, s.Clock.Now().Truncate(time.Millisecond), fields)
	r.price(e, fields)
	e.check(fields)
	admissionCap, perMinute, none := r.line(fields)
	if none {
		fields["queue"] = "whether there is a draw is settled when the event is made"
	}
	if err := s.checkSold(tx, was, e, fields); err != nil {
		return nil, err
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	if err := updateEvent(tx, e); err != nil {
		return nil, err
	}
	if err := s.updateSeats(tx, was, e, room); err != nil {
		return nil, err
	}
	if admissionCap != nil || perMinute != nil {
		if err := s.Lines.Amend(ctx, tx, e.ID, admissionCap, perMinute); err != nil {
			return nil, err
		}
	}
	// Last, because it is not part of the transaction: the line decides whether the opening may still move.
	if !e.OpensAt.Equal(was.OpensAt) {
		if err := s.Lines.Reschedule(ctx, e.ID, e.OpensAt); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// checkSold refuses what would break a promise already made to somebody.
func (s *Service) checkSold(tx *gorm.DB, was, e *Event, fields fault.Fields) error {
	var live struct {
		Claims int
		Slot   int
	}
	if err := tx.Raw(`SELECT count(*) AS claims, coalesce(max(greatest(buyer_slot, place_slot)), 0) AS slot
		FROM seat_claims WHERE event_id = ? AND status <> 'released'`, e.ID).Scan(&live).Error; err != nil {
		return fmt.Errorf("count claims: %w", err)
	}
	if e.MaxPerBuyer < was.MaxPerBuyer && live.Slot > e.MaxPerBuyer {
		fields["max_per_buyer"] = fmt.Sprintf("somebody has %d seats already", live.Slot)
	}
	if e.Currency != was.Currency && live.Claims > 0 {
		fields["currency"] = "seats were sold or blocked already"
	}
	var off texts
	for i, c := range e.Categories {
		if c.Price == nil && was.Categories[i].Price != nil {
			off = append(off, c.ID)
		}
	}
	if len(off) == 0 {
		return nil
	}
	var used bool
	if err := tx.Raw(`SELECT EXISTS (SELECT 1 FROM seats s JOIN seat_claims c USING (event_id, seat_id)
		WHERE s.event_id = ? AND s.category = ANY(?::text[]))`, e.ID, off).Scan(&used).Error; err != nil {
		return fmt.Errorf("look for claims: %w", err)
	}
	if used {
		fields["prices"] = "seats of this category were ordered or blocked already; block the others instead"
	}
	return nil
}

// updateSeats brings the rows of seats in line with the prices.
func (s *Service) updateSeats(tx *gorm.DB, was, e *Event, room *room) error {
	fresh := map[int]bool{}
	for i, c := range e.Categories {
		before := was.Categories[i].Price
		var err error
		switch {
		case c.Price == nil && before != nil:
			err = tx.Exec(`DELETE FROM seats WHERE event_id = ? AND category = ?`, e.ID, c.ID).Error
		case c.Price != nil && before == nil:
			fresh[i] = true
		case c.Price != nil && (*c.Price != *before || e.Currency != was.Currency):
			err = tx.Exec(`UPDATE seats SET price = ?, currency = ? WHERE event_id = ? AND category = ?`,
				*c.Price, e.Currency, e.ID, c.ID).Error
		}
		if err != nil {
			return fmt.Errorf("update seats: %w", err)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return insertSeats(tx, e, room, fresh)
}

// sameSale tells whether a category is on sale in both or in neither.
func sameSale(a, b Category) bool { return (a.Price == nil) == (b.Price == nil) }
