package notification

import (
	"bytes"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Message is a mail ready to leave. Sent twice it has the same ID and date, so that whoever reads it can see that it is
// one.
type Message struct {
	ID      string // without angle brackets: "0198…@example.org"
	At      time.Time
	From    netmail.Address
	To      netmail.Address
	ReplyTo *netmail.Address
	Subject string
	Text    string
	HTML    string
	Files   []File
}

// File is an attachment.
type File struct {
	Name string
	Type string // "application/pdf"
	Data []byte
}

// encode is the message as go-mail sends and writes it: text and HTML as alternatives, then the files.
func (m *Message) encode() *gomail.Msg {
	// Its own boundaries stay random: one given by hand would be used for both levels, and no reader could tell them apart.
	raw := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	raw.SetMessageIDWithValue(m.ID)
	raw.SetDateWithValue(m.At)
	raw.FromMailAddress(displayed(m.From))
	raw.ToMailAddress(displayed(m.To))
	if m.ReplyTo != nil {
		raw.ReplyToMailAddress(m.ReplyTo)
	}
	raw.Subject(line(m.Subject))
	raw.SetGenHeader("Auto-Submitted", "auto-generated") // out-of-office programs keep quiet
	raw.SetBodyString(gomail.TypeTextPlain, m.Text)
	raw.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, f := range m.Files {
		raw.AttachReadSeeker(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type)))
	}
	return raw
}

// displayed is an address with a name that survives every mail program: quotes and backslashes are left out, because the
// standard library lets them through into encoded words, where they do not belong.
func displayed(a netmail.Address) *netmail.Address {
	return &netmail.Address{Name: line(strings.Map(func(r rune) rune {
		if r == '\\' || r == '"' {
			return -1
		}
		return r
	}, a.Name)), Address: a.Address}
}
