package seating

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// Redis loses everything: what was sold stays sold, what was held is free again, and the version rises.
func TestFlushKeepsSoldSeatsSold(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, `,"max_per_buyer":8`)
	h.admit("ada", "bob")
	sold, paying := h.mustClaim("ada", "a@x", 1, 2), h.mustClaim("bob", "b@x", 3)
	h.move(sold, []string{"checkout"}, "sold")
	h.mustTake("bob", paying)
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{9}, Reason: "sound desk"}); err != nil {
		t.Fatal(err)
	}
	held := h.mustHold("ada", 5)
	other := newService(h.Kit, h, h.Clock)
	if _, err := other.Counts(t.Context(), h.event.ID); err != nil {
		t.Fatal(err)
	}
	before, _ := h.bits()
	h.flush()
	h.admit("ada", "bob")
	// Both replicas notice by themselves, whoever comes first.
	if _, err := other.PlaceHold(t.Context(), h.event.ID, "bob", []int{2}); !errors.Is(err, ErrSeatsTaken) {
		t.Fatalf("a sold seat after the loss: %v", err)
	}
	again := h.mustHold("bob", 5)
	after, _ := h.bits()
	if after <= before || again.Version <= held.Version {
		t.Errorf("versions fell from %d to %d", before, after)
	}
	for seat, want := range map[int]int{1: 2, 2: 2, 3: 1, 5: 1, 9: 3, 0: 0, 35: 3} {
		if got := h.status(seat); got != want {
			t.Errorf("seat %d is %d, want %d", seat, got, want)
		}
	}
	if !h.set("payers")["bob"] || !h.set("t:ada")["1"] {
		t.Error("who pays and who has what was not rebuilt")
	}
	if holds.EpochOf(after) <= holds.EpochOf(before) {
		t.Error("the epoch is the old one")
	}
	h.checkSeats()
}

// Whoever rebuilt died halfway: holds wait, sales do not, and the next look finishes the work.
func TestAbandonedRebuildIsFinished(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, "")
	h.admit("ada")
	h.mustHold("ada", 1)
	pulse, err := h.s.store.Pulse(t.Context(), h.b.keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.s.store.Begin(t.Context(), h.b.keys, pulse, pulse.Epoch+1); err != nil {
		t.Fatal(err)
	}
	at := holds.At{Keys: h.b.keys, Epoch: pulse.Epoch + 1}
	if _, err := h.s.store.Hold(t.Context(), at, holds.Wish{Place: "ada", Most: 1, Life: time.Minute, Seats: []int{2}}); !errors.Is(err, holds.ErrClosed) {
		t.Fatalf("a hold while the map is closed: %v", err)
	}
	h.mustTake("bob", h.mustClaim("bob", "b@x", 7))
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.status(7) != 1 || h.status(1) != 1 {
		t.Error("the map forgot something")
	}
	h.checkSeats()
}

// A server that was restarted or replaced starts the next epoch: it may have forgotten the last second.
func TestReplacedServerStartsAnEpoch(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, "")
	h.admit("ada")
	h.mustHold("ada", 1)
	sold := h.mustClaim("bob", "b@x", 7)
	h.move(sold, []string{"checkout"}, "sold")
	was := h.b.epoch.Load()
	// As a replica that was promoted: another run, and it missed the sale.
	h.redis("SET", h.b.keys.Name("run"), "another")
	h.redis("HDEL", h.b.keys.Name("taken"), "7")
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.b.epoch.Load() <= was {
		t.Fatal("no new epoch")
	}
	if h.status(7) != 2 || h.status(1) != 1 {
		t.Error("the sale was forgotten, or the hold")
	}
	if err := h.b.check(t.Context()); err != nil || h.b.epoch.Load() != was+1 {
		t.Errorf("one restart, epoch %d after %d, %v", h.b.epoch.Load(), was, err)
	}
	h.checkSeats()
}

// A version that fell, inside an epoch or with its epoch, is a server that forgot.
func TestFallenVersionStartsAnEpoch(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, "")
	h.admit("ada")
	h.mustHold("ada", 1)
	seen, _ := h.bits()
	h.redis("SET", h.b.keys.Name("ver"), strconv.FormatInt(seen-1, 10))
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now, _ := h.bits(); now <= seen {
		t.Errorf("version %d after %d", now, seen)
	}
	epoch := h.b.epoch.Load()
	h.redis("SET", h.b.keys.Name("epoch"), strconv.FormatInt(epoch-1, 10))
	if h.mustHold("ada", 1); h.b.epoch.Load() <= epoch {
		t.Error("an older epoch was taken over")
	}
	h.checkSeats()
}

