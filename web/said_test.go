package web

import (
	"io/fs"
	"path"
	"regexp"
	"testing"
)

// saidKey is a key of a catalogue as scripts name it.
var saidKey = regexp.MustCompile(`['"]((?:js|room)\.[a-z0-9.-]+)['"]`)

// What scripts say stands in the catalogue of their folder: an unknown key would show itself to fans.
func TestScriptsSayWhatTheCatalogueHas(t *testing.T) {
	names, err := fs.Glob(files, "*/*.js")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range names {
		words, err := catalogueOf(path.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range saidKey.FindAllSubmatch(body, -1) {
			key := string(found[1])
			_, plain := words.Say(key)
			_, one := words.Say(key + ".one")
			_, many := words.Say(key + ".many")
			if plain != nil && (one != nil || many != nil) {
				t.Errorf("%s says %q, which no catalogue has", name, key)
			}
			seen++
		}
	}
	if seen < 30 {
		t.Errorf("only %d keys found", seen)
	}
}
