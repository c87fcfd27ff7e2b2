package chaos

import (
	"io"
	"log"
	"net"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
)

// post is a mail server that keeps what it takes.
type post struct {
	addr string
	mode atomic.Value // "", "busy", "refuses", "hangs up"
	mu   sync.Mutex
	got  map[string]int // Message-ID without its domain → how often
}

var messageID = regexp.MustCompile(`(?mi)^Message-ID: <([^@>]+)@`)

func openPost(t testing.TB) *post {
	t.Helper()
	p := &post{got: map[string]int{}}
	p.mode.Store("")
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		if p.mode.Load() == "busy" {
			return nil, &smtp.SMTPError{Code: 421, Message: "not now"}
		}
		return &postSession{p}, nil
	}))
	s.Domain, s.ErrorLog, s.EnableSMTPUTF8 = "mail.test", log.New(io.Discard, "", 0), true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return p
}

func (p *post) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[id] > 0
}

type postSession struct{ p *post }

func (s *postSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *postSession) Reset()                               {}
func (s *postSession) Logout() error                        { return nil }

func (s *postSession) Rcpt(string, *smtp.RcptOptions) error {
	if s.p.mode.Load() == "refuses" {
		return &smtp.SMTPError{Code: 451, Message: "try again later"}
	}
	return nil
}

func (s *postSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := messageID.FindSubmatch(data)
	if m == nil {
		return &smtp.SMTPError{Code: 554, Message: "no Message-ID"}
	}
	if s.p.mode.Load() == "hangs up" { // before it has taken anything
		return &smtp.SMTPError{Code: 452, Message: "no space"}
	}
	s.p.mu.Lock()
	s.p.got[string(m[1])]++
	s.p.mu.Unlock()
	return nil
}