// Postgres came back from a backup and its sequence counts epochs that were used: versions rise all the same.
func TestEpochsRiseOverAnOldSequence(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, "")
	h.admit("ada")
	if err := h.DB.Exec(`SELECT setval('map_epochs', 500)`).Error; err != nil {
		t.Fatal(err)
	}
	h.mustHold("ada", 1)
	if err := h.DB.Exec(`SELECT setval('map_epochs', 3)`).Error; err != nil {
		t.Fatal(err)
	}
	before, _ := h.bits()
	h.flush()
	if after, _ := h.bits(); after <= before {
		t.Errorf("version %d after %d", after, before)
	}
}

func TestComparisonMendsBothWays(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, `,"max_per_buyer":8`)
	h.bits() // the map is in order before anything happens
	claims := h.mustClaim("ada", "a@x", 1, 2, 3)
	h.mustTake("ada", claims[:2])
	// 1 was sold and nobody told; 2 was released and nobody told; 3 was never taken; 8 is a claim nobody knows.
	if err := h.DB.Exec(`UPDATE seat_claims SET status = 'sold' WHERE id = ?`, claims[0].ID).Error; err != nil {
		t.Fatal(err)
	}
	if err := h.DB.Exec(`UPDATE seat_claims SET status = 'released' WHERE id = ?`, claims[1].ID).Error; err != nil {
		t.Fatal(err)
	}
	h.redis("HSET", h.b.keys.Name("taken"), "8", "999:c:eve")
	if differ, err := h.s.Audit(t.Context()); err != nil || len(differ) != 4 {
		t.Errorf("the audit found %v, %v", differ, err)
	}
	if err := h.b.repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	for seat, want := range map[int]int{1: 2, 2: 0, 3: 1, 8: 0} {
		if got := h.status(seat); got != want {
			t.Errorf("seat %d is %d, want %d", seat, got, want)
		}
	}
	h.checkSeats()
}

// The audit finds holds that contradict themselves, which no comparison with Postgres shows: of them Postgres knows nothing.
func TestAuditFindsHoldsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	h := open(t, 4, 10, `,"max_per_buyer":8`)
	h.admit("ada")
	h.mustHold("ada", 1, 2, 3, 4)
	sound := func(want int) {
		t.Helper()
		if odd, err := h.s.Audit(t.Context()); err != nil || len(odd) != want {
			t.Fatalf("the audit found %v, %v", odd, err)
		}
	}
	sound(0)
	h.redis("HDEL", h.b.keys.Name("own"), "1")
	sound(1)
	h.redis("SREM", h.b.keys.Name("b:ada"), "2")
	sound(2)
	h.redis("ZREM", h.b.keys.Name("x"), "3")
	sound(3)
}

func (h *house) redis(words ...string) {
	h.T.Helper()
	if err := h.Redis.Do(h.T.Context(), h.Redis.B().Arbitrary(words...).Build()).Error(); err != nil {
		h.T.Fatal(err)
	}
}

