package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"fairseat/modules/checkout"
)

// AuditOptions are how `fairseat audit` looks and what it prints.
type AuditOptions struct {
	JSON   bool // for programs, else words for people
	Recent bool // of the processors' ledgers only the last hours
}

// RunAudit prints the audit; ErrViolations if something is out of place, a *StartError if it could not be looked at. What
// a stop left to be done is done first: where no process runs nobody else would, and it is no violation.
func RunAudit(ctx context.Context, c Config, options AuditOptions, out io.Writer) error {
	err := tool(ctx, c, func(a *App) error {
		if err := a.seating.CatchUp(ctx); err != nil {
			return err
		}
		result, err := a.audit(ctx, !options.Recent, wholeTime)
		if err != nil {
			return err
		}
		if options.JSON {
			err = printJSON(out, result)
		} else {
			err = result.print(out)
		}
		switch {
		case err != nil:
			return err
		case !result.OK:
			return ErrViolations
		case len(result.Unasked) > 0:
			return &StartError{errors.New("nothing is out of place as far as could be looked: " + result.Unasked[0])}
		}
		return nil
	})
	if start := (*StartError)(nil); err == nil || errors.Is(err, ErrViolations) || errors.As(err, &start) {
		return err
	}
	return &StartError{fmt.Errorf("the audit could not be done: %w", err)}
}

// MatchLedger compares the processors' ledgers with our books, settles what differs, and prints what came of it as JSON. A
// *StartError says that a processor could not be asked.
func MatchLedger(ctx context.Context, c Config, out io.Writer) error {
	return tool(ctx, c, func(a *App) error {
		m, err := a.checkout.MatchLedger(ctx, checkout.LedgerSpan)
		if printed := printJSON(out, newMatchResponse(m)); printed != nil {
			return printed
		}
		if err != nil {
			return &StartError{fmt.Errorf("not all could be compared: %w", err)}
		}
		return nil
	})
}

// print writes the audit for a person: a line for everything that holds, and every case in which something does not.
func (r *Audit) print(out io.Writer) error {
	w := &lines{out: out}
	for _, inv := range r.Invariants {
		if len(inv.Violations) == 0 {
			w.line("ok      %-4s %s", inv.ID, inv.Name)
			continue
		}
		w.line("BROKEN  %-4s %s", inv.ID, inv.Name)
		for _, v := range inv.Violations {
			w.line("             - %s", v)
		}
		if len(inv.Violations) == mostCases {
			w.line("             - there may be more")
		}
	}
	for _, why := range r.Unasked {
		w.line("UNKNOWN      %s", why)
	}
	for _, currency := range slices.Sorted(maps.Keys(r.Money)) {
		w.line("money        %s", r.Money[currency].said(currency))
	}
	switch n := r.count(); {
	case n > 0:
		w.line("%d things do not add up, looked at in %s.", n, r.took())
	case len(r.Unasked) > 0:
		w.line("Nothing is out of place as far as could be looked, in %s.", r.took())
	default:
		w.line("Everything adds up, looked at in %s.", r.took())
	}
	return w.err
}

func (r *Audit) took() time.Duration { return time.Duration(r.TookMS) * time.Millisecond }

// lines keeps the first error, so that one look at the end is enough.
type lines struct {
	out io.Writer
	err error
}

func (l *lines) line(format string, args ...any) {
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.out, format+"\n", args...)
	}
}
