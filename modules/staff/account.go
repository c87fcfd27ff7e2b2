package staff

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"fairseat/app/request"
)

// What an account can be refused for; operators read these, strangers never.
var (
	ErrBadAddress    = errors.New("this is not a mail address like ada@example.org")
	ErrShortPassword = errors.New("a password has at least 10 characters")
	ErrLongPassword  = errors.New("a password has at most 1024 bytes")
	ErrAccountExists = errors.New("there is an account with this address already")
)

const (
	shortestPassword = 10   // characters
	longestPassword  = 1024 // bytes
	longestAddress   = 254  // bytes, RFC 5321
)

// account is one member of staff as stored.
type account struct {
	ID           int64
	Email        string
	PasswordHash string
	Role         string
}

func (a account) staff() request.Staff { return request.Staff{ID: a.ID, Email: a.Email, Role: a.Role} }

// address trims what someone typed, and refuses what cannot be an address. Case is kept, but does not count.
func address(typed string) (string, error) {
	email := strings.TrimSpace(typed)
	parsed, err := mail.ParseAddress(email)
	// Control characters may be quoted in an address; Postgres and log readers would choke on them.
	if err != nil || parsed.Address != email || len(email) > longestAddress || strings.ContainsFunc(email, isControl) {
		return "", ErrBadAddress
	}
	return email, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func checkPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		return ErrShortPassword
	case len(password) > longestPassword:
		return ErrLongPassword
	}
	return nil
}

// AddAccount makes an owner's account, for the command line. Its errors are sentences for an operator: ErrBadAddress,
// ErrShortPassword, ErrLongPassword, ErrAccountExists.
func (s *Service) AddAccount(ctx context.Context, email, password string) error {
	email, err := address(email)
	if err != nil {
		return err
	}
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.transaction(ctx, func(tx *gorm.DB) error {
		return s.add(ctx, tx, email, hash)
	})
}

// add inserts an account and says so in the log; ErrAccountExists when the address has one.
func (s *Service) add(ctx context.Context, tx *gorm.DB, email, hash string) error {
	added, err := s.store.insertAccount(ctx, tx, email, hash)
	if err != nil {
		return err
	}
	if !added {
		return ErrAccountExists
	}
	return s.Note(ctx, tx, request.Staff{}, "", "account.add", "account:"+email, nil)
}
