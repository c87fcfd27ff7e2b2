// Package keyring holds the process's signing keys by purpose. Keys live in Postgres (or come as FAIRSEAT_KEYS__*);
// the newest of a purpose signs, all of them verify.
package keyring

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
)

// Purpose says what a key may be used for; one key never serves two.
type Purpose string

// The purposes.
const (
	Place   Purpose = "place"   // HMAC of place tokens
	Order   Purpose = "order"   // HMAC of order tokens
	Ticket  Purpose = "ticket"  // Ed25519 seed of the codes in QR pictures
	Webhook Purpose = "webhook" // HMAC shared with the sandbox processor
	Buyer   Purpose = "buyer"   // HMAC of normalised mail addresses
	Access  Purpose = "access"  // HMAC of access codes
)

// Purposes is every purpose a running process needs a key for.
func Purposes() []Purpose { return []Purpose{Place, Order, Ticket, Webhook, Buyer, Access} }

// Key is 32 secret bytes under a short id that is safe to publish.
type Key struct {
	ID     string
	Secret []byte
}

// Ring is the keys of a process; it is immutable.
type Ring struct{ keys map[Purpose][]Key }

// New makes a ring; keys of a purpose come newest first.
func New(keys map[Purpose][]Key) *Ring { return &Ring{keys: keys} }

// Current is the key that signs for a purpose.
func (r *Ring) Current(p Purpose) Key { return r.keys[p][0] }

// Find is a key by its id, for verifying what an older key signed.
func (r *Ring) Find(p Purpose, id string) (Key, bool) {
	for _, k := range r.keys[p] {
		if k.ID == id {
			return k, true
		}
	}
	return Key{}, false
}

// All is every key of a purpose, newest first: what verifying must accept while keys are rolled.
func (r *Ring) All(p Purpose) []Key { return r.keys[p] }

// MAC is HMAC-SHA256 of the parts under the key.
func (k Key) MAC(parts ...[]byte) []byte {
	m := hmac.New(sha256.New, k.Secret)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// Ed25519 is the signing key whose seed is the secret.
func (k Key) Ed25519() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.Secret[:ed25519.SeedSize]) }
