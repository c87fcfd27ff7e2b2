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
	request []byte
	status  string
	conns   []net.Conn
	readers []*bufio.Reader
}

// newLoad opens the connections; body "" is a GET.
func newLoad(t testing.TB, addr, path, body, status string, connections int) *load {
	t.Helper()
	l := &load{status: status}
	if body == "" {
		l.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", path, addr)
	} else {
		l.request = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			path, addr, len(body), body)
	}
	for range connections {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		l.conns = append(l.conns, conn)
		l.readers = append(l.readers, bufio.NewReaderSize(conn, 16<<10))
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
func (l *load) once(i int) error {
	if _, err := l.conns[i].Write(l.request); err != nil {
		return err
	}
	r, length := l.readers[i], -1
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
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && string(name) == "Content-Length" {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer of unknown length")
	}
	_, err := r.Discard(length)
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
