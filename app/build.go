package app

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"

	"fairseat/app/keyring"
	"fairseat/app/limit"
	"fairseat/app/request"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/document"
	bysandbox "fairseat/modules/checkout/provider/sandbox"
	"fairseat/modules/checkout/sandbox"
	"fairseat/modules/notification"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
	"fairseat/modules/staff"
)

// pdfsAtOnce keeps a thousand fans who open their tickets from starving the sale.
const pdfsAtOnce = 2

// build makes the modules and hands each its neighbours.
func (a *App) build() error {
	c, db, redis := a.config, a.stores.db, a.stores.redis
	jobs, err := newJobs(db)
	if err != nil {
		return err
	}
	limits := limit.New(redis, c.Redis.Prefix, a.clock, a.log)
	trial := c.Mode == "trial"

	a.staff = staff.New(staff.Deps{DB: db, Clock: a.clock, Log: a.log, Limits: limits, PublicURL: a.publicURL, PerIP: c.Limits.PerIP})
	a.queue = queue.New(queue.Deps{
		DB: db, Redis: redis, KeyPrefix: c.Redis.Prefix, Clock: a.clock, Log: a.log, Keys: a.keys, Limits: limits,
		PerIP: c.Limits.PerIP, PerNetwork: c.Limits.PerNetwork, PublicURL: a.publicURL,
		Beacon: queue.BeaconConfig{URLs: c.Draw.BeaconURLs, Chain: c.Draw.BeaconChain, Key: c.Draw.BeaconKey}, Seats: seatsForQueue{a}, Events: eventsForQueue{a},
		Orders: ordersForQueue{a}, Payments: paymentsForQueue{a}, Journal: a.staff, Mails: mailsForQueue{a},
	})
	a.seating = seating.New(seating.Deps{
		DB: db, Redis: redis, KeyPrefix: c.Redis.Prefix, Clock: a.clock, Log: a.log, Limits: limits,
		Admissions: linesForSeating{a}, Lines: linesForSeating{a}, Journal: a.staff, Places: a.queue, Sessions: a.staff, Methods: a.methods(),
		PublicURL: a.publicURL, PerPlace: c.Limits.PerPlace,
	})
	shared := a.keys.Current(keyring.Webhook)
	a.sandbox = sandbox.New(sandbox.Deps{
		DB: db, Clock: a.clock, Log: a.log, Secret: bysandbox.MerchantSecret(shared), SigningKey: shared.Secret,
		PublicURL: func() string { return a.publicURL }, Loopback: a.onLoopback,
	})
	a.checkout = checkout.New(checkout.Deps{
		DB: db, Clock: a.clock, Log: a.log, Keys: a.keys, Seats: seatsForCheckout{a}, Locks: a.seating, Map: seatsForCheckout{a},
		Events: eventsForCheckout{a}, Admissions: a.queue, Sale: a.queue, Swaps: c.Tickets.Swaps, SecondAbove: c.Refunds.SecondApproverAbove, Mails: mailsForCheckout{a}, Jobs: jobs, Limits: limits,
		Journal: a.staff, Places: a.queue, Documents: documents{document.NewRenderer(pdfsAtOnce)},
		Providers: a.providers(),
		PublicURL: func() string { return a.publicURL }, PerIP: c.Limits.PerIP, PerPlace: c.Limits.PerPlace, Trial: trial,
		Metrics: a.metrics, OnRestore: a.restored, Seller: c.Seller.seller(), Tax: c.Tax.rate(),
	})
	mailer, err := notification.NewMailer(c.SMTP.URL, c.DataDir, c.SMTP.From)
	if err != nil {
		return &StartError{err}
	}
	a.notification = notification.New(notification.Deps{
		DB: db, Clock: a.clock, Log: a.log, Jobs: jobs, Orders: ordersForMail{a}, Events: eventsForMail{a}, Attachments: filesForMail{a},
		Mailer: mailer, From: c.SMTP.From, Trial: trial,
	})

	workers := river.NewWorkers()
	a.seating.Workers(workers)
	a.checkout.Workers(workers)
	a.notification.Workers(workers)
	if a.workers, err = newWorkers(a.stores.jobs, workers, a.log); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

func secrets(keys []keyring.Key) [][]byte {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = k.Secret
	}
	return out
}

// onLoopback tells whether only this machine can reach us: behind a proxy of this machine every peer looks local.
func (a *App) onLoopback() bool {
	tcp, ok := a.listener.Addr().(*net.TCPAddr)
	public, err := url.Parse(a.publicURL)
	if !ok || err != nil || !tcp.IP.IsLoopback() || len(a.config.HTTP.TrustedProxies) > 0 {
		return false
	}
	return isLoopback(public.Hostname())
}

// routes makes the groups with their middleware, and lets every module hang its routes on them.
func (a *App) routes() {
	a.echo.Pre(oneLoopback(a.publicURL))
	const event = "/api/v1/events/:event"
	resolve, place, still, staffOnly := a.seating.ResolveEvent(), a.queue.RequirePlace(), a.queue.KnowPlace(), a.staff.RequireStaff()
	r := request.Routes{
		Root: guard(a.echo, ""), API: guard(a.echo, "/api/v1"),
		Event: guard(a.echo, event, resolve), Place: guard(a.echo, event, resolve, place),
		Still:      guard(a.echo, event, resolve, still),
		Admin:      guard(a.echo, "/api/v1/admin", staffOnly),
		AdminEvent: guard(a.echo, "/api/v1/admin/events/:event", staffOnly, resolve),
		Idempotent: a.keeper.Middleware(),
	}
	a.healthRoutes(r)
	a.pageRoutes(r)
	a.adminRoutes(r)
	r.Root.GET("/api/openapi.json", func(c echo.Context) error {
		return c.JSONBlob(http.StatusOK, a.contract.document)
	})
	a.staff.Routes(r)
	a.queue.Routes(r)
	a.seating.Routes(r)
	a.checkout.Routes(r)
	a.notification.Routes(r)
	if a.config.Mode == "trial" { // production has no play money
		a.sandbox.Routes(r.Root, staffOnly)
	}
}
