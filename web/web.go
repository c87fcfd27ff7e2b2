// Package web holds the bundled pages: templates that say something before any script runs, and assets under names
// that change with their content. It knows no module; app/pages*.go give it what to show.
package web

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"fairseat/app/money"
	"fairseat/app/words"
)

//go:embed layout.html */*.html */*.css */*.js */*.svg */words.en.json
var files embed.FS

// Pages renders the bundled pages; it is immutable.
type Pages struct {
	pages  map[string]*template.Template
	assets *assets
	words  map[string]*words.Catalogue // by folder
}

// New parses every template and hashes every asset; an error is a mistake in the files.
func New() (*Pages, error) { return load(func(c *words.Catalogue) *words.Catalogue { return c }) }

// load reads everything; translate turns each catalogue into the language to speak.
func load(translate func(*words.Catalogue) *words.Catalogue) (*Pages, error) {
	p := &Pages{pages: map[string]*template.Template{}, words: map[string]*words.Catalogue{}}
	var err error
	if p.assets, err = loadAssets(files); err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		folder := path.Dir(name)
		if p.words[folder] == nil {
			read, err := catalogueOf(folder)
			if err != nil {
				return nil, err
			}
			p.words[folder] = translate(read)
			later, err := p.words[folder].JSON("room.") // what scripts say later than at first: fetched when it is needed
			if err != nil {
				return nil, err
			}
			p.assets.keep(folder+"/room.json", later)
		}
		page, err := p.parse(folder, name)
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		p.pages[strings.TrimSuffix(name, ".html")] = page
	}
	return p, nil
}

// catalogueOf is what a folder's pages say: the words all share, and its own.
func catalogueOf(folder string) (*words.Catalogue, error) {
	names := []string{"shared/words.en.json"}
	if own := folder + "/words.en.json"; own != names[0] {
		if _, err := fs.Stat(files, own); err == nil {
			names = append(names, own)
		}
	}
	return words.Read(files, names...)
}

// parse reads a page with the frame around it and what parts.html of shared/ and of its own folder define.
func (p *Pages) parse(folder, name string) (*template.Template, error) {
	w := p.words[folder]
	funcs := template.FuncMap{
		"asset": p.assets.address, "modules": p.assets.modules, "t": w.Say, "plural": w.Plural, "number": number,
		"when":  func(t time.Time, zone string) (string, error) { return w.When("layout.full", t, zone) },
		"soon":  func(t time.Time, zone string) (string, error) { return w.When("layout.soon", t, zone) },
		"clock": func(t time.Time, zone string) (string, error) { return w.When("layout.clock", t, zone) },
		"price": money.Format,
		"words": func() (template.JS, error) {
			said, err := w.JSON("js.")
			return template.JS(said), err // json.Marshal escapes <, > and &: nothing in it can end the element
		},
	}
	page, err := template.New("layout.html").Funcs(funcs).ParseFS(files, "layout.html")
	if err != nil {
		return nil, err
	}
	for _, part := range []string{"shared/parts.html", folder + "/parts.html"} {
		if _, err := fs.Stat(files, part); err != nil || part == name {
			continue
		}
		if page, err = page.ParseFS(files, part); err != nil {
			return nil, err
		}
	}
	return page.ParseFS(files, name)
}

func number(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return words.Number(int64(n)), nil
	case int64:
		return words.Number(n), nil
	}
	return "", fmt.Errorf("number: not a whole number: %T", n)
}

// Render writes a page, named by its folder and file: "waiting/page".
func (p *Pages) Render(w io.Writer, name string, data any) error {
	page, ok := p.pages[name]
	if !ok {
		return fmt.Errorf("no page %s", name)
	}
	return page.ExecuteTemplate(w, "layout.html", data)
}

// Words is the catalogue of a folder's pages, for what handlers say themselves.
func (p *Pages) Words(folder string) *words.Catalogue { return p.words[folder] }
