// A session:
//
//	sign in → open ─┬─ sign out
//	                ├─ 12 h without a request
//	                ├─ 7 days old
//	                ├─ another sign-in from the same browser      → ended: its token opens nothing, ever again
//	                └─ the account's password changed

package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/limit"
	"fairseat/app/request"
)

const (
	idleLimit     = 12 * time.Hour
	absoluteLimit = 7 * 24 * time.Hour
	// seenEvery is how stale the time of the last request may be; most requests then write nothing.
	seenEvery = time.Minute

	// One network may try this often a minute at one address, and all networks together this often: a guesser gets
	// nowhere, and a single one cannot use up an owner's budget to lock the owner out.
	perNetworkAndAddress = 30
	perAddress           = 90
)

// Session is an open session as its owner learns of it. The token is shown once and stored nowhere.
type Session struct {
	Token string
	CSRF  string
}

// session is one that is open, as stored.
type session struct {
	staff request.Staff
	csrf  string
	stale bool // not marked as seen for seenEvery
}

// SignIn opens a new session. ErrBadLogin for a wrong password and an unknown address alike, in words and in time;
// ErrSlowDown when too many tried; ErrBusy under a flood. previous is the token the browser came with, if any: that
// session ends, and its token is never used again.
func (s *Service) SignIn(ctx context.Context, email, password, ip, previous string) (Session, error) {
	if err := s.mayTry(ctx, email, ip); err != nil {
		return Session{}, err
	}
	a, found := account{PasswordHash: s.hasher.nobody}, false
	if typed, err := address(email); err == nil {
		known, ok, err := s.store.accountByEmail(ctx, s.store.db, typed)
		if err != nil {
			return Session{}, err
		}
		if ok {
			a, found = known, true
		}
	}
	matches, err := s.hasher.matches(ctx, password, a.PasswordHash)
	if err != nil {
		return Session{}, err
	}
	if !matches || !found {
		s.log.Info("login refused", "ip", ip)
		return Session{}, ErrBadLogin
	}
	return s.open(ctx, a, ip, previous)
}

func (s *Service) open(ctx context.Context, a account, ip, previous string) (Session, error) {
	opened := Session{Token: secret(), CSRF: secret()}
	err := s.store.transaction(ctx, func(tx *gorm.DB) error {
		ok, err := s.store.insertSession(ctx, tx, tokenHash(opened.Token), a, opened.CSRF)
		if err != nil {
			return err
		}
		if !ok { // the password was changed while we checked the old one
			return ErrBadLogin
		}
		if err := s.store.purgeSessions(ctx, tx); err != nil {
			return err
		}
		if isToken(previous) {
			if _, err := s.store.deleteSession(ctx, tx, tokenHash(previous)); err != nil {
				return err
			}
		}
		return s.Note(ctx, tx, a.staff(), ip, "session.open", "account:"+a.Email, nil)
	})
	if err != nil {
		return Session{}, err
	}
	return opened, nil
}

// mayTry takes from the login budgets. The address is hashed: Redis has no business knowing it.
func (s *Service) mayTry(ctx context.Context, email, ip string) error {
	if s.limits == nil || s.perIP <= 0 {
		return nil
	}
	network := limit.Network(ip)
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	who := hex.EncodeToString(sum[:16])
	for _, b := range []struct {
		name      string
		perMinute int
	}{
		{"login:ip:" + network, s.perIP},
		{"login:both:" + network + ":" + who, min(s.perIP, perNetworkAndAddress)},
		{"login:address:" + who, perAddress},
	} {
		retry, err := s.limits.Take(ctx, b.name, b.perMinute)
		if err != nil {
			return err
		}
		if retry > 0 {
			return ErrSlowDown.After(retry)
		}
	}
	return nil
}

// find is the open session of a token; ErrNotSignedIn without one.
func (s *Service) find(ctx context.Context, token string) (session, error) {
	if !isToken(token) {
		return session{}, ErrNotSignedIn
	}
	found, ok, err := s.store.openSession(ctx, tokenHash(token))
	if err != nil {
		return session{}, err
	}
	if !ok {
		return session{}, ErrNotSignedIn
	}
	return found, nil
}

// Session names the session that a request carries, without giving its token away; "" for none that is open.
func (s *Service) Session(c echo.Context) (string, error) {
	token, _, err := s.credential(c)
	if errors.Is(err, ErrNotSignedIn) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(tokenHash(token)), nil
}

// Ended are those of some sessions, named by Session, that are over.
func (s *Service) Ended(ctx context.Context, sessions []string) ([]string, error) {
	hashes := make([][]byte, 0, len(sessions))
	for _, name := range sessions {
		hash, err := hex.DecodeString(name)
		if err != nil {
			return nil, fmt.Errorf("no name of a session: %w", err)
		}
		hashes = append(hashes, hash)
	}
	open, err := s.store.openAmong(ctx, hashes)
	if err != nil {
		return nil, err
	}
	still := make(map[string]bool, len(open))
	for _, hash := range open {
		still[hex.EncodeToString(hash)] = true
	}
	return slices.DeleteFunc(slices.Clone(sessions), func(name string) bool { return still[name] }), nil
}

// end ends an open session; of two that try at once, one says so in the log.
func (s *Service) end(ctx context.Context, token string, open session, ip string) error {
	return s.store.transaction(ctx, func(tx *gorm.DB) error {
		ended, err := s.store.deleteSession(ctx, tx, tokenHash(token))
		if err != nil || !ended {
			return err
		}
		return s.Note(ctx, tx, open.staff, ip, "session.end", "account:"+open.staff.Email, nil)
	})
}

// secret is 256 random bits.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails, says its documentation
	return base64.RawURLEncoding.EncodeToString(b)
}

// isToken spares the database what can be no token of ours.
func isToken(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32 && len(s) == 43
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
