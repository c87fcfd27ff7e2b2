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

// After a restore from a backup the books know less than the processors do, so the sale stays closed until the two agree:
//
//	open ──another cluster or timeline at the start, or payments of ours in a ledger that we do not know──▶ reconciling
//	  ▲                                                                                                         │
//	  └──── all ledgers matched, and nothing unknown in them that is not written down; or an owner says so ─────┘
//
// What was begun goes on: payments, webhooks, refunds, tickets. Only nobody gets in, holds, orders, swaps or takes offered
// seats, and late money waits: seats that look free may have been sold.

const (
	reconcileEvery = 15 * time.Second
	// turnRestore is the heartbeat of whoever matches after a restore.
	turnRestore = "ledger-restore"
)

// Reconciliation is the time in which a restored database is held against the processors' ledgers.
type Reconciliation struct {
	Since  time.Time
	Reason string
}

// Reconciling tells whether the sale is closed because this database was restored. It asks nobody.
func (s *Service) Reconciling() (Reconciliation, bool) {
	r := s.restored.Load()
	if r == nil {
		return Reconciliation{}, false
	}
	return *r, true
}

// mayTakeSeats is ErrReconciling while nobody knows which seats are free.
func (s *Service) mayTakeSeats() error {
	if _, closed := s.Reconciling(); closed {
		return ErrReconciling.After(5 * time.Second)
	}
	return nil
}

// Recognise finds out at the start whether this is the database that we ran on before. A Postgres that does not say which
// it is proves nothing.
func (s *Service) Recognise(ctx context.Context) error {
	system, timeline, err := s.store.cluster(ctx)
	if err != nil {
		s.Log.Info("Postgres does not tell which cluster it is; a restored backup is known by the processors' ledgers alone", "error", err)
		return s.lookReconciling(ctx)
	}
	other, err := s.store.elsewhere(ctx, system, timeline)
	if err != nil {
		return err
	}
	if other {
		if err := s.beginReconciling(ctx, "the database is in another cluster or on another timeline than at the last start"); err != nil {
			return err
		}
	}
	// Last: whoever dies before this finds out again.
	if err := s.store.noteCluster(ctx, system, timeline); err != nil {
		return err
	}
	return s.lookReconciling(ctx)
}

// beginReconciling closes the sale.
func (s *Service) beginReconciling(ctx context.Context, reason string) error {
	if err := s.store.beginReconciling(ctx, reason); err != nil {
		return err
	}
	s.Log.Error("this database was restored: the sale is closed until the processors' ledgers agree with it", "reason", reason)
	return s.lookReconciling(ctx)
}

func (s *Service) lookReconciling(ctx context.Context) error {
	r, closed, err := s.store.reconciling(ctx)
	if err != nil {
		return err
	}
	if !closed {
		s.restored.Store(nil)
		return nil
	}
	s.restored.Store(&r)
	return nil
}

// reconcileRestore sees what other replicas found, and while the sale is closed lets one of them match all ledgers until
// that finds nothing new.
func (s *Service) reconcileRestore(ctx context.Context) error {
	if err := s.lookReconciling(ctx); err != nil {
		return err
	}
	if _, closed := s.Reconciling(); !closed {
		return nil
	}
	if mine, err := s.store.takeTurn(ctx, turnRestore, reconcileEvery); err != nil || !mine {
		return err
	}
	m, err := s.MatchLedger(ctx, LedgerSpan)
	if err != nil || m.ours > 0 {
		return errors.Join(err, s.store.giveTurn(ctx, turnRestore, reconcileEvery-time.Second))
	}
	if err := s.raise(ctx); err != nil {
		return err
	}
	if err := s.store.endReconciling(ctx, ""); err != nil {
		return err
	}
	s.Log.Info("the processors' ledgers are matched; the sale is open again", "payments", m.Charges)
	return s.lookReconciling(ctx)
}

// raise lets the others count on from above all that was given out before the restore; before the sale opens, because a
// store that is away at the start must not keep us from starting.
func (s *Service) raise(ctx context.Context) error {
	if s.OnRestore == nil {
		return nil
	}
	if err := s.OnRestore(ctx); err != nil {
		return fmt.Errorf("raise what must never fall: %w", err)
	}
	return nil
}

// firstMatch looks once after a start, as soon as the processors answer, at what the ledgers have since the newest payment
// that we know: payments of ours that we do not mean that our database forgot them, however old the backup is that stands
// in its place.
func (s *Service) firstMatch(ctx context.Context) (done bool, err error) {
	span, err := s.store.sinceNewest(ctx, ledgerRecent, LedgerSpan)
	if err != nil {
		return false, err
	}
	m, err := s.MatchLedger(ctx, span)
	return err == nil || m.ours > 0, err
}

// covered tells whether money of nobody may go back by itself: only what was opened before an owner said that this
// database is the real one. Our payments are committed before a processor hears of them, so one of ours that we do not know
// was forgotten: by a restored backup, a failover that lost the newest, or a copy of what sells elsewhere. Whoever only tried
// a backup out, with the keys of the real thing, must not send back what that has sold.
func covered(payment uuid.UUID, word *time.Time) bool {
	made := provider.Made(payment)
	return word != nil && !made.IsZero() && made.Before(*word)
}

// OpenAnyway takes an owner's word that the restored database is the real one: the sale opens, if it is closed, before the
// ledgers are matched, and money of nobody that was taken until now goes back by itself when it is found.
func (s *Service) OpenAnyway(ctx context.Context, who request.Staff, ip string) error {
	if err := s.Journal.Note(ctx, s.DB, who, ip, "reconcile.open", "", nil); err != nil {
		return err
	}
	if err := s.raise(ctx); err != nil {
		s.Log.Warn("opened without it", "error", err)
	}
	if err := s.store.endReconciling(ctx, who.Email); err != nil {
		return err
	}
	return s.lookReconciling(ctx)
}
