package document

import (
	"fmt"
	"time"

	"fairseat/app/words"
)

// language names the only catalogue so far; a ticket in another language needs another file beside it.
const language = "en"

// lexicon says what a document says. It keeps the first thing that went wrong, so that a drawing asks for err once, at
// its end, and may go on in between.
type lexicon struct {
	*words.Catalogue
	err error
}

// newLexicon reads the catalogue anew for each document: some thirty microseconds, and nothing shared.
func newLexicon() (*lexicon, error) {
	c, err := words.Read(files, "words."+language+".json")
	if err != nil {
		return nil, fmt.Errorf("ticket: %w", err)
	}
	return &lexicon{Catalogue: c}, nil
}

// say is the text of a key, or "" and an error to be found in err.
func (l *lexicon) say(key string, pairs ...any) string {
	text, err := l.Say(key, pairs...)
	if l.err == nil {
		l.err = err
	}
	return text
}

// when is the start by the venue's own clock, for a person: "Tuesday 9 March 2027, 19:30 (Europe/Berlin)". It is empty
// when no start is announced.
func (l *lexicon) when(t Ticket) string {
	if t.StartsAt.IsZero() {
		return ""
	}
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		zone = time.UTC
	}
	when, err := l.When("layout.when", t.StartsAt, zone.String())
	if l.err == nil {
		l.err = err
	}
	return l.say("when.zone", "when", when, "zone", zone.String())
}
