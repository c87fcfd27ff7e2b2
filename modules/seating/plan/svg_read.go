package plan

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

const (
	maxElements = 700_000   // of a drawing: the most seats with a number upon each, and what is round them
	maxVisits   = 3_000_000 // of elements while it is drawn, where a reference draws them again
	maxWork     = 128 << 20 // what reading may cost in all, about one for each byte looked at
	maxSheet    = 200_000   // bytes of a style sheet
	maxAttr     = 60        // attributes of one element that are looked at

	dataPrefix = "data-" // before the column in the name of a data attribute
)

// element is one element of a drawing, with what matters of it.
type element struct {
	name  string
	attrs [][2]string
	style map[string]string
	sheet map[string]string // shared with others of its class
	kids  []*element
	text  strings.Builder
}

// get is an attribute, or the property of that name in its style, which is stronger, or in the sheet for its class, which
// is between the two.
func (e *element) get(name string) string {
	if v, ok := e.style[name]; ok {
		return v
	}
	if v, ok := e.sheet[name]; ok {
		return v
	}
	for _, a := range e.attrs {
		if a[0] == name {
			return a[1]
		}
	}
	return ""
}

// svgFile is a drawing read whole: what it refers to may stand after what refers to it.
type svgFile struct {
	root    *element
	byID    map[string]*element
	sheets  []*element
	classed []*element // those with a class
	work    int        // done so far
}

// spend counts work; false when it was too much. A small file can ask for a lot of it: by drawing one long path a
// thousand times, or by giving one long rule to a thousand classes.
func (f *svgFile) spend(work int) bool {
	f.work += work
	return f.work <= maxWork
}

func tooMuch(rep *reporter) {
	rep.fail("too-many-elements", "", "a drawing refers to itself too often, or has more than %d elements", maxVisits)
}

// readElements reads XML and nothing but XML: no entities of its own, no document types with something in them, nothing
// from outside. Elements of other namespaces, where editors keep their notes, are left out.
func readElements(src io.Reader, rep *reporter) *svgFile {
	dec := xml.NewDecoder(src)
	dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "iso-8859-1", "latin1", "windows-1252", "us-ascii":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("written in %q; save it as UTF-8", clean(charset, maxShort))
	}
	f := &svgFile{byID: map[string]*element{}}
	var open []*element
	foreign, count := 0, 0
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) && f.root != nil {
			if !f.dress() {
				tooMuch(rep)
			}
			return f
		}
		if errors.Is(err, io.EOF) {
			rep.fail("bad-shape", "", "there is no <svg> in the file")
			return nil
		}
		if err != nil {
			rep.fail("bad-xml", "", "at byte %d: %s", dec.InputOffset(), clean(err.Error(), maxNote))
			return nil
		}
		switch t := t.(type) {
		case xml.Directive:
			if strings.Contains(string(t), "[") || strings.Contains(strings.ToUpper(string(t)), "ENTITY") {
				rep.fail("xml-entities", "", "the file declares entities, which are not read; export it as plain SVG")
				return nil
			}
		case xml.StartElement:
			if count++; count > maxElements || len(open)+foreign >= maxDepth {
				rep.fail("too-deep", "", "a drawing has at most %d elements, %d inside one another", maxElements, maxDepth)
				return nil
			}
			if foreign > 0 || (t.Name.Space != "" && !strings.HasSuffix(t.Name.Space, "www.w3.org/2000/svg")) {
				if len(open) == 0 && foreign == 0 {
					rep.fail("bad-shape", "", "the file holds <%s>, not <svg>", clean(t.Name.Local, maxShort))
					return nil
				}
				foreign++
				continue
			}
			e := newElement(t)
			if len(open) > 0 {
				last := open[len(open)-1]
				last.kids = append(last.kids, e)
			} else if f.root = e; e.name != "svg" {
				rep.fail("bad-shape", "", "the file holds <%s>, not <svg>", clean(e.name, maxShort))
				return nil
			}
			if id := e.get("id"); id != "" && f.byID[id] == nil {
				f.byID[id] = e
			}
			if e.name == "style" {
				f.sheets = append(f.sheets, e)
			}
			if e.get("class") != "" {
				f.classed = append(f.classed, e)
			}
			open = append(open, e)
		case xml.EndElement:
			if foreign > 0 {
				foreign--
			} else {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if len(open) > 0 && foreign == 0 {
				open[len(open)-1].say(t)
			}
		}
	}
}

func newElement(t xml.StartElement) *element {
	e := &element{name: t.Name.Local}
	for i, a := range t.Attr {
		if i >= maxAttr {
			break
		}
		name := a.Name.Local // of xlink:href too
		if name == "style" {
			e.style = styles(a.Value)
			continue
		}
		if col, ok := strings.CutPrefix(name, "data-"); ok {
			name = dataPrefix + columnOf(col)
		}
		e.attrs = append(e.attrs, [2]string{name, a.Value})
	}
	return e
}

// say keeps the words of elements that have some.
func (e *element) say(text []byte) {
	switch e.name {
	case "style":
		if e.text.Len() < maxSheet {
			e.text.Write(text[:min(len(text), maxSheet)])
		}
	case "text", "tspan", "title", "desc", "textPath":
		if e.text.Len() < maxCell {
			e.text.Write(text[:min(len(text), maxCell)])
		}
	}
}

// words are the texts in and under an element, in order; what is beyond any name is left out.
func (f *svgFile) words(e *element) string {
	var out strings.Builder
	f.gather(e, &out)
	return out.String()
}

func (f *svgFile) gather(e *element, out *strings.Builder) {
	if !f.spend(1 + e.text.Len()) {
		return
	}
	out.WriteString(e.text.String())
	for _, kid := range e.kids {
		if out.Len() > maxCell || !f.spend(1) {
			return
		}
		if kid.name == "tspan" || kid.name == "textPath" || kid.name == "a" {
			out.WriteByte(' ')
			f.gather(kid, out)
		}
	}
}

// child is the text of the first child of a name.
func (f *svgFile) child(e *element, name string) string {
	if !f.spend(len(e.kids)) {
		return ""
	}
	for _, kid := range e.kids {
		if kid.name == name {
			return kid.text.String()
		}
	}
	return ""
}

func styles(css string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(css, ";") {
		if name, value, ok := strings.Cut(part, ":"); ok && len(out) < maxAttr {
			out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		}
	}
	return out
}
