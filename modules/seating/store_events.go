package seating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"fairseat/modules/seating/plan"
)

// eventRow is a row of events; the columns of settings carry the names that EventSettings writes.
type eventRow struct {
	ID               int64
	Slug             string
	Name             string
	Description      string
	Venue            string
	Contact          string
	TermsURL         string `gorm:"column:terms_url"`
	Accent           string
	Timezone         string
	StartsAt         *time.Time
	Currency         string
	PlanID           int64
	PlanVersion      string
	Prices           string // category id → minor units or null
	Locked           string // ids of categories, JSON
	Areas            string // see storedArea
	SeatsTotal       int
	MaxPerBuyer      int
	HoldSeconds      int
	PaySeconds       int
	LateOfferSeconds int
	PaymentMethods   string // JSON
	OrphanRule       string
	Returns          bool
	PrequeueAt       time.Time
	OpensAt          time.Time
	ClosesAt         *time.Time
}

const selectEvent = `SELECT id, slug, name, description, venue, contact, terms_url, accent, timezone, starts_at, currency, plan_id,
	plan_version, prices::text AS prices, locked::text AS locked, areas::text AS areas, seats_total, max_per_buyer, hold_seconds, pay_seconds, late_offer_seconds,
	payment_methods::text AS payment_methods, orphan_rule, returns, prequeue_at, opens_at, closes_at FROM events `

// event reads the row; room is the plan's.
func (r *eventRow) event(room *room) (*Event, error) {
	var prices map[string]*int64
	if err := json.Unmarshal([]byte(r.Prices), &prices); err != nil {
		return nil, fmt.Errorf("prices of event %d: %w", r.ID, err)
	}
	var methods []string
	if err := json.Unmarshal([]byte(r.PaymentMethods), &methods); err != nil {
		return nil, fmt.Errorf("payment methods of event %d: %w", r.ID, err)
	}
	e := &Event{
		PaymentMethods: methods, ID: r.ID, Slug: r.Slug, Name: r.Name, Description: r.Description, Venue: r.Venue, Contact: r.Contact,
		TermsURL: r.TermsURL, Accent: r.Accent, Timezone: r.Timezone, Currency: r.Currency, PlanID: r.PlanID, PlanVersion: r.PlanVersion,
		SeatsTotal: r.SeatsTotal, MaxPerBuyer: r.MaxPerBuyer, HoldSeconds: r.HoldSeconds, PaySeconds: r.PaySeconds,
		LateOfferSeconds: r.LateOfferSeconds, OrphanRule: plan.OrphanRule(r.OrphanRule), Returns: r.Returns, PrequeueAt: r.PrequeueAt.UTC(), OpensAt: r.OpensAt.UTC(), ClosesAt: r.ClosesAt,
	}
	if r.StartsAt != nil {
		e.StartsAt = r.StartsAt.UTC()
	}
	e.Categories = categories(room)
	if err := e.readAreas(r.Areas, room.plan); err != nil {
		return nil, err
	}
	for i := range e.Categories {
		e.Categories[i].Price = prices[e.Categories[i].ID]
	}
	return e, e.readLocked(r.Locked)
}

// categories of a plan, not priced yet.
func categories(room *room) []Category {
	out := make([]Category, len(room.plan.Categories))
	for i, c := range room.plan.Categories {
		out[i] = Category{ID: c.ID, Name: c.Name, Color: c.Color, Seats: room.seatsOf[i]}
	}
	return out
}

// loadEvent reads one event; condition is ours, its argument may be a stranger's.
func (s *Service) loadEvent(ctx context.Context, condition string, arg any) (*Event, error) {
	var rows []eventRow
	if err := s.DB.WithContext(ctx).Raw(selectEvent+"WHERE "+condition, arg).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("load event: %w", err)
	}
	if len(rows) == 0 {
		return nil, ErrNoSuchEvent
	}
	room, err := s.room(ctx, rows[0].PlanID)
	if err != nil {
		return nil, err
	}
	return rows[0].event(room)
}

// Events lists the events for the public, the next to open first. An event leaves the list 30 days after the last of its
// opening, its closing and its performance; one that is sold without an end in sight, 30 days after staff end it.
func (s *Service) Events(ctx context.Context) ([]*Event, error) {
	cut := s.Clock.Now().Add(-30 * 24 * time.Hour)
	return s.listEvents(ctx, `WHERE greatest(opens_at, closes_at, starts_at) > ? OR (closes_at IS NULL AND starts_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM lines WHERE event_id = events.id AND ended_at < ?)) `, cut, cut)
}

