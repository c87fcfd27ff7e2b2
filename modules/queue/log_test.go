package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"gorm.io/gorm"
)

// Each line names the hash of the one before, and what is written stays.
func TestLogIsAChain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for _, reason := range []string{"<b>fire</b> alarm", "over"} {
		if err := k.DB.Transaction(func(tx *gorm.DB) error {
			return k.queue.postgres.record(tx, k.id, "paused", map[string]string{"reason": reason})
		}); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	if err := k.DB.Raw(`SELECT line FROM fairness_log WHERE event_id = ? ORDER BY seq`, k.id).Scan(&lines).Error; err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines, want published and two pauses", len(lines))
	}
	prev := ""
	for i, line := range lines {
		var entry logEntry
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Seq != int64(i+1) || entry.Prev != prev {
			t.Errorf("line %d: seq %d, prev %q, want prev %q", i+1, entry.Seq, entry.Prev, prev)
		}
		sum := sha256.Sum256([]byte(line))
		prev = hex.EncodeToString(sum[:])
	}
	for _, change := range []string{`UPDATE fairness_log SET line = '{}'`, `DELETE FROM fairness_log`} {
		if err := k.DB.Exec(change).Error; err == nil {
			t.Errorf("%s was allowed", change)
		}
	}
}
