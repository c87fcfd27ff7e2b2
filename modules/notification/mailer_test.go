package notification

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func dial(t *testing.T, address string) Mailer {
	t.Helper()
	m, err := NewMailer(address, "", boxOffice)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestServerTakesTheMail(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	if err := dial(t, s.url("")).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	got := s.only(t)
	if got.from != "tickets@example.org" || len(got.to) != 1 || got.to[0] != ada {
		t.Errorf("envelope %s → %v", got.from, got.to)
	}
	h, parts := readMail(t, got.data)
	if header(t, h, "Subject") != message().Subject || parts["text/plain"] != message().Text || len(parts) != 4 {
		t.Errorf("%v %q", h, parts)
	}
	if !strings.Contains(got.helo, ".") {
		t.Errorf("greeted as %q", got.helo)
	}
}

func TestServersNo(t *testing.T) {
	t.Parallel()
	temporary, lasting := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"},
		&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
	for name, c := range map[string]struct {
		answers answers
		final   bool
		reply   string
	}{
		"recipient, now":    {answers{rcpt: temporary}, false, "451 4.7.1 greylisted, come back"},
		"recipient, ever":   {answers{rcpt: lasting}, true, "550 5.1.1 no such user here"},
		"content, now":      {answers{data: temporary}, false, "451 4.7.1 greylisted, come back"},
		"content, ever":     {answers{data: lasting}, true, "550 5.1.1 no such user here"},
		"sender, now":       {answers{mail: temporary}, false, "451 4.7.1 greylisted, come back"},
		"sender is refused": {answers{mail: lasting}, false, "550 5.1.1 no such user here"}, // all mails alike: a setting
	} {
		s := newServer(t, plain)
		s.answer(c.answers)
		err := dial(t, s.url("")).Send(t.Context(), message())
		var refused *RefusedError
		var busy *busyError
		switch {
		case c.final && (!errors.As(err, &refused) || refused.Reply != c.reply):
			t.Errorf("%s: %v", name, err)
		case !c.final && (errors.As(err, &refused) || !errors.As(err, &busy) || busy.reply != c.reply):
			t.Errorf("%s: %v", name, err)
		}
		if len(s.received()) != 0 {
			t.Errorf("%s: taken all the same", name)
		}
		if strings.Contains(logged(err), ada) || strings.Contains(shown(err), ada) {
			t.Errorf("%s: the address is in %q or %q", name, logged(err), shown(err))
		}
	}
}

func TestServerTurnsEverybodyAway(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	s.answer(answers{hello: &smtp.SMTPError{Code: 554, Message: "no service for you"}})
	err := dial(t, s.url("")).Send(t.Context(), message())
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}

func TestServerDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	err = dial(t, "smtp://"+address).Send(t.Context(), message())
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) || strings.Contains(shown(err), address) {
		t.Errorf("%v", err)
	}
}

// A server that greets and then says nothing, and one that says nothing at all, hold a worker for the timeout only.
func TestServerSlow(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.answer(answers{wait: release})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for _, address := range []string{s.url(""), "smtp://" + silent.Addr().String()} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		m, err := newSMTP(u, "example.org", 300*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err = m.Send(ctx, message())
		if err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v, %v", address, err, ctx.Err())
		}
		if strings.Contains(logged(err), ada) {
			t.Errorf("the address is in %q", logged(err))
		}
		cancel()
	}
}

// The server takes the mail and dies before the goodbye: it is theirs, and not sent again.
func TestTakenIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	s.answer(answers{hangUp: true})
	if err := dial(t, s.url("")).Send(t.Context(), message()); err != nil {
		t.Error(err)
	}
	s.only(t)
}

func TestEncryptionAndPassword(t *testing.T) {
	t.Parallel()
	for _, kind := range []serverKind{startTLS, implicitTLS} {
		s := newServer(t, kind)
		if err := dial(t, s.url("box:s3cr3t")).Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
		if got := s.only(t); !got.encrypted || got.user != "box" {
			t.Errorf("encrypted %v, as %q", got.encrypted, got.user)
		}
	}
	// Without encryption the password stays here, and the mail too.
	s := newServer(t, plain)
	err := dial(t, s.url("box:s3cr3t")).Send(t.Context(), message())
	if err == nil || strings.Contains(err.Error(), "s3cr3t") || len(s.received()) != 0 || s.sawPassword() {
		t.Errorf("%v", err)
	}
	s = newServer(t, startTLS)
	err = dial(t, s.url("box:wr0ng")).Send(t.Context(), message())
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a wrong password heals with the settings: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	m := dial(t, s.url(""))
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if err := m.Send(t.Context(), message()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(s.received()); n != 12 {
		t.Errorf("%d mails", n)
	}
}

func TestMailerSettings(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"http://x", "smtp://", "localhost:25", "smtp://u:p4ssw0rd@h:x", "smtp://u:p4ssw0rd@%zz", "smtp://h/path", "smtp://h:99999"} {
		if _, err := NewMailer(bad, t.TempDir(), boxOffice); err == nil || strings.Contains(err.Error(), "p4ssw0rd") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := NewMailer("smtp://localhost", "", "no address"); err == nil {
		t.Error("a sender without address")
	}
	for address, want := range map[string]string{
		"smtp://mail.example": "mail.example:25", "smtp://u:p@mail.example": "mail.example:587", "smtps://mail.example/": "mail.example:465", "smtp://[::1]:2525": "[::1]:2525",
	} {
		m, err := NewMailer(address, "", boxOffice)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.(*smtpMailer).client.ServerAddr(); got != want {
			t.Errorf("%s is %s", address, got)
		}
	}
}

func TestOutboxFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := NewMailer("", dir, boxOffice)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "outbox"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "20270309T100000Z-0198c0de-0000-7000-8000-000000000001.eml" {
		t.Fatalf("%v, %v", entries, err)
	}
	path := filepath.Join(dir, "outbox", entries[0].Name())
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode() != 0o700|fs.ModeDir {
		t.Errorf("%v, %v", info, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if h, parts := readMail(t, content); header(t, h, "Subject") != message().Subject || len(parts) != 4 {
		t.Errorf("%v %q", h, parts)
	}
	// A disk that takes nothing: an error, and no half file.
	full, err := NewMailer("", t.TempDir(), boxOffice)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(full.(*outbox).dir); err != nil {
		t.Fatal(err)
	}
	if err := full.Send(t.Context(), message()); err == nil {
		t.Error("written nowhere")
	}
}

// From the promise to the server and back to the outbox page, through every kind of answer.
func TestMailThroughAServer(t *testing.T) {
	t.Parallel()
	s := newServer(t, plain)
	k := newKit(t).with(dial(t, s.url("")))
	order := k.order()
	id := k.ready(order)
	s.answer(answers{rcpt: &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "later"}})
	k.Kit.Clock.Advance(k.attempt(id))
	if r := k.row(id); r.Status != "queued" || r.LastError != "450 4.2.0 later" {
		t.Errorf("%+v", r)
	}
	s.answer(answers{})
	k.attempt(id)
	got := s.only(t)
	h, parts := readMail(t, got.data)
	if h.Get("Message-ID") != "<"+id.String()+"@example.org>" || !strings.Contains(parts["text/plain"], "Row F, seat 12 · Parkett") || k.row(id).Status != "sent" {
		t.Errorf("%v %q", h, parts)
	}
	refused := k.ready(k.order())
	s.answer(answers{rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "unknown"}})
	if d := k.attempt(refused); d != 0 || k.row(refused).Status != "failed" || k.row(refused).LastError != "550 5.1.1 unknown" {
		t.Errorf("%+v", k.row(refused))
	}
}
