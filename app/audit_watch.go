package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
)

const (
	// auditEvery is how often some replica runs the audit, auditLook how often each sees whether it is its turn and
	// what was found last.
	auditEvery = 3 * time.Minute
	auditLook  = 10 * time.Second
	// auditsKept is how long results are kept.
	auditsKept = 30 * 24 * time.Hour
	// wholeEvery is how often all of the processors' ledgers is read, if that finds nothing.
	wholeEvery = 24 * time.Hour
	// The heartbeats that say when somebody last began.
	auditTurn = "audit"
	wholeTurn = "audit-whole"
)

// watchBooks runs the audit every few minutes, in one replica at a time, and shows every replica's metrics what was found
// last, until ctx ends.
func (a *App) watchBooks(ctx context.Context) error {
	ticker := time.NewTicker(auditLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := a.auditInTurn(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the audit could not be run; it will be", "error", err)
		}
		last, err := a.lastAudit(ctx)
		if err == nil && last != nil {
			a.audits.show(last)
		}
	}
}

// auditInTurn runs the audit if nobody has for auditEvery, and once a night with all of the processors' ledgers.
func (a *App) auditInTurn(ctx context.Context) error {
	if mine, err := a.takeTurn(ctx, auditTurn, auditEvery); err != nil || !mine {
		return err
	}
	again, err := a.wholeAgain(ctx)
	if err != nil {
		return err
	}
	whole, err := a.takeTurn(ctx, wholeTurn, again)
	if err != nil {
		return err
	}
	limit := auditTime
	if whole {
		limit = wholeTime
	}
	_, err = a.auditAndKeep(ctx, whole, limit)
	if err != nil && whole {
		return errors.Join(err, a.tryWholeIn(ctx, time.Hour))
	}
	return err
}

// tryWholeIn lets the next look at whole ledgers come by then at the latest, after one that came to nothing.
func (a *App) tryWholeIn(ctx context.Context, soon time.Duration) error {
	return a.stores.patient.WithContext(ctx).Exec(`UPDATE heartbeats SET at = now() - ?::float8 * interval '1 s' WHERE name = ?`, (wholeEvery - soon).Seconds(), wholeTurn).Error
}

// takeTurn is true for one replica in each span of time.
func (a *App) takeTurn(ctx context.Context, name string, every time.Duration) (bool, error) {
	mine := a.stores.patient.WithContext(ctx).Exec(`INSERT INTO heartbeats AS h (name, at) VALUES (?, now())
		ON CONFLICT (name) DO UPDATE SET at = now() WHERE h.at <= now() - ?::float8 * interval '1 s' OR h.at > now()`, name, every.Seconds())
	return mine.RowsAffected == 1, mine.Error
}

// wholeAgain is how long after the last look at whole ledgers the next one comes: sooner if something was found, or a
// processor was silent, but never so that it is read most of the time.
func (a *App) wholeAgain(ctx context.Context) (time.Duration, error) {
	last, err := readAudit(a.stores.db.WithContext(ctx), `WHERE whole`)
	if err != nil || last == nil {
		return auditEvery, err
	}
	if last.Whole && len(last.ledgerCases()) == 0 {
		return wholeEvery, nil
	}
	return min(wholeEvery, max(auditEvery, 60*last.took())), nil
}

// auditAndKeep runs the audit, keeps what it found, and tells whoever must know that it changed.
func (a *App) auditAndKeep(ctx context.Context, whole bool, limit time.Duration) (*Audit, error) {
	result, err := a.audit(ctx, whole, limit)
	if err != nil {
		return nil, err
	}
	return result, a.keepAudit(ctx, result, whole)
}

