package queue

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"
)

// personRow is the place of somebody who said who they are.
type personRow struct {
	Cohort   int16
	Index    int64
	JoinedAt time.Time
}

func (r personRow) place(eventID int64) Place {
	return Place{EventID: eventID, Cohort: Cohort(r.Cohort), Index: r.Index, JoinedAt: r.JoinedAt.UTC()}
}

// joinPerson gives a person their one place: the row in Postgres decides, so that whoever comes second, on another
// device or at the same moment, has the place of the first. An index that lost is nobody's, as if its owner had gone.
func (s *Service) joinPerson(ctx context.Context, eventID int64, who applicant) (p Place, fresh bool, err error) {
	if p, ok, err := s.postgres.personPlace(ctx, eventID, who); err != nil || ok {
		return p, false, away(err)
	}
	// One of this replica's requests joins for all of the same person that come meanwhile, also when it has gone itself.
	won := false
	err = s.together(ctx, "person "+hex.EncodeToString(who.person), eventID, func(ctx context.Context) error {
		if _, ok, err := s.postgres.personPlace(ctx, eventID, who); err != nil || ok {
			return err
		}
		made, err := s.JoinLane(ctx, eventID, who.lane)
		if err != nil {
			return err
		}
		won, err = s.postgres.insertPerson(ctx, eventID, who.person, made)
		return err
	})
	if err != nil {
		return Place{}, false, away(err)
	}
	p, ok, err := s.postgres.personPlace(ctx, eventID, who)
	if err == nil && !ok {
		err = errLost
	}
	return p, won, away(err)
}

// personPlace is the place of a person, also one that was written under an older key; false for none.
func (p *postgresStore) personPlace(ctx context.Context, eventID int64, who applicant) (Place, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	var rows []personRow
	err := p.db.WithContext(ctx).Raw(`SELECT cohort, index, joined_at FROM line_persons WHERE event_id = ? AND person IN ? ORDER BY joined_at LIMIT 1`,
		eventID, append([][]byte{who.person}, who.before...)).Scan(&rows).Error
	if err != nil {
		return Place{}, false, fmt.Errorf("read person: %w", err)
	}
	if len(rows) == 0 {
		return Place{}, false, nil
	}
	return rows[0].place(eventID), true, nil
}

// insertPerson writes the place of a person unless there is one; fresh tells whether this one counts.
func (p *postgresStore) insertPerson(ctx context.Context, eventID int64, person []byte, place Place) (fresh bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	res := p.db.WithContext(ctx).Exec(`INSERT INTO line_persons (event_id, person, cohort, index, joined_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, eventID, person, int16(place.Cohort), place.Index, place.JoinedAt)
	if res.Error != nil {
		return false, fmt.Errorf("write person: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}
