package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
)

// The public fairness log tells everything that decides who goes in before whom. An entry is one line of JSON that
// names the SHA-256 of the line before it, so whoever kept one hash can see whether anything earlier was changed.

// logEntry is an entry as it is hashed; its members stand in this order.
type logEntry struct {
	Seq  int64      `json:"seq"` // from 1
	At   clock.Time `json:"at"`
	Kind string     `json:"kind"`
	Data any        `json:"data"`
	Prev string     `json:"prev"` // hex SHA-256 of the line before; "" for the first
}

// logHead is the last entry of a log: who keeps it can prove any later change of what came before.
type logHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// record appends an entry inside the transaction that makes it true; it locks the line's row until that ends. Data is
// counts and reasons, never a person.
func (p *postgresStore) record(tx *gorm.DB, eventID int64, kind string, data any) error {
	var head struct {
		LogSeq  int64
		LogHash string
		Now     time.Time
	}
	res := tx.Raw(`SELECT log_seq, log_hash, coalesce(?::timestamptz, clock_timestamp()) AS now FROM lines WHERE event_id = ? FOR UPDATE`,
		clock.SQLArg(p.clock), eventID).Scan(&head)
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("record %s of event %d: no line: %w", kind, eventID, res.Error)
	}
	line, err := encodeEntry(logEntry{head.LogSeq + 1, clock.Time(head.Now), kind, data, head.LogHash})
	if err != nil {
		return fmt.Errorf("record %s: %w", kind, err)
	}
	sum := sha256.Sum256(line)
	hash := hex.EncodeToString(sum[:])
	err = tx.Exec(`INSERT INTO fairness_log (event_id, seq, line, hash) VALUES (?, ?, ?, ?)`, eventID, head.LogSeq+1, string(line), hash).Error
	if err == nil {
		err = tx.Exec(`UPDATE lines SET log_seq = ?, log_hash = ? WHERE event_id = ?`, head.LogSeq+1, hash, eventID).Error
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", kind, err)
	}
	return nil
}

// tellEvery is how often at most the log tells of calls: as many as there were meanwhile, in one entry.
const tellEvery = 10 * time.Second

// called is what an entry "called" says: the positions from (in) to (out) may go in.
type called struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// tellCalls tells the log of calls that it has not told of, when it is time to.
func (s *Service) tellCalls(ctx context.Context, row *lineRow, serving int64) error {
	if serving <= row.Logged || (row.LoggedAt != nil && s.clock.Now().Sub(*row.LoggedAt) < tellEvery) {
		return nil
	}
	return s.postgres.locked(ctx, row.EventID, func(tx *gorm.DB) error { return s.postgres.recordCalls(tx, row.EventID, tellEvery) })
}

// recordCalls tells of all calls so far, unless that was done less than after ago.
func (p *postgresStore) recordCalls(tx *gorm.DB, eventID int64, after time.Duration) error {
	row, err := p.inside(tx, eventID)
	if err != nil {
		return err
	}
	now, err := p.now(tx)
	if err != nil {
		return err
	}
	if row.Serving <= row.Logged || (row.LoggedAt != nil && now.Sub(*row.LoggedAt) < after) {
		return nil
	}
	if err := tx.Exec(`UPDATE lines SET logged = ?, logged_at = ? WHERE event_id = ?`, row.Serving, now, eventID).Error; err != nil {
		return fmt.Errorf("log calls: %w", err)
	}
	return p.record(tx, eventID, "called", called{row.Logged, row.Serving})
}

// encodeEntry is the line of an entry: JSON as it is read by people, without escapes for HTML.
func encodeEntry(e logEntry) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), err
}
