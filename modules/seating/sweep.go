package seating

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redis/rueidis"

	"fairseat/modules/seating/internal/live"
)

const (
	sweepEvery  = 250 * time.Millisecond
	beatEvery   = 500 * time.Millisecond
	pulseEvery  = time.Second
	repairEvery = 5 * time.Second
	rosterEvery = 2 * time.Second
	watchEvery  = 2 * time.Second
	touchEvery  = 10 * time.Second
	endEvery    = time.Second
	// sweepLimit keeps one pass short (13 ms measured for 500), so that nobody waits behind it.
	sweepLimit = 500
	// abreast is how many events one loop works on at a time.
	abreast = 8
)

// Run keeps every map up to date until ctx ends: it frees what ran out, mirrors, shows, compares with Postgres. Every
// replica runs it. At the end the sockets are told to reconnect elsewhere.
func (s *Service) Run(ctx context.Context) error {
	s.mu.Lock()
	s.running = ctx
	s.mu.Unlock()
	for _, b := range s.allBoards() {
		s.board(b.id) // those made before Run
	}
	// First of all: after an outage every deadline moves by its length, before anybody judges one.
	s.roster(ctx)
	s.pulse(ctx)
	loops := []func(){
		func() { s.every(ctx, beatEvery, func() { s.beat.Add(1) }) },
		func() { s.every(ctx, sweepEvery, func() { _ = s.each(ctx, "sweep", (*board).sweep) }) },
		func() { s.every(ctx, pulseEvery, func() { s.pulse(ctx) }) },
		func() { s.every(ctx, repairEvery, func() { _ = s.each(ctx, "repair", (*board).repair) }) },
		func() { s.every(ctx, rosterEvery, func() { s.roster(ctx) }) },
		func() { s.every(ctx, watchEvery, func() { _ = s.each(ctx, "watch", (*board).endLapsed) }) },
		func() { s.every(ctx, watchEvery, func() { _ = s.each(ctx, "desk", (*board).endSignedOut) }) },
		func() { s.every(ctx, touchEvery, func() { _ = s.each(ctx, "touch", (*board).touch) }) },
		func() { s.every(ctx, endEvery, func() { s.endDue(ctx) }) },
		func() { s.hearBells(ctx) },
	}
	for _, loop := range loops {
		s.work.Go(loop)
	}
	<-ctx.Done()
	s.Drain()
	s.work.Wait()
	s.beat.Store(0) // nobody counts any more: nothing is young
	return nil
}

// Drain sends everybody who watches elsewhere and lets nobody watch any more; it waits at most three seconds.
func (s *Service) Drain() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var all errgroup.Group
	for _, b := range s.allBoards() {
		for _, hub := range []*live.Hub{b.hub, b.desk} {
			all.Go(func() error { hub.Close(ctx); return nil })
		}
	}
	_ = all.Wait()
}

// every does something at once and then again and again until ctx ends.
func (s *Service) every(ctx context.Context, d time.Duration, do func()) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// each does something for every board, some abreast, and gives the first error. What fails is tried again the next
// time round.
func (s *Service) each(ctx context.Context, what string, do func(*board, context.Context) error) error {
	var group errgroup.Group
	group.SetLimit(abreast)
	for _, b := range s.allBoards() {
		group.Go(func() error {
			if err := do(b, ctx); err != nil && ctx.Err() == nil {
				s.Log.Debug("background work failed", "work", what, "event_id", b.id, "error", err)
				return err
			}
			return nil
		})
	}
	return group.Wait()
}

// pulse looks whether every map is sound, and says it once when Redis goes and once when it is back.
func (s *Service) pulse(ctx context.Context) {
	failed := s.each(ctx, "pulse", (*board).pulse)
	if ctx.Err() == nil && (failed != nil) != s.silent.Swap(failed != nil) {
		if failed != nil {
			s.Log.Warn("seat maps cannot be read; holds wait, sales go on", "error", failed)
		} else {
			s.Log.Info("seat maps can be read again")
		}
	}
	for _, b := range s.allBoards() {
		b.hub.Ping()
		b.desk.Ping()
	}
}

// roster makes a board for every event that is on sale or about to be, so that holds run out though nobody asks. An
// event is off it a day after its closing, or two days after it was performed.
func (s *Service) roster(ctx context.Context) {
	var events []int64
	now := s.Clock.Now()
	err := s.DB.WithContext(ctx).Raw(`SELECT id FROM events
		WHERE opens_at < ? AND coalesce(closes_at, starts_at + interval '1 day', 'infinity') > ?
		ORDER BY opens_at DESC LIMIT 500`, now.Add(10*time.Minute), now.Add(-24*time.Hour)).Scan(&events).Error
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Debug("background work failed", "work", "roster", "error", err)
		}
		return
	}
	for _, b := range s.allBoards() {
		if !slices.Contains(events, b.id) {
			b.onSale.Store(false)
		}
	}
	for _, id := range events {
		s.board(id).onSale.Store(true)
	}
}

// endDue ends the blocks whose moment has come; what fails is tried again the next time round.
func (s *Service) endDue(ctx context.Context) {
	if err := s.endBlocks(ctx); err != nil && ctx.Err() == nil {
		s.Log.Debug("background work failed", "work", "end blocks", "error", err)
	}
}

// sweep frees what ran out. A map without holds needs none; a mirror a second behind frees a second late.
func (b *board) sweep(ctx context.Context) error {
	if !b.rung.Swap(false) && !b.mirror.Holds() {
		return nil
	}
	for {
		freed, err := b.expire(ctx)
		if err != nil || freed < sweepLimit {
			return err
		}
	}
}

// hearBells hears keys of holds expire. Most bells come late or never (6 % within a minute, measured beside 200,000
// other keys): they only spare a sweep's wait, and the deadline decides.
func (s *Service) hearBells(ctx context.Context) {
	for ctx.Err() == nil {
		_ = s.Redis.Receive(ctx, s.Redis.B().Psubscribe().Pattern("__keyevent@*__:expired").Build(), func(m rueidis.PubSubMessage) {
			if id, ok := s.eventOfBell(m.Message); ok {
				s.mu.Lock()
				b := s.boards[id]
				s.mu.Unlock()
				if b != nil && !b.rung.Swap(true) {
					s.work.Go(func() { s.answerBell(ctx, b) })
				}
			}
		})
		pause(ctx, 200*time.Millisecond)
	}
}

func (s *Service) answerBell(ctx context.Context, b *board) {
	if err := b.sweep(ctx); err != nil && ctx.Err() == nil {
		s.Log.Debug("background work failed", "work", "bell", "event_id", b.id, "error", err)
	}
}

// eventOfBell reads the event out of "<prefix>{e42}:k:17".
func (s *Service) eventOfBell(key string) (int64, bool) {
	rest, ok := strings.CutPrefix(key, s.KeyPrefix+"{e")
	if !ok {
		return 0, false
	}
	id, rest, ok := strings.Cut(rest, "}:")
	if !ok || !strings.HasPrefix(rest, "k:") {
		return 0, false
	}
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil
}

// mustEvent refuses to work on an event that does not exist, before a board is made for it.
func (s *Service) mustEvent(ctx context.Context, id int64) (*Event, *board, error) {
	e, err := s.EventByID(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("event %d: %w", id, err)
	}
	return e, s.board(id), nil
}
