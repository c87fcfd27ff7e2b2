package web

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestModulesNameOneAnotherByContent(t *testing.T) {
	files := fstest.MapFS{
		"a/page.js":   {Data: []byte("import { x } from '../b/x.js';\nconst y = await import('./y.js');\nimport './y.js';\n")},
		"a/y.js":      {Data: []byte("export const y = 1;\n")},
		"b/x.js":      {Data: []byte("export { y as x } from \"../a/y.js\";\n")},
		"b/sheet.css": {Data: []byte("a { color: red }\n")},
	}
	before, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	page, err := before.address("a/page.js")
	if err != nil {
		t.Fatal(err)
	}
	body := string(before.files[strings.TrimPrefix(page, "/assets/")].body)
	y, x := before.names["a/y.js"], before.names["b/x.js"]
	if want := "import { x } from '" + x + "';\nconst y = await import('" + y + "');\nimport '" + y + "';\n"; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
	// What is needed at once can be asked for at once; what comes later (y.js is both here) need not be.
	if got := before.modules("a/page.js"); !slices.Equal(got, []string{y, x}) {
		t.Errorf("page.js needs %v, want %v", got, []string{y, x})
	}
	// A change two imports below changes every name above, or a browser would keep half of an older page.
	files["a/y.js"] = &fstest.MapFile{Data: []byte("export const y = 2;\n")}
	after, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/page.js", "a/y.js", "b/x.js"} {
		if before.names[name] == after.names[name] {
			t.Errorf("%s kept its name", name)
		}
	}
	if before.names["b/sheet.css"] != after.names["b/sheet.css"] {
		t.Error("the style sheet changed its name without a reason")
	}
}

func TestCommentsDoNotTravel(t *testing.T) {
	const source = "// one\n  // two\nconst a = 'http://x'; // three\n/** four\n * five */\n/** six */ const b = 1;\nconst c = 2; /* seven */\n"
	got, err := loadAssets(fstest.MapFS{"a/x.js": {Data: []byte(source)}})
	if err != nil {
		t.Fatal(err)
	}
	body := string(got.files[strings.TrimPrefix(got.names["a/x.js"], "/assets/")].body)
	if want := "const a = 'http://x'; // three\n/** six */ const b = 1;\nconst c = 2; /* seven */\n"; body != want {
		t.Errorf("got %q, want %q", body, want)
	}
}

func TestMistakesInModulesAreFound(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"circle":  {"a/x.js": {Data: []byte("import './y.js'")}, "a/y.js": {Data: []byte("import './x.js'")}},
		"missing": {"a/x.js": {Data: []byte("import './z.js'")}},
	} {
		if _, err := loadAssets(files); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestEveryPageParses(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.pages) < 5 {
		t.Errorf("only %d pages", len(p.pages))
	}
	if _, err := p.assets.address("shared/none.css"); err == nil {
		t.Error("an unknown asset has an address")
	}
}
