package checkout

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	tickEvery  = time.Second
	ourGap     = 5 * time.Second // no replica alive for longer than this is an outage of ours
	eventWait  = 5 * time.Second // a webhook older than this has no job that will do
	batch      = 64
	hands      = 8 // payments looked at at the same time, by each replica
	settleTime = 20 * time.Second
	downAgain  = 15 * time.Second // between two words to a fan whose clock stands
)

// Run is the reaper and the reconciler, in every replica, until ctx ends. It reads tables alone, so that no lost job,
// webhook or message can leave anything undone; the jobs are only faster. The clocks have a loop of their own: a slow
// processor must not look like an outage of ours.
func (s *Service) Run(ctx context.Context) error {
	if err := s.store.everythingDue(ctx); err != nil && ctx.Err() == nil {
		s.Log.Warn("first look at open payments failed", "error", err)
	}
	var loops sync.WaitGroup
	loops.Go(func() { s.every(ctx, tickEvery, "clocks", s.keepClocks) })
	loops.Go(func() { s.every(ctx, tickEvery, "deadlines", s.reap) })
	loops.Go(func() { s.every(ctx, tickEvery, "payments", s.reconcile) })
	loops.Go(func() { s.every(ctx, tickEvery, "webhooks", s.catchUp) })
	loops.Go(func() { s.every(ctx, tickEvery, "processor", s.probe) })
	loops.Go(func() { s.every(ctx, leaveEvery, "admissions", s.letOut) })
	loops.Go(func() { s.every(ctx, tickEvery, "refunded events", s.returnEvents) })
	loops.Go(func() { s.every(ctx, tickEvery, "given back tickets", s.keepListings) })
	loops.Go(func() { s.every(ctx, tickEvery, "restore", s.reconcileRestore) })
	loops.Go(func() {
		first := false // seen: after a start nobody knows what was forgotten
		s.every(ctx, matchLook, "ledger", func(ctx context.Context) (err error) {
			if !first {
				if first, err = s.firstMatch(ctx); err != nil {
					return err
				}
			}
			return s.matchInTurn(ctx)
		})
	})
	loops.Go(func() { s.every(ctx, tickEvery, "orphans", s.returnOrphans) })
	loops.Wait()
	return nil
}

// every repeats a part of the work until ctx ends. What fails is logged once a minute: it is tried again anyway.
func (s *Service) every(ctx context.Context, pause time.Duration, what string, work func(context.Context) error) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := work(ctx); err != nil && ctx.Err() == nil && s.Clock.Now().Sub(told) >= time.Minute {
			told = s.Clock.Now()
			s.Log.Warn("checkout cannot do all its work right now", "part", what, "error", err)
		}
	}
}

// Tick does everything that is due at this moment, one part after the other: it keeps the clocks honest, ends orders
// whose time is over, and looks at every payment, refund and webhook that waits. Parts fail apart; the error joins
// what went wrong.
func (s *Service) Tick(ctx context.Context) error {
	return errors.Join(s.keepClocks(ctx), s.reap(ctx), s.reconcile(ctx), s.catchUp(ctx), s.probe(ctx), s.letOut(ctx), s.returnEvents(ctx), s.keepListings(ctx))
}

// keepClocks gives fans back the time in which they could not pay, be it our fault or the processor's.
func (s *Service) keepClocks(ctx context.Context) error {
	moved, err := s.store.beat(ctx, ourGap)
	if err != nil {
		return err
	}
	for _, p := range s.Providers {
		if p.Health().Down {
			stood, err := s.store.stand(ctx, p.Name(), ourGap, silenceLimit)
			if err != nil {
				return err
			}
			moved = append(moved, stood...)
			s.tellStanding(p.Name(), stood)
		}
	}
	// One budget for all of them: a map that hangs must not hold up the very clock that tells our outages from others'.
	// Whoever keeps the map compares it with Postgres anyway.
	begun := s.Clock.Now()
	for _, m := range moved {
		if s.Clock.Now().Sub(begun) > afterBudget {
			break
		}
		s.retake(ctx, m)
	}
	return nil
}

