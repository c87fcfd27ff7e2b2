package notification

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	netmail "net/mail"
	"strings"
	texttemplate "text/template"
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

// writer turns orders into subjects and bodies.
type writer struct {
	words words
	text  *texttemplate.Template
	html  *htmltemplate.Template
	trial bool
}

func newWriter(trial bool) *writer {
	w, err := loadWords(language)
	if err != nil {
		panic(err)
	}
	funcs := map[string]any{"t": w.say, "plural": w.plural}
	return &writer{
		words: w, trial: trial,
		text: texttemplate.Must(texttemplate.New("").Funcs(funcs).ParseFS(files, "templates/*.txt")),
		html: htmltemplate.Must(htmltemplate.New("").Funcs(funcs).ParseFS(files, "templates/*.html")),
	}
}

// content is what the templates see: the order with its texts fit for a line and its sentences said.
type content struct {
	Lang, Subject, Greeting, Contact string
	Trial                            bool
	Event, When, Venue, Code, Total  string
	OrderURL, Intro                  string
	Count                            int
	Tickets                          []Ticket // Seat with its words and its category
}

// write gives the subject and the two bodies of a mail.
func (w *writer) write(m mail, d OrderDocument) (subject, text, html string, err error) {
	c, err := w.content(m, d)
	if err != nil {
		return "", "", "", err
	}
	var t, h bytes.Buffer
	if err := w.text.ExecuteTemplate(&t, m.Kind+".txt", c); err != nil {
		return "", "", "", fmt.Errorf("write mail: %w", err)
	}
	if err := w.html.ExecuteTemplate(&h, m.Kind+".html", c); err != nil {
		return "", "", "", fmt.Errorf("write mail: %w", err)
	}
	return c.Subject, tidy(t.String()), h.String(), nil
}

func (w *writer) content(m mail, d OrderDocument) (c content, err error) {
	c = content{
		Lang: language, Trial: w.trial, Event: line(d.EventName), Venue: line(d.Venue), Code: line(d.Code),
		Total: line(d.Total), OrderURL: d.OrderURL, Count: len(d.Tickets),
	}
	if m.Data.URL != "" {
		c.OrderURL = m.Data.URL
	}
	// Each sentence keeps the first error, so that one look at the end is enough.
	said := func(s string, e error) string {
		if err == nil {
			err = e
		}
		return s
	}
	c.When = said(w.words.when(d.StartsAt, d.Timezone))
	for _, t := range d.Tickets {
		if t.Category == "" {
			t.Seat = said(w.words.say("seat", "seat", line(t.Seat)))
		} else {
			t.Seat = said(w.words.say("seat.category", "seat", line(t.Seat), "category", line(t.Category)))
		}
		c.Tickets = append(c.Tickets, t)
	}
	c.Greeting = said(w.greeting(d.Buyer))
	c.Contact = said(w.contact(d.Contact))
	if m.Kind == kindRefund {
		c.Intro = said(w.words.refund(m.Data))
	}
	c.Subject = said(w.subject(m.Kind, c))
	return c, err
}

func (w *writer) subject(kind string, c content) (string, error) {
	pairs := []any{"event", clip(c.Event, 80), "code", c.Code}
	var s string
	var err error
	if kind == kindTickets {
		s, err = w.words.plural("tickets.subject", c.Count, pairs...)
	} else {
		s, err = w.words.say(kind+".subject", pairs...)
	}
	if err != nil || !w.trial {
		return s, err
	}
	return w.words.say("test.subject", "subject", s)
}

// promisedSubject stands in the outbox until the mail is written: the order may not be readable yet inside the
// transaction that promises it.
func (w *writer) promisedSubject(kind string) string {
	s := w.words[kind+".promised"]
	if w.trial {
		s, _ = w.words.say("test.subject", "subject", s) // the tests know the key
	}
	return s
}

// greeting leaves a name out that could be a link: otherwise anybody could have us mail advertisements to strangers.
func (w *writer) greeting(name string) (string, error) {
	name = line(name)
	if name == "" || strings.Contains(name, "://") || strings.Contains(strings.ToLower(name), "www.") {
		return w.words.say("greeting.nameless")
	}
	return w.words.say("greeting", "name", clip(name, 80))
}

func (w *writer) contact(contact string) (string, error) {
	contact = line(contact)
	if contact == "" {
		return "", nil
	}
	if replyTo(contact) != nil {
		return w.words.say("contact", "contact", contact)
	}
	return w.words.say("contact.elsewhere", "contact", contact)
}

// replyTo is where answers go: the organiser, if the contact is a mail address.
func replyTo(contact string) *netmail.Address {
	address, err := parseAddress(contact)
	if err != nil {
		return nil
	}
	return &netmail.Address{Address: address}
}

// tidy leaves no more than one empty line in a row, and none at the ends.
func tidy(s string) string {
	var out []string
	for l := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		l = strings.TrimRight(l, " ")
		if l == "" && len(out) > 0 && out[len(out)-1] == "" {
			continue
		}
		out = append(out, l)
	}
	return strings.Join(out, "\n") + "\n"
}
