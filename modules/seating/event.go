package seating

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fairseat/app/fault"
	"fairseat/modules/seating/plan"
)

// What an event can be refused for.
var (
	ErrNoSuchEvent   = fault.New(fault.NotFound, "no-such-event", "There is no such event.")
	ErrSlugTaken     = fault.New(fault.Conflict, "slug-taken", "Another event has this slug already; choose a new one.")
	ErrMissingPrices = fault.New(fault.Invalid, "missing-prices",
		"Every category needs a price, or null when it is not on sale; see categories.")
	ErrEnded = fault.New(fault.Gone, "ended", "The sale of this event has ended.")
)

// Event is one performance on sale. Treat it as read-only; it is at most a second old.
type Event struct {
	ID               int64
	Slug             string
	Name             string
	Description      string
	Venue            string
	Contact          string
	TermsURL         string
	Accent           string    // the organiser's colour as #rrggbb; "" = the house's
	Timezone         string    // a name of the IANA database
	StartsAt         time.Time // zero: not announced
	Currency         string    // ISO 4217
	PlanID           int64
	PlanVersion      string // changes whenever the drawing does, or what is sold of its areas
	Categories       []Category
	Areas            []Area // on sale, in the order of their numbers
	SeatsTotal       int    // drawn seats and areas' places, on sale or not
	MaxPerBuyer      int
	HoldSeconds      int
	PaySeconds       int
	LateOfferSeconds int
	PaymentMethods   []string // by id, the usual one first; none means the house's usual one
	OrphanRule       plan.OrphanRule
	Returns          bool // holders may give tickets back, to be sold to the next
	PrequeueAt       time.Time
	OpensAt          time.Time
	ClosesAt         *time.Time // nil: when the organiser ends it
}

// OrphansOff is the rule of an event that asks for none.
const OrphansOff = plan.OrphansOff

// Category is what seats are sold as in one event.
type Category struct {
	ID    string
	Name  string
	Color string
	Price *int64 // minor units, all-in; nil = not on sale
	Seats int
	// Locked: only who gave a code that opens it may hold its seats.
	Locked bool
}

// Seat is one place of an event as a fan knows it.
type Seat struct {
	N            int
	Label        string
	Zone, Row    string // where it is, for a name as people say it; Zone is blank where the plan has seats in one alone
	Table        bool   // Row is the whole name of a table; of an area's place it is what its label begins with
	Number       string // in its row, with the counter of its label
	Category     string // its id
	CategoryName string
	Price        int64 // minor units; 0 also for a seat that is not on sale
	Locked       bool  // only with a code
	AnyPlace     bool  // a place of an area: one stands or sits there where one likes
}

// Event finds an event by its slug, or answers ErrNoSuchEvent.
func (s *Service) Event(ctx context.Context, slug string) (*Event, error) {
	if !isSlug(slug) {
		return nil, ErrNoSuchEvent // Postgres would refuse some of these as text
	}
	return s.cached(s.events.slug(slug), s.events.forgotten.Load(), func() (*Event, error) { return s.loadEvent(ctx, "slug = ?", slug) })
}

// EventByID finds an event, or answers ErrNoSuchEvent.
func (s *Service) EventByID(ctx context.Context, id int64) (*Event, error) {
	return s.cached(s.events.id(id), s.events.forgotten.Load(), func() (*Event, error) { return s.loadEvent(ctx, "id = ?", id) })
}

// SeatInfo tells label, category and price of seats, in the order asked; numbers that are no seat are left out.
func (s *Service) SeatInfo(ctx context.Context, eventID int64, seats []int) ([]Seat, error) {
	event, err := s.EventByID(ctx, eventID)
	if err != nil {
		return nil, err
	}
	room, err := s.roomOf(ctx, event)
	if err != nil {
		return nil, err
	}
	return event.info(room, seats), nil
}

func (e *Event) info(room *room, seats []int) []Seat {
	out := make([]Seat, 0, len(seats))
	for _, n := range seats {
		if seat, ok := e.seat(room.plan, n); ok {
			out = append(out, seat)
		}
	}
	return out
}

// category finds a category by its id; -1 for none.
func (e *Event) category(id string) int {
	return slices.IndexFunc(e.Categories, func(c Category) bool { return c.ID == id })
}

// eventCache keeps events for up to a second, and longer while Postgres is away: who watches a map keeps watching.
type eventCache struct {
	mu     sync.Mutex
	bySlug map[string]*cachedEvent
	byID   map[int64]*cachedEvent
	// forgotten counts what forget was asked to forget: what was read before must not be kept after.
	forgotten atomic.Int64
}

type cachedEvent struct {
	event *Event
	beat  int64
	// refreshing says that somebody is reading it anew: one at a time, or a Postgres that hangs would hold everybody.
	refreshing atomic.Bool
}

func (c *eventCache) slug(slug string) *cachedEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bySlug[slug]
}

func (c *eventCache) id(id int64) *cachedEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byID[id]
}

func (c *eventCache) put(e *Event, beat, forgotten int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten.Load() != forgotten {
		return
	}
	entry := &cachedEvent{event: e, beat: beat}
	c.bySlug[e.Slug], c.byID[e.ID] = entry, entry
}

func (c *eventCache) forget(e *Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten.Add(1)
	delete(c.bySlug, e.Slug)
	delete(c.byID, e.ID)
}

// cached gives the event that is kept while it is young, or while another is reading it; else it is loaded. forgotten is
// the cache's, read before.
func (s *Service) cached(have *cachedEvent, forgotten int64, load func() (*Event, error)) (*Event, error) {
	beat := s.beat.Load()
	if have != nil && beat > 0 {
		if beat-have.beat <= 1 || !have.refreshing.CompareAndSwap(false, true) {
			return have.event, nil
		}
		defer have.refreshing.Store(false)
	}
	event, err := load()
	switch {
	case err == nil:
		s.events.put(event, beat, forgotten)
		return event, nil
	case errors.Is(err, ErrNoSuchEvent) || have == nil:
		return nil, err
	}
	s.Log.Debug("event served from memory", "event_id", have.event.ID, "error", err)
	return have.event, nil
}
