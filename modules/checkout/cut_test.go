package checkout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// reaper of processes: after a given number of steps, each a statement or a call to the processor (before and after
// its effect), the process is dead and nothing of it reaches anybody any more.
type guillotine struct {
	mu    sync.Mutex
	steps int
	at    int // the step at which it falls; 0 = never
}

var errKilled = errors.New("the process is dead")

func (g *guillotine) step() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps++
	if g.at > 0 && g.steps >= g.at {
		return errKilled
	}
	return nil
}

func (g *guillotine) raise(at int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.steps, g.at = 0, at
}

func (g *guillotine) dead() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at > 0 && g.steps >= g.at
}

// victimDB is a connection on which a process can be killed: a statement that is refused rolls its transaction back,
// and the last one before a commit stands beside the first one after it, so that both sides of each commit are cut.
func (k *kit) victimDB(g *guillotine) *gorm.DB {
	k.T.Helper()
	db := testkit.Open(k.T, k.PostgresURL)
	pool, err := db.DB()
	must(k.T, err)
	k.T.Cleanup(func() { _ = pool.Close() })
	kill := func(tx *gorm.DB) {
		if err := g.step(); err != nil {
			_ = tx.AddError(err)
		}
	}
	must(k.T, db.Callback().Raw().Before("gorm:raw").Register("kill", kill))
	must(k.T, db.Callback().Row().Before("gorm:row").Register("kill", kill))
	must(k.T, db.Callback().Query().Before("gorm:query").Register("kill", kill))
	return db
}

// story is what happens to one order in a process; it stops where the process dies.
type story struct {
	name string
	live func(k *kit, s *Service, f fan) error
	// ends are the states the order may end in when the fan comes back after the crash, and when the fan does not.
	ends, endsAlone []string
}

func stories() []story {
	ctx := context.Background()
	// buy places the order and pays; the webhook and its job find the process that is alive.
	buy := func(k *kit, s *Service, f fan, to provider.Status, extra int64) (string, error) {
		placed, err := s.PlaceOrder(ctx, f.place, f.buyer)
		if err != nil {
			return "", err
		}
		p := k.payment(placed.Order.ID)
		k.bank.click(p.ID, to, extra)
		if err := s.keepEvent(ctx, "sandbox", k.bank.event(p.ID)); err != nil {
			return "", err
		}
		k.runJobs(s)
		return placed.Order.ID, nil
	}
	return []story{
		{"paid", func(k *kit, s *Service, f fan) error {
			_, err := buy(k, s, f, provider.Authorized, 0)
			return err
		}, []string{"paid"}, []string{"paid", "expired", ""}},
		{"declined, then paid", func(k *kit, s *Service, f fan) error {
			id, err := buy(k, s, f, provider.Declined, 0)
			if err != nil {
				return err
			}
			if _, err := s.PayAgain(ctx, uuid.MustParse(id), ""); err != nil {
				return err
			}
			p := k.payment(id)
			k.bank.click(p.ID, provider.Authorized, 0)
			if err := s.keepEvent(ctx, "sandbox", k.bank.event(p.ID)); err != nil {
				return err
			}
			k.runJobs(s)
			return nil
		}, []string{"paid"}, []string{"paid", "expired", ""}},
		{"wrong amount captured", func(k *kit, s *Service, f fan) error {
			id, err := buy(k, s, f, provider.Captured, 5)
			if err != nil {
				return err
			}
			k.runJobs(s)
			k.Kit.Clock.Advance(16 * time.Minute)
			_ = s.Tick(ctx)
			_, err = s.store.order(ctx, s.DB, uuid.MustParse(id), "")
			return err
		}, []string{"refunded", "paid"}, []string{"refunded", "expired", ""}},
		{"given up", func(k *kit, s *Service, f fan) error {
			placed, err := s.PlaceOrder(ctx, f.place, f.buyer)
			if err != nil {
				return err
			}
			return s.GiveUp(ctx, uuid.MustParse(placed.Order.ID))
		}, []string{"cancelled", "paid", "expired"}, []string{"cancelled", "expired", ""}},
		{"expired, late money, seat free", func(k *kit, s *Service, f fan) error {
			return late(ctx, k, s, f, false)
		}, []string{"paid", "expired"}, []string{"paid", "expired", ""}},
		{"expired, late money, seat gone", func(k *kit, s *Service, f fan) error {
			return late(ctx, k, s, f, true)
		}, []string{"refunded", "expired", "paid"}, []string{"refunded", "expired", "paid", ""}},
		{"swapped for a dearer seat", func(k *kit, s *Service, f fan) error {
			return dearer(ctx, k, s, f, func(id uuid.UUID, p Payment) error {
				k.bank.click(p.ID, provider.Authorized, 0)
				return nil
			})
		}, []string{"paid"}, []string{"paid", "expired", ""}},
		{"swapped for a dearer seat, and given up", func(k *kit, s *Service, f fan) error {
			return dearer(ctx, k, s, f, func(id uuid.UUID, _ Payment) error { return s.GiveUpSwap(ctx, id) })
		}, []string{"paid"}, []string{"paid", "expired", ""}},
		{"swapped for a dearer seat, paid too late", func(k *kit, s *Service, f fan) error {
			return dearer(ctx, k, s, f, func(_ uuid.UUID, p Payment) error {
				_ = k.beatAndTick(16 * time.Minute)
				k.bank.mu.Lock()
				defer k.bank.mu.Unlock()
				if a := k.bank.accounts[p.ID.String()]; a != nil {
					a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
				}
				return nil
			})
		}, []string{"paid"}, []string{"paid", "expired", ""}},
		{"others offered, taken", func(k *kit, s *Service, f fan) error {
			return answered(ctx, k, s, f, func(id uuid.UUID) error { _, err := s.AcceptOffer(ctx, id); return err })
		}, []string{"paid", "refunded", "expired"}, []string{"paid", "refunded", "expired", ""}},
		{"others offered, declined", func(k *kit, s *Service, f fan) error {
			return answered(ctx, k, s, f, func(id uuid.UUID) error { return s.DeclineOffer(ctx, id) })
		}, []string{"refunded", "expired", "paid"}, []string{"refunded", "expired", "paid", ""}},
	}
}

