package notification

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"fairseat/app/testkit"
)

// readMail takes a raw mail apart as a mail program would: the headers, and the parts by their type.
func readMail(t testing.TB, raw []byte) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	parts := map[string]string{}
	readPart(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, parts)
	return m.Header, parts
}

func readPart(t testing.TB, kind, encoding string, body io.Reader, into map[string]string) {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatalf("%q: %v", kind, err)
	}
	if strings.HasPrefix(media, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			readPart(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, into)
		}
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	into[media] = strings.ReplaceAll(string(content), "\r\n", "\n")
}

func header(t testing.TB, h netmail.Header, name string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(h.Get(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func raw(t testing.TB, m *Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.encode().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func message() *Message {
	return &Message{
		ID: "0198c0de-0000-7000-8000-000000000001@example.org", At: time.Date(2027, 3, 9, 10, 0, 0, 0, time.UTC),
		From: netmail.Address{Name: "Kasse Köln", Address: "tickets@example.org"}, To: netmail.Address{Name: "Åsa Ünlü", Address: ada},
		ReplyTo: &netmail.Address{Address: "help@example.org"}, Subject: "Your ticket for Žižkov – Frühlingsfest · order K7QX2M4P",
		Text: "Hello Åsa,\n\nhere it is.\n", HTML: "<p>Hello Åsa</p>\n",
		Files: []File{{"tickets.pdf", "application/pdf", []byte("%PDF-1.3\n\x00\xff")}, {"event.ics", "text/calendar; charset=utf-8; method=PUBLISH", []byte("BEGIN:VCALENDAR\r\n")}},
	}
}

func TestMessageReadsBack(t *testing.T) {
	t.Parallel()
	h, parts := readMail(t, raw(t, message()))
	from, err := h.AddressList("From")
	if err != nil || from[0].Name != "Kasse Köln" || from[0].Address != "tickets@example.org" {
		t.Errorf("from %v, %v", from, err)
	}
	to, err := h.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != "Åsa Ünlü" || to[0].Address != ada {
		t.Errorf("to %v, %v", to, err)
	}
	if got := header(t, h, "Subject"); got != message().Subject {
		t.Errorf("subject %q", got)
	}
	date, err := h.Date()
	if err != nil || !date.Equal(message().At) {
		t.Errorf("date %v, %v", date, err)
	}
	for name, want := range map[string]string{
		"Message-ID": "<0198c0de-0000-7000-8000-000000000001@example.org>", "Reply-To": "<help@example.org>", "Auto-Submitted": "auto-generated",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	want := map[string]string{
		"text/plain": "Hello Åsa,\n\nhere it is.\n", "text/html": "<p>Hello Åsa</p>\n",
		"application/pdf": "%PDF-1.3\n\x00\xff", "text/calendar": "BEGIN:VCALENDAR\n",
	}
	if !maps.Equal(parts, want) {
		t.Errorf("parts %q", parts)
	}
}

// Nothing typed by a stranger ever makes a header, ends one, or changes who gets the mail.
func FuzzMessageHeaders(f *testing.F) {
	for _, s := range []string{
		"", "Ada", "Ada\r\nBcc: all@x.org", "Ada\nBcc: all@x.org\n\nbody", "\x00", "=?utf-8?q?=0D=0ABcc:_x@y?=", `"quoted" \ back`, "<a@b>, c@d",
		strings.Repeat("long ", 400), strings.Repeat("ü", 500), "\u2028Bcc: x", "\x85Bcc: x", "\xff\r\n.", "\u202eknab", "a,b;c:d", strings.Repeat("x", 2000),
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, subject string) {
		m := message()
		m.To.Name, m.From.Name, m.Subject = name, name, subject
		h, parts := readMail(t, raw(t, m))
		known := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To"}
		if names := slices.Sorted(maps.Keys(h)); !slices.Equal(names, known) {
			t.Errorf("headers %v", names)
		}
		for name, values := range h {
			if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") {
				t.Errorf("%s: %q", name, values)
			}
		}
		to, err := h.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != ada {
			t.Errorf("to %v, %v", to, err)
		}
		if len(parts) != 4 || parts["text/plain"] != m.Text {
			t.Errorf("parts %q", parts)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{ada, "a@x\r\nb", "a@[127.0.0.1]", `"a b"@x.org`, "ü@ü.example", "a@x.org> SIZE=1", "a@x_y.org", "a@-x.org", "@", "a@b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAddress(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, " \t\r\n\x00<>\"") {
			t.Errorf("%q became %q", s, got)
		}
		if again, err := parseAddress(got); err != nil || again != got {
			t.Errorf("%q became %q, which becomes %q, %v", s, got, again, err)
		}
	})
}

var allKinds = []string{kindTickets, kindChanged, kindOrderLink, kindRefund, kindSent, kindEventOff, kindListed, kindKept, kindSwapOffer, kindTransfer, kindJoinCode, kindPlaceLink, kindYourTurn, kindAlarm}

func TestMailsReadAsWritten(t *testing.T) {
	t.Parallel()
	one := paid()
	one.Tickets = one.Tickets[:1]
	none := paid()
	none.Tickets, none.Refunding = nil, "The band is ill. We are sorry."
	until := time.Date(2027, 3, 1, 10, 2, 0, 0, time.UTC)
	bare := OrderDocument{Code: "X", EventName: "דנה & <b>Friends</b>", Buyer: "Visit https://evil.example", Contact: "0221 / 12345", OrderURL: "https://t.example/o"}
	event := OrderDocument{EventName: "Spring Gala", Venue: "Große Halle, Köln", Timezone: "Europe/Berlin",
		StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), Contact: "help@example.org"}
	for name, c := range map[string]struct {
		trial bool
		mail  mail
		order OrderDocument
	}{
		"tickets":       {false, mail{Kind: kindTickets}, paid()},
		"tickets-trial": {true, mail{Kind: kindTickets}, one},
		"seat-changed":  {false, mail{Kind: kindChanged, Data: mailData{From: "Row F, seat 12", To: "Row A, seat 3"}}, one},
		"order-link":    {false, mail{Kind: kindOrderLink, Data: mailData{URL: "https://t.example/orders/1#t=secret"}}, paid()},
		"order-bare":    {true, mail{Kind: kindOrderLink}, bare},
		"join-code":     {true, mail{Kind: kindJoinCode, Data: mailData{Code: "042917", URL: "https://t.example/events/gala#m=secret"}}, event},
		"place-link":    {false, mail{Kind: kindPlaceLink, Data: mailData{URL: "https://t.example/events/gala#p=secret"}}, event},
		"your-turn":     {false, mail{Kind: kindYourTurn, Data: mailData{URL: "https://t.example/events/gala#p=secret"}}, event},
		"alarm": {false, mail{Kind: kindAlarm, Data: mailData{URL: "https://t.example/admin/audit",
			Lines: []string{"a seat has one live claim: event 1: seat 7 has 2 live claims", "no payment or refund is stuck: order 42 <b>"}}}, OrderDocument{}},
		"swap-offer": {false, mail{Kind: kindSwapOffer, Data: mailData{URL: "https://t.example/orders/1#t=secret", Gone: []string{"Row A, seat 3"},
			Offered: []string{"Row B, seat 4"}, Until: &until}}, paid()},
		"transfer": {false, mail{Kind: kindTransfer, Data: mailData{Amount: "85.00 EUR", Transfer: &Transfer{Holder: "Old Hall e.V.", IBAN: "DE89 3704 0044 0532 0130 00",
			BIC: "COBADEFFXXX", Amount: "85.00 EUR", Until: time.Date(2027, 3, 1, 18, 30, 0, 0, time.UTC)}}}, paid()},
		"refund":         {false, mail{Kind: kindRefund, Data: mailData{Amount: "85.00 EUR", Reason: "late"}}, paid()},
		"refund-some":    {false, mail{Kind: kindRefund, Data: mailData{Amount: "42.50 EUR", Reason: "staff", ByHand: true, Void: []string{"Row A, seat 3"}}}, one},
		"refund-event":   {false, mail{Kind: kindRefund, Data: mailData{Amount: "85.00 EUR", Reason: "event", Void: []string{"Row F, seat 12", "Row F, seat 13"}}}, none},
		"refund-sent":    {false, mail{Kind: kindSent, Data: mailData{Amount: "85.00 EUR", ByHand: true}}, none},
		"listed":         {false, mail{Kind: kindListed, Data: mailData{From: "Row A, seat 3", Amount: "42.50 EUR"}}, one},
		"kept":           {true, mail{Kind: kindKept, Data: mailData{From: "Row A, seat 3"}}, one},
		"resold":         {false, mail{Kind: kindRefund, Data: mailData{Amount: "42.50 EUR", Reason: "resold", Void: []string{"Row A, seat 3"}}}, one},
		"event-refunded": {false, mail{Kind: kindEventOff, Data: mailData{Reason: "event"}}, none},
	} {
		subject, text, body, err := newWriter(c.trial).write(c.mail, c.order)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name+".txt", []byte("Subject: "+subject+"\n\n"+text))
		testkit.Golden(t, name+".html", []byte(body))
		if inText := strings.Contains(text, "TEST"); inText != c.trial || strings.Contains(subject, "TEST") != c.trial || strings.Contains(body, "TEST") != c.trial {
			t.Errorf("%s of trial %v: %q", name, c.trial, subject)
		}
	}
}

// What a stranger typed stays text in the HTML mail, and nothing is loaded from anywhere.
func TestHTMLMailIsInert(t *testing.T) {
	t.Parallel()
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	order := OrderDocument{Code: evil, Buyer: evil, EventName: evil, Refunding: evil, Venue: evil, Contact: evil, Total: evil, OrderURL: "javascript:alert(1)",
		Tickets: []Ticket{{Seat: evil, Category: evil, URL: "javascript:alert(1)"}}}
	for _, kind := range allKinds {
		_, _, body, err := newWriter(true).write(mail{Kind: kind, Data: mailData{Amount: evil, Code: evil, From: evil, To: evil, Gone: []string{evil}, Offered: []string{evil}, Void: []string{evil}, Reason: "event"}}, order)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "img" || n.Data == "link") {
				t.Errorf("%s: <%s>", kind, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s: <%s %s=%q>", kind, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

func TestPlaceholdersInNamesStayNames(t *testing.T) {
	t.Parallel()
	order := paid()
	order.EventName, order.Buyer = "{code} {count}", "{name}"
	subject, text, _, err := newWriter(false).write(mail{Kind: kindTickets}, order)
	if err != nil || subject != "Your 2 tickets for {code} {count} · order K7QX2M4P" || !strings.Contains(text, "Hello {name},") {
		t.Errorf("%q %v", subject, err)
	}
}

// A ticket to a place of an area does not send anybody to look for a seat.
func TestPlacesAreNoSeats(t *testing.T) {
	t.Parallel()
	order := paid()
	order.Tickets = []Ticket{{Seat: "Floor 17", AnyPlace: true, Category: "Standing"}, {Seat: "Bar 2", AnyPlace: true}}
	_, text, body, err := newWriter(false).write(mail{Kind: kindTickets}, order)
	if err != nil || strings.Contains(text, "Seat Floor") || strings.Count(body, "Place, no numbered seat") != 2 ||
		!strings.Contains(text, "Floor 17 · Standing, no numbered seat") || !strings.Contains(text, "Bar 2, no numbered seat") {
		t.Errorf("%v\n%s\n%s", err, text, body)
	}
}

// catalogueKeys are the catalogue's keys, in order.
func catalogueKeys(t *testing.T) []string {
	t.Helper()
	raw, err := files.ReadFile("templates/words." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(texts))
}

// Every key that code or template asks for is in the catalogue, and nothing else is.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, kind := range allKinds {
		used[kind+".promised"] = true
		if kind != kindTickets {
			used[kind+".subject"] = true
		}
		if kind != kindTickets && kind != kindRefund && kind != kindSent {
			used[kind+".preview"] = true
		}
	}
	for _, key := range []string{"tickets.subject.one", "tickets.subject.many", "tickets.intro.one", "tickets.intro.many",
		"seat-changed.intro.one", "seat-changed.intro.many"} {
		used[key] = true
	}
	for _, key := range []string{"layout.when", "when.zone", "file.tickets", "file.event", "test.subject", "swap-offer.intro", "swap-offer.until", "alarm.title", "seat", "seat.category", "place", "place.category", "greeting", "greeting.nameless", "contact", "contact.elsewhere"} {
		used[key] = true
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		used["day."+strings.ToLower(day.String())] = true
	}
	for month := time.January; month <= time.December; month++ {
		used["month."+strings.ToLower(month.String())] = true
	}
	for reason, its := range refundReasons {
		if !its.void {
			used["refund.intro."+reason] = true
			continue
		}
		used["refund.intro."+reason+".one"], used["refund.intro."+reason+".many"] = true, true
	}
	for _, key := range []string{"intro.other", "intro.unnamed", "intro.void.one", "intro.void.many", "way.itself", "way.hand", "way.free", "left.one", "left.many",
		"subject.all.one", "subject.all.many", "subject.some.one", "subject.some.many", "subject.resold"} {
		used["refund."+key] = true
	}
	used["listed.intro"], used["kept.intro"] = true, true
	used["refund-sent.intro.hand"], used["refund-sent.intro.itself"] = true, true
	entries, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		source, err := files.ReadFile("templates/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{\{t "([^"]+)"`).FindAllSubmatch(source, -1) {
			used[string(m[1])] = true
		}
	}
	if got, want := catalogueKeys(t), slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
		t.Errorf("the catalogue has\n%v\nand used are\n%v", got, want)
	}
	if _, err := w.Say("no such key"); err == nil {
		t.Error("an unknown key is said")
	}
}

func TestMailCarriesTicketsAndCalendar(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	order := k.order()
	k.attempt(k.ready(order))
	unannounced := paid()
	unannounced.StartsAt = time.Time{}
	later := uuid.New()
	k.orders.set(later, unannounced)
	k.attempt(k.ready(later))
	got := k.mailer.messages()
	if len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	_, parts := readMail(t, raw(t, got[0]))
	if parts["application/pdf"] != "%PDF-1.3 "+order.String() || !strings.HasPrefix(parts["text/calendar"], "BEGIN:VCALENDAR") {
		t.Errorf("parts %q", parts)
	}
	if _, parts := readMail(t, raw(t, got[1])); len(parts) != 3 {
		t.Errorf("a calendar without a date: %q", parts)
	}
}
