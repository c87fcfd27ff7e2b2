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

// refund says why money goes back; a reason without words of its own gets plain ones.
func (s sayings) refund(d mailData) (string, error) {
	key := "refund.intro.other"
	switch d.Reason {
	case "late":
		key = "refund.intro.late"
	case "wrong-amount":
		key = "refund.intro.wrong-amount"
	case "second-payment":
		key = "refund.intro.second-payment"
	case "dispute":
		key = "refund.intro.dispute"
	case "difference":
		key = "refund.intro.difference"
	case "staff":
		key = "refund.intro.staff"
	case "swap":
		key = "refund.intro.swap"
	case "event":
		key = "refund.intro.event"
	}
	return s.Say(key, "amount", line(d.Amount))
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
