// Package seating keeps the events, their seats and who has them: the map as it is now (in Redis, shown live), and what
// is claimed and sold (in Postgres, whose unique indexes have the last word).
package seating

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/rueidis"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/modules/seating/internal/holds"
)

// Admissions is what seating asks of whoever lets fans in.
type Admissions interface {
	// LeaseKeys name the zset place → deadline ms of an event's admissions and the hash place → ms of birth. They carry
	// the event's hash tag, because the scripts of the map read and slide them.
	LeaseKeys(eventID int64) (leases, born string)
	// Touch slides the admissions of places whose live map is open.
	Touch(ctx context.Context, eventID int64, places []string) error
	// Leaving says that a place closed its last live map and holds nothing.
	Leaving(ctx context.Context, eventID int64, place string) error
	// Admitted tells whether a place is inside, and until when.
	Admitted(ctx context.Context, eventID int64, place string) (until time.Time, ok bool, err error)
}

// Lines is what seating asks of whoever keeps the waiting lines.
type Lines interface {
	// Publish makes the line of a new event, in the transaction that makes the event.
	Publish(ctx context.Context, tx *gorm.DB, eventID int64, slug string, settings LineSettings) (commitment string, err error)
	// Amend changes settings, or refuses them with 422 bad-field. Changed makes them count, after the commit.
	Amend(ctx context.Context, tx *gorm.DB, eventID int64, change LineChange) error
	Changed(ctx context.Context, eventID int64) error
	// Moved tells the line, in the transaction that does it, that the opening moves.
	Moved(ctx context.Context, tx *gorm.DB, eventID int64, from, to time.Time) error
	// Reschedule moves the opening, or refuses with 409 already-drawn.
	Reschedule(ctx context.Context, eventID int64, opensAt time.Time) error
	// Phase is the event's phase as API.md names them.
	Phase(ctx context.Context, eventID int64) (string, error)
}

// LineSettings are the waiting line of a new event.
type LineSettings struct {
	Draws     bool // false: no draw, everyone stands in the tail
	Cap       int
	PerMinute *int // nil: as many as fit
	Lanes     []Lane
	// Who may join, as the API names it, and whether joining costs a browser some work.
	Identity    string
	ProofOfWork bool
}

// Lane is a part of the draw with a published share, in percent of the places drawn.
type Lane struct {
	Name  string
	Share int
}

// LineChange is what may change of a line; nil leaves a setting as it is.
type LineChange struct {
	Cap, PerMinute *int
	NoPerMinute    bool // takes the budget away
	Identity       *string
	ProofOfWork    *bool
	// What the event keeps and the line's log tells: seats a buyer may have; the closing, the zero time for none.
	MaxPerBuyer *int
	ClosesAt    *time.Time
}

// Journal notes who did what, in the transaction of what was done.
type Journal interface {
	Note(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject string, detail any) error
}

// Places reads the place a request carries, on routes that work without one.
type Places interface {
	Place(c echo.Context) (request.Place, error)
}

// Sessions is what seating asks of whoever knows who is signed in, for staff who watch a map for hours.
type Sessions interface {
	// Session names the open session that a request is signed in with; "" for none. The name is no credential.
	Session(c echo.Context) (string, error)
	// Ended are those of some sessions that are over.
	Ended(ctx context.Context, sessions []string) ([]string, error)
}

// Method is a way to pay: ID as settings and orders name it, Name for people.
type Method struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Lead is how long before an event starts it is offered last, where the money takes days.
	Lead time.Duration `json:"-"`
}

// Limits is a budget by name; a retry above zero means refused. perMinute 0 means no limit.
type Limits interface {
	Take(ctx context.Context, name string, perMinute int) (retry time.Duration, err error)
}

// Deps are what New needs; all but Log are required.
type Deps struct {
	DB         *gorm.DB
	Redis      rueidis.Client
	KeyPrefix  string // of every Redis key
	Clock      clock.Clock
	Log        *slog.Logger
	Limits     Limits
	Admissions Admissions
	Lines      Lines
	Journal    Journal
	Places     Places
	Sessions   Sessions
	Methods    []Method // how events may be paid, the usual one first
	PublicURL  string   // origin that live maps may be opened from, beside the request's own host
	PerPlace   int      // changes of a basket a minute by one place; 0 = no limit
}

// Service is the seating module.
type Service struct {
	Deps
	store   *holds.Store
	replica string // a name of this process, so that it does not hear its own messages
	events  eventCache
	plans   planCache

	// beat counts half seconds while Run runs; what was cached two beats ago is old. Without Run nothing is cached.
	beat atomic.Int64
	// silent says that the maps could not be read at the last pulse.
	silent atomic.Bool
	// joining counts those on their way to a live map.
	joining atomic.Int64

	mu       sync.Mutex
	boards   map[int64]*board
	running  context.Context // nil before and after Run
	draining bool
	work     sync.WaitGroup
}

// New makes the module; nothing happens until Run.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Deps: d, store: holds.New(d.Redis, d.Clock), replica: rand.Text(), boards: map[int64]*board{}}
	s.events.bySlug, s.events.byID = map[string]*cachedEvent{}, map[int64]*cachedEvent{}
	s.plans.rooms = map[roomKey]*room{}
	return s
}

// Workers registers the module's jobs.
func (s *Service) Workers(w *river.Workers) { river.AddWorker(w, &syncWorker{seating: s}) }
