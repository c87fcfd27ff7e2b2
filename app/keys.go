package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"gorm.io/gorm"

	"fairseat/app/keyring"
)

var keyID = regexp.MustCompile(`^[a-z0-9]{1,16}$`)

// parseKey reads "id:64 hex digits" and refuses what nobody would draw at random.
func parseKey(s string) (keyring.Key, error) {
	id, digits, ok := strings.Cut(strings.TrimSpace(s), ":")
	secret, err := hex.DecodeString(digits)
	if !ok || err != nil || len(secret) != 32 || !keyID.MatchString(id) {
		return keyring.Key{}, errors.New("a key is written id:64 hex digits, the id in a-z 0-9")
	}
	distinct := map[byte]bool{}
	for _, b := range secret {
		distinct[b] = true
	}
	if len(distinct) < 12 || bytes.Contains(secret, []byte("secret")) {
		return keyring.Key{}, errors.New("this key is not random; make one with: openssl rand -hex 32")
	}
	return keyring.Key{ID: id, Secret: secret}, nil
}

// loadKeys joins the configured keys with those in Postgres, and makes, once for all replicas, what is missing.
func loadKeys(ctx context.Context, db *gorm.DB, configured map[keyring.Purpose][]keyring.Key) (*keyring.Ring, error) {
	keys := maps.Clone(configured)
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT pg_advisory_xact_lock(hashtext('fairseat keys'))`).Error; err != nil {
			return err
		}
		for _, purpose := range keyring.Purposes() {
			if len(configured[purpose]) > 0 {
				continue
			}
			var rows []struct {
				Kid    string
				Secret []byte
			}
			read := func() error {
				return tx.Raw(`SELECT kid, secret FROM keys WHERE purpose = ? ORDER BY created_at DESC, kid`, purpose).Scan(&rows).Error
			}
			if err := read(); err != nil {
				return err
			}
			if len(rows) == 0 {
				secret := make([]byte, 32)
				_, _ = rand.Read(secret) // never fails, says its documentation
				id := sha256.Sum256(secret)
				if err := tx.Exec(`INSERT INTO keys (purpose, kid, secret) VALUES (?, ?, ?)`,
					purpose, hex.EncodeToString(id[:3]), secret).Error; err != nil {
					return err
				}
				if err := read(); err != nil {
					return err
				}
			}
			for _, row := range rows {
				keys[purpose] = append(keys[purpose], keyring.Key{ID: row.Kid, Secret: row.Secret})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return keyring.New(keys), nil
}
