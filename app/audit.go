package app

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/modules/checkout"
)

// Audit is what GET /api/v1/admin/audit and `fairseat audit` answer.
type Audit struct {
	OK         bool             `json:"ok"`
	Whole      bool             `json:"whole"` // all of the processors' ledgers was read, not only what is recent
	Invariants []Invariant      `json:"invariants"`
	Money      map[string]Money `json:"money"` // by currency
	At         clock.Time       `json:"at"`
	TookMS     int64            `json:"took_ms"`
	// Unasked are the reasons why some things could not be looked at; nothing was found there, and nothing is proved.
	Unasked []string `json:"unasked"`
}

// Invariant is one thing that must always be true, with the cases in which it is not, at most mostCases.
type Invariant struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Violations []string `json:"violations"`
}

// Money is where every captured minor unit went: captured = delivered + refunded + owed. In flight is authorised at
// the processor and not yet captured, or late and waiting for its fan's word; it is nobody's debt.
type Money struct {
	Captured  int64 `json:"captured"`
	Delivered int64 `json:"delivered"`
	Refunded  int64 `json:"refunded"`
	Owed      int64 `json:"owed"`
	InFlight  int64 `json:"in_flight"`
}

const (
	// settleTime is how long a violation must last: the sources are read one after another while the sale goes on.
	settleTime = 1500 * time.Millisecond
	mostCases  = 100
	// auditTime is the longest an audit may take that somebody waits for, wholeTime any other that reads a month of a
	// ledger; ruleTime is the same for one query, as Postgres takes it.
	auditTime = 55 * time.Second
	wholeTime = 15 * time.Minute
	ruleTime  = "20s"
	// recently is how far back the processor's ledger is read where not all of it is asked for.
	recently = 2 * time.Hour
)

// count is how many cases there are.
func (r *Audit) count() (n int) {
	for _, inv := range r.Invariants {
		n += len(inv.Violations)
	}
	return n
}

// audit checks every invariant; a violation counts if a second look a moment later still finds it. whole reads all of
// the processor's ledger, else what is recent. It takes no longer than limit.
func (a *App) audit(ctx context.Context, whole bool, limit time.Duration) (*Audit, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began, ledgerTime := a.clock.Now(), limit*2/5 // it may be read twice
	first, err := a.look(ctx, whole, ledgerTime)
	if err != nil {
		return nil, err
	}
	result := first
	if !first.OK {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(settleTime):
		}
		if result, err = a.look(ctx, whole, ledgerTime); err != nil {
			return nil, err
		}
		result.OK = true
		for i := range result.Invariants {
			result.Invariants[i].Violations = both(first.Invariants[i].Violations, result.Invariants[i].Violations)
			result.OK = result.OK && len(result.Invariants[i].Violations) == 0
		}
	}
	result.At, result.TookMS = clock.Time(began), a.clock.Now().Sub(began).Milliseconds()
	return result, nil
}

// add notes what was found about one invariant.
func (r *Audit) add(id, name string, violations []string) {
	if violations == nil {
		violations = []string{}
	}
	r.Invariants = append(r.Invariants, Invariant{ID: id, Name: name, Violations: violations[:min(len(violations), mostCases)]})
	r.OK = r.OK && len(violations) == 0
}

// look reads every source once. Our own books are one snapshot, so that no sale is seen by halves; the processor's ledger
// is read before them: what it says now, we knew or will know.
func (a *App) look(ctx context.Context, whole bool, ledgerTime time.Duration) (*Audit, error) {
	result := &Audit{OK: true, Money: map[string]Money{}, Unasked: []string{}}
	span := checkout.LedgerSpan
	if !whole {
		span = recently
	}
	asking, enough := context.WithTimeout(ctx, ledgerTime)
	ledger := a.checkout.Ledger(asking, span)
	enough()
	result.Whole = whole && len(ledger.Silent) == 0
	err := a.stores.patient.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SET LOCAL statement_timeout = '` + ruleTime + `'`).Error; err != nil {
			return err
		}
		if err := a.lookAtRows(ctx, tx, result); err != nil {
			return err
		}
		return a.lookAtLedger(tx, result, ledger)
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	seats, err := a.seating.Audit(ctx)
	if err != nil {
		return nil, err
	}
	result.add("I14", "Redis shows the seats that Postgres knows as taken", seats)
	lines, err := a.queue.Audit(ctx)
	if err != nil {
		return nil, err
	}
	result.add("I16", "no line runs ahead of its record", lines)
	return result, nil
}

// lookAtRules asks Postgres what each rule asks.
func lookAtRules(tx *gorm.DB, result *Audit) error {
	until, err := lastAlive(tx)
	if err != nil {
		return err
	}
	for _, r := range sqlRules {
		var violations []string
		query := strings.ReplaceAll(r.query, "@until", "?::timestamptz")
		args := slices.Repeat([]any{until}, strings.Count(r.query, "@until"))
		if err := tx.Raw(`SELECT * FROM (`+query+`) AS found ORDER BY 1 LIMIT `+fmt.Sprint(mostCases), args...).Scan(&violations).Error; err != nil {
			return fmt.Errorf("%s: %w", r.id, err)
		}
		result.add(r.id, r.name, violations)
	}
	return nil
}

// lookAtRows asks Postgres alone.
func (a *App) lookAtRows(ctx context.Context, tx *gorm.DB, result *Audit) error {
	if err := lookAtRules(tx, result); err != nil {
		return err
	}
	sums, err := a.checkout.Money(ctx, tx)
	if err != nil {
		return err
	}
	var unequal []string
	for currency, m := range sums {
		result.Money[currency] = Money(m)
		if m.Captured != m.Delivered+m.Refunded+m.Owed {
			unequal = append(unequal, currency+": "+Money(m).said(currency))
		}
	}
	orders, err := a.checkout.UnequalOrders(ctx, tx, mostCases)
	if err != nil {
		return err
	}
	for _, o := range orders {
		unequal = append(unequal, fmt.Sprintf("order %s: %s", o.OrderID, Money(o.Money).said(o.Currency)))
	}
	result.add("I18", "captured is delivered, refunded or owed, for every order", unequal)
	return nil
}

func (m Money) said(currency string) string {
	say := func(minor int64) string { return money.Format(minor, currency) }
	return fmt.Sprintf("captured %s, delivered %s, refunded %s, owed %s", say(m.Captured), say(m.Delivered), say(m.Refunded), say(m.Owed))
}

// lastAlive is now while a process runs, else when one last did: nothing is late that nobody was there to do.
func lastAlive(tx *gorm.DB) (until time.Time, err error) {
	err = tx.Raw(`SELECT CASE WHEN at > now() - interval '10 s' THEN now() ELSE at END FROM
		(SELECT coalesce(max(at), now()) AS at FROM heartbeats WHERE name = 'checkout') AS beat`).Scan(&until).Error
	return until, err
}

// both keeps what was found twice, in the same words.
func both(a, b []string) []string {
	seen := map[string]bool{}
	for _, v := range a {
		seen[v] = true
	}
	kept := []string{}
	for _, v := range b {
		if seen[v] {
			kept = append(kept, v)
		}
	}
	return kept
}

// oneCase is a violation with the order that it names, for a link.
type oneCase struct{ Before, Order, After string }

// caseOf finds "order <id>" in a violation.
func caseOf(text string) oneCase {
	const word, idLength = "order ", 36
	at := strings.Index(text, word)
	if at < 0 || len(text) < at+len(word)+idLength {
		return oneCase{Before: text}
	}
	at += len(word)
	return oneCase{Before: text[:at], Order: text[at : at+idLength], After: text[at+idLength:]}
}
