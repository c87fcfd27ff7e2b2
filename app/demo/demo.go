// Package demo makes an evening for a stranger: two events on real plans, and some dozens of bots who queue, hesitate,
// buy and give up like people. It speaks to the running process by HTTP alone, as anybody could.
package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fairseat/app/clock"
)

// Options say where the product runs and how fast its visitors live.
type Options struct {
	Base            string // how this process is reached from here
	Public          string // how a browser reaches it
	Email, Password string // of an owner
	OpensIn         time.Duration
	Pace            float64 // 1: a person's seconds
	Out             io.Writer
	Width           int // of the terminal that Out is, for a live line; 0: none
	Clock           clock.Clock
	Log             *slog.Logger
}

// Run waits until the product is ready, publishes what is missing, tells the three addresses, and lets the bots live
// until ctx ends. An error says that the demo could not begin.
func Run(ctx context.Context, o Options) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 80
	defer transport.CloseIdleConnections()
	browser := client{http: &http.Client{Transport: transport}, base: o.Base}
	if err := ready(ctx, browser); err != nil {
		return err
	}
	box := &office{client: browser, email: o.Email, password: o.Password}
	if err := box.signIn(ctx); err != nil {
		return err
	}
	sale, long, err := box.open(ctx, o.Clock.Now(), o.OpensIn)
	if err != nil {
		return err
	}
	numbers := &atomic.Int64{}
	numbers.Store(o.Clock.Now().Unix()) // every start has bots of its own, with limits of their own
	var crowds []*crowd
	for slug, s := range map[string]show{sale.Slug: onSale(), long.Slug: longOpen()} {
		c := &crowd{show: s, slug: slug, line: browser, log: o.Log, pace: o.Pace, next: numbers}
		if err := c.study(ctx); err != nil {
			return err
		}
		if crowds = append(crowds, c); slug == sale.Slug {
			crowds[0], crowds[len(crowds)-1] = c, crowds[0]
		}
	}
	o.greet(sale, long)

	var all sync.WaitGroup
	for _, c := range crowds {
		all.Go(func() { c.run(ctx) })
	}
	all.Go(func() { box.keepSeatsFree(ctx, crowds...) })
	if o.Width > 0 {
		all.Go(func() { o.watch(ctx, crowds) })
	}
	all.Wait()
	return nil
}

// study learns the house by heart, as those who have been there do.
func (c *crowd) study(ctx context.Context) error {
	var plan planView
	if err := c.line.do(ctx, "GET", "/api/v1/events/"+c.slug+"/plan", nil, &plan); err != nil {
		return err
	}
	var now nowView
	if err := c.line.do(ctx, "GET", "/api/v1/events/"+c.slug+"/queue/now", nil, &now); err != nil {
		return err
	}
	c.house = newHouse(&plan, &now)
	c.see(now)
	return nil
}

// ready polls until the product says so; Postgres and Redis are up before it listens, so it is a matter of moments.
func ready(ctx context.Context, c client) error {
	for {
		if c.do(ctx, "GET", "/readyz", nil, nil) == nil {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// greet says what a stranger needs, and nothing else.
func (o Options) greet(sale, long eventView) {
	in := sale.OpensAt.Sub(o.Clock.Now()).Round(time.Second)
	fmt.Fprintf(o.Out, `
  Fairseat is running. No money moves: every page, mail and ticket says TEST.

    On-sale in %-7s %s/events/%s
    On sale now        %s/events/%s
    The organiser      %s/admin
                       %s   %s

  Some seventy bots queue and buy beside you. Stop with Ctrl-C; the next start goes on from here.

`, in, o.Public, sale.Slug, o.Public, long.Slug, o.Public, o.Email, o.Password)
}

// watch keeps one line on the terminal up to date.
func (o Options) watch(ctx context.Context, crowds []*crowd) {
	for {
		line := "  " + o.Clock.Now().Local().Format("15:04:05")
		for _, c := range crowds {
			now, _ := c.seen()
			line += "   " + c.status(now)
		}
		if len(line) >= o.Width { // a line that wraps cannot be written over
			line = line[:o.Width-1]
		}
		fmt.Fprint(o.Out, "\r\x1b[K"+line)
		if pause(ctx, time.Second) != nil {
			fmt.Fprint(o.Out, "\r\x1b[K")
			return
		}
	}
}

func (c *crowd) status(now nowView) string {
	if left := now.OpensAt.Sub(now.Now).Round(time.Second); left > 0 {
		return fmt.Sprintf("%s: opens in %s, %d joined", c.slug, left, now.Joined)
	}
	text := fmt.Sprintf("%s: %d waiting, %d in", c.slug, max(0, now.Joined-now.Serving), now.Active)
	if now.SeatsFree != nil {
		text += fmt.Sprintf(", %d free", *now.SeatsFree)
	}
	return text
}
