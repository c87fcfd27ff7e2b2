package seating

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// A judge that finds nothing proves nothing: each of these breaks one rule behind the scripts' back, now and then, and
// must be found.
func TestJudgeFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	st := newStage(t, testkit.New(t))
	st.join(st.s)
	st.join(newService(st.Kit, st.house, wall))
	redis := func(words ...string) {
		if err := st.Redis.Do(context.Background(), st.Redis.B().Arbitrary(words...).Build()).Error(); err != nil && !rueidis.IsRedisNil(err) {
			t.Error(err)
		}
	}
	name := func(of string) string { return st.b.keys.Name(of) }
	spoilt := 0
	for what, spoil := range map[string]func(r *round, seat string, p int){
		"a hold that does not look whether the seat is taken": func(r *round, seat string, p int) {
			redis("HSET", name("own"), seat, r.place(p))
			redis("ZADD", name("x"), strconv.FormatInt(wall.Now().Add(r.life).UnixMilli(), 10), seat)
			redis("SADD", name("b:"+r.place(p)), seat)
		},
		"a hold that ends before its time": func(_ *round, seat string, _ int) { redis("ZREM", name("x"), seat) },
		"a hold that outlives its time": func(_ *round, seat string, _ int) {
			redis("ZADD", name("x"), "XX", "INCR", "5000", seat)
		},
		"a claim that is forgotten": func(_ *round, seat string, _ int) { redis("HDEL", name("taken"), seat) },
		"a limit that does not hold": func(r *round, _ string, p int) {
			a := act{kind: "hold", place: p, want: 1<<roundSeats - 1, call: wall.Now().UnixNano(), life: r.life.Milliseconds()}
			var held holds.Basket
			err := st.b.try(context.Background(), func(at holds.At) (err error) {
				held, err = st.s.store.Hold(context.Background(), at, holds.Wish{Place: r.place(p), Most: roundMost + 1, Life: r.life, Seats: r.numbers(a.want)})
				return err
			})
			r.record(t, a, held, err)
		},
		"giving back that is told and not done": func(r *round, seat string, p int) {
			n, _ := strconv.Atoi(seat)
			a := act{kind: "release", place: p, want: r.set([]int{n}), call: wall.Now().UnixNano()}
			r.record(t, a, holds.Basket{}, nil)
		},
	} {
		spoilt++
		st.another(fmt.Sprintf("spoilt-%d", spoilt))
		st.spoil = func(r *round, random *rand.Rand) {
			if random.IntN(4) == 0 {
				spoil(r, strconv.Itoa(r.first+random.IntN(roundSeats)), random.IntN(roundPlaces))
			}
		}
		before := st.rounds.Load()
		if st.search(100, nil) == "" {
			t.Errorf("%s: not found", what)
		}
		t.Logf("%s: found in %d rounds", what, st.rounds.Load()-before)
	}
}

// Two histories by hand, so that what is written above in a loop stands here in words.
func TestJudgeByHand(t *testing.T) {
	at := func(ms int64) int64 { return ms * int64(time.Millisecond) }
	hold := func(place int, from, to, due int64, outcome string) act {
		a := act{kind: "hold", place: place, want: 1, outcome: outcome, call: at(from), ret: at(to), life: 100, seats: 1}
		if outcome == "ok" {
			a.due = due
		}
		return a
	}
	for what, c := range map[string]struct {
		acts  []act
		legal bool
	}{
		"one after the other's time":      {[]act{hold(0, 0, 10, 105, "ok"), hold(1, 105, 110, 206, "ok")}, true},
		"a millisecond before the time":   {[]act{hold(0, 0, 10, 105, "ok"), hold(1, 102, 104, 203, "ok")}, false},
		"refused after the time":          {[]act{hold(0, 0, 10, 105, "ok"), hold(1, 105, 110, 0, "taken")}, false},
		"refused by nobody":               {[]act{hold(1, 105, 110, 0, "taken")}, false},
		"both at once, one wins":          {[]act{hold(0, 0, 10, 105, "ok"), hold(1, 5, 9, 0, "taken")}, true},
		"a clock that starts too early":   {[]act{hold(0, 50, 60, 149, "ok")}, false},
		"a repetition that gains time":    {[]act{hold(0, 0, 10, 105, "ok"), hold(0, 20, 30, 125, "ok")}, false},
		"an answer that never came, done": {[]act{{kind: "hold", want: 1, outcome: "unknown", call: 0, ret: never, life: 100}, hold(1, 20, 30, 0, "taken")}, true},
	} {
		if _, illegal := (laws{most: roundMost}).judge(c.acts, 1, 2); illegal == "" != c.legal {
			t.Errorf("%s: legal %v; %s", what, illegal == "", illegal)
		}
	}
}
