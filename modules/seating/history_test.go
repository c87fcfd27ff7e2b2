package seating

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// A round is played by three fans with two tabs each, over four seats that nobody else wants: so late echoes of one
// round never reach another. Two rounds run at once.
const (
	roundSeats  = 4
	roundPlaces = 3
	roundTabs   = 2
	roundActs   = 7
	roundMost   = 3
)

var wall = clock.System{}

// twin is one Service of several, which may be lost with all its calls under way.
type twin struct {
	s    *Service
	ctx  context.Context
	lose context.CancelFunc
}

// stage is where histories are recorded.
type stage struct {
	*house
	t    *testing.T
	seed uint64
	laws laws

	mu       sync.Mutex
	twins    []*twin
	flushes  []act
	rounding map[*round]bool // under way
	opening  sync.Mutex      // held while an event is made, and while a fault strikes
	// up waits until the stores answer again, after a call that nobody answered.
	up func()
	// spoil breaks something on purpose, to see that it is noticed.
	spoil func(r *round, random *rand.Rand)

	rounds, histories, acts, unknown atomic.Int64
}

// round is the seats first…first+3 of an event, and what happened to them.
type round struct {
	first  int
	name   string
	life   time.Duration
	began  int64
	mu     sync.Mutex
	acts   []act
	claims [roundPlaces][]Claim // not yet given up
}

// newStage opens a house of 2,000 seats. The environment's HISTORY_SEED repeats what each client tries, though not how
// the machine interleaves it.
func newStage(t *testing.T, k *testkit.Kit) *stage {
	t.Helper()
	h := openOn(t, k, wall, 40, 50, fmt.Sprintf(`,"max_per_buyer":%d`, roundMost))
	st := &stage{house: h, t: t, seed: uint64(wall.Now().UnixNano()), laws: laws{most: roundMost}, up: func() {}, rounding: map[*round]bool{}}
	if fixed := os.Getenv("HISTORY_SEED"); fixed != "" {
		st.seed, _ = strconv.ParseUint(fixed, 10, 64)
	}
	t.Logf("HISTORY_SEED=%d", st.seed)
	return st
}

// rounds tells how many to play: the environment's HISTORIES for a long run.
func rounds(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("HISTORIES")); err == nil && n > 0 {
		return n
	}
	return usual
}

func (st *stage) join(s *Service) *twin {
	r := &twin{s: s}
	r.ctx, r.lose = context.WithCancel(context.Background())
	st.t.Cleanup(r.lose)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.twins = append(st.twins, r)
	return r
}

func (st *stage) any(random *rand.Rand) *twin {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.twins[random.IntN(len(st.twins))]
}

// play records rounds until there were enough, done ends, or one is illegal, and judges each.
func (st *stage) play(rounds int, done <-chan struct{}) {
	st.t.Helper()
	if verdict := st.search(rounds, done); verdict != "" {
		st.t.Errorf("HISTORY_SEED=%d, %s", st.seed, verdict)
	}
	st.t.Logf("%d histories of %d rounds, %d acts, %d without an answer", st.histories.Load(), st.rounds.Load(), st.acts.Load(), st.unknown.Load())
}

// search is play that only tells of the first illegal history.
func (st *stage) search(rounds int, done <-chan struct{}) (verdict string) {
	perEvent := st.event.SeatsTotal / roundSeats
	var mu sync.Mutex // guards verdict
	ended := func() bool {
		select {
		case <-done:
			return true
		default:
			return verdict != ""
		}
	}
	for from := 0; from < rounds && !ended(); from += perEvent {
		if from > 0 {
			st.opening.Lock()
			st.up()
			st.another(fmt.Sprintf("gala-%d", from))
			st.opening.Unlock()
		}
		var next atomic.Int64
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				for n := int(next.Add(1)) - 1; n < min(perEvent, rounds-from); n = int(next.Add(1)) - 1 {
					illegal := st.one(n*roundSeats, from+n)
					mu.Lock()
					if illegal != "" {
						verdict = fmt.Sprintf("round %d, %s", from+n, illegal)
					}
					stop := ended()
					mu.Unlock()
					if stop {
						return
					}
				}
			})
		}
		both.Wait()
	}
	return verdict
}

