package words

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

var files = fstest.MapFS{
	"shared.json": {Data: []byte(`{"layout.full":"Monday 2 January 2006, 15:04","day.tuesday":"Mayday","month.march":"March 2006","hello":"Hello"}`)},
	"page.json":   {Data: []byte(`{"hello":"Hello {name}, {name}","seats.one":"{count} seat","seats.many":"{count} seats in {where}"}`)},
}

func read(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Read(files, "shared.json", "page.json")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSaysWhatIsWritten(t *testing.T) {
	c := read(t)
	for _, row := range []struct {
		want string
		say  func() (string, error)
	}{
		{"Hello {name}, {name}", func() (string, error) { return c.Say("hello", "name", "{name}") }}, // a value is not read again
		{"1 seat", func() (string, error) { return c.Plural("seats", 1) }},
		{"12,345 seats in F", func() (string, error) { return c.Plural("seats", 12345, "where", "F") }},
		// A name that reads like a part of a layout stays itself.
		{"Mayday 9 March 2006 2027, 11:30", func() (string, error) {
			return c.When("layout.full", time.Date(2027, 3, 9, 10, 30, 0, 0, time.UTC), "Europe/Berlin")
		}},
		{"", func() (string, error) { return c.When("layout.full", time.Time{}, "") }},
	} {
		if got, err := row.say(); err != nil || got != row.want {
			t.Errorf("want %q, got %q, %v", row.want, got, err)
		}
	}
	for name, wrong := range map[string]func() (string, error){
		"an unknown key":   func() (string, error) { return c.Say("nothing") },
		"half a pair":      func() (string, error) { return c.Say("hello", "name") },
		"a month unnamed":  func() (string, error) { return c.When("layout.full", time.Date(2027, 4, 6, 0, 0, 0, 0, time.UTC), "") },
		"a file not there": func() (string, error) { _, err := Read(files, "none.json"); return "", err },
	} {
		if _, err := wrong(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestPseudoLeavesNoLetterButPlaceholders(t *testing.T) {
	p := read(t).Pseudo()
	got, err := p.Plural("seats", 2, "where", "7")
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(got, func(r rune) bool { return r < unicode.MaxASCII && unicode.IsLetter(r) }) || !strings.HasPrefix(got, "2 ж") {
		t.Errorf("pseudo says %q", got)
	}
}

func TestScriptsGetTheirPart(t *testing.T) {
	if got, err := read(t).JSON("seats."); err != nil || string(got) != `{"seats.many":"{count} seats in {where}","seats.one":"{count} seat"}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1204: "1,204", 18530: "18,530", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := Number(n); got != want {
			t.Errorf("%d reads %q", n, got)
		}
	}
}
