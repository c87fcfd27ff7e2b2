// Package staff knows who works here: accounts, sessions, and the log of who did what. There is one role so far, the
// owner, who may do everything.
package staff

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
)

// What a stranger can be refused for.
var (
	ErrBadLogin = fault.New(fault.Unauthorized, "bad-login", "This address and password do not belong together.")
	// ErrNotSignedIn is the answer to no credential, and to one that is unknown or has ended.
	ErrNotSignedIn = fault.New(fault.Unauthorized, "not-signed-in", "Sign in first.")
	// ErrNotAllowed refuses what another site's page may have sent with this browser's cookie.
	ErrNotAllowed = fault.New(fault.Forbidden, "not-allowed", "This page is out of date. Reload it and try again.")
	ErrSlowDown   = fault.New(fault.TooMany, "slow-down", "Too many attempts to sign in. Wait a moment and try again.")
	// ErrBusy answers when more people sign in than passwords can be checked.
	ErrBusy = fault.New(fault.Unavailable, "busy", "Too many people are signing in right now. Try again in a few seconds.")
)

// Limits hands out budgets. A retry above zero is a refusal; perMinute 0 means no budget.
type Limits interface {
	Take(ctx context.Context, name string, perMinute int) (retry time.Duration, err error)
}

// Deps is what staff stands on. Limits may be nil where nobody signs in, as on the command line.
type Deps struct {
	DB     *gorm.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Limits Limits
	// PublicURL is how browsers reach us; https makes the cookie Secure.
	PublicURL string
	// PerIP is how many attempts to sign in a minute one network address has; 0 turns all login budgets off.
	PerIP int
}

// Service is the front door of this module. Safe for concurrent use.
type Service struct {
	store  store
	log    *slog.Logger
	limits Limits
	perIP  int
	hasher hasher
	cookie cookie
}

// New joins the module's parts.
func New(d Deps) *Service {
	return &Service{
		store:  store{db: d.DB, clock: d.Clock},
		log:    d.Log,
		limits: d.Limits,
		perIP:  d.PerIP,
		hasher: newHasher(),
		cookie: newCookie(strings.HasPrefix(d.PublicURL, "https://")),
	}
}
