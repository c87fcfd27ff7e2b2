// Package words is a catalogue of what the product says to people, one file a language: key → text with {placeholders}.
// Mails and pages take every sentence from one, so that another language is another file.
package words

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Catalogue is the words of one language; it is immutable.
type Catalogue struct{ texts map[string]string }

// Read reads catalogues, each a flat JSON object; the words of a later file win. An error is a mistake in the files.
func Read(files fs.FS, names ...string) (*Catalogue, error) {
	c := &Catalogue{map[string]string{}}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("words: %w", err)
		}
		if err := json.Unmarshal(raw, &c.texts); err != nil {
			return nil, fmt.Errorf("words of %s: %w", name, err)
		}
	}
	return c, nil
}

// Say is the text of a key with its placeholders filled from name, value pairs. A value is never read for further
// placeholders. An unknown key is an error, so that nothing which asks for one can be shown.
func (c *Catalogue) Say(key string, pairs ...any) (string, error) {
	text, ok := c.texts[key]
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

// Plural is Say for one (key.one) or many (key.many), with {count}.
func (c *Catalogue) Plural(key string, n int, pairs ...any) (string, error) {
	form := ".many"
	if n == 1 {
		form = ".one"
	}
	return c.Say(key+form, append(pairs, "count", Number(int64(n)))...)
}

// When is a moment by the venue's own clock, in the layout of a key whose text is a layout of package time; names of
// days and months are the catalogue's ("day.monday", "month.january"). It is "" for no moment; an unknown zone is UTC.
func (c *Catalogue) When(key string, t time.Time, timezone string) (string, error) {
	if t.IsZero() {
		return "", nil
	}
	zone, err := time.LoadLocation(timezone)
	if err != nil {
		zone = time.UTC
	}
	t = t.In(zone)
	layout, err := c.Say(key)
	if err != nil {
		return "", err
	}
	day, err := c.Say("day." + strings.ToLower(t.Weekday().String()))
	if err != nil {
		return "", err
	}
	month, err := c.Say("month." + strings.ToLower(t.Month().String()))
	if err != nil {
		return "", err
	}
	// Names stand for themselves: put in after formatting, they cannot be taken for a part of the layout.
	text := t.Format(strings.NewReplacer("Monday", "\x01", "January", "\x02").Replace(layout))
	return strings.NewReplacer("\x01", day, "\x02", month).Replace(text), nil
}

// JSON is the part of the catalogue whose keys begin with prefix, for scripts.
func (c *Catalogue) JSON(prefix string) ([]byte, error) {
	part := maps.Clone(c.texts)
	maps.DeleteFunc(part, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return json.Marshal(part)
}

// Pseudo is a made-up language for tests: every letter outside placeholders and layouts is replaced by another one, so that
// a plain letter in what is shown did not come from here.
func (c *Catalogue) Pseudo() *Catalogue {
	out := make(map[string]string, len(c.texts))
	for key, text := range c.texts {
		if strings.HasPrefix(key, "layout.") {
			out[key] = text
			continue
		}
		inside := 0
		out[key] = strings.Map(func(r rune) rune {
			switch {
			case r == '{':
				inside++
			case r == '}':
				inside--
			case inside == 0 && unicode.IsUpper(r):
				return 'Ж'
			case inside == 0 && unicode.IsLetter(r):
				return 'ж'
			}
			return r
		}, text)
	}
	return &Catalogue{out}
}

// Number is a whole number as people read it: 18,530.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var out []byte
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return sign + string(out)
}
