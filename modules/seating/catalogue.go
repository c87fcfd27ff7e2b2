package seating

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/idempotency"
	"fairseat/app/request"
	"fairseat/modules/seating/plan"
)

// by is who changes something, for the journal. The zero value is the command line.
type by struct {
	staff request.Staff
	ip    string
}

// ImportedPlan is a plan as its import found it.
type ImportedPlan struct {
	ID         string           `json:"id"`
	Seats      int              `json:"seats"`
	Report     *plan.Report     `json:"report"`
	Areas      []ImportedArea   `json:"areas"`
	Categories []ImportedColour `json:"categories"`
	Zones      []ImportedZone   `json:"zones"`
	Accessible int              `json:"accessible"` // seats
	Companions int              `json:"companions"` // seats
	Notes      int              `json:"notes"`      // seats with a note about the view
	Tables     int              `json:"tables"`
}

// ImportedZone is a floor or block and what is in it.
type ImportedZone struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"`
	Seats int    `json:"seats"`
	Areas int    `json:"areas"`
}

// ImportedArea is an area that an event may put on sale.
type ImportedArea struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Shape string `json:"shape"`
}

// ImportedColour is a category to be priced by an event.
type ImportedColour struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
	Seats int    `json:"seats"`
}

// ImportPlan reads a seat plan in any format plan.Import knows, plain or gzipped, and keeps it. A file that gives no plan
// is 422 bad-plan with the report, or 413 too-large.
func (s *Service) ImportPlan(ctx context.Context, file io.Reader) (*ImportedPlan, error) {
	return s.importPlan(ctx, by{}, file, plan.Options{})
}

func (s *Service) importPlan(ctx context.Context, who by, file io.Reader, how plan.Options) (*ImportedPlan, error) {
	p, report, err := plan.Import(file, how)
	if err != nil {
		return nil, err
	}
	body, err := packPlan(p)
	if err != nil {
		return nil, err
	}
	made := newRoom(p).imported(report)
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		id, err := insertPlan(tx, p, body, report)
		if err != nil {
			return err
		}
		made.ID = strconv.FormatInt(id, 10)
		if err := s.Journal.Note(ctx, tx, who.staff, who.ip, "plan.import", "plan:"+made.ID,
			map[string]any{"name": p.Name, "seats": made.Seats, "digest": p.Digest()}); err != nil {
			return err
		}
		return idempotency.Record(ctx, tx, http.StatusCreated, made)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// imported is what an organiser has to know of a room; its id is not known here.
func (r *room) imported(report *plan.Report) *ImportedPlan {
	made := &ImportedPlan{Seats: len(r.house), Report: report, Areas: []ImportedArea{}, Categories: []ImportedColour{}, Zones: []ImportedZone{}}
	for _, z := range r.plan.Zones {
		zone := ImportedZone{Name: z.Name, Rows: len(z.Rows), Areas: len(z.Areas)}
		for _, a := range z.Areas {
			made.Areas = append(made.Areas, ImportedArea{ID: a.ID, Name: a.Name, Shape: a.Shape})
		}
		for _, row := range z.Rows {
			zone.Seats += len(row.Seats)
			if row.Table {
				made.Tables++
			}
		}
		made.Zones = append(made.Zones, zone)
	}
	for _, s := range r.plan.Seats() {
		if s.Accessible {
			made.Accessible++
		}
		if s.CompanionOf >= 0 {
			made.Companions++
		}
		if s.Note != "" {
			made.Notes++
		}
	}
	for i, c := range r.plan.Categories {
		made.Categories = append(made.Categories, ImportedColour{ID: c.ID, Name: c.Name, Color: c.Color, Seats: r.seatsOf[i]})
	}
	return made
}

// defaults of an event that says nothing else.
func newEvent() *Event {
	return &Event{Timezone: "UTC", Currency: "EUR", MaxPerBuyer: 1, HoldSeconds: 480, PaySeconds: 900, LateOfferSeconds: 600,
		OrphanRule: plan.OrphansOff, Returns: true}
}

const (
	defaultCap       = 200
	defaultPerMinute = 600
)

// createEvent publishes an event: row, seats and waiting line in one transaction.
func (s *Service) createEvent(ctx context.Context, who by, r *eventRequest) (*Event, error) {
	e, room, line, err := s.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	err = s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := insertEvent(tx, e, room); err != nil {
			return err
		}
		if _, err := s.Lines.Publish(ctx, tx, e.ID, e.Slug, line); err != nil {
			return err
		}
		if err := s.Journal.Note(ctx, tx, who.staff, who.ip, "event.create", "event:"+e.Slug, r); err != nil {
			return err
		}
		return idempotency.Record(ctx, tx, http.StatusCreated, s.newEventResponse(e, phaseByTime(e, s.Clock.Now()), Counts{}))
	})
	if err != nil {
		return nil, err
	}
	s.events.put(e, s.beat.Load(), s.events.forgotten.Load())
	return e, nil
}

