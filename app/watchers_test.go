package app_test

import (
	"bufio"
	"bytes"
	wire "encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// watchersOf makes this binary a crowd that watches a live map instead of the tests: host:port/slug. It is a process of
// its own, so that what the server takes can be told from what its crowd takes.
const watchersOf = "FAIRSEAT_TEST_WATCHERS_OF"

// A crowd is told on its standard input "join token" for each socket, then
//
//	"wait v"  → "at v nanoseconds": when the last socket was at version v (Unix time)
//	"count"   → "heard frames bytes": of all sockets so far
type crowd struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startCrowd opens so many sockets, several a token, and returns when each has the map.
func startCrowd(t testing.TB, addr, slug string, tokens []string, sockets int) *crowd {
	t.Helper()
	c := &crowd{t: t, cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(cleanEnv(), watchersOf+"="+addr+"/"+slug)
	c.cmd.Stderr = t.Output()
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() })
	var joins strings.Builder
	for i := range sockets {
		fmt.Fprintf(&joins, "join %s\n", tokens[i%len(tokens)])
	}
	c.say(joins.String())
	c.at(1)
	return c
}

func (c *crowd) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *crowd) hear(format string, args ...any) {
	c.t.Helper()
	if !c.out.Scan() {
		c.t.Fatalf("the crowd has gone: %v", c.out.Err())
	}
	if _, err := fmt.Sscanf(c.out.Text(), format, args...); err != nil {
		c.t.Fatalf("the crowd said %q: %v", c.out.Text(), err)
	}
}

// at is when the last socket had version v.
func (c *crowd) at(v int64) time.Time {
	c.t.Helper()
	c.say(fmt.Sprintf("wait %d\n", v))
	var version, nanos int64
	c.hear("at %d %d", &version, &nanos)
	return time.Unix(0, nanos)
}

func (c *crowd) count() (frames, size int64) {
	c.t.Helper()
	c.say("count\n")
	c.hear("heard %d %d", &frames, &size)
	return frames, size
}

// seen is what one socket of the crowd has seen.
type seen struct {
	version, when atomic.Int64
}

// watchers is the crowd's side of it.
type watchers struct {
	addr, slug   string
	all          []*seen
	news         chan struct{} // one is kept when some socket has got further
	frames, size atomic.Int64
}

func serveWatchers(where string) error {
	addr, slug, _ := strings.Cut(where, "/")
	w := &watchers{addr: addr, slug: slug, news: make(chan struct{}, 1)}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		verb, rest, _ := strings.Cut(in.Text(), " ")
		switch verb {
		case "join":
			if err := w.join(rest); err != nil {
				return err
			}
		case "wait":
			v, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				return err
			}
			fmt.Println("at", v, w.last(v))
		case "count":
			fmt.Println("heard", w.frames.Load(), w.size.Load())
		}
	}
	return in.Err()
}

// last waits until every socket is at a version, and tells when the last one got there.
func (w *watchers) last(v int64) (when int64) {
	for _, s := range w.all {
		for s.version.Load() < v {
			<-w.news
		}
		when = max(when, s.when.Load())
	}
	return when
}

func (w *watchers) join(token string) error {
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(conn, "GET /api/v1/events/%s/live HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: fairseat.live.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", w.slug, w.addr, token)
	if err != nil {
		return err
	}
	s := &seen{}
	w.all = append(w.all, s)
	r := bufio.NewReaderSize(conn, 2<<10)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			return err
		}
	}
	go func() {
		if err := w.read(conn, r, s); err != nil {
			fmt.Fprintln(os.Stderr, "a socket ended:", err)
		}
	}()
	return nil
}

// read takes frames, which come unmasked and whole, and answers pings.
func (w *watchers) read(conn net.Conn, r *bufio.Reader, s *seen) error {
	var head [8]byte
	for {
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return err
		}
		op, length := head[0]&15, int(head[1]&127)
		if wide := map[int]int{126: 2, 127: 8}[length]; wide > 0 {
			clear(head[:])
			if _, err := io.ReadFull(r, head[8-wide:]); err != nil {
				return err
			}
			length = int(wire.BigEndian.Uint64(head[:]))
		}
		start, err := r.Peek(min(length, 64))
		if err != nil {
			return err
		}
		switch op {
		case 1:
			if _, rest, ok := bytes.Cut(start, []byte(`"v":`)); ok {
				end := bytes.IndexByte(rest, ',')
				v, err := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64)
				if err != nil {
					return err
				}
				s.when.Store(time.Now().UnixNano())
				s.version.Store(v)
				select {
				case w.news <- struct{}{}:
				default:
				}
			}
			w.frames.Add(1)
			w.size.Add(int64(length))
		case 8:
			return fmt.Errorf("closed with %d %s", wire.BigEndian.Uint16(start), start[2:])
		case 9:
			if _, err := conn.Write(append([]byte{0x8a, 0x80 | byte(length), 0, 0, 0, 0}, start...)); err != nil {
				return err
			}
		}
		if _, err := r.Discard(length); err != nil {
			return err
		}
	}
}
