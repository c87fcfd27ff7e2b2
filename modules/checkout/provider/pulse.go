package provider

import (
	"slices"
	"sync"
	"time"

	"fairseat/app/clock"
)

// pulse remembers how the last calls to a processor went: enough of them for a percentile, none older than a minute.
type pulse struct {
	clock clock.Clock
	mu    sync.Mutex
	beats [256]beat
	next  int
	trend float64
}

type beat struct {
	at     time.Time
	took   time.Duration
	failed bool
}

func newPulse(c clock.Clock) *pulse { return &pulse{clock: c} }

func (p *pulse) start() time.Time { return p.clock.Now() }

func (p *pulse) end(start time.Time, failed bool) {
	at := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	last, outcome := p.beats[(p.next-1+len(p.beats))%len(p.beats)].at, 0.0
	if at.Sub(last) > time.Minute {
		p.trend = 0
	}
	if failed {
		outcome = 1
	}
	p.trend += trendWeight * (outcome - p.trend)
	p.beats[p.next] = beat{at: at, took: at.Sub(start), failed: failed}
	p.next = (p.next + 1) % len(p.beats)
}

// lately is how many calls tell whether the processor is well now: an outage that is over must not count for a minute.
const lately = 10

// trendWeight is what one call counts in the trend: one that fails is chance, five in a row are a third.
const trendWeight = .08

// read is the last minute; without a call in it everything is taken to be well.
func (p *pulse) read() Health {
	since := p.clock.Now().Add(-time.Minute)
	p.mu.Lock()
	defer p.mu.Unlock()
	var took []time.Duration
	failed := 0
	for _, b := range p.beats {
		if b.at.Before(since) {
			continue
		}
		took = append(took, b.took)
		if b.failed {
			failed++
		}
	}
	if len(took) == 0 {
		return Health{Healthy: true}
	}
	fresh := 0 // failures among the last calls
	for i := range lately {
		if b := p.beats[(p.next-1-i+len(p.beats))%len(p.beats)]; b.failed && !b.at.Before(since) {
			fresh++
		}
	}
	slices.Sort(took)
	return Health{
		Healthy:   fresh < lately/2,
		P95MS:     int(took[(len(took)*95-1)/100].Milliseconds()),
		ErrorRate: float64(failed) / float64(len(took)),
		Trend:     p.trend,
	}
}
