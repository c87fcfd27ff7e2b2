package app

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"fairseat/modules/seating"
)

// Whatever an importer reports, the desk has words for it.
func TestEveryFaultHasWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../modules/seating/plan/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.(?:add|unusable|fail)\("([a-z0-9]+(?:-[a-z0-9]+)+|hidden)", `).FindAllSubmatch(text, -1) {
			found++
			if words := faultWords[string(m[1])]; words[0] == "" || words[1] == "" {
				t.Errorf("%s: no words for %s", filepath.Base(file), m[1])
			}
		}
	}
	for _, what := range []string{"seats", "rows", "zones", "areas", "points", "categories"} {
		if faultWords["too-many-"+what][0] == "" {
			t.Errorf("no words for too many %s", what)
		}
	}
	if found < 40 {
		t.Errorf("only %d reports found in the source", found)
	}
}

// The picture is explained by the signs that are in it, and by no other.
func TestPlanLegend(t *testing.T) {
	t.Parallel()
	for want, made := range map[string]seating.ImportedPlan{
		"":                                 {Seats: 9, Tables: 1},
		"A square is an accessible seat.":  {Accessible: 2},
		"A hole is a note about the view.": {Notes: 1},
		"A square is an accessible seat, a hole is a note about the view.":                  {Accessible: 1, Notes: 1},
		"A square is an accessible seat, a bar joins an accessible seat and its companion.": {Accessible: 1, Companions: 1},
	} {
		if got := planLegend(&made); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestNameOfFile(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Old Hall.svg.gz": "Old Hall", "C:\\plans\\Halle.csv": "Halle", "../x.json": "x", "plan": "plan", "": ""} {
		if got := nameOfFile(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
