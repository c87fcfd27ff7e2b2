package sandbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
)

// Faults are what one can ask the processor to do wrong. They stand in one row of the database and are read for each
// request, so that every replica obeys from the moment PUT /sandbox/faults has answered.
type Faults struct {
	Outage         bool    `json:"outage"`           // merchant API and pay page answer 503
	LatencyMS      int     `json:"latency_ms"`       // both answer this much later
	ErrorRate      float64 `json:"error_rate"`       // 0 to 1: merchant calls that answer 500, half of them after the effect
	Webhook        string  `json:"webhook"`          // one of webhookModes, for events from now on
	WebhookDelayMS int     `json:"webhook_delay_ms"` // of late (0 means 5000) and, at most, of shuffled (0 means 2000)
	WrongAmount    bool    `json:"wrong_amount"`     // payments decided from now on are authorized with one unit too much
	RefuseRefunds  bool    `json:"refuse_refunds"`   // as if the merchant's account were empty
}

// What becomes of webhooks: sent at once; after a delay; two times each; never; each after its own random delay.
const (
	normal   = "normal"
	late     = "late"
	twice    = "twice"
	lost     = "lost"
	shuffled = "shuffled"
)

func webhookModes() []string { return []string{normal, late, twice, lost, shuffled} }

const (
	maxLatencyMS = 30_000         // below the server's own write timeout
	maxDelayMS   = 72 * 3_600_000 // a webhook three days late, as real ones can be
)

func (f Faults) check() error {
	wrong := fault.Fields{}
	if f.LatencyMS < 0 || f.LatencyMS > maxLatencyMS {
		wrong["latency_ms"] = fmt.Sprintf("0 to %d", maxLatencyMS)
	}
	if f.ErrorRate < 0 || f.ErrorRate > 1 {
		wrong["error_rate"] = "0 to 1"
	}
	if !slices.Contains(webhookModes(), f.Webhook) {
		wrong["webhook"] = "normal, late, twice, lost or shuffled"
	}
	if f.WebhookDelayMS < 0 || f.WebhookDelayMS > maxDelayMS {
		wrong["webhook_delay_ms"] = fmt.Sprintf("0 to %d", maxDelayMS)
	}
	return wrong.Err()
}

// surcharge is what a wrong amount is wrong by.
func (f Faults) surcharge() int64 {
	if f.WrongAmount {
		return 1
	}
	return 0
}

// delay is how long a webhook waits before it is first sent; chance is asked only where chance decides.
func (f Faults) delay(chance func() float64) time.Duration {
	ms := func(standard int) time.Duration {
		if f.WebhookDelayMS > 0 {
			standard = f.WebhookDelayMS
		}
		return time.Duration(standard) * time.Millisecond
	}
	switch f.Webhook {
	case late:
		return ms(5000)
	case shuffled:
		return time.Duration(chance() * float64(ms(2000)))
	}
	return 0
}

func readFaults(db *gorm.DB) (Faults, error) {
	var f Faults
	if err := db.Raw(`SELECT outage, latency_ms, error_rate, webhook, webhook_delay_ms, wrong_amount, refuse_refunds FROM sandbox.faults`).Scan(&f).Error; err != nil {
		return f, fmt.Errorf("read sandbox faults: %w", err)
	}
	return f, nil
}

// Misbehave replaces all faults at once, on every replica; ErrBadField when a value is out of range.
func (p *Processor) Misbehave(ctx context.Context, f Faults) error {
	if err := f.check(); err != nil {
		return err
	}
	if err := p.deps.DB.WithContext(ctx).Exec(`UPDATE sandbox.faults SET outage = ?, latency_ms = ?, error_rate = ?, webhook = ?, webhook_delay_ms = ?, wrong_amount = ?, refuse_refunds = ?`,
		f.Outage, f.LatencyMS, f.ErrorRate, f.Webhook, f.WebhookDelayMS, f.WrongAmount, f.RefuseRefunds).Error; err != nil {
		return fmt.Errorf("set sandbox faults: %w", err)
	}
	return nil
}

// struck is what one request meets: nothing, or an outage or an error before its effect (err), or an error after it.
type struck struct {
	after bool
	err   error
}

// strike lets a request wait as long as the latency says, and decides what befalls it. A client that hangs up while
// waiting ends the wait, not the request: its effect comes all the same, as with a real processor that was slow.
func (p *Processor) strike(ctx context.Context, errorsToo bool) struck {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	f, err := readFaults(p.deps.DB.WithContext(asking))
	if err != nil {
		return struck{err: err}
	}
	if f.Outage {
		return struck{err: ErrDown.After(time.Second)}
	}
	if f.LatencyMS > 0 {
		wait := time.NewTimer(time.Duration(f.LatencyMS) * time.Millisecond)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	if !errorsToo || f.ErrorRate == 0 || p.deps.Rand() >= f.ErrorRate {
		return struck{}
	}
	if p.deps.Rand() < 0.5 {
		return struck{after: true}
	}
	return struck{err: ErrFailed}
}
