package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"fairseat/modules/checkout/provider"
)

const (
	// LedgerSpan is how far back ledgers are matched as a whole: longer no authorisation lives.
	LedgerSpan = 31 * 24 * time.Hour
	// ledgerRecent is how far back they are matched every hour.
	ledgerRecent = 3 * time.Hour
	// ledgerSlack is how far a processor's clock may be behind ours.
	ledgerSlack = 10 * time.Minute
	// matchTime is the longest one matching may take: a month of a big house is many pages.
	matchTime  = 15 * time.Minute
	matchEvery = time.Hour
	matchAll   = 24 * time.Hour
	matchLeast = 5 * time.Minute // between two that strangers' webhooks ask for
	matchLook  = 10 * time.Second
	// The heartbeats that say when somebody last began.
	turnWhole  = "ledger"
	turnRecent = "ledger-recent"
)

// LedgerLine is one payment as a provider has it in its ledger.
type LedgerLine struct {
	provider.Charge
	Provider string
}

// Ledger is what the providers say that they took and gave back. What was opened before Since may be missing, and all of
// a provider that did not answer is.
type Ledger struct {
	Since   time.Time
	Charges []LedgerLine
	Silent  map[string]error // by provider
}

// Ledger reads the ledgers of all providers, as far back as span.
func (s *Service) Ledger(ctx context.Context, span time.Duration) Ledger {
	l := Ledger{Since: s.Clock.Now().Add(-span), Silent: map[string]error{}}
	for _, p := range s.Providers {
		charges, err := p.Charges(ctx, l.Since.Add(-ledgerSlack))
		if err != nil {
			l.Silent[p.Name()] = fmt.Errorf("ledger of %s: %w", p.Name(), err)
			continue
		}
		for _, c := range charges {
			l.Charges = append(l.Charges, LedgerLine{c, p.Name()})
		}
	}
	return l
}

// silence joins what the providers that did not answer said instead.
func (l Ledger) silence() (err error) {
	for _, e := range l.Silent {
		err = errors.Join(err, e)
	}
	return err
}

// LedgerMatch is one comparison of the processors' ledgers with our books.
type LedgerMatch struct {
	ID      int64
	BeganAt time.Time
	EndedAt *time.Time // nil while it runs
	Since   time.Time
	Charges int
	Settled int // payments of ours looked at because the two differed
	Orphans int // payments of nobody, found for the first time
	Problem string
	ours    int // of the orphans, those that this installation opened for certain, and that nobody has vouched for
}

// MatchLedger compares the ledgers of all providers with our books, as far back as span, and makes the two agree where
// that is ours to do: money on payments that we took for dead, or that differs from what we wrote down, is settled; money
// on payments that we never had is written down as an orphan; if one of these is ours, our database forgot it, and the sale
// is closed until more is known. What only a person can mend the audit tells.
// The providers that answer are matched even if another does not; the error says which did not.
func (s *Service) MatchLedger(ctx context.Context, span time.Duration) (m LedgerMatch, err error) {
	ctx, cancel := context.WithTimeout(ctx, matchTime)
	defer cancel()
	if m, err = s.store.beginMatch(ctx, s.Clock.Now().Add(-span)); err != nil {
		return m, err
	}
	ledger := s.Ledger(ctx, span)
	m.Charges = len(ledger.Charges)
	err = errors.Join(ledger.silence(), s.matchLines(ctx, ledger.Charges, &m))
	if err != nil {
		m.Problem = err.Error()
	}
	done, enough := aside(ctx, afterBudget)
	defer enough()
	if m.ours > 0 {
		err = errors.Join(err, s.beginReconciling(done, fmt.Sprintf("a processor knows %d payments that this database does not", m.ours)))
	}
	return m, errors.Join(err, s.store.endMatch(done, &m))
}

// matchLines works through the ledgers in parts, so that a big one asks Postgres for no more than it can give at once.
func (s *Service) matchLines(ctx context.Context, lines []LedgerLine, m *LedgerMatch) error {
	const part = 2000
	var errs []error
	for len(lines) > 0 {
		some := lines[:min(part, len(lines))]
		lines = lines[len(some):]
		errs = append(errs, s.matchPart(ctx, some, m))
	}
	return errors.Join(errs...)
}

func (s *Service) matchPart(ctx context.Context, lines []LedgerLine, m *LedgerMatch) error {
	var all []uuid.UUID
	for _, l := range lines {
		if id, err := uuid.Parse(l.Payment); err == nil {
			all = append(all, id)
		}
	}
	booked, err := s.store.booked(ctx, all)
	if err != nil {
		return err
	}
	word, err := s.store.ownersWord(ctx)
	if err != nil {
		return err
	}
	var odd []uuid.UUID
	for _, l := range lines {
		id, err := uuid.Parse(l.Payment)
		if err != nil {
			continue // opened by others, who use the same account
		}
		switch b, ours := booked[id]; {
		case !ours && l.hasMoney():
			// Our payments are committed before a processor hears of them: this one was never ours, or is no longer.
			certain := l.Ours && covered(id, word)
			first, err := s.store.insertOrphan(ctx, l, id, certain)
			if err != nil {
				return err
			}
			if first {
				m.Orphans++
				if l.Ours && !certain {
					m.ours++
				}
				s.metrics.orphans.Inc()
				s.Log.Error("a processor has money under a payment that we do not know", "provider", l.Provider, "payment", id, "order", l.Order,
					"captured", l.Captured, "authorized", l.Amount, "currency", l.Currency)
			}
		case ours && b.differs(l):
			odd = append(odd, id)
		}
	}
	m.Settled += len(odd)
	return s.each(odd, func(id uuid.UUID) error {
		ctx, cancel := context.WithTimeout(ctx, settleTime)
		defer cancel()
		return s.Settle(ctx, id)
	})
}

// hasMoney tells whether the processor holds money, or may take it.
func (l LedgerLine) hasMoney() bool {
	return l.Status == provider.Authorized || l.Status == provider.Captured && l.Captured != l.Refunded
}

// bookedLine is what our books say of a payment.
type bookedLine struct {
	ID       uuid.UUID
	Status   PaymentStatus
	Received int64
	Refunded int64 // done, less what its bank took
	Dispute  provider.Dispute
}

// differs tells whether a look at the payment may change something: the processor has money where we have written it
// off, or written down another sum. Payments under way are looked at anyway.
func (b bookedLine) differs(l LedgerLine) bool {
	switch b.Status {
	case PaymentFailed, PaymentCancelled:
		return l.hasMoney()
	case PaymentCaptured, PaymentRefunded:
		return l.Status != provider.Captured || l.Captured != b.Received || l.Refunded != b.Refunded || disputeMoves(b.Dispute, l.Dispute)
	}
	return false
}

// matchInTurn lets one replica match what is recent every hour, and everything every night.
func (s *Service) matchInTurn(ctx context.Context) error {
	for _, turn := range []struct {
		name        string
		every, span time.Duration
	}{{turnWhole, matchAll, LedgerSpan}, {turnRecent, matchEvery, ledgerRecent}} {
		mine, err := s.store.takeTurn(ctx, turn.name, turn.every)
		if err != nil {
			return err
		}
		if !mine {
			continue
		}
		if _, err := s.MatchLedger(ctx, turn.span); err != nil {
			// Tried again in a minute: a processor that is away now need not be for an hour.
			return errors.Join(err, s.store.giveTurn(ctx, turn.name, turn.every-time.Minute))
		}
	}
	return nil
}
