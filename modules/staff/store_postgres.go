package staff

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/request"
)

// store is what staff keeps in Postgres. The database's clock decides what has ended.
type store struct {
	db    *gorm.DB
	clock clock.Clock
}

func (s store) transaction(ctx context.Context, do func(tx *gorm.DB) error) error {
	return s.db.WithContext(ctx).Transaction(do)
}

// lockOwner makes replicas take turns at the first account until tx ends.
func (s store) lockOwner(ctx context.Context, tx *gorm.DB) error {
	if err := tx.WithContext(ctx).Exec(`SELECT pg_advisory_xact_lock(hashtext('fairseat owner'))`).Error; err != nil {
		return fmt.Errorf("wait for other replicas: %w", err)
	}
	return nil
}

func (s store) anyAccount(ctx context.Context, tx *gorm.DB) (bool, error) {
	var some bool
	if err := tx.WithContext(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM staff_accounts)`).Scan(&some).Error; err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return some, nil
}

func (s store) accountByEmail(ctx context.Context, tx *gorm.DB, email string) (account, bool, error) {
	var rows []account
	if err := tx.WithContext(ctx).Raw(`
		SELECT id, email, password_hash, role FROM staff_accounts WHERE lower(email) = lower(?)`, email).Scan(&rows).Error; err != nil {
		return account{}, false, fmt.Errorf("find account: %w", err)
	}
	if len(rows) == 0 {
		return account{}, false, nil
	}
	return rows[0], true, nil
}

// insertAccount answers false when the address has one already.
func (s store) insertAccount(ctx context.Context, tx *gorm.DB, email, hash string) (bool, error) {
	res := tx.WithContext(ctx).Exec(`
		INSERT INTO staff_accounts (email, password_hash, created_at) VALUES (?, ?, coalesce(?::timestamptz, now()))
		ON CONFLICT (lower(email)) DO NOTHING`, email, hash, clock.SQLArg(s.clock))
	if res.Error != nil {
		return false, fmt.Errorf("insert account: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}

// changePassword also ends the account's sessions: whoever knew the old password is out.
func (s store) changePassword(ctx context.Context, tx *gorm.DB, id int64, hash string) error {
	if err := tx.WithContext(ctx).Exec(`UPDATE staff_accounts SET password_hash = ? WHERE id = ?`, hash, id).Error; err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if err := tx.WithContext(ctx).Exec(`DELETE FROM staff_sessions WHERE account_id = ?`, id).Error; err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// insertSession answers false when the account's password is no longer the one that was checked. FOR SHARE waits for
// a changePassword that is under way, and makes a later one wait until it can see this session and end it.
func (s store) insertSession(ctx context.Context, tx *gorm.DB, hash []byte, a account, csrf string) (bool, error) {
	now := clock.SQLArg(s.clock)
	res := tx.WithContext(ctx).Exec(`
		INSERT INTO staff_sessions (token_hash, account_id, csrf, created_at, seen_at)
		SELECT ?, id, ?, coalesce(?::timestamptz, now()), coalesce(?::timestamptz, now())
		FROM staff_accounts WHERE id = ? AND password_hash = ? FOR SHARE`, hash, csrf, now, now, a.ID, a.PasswordHash)
	if res.Error != nil {
		return false, fmt.Errorf("open session: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}

// stillOpen is the condition that time has not ended a session; it takes now and the two limits.
const stillOpen = `
		  AND s.seen_at    > coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'
		  AND s.created_at > coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'`

// openAmong gives those of the sessions that are open.
func (s store) openAmong(ctx context.Context, hashes [][]byte) ([][]byte, error) {
	var open [][]byte
	now := clock.SQLArg(s.clock)
	if err := s.db.WithContext(ctx).Raw(`SELECT s.token_hash FROM staff_sessions s WHERE s.token_hash IN ?`+stillOpen,
		hashes, now, idleLimit.Seconds(), now, absoluteLimit.Seconds()).Scan(&open).Error; err != nil {
		return nil, fmt.Errorf("look which sessions are open: %w", err)
	}
	return open, nil
}

func (s store) openSession(ctx context.Context, hash []byte) (session, bool, error) {
	var rows []struct {
		ID    int64
		Email string
		Role  string
		CSRF  string
		Stale bool
	}
	now := clock.SQLArg(s.clock)
	if err := s.db.WithContext(ctx).Raw(`
		SELECT a.id, a.email, a.role, s.csrf,
		       s.seen_at <= coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s' AS stale
		FROM staff_sessions s JOIN staff_accounts a ON a.id = s.account_id
		WHERE s.token_hash = ?`+stillOpen,
		now, seenEvery.Seconds(), hash, now, idleLimit.Seconds(), now, absoluteLimit.Seconds()).Scan(&rows).Error; err != nil {
		return session{}, false, fmt.Errorf("find session: %w", err)
	}
	if len(rows) == 0 {
		return session{}, false, nil
	}
	r := rows[0]
	return session{staff: request.Staff{ID: r.ID, Email: r.Email, Role: r.Role}, csrf: r.CSRF, stale: r.Stale}, true, nil
}

// markSeen slides the idle limit. The condition keeps requests that come together from writing one after the other.
func (s store) markSeen(ctx context.Context, hash []byte) error {
	now := clock.SQLArg(s.clock)
	if err := s.db.WithContext(ctx).Exec(`
		UPDATE staff_sessions SET seen_at = coalesce(?::timestamptz, now())
		WHERE token_hash = ? AND seen_at <= coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'`,
		now, hash, now, seenEvery.Seconds()).Error; err != nil {
		return fmt.Errorf("mark session as seen: %w", err)
	}
	return nil
}

// deleteSession answers false when there was none.
func (s store) deleteSession(ctx context.Context, tx *gorm.DB, hash []byte) (bool, error) {
	res := tx.WithContext(ctx).Exec(`DELETE FROM staff_sessions WHERE token_hash = ?`, hash)
	if res.Error != nil {
		return false, fmt.Errorf("end session: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}

// purgeSessions forgets what has ended by time; what another sign-in is forgetting right now is left to it.
func (s store) purgeSessions(ctx context.Context, tx *gorm.DB) error {
	now := clock.SQLArg(s.clock)
	if err := tx.WithContext(ctx).Exec(`
		DELETE FROM staff_sessions WHERE token_hash IN (
			SELECT token_hash FROM staff_sessions
			WHERE seen_at    <= coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'
			   OR created_at <= coalesce(?::timestamptz, now()) - ?::float8 * interval '1 s'
			FOR UPDATE SKIP LOCKED)`,
		now, idleLimit.Seconds(), now, absoluteLimit.Seconds()).Error; err != nil {
		return fmt.Errorf("forget ended sessions: %w", err)
	}
	return nil
}

func (s store) insertEntry(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject, detail string) error {
	var id *int64
	if who.ID != 0 {
		id = &who.ID
	}
	if err := tx.WithContext(ctx).Exec(`
		INSERT INTO staff_log (at, account_id, email, action, subject, detail, ip)
		VALUES (coalesce(?::timestamptz, now()), ?, ?, ?, ?, ?::jsonb, ?)`,
		clock.SQLArg(s.clock), id, who.Email, action, subject, detail, ip).Error; err != nil {
		return fmt.Errorf("note %s: %w", action, err)
	}
	return nil
}

func (s store) entries(ctx context.Context, before int64, limit int) ([]Entry, error) {
	var rows []struct {
		ID      int64
		At      time.Time
		Email   string
		Action  string
		Subject string
		Detail  string
		IP      string
	}
	if err := s.db.WithContext(ctx).Raw(`
		SELECT id, at, email, action, subject, detail, ip FROM staff_log
		WHERE ?::bigint = 0 OR id < ?::bigint ORDER BY id DESC LIMIT ?`, before, before, limit).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	list := make([]Entry, len(rows))
	for i, r := range rows {
		list[i] = Entry{ID: r.ID, At: r.At, Email: r.Email, Action: r.Action, Subject: r.Subject, Detail: json.RawMessage(r.Detail), IP: r.IP}
	}
	return list, nil
}
