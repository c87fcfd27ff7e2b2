package notification

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	netmail "net/mail"
	"strings"
	texttemplate "text/template"
	"unicode/utf8"

	"fairseat/app/colour"
)

// writer turns orders into subjects and bodies.
type writer struct {
	words sayings
	text  *texttemplate.Template
	html  *htmltemplate.Template
	trial bool
}

func newWriter(trial bool) *writer {
	w, err := loadWords()
	if err != nil {
		panic(err)
	}
	return newWriterOf(w, trial)
}

func newWriterOf(w sayings, trial bool) *writer {
	funcs := map[string]any{"t": w.Say, "plural": w.Plural}
	return &writer{
		words: w, trial: trial,
		text: texttemplate.Must(texttemplate.New("").Funcs(funcs).ParseFS(files, "templates/*.txt")),
		html: htmltemplate.Must(htmltemplate.New("").Funcs(funcs).ParseFS(files, "templates/*.html")),
	}
}

// content is what the templates see: the order with its texts fit for a line and its sentences said.
type content struct {
	Lang, Subject, Greeting, Contact string
	Preview, Filler                  string // what a list of mails shows after the subject, and what keeps the rest out of it
	Trial                            bool
	Accent                           colour.Accent
	Event, When, Venue, Code, Total  string
	OrderURL, Intro, Ends, Invoice   string
	Digits                           string // of a join code
	Lines                            []string
	Transfer                         *Transfer // fit for a line
	Until                            string    // that it has time
	Count                            int
	Tickets                          []seat
	Offered                          []string // seats held instead of those that went
	Way, Left, Word                  string   // of a refund: how the money goes, which tickets stay, what the organiser says
}

// seat is a ticket with its words.
type seat struct {
	Ticket
	Said string // "Row F, seat 12 · Stalls"
	Size string // of the seat's letters in HTML: as large as its length allows
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
		Total: line(d.Total), OrderURL: d.OrderURL, Invoice: line(d.Invoice), Digits: line(m.Data.Code), Count: len(d.Tickets),
		Filler: strings.Repeat("\u00a0\u200c", 80), Accent: accent(d.Accent),
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
	if m.Kind == kindAlarm {
		c.Event = said(w.words.Say("alarm.title"))
	}
	for _, l := range m.Data.Lines {
		c.Lines = append(c.Lines, clip(line(l), 400))
	}
	c.When = said(w.words.when(d.StartsAt, d.Timezone))
	for _, t := range d.Tickets {
		t.Seat, t.Category = line(t.Seat), line(t.Category)
		c.Tickets = append(c.Tickets, seat{Ticket: t, Said: said(w.seat(t)), Size: size(t.Seat)})
	}
	if m.Data.Reason == "event" {
		c.Word = line(d.Refunding)
	}
	c.Greeting = said(w.greeting(d.Buyer))
	c.Contact = said(w.contact(d.Contact))
	switch m.Kind {
	case kindRefund:
		c.Intro, c.Way, c.Left = said(w.words.refund(m.Data)), said(w.words.way(m.Data)), said(w.words.left(m.Data, c.Tickets))
	case kindListed, kindKept:
		c.Intro = said(w.words.Say(m.Kind+".intro", "seat", line(m.Data.From), "amount", line(m.Data.Amount)))
	case kindSent:
		c.Intro = said(w.words.Say("refund-sent.intro."+map[bool]string{true: "hand", false: "itself"}[m.Data.ByHand], "amount", line(m.Data.Amount)))
	case kindTransfer:
		if t := m.Data.Transfer; t != nil {
			c.Transfer = &Transfer{Holder: line(t.Holder), IBAN: line(t.IBAN), BIC: line(t.BIC), Amount: line(t.Amount)}
			c.Until = said(w.words.when(t.Until, d.Timezone))
		}
	case kindChanged:
		c.Intro = said(w.words.Plural("seat-changed.intro", c.Count, "from", line(m.Data.From), "to", line(m.Data.To)))
	case kindSwapOffer:
		c.Intro, c.Ends = said(w.words.swap(m.Data)), said(w.words.ends(m.Data, d.Timezone))
		for _, seat := range m.Data.Offered {
			c.Offered = append(c.Offered, line(seat))
		}
	}
	c.Subject = said(w.subject(m, c))
	c.Preview = said(w.preview(m, c))
	return c, err
}

