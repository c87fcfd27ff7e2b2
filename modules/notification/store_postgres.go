package notification

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"fairseat/app/clock"
)

// store keeps the table mails. Its deadlines go by the database's clock, which is one for all replicas.
type store struct {
	db    *gorm.DB
	clock clock.Clock
}

// patience is how long a mail is tried: five days, as mail servers do.
const patience = 5 * 24 * time.Hour

// Some mails are worse than none when they are late: codeLife is how long a code to join is good at the most, turnLife how
// long "seats are free right now" may be taken to be true.
const (
	codeLife = 20 * time.Minute
	turnLife = time.Hour
)

// insert adds a mail in the caller's transaction; fresh is false when that id is there already.
func (s store) insert(ctx context.Context, tx *gorm.DB, m mail) (fresh bool, err error) {
	data, err := json.Marshal(m.Data)
	if err != nil {
		return false, fmt.Errorf("promise mail: %w", err)
	}
	now := clock.SQLArg(s.clock)
	r := tx.WithContext(ctx).Exec(`
		INSERT INTO mails (id, order_id, event_id, kind, recipient, subject, data, status, last_error, created_at, next_try_at)
		VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, coalesce(?::timestamptz, now()), coalesce(?::timestamptz, now()))
		ON CONFLICT (id) DO NOTHING`,
		m.ID, uuid.NullUUID{UUID: m.OrderID, Valid: m.OrderID != uuid.Nil}, m.EventID, m.Kind, m.Recipient, m.Subject, string(data), m.Status, m.LastError, now, now)
	if r.Error != nil {
		return false, fmt.Errorf("promise mail: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}

// take begins an attempt: for the length of the lease nobody else may begin one. Without an attempt, nil is answered,
// and how long to wait; no wait means that the mail needs nobody any more.
func (s store) take(ctx context.Context, id uuid.UUID, lease time.Duration) (*mail, time.Duration, error) {
	now := clock.SQLArg(s.clock)
	var row mailRow
	r := s.db.WithContext(ctx).Raw(`
		UPDATE mails SET attempts = attempts + 1, next_try_at = coalesce(?::timestamptz, now()) + ? * interval '1 ms'
		WHERE id = ? AND status = 'queued' AND next_try_at <= coalesce(?::timestamptz, now())
		RETURNING id, order_id, event_id, kind, recipient, subject, data, status, attempts, last_error, created_at,
		          created_at < coalesce(?::timestamptz, now()) - CASE kind WHEN ? THEN ?::bigint WHEN ? THEN ?::bigint ELSE ?::bigint END * interval '1 ms' AS expired`,
		now, lease.Milliseconds(), id, now, now,
		kindJoinCode, codeLife.Milliseconds(), kindYourTurn, turnLife.Milliseconds(), patience.Milliseconds()).Scan(&row)
	if r.Error != nil {
		return nil, 0, fmt.Errorf("take mail: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		wait, err := s.wait(ctx, id)
		return nil, wait, err
	}
	m := mail{ID: row.ID, OrderID: row.OrderID, EventID: row.EventID, Kind: row.Kind, Recipient: row.Recipient, Subject: row.Subject,
		Status: row.Status, Attempts: row.Attempts, LastError: row.LastError, CreatedAt: row.CreatedAt.UTC(), Expired: row.Expired}
	if err := json.Unmarshal(row.Data, &m.Data); err != nil {
		return nil, 0, fmt.Errorf("take mail: %w", err)
	}
	return &m, 0, nil
}

// wait is how long until a mail may be tried; 0 when it is not queued or does not exist.
func (s store) wait(ctx context.Context, id uuid.UUID) (time.Duration, error) {
	var ms []int64
	err := s.db.WithContext(ctx).Raw(`
		SELECT greatest(100, ceil(extract(epoch FROM next_try_at - coalesce(?::timestamptz, now())) * 1000))::bigint
		FROM mails WHERE id = ? AND status = 'queued'`, clock.SQLArg(s.clock), id).Scan(&ms).Error
	if err != nil {
		return 0, fmt.Errorf("wait for mail: %w", err)
	}
	if len(ms) == 0 {
		return 0, nil
	}
	return time.Duration(ms[0]) * time.Millisecond, nil
}

// sent closes a mail as delivered. The link or code in it is a key and is not kept longer than needed.
func (s store) sent(ctx context.Context, m mail) error {
	return s.write(ctx, "close mail", `
		UPDATE mails SET status = 'sent', sent_at = coalesce(?::timestamptz, now()), last_error = '', data = data - 'url' - 'code',
		       recipient = ?, subject = ?
		WHERE id = ? AND status = 'queued'`, clock.SQLArg(s.clock), m.Recipient, m.Subject, m.ID)
}

// failed closes a mail as undeliverable.
func (s store) failed(ctx context.Context, m mail, why string) error {
	return s.write(ctx, "give up mail", `
		UPDATE mails SET status = 'failed', last_error = ?, data = data - 'url' - 'code', recipient = ?, subject = ?
		WHERE id = ? AND status = 'queued'`, why, m.Recipient, m.Subject, m.ID)
}

// again ends an attempt in vain: the next one is due after the pause.
func (s store) again(ctx context.Context, m mail, why string, pause time.Duration) error {
	return s.write(ctx, "put mail back", `
		UPDATE mails SET last_error = ?, next_try_at = coalesce(?::timestamptz, now()) + ? * interval '1 ms',
		       recipient = ?, subject = ?
		WHERE id = ? AND status = 'queued'`, why, clock.SQLArg(s.clock), pause.Milliseconds(), m.Recipient, m.Subject, m.ID)
}

func (s store) write(ctx context.Context, what, statement string, args ...any) error {
	if err := s.db.WithContext(ctx).Exec(statement, args...).Error; err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// overdue takes up to limit queued mails that were due longer than late ago, and marks them as seen now, so that the
// next look finds others. To be called in a transaction: two replicas never get the same mail.
func (s store) overdue(ctx context.Context, tx *gorm.DB, late time.Duration, limit int) ([]mailRow, error) {
	now := clock.SQLArg(s.clock)
	var rows []mailRow
	err := tx.WithContext(ctx).Raw(`
		UPDATE mails SET next_try_at = coalesce(?::timestamptz, now()) WHERE id IN (
			SELECT id FROM mails
			WHERE status = 'queued' AND next_try_at < coalesce(?::timestamptz, now()) - ? * interval '1 ms'
			ORDER BY next_try_at LIMIT ? FOR UPDATE SKIP LOCKED)
		RETURNING id, attempts, (1e9 * extract(epoch FROM coalesce(?::timestamptz, now()) - created_at))::bigint AS age`,
		now, now, late.Milliseconds(), limit, now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for overdue mails: %w", err)
	}
	return rows, nil
}

// wroteAbout tells whether there is any mail about an order.
func (s store) wroteAbout(ctx context.Context, tx *gorm.DB, orderID uuid.UUID) (yes bool, err error) {
	if err := tx.WithContext(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM mails WHERE order_id = ?)`, orderID).Scan(&yes).Error; err != nil {
		return false, fmt.Errorf("look for mails of order: %w", err)
	}
	return yes, nil
}

func (s store) statusOf(ctx context.Context, orderID uuid.UUID) (status, lastError string, err error) {
	var rows []mailRow
	err = s.db.WithContext(ctx).Raw(`
		SELECT status, last_error FROM mails WHERE order_id = ? AND kind IN (?, ?)
		ORDER BY created_at DESC, id DESC LIMIT 1`, orderID, kindTickets, kindChanged).Scan(&rows).Error
	if err != nil {
		return "", "", fmt.Errorf("look up mail: %w", err)
	}
	if len(rows) == 0 {
		return statusNone, "", nil
	}
	return rows[0].Status, rows[0].LastError, nil
}

func (s store) sentAt(ctx context.Context, orderID uuid.UUID) (time.Time, error) {
	var rows []struct{ SentAt *time.Time }
	err := s.db.WithContext(ctx).Raw(`
		SELECT sent_at FROM mails WHERE order_id = ? AND kind IN (?, ?)
		ORDER BY created_at DESC, id DESC LIMIT 1`, orderID, kindTickets, kindChanged).Scan(&rows).Error
	if err != nil || len(rows) == 0 || rows[0].SentAt == nil {
		return time.Time{}, err
	}
	return rows[0].SentAt.UTC(), nil
}

// find lists the newest mails whose address, subject or order contains q; all of them for "".
func (s store) find(ctx context.Context, q string, limit int) ([]mailRow, error) {
	var rows []mailRow
	err := s.db.WithContext(ctx).Raw(`
		SELECT id, order_id, kind, recipient, subject, status, attempts, last_error, created_at, sent_at FROM mails
		WHERE ? = '' OR position(lower(?) IN lower(recipient || ' ' || subject || ' ' || coalesce(order_id::text, ''))) > 0
		ORDER BY created_at DESC, id DESC LIMIT ?`, q, q, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return rows, nil
}

// forget deletes the mails of events' lines.
func (s store) forget(ctx context.Context, tx *gorm.DB, eventIDs []int64) error {
	if err := tx.WithContext(ctx).Exec(`DELETE FROM mails WHERE event_id IN ?`, eventIDs).Error; err != nil {
		return fmt.Errorf("forget mails: %w", err)
	}
	return nil
}

// mailRow is a row, or as much of it as a statement asks for.
type mailRow struct {
	ID        uuid.UUID
	OrderID   uuid.UUID
	EventID   *int64
	Kind      string
	Recipient string
	Subject   string
	Data      []byte
	Status    string
	Attempts  int
	LastError string
	CreatedAt time.Time
	SentAt    *time.Time
	Expired   bool          // not a column
	Age       time.Duration // nor is this
}
