package staff

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
)

const (
	// hashesAtOnce bounds the memory passwords can take: 19 MiB each.
	hashesAtOnce = 2
	// hashWait is how long a login queues for its turn.
	hashWait = 5 * time.Second
)

// hasher makes and checks argon2id hashes, a few at a time.
type hasher struct {
	params argon2id.Params
	turns  chan struct{}
	// nobody is a hash with the usual cost that belongs to no password anyone knows: an unknown address is checked
	// against it, so that it takes as long as a known one.
	nobody string
}

func newHasher() hasher {
	p := argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	b64 := base64.RawStdEncoding
	return hasher{
		params: p,
		turns:  make(chan struct{}, hashesAtOnce),
		nobody: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism,
			b64.EncodeToString(make([]byte, p.SaltLength)), b64.EncodeToString(make([]byte, p.KeyLength))),
	}
}

func (h hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.turn(ctx); err != nil {
		return "", err
	}
	defer h.done()
	hash, err := argon2id.CreateHash(password, &h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (h hasher) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := h.turn(ctx); err != nil {
		return false, err
	}
	defer h.done()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return ok, nil
}

// turn waits for a free slot; ErrBusy when there is none in time.
func (h hasher) turn(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-wait.Done():
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return ErrBusy.After(hashWait)
	}
}

func (h hasher) done() { <-h.turns }
