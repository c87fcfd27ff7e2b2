// Package sandbox is a payment processor to practise with: a third party that is reached over HTTP like any other,
// keeps its own ledger in its own schema, tells the merchant by signed webhooks, and misbehaves on request. It knows
// nothing of Fairseat's modules, and they know of it only what travels over the wire.
package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"html/template"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
)

// Deps is what a Processor is made of.
type Deps struct {
	DB         *gorm.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Secret     string        // the merchant's bearer; empty refuses every merchant
	SigningKey []byte        // HMAC key of webhooks, shared with the merchant
	PublicURL  func() string // where fans reach this server, scheme and host
	Loopback   func() bool   // the server listens on a loopback address only
	// Rand is uniform in [0,1) and safe for concurrent use; nil means math/rand's.
	Rand func() float64
}

// Processor takes, keeps and returns pretended money. Safe for concurrent use, and for any number of replicas on one
// database.
type Processor struct {
	deps   Deps
	page   *template.Template
	client *http.Client
	wake   chan struct{} // a webhook may be due on this replica
}

// New makes a Processor; it does nothing by itself until Routes are served and Run runs.
func New(d Deps) *Processor {
	if d.Rand == nil {
		d.Rand = mathrand.Float64
	}
	return &Processor{
		deps: d, wake: make(chan struct{}, 1), client: newClient(),
		page: template.Must(template.New("pay").Parse(payHTML)),
	}
}

// isMerchant compares in constant time, whatever the length.
func (p *Processor) isMerchant(token string) bool {
	want, got := sha256.Sum256([]byte(p.deps.Secret)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && p.deps.Secret != ""
}

// now is an argument of coalesce(?::timestamptz, now()).
func (p *Processor) now() *time.Time { return clock.SQLArg(p.deps.Clock) }

// poke tells the delivery loop to look at once; a poke while one is pending is the same poke.
func (p *Processor) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// transact runs work in one transaction that outlives its caller: a processor does not forget a payment because the
// merchant hung up.
func (p *Processor) transact(ctx context.Context, work func(tx *gorm.DB) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return p.deps.DB.WithContext(ctx).Transaction(work)
}

// newID is a prefix and 130 random bits.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
