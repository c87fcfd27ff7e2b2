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
	// LedgerSpan is how far back ledgers are compared as a whole: longer no authorisation lives.
	LedgerSpan = 31 * 24 * time.Hour
	// ledgerSlack is how far a processor's clock may be behind ours.
	ledgerSlack = 10 * time.Minute
)

// Ledger is what the providers say that they took and gave back. What was opened before Since may be missing, and all of
// a provider that did not answer is.
type Ledger struct {
	Since   time.Time
	Charges []provider.Charge
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
		l.Charges = append(l.Charges, charges...)
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

// MatchLedger looks through the providers' ledgers for money on payments that we took for dead, and settles those.
// Money that no payment of ours explains is for the audit to tell, and for a person to decide.
func (s *Service) MatchLedger(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	ledger := s.Ledger(ctx, LedgerSpan) // what was read of those that answer is good
	dead, err := s.store.deadPayments(ctx)
	if err != nil {
		return err
	}
	var odd []uuid.UUID
	for _, c := range ledger.Charges {
		paid := c.Status == provider.Authorized || (c.Status == provider.Captured && c.Captured != c.Refunded)
		if id, err := uuid.Parse(c.Payment); err == nil && paid && dead[id] {
			odd = append(odd, id)
		}
	}
	return errors.Join(ledger.silence(), s.each(odd, func(id uuid.UUID) error { return s.Settle(ctx, id) }))
}