// dearer is an order that is paid and then swapped for a dearer seat, up to its payment; then what its fan does.
func dearer(ctx context.Context, k *kit, s *Service, f fan, then func(uuid.UUID, Payment) error) error {
	placed, err := s.PlaceOrder(ctx, f.place, f.buyer)
	if err != nil {
		return err
	}
	p := k.payment(placed.Order.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	if err := s.Settle(ctx, p.ID); err != nil {
		return err
	}
	k.room.startsIn = 24 * time.Hour // however long this story is told
	k.room.cheap, k.room.cheapPrice = 10, 7000
	if k.room.last[0] == 10 {
		k.room.cheap = 9
	}
	defer func() { k.room.cheap = 0 }()
	v, id := k.shown(placed.Order.ID), uuid.MustParse(placed.Order.ID)
	if _, _, err := s.Swap(ctx, id, uuid.MustParse(v.Tickets[0].ID), k.room.cheap); err != nil {
		return err
	}
	p = k.payment(v.ID)
	if err := then(id, p); err != nil {
		return err
	}
	if err := s.keepEvent(ctx, "sandbox", k.bank.event(p.ID)); err != nil {
		return err
	}
	k.runJobs(s)
	return nil
}

// late lets an order expire, and then the money come.
func late(ctx context.Context, k *kit, s *Service, f fan, taken bool) error {
	placed, err := s.PlaceOrder(ctx, f.place, f.buyer)
	if err != nil {
		return err
	}
	k.Kit.Clock.Advance(16 * time.Minute)
	if err := s.Tick(ctx); err != nil {
		return err
	}
	if taken {
		if _, err := s.PlaceOrder(ctx, k.fan(k.room.last...).place, Buyer{Name: "Bob", Email: fmt.Sprintf("bob%d@example.org", k.buyers)}); err != nil {
			return err
		}
	}
	p := k.payment(placed.Order.ID)
	k.bank.mu.Lock()
	a := k.bank.accounts[p.ID.String()]
	a.Status, a.Authorized, a.Captured = provider.Captured, a.amount, a.amount
	k.bank.mu.Unlock()
	if err := s.keepEvent(ctx, "sandbox", k.bank.event(p.ID)); err != nil {
		return err
	}
	k.runJobs(s)
	return nil
}

// answered is late, with other seats offered for those that went.
func answered(ctx context.Context, k *kit, s *Service, f fan, answer func(uuid.UUID) error) error {
	k.offers(600)
	k.room.startsIn = 24 * time.Hour // however long this story is told
	if err := late(ctx, k, s, f, true); err != nil {
		return err
	}
	o, found, err := s.store.openOrder(ctx, f.place.EventID, f.place.Key)
	if err != nil {
		return err
	}
	if !found {
		return errors.New("nothing was offered")
	}
	return answer(o.ID)
}

// Cut between any two steps of any story, the end is a ticket or the money back: with a fan who comes back and tries
// again, and with one who never does.
func TestCutBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	for _, st := range stories() {
		for _, returns := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, fan returns %v", st.name, returns), func(t *testing.T) {
				t.Parallel()
				k := newKit(t)
				g := &guillotine{}
				s := k.service(k.victimDB(g))
				cuts := 0
				for at := 1; ; at++ {
					g.raise(at)
					alive := k.cutOnce(st, s, g, at, returns)
					cuts++
					if alive {
						break // the whole story passed before the blade fell
					}
					if t.Failed() {
						t.Fatalf("cut at step %d", at)
					}
				}
				if cuts < 15 {
					t.Errorf("only %d cuts: the story did not happen", cuts)
				}
				t.Logf("%d cuts", cuts)
			})
		}
	}
}

