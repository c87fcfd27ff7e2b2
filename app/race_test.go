package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// house is a plan of rows × seats of one category, for stories that care about the race and not about the room.
func house(t testing.TB, staff *client, rows, seats int) string {
	t.Helper()
	type object = map[string]any
	var drawn []object
	for r := range rows {
		var row []object
		for s := range seats {
			row = append(row, object{"seat_guid": fmt.Sprintf("%d-%d", r, s), "seat_number": fmt.Sprint(s + 1),
				"position": object{"x": s * 25, "y": 0}, "category": "Stalls"})
		}
		drawn = append(drawn, object{"row_number": string(rune('A' + r)), "position": object{"x": 0, "y": r * 25}, "seats": row})
	}
	var plan struct{ ID string }
	staff.must(t, 201, "POST", "/api/v1/admin/plans", object{
		"name": "House", "size": object{"width": 1000, "height": 1000},
		"categories": []object{{"name": "Stalls", "color": "#3355aa"}},
		"zones":      []object{{"name": "Ground", "position": object{"x": 0, "y": 0}, "rows": drawn, "areas": []object{}}},
	}, &plan)
	return plan.ID
}

// sale is a race of many fans for few seats.
type sale struct {
	t     testing.TB
	slug  string
	bases []string // replicas; fans are spread over them
	fans  []*fan
	mu    sync.Mutex
	paid  map[string]*orderView // what fans saw as paid
}

func newSale(t testing.TB, slug string, bases ...string) *sale {
	return &sale{t: t, slug: slug, bases: bases, paid: map[string]*orderView{}}
}

// run lets n fans live the whole sale at once; each tries until it has a seat or there is none.
func (s *sale) run(ctx context.Context, n int) {
	var all sync.WaitGroup
	for i := range n {
		f := newFan(s.bases[i%len(s.bases)], s.slug, fmt.Sprintf("Fan %d", i))
		s.fans = append(s.fans, f)
		all.Go(func() {
			if err := s.live(ctx, f, i); err != nil {
				s.t.Errorf("fan %d: %v", i, err)
			}
		})
	}
	all.Wait()
}

func (s *sale) live(ctx context.Context, f *fan, i int) error {
	if err := f.join(ctx); err != nil {
		return err
	}
	for {
		in, err := f.enter(ctx)
		if err != nil || !in {
			return err
		}
		again, err := s.buy(ctx, f, fmt.Sprintf("fan%d@example.org", i))
		if err != nil || !again {
			return err
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// buy takes whatever seat is best and pays for it; again tells to try once more.
func (s *sale) buy(ctx context.Context, f *fan, email string) (again bool, err error) {
	a, err := f.patient(ctx, "POST", f.path("/holds"), map[string]any{"best": map[string]int{"quantity": 1}})
	if err != nil {
		return false, err
	}
	switch code := a.code(); {
	case a.Status == 201:
	case code == "none-left", code == "seats-taken":
		// Somebody inside without a seat must leave, or nobody else is called when one comes back.
		_, err := f.patient(ctx, "DELETE", f.path("/queue/admission"), nil)
		return true, err
	case code == "not-admitted":
		return true, nil
	case code == "too-many": // bought already, as an order whose answer was lost may show
		return false, nil
	default:
		return false, fmt.Errorf("hold: %v", a)
	}
	order, a, err := f.order(ctx, email)
	if err != nil {
		return false, err
	}
	if order == nil {
		switch a.code() {
		case "hold-expired", "seats-taken":
			return true, nil
		case "buyer-limit":
			return false, nil
		}
		return false, fmt.Errorf("order: %v", a)
	}
	got, err := f.settle(ctx, order, "paid", "paid", "refunded", "expired", "cancelled")
	if err != nil {
		return false, err
	}
	if got.Status == "paid" {
		s.mu.Lock()
		s.paid[got.ID] = got
		s.mu.Unlock()
		return false, nil
	}
	return true, nil
}

// check is what must be true after any sale, whatever was broken during it.
func (s *sale) check(ctx context.Context, staff *client, seats int) {
	s.t.Helper()
	s.settled(ctx, staff)
	audit := cleanAudit(s.t, staff)
	for currency, m := range audit.Money {
		if m.Captured != m.Delivered+m.Refunded || m.Owed != 0 || m.InFlight != 0 {
			s.t.Errorf("%s does not add up: %+v", currency, m)
		}
	}
	owner := map[int]string{}
	for id := range s.paid {
		var o orderView
		a, err := (&fan{client: staff, name: "staff"}).patient(ctx, "GET", "/api/v1/admin/orders/"+id, nil)
		if err != nil || a.Status != 200 || json.Unmarshal(a.Body, &o) != nil {
			s.t.Errorf("order %s: %v %v", id, a, err)
			continue
		}
		if o.Status != "paid" || len(o.Tickets) != 1 {
			s.t.Errorf("a fan saw order %s paid; now it is %s with %d tickets", id, o.Status, len(o.Tickets))
			continue
		}
		n := o.Tickets[0].Seat.N
		if other, taken := owner[n]; taken {
			s.t.Errorf("seat %d belongs to %s and to %s", n, other, id)
		}
		owner[n] = id
	}
	s.compareLedger(staff)
	if len(s.paid) != seats {
		s.t.Errorf("%d seats sold to fans who know it, of %d", len(s.paid), seats)
	}
}

// settled waits until nothing is under way any more: at most a minute after the faults end.
func (s *sale) settled(ctx context.Context, staff *client) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		var stats struct {
			Held, Paying int
			Orders       struct{ Pending int }
			Money        struct{ Owed int64 }
		}
		a, err := staff.do("GET", "/api/v1/admin/events/"+s.slug+"/stats", nil)
		if err == nil && a.Status == 200 && json.Unmarshal(a.Body, &stats) == nil &&
			stats.Paying == 0 && stats.Orders.Pending == 0 && stats.Money.Owed == 0 {
			return
		}
		if err := wait(ctx, 200*time.Millisecond); err != nil {
			s.t.Errorf("a minute after the faults something is still open: %v", a)
			return
		}
	}
}

// compareLedger compares the processor's own ledger with what fans were told, to the cent.
func (s *sale) compareLedger(staff *client) {
	s.t.Helper()
	var charges chargesView
	testkit.Eventually(s.t, 20*time.Second, "the processor's ledger", func() bool {
		a, err := staff.do("GET", "/sandbox/charges", nil)
		return err == nil && a.Status == 200 && json.Unmarshal(a.Body, &charges) == nil
	})
	kept := map[string]int64{}
	for _, c := range charges.Charges {
		kept[c.Order] += c.Captured - c.Refunded
	}
	for id, o := range s.paid {
		if kept[id] != o.Total {
			s.t.Errorf("order %s costs %d, the processor holds %d", id, o.Total, kept[id])
		}
		delete(kept, id)
	}
	for id, held := range kept {
		if held != 0 {
			s.t.Errorf("the processor holds %d for order %s, which no fan saw paid", held, id)
		}
	}
}

// setFaults replaces all faults, asking again while the stores are coming back.
func setFaults(t testing.TB, base string, faults map[string]any) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, "the processor's faults are set", func() bool {
		a, err := newClient(base).do("PUT", "/sandbox/faults", faults)
		return err == nil && a.Status == 200
	})
}

