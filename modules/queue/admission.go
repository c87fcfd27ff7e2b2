package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"fairseat/app/clock"
)

// An admission is a deadline in Redis that slides.
//
//	called ──claim──▶ inside ──request, open socket: 180 s from now──▶ inside
//	   ▲                │ bought all, left, 180 s (20 s after the last socket) without a sign, 30 min without an order
//	   └── may come ◀── out        never while the place holds seats or pays
//	       again

// Admission is leave to be inside, until a moment that slides with every request.
type Admission struct {
	Until time.Time
	Again bool // it was there already
}

// Enter takes one's turn. Refusals: ErrNotOpen, ErrPaused, ErrSoldOut, ErrNotYourTurn, ErrRoomFull, ErrAlreadyBought,
// ErrEnded, each with the facts that API.md names, and ErrBusy.
func (s *Service) Enter(ctx context.Context, eventID int64, place string) (Admission, error) {
	unsold := -1
	if counts, err := s.seats.Counts(ctx, eventID); err == nil {
		unsold = counts.Free + counts.Held + counts.Paying
	}
	position, known, err := s.positionAtHand(eventID, place)
	if err != nil {
		return Admission{}, err
	}
	s.room(eventID).sleep(time.Time{})
	for attempt := 0; ; attempt++ {
		answer, err := s.script(ctx, "claim", eventID, claimArgs(place, position, known, unsold)...)
		if err != nil {
			return Admission{}, err
		}
		switch status := answer.status(); {
		case attempt > 1:
		case status == "not-open" && answer.num("sealed") == 1 && answer.num("drawn") == 0:
			if err := s.settle(ctx, eventID); err != nil {
				return Admission{}, away(err)
			}
			continue
		case status == "position":
			if position, known, err = s.position(ctx, eventID, place); err != nil {
				return Admission{}, away(err)
			}
			continue
		}
		return admission(answer)
	}
}

// admission makes the answer of claim.lua into ours.
func admission(answer reply) (Admission, error) {
	switch answer.status() {
	case "in", "again":
		return Admission{Until: answer.at("until"), Again: answer.status() == "again"}, nil
	case "ended":
		return Admission{}, ErrEnded
	case "done":
		return Admission{}, ErrAlreadyBought
	case "sold-out":
		return Admission{}, ErrSoldOut
	case "not-open":
		return Admission{}, ErrNotOpen.With("opens_at", apiTime(answer.at("opens")))
	case "paused":
		return Admission{}, ErrPaused.With("reason", answer["reason"])
	case "not-your-turn":
		return Admission{}, ErrNotYourTurn.With("ahead", answer.num("ahead"))
	case "room-full":
		return Admission{}, ErrRoomFull.With("retry_after_ms", retryAfter(answer.num("ahead"), answer.float("mu")).Milliseconds())
	}
	return Admission{}, ErrBusy.After(busyFor).Wrap(fmt.Errorf("claim answered %q", answer.status()))
}

// retryAfter is when a freed slot is likely, given those ahead and the departures a second; ±15 % so that they do not
// all come at once.
func retryAfter(ahead int64, mu float64) time.Duration {
	seconds := 4.0
	if mu > 0 {
		seconds = min(4, max(.5, float64(ahead+1)/mu))
	}
	return jitter(time.Duration(seconds * float64(time.Second)))
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (.85 + .3*rand.Float64()))
}

// Leave gives up the seats a place holds, then its admission; its orders stay. Repeated it does nothing.
func (s *Service) Leave(ctx context.Context, eventID int64, place string) error {
	if err := s.seats.ReleaseAll(ctx, eventID, place); err != nil {
		return away(fmt.Errorf("leave: %w", err))
	}
	return s.Finish(ctx, eventID, place)
}

// Finish ends the admission of a place, if it has one: the slot is free at once.
func (s *Service) Finish(ctx context.Context, eventID int64, place string) error {
	_, err := s.script(ctx, "leave", eventID, place)
	return err
}

// Touch slides the admissions of these places, where there are any: 180 s from now, 30 min from their beginning at
// most, never back.
func (s *Service) Touch(ctx context.Context, eventID int64, places []string) error {
	if len(places) == 0 {
		return nil
	}
	_, err := s.redis.run(ctx, "slide", eventID, places...)
	return err
}

// Leaving says that the last socket of a place closed: with nothing held and nothing being paid its admission ends in
// 20 s, unless a request follows.
func (s *Service) Leaving(ctx context.Context, eventID int64, place string) error {
	_, err := s.redis.run(ctx, "leaving", eventID, place)
	return err
}

// Admitted tells whether a place is inside, and until when.
func (s *Service) Admitted(ctx context.Context, eventID int64, place string) (until time.Time, ok bool, err error) {
	answer, err := s.script(ctx, "look", eventID, place)
	if err != nil {
		return time.Time{}, false, err
	}
	until = answer.at("lease")
	return until, !until.IsZero(), nil
}

// LeaseKeys are the names of the zset of admissions (place by deadline in ms) and of the hash of their beginnings
// (place → ms), for the scripts of seating that check and slide an admission with a hold.
func (s *Service) LeaseKeys(eventID int64) (leases, born string) {
	return s.redis.key(eventID, "leases"), s.redis.key(eventID, "born")
}

// apiTime is a time as the API writes it, or nil for none.
func apiTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return clock.Time(t)
}

// claimArgs are what claim.lua takes; -1 is "not known".
func claimArgs(place string, position int64, known bool, unsold int) []string {
	if !known {
		position = -1
	}
	return []string{place, strconv.FormatInt(position, 10), strconv.Itoa(unsold)}
}
