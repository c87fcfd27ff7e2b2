package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A webhook in the outbox:
//
//	due ──2xx──▶ delivered
//	 │└─anything else: due again after 0.5 s, 1 s, 2 s … 30 s
//	 └─three days old──▶ given_up          (lost: written as such, never sent)
//
// Taking a webhook moves its due_at past the longest delivery: that is the lease, and a replica that dies holding one
// leaves it to the others. So a webhook may arrive twice, never not at all.

const (
	couriers    = 8
	pollEvery   = 200 * time.Millisecond
	sendTimeout = 5 * time.Second
	lease       = 15 * time.Second
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 30 * time.Second
	giveUpAfter = 72 * time.Hour
)

// delivery is a webhook that this replica has taken.
type delivery struct {
	N        int64
	EventID  string
	URL      string
	Body     string
	Attempts int // this one included
}

func newClient() *http.Client {
	return &http.Client{
		Timeout: sendTimeout,
		// No proxy and no redirect: a webhook goes to the address the merchant gave, or nowhere.
		Transport:     &http.Transport{MaxIdleConnsPerHost: couriers, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Run delivers webhooks until ctx ends, then waits for those under way. Every replica runs it.
func (p *Processor) Run(ctx context.Context) error {
	var (
		out    sync.WaitGroup
		busy   = make(chan struct{}, couriers)
		more   atomic.Bool // the last look may have left something behind
		failed bool
	)
	defer p.client.CloseIdleConnections()
	defer out.Wait()
	poll, clean := time.NewTicker(pollEvery), time.NewTicker(time.Hour)
	defer poll.Stop()
	defer clean.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clean.C:
			if err := p.Purge(ctx); err != nil {
				p.deps.Log.Warn("sandbox keeps what is old", "error", err)
			}
			continue
		case <-poll.C:
		case <-p.wake:
		}
		free := couriers - len(busy)
		more.Store(free == 0)
		if free == 0 {
			continue
		}
		taken, err := p.take(ctx, free)
		if err != nil && !failed && ctx.Err() == nil {
			p.deps.Log.Warn("sandbox webhooks are waiting", "error", err)
		}
		failed = err != nil
		more.Store(len(taken) == free)
		for _, d := range taken {
			busy <- struct{}{} // never blocks: only this loop adds
			out.Go(func() {
				p.deliver(ctx, d)
				<-busy
				if more.Load() {
					p.poke()
				}
			})
		}
	}
}

// take leases up to n webhooks that are due, oldest first.
func (p *Processor) take(ctx context.Context, n int) ([]delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var taken []delivery
	err := p.deps.DB.WithContext(ctx).Raw(`
		WITH due AS MATERIALIZED (
		  SELECT n FROM sandbox.webhooks WHERE status = 'due' AND due_at <= coalesce(?::timestamptz, now())
		  ORDER BY due_at, n LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE sandbox.webhooks AS w SET attempts = w.attempts + 1, due_at = coalesce(?::timestamptz, now()) + ?::float8 * interval '1 s'
		  FROM due WHERE w.n = due.n
		RETURNING w.n, w.event_id, w.url, w.body, w.attempts`, p.now(), n, p.now(), lease.Seconds()).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("take sandbox webhooks: %w", err)
	}
	slices.SortFunc(taken, func(a, b delivery) int { return int(a.N - b.N) })
	return taken, nil
}

// deliver sends one webhook and notes what came of it; a note that fails leaves the lease to run out.
func (p *Processor) deliver(ctx context.Context, d delivery) {
	sent := p.send(ctx, d)
	// The answer is noted even while stopping: what was delivered should not be delivered again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	db := p.deps.DB.WithContext(ctx)
	if sent == nil {
		if err := db.Exec(`UPDATE sandbox.webhooks SET status = 'delivered', delivered_at = coalesce(?::timestamptz, now()), last_error = '' WHERE n = ?`,
			p.now(), d.N).Error; err != nil {
			p.deps.Log.Warn("sandbox webhook is sent but not noted", "sandbox_event", d.EventID, "error", err)
		}
		return
	}
	var status string
	if err := db.Raw(`UPDATE sandbox.webhooks SET last_error = ?, due_at = coalesce(?::timestamptz, now()) + ?::float8 * interval '1 s',
		  status = CASE WHEN created_at < coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s' THEN 'given_up' ELSE 'due' END
		WHERE n = ? AND status = 'due' RETURNING status`,
		reason(sent), p.now(), backoff(d.Attempts).Seconds(), p.now(), giveUpAfter.Seconds(), d.N).Scan(&status).Error; err != nil {
		p.deps.Log.Warn("sandbox webhook failed and is not noted", "sandbox_event", d.EventID, "error", err)
	}
	if status == "given_up" {
		p.deps.Log.Warn("sandbox gave a webhook up", "sandbox_event", d.EventID, "attempts", d.Attempts, "error", sent)
	}
}

func (p *Processor) send(ctx context.Context, d delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader([]byte(d.Body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Fairseat-Sandbox/1")
	req.Header.Set(SignatureHeader, Sign(p.deps.SigningKey, p.deps.Clock.Now(), []byte(d.Body)))
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %d", res.StatusCode)
	}
	return nil
}

// backoff is how long to wait after the n-th failed attempt, from 1.
func backoff(n int) time.Duration {
	d := firstRetry
	for range n - 1 {
		if d *= 2; d >= lastRetry {
			return lastRetry
		}
	}
	return d
}

// reason is an error as Postgres takes it.
func reason(err error) string {
	text := strings.ReplaceAll(err.Error(), "\x00", "")
	if len(text) > 300 {
		text = text[:300]
	}
	return strings.ToValidUTF8(text, "")
}
