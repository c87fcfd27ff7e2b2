package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/money"
	"fairseat/modules/checkout"
)

// auditView is an audit for people.
type auditView struct {
	*Audit
	When   time.Time
	Took   string
	Money  []moneyRow
	Rules  []ruleView
	Broken int // how many rules do not hold
}

// moneyRow is where the money of one currency is.
type moneyRow struct{ Currency, Captured, Delivered, Refunded, Owed, InFlight string }

// ruleView is an invariant with its cases, each with the order it is about.
type ruleView struct {
	ID, Name string
	Cases    []oneCase
	More     bool // as many as are kept: there may be more
}

func newAuditView(r *Audit) *auditView {
	if r == nil {
		return nil
	}
	v := &auditView{Audit: r, When: time.Time(r.At), Took: r.took().Round(10 * time.Millisecond).String()}
	for currency, m := range r.Money {
		say := func(minor int64) string { return money.Format(minor, currency) }
		v.Money = append(v.Money, moneyRow{currency, say(m.Captured), say(m.Delivered), say(m.Refunded), say(m.Owed), say(m.InFlight)})
	}
	slices.SortFunc(v.Money, func(x, y moneyRow) int { return strings.Compare(x.Currency, y.Currency) })
	for _, inv := range r.Invariants {
		rule := ruleView{ID: inv.ID, Name: inv.Name, More: len(inv.Violations) == mostCases}
		for _, text := range inv.Violations {
			rule.Cases = append(rule.Cases, caseOf(text))
		}
		if len(rule.Cases) > 0 {
			v.Broken++
		}
		v.Rules = append(v.Rules, rule)
	}
	// What is broken comes first.
	slices.SortStableFunc(v.Rules, func(x, y ruleView) int { return min(len(y.Cases), 1) - min(len(x.Cases), 1) })
	return v
}

// auditPage shows what was found last.
func (a *App) auditPage(c echo.Context) error {
	last, err := a.lastAudit(c.Request().Context())
	if err != nil {
		return err
	}
	return a.showAudit(c, last)
}

// auditForm runs the audit now, and reads the whole of the processors' ledgers.
func (a *App) auditForm(c echo.Context) error {
	result, err := a.auditAndKeep(c.Request().Context(), true, auditTime)
	if err != nil {
		return err
	}
	return a.showAudit(c, result)
}

func (a *App) showAudit(c echo.Context, r *Audit) error {
	match, err := a.matchView(c.Request().Context())
	if err != nil {
		return err
	}
	return a.staffPage(c, http.StatusOK, "audit", "audit", map[string]any{"Audit": newAuditView(r), "Match": match})
}

// books is the line about audit and debts on the desk's first page. A list of events is not refused because it is away.
type books struct {
	Known  bool
	OK     bool
	Broken int
	When   time.Time
	Old    bool // nobody has run it for long
	Owed   []string
	// Disputed are the orders whose money a bank is asked to take back.
	Disputed []checkout.Disputed
	// Wrong is what a processor took of late that was not what was asked for.
	Wrong []checkout.WrongMoney
}

func (a *App) books(ctx context.Context) books {
	disputed, err := a.checkout.Disputes(ctx)
	if err != nil {
		return books{}
	}
	wrong, err := a.checkout.WrongMoney(ctx)
	if err != nil {
		return books{Disputed: disputed}
	}
	last, err := a.lastAudit(ctx)
	if err != nil || last == nil {
		return books{Disputed: disputed, Wrong: wrong}
	}
	v := newAuditView(last)
	b := books{Disputed: disputed, Wrong: wrong, Known: true, OK: last.OK, Broken: v.Broken, When: v.When, Old: a.clock.Now().Sub(v.When) > 5*auditEvery}
	for _, m := range v.Money {
		if last.Money[m.Currency].Owed != 0 {
			b.Owed = append(b.Owed, m.Owed)
		}
	}
	return b
}
