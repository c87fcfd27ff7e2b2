package notification

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// files holds the templates, and the words of each language in one catalogue.
//
//go:embed templates
var files embed.FS

// language is the only catalogue so far; a mail in another language needs another file beside it.
const language = "en"

// words is a catalogue: key → text with {placeholders}. No template and no code holds a sentence of its own.
type words map[string]string

func loadWords(lang string) (words, error) {
	raw, err := files.ReadFile("templates/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	var w words
	if err := json.Unmarshal(raw, &w); err != nil {
		return nil, fmt.Errorf("words of %s: %w", lang, err)
	}
	return w, nil
}

// say is the text of a key with its placeholders filled from name, value pairs. A value is never read for further
// placeholders. An unknown key is an error, so that a template which asks for one cannot be sent.
func (w words) say(key string, pairs ...any) (string, error) {
	text, ok := w[key]
	if !ok {
		return "", fmt.Errorf("words: no %q", key)
	}
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("words: %q needs name, value pairs", key)
	}
	swaps := make([]string, len(pairs))
	for i := range pairs {
		swaps[i] = fmt.Sprint(pairs[i])
		if i%2 == 0 {
			swaps[i] = "{" + swaps[i] + "}"
		}
	}
	return strings.NewReplacer(swaps...).Replace(text), nil
}

// plural is say for one or many, with {count}.
func (w words) plural(key string, n int, pairs ...any) (string, error) {
	form := ".many"
	if n == 1 {
		form = ".one"
	}
	return w.say(key+form, append(pairs, "count", strconv.Itoa(n))...)
}

// refund says why money goes back; a reason without words of its own gets plain ones.
func (w words) refund(d mailData) (string, error) {
	key := "refund.intro.other"
	switch d.Reason {
	case "late":
		key = "refund.intro.late"
	case "wrong-amount":
		key = "refund.intro.wrong-amount"
	case "second-payment":
		key = "refund.intro.second-payment"
	case "staff":
		key = "refund.intro.staff"
	}
	return w.say(key, "amount", line(d.Amount))
}

// when is a moment by the venue's own clock, or "" for none.
func (w words) when(t time.Time, timezone string) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	zone, err := time.LoadLocation(timezone)
	if err != nil {
		zone = time.UTC
	}
	layout, err := w.say("time.layout")
	return t.In(zone).Format(layout) + " (" + zone.String() + ")", err
}