// For ten seconds nobody looked after the deadlines: every clock is given them back, once.
func TestOutageShiftsEveryDeadline(t *testing.T) {
	t.Parallel()
	h := openOn(t, testkit.New(t), clock.System{}, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	first := h.mustHold("ada", 1, 2)
	if err := h.b.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	leases, _ := h.doors.LeaseKeys(h.event.ID)
	lease := func() float64 {
		ms, err := h.Redis.Do(t.Context(), h.Redis.B().Zscore().Key(leases).Member("bob").Build()).AsFloat64()
		if err != nil {
			t.Fatal(err)
		}
		return ms
	}
	inside := lease()
	own := strconv.FormatInt(first.ExpiresAt.UnixMilli(), 10)
	h.redis("HSET", h.b.keys.Name("pins"), "ada", own) // as if she had pinned them
	var back int64 = 10_000
	now, err := h.Redis.Do(t.Context(), h.Redis.B().Time().Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	seconds, _ := strconv.ParseInt(now[0], 10, 64)
	h.redis("SET", h.b.keys.Name("hb"), strconv.FormatInt(seconds*1000-back, 10))
	// Cleo was let in four seconds ago, when nobody had looked for a while: she lost those four.
	_, born := h.doors.LeaseKeys(h.event.ID)
	h.redis("ZADD", leases, strconv.FormatInt(seconds*1000+176_000, 10), "cleo")
	h.redis("HSET", born, "cleo", strconv.FormatInt(seconds*1000-4_000, 10))
	h.redis("HSET", born, "bob", strconv.FormatInt(seconds*1000-20_000, 10))
	defer func() {
		due, err := h.Redis.Do(t.Context(), h.Redis.B().Zscore().Key(leases).Member("cleo").Build()).AsFloat64()
		if left := due - float64(seconds)*1000; err != nil || left < 180_000 || left > 183_000 {
			t.Errorf("a lease of three minutes became one of %.0f ms, %v", left, err)
		}
	}()
	for range 2 {
		b, err := h.s.Basket(t.Context(), h.event.ID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		if gained := b.ExpiresAt.Sub(first.ExpiresAt); gained < 10*time.Second || gained > 13*time.Second {
			t.Errorf("the hold gained %v", gained)
		}
		if gained := time.Duration(lease()-inside) * time.Millisecond; gained < 10*time.Second || gained > 13*time.Second {
			t.Errorf("the admission gained %v", gained)
		}
	}
	if moved, _ := strconv.ParseInt(h.all("pins")["ada"], 10, 64); moved-first.ExpiresAt.UnixMilli() < 10_000 {
		t.Errorf("what bounds her pins was %s and is %d", own, moved)
	}
	ttl, err := h.Redis.Do(t.Context(), h.Redis.B().Pttl().Key(h.b.keys.Name("k:1")).Build()).AsInt64()
	if err != nil || ttl < 485_000 {
		t.Errorf("the bell rings in %d ms, %v", ttl, err)
	}
	h.checkSeats()
}

// With a clock of its own, 3,000 other keys that expire, and no word from Redis about any of them, the sweep frees
// what ran out within a second or two.
func TestSweepWithoutBells(t *testing.T) {
	t.Parallel()
	k := testkit.New(t)
	h := openOn(t, k, clock.System{}, 2, 8, `,"max_per_buyer":4,"hold_seconds":1`)
	h.admit("ada")
	for i := range 3000 {
		h.redis("SET", fmt.Sprintf("%sother:%d", k.Prefix, i), "", "PX", "600000")
	}
	h.mustHold("ada", 1, 2)
	// The bell's key is gone, so no bell can ring.
	h.redis("DEL", h.b.keys.Name("k:1"), h.b.keys.Name("k:2"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.s.Run(ctx) }()
	testkit.Eventually(t, 4*time.Second, "the seats are free", func() bool {
		c, err := h.s.Counts(t.Context(), h.event.ID)
		return err == nil && c.Held == 0 && c.Free == 16
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	h.checkSeats()
}

// flush loses everything that Redis has of this test.
func (h *house) flush() {
	h.T.Helper()
	keys, err := h.Redis.Do(h.T.Context(), h.Redis.B().Keys().Pattern(h.Prefix+"*").Build()).AsStrSlice()
	if err != nil {
		h.T.Fatal(err)
	}
	if len(keys) > 0 {
		if err := h.Redis.Do(h.T.Context(), h.Redis.B().Del().Key(keys...).Build()).Error(); err != nil {
			h.T.Fatal(err)
		}
	}
}

// A process that stopped after a claim was released, and before the map said so, left a job that says it.
func TestWhatAStopLeftIsDone(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada")
	claims := h.mustClaim("ada", "ada", 0, 1)
	ids := []int64{claims[0].ID, claims[1].ID}
	if err := h.s.Sync(t.Context(), h.event.ID, ids); err != nil {
		t.Fatal(err)
	}
	err := h.DB.Transaction(func(tx *gorm.DB) error {
		for _, id := range ids {
			if err := tx.Exec(`INSERT INTO river_job (kind, args, max_attempts) VALUES ('seating.sync', ?::jsonb, 25)`,
				fmt.Sprintf(`{"event_id": %d, "claims": [%d]}`, h.event.ID, id)).Error; err != nil {
				return err
			}
		}
		return h.s.Move(t.Context(), tx, ids, []string{"checkout"}, "released")
	})
	if err != nil {
		t.Fatal(err)
	}
	if differ, err := h.s.Audit(t.Context()); err != nil || len(differ) != 2 {
		t.Fatalf("before: %q, %v", differ, err)
	}
	if err := h.s.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if differ, err := h.s.Audit(t.Context()); err != nil || len(differ) != 0 {
		t.Errorf("after: %q, %v", differ, err)
	}
}
