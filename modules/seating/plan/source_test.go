package plan

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"fairseat/app/fault"
)

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWrappings(t *testing.T) {
	t.Parallel()
	plain := read(t, stadiumFile)
	want := stadium(t).Digest()
	bom := append([]byte("\xef\xbb\xbf"), plain...)
	for name, data := range map[string][]byte{
		"plain": plain, "bom": bom, "gzip": zip(t, plain), "gzip of bom": zip(t, bom), "spaces": append(plain, " \r\n"...),
	} {
		if p, _ := mustImport(t, data); p.Digest() != want {
			t.Errorf("%s gives another plan", name)
		}
	}
}

// blank is an endless file.
type blank struct{}

func (blank) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	const most = 10_000
	exact := bytes.Repeat([]byte{' '}, most)
	for _, c := range []struct {
		name string
		file io.Reader
		ok   bool
	}{
		{"exact", bytes.NewReader(exact), true},
		{"exact, zipped", bytes.NewReader(zip(t, exact)), true},
		{"endless", blank{}, false},
		{"one more, zipped", bytes.NewReader(zip(t, append(exact, ' '))), false},
		{"endless empty members", bytes.NewReader(bytes.Repeat(zip(t, nil), most)), false},
	} {
		src := openSource(c.file, most)
		text, err := io.ReadAll(src)
		if c.ok && (len(text) != most || err != nil) || !c.ok && len(text) > most {
			t.Errorf("%s: read %d bytes, %v", c.name, len(text), err)
		}
		err = src.check(newReporter())
		if c.ok && err != nil || !c.ok && (!errors.Is(err, ErrTooLarge) || fault.As(err).Kind != fault.TooLarge) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A failing upload is not the file's fault.
func TestReadErrorIsPassedOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	for _, start := range []string{"", `{"zones":`, string(zip(t, read(t, stadiumFile))[:5000])} {
		_, _, err := ImportPretix(io.MultiReader(strings.NewReader(start), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, ErrBadPlan) {
			t.Errorf("after %d bytes: %v", len(start), err)
		}
	}
}