// listEvents lists events by a condition, which is ours; "" for all.
func (s *Service) listEvents(ctx context.Context, condition string, args ...any) ([]*Event, error) {
	var rows []eventRow
	if err := s.DB.WithContext(ctx).Raw(selectEvent+condition+"ORDER BY opens_at DESC, id DESC", args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	events := make([]*Event, len(rows))
	for i := range rows {
		room, err := s.room(ctx, rows[i].PlanID)
		if err != nil {
			return nil, err
		}
		if events[i], err = rows[i].event(room); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// insertEvent writes the event and its seats on sale, and fills in its id; room is the plan's.
func insertEvent(tx *gorm.DB, e *Event, room *room) error {
	prices, err := pricesJSON(e)
	if err != nil {
		return err
	}
	areas, err := areasJSON(e, room.plan)
	if err != nil {
		return err
	}
	err = tx.Raw(`INSERT INTO events (slug, name, description, venue, contact, terms_url, accent, timezone, starts_at, currency, plan_id,
			plan_version, prices, locked, areas, seats_total, max_per_buyer, hold_seconds, pay_seconds, late_offer_seconds, payment_methods, orphan_rule,
			returns, prequeue_at, opens_at, closes_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?) RETURNING id`,
		e.Slug, e.Name, e.Description, e.Venue, e.Contact, e.TermsURL, e.Accent, e.Timezone, orNil(e.StartsAt), e.Currency, e.PlanID,
		e.PlanVersion, prices, lockedJSON(e), areas, e.SeatsTotal, e.MaxPerBuyer, e.HoldSeconds, e.PaySeconds, e.LateOfferSeconds, methodsJSON(e), string(e.OrphanRule),
		e.Returns, e.PrequeueAt,
		e.OpensAt, e.ClosesAt).Scan(&e.ID).Error
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" { // GORM does not translate what Scan returns
		return ErrSlugTaken
	}
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	return insertSeats(tx, e, room.sells(e), nil)
}

// insertSeats makes rows for the seats of priced categories, those in only or all, in one statement: an event of
// 100,000 seats takes about a second.
func insertSeats(tx *gorm.DB, e *Event, room *room, only map[int]bool) error {
	ids, amounts := make(texts, len(e.Categories)), make(amounts, len(e.Categories))
	for i, c := range e.Categories {
		ids[i] = c.ID
		if only == nil || only[i] {
			amounts[i] = c.Price
		}
	}
	err := tx.Exec(`INSERT INTO seats (event_id, seat_id, category, price, currency)
		SELECT ?, s.position - 1, c.id, c.price, ?
		FROM unnest(?::int[]) WITH ORDINALITY AS s(category, position)
		JOIN unnest(?::text[], ?::bigint[]) WITH ORDINALITY AS c(id, price, position) ON c.position - 1 = s.category
		WHERE c.price IS NOT NULL`, e.ID, e.Currency, ints(room.house), ids, amounts).Error
	if err != nil {
		return fmt.Errorf("insert seats: %w", err)
	}
	return nil
}

// updateEvent writes every setting that may change.
func updateEvent(tx *gorm.DB, e *Event) error {
	prices, err := pricesJSON(e)
	if err != nil {
		return err
	}
	err = tx.Exec(`UPDATE events SET name = ?, description = ?, venue = ?, contact = ?, terms_url = ?, accent = ?, timezone = ?, starts_at = ?,
			currency = ?, prices = ?::jsonb, locked = ?::jsonb, max_per_buyer = ?, hold_seconds = ?, pay_seconds = ?, late_offer_seconds = ?,
			payment_methods = ?::jsonb, orphan_rule = ?, returns = ?, prequeue_at = ?, opens_at = ?, closes_at = ? WHERE id = ?`,
		e.Name, e.Description, e.Venue, e.Contact, e.TermsURL, e.Accent, e.Timezone, orNil(e.StartsAt), e.Currency, prices, lockedJSON(e),
		e.MaxPerBuyer, e.HoldSeconds, e.PaySeconds, e.LateOfferSeconds, methodsJSON(e), string(e.OrphanRule), e.Returns, e.PrequeueAt, e.OpensAt, e.ClosesAt, e.ID).Error
	if err != nil {
		return fmt.Errorf("update event: %w", err)
	}
	return nil
}

func methodsJSON(e *Event) string {
	b, _ := json.Marshal(append([]string{}, e.PaymentMethods...)) // of strings: it cannot fail
	return string(b)
}

func pricesJSON(e *Event) (string, error) {
	prices := make(map[string]*int64, len(e.Categories))
	for _, c := range e.Categories {
		prices[c.ID] = c.Price
	}
	b, err := json.Marshal(prices)
	return string(b), err
}

// planRow is what a list of plans shows.
type planRow struct {
	ID        int64
	Name      string
	Seats     int
	Digest    string
	CreatedAt time.Time
}

func (s *Service) loadPlan(ctx context.Context, id int64) ([]byte, error) {
	var bodies [][]byte
	if err := s.DB.WithContext(ctx).Raw(`SELECT body FROM plans WHERE id = ?`, id).Scan(&bodies).Error; err != nil {
		return nil, fmt.Errorf("load plan: %w", err)
	}
	if len(bodies) == 0 {
		return nil, ErrNoSuchPlan
	}
	return bodies[0], nil
}

func insertPlan(tx *gorm.DB, p *plan.Plan, body []byte, report *plan.Report) (id int64, err error) {
	found, err := json.Marshal(report)
	if err != nil {
		return 0, err
	}
	err = tx.Raw(`INSERT INTO plans (name, digest, seats, body, report) VALUES (?, ?, ?, ?, ?::jsonb) RETURNING id`,
		p.Name, p.Digest(), p.SeatCount(), body, string(found)).Scan(&id).Error
	if err != nil {
		return 0, fmt.Errorf("insert plan: %w", err)
	}
	return id, nil
}

func (s *Service) listPlans(ctx context.Context) ([]planRow, error) {
	var rows []planRow
	err := s.DB.WithContext(ctx).Raw(`SELECT id, name, seats, digest, created_at FROM plans ORDER BY id DESC`).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return rows, nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func planID(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != id {
		return 0, ErrNoSuchPlan
	}
	return n, nil
}
