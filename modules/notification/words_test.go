package notification

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// In a made-up language no plain letter is left in any mail but those of the order's own data, which here has Greek
// ones: whatever a person reads comes from the catalogue.
func TestEveryWordComesFromTheCatalogue(t *testing.T) {
	t.Parallel()
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	pseudo := sayings{w.Pseudo()}
	ticket := Ticket{Seat: "Φ 12", URL: "https://x.example/t/1"}
	better := Ticket{Seat: "Φ 13", Category: "ΠΑΡΤΕΡ", URL: "https://x.example/t/2"}
	for _, buyer := range []string{"", "ΕΛΕΝΗ"} {
		for _, contact := range []string{"", "0221", "help@x.example"} {
			for _, tickets := range [][]Ticket{{ticket}, {ticket, better}} {
				order := OrderDocument{
					Code: "7", Buyer: buyer, OrderURL: "https://x.example/orders/1#t=key", Invoice: "7", EventName: "ΓΑΛΑ", Venue: "ΑΘΗΝΑ", Timezone: "Europe/Berlin",
					StartsAt: time.Date(2027, 3, 9, 18, 30, 0, 0, time.UTC), Contact: contact, Total: "85.00 €", Tickets: tickets,
				}
				mails := []mail{{Kind: kindTickets}, {Kind: kindOrderLink}, {Kind: kindJoinCode, Data: mailData{Code: "123456"}},
					{Kind: kindPlaceLink}, {Kind: kindYourTurn}, {Kind: kindAlarm, Data: mailData{Lines: []string{"ΔΥΟ"}}},
					{Kind: kindSwapOffer, Data: mailData{Gone: []string{"Φ 12"}, Offered: []string{"Φ 13"}}}}
				for _, reason := range []string{"late", "dispute", "difference", "wrong-amount", "second-payment", "staff", "", "unheard of"} {
					mails = append(mails, mail{Kind: kindRefund, Data: mailData{Amount: "42.50 €", Reason: reason}})
				}
				for _, m := range mails {
					for _, trial := range []bool{false, true} {
						subject, text, body, err := newWriterOf(pseudo, trial).write(m, order)
						if err != nil {
							t.Fatal(err)
						}
						for where, said := range map[string]string{"subject": subject, "text": text, "HTML": readable(t, body)} {
							checkForeign(t, fmt.Sprintf("%s of %s %s", where, m.Kind, m.Data.Reason), said, order)
						}
					}
				}
			}
		}
	}
	for _, kind := range allKinds {
		checkForeign(t, "promise of "+kind, newWriterOf(pseudo, true).promisedSubject(kind), OrderDocument{})
	}
}

// checkForeign fails on a letter that is neither the catalogue's nor the order's.
func checkForeign(t *testing.T, where, said string, order OrderDocument) {
	t.Helper()
	rest := said
	data := []string{order.OrderURL, order.Timezone, order.Contact}
	for _, ticket := range order.Tickets {
		data = append(data, ticket.URL)
	}
	for _, d := range data {
		if d != "" {
			rest = strings.ReplaceAll(rest, d, "")
		}
	}
	if word := regexp.MustCompile(`[A-Za-z]+`).FindString(rest); word != "" {
		t.Errorf("the %s says %q, which is in no catalogue:\n%s", where, word, said)
	}
	if !strings.ContainsAny(rest, "жЖ") {
		t.Errorf("the %s says nothing of the catalogue's: %q", where, said)
	}
}

// readable is all that an HTML mail says to a person, on the screen or aloud.
func readable(t *testing.T, body string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && strings.TrimSpace(n.Data) != "" {
			out = append(out, n.Data)
		}
		for _, a := range n.Attr {
			if slices.Contains([]string{"aria-label", "title", "alt"}, a.Key) {
				out = append(out, a.Val)
			}
		}
	}
	return strings.Join(out, "\n")
}

// The event's colour stands in the mail, and whatever it is, the text on it can be read; what is no colour is the house's.
func TestMailHasTheEventsColour(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][]string{
		"#c2185b": {`bgcolor="#c2185b"`, "color:#ffffff"}, "": {`bgcolor="#1f5fbf"`}, "red;}": {`bgcolor="#1f5fbf"`},
	} {
		order := paid()
		order.Accent = given
		_, _, body, err := newWriter(false).write(mail{Kind: kindTickets}, order)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("the mail of %q lacks %s", given, w)
			}
		}
		if strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "red;}") {
			t.Errorf("%q reached the style", given)
		}
	}
}
