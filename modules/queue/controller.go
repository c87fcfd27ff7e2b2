package queue

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

const (
	// passEvery is how often each replica looks after every line; the script acts once a second whoever asks.
	passEvery = time.Second
	// passWidth is how many lines are looked after at once.
	passWidth = 8
	// driftLimit is for how many passes Redis may have other settings than Postgres before they are pushed again: longer
	// than an event may be cached, so that an old copy never overwrites what staff have just changed.
	driftLimit = 4
	// forgottenAfter is how long after the performance (or the opening, when none is announced) a line that nobody ended
	// is taken for forgotten, if nobody is inside and nobody could be called; it is then looked after every sleepFor, or
	// when somebody comes.
	forgottenAfter = 7 * 24 * time.Hour
	sleepFor       = time.Minute
	// quiet is how long the log says nothing more of a line that it has warned of.
	quiet = time.Minute
)

// Run looks after every line until ctx ends: seals draws, calls people, sweeps admissions. Every replica runs it.
func (s *Service) Run(ctx context.Context) error {
	if s.beacon.On() { // known before the first event is published with it
		s.flights.DoChan("beacon", func() (any, error) { return s.beacon.Info(ctx) })
	}
	ticker, forget := time.NewTicker(passEvery), time.NewTicker(forgetEvery)
	defer ticker.Stop()
	defer forget.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.pass(ctx)
		case <-forget.C:
			if err := s.forgetAddresses(ctx); err != nil {
				s.complain(ctx, "addresses of lines that are over are kept", 0, err)
			}
		}
	}
}

// pass ticks every line between its prequeue and its end.
func (s *Service) pass(ctx context.Context) {
	rows, err := s.postgres.live(ctx)
	if err != nil {
		s.complain(ctx, "lines are not looked after", 0, err)
		return
	}
	places := make(chan struct{}, passWidth)
	var all sync.WaitGroup
	for _, row := range rows {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := s.tick(ctx, row); err != nil {
				s.complain(ctx, "line is not looked after", row.EventID, err)
			}
		})
	}
	all.Wait()
}

// complain warns at most once a minute about a line, and not when we are stopping: an outage must not fill the disk.
func (s *Service) complain(ctx context.Context, what string, eventID int64, err error) {
	r, now := s.room(eventID), s.clock.Now()
	r.mu.Lock()
	told := !r.warned.IsZero() && now.Sub(r.warned) < quiet
	if !told {
		r.warned = now
	}
	r.mu.Unlock()
	if !told && ctx.Err() == nil {
		s.log.Warn(what, "event_id", eventID, "error", err)
	}
}

// tick moves one line: the draw once its time has come, then calls, recorded before they are shown.
func (s *Service) tick(ctx context.Context, row lineRow) error {
	id := row.EventID
	event, err := s.events.Event(ctx, id)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	told := s.tellClosing(ctx, event, &row, now)
	if now.Before(event.PrequeueAt) || (event.ClosesAt != nil && now.After(event.ClosesAt.Add(time.Hour))) {
		return told
	}
	over := event.ClosesAt == nil && now.Sub(lastOf(event, row)) > forgottenAfter
	if over && s.room(id).asleep(now) {
		return told
	}
	free, args, byCategory := s.tickArgs(ctx, id, now)
	state, err := s.script(ctx, "tick", id, args...)
	if err == nil && state.num("sealed") == 1 && state.num("drawn") == 0 {
		if err = s.settle(ctx, id); err == nil {
			state, err = s.script(ctx, "tick", id, args...)
		}
	}
	if err != nil {
		return errors.Join(told, err)
	}
	if serving := state.num("serving"); serving > state.num("shown") {
		if err := s.postgres.called(ctx, id, serving); err != nil {
			return err
		}
		if _, err := s.redis.run(ctx, "shown", id, strconv.FormatInt(serving, 10)); err != nil {
			return err
		}
	}
	// One store may be away for a moment: none of these waits for another to succeed.
	failed := errors.Join(
		told,
		s.tellCalls(ctx, &row, state.num("serving")),
		s.estimate(ctx, id, state, byCategory),
		s.remember(ctx, &row, state),
		s.endGrace(ctx, id, state),
		s.tellAccuracy(ctx, &row, state),
		s.tellDoor(ctx, &row, state),
	)
	nobody := state.num("shown") >= state.num("joined") || free == 0 || state["paused"] != ""
	if failed == nil && over && nobody && state.num("active") == 0 {
		s.room(id).sleep(now.Add(sleepFor))
	}
	if err := s.writeToCalled(ctx, event, &row, state, free); err != nil {
		s.complain(ctx, "those called are not written to", id, err)
	}
	return errors.Join(failed, s.mend(ctx, event, &row, state))
}

// tickArgs are what tick.lua takes, with the free seats (-1: not known) and those by category for the estimate.
func (s *Service) tickArgs(ctx context.Context, eventID int64, now time.Time) (free int, args []string, byCategory map[string]int) {
	counts, err := s.seats.Counts(ctx, eventID)
	if err != nil {
		counts.Free = -1
	}
	door := strconv.FormatFloat(s.door.target(now), 'f', 3, 64)
	return counts.Free, []string{strconv.Itoa(counts.Free), strconv.Itoa(counts.Held + counts.Paying), s.door.replica, door}, counts.FreeByCategory
}

// lastOf is the moment after which hardly anybody comes to an event without a closing.
func lastOf(event Event, row lineRow) time.Time {
	if row.StartsAt != nil && row.StartsAt.After(event.OpensAt) {
		return *row.StartsAt
	}
	return event.OpensAt
}

// sleep lets a forgotten line alone until a moment; the zero time wakes it.
func (r *room) sleep(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sleepsUntil = until
}

func (r *room) asleep(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.sleepsUntil)
}

// mend pushes the settings again when Redis has had others for some passes: the push that follows a change was lost.
func (s *Service) mend(ctx context.Context, event Event, row *lineRow, state reply) error {
	want, r := settingsArgs(&event, row), s.room(row.EventID)
	same := want[0] == state["cap"] && want[1] == state["per_minute"] && pausedField(row) == state["paused"] && want[3] == state["ended"] &&
		want[4] == state["prequeue"] && want[6] == state["closes"] && want[7] == state["max"] &&
		(want[5] == state["opens"] || !state.at("now").Before(state.at("opens"))) // a moved opening counts until the old one
	r.mu.Lock()
	if r.drift++; same {
		r.drift = 0
	}
	push := r.drift >= driftLimit
	r.mu.Unlock()
	if !push {
		return nil
	}
	s.log.Warn("line has other settings in Redis; pushing them again", "event_id", row.EventID)
	return s.Changed(ctx, row.EventID)
}