// one plays and judges a round.
func (st *stage) one(first, number int) (illegal string) {
	random := rand.New(rand.NewPCG(st.seed, uint64(number)))
	r := &round{first: first, name: fmt.Sprintf("r%d", number), life: 10 * time.Second, began: wall.Now().UnixNano()}
	if random.IntN(2) == 0 {
		r.life = time.Duration(20+random.IntN(60)) * time.Millisecond
	}
	st.up()
	st.mu.Lock()
	st.rounding[r] = true
	st.mu.Unlock()
	st.admitRound(r)
	var all sync.WaitGroup
	for c := range roundPlaces * roundTabs {
		mine := rand.New(rand.NewPCG(st.seed, uint64(number)<<8|uint64(c+1)))
		all.Go(func() { st.client(r, c%roundPlaces, mine) })
	}
	all.Wait()
	acts := r.acts
	st.mu.Lock()
	delete(st.rounding, r)
	acts = append(acts, keep(st.flushes, func(a act) bool { return a.ret >= r.began })...)
	st.mu.Unlock()
	n, illegal := st.laws.judge(acts, roundSeats, roundPlaces)
	st.rounds.Add(1)
	st.histories.Add(int64(n))
	st.acts.Add(int64(len(acts)))
	return illegal
}

func (st *stage) playing() map[*round]bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return maps.Clone(st.rounding)
}

func (st *stage) admitRound(r *round) {
	for p := range roundPlaces {
		leases, _ := st.doors.LeaseKeys(st.event.ID)
		err := st.Redis.Do(context.Background(), st.Redis.B().Zadd().Key(leases).ScoreMember().
			ScoreMember(float64(wall.Now().Add(24*time.Hour).UnixMilli()), r.place(p)).Build()).Error()
		if err != nil {
			st.t.Logf("not admitted: %v", err) // its acts are refused, and say nothing
		}
	}
}

func (r *round) place(p int) string { return fmt.Sprintf("%s-%d", r.name, p) }

func (r *round) numbers(of seatSet) (seats []int) {
	for n := range roundSeats {
		if of.has(n) {
			seats = append(seats, r.first+n)
		}
	}
	return seats
}

func (r *round) set(seats []int) (of seatSet) {
	for _, n := range seats {
		of |= 1 << (n - r.first)
	}
	return of
}

// client is one tab: it does this and that until it has had enough, or is left without an answer.
func (st *stage) client(r *round, p int, random *rand.Rand) {
	for range roundActs {
		if st.spoil != nil {
			st.spoil(r, random)
		}
		of := st.any(random)
		ctx, cancel := context.WithCancel(of.ctx)
		if random.IntN(25) == 0 { // the fan's phone goes out of range
			ctx, cancel = context.WithTimeout(of.ctx, time.Duration(random.IntN(1500))*time.Microsecond)
		}
		answered := st.act(ctx, of, r, p, random)
		cancel()
		if !answered {
			st.unknown.Add(1)
			return
		}
		if r.life < time.Second && random.IntN(2) == 0 {
			pause(context.Background(), time.Duration(random.IntN(30))*time.Millisecond)
		}
	}
}

