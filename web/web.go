// Package web holds the bundled pages: templates that say something before any script runs, and assets under names
// that change with their content. It knows no module; app/pages.go gives it what to show.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed layout.html */*.html */*.css */*.js
var files embed.FS

// Pages renders the bundled pages; it is immutable.
type Pages struct {
	pages  map[string]*template.Template
	assets map[string]asset // by hashed name
	names  map[string]string
}

type asset struct {
	kind string
	body []byte
}

// New parses every template and hashes every asset; an error is a mistake in the files.
func New() (*Pages, error) {
	p := &Pages{pages: map[string]*template.Template{}, assets: map[string]asset{}, names: map[string]string{}}
	funcs := template.FuncMap{"asset": p.Asset, "when": when}
	layout, err := template.New("layout.html").Funcs(funcs).ParseFS(files, "layout.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return p, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "layout.html" {
			return err
		}
		if strings.HasSuffix(name, ".html") {
			page, err := template.Must(layout.Clone()).ParseFS(files, name)
			p.pages[strings.TrimSuffix(name, ".html")] = page
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		hashed := hex.EncodeToString(sum[:6]) + "-" + path.Base(name)
		p.names[name] = "/assets/" + hashed
		// Not from the machine's own table of types, which a minimal container lacks.
		kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}[path.Ext(name)]
		p.assets[hashed] = asset{kind, body}
		return nil
	})
}

// Asset is the address of a file: "shared/base.css" → "/assets/1f0c…-base.css". An unknown one fails the page.
func (p *Pages) Asset(name string) (string, error) {
	if hashed, ok := p.names[name]; ok {
		return hashed, nil
	}
	return "", fmt.Errorf("no asset %s", name)
}

// Render writes a page, named by its folder and file: "waiting/page".
func (p *Pages) Render(w io.Writer, name string, data any) error {
	page, ok := p.pages[name]
	if !ok {
		return fmt.Errorf("no page %s", name)
	}
	return page.ExecuteTemplate(w, "layout.html", data)
}

// ServeAsset answers /assets/{name}; its content never changes under that name.
func (p *Pages) ServeAsset(w http.ResponseWriter, name string) bool {
	a, ok := p.assets[name]
	if !ok {
		return false
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body)
	return true
}

// when writes a time for a person, in the zone of the venue.
func when(t time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	if place, err := time.LoadLocation(zone); err == nil {
		t = t.In(place)
	}
	return t.Format("Monday, 2 January 2006, 15:04 MST")
}
