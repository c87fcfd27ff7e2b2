package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/request"
)

// keyed is a request that may be repeated: one key at one path means one body and one effect.
type keyed struct {
	path, key string
	hash      []byte
}

// kept is an answer that stays the same for as long as its key is known.
type kept struct {
	Status   int
	Body     []byte
	replayed bool
}

// readKeyed takes the Idempotency-Key and decodes the body strictly into v.
func readKeyed(c echo.Context, v any) (keyed, error) {
	r := c.Request()
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(b rune) bool { return b < 0x21 || b > 0x7e }) {
		return keyed{}, ErrBadKey
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return keyed{}, request.BodyError(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	hash := sha256.Sum256(body)
	return keyed{path: c.Path() + " " + c.Param("id"), key: key, hash: hash[:]}, request.Decode(c, v)
}

// once runs an effect under a key: effect and answer are one transaction, so that a repeat gives the same answer and
// no second effect, whatever crashed in between. A repeat that comes while the first is running waits for it. A
// refusal changed nothing and is not kept: the same request may succeed later.
func (p *Processor) once(ctx context.Context, k keyed, status int, effect func(tx *gorm.DB) (id string, err error)) (kept, error) {
	var answer kept
	err := p.transact(ctx, func(tx *gorm.DB) error {
		taken := tx.Exec(`INSERT INTO sandbox.idempotency (path, key, request_hash, created_at)
			VALUES (?, ?, ?, coalesce(?::timestamptz, now())) ON CONFLICT DO NOTHING`, k.path, k.key, k.hash, p.now())
		if taken.Error != nil {
			return fmt.Errorf("take sandbox key: %w", taken.Error)
		}
		if taken.RowsAffected == 0 {
			var err error
			answer, err = replay(tx, k)
			return err
		}
		id, err := effect(tx)
		if err != nil {
			return err
		}
		row, err := find(tx, id)
		if err != nil {
			return err
		}
		shown, err := p.show(tx, row)
		if err != nil {
			return err
		}
		answer.Status = status
		if answer.Body, err = json.Marshal(shown); err != nil {
			return err
		}
		if err := tx.Exec(`UPDATE sandbox.idempotency SET status = ?, body = ? WHERE path = ? AND key = ?`,
			status, answer.Body, k.path, k.key).Error; err != nil {
			return fmt.Errorf("keep sandbox answer: %w", err)
		}
		return nil
	})
	p.poke()
	return answer, err
}

// replay is what was answered under the key before.
func replay(tx *gorm.DB, k keyed) (kept, error) {
	var row struct {
		RequestHash []byte
		Status      int
		Body        []byte
	}
	if err := tx.Raw(`SELECT request_hash, status, body FROM sandbox.idempotency WHERE path = ? AND key = ?`, k.path, k.key).Scan(&row).Error; err != nil {
		return kept{}, fmt.Errorf("read sandbox key: %w", err)
	}
	if subtle.ConstantTimeCompare(row.RequestHash, k.hash) != 1 {
		return kept{}, ErrKeyReused
	}
	return kept{Status: row.Status, Body: row.Body, replayed: true}, nil
}