func (w *writer) subject(m mail, c content) (string, error) {
	pairs := []any{"event", clip(c.Event, 80), "code", c.Code, "amount", line(m.Data.Amount)}
	var s string
	var err error
	switch void := len(m.Data.Void); {
	case m.Kind == kindTickets:
		s, err = w.words.Plural("tickets.subject", c.Count, pairs...)
	case m.Kind == kindRefund && m.Data.Reason == "resold":
		s, err = w.words.Say("refund.subject.resold", pairs...)
	case m.Kind == kindRefund && void > 0 && c.Count > 0:
		s, err = w.words.Plural("refund.subject.some", void, pairs...)
	case m.Kind == kindRefund && void > 0:
		s, err = w.words.Plural("refund.subject.all", void, pairs...)
	default:
		s, err = w.words.Say(m.Kind+".subject", pairs...)
	}
	if err != nil || !w.trial {
		return s, err
	}
	return w.words.Say("test.subject", "subject", s)
}

// promisedSubject stands in the outbox until the mail is written: the order may not be readable yet inside the
// transaction that promises it.
func (w *writer) promisedSubject(kind string) string {
	s, _ := w.words.Say(kind + ".promised") // the tests know the keys
	if w.trial {
		s, _ = w.words.Say("test.subject", "subject", s)
	}
	return s
}

func (w *writer) seat(t Ticket) (string, error) {
	switch {
	case t.AnyPlace && t.Category == "":
		return w.words.Say("place", "place", t.Seat)
	case t.AnyPlace:
		return w.words.Say("place.category", "place", t.Seat, "category", t.Category)
	case t.Category == "":
		return w.words.Say("seat", "seat", t.Seat)
	}
	return w.words.Say("seat.category", "seat", t.Seat, "category", t.Category)
}

// size keeps a long label from filling a phone's screen.
func size(label string) string {
	switch n := utf8.RuneCountInString(label); {
	case n <= 8:
		return "40px"
	case n <= 16:
		return "28px"
	}
	return "20px"
}

// preview is what a mail program shows after the subject, before the mail is opened.
func (w *writer) preview(m mail, c content) (string, error) {
	if m.Kind == kindRefund || m.Kind == kindSent {
		return clip(c.Intro, 140), nil
	}
	if m.Kind != kindTickets {
		return w.words.Say(m.Kind+".preview", "amount", line(m.Data.Amount), "to", line(m.Data.To))
	}
	var seats []string
	for _, t := range c.Tickets {
		seats = append(seats, t.Seat)
	}
	facts := []string{clip(strings.Join(seats, "; "), 60)}
	for _, fact := range []string{c.When, c.Venue} {
		if fact != "" {
			facts = append(facts, fact)
		}
	}
	return clip(strings.Join(facts, " · "), 140), nil
}

// accent is the event's colour made readable; one that is none gives the house's.
func accent(hex string) colour.Accent {
	a, err := colour.Parse(hex)
	if err != nil {
		a, _ = colour.Parse("")
	}
	return a
}

// greeting leaves a name out that could be a link: otherwise anybody could have us mail advertisements to strangers.
func (w *writer) greeting(name string) (string, error) {
	name = line(name)
	if name == "" || strings.Contains(name, "://") || strings.Contains(strings.ToLower(name), "www.") {
		return w.words.Say("greeting.nameless")
	}
	return w.words.Say("greeting", "name", clip(name, 80))
}

func (w *writer) contact(contact string) (string, error) {
	contact = line(contact)
	if contact == "" {
		return "", nil
	}
	if replyTo(contact) != nil {
		return w.words.Say("contact", "contact", contact)
	}
	return w.words.Say("contact.elsewhere", "contact", contact)
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
