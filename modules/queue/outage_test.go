package queue

import (
	"context"
	"strconv"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
)

// After an outage every deadline lies in the past, and seating is about to move them all by its length: until it has,
// nobody is put out. Only the real clock knows outages, so this test lives by it.
func TestAnOutageEndsNoAdmission(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	now := clock.System{}.Now()
	k.neighbours.event.PrequeueAt, k.neighbours.event.OpensAt = now.Add(-time.Hour), now.Add(-time.Minute)
	k.deps.Clock = clock.System{}
	s := New(k.deps)
	p, err := s.Join(t.Context(), k.id)
	if err != nil {
		t.Fatal(err)
	}
	set := func(key string, args ...string) {
		t.Helper()
		if err := k.Redis.Do(t.Context(), k.Redis.B().Arbitrary(key).Args(args...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	lapsed := func() bool {
		t.Helper()
		// Another second of the controller, which acts once in each.
		set("HSET", s.redis.key(k.id, "adm"), "last", "0")
		s.pass(t.Context())
		n, err := k.Redis.Do(t.Context(), k.Redis.B().Zcard().Key(s.redis.key(k.id, "leases")).Build()).AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		return n == 0
	}
	leases, born := s.LeaseKeys(k.id)
	past := strconv.FormatInt(now.Add(-time.Second).UnixMilli(), 10)
	lapsed() // records the draw of nobody, so that the line is open
	set("ZADD", leases, past, p.Key())
	set("HSET", born, p.Key(), strconv.FormatInt(now.Add(-time.Minute).UnixMilli(), 10))
	set("SET", k.neighbours.HoldKeys(k.id).Heartbeat, strconv.FormatInt(now.Add(-10*time.Second).UnixMilli(), 10))
	if lapsed() {
		t.Error("put out by our outage")
	}
	// Who asks before the deadlines were moved is inside as ever, and is not given the outage twice.
	until, ok, err := s.Admitted(t.Context(), k.id, p.Key())
	if err != nil || !ok || until.Before(now.Add(8*time.Second)) {
		t.Errorf("during the outage: inside until %v %v, %v", until, ok, err)
	}
	again, err := s.Enter(t.Context(), k.id, p.Key())
	if err != nil || !again.Again {
		t.Errorf("during the outage: %+v, %v", again, err)
	}
	stored, err := k.Redis.Do(t.Context(), k.Redis.B().Zscore().Key(leases).Member(p.Key()).Build()).AsFloat64()
	if gained := again.Until.UnixMilli() - int64(stored); err != nil || gained < 10_000 || gained > 14_000 {
		t.Errorf("the lease leaves %d ms for seating to pay back, %v", gained, err)
	}
	set("ZADD", leases, past, p.Key())
	set("SET", k.neighbours.HoldKeys(k.id).Heartbeat, strconv.FormatInt(clock.System{}.Now().UnixMilli(), 10))
	if !lapsed() {
		t.Error("a lapsed admission outlived the outage")
	}
}

// A pass has no end of its own: what it does with a line's lock must have one, or a dead connection stops every line.
func TestALocksTransactionHasAnEnd(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	err := k.queue.postgres.locked(context.Background(), k.id, func(tx *gorm.DB) error {
		if _, ends := tx.Statement.Context.Deadline(); !ends {
			t.Error("the transaction waits for ever")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a pass has to do besides calling does not wait for one another: the log cannot be written, and all the rest is done.
func TestAPassDoesWhatItCan(t *testing.T) {
	t.Parallel()
	k, places := openRoom(t, 5)
	if err := k.DB.Exec(`ALTER TABLE fairness_log ADD CONSTRAINT away CHECK (false) NOT VALID`).Error; err != nil {
		t.Fatal(err)
	}
	wide := 20
	if err := k.DB.Exec(`UPDATE lines SET cap = ? WHERE event_id = ?`, wide, k.id).Error; err != nil {
		t.Fatal(err)
	}
	k.joinMany(5)
	k.callAll()
	for _, p := range places {
		k.mustEnter(p)
	}
	k.Clock.Advance(tellEvery)
	for range driftLimit {
		k.Clock.Advance(time.Second)
		if err := k.queue.tick(t.Context(), *k.row()); err == nil {
			t.Fatal("a log that cannot be written is no failure")
		}
	}
	state := k.state()
	if k.row().Admitted != 5 {
		t.Errorf("%d remembered of 5 inside", k.row().Admitted)
	}
	if state.num("cap") != int64(wide) {
		t.Errorf("the settings were not mended: cap %d", state.num("cap"))
	}
	if state.at("now").Sub(state.at("estimated")) > estimateEvery {
		t.Errorf("estimated at %v, it is %v", state.at("estimated"), state.at("now"))
	}
	k.checkLine()
}
