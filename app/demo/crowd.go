package demo

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Below scarce the box office takes tickets back until enough are free again: a visitor always finds seats.
const (
	scarce = .12
	enough = .18
	// hurry is how much faster a crowd lives while it buys what was sold "before".
	hurry = .2
)

// crowd is the bots of one event. New ones come as others go, so that the line never dies.
type crowd struct {
	show  show
	slug  string
	house *house
	line  client // without a credential
	log   *slog.Logger
	pace  float64 // 1 is a person's time; tests live faster

	next    *atomic.Int64 // numbers bots, over both crowds
	alive   atomic.Int64
	friends atomic.Int64 // the seat that was last taken, where the next one's friends sit
	races   atomic.Int64 // lost to somebody quicker

	mu    sync.Mutex
	now   nowView
	sold  []string // orders that may come back
	fresh bool     // now has been read
}

// run keeps the crowd together until ctx ends or the sale does.
func (c *crowd) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		var now nowView
		if err := c.line.do(ctx, "GET", "/api/v1/events/"+c.slug+"/queue/now", nil, &now); err != nil {
			c.log.Debug("demo: the line does not answer", "event", c.slug, "error", err)
		} else {
			c.see(now)
			if now.Phase == "ended" {
				return
			}
		}
		if int(c.alive.Load()) < c.wanted() {
			c.alive.Add(1)
			all.Go(func() {
				defer c.alive.Add(-1)
				f := c.newFan()
				if err := f.live(ctx); err != nil && !errors.Is(err, errGone) && ctx.Err() == nil {
					c.log.Debug("demo: a bot's visit ended", "event", c.slug, "bot", f.number, "error", err)
				}
			})
		}
		// People come one by one, not in step.
		if c.nap(ctx, time.Duration(300+rand.IntN(900))*time.Millisecond) != nil {
			return
		}
	}
}

func (c *crowd) newFan() *fan {
	f := &fan{client: c.line, crowd: c, number: c.next.Add(1), taste: c.house.anyTaste()}
	f.party = min(c.show.maxPerBuyer, []int{1, 1, 2, 2, 2, 2, 3, 4, 4, 5}[rand.IntN(10)])
	if last := int(c.friends.Load()); last > 0 && f.chance(.3) {
		if t, ok := c.house.near(last); ok {
			f.taste = t
		}
	}
	return f
}

// wanted is how many bots there should be now: they gather before the opening, and stay away when little is left.
func (c *crowd) wanted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch left := c.now.OpensAt.Sub(c.now.Now); {
	case !c.fresh || c.now.Phase == "announced":
		return 0
	case left > 0:
		// All but the last few are there before the sale opens; the others come late, as some do.
		return max(4, int(float64(c.show.alive)*.8*(1-left.Seconds()/c.gather().Seconds())))
	case c.share() < scarce:
		return max(3, c.show.alive/3)
	case c.share() < enough:
		return max(3, c.show.alive*2/3)
	}
	return c.show.alive
}

// gather is over which time before the opening the bots come.
func (c *crowd) gather() time.Duration {
	return max(time.Second, time.Duration(float64(time.Minute)*c.pace))
}

// share of the house that is free; with c.mu held.
func (c *crowd) share() float64 {
	if c.now.SeatsFree == nil || c.house.total == 0 {
		return 1
	}
	return float64(*c.now.SeatsFree) / float64(c.house.total)
}

// appetite is how likely somebody who holds seats buys them: the fewer are left, the longer they last.
func (c *crowd) appetite() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.early() {
		return .95
	}
	return min(.6, max(.1, c.share()))
}

// early tells that what was sold before the visitor came is still being sold; with c.mu held.
func (c *crowd) early() bool { return c.show.presold > 0 && 1-c.share() < c.show.presold }

func (c *crowd) see(now nowView) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.fresh = now, true
}

func (c *crowd) seen() (now nowView, share float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now, c.share()
}

// bought remembers an order; long ago is forgotten, the box office finds it by search.
func (c *crowd) bought(order string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sold = append(c.sold, order); len(c.sold) > 500 {
		c.sold = c.sold[1:]
	}
}

// comesBack takes one remembered order out, any of them.
func (c *crowd) comesBack() (order string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sold) == 0 {
		return "", false
	}
	i := rand.IntN(len(c.sold))
	order = c.sold[i]
	c.sold[i] = c.sold[len(c.sold)-1]
	c.sold = c.sold[:len(c.sold)-1]
	return order, true
}

// sleep is a wait in the crowd's time.
func (c *crowd) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	if c.early() {
		d = time.Duration(float64(d) * hurry)
	}
	c.mu.Unlock()
	return c.nap(ctx, d)
}

// nap is a wait at the demo's pace.
func (c *crowd) nap(ctx context.Context, d time.Duration) error {
	return pause(ctx, time.Duration(float64(d)*c.pace))
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
