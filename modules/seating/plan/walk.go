package plan

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// maxDepth is how deep an ignored value may nest; the format itself needs about eight levels.
const maxDepth = 100

// walker reads JSON token by token, so that limits bite while a file is read, unknown keys can be named, and a number
// where a text belongs is no disaster. After the first failure every method returns zero values.
type walker struct {
	dec  *json.Decoder
	rep  *reporter
	here func(path string) string // names what is being read so that an organiser finds it
}

func newWalker(r io.Reader, rep *reporter) *walker {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	return &walker{dec: dec, rep: rep}
}

func (w *walker) token() json.Token {
	if w.rep.err != nil {
		return nil
	}
	t, err := w.dec.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		w.rep.fail("bad-json", "", "the file ends in the middle of it, after %d bytes", w.dec.InputOffset())
	case err != nil:
		w.rep.fail("bad-json", "", "at byte %d: %v", w.dec.InputOffset(), err)
	}
	return t
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
	for w.rep.err == nil && w.dec.More() {
		key, _ := w.token().(string)
		if w.rep.err == nil && !field(key) {
			w.rep.unknownKey(path, key)
			w.skip()
		}
	}
	w.token()
}

// array calls each before every element; each must read it. A null is an empty array.
func (w *walker) array(path string, each func()) {
	if w.open(path, '[') {
		w.elements(each)
	}
}

// elements is the rest of array, once the bracket is read.
func (w *walker) elements(each func()) {
	for w.rep.err == nil && w.dec.More() {
		each()
	}
	w.token()
}

func (w *walker) open(path string, want json.Delim) bool {
	t := w.token()
	if t != nil && t != want {
		w.rep.fail("bad-shape", w.here(path), "%s belongs here", map[json.Delim]string{'{': "an object {…}", '[': "a list […]"}[want])
	}
	return t != nil && w.rep.err == nil
}

// text reads a string; a number or boolean is written out, null is blank, anything else is reported and blank.
func (w *walker) text(path string) string {
	t := w.token()
	if _, opened := t.(json.Delim); opened {
		w.rep.add("wrong-type", w.here(path), "a list or an object where a single value belongs; ignored")
		w.rest()
	}
	return scalar(t)
}

// scalar writes out what is neither list nor object; null is blank.
func scalar(t json.Token) string {
	switch t := t.(type) {
	case string:
		return t
	case json.Number:
		return t.String()
	case bool:
		return strconv.FormatBool(t)
	}
	return ""
}

// flag reads a boolean; anything else is false.
func (w *walker) flag(path string) bool { return w.text(path) == "true" }

// number reads a coordinate or length in px, also from a text that holds one; nothing is 0. What cannot be a place on a
// plan ends the import: guessing would put a whole zone or row where it is not.
func (w *walker) number(path string) float64 { return w.measure(w.text(path), path) }

// measure is the number that a text holds.
func (w *walker) measure(text, path string) float64 {
	if text == "" {
		return 0
	}
	v, ok := coordinate(text)
	if !ok {
		w.rep.fail("bad-coordinate", w.here(path), "%q is not a number within %.0f px", clean(text, maxShort), maxCoordinate)
		return 0
	}
	return v
}

// point reads {"x":…,"y":…} or [x, y]; a missing one is 0.
func (w *walker) point(path string) Point {
	x, y := w.pair(path)
	return Point{w.measure(x, path+".x"), w.measure(y, path+".y")}
}

// pair reads what a point says, as it says it.
func (w *walker) pair(path string) (x, y string) {
	switch t := w.token(); t {
	case json.Delim('{'):
		w.fields(path, func(key string) bool {
			switch key {
			case "x":
				x = w.text(path + ".x")
			case "y":
				y = w.text(path + ".y")
			default:
				return false
			}
			return true
		})
	case json.Delim('['):
		for _, v := range []*string{&x, &y} {
			if w.rep.err == nil && w.dec.More() {
				*v = w.text(path)
			}
		}
		w.rest()
	default:
		x = scalar(t)
	}
	return x, y
}

// skip reads one value of any kind and forgets it.
func (w *walker) skip() {
	if _, ok := w.token().(json.Delim); ok {
		w.rest()
	}
}

// rest reads on to the end of the object or list just opened.
func (w *walker) rest() {
	for depth := 1; depth > 0 && w.rep.err == nil; {
		switch w.token() {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxDepth {
				w.rep.fail("too-deep", "", "values nest deeper than %d levels", maxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// end makes sure that nothing follows the value just read.
func (w *walker) end() {
	if w.rep.err != nil {
		return
	}
	if _, err := w.dec.Token(); err != io.EOF {
		w.rep.fail("bad-json", "", "more follows after the plan at byte %d; a file holds one, and lists seats in […]", w.dec.InputOffset())
	}
}
