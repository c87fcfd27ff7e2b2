package queue

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
)

// staffSwitch is one of the switches below.
type staffSwitch func(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error

// act is a switch that staff throw: one change in Postgres with its entry in the log, then Redis.
type act struct {
	name, statement string
	kind            string // of its entry in the fairness log; "": none
	args            []any
	detail          any
}

// do throws a switch.
func (s *Service) do(ctx context.Context, event request.Event, who request.Staff, ip string, a act) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		res := tx.Exec(a.statement, append(a.args, event.ID)...)
		if res.Error != nil {
			return fmt.Errorf("%s: %w", a.name, res.Error)
		}
		if a.kind != "" && res.RowsAffected > 0 {
			if err := s.postgres.recordCalls(tx, event.ID, 0); err != nil {
				return err
			}
			if err := s.postgres.record(tx, event.ID, a.kind, a.detail); err != nil {
				return err
			}
		}
		return s.journal.Note(ctx, tx, who, ip, a.name, event.Slug, a.detail)
	})
	if err != nil {
		return err
	}
	s.pushed(ctx, event.ID)
	return nil
}

// pushed tells Redis of a change that is done; if Redis is away the change stands, and a tick pushes it.
func (s *Service) pushed(ctx context.Context, eventID int64) {
	if _, err := s.push(ctx, eventID, nil); err != nil {
		s.complain(ctx, "change is not in Redis yet", eventID, err)
	}
}

// Pause stops admissions; those inside stay, and every place is kept.
func (s *Service) Pause(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error {
	return s.do(ctx, event, who, ip, act{"queue.pause", `UPDATE lines SET paused_reason = ? WHERE event_id = ?`, "paused", []any{reason}, reasonOf(reason)})
}

// Resume lets admissions go on.
func (s *Service) Resume(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error {
	return s.do(ctx, event, who, ip, act{"queue.resume", `UPDATE lines SET paused_reason = NULL WHERE event_id = ?`, "resumed", nil, reasonOf(reason)})
}

// End ends the sale for good; live orders finish.
func (s *Service) End(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error {
	return s.do(ctx, event, who, ip, act{"queue.end", `UPDATE lines SET ended_at = coalesce(?::timestamptz, now()), ended_reason = ?
		WHERE ended_at IS NULL AND event_id = ?`, "ended", []any{clock.SQLArg(s.clock), reason}, reasonOf(reason)})
}

// Say shows a message to everyone who waits; empty takes it back.
func (s *Service) Say(ctx context.Context, event request.Event, who request.Staff, ip, message string) error {
	return s.do(ctx, event, who, ip, act{"queue.message", `UPDATE lines SET message = ? WHERE event_id = ?`, "", []any{message}, map[string]string{"message": message}})
}

// Open opens the sale now: the draw takes who has joined until this moment. ErrAlreadyOpen once it is, ErrEnded after
// the sale.
func (s *Service) Open(ctx context.Context, event request.Event, who request.Staff, ip, reason string) error {
	state, err := s.script(ctx, "look", event.ID, "")
	if err != nil {
		return err
	}
	now := state.at("now")
	switch {
	case !now.Before(state.at("opens")):
		return ErrAlreadyOpen
	case state.num("ended") > 0 || (state.num("closes") > 0 && !now.Before(state.at("closes"))):
		return ErrEnded
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err = s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.events.OpenNow(ctx, tx, event.ID, now); err != nil {
			return fmt.Errorf("open: %w", err)
		}
		if err := s.postgres.recordOpening(tx, event.ID, state.at("opens"), now, reason); err != nil {
			return err
		}
		return s.journal.Note(ctx, tx, who, ip, "queue.open", event.Slug, reasonOf(reason))
	})
	if err != nil {
		return err
	}
	known, err := s.events.Event(ctx, event.ID)
	if err == nil {
		err = s.moveOpening(ctx, event.ID, known, now)
	}
	if err != nil {
		s.complain(ctx, "opening is not in Redis yet", event.ID, err)
	}
	return nil
}

func reasonOf(reason string) any { return map[string]string{"reason": reason} }

// Settings are what staff have set a line to.
func (s *Service) Settings(ctx context.Context, eventID int64) (LineSettings, error) {
	row, err := s.postgres.read(ctx, eventID)
	if err != nil {
		return LineSettings{}, err
	}
	lanes, err := row.laneRows()
	if err != nil {
		return LineSettings{}, err
	}
	l := LineSettings{Draws: row.Draws, Cap: row.Cap, PerMinute: row.PerMinute, Identity: row.Identity, ProofOfWork: row.ProofOfWork}
	for _, lane := range lanes {
		l.Lanes = append(l.Lanes, Lane{lane.Name, lane.Share})
	}
	return l, nil
}