// 300 fans race for 60 seats while the processor misbehaves: first every webhook comes twice, then none comes at all,
// and one call in ten fails, half of them after their effect.
func TestRaceAgainstABadProcessor(t *testing.T) {
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "race", house(t, staff, 6, 10), map[string]any{"Stalls": 4200}, time.Second,
		map[string]any{"hold_seconds": 20, "pay_seconds": 40, "queue": map[string]any{"cap": 80, "per_minute": 60000}})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()

	setFaults(t, p.base, map[string]any{"error_rate": 0.1, "webhook": "twice"})
	s := newSale(t, "race", p.base)
	var lost atomic.Bool
	go func() { // half of the seats sold: from now on no webhook arrives
		for ctx.Err() == nil && !lost.Load() {
			s.mu.Lock()
			half := len(s.paid) >= 30
			s.mu.Unlock()
			if half {
				a, err := newClient(p.base).do("PUT", "/sandbox/faults", map[string]any{"error_rate": 0.1, "webhook": "lost"})
				lost.Store(err == nil && a.Status == 200)
			}
			_ = wait(ctx, 20*time.Millisecond)
		}
	}()
	s.run(ctx, 300)
	if !lost.Load() {
		t.Error("the sale ended before webhooks were lost")
	}
	setFaults(t, p.base, map[string]any{})
	s.check(ctx, staff, 60)
}

// Three replicas on one Postgres and one Redis sell one house: none is special, and one may die and come back.
func TestThreeReplicasSellOneHouse(t *testing.T) {
	pg, redis := servers(t)
	env := []string{"FAIRSEAT_POSTGRES__URL=" + pg, "FAIRSEAT_REDIS__URL=" + redis}
	first := newProcess(t, env...)
	replicas := []*process{first, newProcess(t, env...), newProcess(t, env...)}
	for _, r := range replicas {
		r.start() // all at once, on an empty database
	}
	var bases []string
	for _, r := range replicas {
		r.waitReady(30 * time.Second)
		bases = append(bases, r.base)
	}
	staff := signIn(t, first.base)
	createEvent(t, staff, "trio", house(t, staff, 4, 10), map[string]any{"Stalls": 4200}, 2*time.Second,
		map[string]any{"hold_seconds": 20, "pay_seconds": 40, "queue": map[string]any{"cap": 30, "per_minute": 60000}})
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	s := newSale(t, "trio", bases...)
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx, 120) }()
	testkit.Eventually(t, time.Minute, "the first seats are sold", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.paid) >= 5 })
	replicas[1].kill()
	replicas[1].start()
	<-done
	s.check(ctx, staff, 40)
	if code := replicas[2].stopCode(); code != 0 {
		t.Errorf("SIGTERM ended a replica with %d", code)
	}
}

func (p *process) stopCode() int { p.stop(); return p.exitCode() }