// tellStanding says to those whose clock stands that it does; now and then is enough.
func (s *Service) tellStanding(name string, stood []movedClock) {
	now := s.Clock.Now()
	s.mu.Lock()
	due := now.Sub(s.toldDown[name]) >= downAgain
	if due && len(stood) > 0 {
		s.toldDown[name] = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	for _, m := range stood {
		s.tellSlow(Order{ID: m.ID, EventID: m.EventID, PlaceKey: m.PlaceKey, ExpiresAt: m.ExpiresAt}, PaymentCreated)
	}
}

// probe finds out whether a processor that was away is back, so that no fan has to.
func (s *Service) probe(ctx context.Context) error {
	var asked sync.WaitGroup
	for _, p := range s.Providers {
		if health := p.Health(); health.Down && health.Retry <= 0 {
			asked.Go(func() { p.Probe(ctx) })
		}
	}
	asked.Wait()
	return nil
}

// retake tells the map about a deadline that has moved, so that place and seats are kept as long.
func (s *Service) retake(ctx context.Context, m movedClock) {
	claims, err := s.store.liveClaims(ctx, s.DB, m.ID)
	if err != nil || len(claims) == 0 {
		return
	}
	s.take(ctx, Order{ID: m.ID, EventID: m.EventID, PlaceKey: m.PlaceKey, ExpiresAt: m.ExpiresAt}, claims)
}

// reap ends orders, and swaps, whose clock has run out. Where a payment lives the processor is asked first, by reconcile.
func (s *Service) reap(ctx context.Context) error {
	if err := s.store.beginExpiring(ctx, batch); err != nil {
		return err
	}
	orders, err := s.store.overdueWithoutPayment(ctx, batch)
	if err != nil {
		return err
	}
	lapsed, err := s.store.lapsedOffers(ctx, batch)
	if err != nil {
		return err
	}
	if err := s.store.beginExpiringSwaps(ctx, batch); err != nil {
		return err
	}
	swaps, err := s.store.overdueSwaps(ctx, batch)
	if err != nil {
		return err
	}
	return errors.Join(s.each(append(orders, lapsed...), func(id uuid.UUID) error { return s.expire(ctx, id) }),
		s.each(swaps, func(id uuid.UUID) error { return s.expireSwap(ctx, id) }))
}

// reconcile looks at payments that are due, and at their refunds.
func (s *Service) reconcile(ctx context.Context) error {
	due, err := s.store.takeDuePayments(ctx, s.byHand(), batch)
	if err != nil {
		return err
	}
	return s.each(due, func(id uuid.UUID) error {
		ctx, cancel := context.WithTimeout(ctx, settleTime)
		defer cancel()
		errs := []error{s.Settle(ctx, id)}
		refunds, err := s.store.openRefunds(ctx, id)
		errs = append(errs, err)
		for _, r := range refunds {
			errs = append(errs, s.PayBack(ctx, r))
		}
		return errors.Join(errs...)
	})
}

// catchUp acts on webhooks whose job did not.
func (s *Service) catchUp(ctx context.Context) error {
	due, err := s.store.takeDueEvents(ctx, eventWait, batch)
	if err != nil {
		return err
	}
	return atOnce(due, func(e dueEvent) error {
		ctx, cancel := context.WithTimeout(ctx, settleTime)
		defer cancel()
		return s.processEvent(ctx, e)
	})
}

// each runs work for every id, a few at a time. That one fails stops none.
func (s *Service) each(ids []uuid.UUID, work func(uuid.UUID) error) error { return atOnce(ids, work) }

func atOnce[T any](items []T, work func(T) error) error {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
		free = make(chan struct{}, hands)
	)
	for _, item := range items {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if err := work(item); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
