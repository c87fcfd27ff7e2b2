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

// closing is what an entry "ended" says of a sale that its closing time has ended.
type closing struct {
	Reason   string     `json:"reason"` // "": nobody gave one
	ClosesAt clock.Time `json:"closes_at"`
}

// tellClosing tells the log that the closing time has ended the sale: once for each closing, however late it is noticed.
func (s *Service) tellClosing(ctx context.Context, event Event, row *lineRow, now time.Time) error {
	closes := event.ClosesAt
	if closes == nil || row.EndedAt != nil || now.Before(*closes) || (row.CloseTold != nil && row.CloseTold.Equal(*closes)) {
		return nil
	}
	return s.postgres.locked(ctx, row.EventID, func(tx *gorm.DB) error {
		// By the event as it is: ours may be a second old, and staff may have moved its closing.
		var told []time.Time
		err := tx.Raw(`UPDATE lines SET close_told = closes_at FROM events WHERE id = event_id AND event_id = ? AND ended_at IS NULL
			AND closes_at <= coalesce(?::timestamptz, clock_timestamp()) AND close_told IS DISTINCT FROM closes_at RETURNING closes_at`,
			row.EventID, clock.SQLArg(s.clock)).Scan(&told).Error
		if err != nil {
			return fmt.Errorf("tell of the closing: %w", err)
		}
		if len(told) == 0 { // another replica has told it
			return nil
		}
		if err := s.postgres.recordCalls(tx, row.EventID, 0); err != nil {
			return err
		}
		return s.postgres.record(tx, row.EventID, "ended", closing{"", clock.Time(told[0])})
	})
}

// encodeEntry is the line of an entry: JSON as it is read by people, without escapes for HTML.
func encodeEntry(e logEntry) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), err
}
