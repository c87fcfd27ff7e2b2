// Package app joins the modules into one process: settings, stores, routes, jobs, and the bridges between modules that
// do not know one another.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"fairseat/app/clock"
	"fairseat/app/idempotency"
	"fairseat/app/keyring"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/sandbox"
	"fairseat/modules/notification"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
	"fairseat/modules/staff"
	"fairseat/web"
)

// App is one process of the product. Every replica is the same.
type App struct {
	config    Config
	log       *slog.Logger
	clock     clock.Clock
	keys      *keyring.Ring
	stores    *stores
	metrics   *prometheus.Registry
	audits    *auditMeters
	matching  sync.Mutex // held while somebody at the desk has the ledgers matched
	health    *health
	contract  *contract
	pages     *web.Pages
	public    keptPages
	publicURL string // how browsers reach us
	localURL  string // how this process reaches itself: the sandbox processor, over real HTTP

	staff        *staff.Service
	queue        *queue.Service
	seating      *seating.Service
	checkout     *checkout.Service
	notification *notification.Service
	sandbox      *sandbox.Processor

	keeper   *idempotency.Keeper
	workers  *river.Client[pgx.Tx]
	echo     *echo.Echo
	http     *http.Server
	listener net.Listener
}

// New opens the stores and builds the modules; nothing runs yet. share uses the servers of a running process where
// there is one. On success the App owns the listener.
func New(ctx context.Context, c Config, log *slog.Logger, listener net.Listener, share bool) (_ *App, err error) {
	a := &App{config: c, log: log, clock: clock.System{}, listener: listener, metrics: prometheus.NewRegistry()}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.audits = newAuditMeters(a.metrics)
	if a.localURL, a.publicURL, err = addresses(c, listener.Addr()); err != nil {
		return nil, err
	}
	if a.stores, err = openStores(ctx, c, log, share); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.stores.close(context.WithoutCancel(ctx))
		}
	}()
	configured, err := c.Keys.ring(func(key string) string { return key })
	if err != nil {
		return nil, &StartError{err}
	}
	if a.keys, err = loadKeys(ctx, a.stores.db, configured); err != nil {
		return nil, err
	}
	if a.pages, err = web.New(); err != nil {
		return nil, err
	}
	a.health = &health{stores: a.stores}
	a.keeper = idempotency.New(a.stores.db, a.clock)
	if a.contract, err = newContract(); err != nil {
		return nil, err
	}
	if err = a.build(); err != nil {
		return nil, err
	}
	if a.echo, err = newEcho(c, log, a.metrics, a.pages, a.closedForRestore); err != nil {
		return nil, err
	}
	a.routes()
	a.http = newHTTPServer(a.echo, log)
	return a, nil
}

// Run serves until ctx ends, then drains: balancers are told, sockets are told to reconnect, running requests and
// jobs finish, the built-in servers stop last.
func (a *App) Run(ctx context.Context) error {
	defer a.close()
	// Background work outlives ctx by the drain: a request that is still running may need it.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	if err := a.workers.Start(work); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	loops, work := errgroup.WithContext(work)
	for _, run := range []func(context.Context) error{a.queue.Run, a.seating.Run, a.checkout.Run, a.notification.Run, a.sandbox.Run, a.housekeep, a.watchBooks} {
		loops.Go(func() error { return run(work) })
	}
	served := make(chan error, 1)
	go func() { served <- a.http.Serve(a.listener) }()

	var failed error
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case err := <-served:
		failed = fmt.Errorf("serve: %w", err)
	case <-work.Done():
		failed = errors.New("a background loop ended")
	case err := <-a.stores.failed():
		failed = err
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.config.HTTP.Drain)
	defer cancel()
	a.health.draining.Store(true)
	a.seating.Drain()
	if err := a.http.Shutdown(drain); err != nil {
		a.log.Warn("requests were cut off", "error", err)
	}
	if err := a.workers.Stop(drain); err != nil {
		a.log.Warn("jobs were cut off; they run again at the next start", "error", err)
	}
	stopWork()
	if err := loops.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		failed = errors.Join(failed, err)
	}
	if failed == nil && a.stores.own {
		a.rest(context.WithoutCancel(ctx)) // the drain may be over
	}
	return failed
}

// rest tells the lines that our Redis is about to stop in order, so that the next start need not take them for lost.
func (a *App) rest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := a.queue.Rest(ctx); err != nil {
		a.log.Warn("lines were not put to rest; the next start burns the indexes they had in reserve", "error", err)
	}
}

// housekeep forgets what nobody will ask for again.
func (a *App) housekeep(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := a.keeper.Purge(ctx); err != nil {
				a.log.Warn("purge of idempotency keys failed", "error", err)
			}
		}
	}
}

func (a *App) close() {
	_ = a.http.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a.stores.close(ctx)
}

// addresses are how this process reaches itself and how others do.
func addresses(c Config, listening net.Addr) (local, public string, err error) {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok {
		return "", "", &StartError{fmt.Errorf("http.addr: not a TCP address: %v", listening)}
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	local = (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, fmt.Sprint(tcp.Port))}).String()
	if c.HTTP.PublicURL != "" {
		return local, c.HTTP.PublicURL, nil
	}
	return local, local, nil
}
