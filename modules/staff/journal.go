package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"fairseat/app/request"
)

// Entry is one line of the log of who did what. The log is append-only; Postgres refuses anything else.
type Entry struct {
	ID      int64
	At      time.Time
	Email   string // "" when no one was signed in: a start, the command line
	Action  string // "event.create", "session.open"
	Subject string // "event:spring-gala"
	Detail  json.RawMessage
	IP      string
}

// Note writes one line into the log, inside tx, so that it is there if and only if what it tells was done; a nil tx
// means a transaction of its own. who may be the zero Staff for what the process itself did. detail is anything JSON
// can hold, or nil.
func (s *Service) Note(ctx context.Context, tx *gorm.DB, who request.Staff, ip, action, subject string, detail any) error {
	encoded := []byte("{}")
	if detail != nil {
		var err error
		if encoded, err = json.Marshal(detail); err != nil {
			return fmt.Errorf("note %s: %w", action, err)
		}
	}
	if tx == nil {
		tx = s.store.db
	}
	return s.store.insertEntry(ctx, tx, who, storable(ip), storable(action), storable(subject), withoutNUL(encoded))
}

// Entries lists the log, newest first: at most limit lines older than the line before (0: from the newest on).
func (s *Service) Entries(ctx context.Context, before int64, limit int) ([]Entry, error) {
	return s.store.entries(ctx, before, limit)
}

// storable drops what Postgres cannot hold in a text: NUL and broken UTF-8.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// withoutNUL drops \u0000 from JSON, which jsonb refuses and a stranger's words may hold. The letters \u0000 behind an
// escaped backslash are just letters and stay.
func withoutNUL(encoded []byte) string {
	nul := []byte(`\u0000`)
	if !bytes.Contains(encoded, nul) {
		return string(encoded)
	}
	clean := make([]byte, 0, len(encoded))
	for i := 0; i < len(encoded); {
		switch {
		case bytes.HasPrefix(encoded[i:], nul):
			i += len(nul)
		case encoded[i] == '\\' && i+1 < len(encoded):
			clean = append(clean, encoded[i], encoded[i+1])
			i += 2
		default:
			clean = append(clean, encoded[i])
			i++
		}
	}
	return string(clean)
}
