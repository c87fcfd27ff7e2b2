package seating

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