// prepare makes the event a request describes, or says all that is wrong with it.
func (s *Service) prepare(ctx context.Context, r *eventRequest) (*Event, *room, LineSettings, error) {
	fields, e := fault.Fields{}, newEvent()
	line := LineSettings{Draws: true, Cap: defaultCap}
	if r.Slug != nil {
		e.Slug = *r.Slug
	}
	r.apply(e, fields)
	s.checkMethods(r, fields)
	r.schedule(e, s.Clock.Now().Truncate(time.Millisecond), fields)
	e.check(fields)
	asked, none := r.line(fields)
	line.Draws, line.PerMinute = !none, asked.PerMinute
	if asked.Cap != nil {
		line.Cap = *asked.Cap
	}
	if asked.Identity != nil {
		line.Identity = *asked.Identity
	}
	if asked.ProofOfWork != nil {
		line.ProofOfWork = *asked.ProofOfWork
	}
	if asked.PerMinute == nil && !asked.NoPerMinute && !none {
		rate := defaultPerMinute
		line.PerMinute = &rate
	}
	line.Lanes = r.lanes(fields)
	room, err := s.planOf(ctx, r, e, fields)
	if err != nil {
		return nil, nil, line, err
	}
	if room != nil {
		r.price(e, fields)
		r.lock(e, fields)
	}
	if r.Prices == nil {
		fields["prices"] = "is needed"
	}
	if err := fields.Err(); err != nil {
		return nil, nil, line, err
	}
	if missing := r.missingPrices(e); len(missing) > 0 {
		return nil, nil, line, ErrMissingPrices.With("categories", missing)
	}
	return e, room, line, nil
}

func (s *Service) planOf(ctx context.Context, r *eventRequest, e *Event, fields fault.Fields) (*room, error) {
	if r.Plan == nil {
		fields["plan"] = "is needed"
		return nil, nil
	}
	id, err := planID(*r.Plan)
	var room *room
	if err == nil {
		room, err = s.room(ctx, id)
	}
	if errors.Is(err, ErrNoSuchPlan) {
		fields["plan"] = "is not the id of a plan"
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e.PlanID, e.Categories = id, categories(room)
	r.areas(e, room.plan, fields)
	e.PlanVersion, err = e.version(room)
	return room, err
}

// OpenNow moves the opening to at, unless it lies before that already, and the prequeue with it. For the caller's
// transaction; an event whose closing has passed answers ErrEnded.
func (s *Service) OpenNow(ctx context.Context, tx *gorm.DB, eventID int64, at time.Time) error {
	var closed bool
	err := tx.WithContext(ctx).Raw(`SELECT coalesce(closes_at <= ?, false) FROM events WHERE id = ? FOR NO KEY UPDATE`, at, eventID).
		Scan(&closed).Error
	if err != nil {
		return fmt.Errorf("open event: %w", err)
	}
	if closed {
		return ErrEnded
	}
	err = tx.WithContext(ctx).Exec(`UPDATE events SET opens_at = ?, prequeue_at = least(prequeue_at, ?) WHERE id = ? AND opens_at > ?`,
		at, at, eventID, at).Error
	if err != nil {
		return fmt.Errorf("open event: %w", err)
	}
	return nil
}

// phaseByTime is what the phase must be by the event's own times, for the moments when the line cannot be asked.
func phaseByTime(e *Event, now time.Time) string {
	switch {
	case e.ClosesAt != nil && !now.Before(*e.ClosesAt):
		return phaseEnded
	case !now.Before(e.OpensAt):
		return "open"
	case !now.Before(e.PrequeueAt):
		return "prequeue"
	}
	return "announced"
}

const phaseEnded = "ended"

// times as the API writes them.
func when(t *time.Time) clock.Time {
	if t == nil {
		return clock.Time{}
	}
	return clock.Time(*t)
}
