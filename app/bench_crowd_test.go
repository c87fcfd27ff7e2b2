package app_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// pollLaw is how soon a page looks again, by how many are ahead of it: modules/queue/wait.go and web/waiting/standing.js.
func pollLaw(ahead, room int) time.Duration {
	seconds := min(20, max(2, float64(ahead)*.7/(float64(room)/240)/15))
	if ahead < 5*room {
		seconds = min(4, seconds)
	}
	return time.Duration(seconds * (.85 + .3*rand.Float64()) * float64(time.Second))
}

// A hundred thousand wait, and each looks as often as its page would; how many of their requests come through nginx?
// They share some connections, as a front with HTTP/2 would have it, and the machine: who finds no connection free
// looks a little later.
func TestBenchCrowdBehindNginx(t *testing.T) {
	bench := testkit.NewBench(t)
	const people, room, connections, length = 100_000, 200, 64, 30 * time.Second
	p, front := behindNginx(t)
	staff := signIn(t, front)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, -time.Second, map[string]any{"queue": map[string]any{"cap": room}})
	testkit.Eventually(t, 30*time.Second, "the sale is open", func() bool {
		var now nowView
		newClient(front).must(t, 200, "GET", "/api/v1/events/gala/queue/now", nil, &now)
		return now.Phase == "open"
	})
	l := newLoad(t, front[len("http://"):], "/api/v1/events/gala/queue/now", "", "200", connections)

	// A wheel of hundredths of a second; everyone looks first at some moment of their own interval.
	const step = 10 * time.Millisecond
	wheel := make([][]int32, int(25*time.Second/step))
	for i := range people {
		at := int(time.Duration(rand.Int64N(int64(pollLaw(i, room)))) / step)
		wheel[at] = append(wheel[at], int32(i))
	}
	due := make(chan int32, people)
	var looked, failed atomic.Int64
	var all sync.WaitGroup
	for c := range connections {
		all.Go(func() {
			for range due {
				if err := l.once(c); err != nil {
					failed.Add(1)
					return
				}
				looked.Add(1)
			}
		})
	}
	before, started := p.reachedInAll(t), time.Now()
	tick := time.NewTicker(step)
	defer tick.Stop()
	for turned := 0; time.Since(started) < length; {
		<-tick.C
		for ; turned < int(time.Since(started)/step); turned++ {
			slot := turned % len(wheel)
			who := wheel[slot]
			wheel[slot] = nil
			for _, i := range who {
				due <- i
				next := (turned + int(pollLaw(int(i), room)/step)) % len(wheel)
				wheel[next] = append(wheel[next], i)
			}
		}
	}
	seconds := time.Since(started).Seconds()
	reached := float64(p.reachedInAll(t)-before-1) / seconds // but for our own look at the figures
	close(due)
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d connections broke", failed.Load())
	}
	bench.Row("100,000 waiting pages behind nginx: requests that reach us", "< 5/s", reached < 5 && looked.Load() > people,
		"%.1f/s of %.0f/s (%d connections, %.0f s)", reached, float64(looked.Load())/seconds, connections, seconds)
}
