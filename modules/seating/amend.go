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
	drawn, err := s.room(ctx, was.PlanID)
	if err != nil {
		return nil, err
	}
	room, err := s.roomOf(ctx, was)
	if err != nil {
		return nil, err
	}
	var e *Event
	moved := false // the line's opening, before ours is committed
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// Two who change at once: the second sees what the first did. Not FOR UPDATE, which every order on the event would
		// wait for: its foreign key takes a share of the row.
		if err := tx.Exec(`SELECT 1 FROM events WHERE id = ? FOR NO KEY UPDATE`, id).Error; err != nil {
			return fmt.Errorf("lock event: %w", err)
		}
		var rows []eventRow
		if err := tx.Raw(selectEvent+"WHERE id = ?", id).Scan(&rows).Error; err != nil || len(rows) == 0 {
			return errors.Join(err, ErrNoSuchEvent)
		}
		if was, err = rows[0].event(drawn); err != nil {
			return err
		}
		if e, err = s.amended(tx, was, r, fields); err != nil {
			return err
		}
		// Before anything of the line is locked here: it has a connection of its own, and would wait for this transaction.
		if moved, err = s.reschedule(ctx, was, e); err != nil {
			return err
		}
		if err := s.write(ctx, tx, was, e, r, room); err != nil {
			return err
		}
		return s.Journal.Note(ctx, tx, who.staff, who.ip, "event.change", "event:"+e.Slug, r)
	})
	s.events.forget(was)
	if err != nil {
		if moved {
			s.putBack(ctx, was)
		}
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

// amended is the event as it is asked for, or all that is wrong with it.
func (s *Service) amended(tx *gorm.DB, was *Event, r *eventRequest, fields fault.Fields) (*Event, error) {
	copied := *was
	e := &copied
	e.Categories = slices.Clone(was.Categories)
	r.apply(e, fields)
	s.checkMethods(r, fields)
	r.schedule(e, s.Clock.Now().Truncate(time.Millisecond), fields)
	r.price(e, fields)
	r.lock(e, fields)
	r.sameAreas(was, fields)
	e.check(fields)
	if _, none := r.line(fields); none {
		fields["queue"] = "whether there is a draw is settled when the event is made"
	}
	if len(r.lanes(fields)) > 0 {
		fields["queue.lanes"] = "are published, with their shares, when the event is made"
	}
	if err := s.checkSold(tx, was, e, fields); err != nil {
		return nil, err
	}
	return e, fields.Err()
}

// reschedule lets the line decide whether the opening may still move; moved says that it has. A later opening counts in
// the line at once, so that the old one cannot pass between its yes and our commit; it can be put back. An earlier one
// cannot, once it has passed: the line is only asked, and hears of it after the commit.
func (s *Service) reschedule(ctx context.Context, was, e *Event) (moved bool, err error) {
	switch {
	case e.OpensAt.After(was.OpensAt):
		// Also when no answer came, for then nobody knows.
		err = s.Lines.Reschedule(ctx, e.ID, e.OpensAt)
		return true, err
	case e.OpensAt.Before(was.OpensAt):
		return false, s.Lines.Reschedule(ctx, e.ID, was.OpensAt)
	}
	return false, nil
}

// putBack takes back an opening that the line has and Postgres has not. Should it fail as well, the line's own
// comparison with Postgres does the same some seconds later.
func (s *Service) putBack(ctx context.Context, was *Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := s.Lines.Reschedule(ctx, was.ID, was.OpensAt)
	if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.Conflict) { // a conflict: it had never moved
		s.Log.Warn("the line has an opening that was not saved; it is put back later", "event_id", was.ID, "error", err)
	}
}

// write makes the changed event Postgres's.
func (s *Service) write(ctx context.Context, tx *gorm.DB, was, e *Event, r *eventRequest, room *room) error {
	if err := updateEvent(tx, e); err != nil {
		return err
	}
	if err := s.updateSeats(tx, was, e, room); err != nil {
		return err
	}
	if !e.OpensAt.Equal(was.OpensAt) {
		if err := s.Lines.Moved(ctx, tx, e.ID, was.OpensAt, e.OpensAt); err != nil {
			return err
		}
	}
	change, _ := r.line(fault.Fields{})
	if e.MaxPerBuyer != was.MaxPerBuyer {
		change.MaxPerBuyer = &e.MaxPerBuyer
	}
	if closes := orNever(e.ClosesAt); !closes.Equal(orNever(was.ClosesAt)) {
		change.ClosesAt = &closes
	}
	if change == (LineChange{}) {
		return nil
	}
	return s.Lines.Amend(ctx, tx, e.ID, change)
}

// orNever is a closing, the zero time for none.
func orNever(closes *time.Time) time.Time {
	if closes == nil {
		return time.Time{}
	}
	return *closes
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
