package queue

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// openRoom is a kit that is open with everyone called: n places, all of the draw.
func openRoom(t *testing.T, n int, change ...func(*line)) (*kit, []Place) {
	t.Helper()
	k := newKit(t, change...)
	places := k.joinMany(n)
	k.open()
	k.tick()
	k.callAll()
	return k, places
}

// callAll records everyone as called, past the controller.
func (k *kit) callAll() {
	k.T.Helper()
	state := k.state()
	everyone := state.num("size") + state.num("tail")
	if err := k.queue.postgres.called(context.Background(), k.id, everyone); err != nil {
		k.T.Fatal(err)
	}
	if _, err := k.queue.redis.run(context.Background(), "shown", k.id, strconv.FormatInt(everyone, 10)); err != nil {
		k.T.Fatal(err)
	}
}

func TestAdmissionOverHTTP(t *testing.T) {
	t.Parallel()
	k := newKit(t, func(l *line) { l.Cap = 1 })
	places := k.joinMany(3)
	path := k.queuePath("/admission")
	if problem := k.do("POST", path, "", bearer(places[0])...).fails(409, "not-open"); problem["opens_at"] != "2027-03-09T11:00:00.000Z" {
		t.Errorf("%v", problem)
	}
	me := k.do("GET", k.queuePath("/me"), "", bearer(places[1])...)
	if body := me.want(200); body["state"] != StateDrawnLater || body["position"] != nil || body["ahead"] != nil || body["wait"] != nil ||
		body["cohort"] != "draw" || body["index"] != 1.0 || me.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", body)
	}
	k.open()
	k.tick()
	byPosition := make([]Place, 3)
	for _, p := range places {
		byPosition[k.position(p)] = p
	}
	for range 5 {
		k.tick()
	}
	first, second, last := byPosition[0], byPosition[1], byPosition[2]
	if body := k.do("GET", k.queuePath("/me"), "", bearer(first)...).want(200); body["state"] != StateYourTurn || body["ahead"] != 0.0 || body["position"] != 0.0 {
		t.Errorf("%v", body)
	}
	serving := float64(k.row().Serving)
	if problem := k.do("POST", path, "", bearer(last)...).fails(409, "not-your-turn"); problem["ahead"] != 2-serving {
		t.Errorf("%v at serving %v", problem, serving)
	}
	if body := k.do("GET", k.queuePath("/me"), "", bearer(last)...).want(200); body["state"] != StateWaiting || body["wait"] == nil || body["poll_after_ms"].(float64) < 1700 {
		t.Errorf("%v", body)
	}
	in := k.do("POST", path, "", bearer(first)...).want(201)
	if in["admitted_until"] != "2027-03-09T11:03:06.000Z" {
		t.Errorf("%v", in)
	}
	k.Clock.Advance(10 * time.Second)
	if again := k.do("POST", path, "{}", bearer(first)...).want(200); again["admitted_until"] != "2027-03-09T11:03:16.000Z" {
		t.Errorf("%v", again)
	}
	if body := k.do("GET", k.queuePath("/me"), "", bearer(first)...).want(200); body["state"] != StateAdmitted {
		t.Errorf("%v", body)
	}
	k.callAll()
	if problem := k.do("POST", path, "", bearer(second)...).fails(409, "room-full"); problem["retry_after_ms"].(float64) < 400 || problem["retry_after_ms"].(float64) > 4700 {
		t.Errorf("%v", problem)
	}
	for range 2 {
		if w := k.do("DELETE", path, "", bearer(first)...); w.Code != 204 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if len(k.neighbours.released) != 2 || k.neighbours.released[0] != first.Key() {
		t.Errorf("released %v", k.neighbours.released)
	}
	// The freed slot is kept for the lowest position.
	k.do("POST", path, "", bearer(last)...).fails(409, "room-full")
	k.do("POST", path, "", bearer(second)...).want(201)
	k.checkLine()
}

func TestRefusalsInOrder(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 3, func(l *line) { l.max = 2; l.closesIn = time.Hour })
	taken := k.neighbours.HoldKeys(k.id).TakenPrefix
	k.neighbours.set(taken+places[0].Key(), "7", true)
	k.mustEnter(places[0]) // one of two bought
	k.neighbours.set(taken+places[0].Key(), "8", true)
	payers := k.neighbours.HoldKeys(k.id).Payers
	k.neighbours.set(payers, places[0].Key(), true) // the second is being paid for
	if a, err := k.enter(places[0]); err != nil || !a.Again {
		t.Fatalf("who is inside stays: %v", err)
	}
	k.neighbours.set(payers, places[0].Key(), false)
	k.refused(places[0], ErrAlreadyBought)
	if active := k.state().num("active"); active != 0 {
		t.Errorf("%d inside; an admission ends when its place is done", active)
	}
	if st, err := k.queue.Standing(context.Background(), k.id, places[0].Key()); err != nil || st.State != StateDone {
		t.Errorf("%+v %v", st, err)
	}
	k.neighbours.setCounts(Counts{})
	k.refused(places[1], ErrSoldOut)
	k.neighbours.setCounts(Counts{Paying: 1})
	k.mustEnter(places[1])
	k.Clock.Set(*k.neighbours.event.ClosesAt)
	k.refused(places[2], ErrEnded)
	if phase, err := k.queue.Phase(context.Background(), k.id); err != nil || phase != PhaseEnded {
		t.Errorf("%s %v", phase, err)
	}
}

