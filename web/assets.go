package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"fairseat/app/request"
)

// assets are style sheets, scripts and drawings under names made of their content, so that a browser may keep them for ever.
type assets struct {
	files map[string]asset    // by hashed name
	names map[string]string   // "shared/base.css" → "/assets/1f0c…-base.css"
	needs map[string][]string // what a script imports before it runs, by name
}

type asset struct {
	kind   string
	body   []byte
	zipped []byte
}

// kinds are not from the machine's own table of types, which a minimal container lacks.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json"}

func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}, names: map[string]string{}, needs: map[string][]string{}}
	for _, pattern := range []string{"*/*.css", "*/*.js", "*/*.svg"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := a.add(files, name, nil); err != nil {
				return nil, fmt.Errorf("web: %w", err)
			}
		}
	}
	return a, nil
}

// imports finds what a module names: from './x.js', import './x.js', import('./x.js').
var imports = regexp.MustCompile(`(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}/[^'"]+)(['"])`)

// comments are for whoever reads the source, not for phones: lines that are nothing else, of scripts. A script must not
// have such a line inside a text.
var comments = regexp.MustCompile(`(?m)^[ \t]*(//.*|/\*\*([^*]|\*[^/])*\*/)\n`)

// add hashes a file after what it imports, whose hashed addresses it then names: a change below changes every name above.
func (a *assets) add(files fs.FS, name string, above []string) error {
	if a.names[name] != "" {
		return nil
	}
	if slices.Contains(above, name) {
		return fmt.Errorf("modules import one another in a circle: %s", strings.Join(append(above, name), " → "))
	}
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if path.Ext(name) == ".js" {
		body = comments.ReplaceAll(body, nil)
		var failed error
		body = imports.ReplaceAllFunc(body, func(match []byte) []byte {
			part := imports.FindSubmatch(match)
			target := path.Join(path.Dir(name), string(part[3]))
			if err := a.add(files, target, append(above, name)); err != nil {
				failed = fmt.Errorf("%s: %w", name, err)
				return match
			}
			if !bytes.Contains(part[1], []byte("(")) { // import(…) is for later
				a.needs[name] = append(a.needs[name], target)
			}
			return fmt.Appendf(nil, "%s%s%s%s", part[1], part[2], a.names[target], part[4])
		})
		if failed != nil {
			return failed
		}
	}
	a.keep(name, body)
	return nil
}

// keep serves a body under the name of its content.
func (a *assets) keep(name string, body []byte) {
	sum := sha256.Sum256(body)
	hashed := hex.EncodeToString(sum[:6]) + "-" + path.Base(name)
	a.names[name] = "/assets/" + hashed
	a.files[hashed] = asset{kinds[path.Ext(name)], body, request.Gzip(body)}
}

// address is where a file is served; an unknown one fails the page.
func (a *assets) address(name string) (string, error) {
	if address, ok := a.names[name]; ok {
		return address, nil
	}
	return "", fmt.Errorf("no asset %s", name)
}

// modules are the addresses of all that a script imports before it runs, so that a browser need not find them one after
// the other.
func (a *assets) modules(name string) []string {
	var addresses []string
	seen := map[string]bool{}
	var walk func(string)
	walk = func(name string) {
		for _, need := range a.needs[name] {
			if !seen[need] {
				seen[need] = true
				walk(need)
				addresses = append(addresses, a.names[need])
			}
		}
	}
	walk(name)
	return addresses
}

// Address is where the pages' file of this name is served.
func (p *Pages) Address(name string) (string, error) { return p.assets.address(name) }

// Asset is what stands at /assets/{name}, plain and gzipped; its content never changes under that name.
func (p *Pages) Asset(name string) (kind string, body, zipped []byte, ok bool) {
	a, ok := p.assets.files[name]
	return a.kind, a.body, a.zipped, ok
}
