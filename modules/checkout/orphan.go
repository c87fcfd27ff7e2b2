package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

// The states of an orphan; see the table.
const (
	orphanFound    = "found"
	orphanForeign  = "foreign"
	orphanReturned = "returned"
)

// Orphan is money at a processor under a payment that we do not know, as after our database was restored from a backup: its
// buyer may hold tickets that no longer open a door, so the money goes back.
type Orphan struct {
	Provider   string
	Payment    uuid.UUID
	OrderID    string // as the processor has it; it may be no order of ours
	Currency   string
	Authorized int64 // agreed and not taken
	Captured   int64
	Refunded   int64
	Status     string
	Problem    string
	Tries      int
	NextTryAt  time.Time
	FoundAt    time.Time
	ReturnedAt *time.Time
}

// Foreign tells that nobody knows whether the payment is of this installation, or of the one it is a copy of; only a person
// sends it back.
func (o Orphan) Foreign() bool { return o.Status == orphanForeign }

// Back tells that the money is with its payer again.
func (o Orphan) Back() bool { return o.Status == orphanReturned }

// Orphans lists those that are not returned yet, and those returned within the last month.
func (s *Service) Orphans(ctx context.Context, limit int) ([]Orphan, error) {
	return s.store.orphans(ctx, limit)
}

// LastMatches are the latest comparisons with the ledgers, the newest first.
func (s *Service) LastMatches(ctx context.Context, limit int) ([]LedgerMatch, error) {
	return s.store.lastMatches(ctx, limit)
}

// returnOrphans sends back what is due.
func (s *Service) returnOrphans(ctx context.Context) error {
	due, err := s.store.takeDueOrphans(ctx, batch)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range due {
		errs = append(errs, s.returnOrphan(ctx, o))
	}
	return errors.Join(errs...)
}

// returnOrphan makes a processor give back, or let go, what it has under a payment of nobody. Its state is read first, and
// each call has a key of its own, so that repeating it returns nothing twice.
func (s *Service) returnOrphan(ctx context.Context, o Orphan) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if booked, err := s.store.booked(ctx, []uuid.UUID{o.Payment}); err != nil {
		return err
	} else if _, ours := booked[o.Payment]; ours {
		return s.store.orphanReturned(ctx, o, 0, 0) // it has come back with a better backup: our own rules apply to it
	}
	p, err := s.providerOf(o.Provider)
	if err != nil {
		return err
	}
	st, err := p.Find(ctx, o.Payment)
	if err == nil && st.Status == provider.Authorized {
		st, err = p.Cancel(ctx, st.Ref, o.Payment.String()+":orphan-cancel")
	}
	if left := st.Captured - st.Refunded; err == nil && st.Status == provider.Captured && left > 0 {
		st, err = p.Refund(ctx, st.Ref, fmt.Sprintf("%s:orphan-refund-%d", o.Payment, st.Refunded), left)
	}
	switch {
	case errors.Is(err, provider.ErrRefused), errors.Is(err, provider.ErrWrongState), errors.Is(err, provider.ErrUnknownPayment):
		return s.store.orphanRefused(ctx, o, err.Error())
	case err != nil:
		return fmt.Errorf("return orphan %s: %w", o.Payment, err)
	case st.Status == provider.Authorized || st.Captured != st.Refunded:
		return fmt.Errorf("return orphan %s: the processor still has it", o.Payment)
	}
	s.Log.Info("money of a payment that we do not know went back", "provider", o.Provider, "payment", o.Payment, "amount", st.Captured)
	return s.store.orphanReturned(ctx, o, st.Captured, st.Refunded)
}

// ReturnOrphan sends an orphan back at once, also a foreign one, because somebody of the house says so; ErrNotFound.
func (s *Service) ReturnOrphan(ctx context.Context, who request.Staff, ip, provider string, payment uuid.UUID) error {
	ours, err := s.store.adoptOrphan(ctx, provider, payment)
	if err != nil {
		return err
	}
	if !ours {
		return ErrNotFound
	}
	if err := s.Journal.Note(ctx, s.DB, who, ip, "orphan.return", "payment:"+payment.String(), nil); err != nil {
		return err
	}
	return s.returnOrphans(ctx)
}
