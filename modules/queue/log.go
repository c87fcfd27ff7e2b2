package queue

import (
	"bytes"
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

// encodeEntry is the line of an entry: JSON as it is read by people, without escapes for HTML.
func encodeEntry(e logEntry) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), err
}
