package seating

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/redis/rueidis"
	"github.com/rs/zerolog"

	"fairseat/app/testkit"
)

// ownRedis is a kit whose Redis is nobody else's.
func ownRedis(t *testing.T) (*testkit.Kit, *testkit.Redis) {
	t.Helper()
	k, own := testkit.New(t), testkit.NewRedis(t)
	k.Redis.Close()
	k.Redis, k.RedisURL = testkit.Client(t, own.URL()), own.URL()
	return k, own
}

// newTwin is another replica, with a connection of its own; running it sweeps, rebuilds and repairs as in production.
func (st *stage) newTwin(url string, runs bool) *twin {
	st.t.Helper()
	kit := *st.Kit
	o := rueidis.MustParseURL(url)
	o.ForceSingleClient, o.DisableCache, o.ConnWriteTimeout = true, true, time.Second
	var err error
	if kit.Redis, err = rueidis.NewClient(o); err != nil {
		st.t.Fatalf("connect to Redis: %v", err)
	}
	of := st.join(newService(&kit, st.house, wall))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if runs {
			_ = of.s.Run(of.ctx)
		}
		<-of.ctx.Done()
		kit.Redis.Close()
	}()
	st.t.Cleanup(func() { of.lose(); <-ended })
	return of
}

// replace loses a replica with everything that is under way in it, and starts another.
func (st *stage) replace(random *rand.Rand, url string) {
	of := st.newTwin(url, true) // first: somebody always answers
	st.mu.Lock()
	i := random.IntN(len(st.twins) - 1)
	lost := st.twins[i]
	st.twins[i] = of
	st.twins = st.twins[:len(st.twins)-1]
	st.mu.Unlock()
	lost.lose()
}

// flush empties Redis, notes when, and lets those who play in again, as the line does from their tokens.
func (st *stage) empty() {
	a := act{kind: "flush", outcome: "ok", place: -1, call: wall.Now().UnixNano()}
	if err := st.Redis.Do(context.Background(), st.Redis.B().Flushall().Build()).Error(); err != nil {
		st.t.Errorf("flush: %v", err)
	}
	a.ret = wall.Now().UnixNano()
	st.mu.Lock()
	st.flushes = append(st.flushes, a)
	st.mu.Unlock()
	for r := range st.playing() {
		st.admitRound(r)
	}
}

// answering waits until Redis does.
func (st *stage) answering() {
	for range 400 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := st.Redis.Do(ctx, st.Redis.B().Ping().Build()).Error()
		cancel()
		if err == nil {
			return
		}
		pause(context.Background(), 50*time.Millisecond)
	}
	st.t.Error("Redis does not come back")
}

// Redis is killed and starts again from its file, or is emptied and the map rebuilt from Postgres; replicas die with their
// calls under way and others take over. A kill loses no hold, an emptied Redis loses holds and nothing else, and no
// deadline comes early.
func TestHistoriesThroughKills(t *testing.T) {
	t.Parallel()
	k, own := ownRedis(t)
	st := newStage(t, k)
	st.laws.outages = true
	st.up = st.answering
	for range 2 {
		st.newTwin(own.URL(), true)
	}
	st.another("")
	random := rand.New(rand.NewPCG(st.seed, 1<<40))
	struck := map[string]int{}
	enough, played := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(played)
		st.play(1<<20, enough)
	}()
	for range rounds(150) / 15 {
		pause(t.Context(), time.Duration(100+random.IntN(500))*time.Millisecond)
		fault := []string{"kill", "empty", "replace"}[random.IntN(3)]
		struck[fault]++
		st.opening.Lock() // an event is made in peace
		st.answering()
		switch fault {
		case "kill":
			own.Kill()
			own.Start()
		case "empty":
			st.empty()
		case "replace":
			st.replace(random, own.URL())
		}
		st.opening.Unlock()
	}
	close(enough)
	<-played
	t.Logf("struck: %v", struck)
	st.answering()
	st.settle()
}

// toxic is what a link does to what passes, each way.
var toxic = []string{
	`{"type":"latency","attributes":{"latency":30,"jitter":30}}`,
	`{"type":"reset_peer","attributes":{"timeout":0}}`,
	`{"type":"reset_peer","attributes":{"timeout":60}}`,
	`{"type":"timeout","attributes":{"timeout":0}}`,
	`{"type":"timeout","attributes":{"timeout":100}}`,
	`{"type":"slicer","attributes":{"average_size":16,"size_variation":8,"delay":500}}`,
	`{"type":"limit_data","attributes":{"bytes":2000}}`,
	`{"type":"bandwidth","attributes":{"rate":20}}`,
}

// The link between each replica and Redis delays, cuts words in pieces, swallows them and breaks, before or after what
// was asked has been done.
func TestHistoriesThroughABadLink(t *testing.T) {
	t.Parallel()
	k, own := ownRedis(t)
	st := newStage(t, k)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	var links []*toxiproxy.Proxy
	for i := range 2 {
		link := toxiproxy.NewProxy(server, fmt.Sprint("link", i), "127.0.0.1:0", own.Addr)
		if err := link.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(link.Stop)
		links = append(links, link)
		st.newTwin("redis://"+link.Listen, false)
	}
	st.another("")
	random := rand.New(rand.NewPCG(st.seed, 1<<41))
	done := make(chan struct{})
	var spoiler sync.WaitGroup
	spoiler.Go(func() {
		for {
			link, what := links[random.IntN(len(links))], toxic[random.IntN(len(toxic))]
			way := []string{"upstream", "downstream"}[random.IntN(2)]
			if _, err := link.Toxics.AddToxicJson(strings.NewReader(`{"stream":"` + way + `",` + what[1:])); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			pause(t.Context(), time.Duration(random.IntN(150))*time.Millisecond)
			link.Toxics.ResetToxics(context.Background())
			pause(t.Context(), time.Duration(random.IntN(100))*time.Millisecond)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	st.play(rounds(100), nil)
	close(done)
	spoiler.Wait()
	if st.unknown.Load() == 0 {
		t.Error("the link was never bad")
	}
	st.settle()
}
