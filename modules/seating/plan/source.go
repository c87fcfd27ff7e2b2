package plan

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// source is a plan file as it comes in: perhaps with a byte order mark, perhaps gzipped, never to be trusted in size.
type source struct {
	raw   *limited
	plain *limited
	text  *bufio.Reader
}

// limited reads at most so many bytes and remembers why reading ended, which a decoder on top does not tell apart from
// bad syntax.
type limited struct {
	r    io.Reader
	left int64
	err  error // nil or io.EOF when all is well
}

// openSource takes at most so many bytes, before and after decompressing. It never fails: what is wrong with the file
// shows on reading, and check explains it.
func openSource(r io.Reader, most int64) *source {
	// The raw side is limited too: gzip members may be empty, and then no output ever reaches a limit.
	s := &source{raw: &limited{r: r, left: most}}
	in := bufio.NewReader(s.raw)
	s.plain = &limited{r: in, left: most}
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unzip, err := gzip.NewReader(in)
		if err != nil {
			s.plain.err = err
		}
		s.plain.r = unzip
	}
	s.text = bufio.NewReaderSize(s.plain, 64<<10)
	if bom, _ := s.text.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = s.text.Discard(3) // just peeked at, so it is there
	}
	return s
}

// Read fills p as far as it can: json.Decoder looks at all white space before it again after every read, so that many
// short reads would make a file of spaces take a minute.
func (s *source) Read(p []byte) (int, error) {
	n, err := io.ReadFull(s.text, p)
	if n > 0 {
		return n, nil // the error comes again
	}
	return 0, err
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1] // one more than allowed tells a full file from one that goes on
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		n, err = n-1, ErrTooLarge
	}
	l.err = err
	return n, err
}

// check tells a failed read and an oversized or damaged file from bad JSON; nil when reading was not to blame.
func (s *source) check(rep *reporter) error {
	failed := func(l *limited) bool { return l.err != nil && !errors.Is(l.err, io.EOF) }
	switch {
	case failed(s.raw) && !errors.Is(s.raw.err, ErrTooLarge):
		return fmt.Errorf("read plan file: %w", s.raw.err)
	case failed(s.raw), failed(s.plain) && errors.Is(s.plain.err, ErrTooLarge):
		return rep.unusable(ErrTooLarge.Code, "", "%s", ErrTooLarge.Detail)
	case failed(s.plain):
		return rep.unusable("bad-gzip", "", "the compressed file is damaged: %v", s.plain.err)
	}
	return nil
}

// head is what the file begins with, to tell its format by; less at its end or when it cannot be read.
func (s *source) head() []byte {
	head, _ := s.text.Peek(s.text.Size())
	return head
}
