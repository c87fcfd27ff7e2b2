package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
)

// postgresPatience is the longest a statement of the line may take.
const postgresPatience = 2 * time.Second

// lineRow is a line as Postgres keeps it: what must not be lost with Redis.
type lineRow struct {
	EventID      int64
	Draws        bool
	Cap          int
	PerMinute    *int
	Identity     string
	ProofOfWork  bool
	Secret       []byte
	Commitment   string
	DrawUsed     int64
	DrawCeiling  int64
	TailUsed     int64
	TailCeiling  int64
	Size         *int64
	Serving      int64
	Burnt        []byte
	Message      string
	PausedReason *string
	EndedAt      *time.Time
	EndedReason  string
	LogSeq       int64
	LogHash      string
	Logged       int64 // positions called that the log tells of
	LoggedAt     *time.Time
	BeaconChain  []byte // JSON of beacon.Chain; nil: the draw uses none
	BeaconRound  *int64
	BeaconValue  []byte     // JSON of beacon.Value
	StartsAt     *time.Time // of the performance; only live reads it
	Rested       string     // see rest.go
	Lanes        []byte     // JSON of laneRow
	Admitted     int64      // how many were inside a few seconds ago
	Entered      []byte     // JSON: second -> admissions, of the last minute when Admitted was written
	Accuracy     []byte     // JSON of Accuracy
	AccuracyTold bool
	CloseTold    *time.Time // the closing that the log last told of
	Slowed       string     // what slows the way in, as the log last told it
}

// postgresStore is the table lines.
type postgresStore struct {
	db    *gorm.DB
	clock clock.Clock
}

// insert is part of the transaction that makes the event. A line without a draw has one of size 0.
func (p *postgresStore) insert(ctx context.Context, tx *gorm.DB, r lineRow) error {
	return tx.WithContext(ctx).Exec(`INSERT INTO lines (event_id, draws, cap, per_minute, identity, proof_of_work, secret, commitment, size, lanes, beacon_chain, beacon_round)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?)`, r.EventID, r.Draws, r.Cap, r.PerMinute, r.Identity, r.ProofOfWork, r.Secret, r.Commitment, r.Size, string(r.Lanes),
		jsonArg(r.BeaconChain), r.BeaconRound).Error
}

// read is the row of one line.
func (p *postgresStore) read(ctx context.Context, eventID int64) (*lineRow, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	var row lineRow
	res := p.db.WithContext(ctx).Raw(`SELECT * FROM lines WHERE event_id = ?`, eventID).Scan(&row)
	if res.Error != nil {
		return nil, fmt.Errorf("read line: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, fmt.Errorf("read line: event %d has none", eventID)
	}
	return &row, nil
}

// live is every line that has not ended, and those that did within the hour: their admissions still lapse.
func (p *postgresStore) live(ctx context.Context) ([]lineRow, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	var rows []lineRow
	err := p.db.WithContext(ctx).Raw(`SELECT event_id, draws, cap, per_minute, size, serving, draw_ceiling, tail_ceiling, paused_reason, ended_at, logged, logged_at, admitted, accuracy_told, close_told, slowed,
			(SELECT starts_at FROM events WHERE id = event_id)
		FROM lines WHERE ended_at IS NULL OR ended_at > coalesce(?::timestamptz, now()) - interval '1 hour'`, clock.SQLArg(p.clock)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list lines: %w", err)
	}
	return rows, nil
}

// raise reserves indexes: used are given out for certain, reserve more may be. It answers the ceiling that holds now;
// 0 when the draw takes nobody more.
func (p *postgresStore) raise(ctx context.Context, eventID int64, cohort string, used, reserve int64) (ceiling int64, err error) {
	statement := `UPDATE lines SET tail_used = greatest(tail_used, ?), tail_ceiling = greatest(tail_ceiling, ?)
		WHERE event_id = ? RETURNING tail_ceiling`
	if cohort == InDraw.counter() {
		statement = `UPDATE lines SET draw_used = greatest(draw_used, ?), draw_ceiling = greatest(draw_ceiling, ?)
		WHERE event_id = ? AND size IS NULL RETURNING draw_ceiling`
	}
	if lane := cohortOf(cohort).Lane(); lane > 0 {
		return p.raiseLane(ctx, eventID, lane, used, reserve)
	}
	if err := p.db.WithContext(ctx).Raw(statement, used, used+reserve, eventID).Scan(&ceiling).Error; err != nil {
		return 0, fmt.Errorf("raise %s ceiling: %w", cohort, err)
	}
	return ceiling, nil
}

// locked runs f in a transaction that has this line to itself: no other replica is in here, and no ceiling rises. It ends
// in five seconds whoever asks: a pass over the lines has no end of its own, and a connection that went dead must not stop
// them all.
func (p *postgresStore) locked(ctx context.Context, eventID int64, f func(tx *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return p.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT 1 FROM lines WHERE event_id = ? FOR UPDATE`, eventID).Error; err != nil {
			return fmt.Errorf("lock line: %w", err)
		}
		return f(tx)
	})
}

// resume is the write behind a reload, inside the line's lock: counting goes on at the ceilings, and what lies between the
// last known use and them is burnt. A line that was put to rest goes on where it stopped: found is then all that was
// given out. From the opening on the draw is closed by it as well.
func (p *postgresStore) resume(tx *gorm.DB, eventID int64, found counters, opened bool) (_ *lineRow, trusted bool, err error) {
	var row lineRow
	res := tx.Raw(`SELECT * FROM lines WHERE event_id = ?`, eventID).Scan(&row)
	if res.Error != nil || res.RowsAffected != 1 {
		return nil, false, fmt.Errorf("resume line: event %d has none: %w", eventID, res.Error)
	}
	lanes, err := row.laneRows()
	if err != nil {
		return nil, false, err
	}
	trusted = row.trusts(found, lanes)
	added, err := json.Marshal(row.resume(found, lanes, trusted, opened))
	if err != nil {
		return nil, false, fmt.Errorf("resume line: %w", err)
	}
	encoded, err := encodeLanes(lanes)
	if err != nil {
		return nil, false, err
	}
	res = tx.Raw(`UPDATE lines SET burnt = burnt || ?::jsonb, draw_used = ?, tail_used = ?, size = ?, rested = '', lanes = ?::jsonb
		WHERE event_id = ? RETURNING *`, string(added), row.DrawUsed, row.TailUsed, row.Size, encoded, eventID).Scan(&row)
	if res.Error != nil {
		return nil, false, fmt.Errorf("resume line: %w", res.Error)
	}
	return &row, trusted, nil
}

// called records how far the line was called; it never falls.
func (p *postgresStore) called(ctx context.Context, eventID, serving int64) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	err := p.db.WithContext(ctx).Exec(`UPDATE lines SET serving = greatest(serving, ?) WHERE event_id = ?`, serving, eventID).Error
	if err != nil {
		return fmt.Errorf("record calls: %w", err)
	}
	return nil
}

// rest remembers the word that an orderly stop leaves with a line.
func (p *postgresStore) rest(ctx context.Context, eventID int64, word string) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	if err := p.db.WithContext(ctx).Exec(`UPDATE lines SET rested = ? WHERE event_id = ?`, word, eventID).Error; err != nil {
		return fmt.Errorf("put line to rest: %w", err)
	}
	return nil
}

// jsonArg is JSON as a statement takes it, or NULL.
func jsonArg(text []byte) any {
	if text == nil {
		return nil
	}
	return string(text)
}
