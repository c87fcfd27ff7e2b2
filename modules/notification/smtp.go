package notification

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// smtpTimeout is how long a mail server may take to greet us, and again to take one mail.
const smtpTimeout = 10 * time.Second

// smtpMailer sends each mail over a connection of its own: some 300 a second, and nothing to go stale.
type smtpMailer struct{ client *gomail.Client }

func newSMTP(u *url.URL, domain string, timeout time.Duration) (*smtpMailer, error) {
	password, _ := u.User.Password()
	options := []gomail.Option{
		gomail.WithTimeout(timeout), gomail.WithHELO(greeting(domain)), gomail.WithTLSPolicy(gomail.TLSOpportunistic),
		gomail.WithTLSConfig(&tls.Config{
			ServerName: u.Hostname(), MinVersion: tls.VersionTLS12,
			// A relay on this very machine has a certificate in nobody's name, and nobody in between to fear.
			InsecureSkipVerify: isLoopback(u.Hostname()),
		}),
	}
	port := 25
	if u.User.Username() != "" {
		port = 587
		// Never a password in the clear: without encryption only mechanisms that do not show it are used.
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if u.Scheme == "smtps" {
		port = 465
		options = append(options, gomail.WithSSL())
	}
	if u.Port() != "" {
		given, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, errors.New("smtp.url: the port is no number")
		}
		port = given
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // the library puts host and port together as they are
	}
	client, err := gomail.NewClient(host, append(options, gomail.WithPort(port))...)
	if err != nil {
		return nil, fmt.Errorf("smtp.url: %w", err)
	}
	return &smtpMailer{client}, nil
}

// Send is done when the server has answered 250 to the whole mail.
func (s *smtpMailer) Send(ctx context.Context, m *Message) error {
	raw := m.encode()
	err := s.client.DialAndSendWithContext(ctx, raw)
	// After the 250 the mail is theirs, however the goodbye went: sending again would only make a second one.
	if err == nil || raw.IsDelivered() {
		return nil
	}
	return classify(err)
}

// classify tells a lasting "no" to this mail from all that may pass. A refused login, a refused sender or a server that
// turns away everybody hits every mail alike and heals with the settings, so it is no reason to give one up.
func classify(err error) error {
	var refusal *gomail.SendError
	if !errors.As(err, &refusal) {
		return err // not even connected
	}
	_, reply, _ := strings.Cut(refusal.Error(), refusal.Reason.String()+": ")
	reply, _, _ = strings.Cut(reply, ", affected") // what follows names the recipient
	if code, words, ok := strings.Cut(reply, " "); ok {
		// Since Go 1.26 the text of a reply comes quoted.
		if plain, err := strconv.Unquote(words); err == nil {
			reply = code + " " + plain
		}
	}
	reply = clip(line(reply), 300)
	if refusal.ErrorCode() == 0 {
		return fmt.Errorf("%s: %s", refusal.Reason, reply) // the connection broke
	}
	ours := refusal.Reason == gomail.ErrSMTPRcptTo || refusal.Reason == gomail.ErrSMTPData || refusal.Reason == gomail.ErrSMTPDataClose
	if ours && refusal.ErrorCode() >= 500 {
		return &RefusedError{Reply: reply, cause: err}
	}
	return &busyError{reply: reply, cause: err}
}

// greeting is this machine's full name, or the sender's domain where it has none: servers refuse short names.
func greeting(domain string) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	return domain
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
