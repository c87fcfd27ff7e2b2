// Package checkout takes a basket to a ticket: orders, payments, refunds, what the processor tells, tickets. It keeps
// one promise above all: money taken is a ticket delivered or money returned, whatever crashes and whenever.
//
// The order of writes, each step repeatable and each gap repaired by the next look at the tables:
//
//	pin → T1 order, claims, payment, jobs → take → create at the processor → T2 its reference
//	    → authorised, read back by GET → T3 claims secured → capture → T4 sold, tickets, mail → the map is told
package checkout

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/keyring"
	"fairseat/modules/checkout/invoice"
	"fairseat/modules/checkout/provider"
)

const (
	pinFor        = 15 * time.Second // longer than T1 may take
	pinWhileDown  = 60 * time.Second // the processor is away: the hold must outlive the fan's next try
	createBudget  = 3 * time.Second  // of a request, for the processor to answer
	glanceBudget  = 1500 * time.Millisecond
	afterBudget   = time.Second // for telling Redis and the fan, after a commit
	silenceLimit  = 15 * time.Minute
	lateClock     = 2 * time.Minute // an order taken up again for late money; by then it is paid or dead
	pagesPerOrder = 3 * time.Second // how often one order's page may make us ask the processor
)

// Deps is what a Service is made of. All are needed unless the comment says otherwise.
type Deps struct {
	DB          *gorm.DB
	Clock       clock.Clock
	Log         *slog.Logger
	Keys        *keyring.Ring
	Seats       Seats
	Locks       Locks
	Map         LiveMap
	Events      Events
	Admissions  Admissions
	Sale        Sale
	Mails       Mails
	Jobs        Jobs
	Limits      Limits
	Journal     Journal
	Places      Places
	Documents   Documents
	Providers   []provider.Provider   // at least one; the first is the usual one
	PublicURL   func() string         // scheme and host as browsers see it; asked per use, because a port may be chosen late
	PerIP       int                   // order look-ups a minute from one address, 0 = no limit
	PerPlace    int                   // 0 turns the budgets of one order off
	Swaps       bool                  // buyers may change their seats themselves
	SecondAbove int64                 // more than this, in minor units, is returned to a whole event only if two owners agree; below zero: never asked
	Trial       bool                  // every ticket says TEST
	Seller      Seller                // without a name there are no invoices
	Tax         invoice.Rate          // inside every price, where an event says no other
	Metrics     prometheus.Registerer // may be nil
	// OnRestore raises what others count and must never fall, after the database was found to be an older one; may be nil.
	OnRestore func(ctx context.Context) error
}

// Service is the front door of the module. Safe for concurrent use, and for any number of replicas on one database.
type Service struct {
	Deps
	store   store
	metrics *metrics
	mu      sync.Mutex
	glanced map[string]time.Time // reason and payment → when a fan's page last made us ask; a budget, not a truth
	left    leaver
	// restored is set while the sale is closed after a restore.
	restored atomic.Pointer[Reconciliation]
	// toldDown: provider → when the fans whose clock stands for it were last told.
	toldDown map[string]time.Time
}

// New joins the parts; nothing runs until Run.
func New(d Deps) *Service {
	return &Service{Deps: d, store: store{db: d.DB, clock: d.Clock}, metrics: newMetrics(d.Metrics), glanced: map[string]time.Time{}, toldDown: map[string]time.Time{}}
}

// LivePlaces are the places in line that have an order open, and no days to pay it: who must still be inside after Redis lost its
// memory.
func (s *Service) LivePlaces(ctx context.Context, eventID int64) ([]string, error) {
	return s.store.livePlaces(ctx, eventID, s.byHand())
}

// inTime does work that a fan waits for, but that is worth finishing: after wait, or when the client hangs up, the
// caller goes on and the work does too. Cutting it off would look like a failure of the processor.
func (s *Service) inTime(ctx context.Context, wait time.Duration, work func(ctx context.Context)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := aside(ctx, settleTime)
		defer cancel()
		work(ctx)
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// aside is a context for what must be tried even if the client has hung up, for at most d.
func aside(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