// cutOnce lives a story until the given step, lets another process repair it, and checks. True if nothing was cut.
func (k *kit) cutOnce(st story, s *Service, g *guillotine, at int, returns bool) (alive bool) {
	k.T.Helper()
	f := k.fan(at % testSeats)
	k.room.last = []int{at % testSeats}
	k.bank.before = func(string) error { return g.step() }
	k.bank.after = k.bank.before
	err := st.live(k, s, f)
	alive = !g.dead()
	if alive && err != nil {
		k.T.Fatalf("%s without a cut: %v", st.name, err)
	}
	k.bank.before, k.bank.after = nil, nil
	if returns {
		k.comeBack(f, alive)
	}
	k.Kit.Clock.Advance(17 * time.Minute)
	k.quiet(k.Service)
	if k.count(`SELECT count(*) FROM orders WHERE status = 'pending' AND offer = 'open'`) > 0 { // the crash cost the fan no second
		_ = k.beatAndTick(30 * time.Minute)
		k.quiet(k.Service)
	}
	k.check()
	k.checkEnd(st, f, returns, alive)
	k.reset()
	return alive
}

// comeBack is a fan with the patience of a page: orders if nothing is open, and pays what can be paid.
func (k *kit) comeBack(f fan, alive bool) {
	k.T.Helper()
	ctx := context.Background()
	o, found, err := k.store.openOrder(ctx, f.place.EventID, f.place.Key)
	must(k.T, err)
	if !found {
		if alive || k.count(`SELECT count(*) FROM orders WHERE place_key = ?`, f.place.Key) > 0 {
			return
		}
		k.room.put(f.place.Key, k.room.last) // the hold outlives the crash
		o = k.order(k.mustPlace(f).Order.ID)
	}
	k.Kit.Clock.Advance(4 * time.Second)
	v, err := k.Look(ctx, o)
	must(k.T, err)
	if v.Status == shownDeclined {
		if _, err := k.PayAgain(ctx, o.ID, ""); err != nil {
			return
		}
	}
	if p, live, err := k.store.livePayment(ctx, k.Kit.DB, o.ID); err == nil && live {
		k.bank.click(p.ID, provider.Authorized, 0)
	}
	k.Kit.Clock.Advance(4 * time.Second)
	_, err = k.Look(ctx, k.order(o.ID.String()))
	must(k.T, err)
}

func (k *kit) checkEnd(st story, f fan, returns, alive bool) {
	k.T.Helper()
	var id string
	must(k.T, k.Kit.DB.Raw(`SELECT id::text FROM orders WHERE place_key = ? ORDER BY created_at LIMIT 1`, f.place.Key).Scan(&id).Error)
	shown, allowed := "", st.endsAlone
	if id != "" {
		shown = k.shown(id).Status
	}
	if returns || alive {
		allowed = st.ends
	}
	for _, a := range allowed {
		if shown == a {
			return
		}
	}
	k.T.Errorf("%s: the order ended as %q, want one of %q\n%s", st.name, shown, allowed, k.dump())
}

// reset makes room for the next cut: everything settled, so it can go.
func (k *kit) reset() {
	k.T.Helper()
	for _, table := range []string{"event_refund_orders", "event_refunds", "refunds", "payments", "swaps", "tickets", "seat_claims", "orders", "psp_events", "mails", "heartbeats", "test_jobs"} {
		must(k.T, k.Kit.DB.Exec(`DELETE FROM `+table).Error)
	}
	k.bank.mu.Lock()
	k.bank.accounts, k.bank.keys = map[string]*account{}, map[string]bool{}
	k.bank.mu.Unlock()
}