// keepAudit keeps what an audit found, and tells of it. What only a look at whole ledgers can find stands until the next
// such look does not: one at what is recent must not make it look well.
func (a *App) keepAudit(ctx context.Context, result *Audit, whole bool) error {
	var before *Audit
	err := a.stores.patient.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		// One after the other: of two that find the same, the second must see that it was told.
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtext('fairseat audit'))`).Error; err != nil {
			return err
		}
		if before, err = readAudit(tx, ""); err != nil {
			return err
		}
		if !result.Whole {
			known, err := readAudit(tx, `WHERE whole AND (result->>'whole')::boolean`)
			if err != nil {
				return err
			}
			result.carry(known.ledgerCases())
		}
		text, err := json.Marshal(result)
		if err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO audits (at, took_ms, violations, result, whole) VALUES (?, ?, ?, ?::jsonb, ?)`,
			time.Time(result.At), result.TookMS, result.count(), string(text), whole).Error; err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM audits WHERE at < ?`, time.Time(result.At).Add(-auditsKept)).Error; err != nil {
			return err
		}
		if hasNew(result.broken(), before.broken()) {
			return a.mailAlarm(ctx, tx, result)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep audit: %w", err)
	}
	a.tellChange(ctx, before, result)
	a.audits.show(result)
	return nil
}

// ledgerCases are what was found by the processors' ledgers, by invariant.
func (r *Audit) ledgerCases() map[string][]string {
	cases := map[string][]string{}
	if r == nil {
		return cases
	}
	for _, inv := range r.Invariants {
		if (inv.ID == ledgerDiffers || inv.ID == ledgerLacks) && len(inv.Violations) > 0 {
			cases[inv.ID] = inv.Violations
		}
	}
	return cases
}

// carry adds cases that are known from before.
func (r *Audit) carry(known map[string][]string) {
	for i := range r.Invariants {
		inv := &r.Invariants[i]
		for _, text := range known[inv.ID] {
			if !slices.Contains(inv.Violations, text) && len(inv.Violations) < mostCases {
				inv.Violations, r.OK = append(inv.Violations, text), false
			}
		}
	}
}

// tellChange logs what is broken when it is not what was broken before.
func (a *App) tellChange(ctx context.Context, before, now *Audit) {
	was, is := before.broken(), now.broken()
	switch {
	case slices.Equal(was, is):
	case len(is) == 0:
		a.log.Info("the audit is clean again")
	default:
		a.log.Log(ctx, slog.LevelError, "the audit found what must not be", "invariants", is, "violations", now.count(), "first", now.first())
	}
}

// broken are the ids of what does not hold.
func (r *Audit) broken() (ids []string) {
	if r == nil {
		return nil
	}
	for _, inv := range r.Invariants {
		if len(inv.Violations) > 0 {
			ids = append(ids, inv.ID)
		}
	}
	return ids
}

// hasNew tells whether something is broken that was not before: what is known to be broken must not silence the rest.
func hasNew(is, was []string) bool {
	return slices.ContainsFunc(is, func(id string) bool { return !slices.Contains(was, id) })
}

// first is one case, for a line of the log.
func (r *Audit) first() string {
	for _, inv := range r.Invariants {
		if len(inv.Violations) > 0 {
			return inv.Violations[0]
		}
	}
	return ""
}

// lastAudit is what was found last, by whichever replica; nil before the first.
func (a *App) lastAudit(ctx context.Context) (*Audit, error) {
	return readAudit(a.stores.db.WithContext(ctx), "")
}

// readAudit is the newest that is kept, of those that the condition names; nil if there is none.
func readAudit(db *gorm.DB, condition string) (*Audit, error) {
	var rows []struct {
		At     time.Time
		Result string
	}
	if err := db.Raw(`SELECT at, result FROM audits ` + condition + ` ORDER BY at DESC, id DESC LIMIT 1`).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the last audit: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	last := &Audit{}
	if err := json.Unmarshal([]byte(rows[0].Result), last); err != nil {
		return nil, fmt.Errorf("read the last audit: %w", err)
	}
	last.At = clock.Time(rows[0].At.UTC())
	return last, nil
}

// mailAlarm promises every owner a mail that says what is broken: once for each thing, until that is well again.
func (a *App) mailAlarm(ctx context.Context, tx *gorm.DB, r *Audit) error {
	owners, err := a.staff.Owners(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, inv := range r.Invariants {
		if n := len(inv.Violations); n > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s", inv.Name, inv.Violations[0]))
		}
	}
	for _, email := range owners {
		if err := a.notification.Alarm(ctx, tx, email, lines, a.publicURL+"/admin/audit"); err != nil {
			return err
		}
	}
	return nil
}
