// Package queue is the waiting room: a place for everyone who comes, a draw that anyone can check, and the turn that
// each is called to when there is room inside.
package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/singleflight"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/keyring"
	"fairseat/app/request"
	"fairseat/modules/queue/internal/beacon"
	"fairseat/modules/queue/internal/draw"
)

// Counts is how many seats of an event are in which state.
type Counts struct {
	Free, Held, Paying int
	FreeByCategory     map[string]int
}

// HoldKeys are the names of Redis keys that seating keeps and the scripts of the line read: the sets of places that
// hold, that have claims in checkout, and that held anything during their admission (Chose, which a leave clears), the
// beginning of the names of the sets of seats a place has in checkout or bought, and when deadlines were last looked
// after (Heartbeat, in ms).
type HoldKeys struct {
	Holders, Payers, Chose, TakenPrefix, Heartbeat string
}

// Seats is what the line asks of whoever keeps the seats.
type Seats interface {
	// Counts may be a second old.
	Counts(ctx context.Context, eventID int64) (Counts, error)
	HoldKeys(eventID int64) HoldKeys
	// ReleaseAll gives back what a place holds; repeated it does nothing.
	ReleaseAll(ctx context.Context, eventID int64, place string) error
}

// Category is a price class on sale; Price is minor units, nil when it is not on sale.
type Category struct {
	ID    string
	Price *int64
}

// Event is what the line must know of its event.
type Event struct {
	Slug                string
	PrequeueAt, OpensAt time.Time
	ClosesAt            *time.Time
	MaxPerBuyer         int
	Categories          []Category
}

// Events is what the line asks of whoever keeps the events.
type Events interface {
	// Event may be a second old.
	Event(ctx context.Context, eventID int64) (Event, error)
	// OpenNow moves the opening (and a later prequeue) to at, inside the caller's transaction.
	OpenNow(ctx context.Context, tx *gorm.DB, eventID int64, at time.Time) error
}

// Orders is what the line asks of whoever keeps the orders.
type Orders interface {
	// LivePlaces are the keys of the places that have an order under way.
	LivePlaces(ctx context.Context, eventID int64) ([]string, error)
}

// PaymentHealth is how payments go, as this replica sees it.
type PaymentHealth struct {
	Down   bool          // the processor is taken to be away, and is not even asked
	Errors float64       // share of the last payments that failed, 0 to 1, the latest counting most
	P95    time.Duration // of a payment's calls in the last minute; 0 without one
	Closed bool          // nothing is sold at all for now: a restored database is compared with what was paid
}

// Payments is what the line asks of whoever collects the money.
type Payments interface {
	Health() PaymentHealth
}

// Limits hands out budgets: a retry above zero means refused until then.
type Limits interface {
	// TakeIn takes one from a budget that refills in a period. While budgets cannot be read everything passes.
	TakeIn(ctx context.Context, name string, budget int, period time.Duration) (retry time.Duration, err error)
	// TakeOrFail is TakeIn where nothing may pass unread: then it answers an error.
	TakeOrFail(ctx context.Context, name string, budget int, period time.Duration) (retry time.Duration, err error)
}

// Mails promises mails about one event inside the caller's transaction; what an address is not worth is for it to find.
type Mails interface {
	// JoinCode mails the digits that show whose address it is, and a link that stands for them.
	JoinCode(ctx context.Context, tx *gorm.DB, eventID int64, email, code, url string) error
	// PlaceLink mails the private link to a place, YourTurn the same when it is called.
	PlaceLink(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error
	YourTurn(ctx context.Context, tx *gorm.DB, eventID int64, email, url string) error
	// Forget deletes what was mailed about lines that are over; in none of it is anything owed. Repeated it does nothing.
	Forget(ctx context.Context, tx *gorm.DB, eventIDs []int64) error
}

// Journal remembers what staff did, inside the transaction that does it.
type Journal interface {
	Note(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject string, detail any) error
}

// BeaconConfig names a public source of randomness; the zero value is none.
type BeaconConfig = beacon.Config

// Deps is what a Service needs.
type Deps struct {
	DB        *gorm.DB
	Redis     rueidis.Client
	KeyPrefix string
	Clock     clock.Clock
	Log       *slog.Logger
	Keys      *keyring.Ring
	Limits    Limits
	PerIP     int // joins a minute from one address; 0 = no budget
	// PerNetwork is joins a minute from one /24 or /48; 0 = no budget.
	PerNetwork int
	Beacon     BeaconConfig // the zero value: draws use no public randomness
	PublicURL  string       // https makes the cookie Secure and binds it to the host
	Seats      Seats
	Events     Events
	Orders     Orders
	Payments   Payments
	Journal    Journal
	Mails      Mails
}

// Service is the waiting room of every event. Safe for concurrent use; any number of replicas share the work.
type Service struct {
	redis    *redisStore
	postgres *postgresStore
	proofs   *proofStore
	clock    clock.Clock
	log      *slog.Logger
	keys     *keyring.Ring
	limits   Limits
	perIP    int
	perNet   int
	public   string // how browsers reach us, for links
	secure   bool
	seats    Seats
	events   Events
	orders   Orders
	door     *door
	journal  Journal
	beacon   *beacon.Client
	mails    Mails

	flights singleflight.Group
	mu      sync.Mutex
	rooms   map[int64]*room
}

// New makes a Service; it reads nothing yet.
func New(d Deps) *Service {
	redis := newRedisStore(d)
	return &Service{
		redis: redis, proofs: newProofStore(redis), postgres: &postgresStore{db: d.DB, clock: d.Clock}, clock: d.Clock, log: d.Log, keys: d.Keys,
		limits: d.Limits, perIP: d.PerIP, perNet: d.PerNetwork, public: d.PublicURL, secure: strings.HasPrefix(d.PublicURL, "https://"),
		seats: d.Seats, events: d.Events, orders: d.Orders, door: newDoor(d.Payments), journal: d.Journal, mails: d.Mails, beacon: beacon.New(d.Beacon), rooms: map[int64]*room{},
	}
}

// room is what this replica remembers of a line; all of it can be read again.
type room struct {
	mu    sync.Mutex
	draw  *draw.Lineup // once its size is in Postgres, it is for ever
	row   *lineRow     // as last read, for when Postgres is away
	rowAt time.Time
	// rowTried is when somebody last waited for the row to be read again.
	rowTried time.Time
	now      *moment     // what /queue/now says
	renewing atomic.Bool // somebody is making a new moment
	tried    time.Time
	warned   time.Time
	// sleepsUntil is until when nobody need look after a forgotten line.
	sleepsUntil time.Time
	arrivals    [maxLanes + 2]arrivals // by lane
	sought      time.Time              // when the beacon was last asked
	remembered  time.Time              // when this replica last wrote what remember keeps
	drift       int                    // ticks in a row in which Redis had other settings than Postgres
}

func (s *Service) room(eventID int64) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rooms[eventID]
	if !ok {
		r = &room{}
		s.rooms[eventID] = r
	}
	return r
}

// together lets one caller of this replica do the work and all who ask meanwhile share it. The work goes on when the
// one who began it has gone.
func (s *Service) together(ctx context.Context, what string, eventID int64, work func(ctx context.Context) error) error {
	done := s.flights.DoChan(what+" "+strconv.FormatInt(eventID, 10), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return nil, work(ctx)
	})
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case r := <-done:
		return r.Err
	}
}
