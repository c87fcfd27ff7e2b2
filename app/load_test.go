package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is one request asked again and again over connections that stay open. It does as little as a client can, so that
// what is measured is the server, which it shares the machine with.
type load struct {
	addr    string
	request []byte
	status  string // of every answer
	conns   []net.Conn
	readers []*bufio.Reader
}

// newLoad opens the connections; body "" is a GET.
func newLoad(t testing.TB, addr, path, body, status string, connections int) *load {
	t.Helper()
	l := &load{addr: addr, status: status, conns: make([]net.Conn, connections), readers: make([]*bufio.Reader, connections)}
	if body == "" {
		l.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", path, addr)
	} else {
		l.request = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			path, addr, len(body), body)
	}
	for i := range connections {
		if err := l.dial(i); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.conns[i].Close() })
	}
	return l
}

// run asks for so long and tells how many answers came, a second and in all.
func (l *load) run(t testing.TB, length time.Duration) (perSecond float64, n int64) {
	t.Helper()
	var answers atomic.Int64
	var all sync.WaitGroup
	started := time.Now()
	for i := range l.conns {
		all.Go(func() {
			n := int64(0)
			for time.Since(started) < length {
				if err := l.once(i); err != nil {
					t.Error(err)
					break
				}
				n++
			}
			answers.Add(n)
		})
	}
	all.Wait()
	n = answers.Load()
	return float64(n) / time.Since(started).Seconds(), n
}

// once asks over one connection.
func (l *load) once(i int) error { return l.ask(i, l.request) }

// ask sends a request over one connection and reads its answer.
func (l *load) ask(i int, request []byte) error {
	if _, err := l.conns[i].Write(request); err != nil {
		return err
	}
	r, length, last := l.readers[i], -1, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.Contains(line, []byte(l.status)) {
			body, _ := io.ReadAll(io.LimitReader(r, 1<<10))
			return fmt.Errorf("answered %s, not %s: %s", line, l.status, body)
		}
		if first && l.status == "204" {
			length = 0
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Connection":
			last = string(value) == "close" // nginx does, after a thousand
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer of unknown length")
	}
	if _, err := r.Discard(length); err != nil || !last {
		return err
	}
	l.conns[i].Close()
	return l.dial(i)
}

func (l *load) dial(i int) (err error) {
	if l.conns[i], err = net.Dial("tcp", l.addr); err == nil {
		l.readers[i] = bufio.NewReaderSize(l.conns[i], 16<<10)
	}
	return err
}

// get is the bytes of an answer.
func get(t testing.TB, url string) []byte {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v %s", url, res.StatusCode, err, body)
	}
	return body
}
