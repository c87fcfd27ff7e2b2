package notification

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"path/filepath"
	"strings"
)

// Mailer hands a message on: when Send returns nil, somebody else has taken it. A *RefusedError means that it would be
// refused again; every other error, that trying later makes sense.
type Mailer interface {
	Send(ctx context.Context, m *Message) error
}

// RefusedError is a mail server's lasting "no" to this message or its recipient.
type RefusedError struct {
	Reply string // the server's own words: "550 5.1.1 no such user"
	cause error
}

func (e *RefusedError) Error() string { return "mail refused: " + e.Reply }

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.cause }

// busyError is a mail server's "not now". Its words are fit for the outbox, unlike those of a failed connection, which
// tell about the house's network.
type busyError struct {
	reply string
	cause error
}

func (e *busyError) Error() string { return "mail not taken: " + e.reply }

func (e *busyError) Unwrap() error { return e.cause }

// NewMailer sends to the mail server at smtpURL, or into dataDir/outbox when it is empty. The URL is
// smtp://[user:password@]host[:port], encrypted where the server offers it, or smtps://…, encrypted from the start;
// from gives the name that the server is greeted with. The error never holds the password.
func NewMailer(smtpURL, dataDir, from string) (Mailer, error) {
	if smtpURL == "" {
		return newOutbox(filepath.Join(dataDir, "outbox"))
	}
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("smtp.url: not like smtp://user:password@host:587 or smtps://host")
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("smtp.from: %w", err)
	}
	return newSMTP(u, domainOf(sender.Address), smtpTimeout)
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
