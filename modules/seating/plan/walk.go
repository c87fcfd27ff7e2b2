package plan

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxDepth is how deep an ignored value may nest; the format itself needs about eight levels.
const maxDepth = 100

// walker reads JSON token by token, so that limits bite while a file is read, unknown keys can be named, and a number
// where a text belongs is no disaster. The first error sticks; after it every method returns zero values.
type walker struct {
	dec *json.Decoder
	rep *reporter
	err error
}

func newWalker(r io.Reader, rep *reporter) *walker {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	return &walker{dec: dec, rep: rep}
}

func (w *walker) token() json.Token {
	if w.err != nil {
		return nil
	}
	t, err := w.dec.Token()
	if err != nil {
		w.fail("bad-json", "", "at byte %d: %v", w.dec.InputOffset(), err)
	}
	return t
}

func (w *walker) fail(code, where, format string, args ...any) {
	if w.err == nil {
		w.err = w.rep.unusable(code, where, format, args...)
	}
}

// object calls field for every key; field reads the value and returns true, or false for a key it does not know.
// A null is an empty object.
func (w *walker) object(path string, field func(key string) bool) {
	if w.open(path, '{') {
		w.fields(path, field)
	}
}

// fields is the rest of object, once the brace is read.
func (w *walker) fields(path string, field func(key string) bool) {
	for w.err == nil && w.dec.More() {
		key, _ := w.token().(string)
		if w.err == nil && !field(key) {
			w.rep.unknownKey(path, key)
			w.skip()
		}
	}
	w.token()
}

// array calls each before every element; each must read it. A null is an empty array.
func (w *walker) array(path string, each func()) {
	if !w.open(path, '[') {
		return
	}
	for w.err == nil && w.dec.More() {
		each()
	}
	w.token()
}

func (w *walker) open(path string, want json.Delim) bool {
	t := w.token()
	if t != nil && t != want {
		w.fail("bad-shape", path, "expected %s", map[json.Delim]string{'{': "an object", '[': "a list"}[want])
	}
	return t != nil && w.err == nil
}

// text reads a string; a number or boolean is written out, null is blank, anything else is reported and blank.
func (w *walker) text(path string) string {
	switch t := w.token().(type) {
	case string:
		return t
	case json.Number:
		return t.String()
	case bool:
		return strconv.FormatBool(t)
	case json.Delim:
		w.rep.add("wrong-type", path, "expected text; ignored")
		w.rest()
	}
	return ""
}

// flag reads a boolean; anything else is false.
func (w *walker) flag(path string) bool { return w.text(path) == "true" }

// number reads a coordinate or length in px, also from a text that holds one; null is 0. What cannot be a place on a
// plan ends the import: guessing would put seats where they are not.
func (w *walker) number(path string) float64 {
	t := w.token()
	if w.err != nil || t == nil {
		return 0
	}
	var s string
	switch t := t.(type) {
	case json.Number:
		s = t.String()
	case string:
		s = strings.TrimSpace(t)
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(math.Abs(v) <= maxCoordinate) {
		w.fail("bad-coordinate", path, "%q is not a number within %.0f px", clean(s, maxShort), maxCoordinate)
		return 0
	}
	return v
}

// point reads {"x":…,"y":…}; a missing member is 0.
func (w *walker) point(path string) Point {
	var p Point
	w.object(path, func(key string) bool {
		switch key {
		case "x":
			p.X = w.number(path + ".x")
		case "y":
			p.Y = w.number(path + ".y")
		default:
			return false
		}
		return true
	})
	return p
}

// skip reads one value of any kind and forgets it.
func (w *walker) skip() {
	if _, ok := w.token().(json.Delim); ok {
		w.rest()
	}
}

// rest reads on to the end of the object or list just opened.
func (w *walker) rest() {
	for depth := 1; depth > 0 && w.err == nil; {
		switch w.token() {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxDepth {
				w.fail("too-deep", "", "values nest deeper than %d levels", maxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// end makes sure that nothing follows the value just read.
func (w *walker) end() {
	if w.err != nil {
		return
	}
	if _, err := w.dec.Token(); err != io.EOF {
		w.fail("bad-json", "", "more follows after the plan at byte %d", w.dec.InputOffset())
	}
}
