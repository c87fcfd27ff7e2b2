package plan

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	maxColumns = 10_000
	maxCell    = 8 * maxLookup // bytes of one cell; what is longer is cut
)

// cells reads a table of text as spreadsheets write it, cell by cell, since a line of millions of commas must not become
// millions of strings: any of four separators, quoted cells, any line end. Blank lines count, for they are the aisles.
type cells struct {
	in      *bufio.Reader
	comma   byte
	rep     *reporter
	unended bool // a quote that was never closed
	lineNo  int  // of the line last read, as a spreadsheet counts
}

func newCells(src *source, rep *reporter) *cells {
	head := src.head()
	in := io.Reader(src)
	switch {
	case utf16Mark(head):
		in = transform.NewReader(src, unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder())
	case !utf8.Valid(whole(head)):
		in = transform.NewReader(src, charmap.Windows1252.NewDecoder())
		rep.add("not-utf8", "", "read as Windows-1252; look at names with accents")
	}
	c := &cells{in: bufio.NewReaderSize(in, 64<<10), rep: rep}
	first, _ := c.in.Peek(32 << 10)
	c.comma = separator(first)
	return c
}

func utf16Mark(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// whole is head without a last character that was cut.
func whole(head []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(head); i++ {
		if b := head[len(head)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(head[len(head)-i:]) {
				return head[:len(head)-i]
			}
			break
		}
	}
	return head
}

// separator is the one of four that stands most often outside quotes; a comma when there is none.
func separator(head []byte) byte {
	count := map[byte]int{}
	quoted := false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		} else if !quoted {
			count[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte("\t;|") {
		if count[b] > count[best] {
			best = b
		}
	}
	return best
}

// line gives the cells of the next line, nil after the last. The slice is good until the next call.
func (c *cells) line(into []string) []string {
	into = into[:0]
	c.lineNo++
	for {
		cell, end := c.cell()
		if end == io.EOF && cell == "" && len(into) == 0 {
			return nil
		}
		if into = append(into, cell); len(into) > maxColumns {
			c.rep.fail("too-many-columns", "", "a line has at most %d cells", maxColumns)
			return nil
		}
		if end != nil {
			return into
		}
	}
}

// cell reads one; end is nil when another follows in this line, errNewLine or io.EOF else.
func (c *cells) cell() (text string, end error) {
	var out []byte
	quoted, first := false, true
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			c.unended = c.unended || quoted
			return string(out), io.EOF
		}
		switch {
		case b == '"' && first:
			quoted = true
			first = false
			continue
		case b == '"' && quoted:
			if next, _ := c.in.Peek(1); len(next) == 0 || next[0] != '"' {
				quoted = false
				continue
			}
			_, _ = c.in.ReadByte() // just peeked at: a quote doubled is a quote
		case b == c.comma && !quoted:
			return string(out), nil
		case b == '\n' && !quoted:
			return string(out), errNewLine
		case b == '\r' && !quoted:
			if next, _ := c.in.Peek(1); len(next) == 1 && next[0] == '\n' {
				_, _ = c.in.ReadByte()
			}
			return string(out), errNewLine
		}
		first = false
		if len(out) < maxCell {
			out = append(out, b)
		}
	}
}