// act does one thing and records it; false when no answer came.
func (st *stage) act(ctx context.Context, of *twin, r *round, p int, random *rand.Rand) bool {
	a := act{place: p, call: wall.Now().UnixNano(), life: r.life.Milliseconds()}
	b := of.s.board(st.event.ID)
	var basket holds.Basket
	var err error
	script := func(run func(at holds.At) error) error { return b.try(ctx, run) }
	switch dice := random.IntN(20); {
	case dice < 9:
		a.kind, a.want, a.offer = "hold", seatSet(1+random.IntN(1<<roundSeats-1)), random.IntN(5) == 0
		if random.IntN(3) == 0 {
			a.back = seatSet(random.IntN(1 << roundSeats))
		}
		err = script(func(at holds.At) (err error) {
			basket, err = st.hold(ctx, of, at, r, a)
			return err
		})
	case dice < 12:
		a.kind, a.want = "release", seatSet(1+random.IntN(1<<roundSeats-1))
		err = b.release(ctx, r.place(p), true, r.numbers(a.want))
	case dice < 15:
		a.kind = "read"
		basket, err = b.read(ctx, r.place(p), true)
	case dice < 16:
		a.kind, a.life = "pin", 250
		err = script(func(at holds.At) (err error) {
			basket, err = of.s.store.Pin(ctx, at, r.place(p), 250*time.Millisecond, pinGrace)
			return err
		})
	case dice < 19:
		return st.pay(ctx, of, r, p, random)
	default:
		return st.giveUp(ctx, of, r, p)
	}
	return r.record(st.t, a, basket, err)
}

// hold is what POST holds does: together with others where nothing is the matter, else judged alone.
func (st *stage) hold(ctx context.Context, of *twin, at holds.At, r *round, a act) (holds.Basket, error) {
	place, seats := r.place(a.place), r.numbers(a.want)
	if a.back == 0 && !a.offer {
		due, version, done, err := of.s.store.Grab(ctx, at, of.s.replica, holds.Terms{Most: roundMost, Life: r.life},
			[]holds.Grab{{Place: place, Seats: seats}})
		if err != nil {
			return holds.Basket{}, err
		}
		if done[0] {
			return holds.Basket{Seats: seats, Deadline: due, Version: version}, nil
		}
	}
	return of.s.store.Hold(ctx, at, holds.Wish{Place: place, Most: roundMost, Life: r.life, Seats: seats,
		InsteadOf: r.numbers(a.back), Offer: a.offer})
}

