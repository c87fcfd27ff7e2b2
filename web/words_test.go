package web

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"fairseat/app/words"
)

// inPlainEnglish are the folders whose pages need no catalogue: staff read English.
var inPlainEnglish = []string{"admin"}

var (
	unread = regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>|<!--.*?-->`)
	tags   = regexp.MustCompile(`(?s)<[^>]*>`)
	spoken = regexp.MustCompile(`\b(aria-label|alt|title|placeholder|label|summary)="([^"]*)"`)
	letter = regexp.MustCompile(`\pL`)
	latin  = regexp.MustCompile(`[A-Za-z]+`)
)

// said are the texts of a page that people read or hear.
func said(page string) []string {
	page = unread.ReplaceAllString(page, "")
	var texts []string
	for _, m := range spoken.FindAllStringSubmatch(page, -1) {
		texts = append(texts, html.UnescapeString(m[2]))
	}
	for text := range strings.SplitSeq(tags.ReplaceAllString(page, "\x00"), "\x00") {
		if text = strings.TrimSpace(html.UnescapeString(text)); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// source is a template's own text, all branches one after another, with nothing where it says something.
func source(n parse.Node, out *strings.Builder) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				source(child, out)
			}
		}
	case *parse.TextNode:
		out.Write(n.Text)
	case *parse.IfNode:
		source(n.List, out)
		source(n.ElseList, out)
	case *parse.RangeNode:
		source(n.List, out)
		source(n.ElseList, out)
	case *parse.WithNode:
		source(n.List, out)
		source(n.ElseList, out)
	}
}

// No template says anything that is not from a catalogue, in whatever branch.
func TestTemplatesHoldNoWords(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range p.pages {
		if slices.Contains(inPlainEnglish, path.Dir(name)) {
			continue
		}
		for _, part := range page.Templates() {
			if part.Tree == nil || part.Name() == "class" { // stands inside of an attribute
				continue
			}
			var text strings.Builder
			source(part.Tree.Root, &text)
			for _, words := range said(text.String()) {
				if letter.MatchString(words) {
					t.Errorf("%s, in %s: %q is not from a catalogue", name, part.Name(), words)
				}
			}
		}
	}
}

// A made-up language shows what came from elsewhere: data here has no Latin letter.
func TestPagesSpeakTheLanguageOfTheCatalogue(t *testing.T) {
	p, err := load(func(c *words.Catalogue) *words.Catalogue { return c.Pseudo() })
	if err != nil {
		t.Fatal(err)
	}
	event := struct {
		Slug, Name, Venue, Timezone, Description, TermsURL, Contact, PlanVersion string
		StartsAt                                                                 time.Time
		MaxPerBuyer                                                              int
	}{"μ", "Μουσική", "Αίθουσα", "America/Sao_Paulo", "Δύο ώρες", "https://example.org", "12 34", "1", time.Date(2027, 5, 1, 18, 0, 0, 0, time.UTC), 4}
	type price struct {
		ID, Label, Price string
		Free             int
		Known            bool
		Chance           string
		Locked           bool
	}
	type text struct{ Class, Text string }
	whole := map[string]any{
		"Test": true, "Accent": "", "Event": event, "Locked": true, "StartsAt": "2027-05-01T18:00:00Z", "Mail": false, "Token": "τ",
		"Prices": []price{{"α", "Πλατεία", "42", 3, true, "Χ", true}, {"β", "Εξώστης", "21", 1, true, "", false}, {"γ", "Θεωρείο", "63", 0, true, "", false}},
		"Door":   "Δ", "Lead": "Λ", "Open": true, "Refused": "Ρ", "Lines": []text{{"big", "Μ"}}, "Bar": true, "Share": 300,
		"Reason": "Ρ", "Message": "Μ", "Refresh": true, "State": "waiting",
		"Keeps": true, "Returns": false, "Outlook": "Χ", "Link": "μ", "Mailed": "Μ", "Typed": "τ",
		"Events": []map[string]any{{"Event": event, "Phase": "open", "Said": "Σ", "From": "42"}},
		"Title":  "Τ", "Detail": "Λ", "ID": "1",
	}
	none := maps.Clone(whole)
	none["Events"] = nil
	states := map[string][]map[string]any{"events/list": {whole, none}, "waiting/event": {whole}, "problem/page": {whole}, "waiting/hand": {whole}}
	for _, state := range []string{"waiting", "your-turn", "admitted", "done", "busy"} {
		data := maps.Clone(whole)
		data["State"] = state
		states["waiting/place"] = append(states["waiting/place"], data)
	}
	for name, all := range states {
		for _, data := range all {
			var page bytes.Buffer
			if err := p.Render(&page, name, data); err != nil {
				t.Fatal(err)
			}
			texts := said(page.String())
			if len(texts) < 5 {
				t.Errorf("%s says only %q", name, texts)
			}
			for _, text := range texts {
				if found := latin.FindString(text); found != "" {
					t.Errorf("%s (%v): %q of %q is not from the catalogue", name, data["State"], found, text)
				}
			}
		}
	}
}

// What the test looks for, it finds.
func TestWordsOutsideAreSeen(t *testing.T) {
	got := fmt.Sprint(said(`<p class="note">Sold <b title="Out">out</b></p><script>const x = "no";</script><img alt="Hall"><!-- no -->`))
	if want := "[Out Hall Sold out]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
