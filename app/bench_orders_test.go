package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/embedded"
	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/checkout"
	"fairseat/modules/checkout/provider"
)

// orderBench is the whole product on servers of its own, as durable as in earnest, with nothing running beside the
// measurement. Baskets need no hold, and the processor agrees at once: what is left is the order's path through Postgres.
type orderBench struct {
	app      *App
	servers  *embedded.Servers
	lines    *serverLog // what Postgres logs
	checkout *checkout.Service
	bank     *agreeing
	event    int64
	price    int64
	next     atomic.Int64 // the seat, and the buyer, of the next order
}

// Numbers that nothing else in a statement has, so that they can be told from it.
const (
	benchEvent = 900_001
	benchSeats = 400_000
	benchPrice = 4217
)

func newOrderBench(t *testing.T) *orderBench {
	t.Helper()
	ctx := context.Background()
	b := &orderBench{lines: &serverLog{}, event: benchEvent, price: benchPrice}
	dir, err := os.MkdirTemp("", "fairseat-bench-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres runs as somebody else
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if b.servers, err = embedded.Start(ctx, embedded.Options{DataDir: dir, Log: b.lines.logger(), MaxConnections: 100}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.servers.Stop(context.Background()) })
	c := Defaults()
	c.Postgres.URL, c.Redis.URL, c.DataDir = b.servers.PostgresURL(), b.servers.RedisURL(), t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if b.app, err = New(ctx, c, testkit.Logger(t), listener, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.app.close)
	for _, statement := range []string{
		`INSERT INTO plans (id, name, digest, seats, body, report) OVERRIDING SYSTEM VALUE VALUES (900002, 'House', 'd', 1, '\x00', '{}')`,
		`INSERT INTO events (id, slug, name, currency, plan_id, plan_version, prices, seats_total, prequeue_at, opens_at)
		 OVERRIDING SYSTEM VALUE VALUES (900001, 'gala', 'Gala', 'EUR', 900002, 'v1', '{}', 1, now(), now())`,
		`INSERT INTO seats (event_id, seat_id, category, price, currency) SELECT 900001, n, 'c1', 4217, 'EUR' FROM generate_series(0, 399999) AS n`,
		`ALTER TABLE seat_claims ALTER COLUMN id RESTART WITH 7000001`,
		`ANALYZE`,
	} {
		if err := b.app.stores.patient.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	d := b.app.checkout.Deps
	b.bank = &agreeing{known: map[string]provider.State{}, orders: map[string]string{}}
	d.Seats, d.Map, d.Events, d.Providers, d.Metrics = baskets{d.Seats, b}, noMap{}, gala{}, []provider.Provider{b.bank}, nil
	b.checkout = checkout.New(d)
	return b
}

// buyer is the n-th fan's place and address; the seat's number is n.
func (b *orderBench) buyer(n int64) (request.Place, checkout.Buyer) {
	return request.Place{EventID: b.event, Key: fmt.Sprintf("t%d", n)}, checkout.Buyer{Name: "Ada Fan", Email: fmt.Sprintf("ada%d@example.org", n)}
}

// order takes one seat from "Pay" to the ticket: T1, T2, T3, T4.
func (b *orderBench) order(n int64) error {
	ctx := context.Background()
	place, buyer := b.buyer(n)
	placed, err := b.checkout.PlaceOrder(ctx, place, buyer)
	if err != nil {
		return err
	}
	payment, err := b.bank.of(placed.Order.ID) // as a webhook would tell it, without asking Postgres
	if err != nil {
		return err
	}
	b.bank.agree(payment)
	return b.checkout.Settle(ctx, uuid.MustParse(payment))
}

// crowd lets so many fans order one after the other for a while, each worker its own, and answers orders a second.
func (b *orderBench) crowd(t *testing.T, workers int, span time.Duration) float64 {
	t.Helper()
	var (
		all   sync.WaitGroup
		done  atomic.Int64
		until = time.Now().Add(span)
		begun = time.Now()
	)
	for range workers {
		all.Go(func() {
			for time.Now().Before(until) {
				if err := b.order(b.next.Add(1)); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(begun).Seconds()
}

// baskets answers every place with the seat of its number.
type baskets struct {
	checkout.Seats
	b *orderBench
}

func (s baskets) Pin(_ context.Context, _ int64, place string, _ time.Duration, _ bool) (checkout.Basket, error) {
	var n int
	if _, err := fmt.Sscanf(place, "t%d", &n); err != nil {
		return checkout.Basket{}, err
	}
	return checkout.Basket{Seats: []checkout.Seat{{N: n % benchSeats, Price: s.b.price}}, Total: s.b.price, Currency: "EUR"}, nil
}

// SeatInfo spares the plan, which is no part of what is measured.
func (s baskets) SeatInfo(_ context.Context, _ int64, seats []int) ([]checkout.Seat, error) {
	found := make([]checkout.Seat, len(seats))
	for i, n := range seats {
		found[i] = checkout.Seat{N: n, Price: s.b.price}
	}
	return found, nil
}

// gala is the event, which a process reads once and remembers.
type gala struct{}

func (gala) Event(context.Context, int64) (checkout.Event, error) {
	return checkout.Event{ID: benchEvent, Slug: "gala", Name: "Gala", Timezone: "UTC", Currency: "EUR", MaxPerBuyer: 1, PayTime: 15 * time.Minute}, nil
}

// noMap is told and forgets.
type noMap struct{}

func (noMap) Take(context.Context, int64, string, []checkout.Claim, time.Time) error { return nil }
func (noMap) Sync(context.Context, int64, []int64) error                             { return nil }
func (noMap) TakenBy(context.Context, int64, string) (int, error)                    { return 0, nil }
func (noMap) Tell(int64, string, any)                                                {}

// TestBenchOrderPath is how much of what Postgres can do with the very statements of an order is left with all of ours around them.
func TestBenchOrderPath(t *testing.T) {
	bench := testkit.NewBench(t)
	b := newOrderBench(t)
	b.next.Store(100_000)
	script := b.record(t)
	const workers, rounds = 16, 7
	var ours, theirs, ratios []float64
	for range rounds {
		a, limit := b.crowd(t, workers, 2*time.Second), script.run(t, b, workers, 2)
		ours, theirs, ratios = append(ours, a), append(theirs, limit), append(ratios, a/limit)
	}
	ratio := testkit.Median(ratios[1:]) // the first warms up
	bench.Row("an order's statements, of pgbench running the same ones", ">= 0.50", ratio >= .5,
		"%.2f: %.0f of %.0f orders/s, %d statements each", ratio, testkit.Median(ours[1:]), testkit.Median(theirs[1:]), script.statements)
}

// TestBenchRace is how long the slowest wait for their order while a hundred want the same section at once.
func TestBenchRace(t *testing.T) {
	bench := testkit.NewBench(t)
	b := newOrderBench(t)
	const crowd, rounds = 100, 20
	var (
		mu             sync.Mutex
		took           []time.Duration
		won, late, odd int
	)
	for round := range rounds {
		start := make(chan struct{})
		var all sync.WaitGroup
		for range crowd {
			// The place names a random seat of this round's section, and its holder is told nothing of the others.
			n := int64(benchSeats)*b.next.Add(1) + int64(round*crowd+rand.IntN(crowd))
			all.Go(func() {
				place, buyer := b.buyer(n)
				<-start
				begun := time.Now()
				_, err := b.checkout.PlaceOrder(context.Background(), place, buyer)
				span := time.Since(begun)
				mu.Lock()
				defer mu.Unlock()
				switch took = append(took, span); {
				case err == nil:
					won++
				case errors.Is(err, checkout.ErrSeatsTaken):
					late++
				default:
					odd++
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
	}
	slices.Sort(took)
	at := func(share float64) float64 { return took[int(share*float64(len(took)-1))].Seconds() * 1000 }
	bench.Row("a hundred at once for one section: to the answer", "-", odd == 0, "p50 %.0f ms, p99 %.0f ms (%d won a seat, %d came late)", at(.5), at(.99), won, late)
}
