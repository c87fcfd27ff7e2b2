package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/queue/internal/beacon"
)

const (
	// soughtEvery is how often at most a replica asks for the value a draw waits for.
	soughtEvery = time.Second
	// seekPatience is the longest that finding it and writing it down may take.
	seekPatience = 6 * time.Second
)

// What a draw with public randomness can be refused for.
var (
	ErrBeaconAway   = fault.New(fault.Unavailable, "beacon-away", "The source of public randomness (draw.beacon_urls) cannot be reached, so no round can be fixed for the draw. Nothing was published; try again in a moment.")
	ErrNoBeacon     = fault.New(fault.Conflict, "no-beacon", "This event's draw uses no public randomness.")
	ErrBeaconNotDue = fault.New(fault.Conflict, "beacon-not-due", "The draw is not waiting for public randomness that is overdue.")
)

// fixBeacon is the chain and round for the draw of an event about to be published; nil without a beacon.
func (s *Service) fixBeacon(ctx context.Context, opensAt time.Time) (text []byte, round *int64, err error) {
	if !s.beacon.On() {
		return nil, nil, nil
	}
	chain, err := s.beacon.Info(ctx)
	if err != nil {
		return nil, nil, ErrBeaconAway.After(busyFor).Wrap(err)
	}
	first := chain.RoundAt(opensAt.Add(beacon.Margin))
	text, err = json.Marshal(chain)
	return text, &first, err
}

// seek asks for the value that a sealed line waits for and draws with it. It goes on in the background: a beacon that
// does not answer must not hold the other lines up.
func (s *Service) seek(ctx context.Context, event Event, row *lineRow) {
	chain, err := row.chain()
	if err != nil || chain == nil {
		s.complain(ctx, "draw waits for nothing", row.EventID, err)
		return
	}
	r, now := s.room(row.EventID), s.clock.Now()
	if now.Before(chain.TimeOf(*row.BeaconRound)) {
		return
	}
	r.mu.Lock()
	soon := !r.sought.IsZero() && now.Sub(r.sought) < soughtEvery
	if !soon {
		r.sought = now
	}
	r.mu.Unlock()
	if soon {
		return
	}
	s.flights.DoChan(fmt.Sprintf("beacon %d", row.EventID), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), seekPatience)
		defer cancel()
		value, err := s.beacon.Value(ctx, *chain, *row.BeaconRound)
		if err == nil {
			err = s.postgres.draw(ctx, row.EventID, value, event.Slug)
		}
		if err != nil {
			s.complain(ctx, "draw waits for public randomness", row.EventID, err)
			return nil, err
		}
		return nil, s.settle(ctx, row.EventID)
	})
}

// MoveBeacon makes a draw that waits in vain take the next round from now; the log says so, and why. ErrNoBeacon,
// ErrAlreadyDrawn, or ErrBeaconNotDue while the round has not come.
func (s *Service) MoveBeacon(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error {
	if reason == "" {
		return fault.Fields{"reason": "is needed: it stands in the public log"}.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := s.postgres.locked(ctx, event.ID, func(tx *gorm.DB) error {
		row, err := s.postgres.inside(tx, event.ID)
		if err != nil {
			return err
		}
		chain, err := row.chain()
		if err != nil {
			return err
		}
		now, err := s.postgres.now(tx)
		switch {
		case err != nil:
			return err
		case chain == nil:
			return ErrNoBeacon
		case row.drawn():
			return ErrAlreadyDrawn
		case row.Size == nil || now.Before(chain.TimeOf(*row.BeaconRound)):
			return ErrBeaconNotDue
		}
		to := chain.RoundAt(now.Add(beacon.Margin))
		if err := s.postgres.moveBeacon(tx, row, chain, to, reason); err != nil {
			return err
		}
		return s.journal.Note(ctx, tx, who, ip, "queue.beacon", event.Slug, map[string]any{"from": *row.BeaconRound, "to": to, "reason": reason})
	})
	if err == nil {
		s.forget(event.ID)
	}
	return err
}

// awaited says what a draw waits for, in words.
func awaited(row *lineRow) (string, error) {
	chain, err := row.chain()
	if err != nil || chain == nil {
		return "", err
	}
	return fmt.Sprintf("Waiting for public randomness: round %d, due at %s UTC.", *row.BeaconRound, chain.TimeOf(*row.BeaconRound).Format("15:04:05")), nil
}
