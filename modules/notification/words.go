package notification

import (
	"embed"
	"strings"
	"time"

	"fairseat/app/words"
)

// files holds the templates, and the words of each language in one catalogue.
//
//go:embed templates
var files embed.FS

// language is the only catalogue so far; a mail in another language needs another file beside it.
const language = "en"

// sayings are the catalogue, and the choices between its sentences that a mail has to make. No template and no code
// holds a sentence of its own.
type sayings struct{ *words.Catalogue }

func loadWords() (sayings, error) {
	c, err := words.Read(files, "templates/words."+language+".json")
	return sayings{c}, err
}

// refundReasons are the reasons for which money goes back that have words of their own; those of void tickets tell one from
// many.
var refundReasons = map[string]struct{ void bool }{
	"late": {}, "wrong-amount": {}, "second-payment": {}, "overpaid": {}, "difference": {}, "swap": {}, "staff": {true}, "event": {true}, "dispute": {true}, "resold": {true}, "free": {true},
}

// refund says why money goes back, and which tickets are void; a reason without words of its own gets plain ones.
func (s sayings) refund(d mailData) (string, error) {
	reason, known := refundReasons[d.Reason]
	switch {
	case known && reason.void && len(d.Void) == 0 && d.Reason != "dispute":
		return s.Say("refund.intro.unnamed") // written by a program that did not say which
	case known && reason.void:
		return s.Plural("refund.intro."+d.Reason, max(1, len(d.Void)), "seats", seatList(d.Void), "amount", line(d.Amount))
	case known:
		return s.Say("refund.intro." + d.Reason)
	case len(d.Void) > 0:
		return s.Plural("refund.intro.void", len(d.Void), "seats", seatList(d.Void))
	}
	return s.Say("refund.intro.other")
}

// way says how money goes back: by itself, by hand, or, as nothing was paid or the bank has it already, not at all.
func (s sayings) way(d mailData) (string, error) {
	switch {
	case d.Reason == "dispute":
		return "", nil
	case d.Amount == "":
		return s.Say("refund.way.free")
	case d.ByHand:
		return s.Say("refund.way.hand", "amount", line(d.Amount))
	}
	return s.Say("refund.way.itself", "amount", line(d.Amount))
}

// left says which tickets of an order that lost some stay good.
func (s sayings) left(d mailData, tickets []seat) (string, error) {
	if len(d.Void) == 0 || len(tickets) == 0 {
		return "", nil
	}
	names := make([]string, len(tickets))
	for i, t := range tickets {
		names[i] = t.Seat
	}
	return s.Plural("refund.left", len(names), "seats", seatList(names))
}

// seatList is "Row A, seat 1; Row A, seat 2", cut where nobody reads on.
func seatList(names []string) string {
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = line(name)
	}
	return clip(strings.Join(lines, "; "), 400)
}

// swap says which seats went.
func (s sayings) swap(d mailData) (string, error) {
	gone := make([]string, len(d.Gone))
	for i, seat := range d.Gone {
		gone[i] = line(seat)
	}
	return s.Say("swap-offer.intro", "gone", clip(strings.Join(gone, "; "), 120))
}

// ends says until when seats are held, and what happens then.
func (s sayings) ends(d mailData, timezone string) (string, error) {
	until := ""
	if d.Until != nil {
		var err error
		if until, err = s.when(*d.Until, timezone); err != nil {
			return "", err
		}
	}
	return s.Say("swap-offer.until", "until", until)
}

// when is a moment by the venue's own clock, or "" for none.
func (s sayings) when(t time.Time, timezone string) (string, error) {
	zone, err := time.LoadLocation(timezone)
	if err != nil {
		zone = time.UTC
	}
	when, err := s.When("layout.when", t, zone.String())
	if err != nil || when == "" {
		return "", err
	}
	return s.Say("when.zone", "when", when, "zone", zone.String())
}
