package notification

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"fairseat/app/testkit"
)

type serverKind int

const (
	plain serverKind = iota
	startTLS
	implicitTLS
)

// answers is what the server says at each step; zero is yes.
type answers struct {
	hello, mail, rcpt, data error
	wait                    chan struct{} // before it answers to the content
	hangUp                  bool          // right after it has taken the mail
}

// letter is a mail the server took.
type letter struct {
	helo, from, user string
	to               []string
	data             []byte
	encrypted        bool
}

// server is a mail server in this process that answers as told.
type server struct {
	address string
	kind    serverKind
	mu      sync.Mutex
	told    answers
	letters []letter
	asked   bool // for a password
}

func newServer(t *testing.T, kind serverKind) *server {
	t.Helper()
	s := &server{kind: kind}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if err := s.now().hello; err != nil {
			return nil, err
		}
		return &session{server: s, conn: c}, nil
	}))
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog = "mail.test", true, log.New(io.Discard, "", 0)
	srv.EnableSMTPUTF8 = true
	if kind != plain {
		srv.TLSConfig = selfSigned(t)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	if kind == implicitTLS {
		l = tls.NewListener(l, srv.TLSConfig)
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

func (s *server) url(user string) string {
	if user != "" {
		user += "@"
	}
	if s.kind == implicitTLS {
		return "smtps://" + user + s.address
	}
	return "smtp://" + user + s.address
}

func (s *server) answer(a answers) { s.mu.Lock(); s.told = a; s.mu.Unlock() }

func (s *server) now() answers { s.mu.Lock(); defer s.mu.Unlock(); return s.told }

func (s *server) received() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

func (s *server) sawPassword() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.asked }

func (s *server) only(t *testing.T) letter {
	t.Helper()
	got := s.received()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	return got[0]
}

type session struct {
	server *server
	conn   *smtp.Conn
	letter letter
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.from = from
	return s.server.now().mail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.to = append(s.letter.to, to)
	return s.server.now().rcpt
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	a := s.server.now()
	if a.wait != nil {
		<-a.wait
	}
	if a.data != nil {
		return a.data
	}
	s.letter.data, s.letter.helo = data, s.conn.Hostname()
	_, s.letter.encrypted = s.conn.TLSConnectionState()
	s.server.mu.Lock()
	s.server.letters = append(s.server.letters, s.letter)
	s.server.mu.Unlock()
	return nil
}

// Reset comes after each mail, in answer to the client's RSET.
func (s *session) Reset() {
	if s.letter.data != nil && s.server.now().hangUp {
		_ = s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	s.server.mu.Lock()
	s.server.asked = true
	s.server.mu.Unlock()
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "box" || password != "s3cr3t" {
			return errors.New("wrong password")
		}
		s.letter.user = user
		return nil
	}), nil
}

// selfSigned is a certificate that nobody vouches for, as a relay on the same machine has it.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: testkit.Start.AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
