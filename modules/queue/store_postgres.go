package queue

import (
	"context"
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
	StartsAt     *time.Time // of the performance; only live reads it
}

// postgresStore is the table lines.
type postgresStore struct {
	db    *gorm.DB
	clock clock.Clock
}

// insert is part of the transaction that makes the event. A line without a draw has one of size 0.
func (p *postgresStore) insert(ctx context.Context, tx *gorm.DB, r lineRow) error {
	return tx.WithContext(ctx).Exec(`INSERT INTO lines (event_id, draws, cap, per_minute, secret, commitment, size)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, r.EventID, r.Draws, r.Cap, r.PerMinute, r.Secret, r.Commitment, r.Size).Error
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
	err := p.db.WithContext(ctx).Raw(`SELECT event_id, draws, cap, per_minute, size, serving, draw_ceiling, tail_ceiling, paused_reason, ended_at,
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
	if cohort == InDraw.String() {
		statement = `UPDATE lines SET draw_used = greatest(draw_used, ?), draw_ceiling = greatest(draw_ceiling, ?)
		WHERE event_id = ? AND size IS NULL RETURNING draw_ceiling`
	}
	if err := p.db.WithContext(ctx).Raw(statement, used, used+reserve, eventID).Scan(&ceiling).Error; err != nil {
		return 0, fmt.Errorf("raise %s ceiling: %w", cohort, err)
	}
	return ceiling, nil
}

// locked runs f in a transaction that has this line to itself: no other replica is in here, and no ceiling rises.
func (p *postgresStore) locked(ctx context.Context, eventID int64, f func(tx *gorm.DB) error) error {
	return p.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT 1 FROM lines WHERE event_id = ? FOR UPDATE`, eventID).Error; err != nil {
			return fmt.Errorf("lock line: %w", err)
		}
		return f(tx)
	})
}

// resume is the write behind a reload: counting goes on at the ceilings, and what lies between the last known use and
// them is burnt, in one statement. From the opening on the draw is closed by it as well.
func (p *postgresStore) resume(tx *gorm.DB, eventID, drawKnown, tailKnown int64, opened bool) (*lineRow, error) {
	var row lineRow
	res := tx.Raw(`UPDATE lines SET
		burnt = burnt
		  || CASE WHEN size IS NULL AND greatest(draw_used, @draw) < draw_ceiling
		     THEN jsonb_build_array(jsonb_build_object('cohort', 'draw', 'from', greatest(draw_used, @draw), 'to', draw_ceiling)) ELSE '[]' END
		  || CASE WHEN greatest(tail_used, @tail) < tail_ceiling
		     THEN jsonb_build_array(jsonb_build_object('cohort', 'tail', 'from', greatest(tail_used, @tail), 'to', tail_ceiling)) ELSE '[]' END,
		draw_used = CASE WHEN size IS NULL THEN draw_ceiling ELSE draw_used END,
		tail_used = tail_ceiling,
		size = CASE WHEN size IS NULL AND @opened THEN draw_ceiling ELSE size END
		WHERE event_id = @event RETURNING *`,
		map[string]any{"event": eventID, "draw": drawKnown, "tail": tailKnown, "opened": opened}).Scan(&row)
	if res.Error != nil {
		return nil, fmt.Errorf("resume line: %w", res.Error)
	}
	if res.RowsAffected != 1 {
		return nil, fmt.Errorf("resume line: event %d has none", eventID)
	}
	return &row, nil
}

// seal writes the size of the draw, once. A reload in between has raised draw_used above a size that is no longer true.
func (p *postgresStore) seal(ctx context.Context, eventID, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	err := p.db.WithContext(ctx).Exec(`UPDATE lines SET size = ? WHERE event_id = ? AND size IS NULL AND draw_used <= ?`, size, eventID, size).Error
	if err != nil {
		return fmt.Errorf("seal draw: %w", err)
	}
	return nil
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