// An admission slides with requests, ends 180 s after the last, 20 s after the last socket, and 30 min after it began.
func TestAdmissionSlides(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 2)
	ctx, p := context.Background(), places[0]
	left := func() time.Duration {
		until, ok, err := k.queue.Admitted(ctx, k.id, p.Key())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return 0
		}
		return until.Sub(k.Clock.Now())
	}
	k.mustEnter(p)
	start := k.Clock.Now()
	k.Clock.Advance(100 * time.Second)
	k.do("GET", k.queuePath("/me"), "", bearer(p)...).want(200)
	if left() != 180*time.Second {
		t.Fatalf("a request slides to %v", left())
	}
	if err := k.queue.Leaving(ctx, k.id, p.Key()); err != nil || left() != 20*time.Second {
		t.Fatalf("last socket: %v %v", left(), err)
	}
	if err := k.queue.Touch(ctx, k.id, []string{p.Key(), "d999"}); err != nil || left() != 180*time.Second {
		t.Fatalf("a request follows: %v %v", left(), err)
	}
	keys := k.neighbours.HoldKeys(k.id)
	k.neighbours.set(keys.Holders, p.Key(), true)
	if err := k.queue.Leaving(ctx, k.id, p.Key()); err != nil || left() != 180*time.Second {
		t.Fatalf("last socket while holding: %v %v", left(), err)
	}
	k.neighbours.set(keys.Holders, p.Key(), false)
	for k.Clock.Now().Before(start.Add(29 * time.Minute)) {
		k.Clock.Advance(time.Minute)
		if err := k.queue.Touch(ctx, k.id, []string{p.Key()}); err != nil {
			t.Fatal(err)
		}
	}
	if got := k.Clock.Now().Add(left()); !got.Equal(start.Add(30 * time.Minute)) {
		t.Fatalf("an admission of %v", got.Sub(start))
	}
	k.Clock.Set(start.Add(30 * time.Minute))
	if left() != 0 {
		t.Fatal("longer than 30 minutes")
	}
	k.mustEnter(p) // the turn is not lost
	k.Clock.Advance(181 * time.Second)
	if err := k.queue.Touch(ctx, k.id, []string{p.Key()}); err != nil || left() != 0 {
		t.Fatal("a lapsed admission came back to life")
	}
	k.tick()
	if active := k.state().num("active"); active != 0 {
		t.Errorf("%d inside after the sweep", active)
	}
}

// No admission ends during a hold or a payment, whatever its deadline.
func TestSweepSparesHoldersAndPayers(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 3)
	keys := k.neighbours.HoldKeys(k.id)
	for _, p := range places {
		k.mustEnter(p)
	}
	k.neighbours.set(keys.Holders, places[0].Key(), true)
	k.neighbours.set(keys.Payers, places[1].Key(), true)
	k.Clock.Advance(10 * time.Minute)
	k.tick()
	if active := k.state().num("active"); active != 2 {
		t.Fatalf("%d inside", active)
	}
	if a, err := k.enter(places[1]); err != nil || !a.Again {
		t.Errorf("%+v %v", a, err)
	}
	k.neighbours.set(keys.Holders, places[0].Key(), false)
	k.neighbours.set(keys.Payers, places[1].Key(), false)
	k.Clock.Advance(4 * time.Minute)
	k.tick()
	if active := k.state().num("active"); active != 0 {
		t.Errorf("%d inside", active)
	}
}

// One token, a hundred requests at once, three replicas: one admission.
func TestOneTokenIsOneAdmission(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 2)
	services := []*Service{k.queue, k.replica(), k.replica()}
	var fresh, again atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			a, err := services[i%3].Enter(context.Background(), k.id, places[0].Key())
			switch {
			case err != nil:
				t.Error(err)
			case a.Again:
				again.Add(1)
			default:
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 || again.Load() != 99 || k.state().num("active") != 1 {
		t.Errorf("%d admissions, %d repeats, %d inside", fresh.Load(), again.Load(), k.state().num("active"))
	}
}

// Redis is away: busy with a time to come back, and a place stays a place.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.join()
	k.Redis.Close()
	for _, a := range []answer{
		k.do("POST", k.queuePath(""), ""),
		k.do("POST", k.queuePath("/admission"), "", bearer(p)...),
		k.do("DELETE", k.queuePath("/admission"), "", bearer(p)...),
		k.do("GET", k.queuePath("/me"), "", bearer(p)...),
		k.do("GET", k.queuePath("/now"), ""),
	} {
		if problem := a.fails(503, "busy"); problem["retry_after"] == 0.0 {
			t.Errorf("%v", problem)
		}
	}
	k.do("POST", k.queuePath(""), "", bearer(p)...).want(200)
	if phase, err := k.queue.Phase(context.Background(), k.id); err != nil || phase != PhasePrequeue {
		t.Errorf("%s %v", phase, err)
	}
}

// The audit finds a room with more people in it than it ever had room for; one that was made smaller is no such thing.
func TestAuditFindsARoomThatIsTooFull(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 3, func(l *line) { l.Cap = 2 })
	inside := 0
	for _, p := range places {
		if _, err := k.enter(p); err == nil {
			inside++
		}
	}
	if inside != 2 {
		t.Fatalf("%d are inside", inside)
	}
	k.checkLine()
	one := 1
	if err := k.queue.Amend(t.Context(), k.DB, k.id, LineChange{Cap: &one}); err != nil {
		t.Fatal(err)
	}
	k.checkLine()
	if err := k.Redis.Do(t.Context(), k.Redis.B().Zadd().Key(k.queue.redis.key(k.id, "leases")).ScoreMember().
		ScoreMember(float64(k.Clock.Now().Add(time.Minute).UnixMilli()), "ghost").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if found, err := k.queue.Audit(t.Context()); err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
}
