package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The formats an importer reads.
const (
	FormatPretix = "pretix" // the JSON of pretix's editor, old and new
	FormatSVG    = "svg"    // a drawing whose seats have ids
	FormatCSV    = "csv"    // a grid of cells, or a table with a header
	FormatPoints = "points" // JSON: a list of seats with positions, or a grid of them
)

// KnownFormat tells whether a stranger's word is one of the formats.
func KnownFormat(name string) bool {
	switch name {
	case FormatPretix, FormatSVG, FormatCSV, FormatPoints:
		return true
	}
	return false
}

// Options say what a file does not say itself.
type Options struct {
	Format string // one of the formats; "" finds out by content
	Name   string // of a plan whose file has none, such as the name of the file
}

// Import reads a seat plan in any of the formats, with or without a byte order mark, plain or gzipped. Whatever can be
// mended is mended, no seat is dropped, and the report says what was done and where.
//
// A file that gives no plan is an *UnusableError with its report; a failing reader is that reader's error.
func Import(r io.Reader, how Options) (*Plan, *Report, error) {
	rep := newReporter()
	src := openSource(r, MaxBytes)
	d, bad := readAny(src, rep, how.Format)
	// The source first: what it cut short looks like bad syntax to whoever reads it.
	if err := src.check(rep); err != nil {
		return nil, nil, err
	}
	if bad != nil {
		return nil, nil, bad
	}
	if d.name == "" {
		d.name = clean(how.Name, maxName)
	}
	plan, err := d.build(rep)
	if err != nil {
		return nil, nil, err
	}
	return plan, rep.done(), nil
}

// readAny reads a file as the format asked for, or as what it looks like.
func readAny(src *source, rep *reporter, asked string) (*draft, error) {
	if code, why := unreadable(src.head()); code != "" {
		return nil, rep.unusable(code, "", "%s", why)
	}
	looks := detect(src.head())
	format := asked
	if format == "" {
		format = looks
	}
	var d *draft
	var err error
	if format == FormatCSV && looks == FormatSVG { // which is full of commas
		err = rep.unusable("not-a-grid", "", "this is a drawing or a page, not a table")
	} else {
		d, err = readAs(format, src, rep)
	}
	var unusable *UnusableError
	if errors.As(err, &unusable) && looks != "" && format != looks {
		unusable.Report.Faults[0].Detail += fmt.Sprintf(". It was read as %s, since format=%s asks for that, but looks like %s: leave format out, or say format=%s",
			format, format, looks, looks)
	}
	return d, err
}

func readAs(format string, src *source, rep *reporter) (*draft, error) {
	switch format {
	case FormatSVG:
		return readSVG(src, rep)
	case FormatCSV:
		return readCSV(src, rep)
	case FormatPoints:
		return readPoints(src, rep)
	}
	return readPretix(src, rep) // also what tells nothing: it is refused then
}

// unreadable says why there is nothing to read in a file that begins so; the code is "" when there is.
func unreadable(head []byte) (code, why string) {
	text := bytes.TrimSpace(head)
	switch {
	case len(text) == 0:
		return "empty-file", "the file is empty; export the plan again and choose the new file"
	case string(text) == "null":
		return "empty-file", "the file says null, which is nothing; export the plan again and choose the new file"
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return "unknown-format", "this is a spreadsheet or an archive; save the sheet as CSV, or unpack the archive and choose the plan in it"
	case bytes.HasPrefix(text, []byte("%PDF")):
		return "unknown-format", "this is a PDF; export the drawing as SVG"
	case !utf16Mark(text) && bytes.IndexByte(text, 0) >= 0:
		return "unknown-format", "this is neither text nor gzipped text; a plan is pretix JSON, SVG, CSV, or JSON that lists seats"
	}
	return "", ""
}

// detect tells the format by how a readable file begins, "" for JSON that tells nothing.
func detect(head []byte) string {
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0, utf16Mark(text): // only spreadsheets still write it
		return FormatCSV
	case text[0] == '<':
		return FormatSVG
	case text[0] == '[':
		return FormatPoints
	case text[0] == '{':
		return detectJSON(text)
	}
	return FormatCSV
}

// detectJSON goes by the first telling key of the whole document.
func detectJSON(head []byte) string {
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.UseNumber()
	depth, key := 0, false
	for {
		t, err := dec.Token()
		if err != nil {
			return ""
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
			key = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth != 1 {
			continue
		}
		if name, _ := t.(string); key {
			switch columnOf(name) {
			case "zones":
				return FormatPretix
			case colSeats, "grid":
				return FormatPoints
			}
		}
		key = !key || t == json.Delim('}') || t == json.Delim(']')
	}
}
