package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/address"
	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/queue/internal/draw"
)

const (
	lettersAtOnce = 200  // of one line and second
	placedAtOnce  = 2000 // addresses whose position is worked out
	forgetEvery   = time.Minute
)

// link is the private link to a place; the token stands in its fragment, which no server sees.
func (s *Service) link(slug string, p Place) string {
	return s.public + "/events/" + slug + "#p=" + p.Sign(s.keys)
}

// welcome keeps the address of a new place, and mails its link where the address itself does not lead back to it. That
// no mail could go out costs nobody a place.
func (s *Service) welcome(ctx context.Context, event request.Event, required Requirements, p Place, email, ip string) *bool {
	mailed := false
	var err error
	if required.Identity == IdentityEmail {
		err = s.keepAddress(ctx, event, p, email, nil)
	} else {
		err = s.mailLink(ctx, event, p, email, ip)
		mailed = err == nil
	}
	if err != nil && fault.As(err) == nil {
		s.complain(ctx, "address of a place is not kept", event.ID, err)
	}
	return &mailed
}

// mailLink keeps an address with a place, instead of an earlier one, and mails the link there. Refusals: 422 bad-field,
// 429 slow-down.
func (s *Service) mailLink(ctx context.Context, event request.Event, p Place, email, ip string) error {
	if err := checkEmail(email); err != nil {
		return err
	}
	if err := s.spendMail(ctx, event.ID, mailOfLink, email, ip); err != nil {
		return err
	}
	err := s.keepAddress(ctx, event, p, email, func(ctx context.Context, tx *gorm.DB) error {
		return s.mails.PlaceLink(ctx, tx, event.ID, address.Tidy(email), s.link(event.Slug, p))
	})
	return away(err)
}

// keepAddress writes the address down and promises a mail, if any, in the same transaction. Whoever asks for one wants to
// be called as well, also if they were called before and found nothing.
func (s *Service) keepAddress(ctx context.Context, event request.Event, p Place, email string, promise func(context.Context, *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	return s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := tx.Exec(`INSERT INTO line_addresses AS a (event_id, cohort, index, joined_at, email) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (event_id, cohort, index) DO UPDATE SET email = excluded.email,
				called_at = CASE WHEN ? AND a.email = excluded.email THEN a.called_at END`,
			p.EventID, int16(p.Cohort), p.Index, p.JoinedAt, address.Tidy(email), promise == nil).Error
		if err != nil {
			return fmt.Errorf("keep address: %w", err)
		}
		if promise == nil {
			return nil
		}
		return promise(ctx, tx)
	})
}

// addressRow is an address and the place it belongs to.
type addressRow struct {
	Cohort   int16
	Index    int64
	JoinedAt time.Time
	Email    string
	Position *int64
}

func (r addressRow) place(eventID int64) Place {
	return personRow{r.Cohort, r.Index, r.JoinedAt}.place(eventID)
}