// record puts down what came of an act.
func (r *round) record(t *testing.T, a act, basket holds.Basket, err error) bool {
	a.ret = wall.Now().UnixNano()
	var taken *SeatsTakenError
	switch {
	case err == nil:
		a.outcome, a.seats = "ok", r.set(basket.Seats)
		if !basket.Deadline.IsZero() {
			a.due = basket.Deadline.UnixMilli()
		}
	case errors.As(err, &taken):
		a.outcome, a.seats = "taken", r.set(taken.Seats)
	case errors.Is(err, ErrTooMany):
		a.outcome = "too-many"
	case errors.Is(err, ErrHoldExpired):
		a.outcome = "expired"
	case errors.Is(err, ErrNotAdmitted):
		return true // nothing was asked of the seats
	case errors.Is(err, ErrBusy):
		a.outcome, a.ret = "unknown", never
	default:
		t.Errorf("%v: %v", a, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts = append(r.acts, a)
	return a.outcome != "unknown"
}

// pay is what checkout does: pin, claim one seat of the basket in Postgres, tell the map; half of the time it is sold.
func (st *stage) pay(ctx context.Context, of *twin, r *round, p int, random *rand.Rand) bool {
	b := of.s.board(st.event.ID)
	pin := act{kind: "pin", place: p, call: wall.Now().UnixNano(), life: 250}
	var basket holds.Basket
	err := b.try(ctx, func(at holds.At) (err error) {
		basket, err = of.s.store.Pin(ctx, at, r.place(p), 250*time.Millisecond, pinGrace)
		return err
	})
	if !r.record(st.t, pin, basket, err) {
		return false
	}
	if len(basket.Seats) == 0 {
		return true
	}
	seat := basket.Seats[random.IntN(len(basket.Seats))]
	a := act{kind: "claim", place: p, want: r.set([]int{seat}), call: wall.Now().UnixNano()}
	var claims []Claim
	err = st.DB.Transaction(func(tx *gorm.DB) (err error) {
		id := uuid.New()
		if err := tx.Exec(`INSERT INTO orders (id, event_id, code, place_key, name, email, buyer_key, status, amount, currency, expires_at)
			VALUES (?, ?, ?, ?, 'N', 'n@example.org', ?, 'paid', 1, 'EUR', now())`, id, st.event.ID, id.String(), r.place(p), []byte(r.place(p))).Error; err != nil {
			return err
		}
		claims, err = of.s.Claim(context.Background(), tx, ClaimRequest{EventID: st.event.ID, OrderID: id, BuyerKey: []byte(r.place(p)), Place: r.place(p), Seats: []int{seat}})
		return err
	})
	switch {
	case errors.Is(err, ErrSeatsTaken), errors.Is(err, ErrBuyerLimit):
		return true // Postgres knew better, and the map was not touched
	case err != nil:
		st.t.Errorf("claim: %v", err)
		return true
	}
	if answered := r.record(st.t, a, holds.Basket{}, of.s.Take(ctx, st.event.ID, r.place(p), claims, time.Time{})); !answered {
		return false
	}
	if random.IntN(2) == 0 {
		return st.moved(ctx, of, claims[0], "sold") == nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims[p] = append(r.claims[p], claims[0])
	return true
}

// moved changes a claim in Postgres and tells the map.
func (st *stage) moved(ctx context.Context, of *twin, c Claim, to string) error {
	err := st.DB.Transaction(func(tx *gorm.DB) error {
		return of.s.Move(context.Background(), tx, []int64{c.ID}, []string{"checkout"}, to)
	})
	if err != nil {
		st.t.Errorf("%s: %v", to, err)
		return err
	}
	return of.s.Sync(ctx, st.event.ID, []int64{c.ID})
}

// giveUp releases a claim that was not sold.
func (st *stage) giveUp(ctx context.Context, of *twin, r *round, p int) bool {
	r.mu.Lock()
	n := len(r.claims[p])
	if n == 0 {
		r.mu.Unlock()
		return true
	}
	c := r.claims[p][n-1]
	r.claims[p] = r.claims[p][:n-1]
	r.mu.Unlock()
	a := act{kind: "unclaim", place: p, want: r.set([]int{c.Seat}), call: wall.Now().UnixNano()}
	return r.record(st.t, a, holds.Basket{}, st.moved(ctx, of, c, "released"))
}

// another goes on with another event, or begins with the first one.
func (st *stage) another(slug string) {
	st.t.Helper()
	if slug != "" {
		st.slug(st.t, slug, "")
	}
	st.bits()
	if !st.laws.outages {
		// Nobody pulses, so that no pause of the machine counts as an outage: deadlines hold to the millisecond.
		st.redis("DEL", st.b.keys.Name("hb"))
	}
}

// settle does what a replica that runs would do for those who were left without an answer, and checks the house.
func (st *stage) settle() {
	st.t.Helper()
	for _, b := range st.s.allBoards() {
		err := b.try(st.t.Context(), func(at holds.At) error {
			_, err := b.compare(st.t.Context(), st.DB, at)
			return err
		})
		if err != nil {
			st.t.Fatal(err)
		}
	}
	st.checkSeats()
}

// skewed is the clock of a machine that goes wrong.
type skewed struct{ off time.Duration }

func (c skewed) Now() time.Time         { return wall.Now().Add(c.off) }
func (skewed) Fixed() (time.Time, bool) { return time.Time{}, false }

// Six tabs of three fans on three replicas hold, pin, pay and give back four seats as fast as they can, while holds run out
// and fans go out of range: for every seat and every fan there is an order of what happened that explains every answer.
// Two replicas' clocks are ten minutes off, either way: a hold ends at its millisecond all the same.
func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	st := newStage(t, testkit.New(t))
	st.join(st.s)
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		st.join(newService(st.Kit, st.house, skewed{off}))
	}
	st.another("")
	st.play(rounds(150), nil)
	st.settle()
}
