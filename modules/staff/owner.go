package staff

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gorm.io/gorm"

	"fairseat/app/request"
)

const (
	defaultOwner = "owner@localhost"
	passwordFile = "owner-password.txt"
)

// FirstOwner is what a start knows about the first account.
type FirstOwner struct {
	Email    string // of admin_email; "" means owner@localhost
	Password string // of admin_password; "" means: make one
	DataDir  string // where a made password is left when nobody watches
	Out      io.Writer
	Terminal bool // Out is a terminal, so that a person reads it now
}

// EnsureOwner makes sure that someone can sign in; every start calls it, and replicas that start at once wait for one
// another. With a password, the account of Email gets exactly that one, and its sessions end if it was another.
// Without, and only when there is no account at all, one is made with a random password, which is printed on a
// terminal, else left in DataDir/owner-password.txt for the file's owner alone. A bad address or password is an error
// in words that never quotes the password: refuse to start.
func (s *Service) EnsureOwner(ctx context.Context, o FirstOwner) error {
	if o.Password != "" && o.Email == "" {
		return errors.New("admin_password is set and admin_email is not: set both, or neither")
	}
	email := defaultOwner
	if o.Email != "" {
		var err error
		if email, err = address(o.Email); err != nil {
			return fmt.Errorf("admin_email: %w", err)
		}
	}
	if o.Password != "" {
		if err := checkPassword(o.Password); err != nil {
			return fmt.Errorf("admin_password: %w", err)
		}
	}
	err := s.store.transaction(ctx, func(tx *gorm.DB) error {
		if err := s.store.lockOwner(ctx, tx); err != nil {
			return err
		}
		if o.Password != "" {
			return s.setPassword(ctx, tx, email, o.Password)
		}
		return s.makeOwner(ctx, tx, email, o)
	})
	if err != nil {
		return fmt.Errorf("first owner: %w", err)
	}
	return nil
}

func (s *Service) setPassword(ctx context.Context, tx *gorm.DB, email, password string) error {
	a, found, err := s.store.accountByEmail(ctx, tx, email)
	if err != nil {
		return err
	}
	if found {
		// The usual start changes nothing, so sessions live on.
		if same, err := s.hasher.matches(ctx, password, a.PasswordHash); err != nil || same {
			return err
		}
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if !found {
		return s.add(ctx, tx, email, hash)
	}
	if err := s.store.changePassword(ctx, tx, a.ID, hash); err != nil {
		return err
	}
	return s.Note(ctx, tx, request.Staff{}, "", "account.password", "account:"+a.Email, nil)
}

func (s *Service) makeOwner(ctx context.Context, tx *gorm.DB, email string, o FirstOwner) error {
	some, err := s.store.anyAccount(ctx, tx)
	if err != nil || some {
		return err
	}
	password := rand.Text()
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.add(ctx, tx, email, hash); err != nil {
		return err
	}
	// Told before the commit: an account must never exist whose password nobody was given. Told in vain, a later start
	// makes another and tells that.
	if o.Terminal {
		_, err = fmt.Fprintf(o.Out, "\n  The first owner, shown this once:\n    address   %s\n    password  %s\n\n", email, password)
		return err
	}
	path, err := leavePassword(o.DataDir, password)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "The first owner is %s; the password is in %s\n", email, path)
	return err
}

// leavePassword writes the file anew: an older one may be readable by others, or be a link to elsewhere.
func leavePassword(dir, password string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("leave the password: %w", err)
	}
	f, err := os.CreateTemp(dir, passwordFile+".*") // CreateTemp makes it 0600
	if err != nil {
		return "", fmt.Errorf("leave the password: %w", err)
	}
	defer os.Remove(f.Name()) // nothing is left by that name when all went well
	_, err = f.WriteString(password + "\n")
	path = filepath.Join(dir, passwordFile)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("leave the password: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("leave the password: %w", err)
	}
	return path, nil
}