// writeToCalled mails those who left an address and whose turn it is, some at a time. Nobody is called by mail while no
// seat is free: a mail that says "your turn" must be true, so whoever was called and found nothing hears of what comes
// back. free is -1 while it is not known. It asks for addresses alone, never for those who wait.
func (s *Service) writeToCalled(ctx context.Context, event Event, row *lineRow, state reply, free int) error {
	open := !state.at("now").Before(event.OpensAt) && state["paused"] == "" && state.num("drawn") == 1
	if !open || free == 0 {
		return nil
	}
	draw, err := s.shuffle(ctx, row.EventID)
	if err != nil || draw == nil {
		return err
	}
	most := lettersAtOnce
	if free > 0 {
		most = min(most, max(free, 1))
	}
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	var some []int
	if err := s.postgres.db.WithContext(ctx).Raw(`SELECT 1 FROM line_addresses WHERE event_id = ? AND called_at IS NULL
		AND (position IS NULL OR position < ?) LIMIT 1`, row.EventID, state.num("shown")).Scan(&some).Error; err != nil || len(some) == 0 {
		return err
	}
	return s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := placeAddresses(tx, row.EventID, draw); err != nil {
			return err
		}
		var called []addressRow
		if err := tx.Raw(`UPDATE line_addresses SET called_at = coalesce(?::timestamptz, now()) WHERE (event_id, cohort, index) IN (
				SELECT event_id, cohort, index FROM line_addresses WHERE event_id = ? AND called_at IS NULL AND position < ?
				ORDER BY position LIMIT ? FOR UPDATE SKIP LOCKED)
			RETURNING cohort, index, joined_at, email, position`, clock.SQLArg(s.clock), row.EventID, state.num("shown"), most).Scan(&called).Error; err != nil {
			return fmt.Errorf("look for addresses: %w", err)
		}
		for _, a := range called {
			if err := s.mails.YourTurn(ctx, tx, row.EventID, a.Email, s.link(event.Slug, a.place(row.EventID))); err != nil {
				return err
			}
		}
		return nil
	})
}

// placeAddresses works out the positions of addresses that have none yet.
func placeAddresses(tx *gorm.DB, eventID int64, order *draw.Lineup) error {
	var fresh []addressRow
	if err := tx.Raw(`SELECT cohort, index FROM line_addresses WHERE event_id = ? AND called_at IS NULL AND position IS NULL
		ORDER BY cohort, index LIMIT ? FOR UPDATE SKIP LOCKED`, eventID, placedAtOnce).Scan(&fresh).Error; err != nil {
		return fmt.Errorf("look for addresses: %w", err)
	}
	if len(fresh) == 0 {
		return nil
	}
	for i, a := range fresh {
		position, ok, err := positionIn(order, a.place(eventID).Key())
		if errors.Is(err, ErrBadPlace) || !ok {
			position = 1<<62 - 1 // an index this draw does not have is never called
		} else if err != nil {
			return err
		}
		fresh[i].Position = &position
	}
	// One statement, however far away Postgres is: one for each would not be done in time, and begin anew each second.
	text, err := json.Marshal(fresh)
	if err == nil {
		err = tx.Exec(`UPDATE line_addresses a SET position = p."Position"
			FROM json_to_recordset(?::json) AS p("Cohort" smallint, "Index" bigint, "Position" bigint)
			WHERE a.event_id = ? AND a.cohort = p."Cohort" AND a.index = p."Index"`, string(text), eventID).Error
	}
	if err != nil {
		return fmt.Errorf("place addresses: %w", err)
	}
	return nil
}

// forgetAddresses deletes what lines that are over know of where their people can be written to, and what was mailed to
// them: in one transaction, and for a month after the end again, so that neither a crash in between nor a mail to somebody
// who never joined leaves an address behind. A line that nobody ended is over a week after the performance.
func (s *Service) forgetAddresses(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	return s.postgres.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var over []int64
		err := tx.Raw(`WITH clock AS (SELECT coalesce(?::timestamptz, now()) AS now),
				over AS (SELECT l.event_id, x.at FROM lines l JOIN events e ON e.id = l.event_id, clock,
					least(l.ended_at, e.closes_at, CASE WHEN e.starts_at IS NOT NULL THEN greatest(e.starts_at, e.opens_at) + ? * interval '1 second' END) AS x (at)
					WHERE x.at <= clock.now),
				gone AS (DELETE FROM line_addresses WHERE event_id IN (SELECT event_id FROM over) RETURNING event_id)
			SELECT event_id FROM gone UNION SELECT event_id FROM over, clock WHERE at > clock.now - interval '30 days'`,
			clock.SQLArg(s.clock), int64(forgottenAfter.Seconds())).Scan(&over).Error
		if err != nil {
			return fmt.Errorf("forget addresses: %w", err)
		}
		if len(over) == 0 {
			return nil
		}
		return s.mails.Forget(ctx, tx, over)
	})
}
