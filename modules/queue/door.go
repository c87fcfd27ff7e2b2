package queue

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
)

const (
	// normalLeast is the p95 of payments below which nothing is slow, however fast they usually are.
	normalLeast = time.Second
	// doorLeast is the share of the room that stays open as long as payments go at all.
	doorLeast = .25
)

// door says how far the way in stays open for the sake of payments: people who cannot pay hold seats that others could.
// Each replica tells Redis what it sees, and the tick goes by the worst; see tick.lua.
type door struct {
	payments Payments
	replica  string // a name nobody else has

	mu      sync.Mutex
	minutes []time.Duration // p95 of the last hour's minutes
	noted   time.Time
}

func newDoor(p Payments) *door { return &door{payments: p, replica: rand.Text()} }

// target is from 0, shut, to 1, open.
func (d *door) target(now time.Time) float64 {
	health := d.payments.Health()
	return doorTarget(health, d.normal(health.P95, now))
}

// normal is how long payments usually take: the median of the last hour.
func (d *door) normal(p95 time.Duration, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p95 > 0 && now.Sub(d.noted).Abs() >= time.Minute {
		d.minutes, d.noted = append(d.minutes, p95), now
		d.minutes = d.minutes[max(0, len(d.minutes)-60):]
	}
	if len(d.minutes) == 0 {
		return normalLeast
	}
	sorted := slices.Sorted(slices.Values(d.minutes))
	return max(normalLeast, sorted[(len(sorted)-1)/2])
}

// doorTarget: two and a half times slower than normal is borne; from 15 % failures on it closes, at half it is shut.
func doorTarget(h PaymentHealth, normal time.Duration) float64 {
	if h.Down || h.Errors >= .5 {
		return 0
	}
	slow := 1.0
	if h.P95 > 0 {
		slow = min(1, 2.5*normal.Seconds()/h.P95.Seconds())
	}
	return max(doorLeast, slow*min(1, (.5-h.Errors)/.35))
}

// slowedBy names what keeps the door from being open, and says so; nil and nil when nothing does.
func slowedBy(state reply) (by, reason *string) {
	open, payments, text := state.float("door"), "payments", "Payments are slow at the moment, so fewer people are let in. Places are kept."
	switch {
	case state.num("kept") > 0:
		fault, text := "fault", "A fault on our side put people out. Whoever was called already goes in first; all places are kept."
		return &fault, &text
	case open >= .9:
		return nil, nil
	case open < .05:
		text = "Payments do not work at the moment, so hardly anybody is let in. Places are kept."
	}
	return &payments, &text
}

// Restored is what the door is shut by while nothing is sold, see PaymentHealth.Closed.
const Restored = "restored"

func closedByRestore() (by, reason *string) {
	word, text := Restored, "The sale stands still for a moment while we make sure that nothing is sold twice. Your place is kept, and it goes on by itself."
	return &word, &text
}

// tellDoor puts into the log when payments begin to slow the way in, and when it is open again; what wavers at the border is
// told once.
func (s *Service) tellDoor(ctx context.Context, row *lineRow, state reply) error {
	open, slowed := state.float("door"), row.Slowed
	switch {
	case open < .9:
		slowed = "payments"
	case open >= .99:
		slowed = ""
	}
	if slowed == row.Slowed || state["acted"] != "1" || state.num("draws") == 0 {
		return nil
	}
	return s.postgres.locked(ctx, row.EventID, func(tx *gorm.DB) error {
		res := tx.Exec(`UPDATE lines SET slowed = ? WHERE event_id = ? AND slowed <> ?`, slowed, row.EventID, slowed)
		if res.Error != nil {
			return fmt.Errorf("tell of the door: %w", res.Error)
		}
		if res.RowsAffected == 0 { // another replica has told it
			return nil
		}
		if slowed == "" {
			return s.postgres.record(tx, row.EventID, "full-pace", struct{}{})
		}
		return s.postgres.record(tx, row.EventID, "slowed", map[string]string{"by": slowed})
	})
}
