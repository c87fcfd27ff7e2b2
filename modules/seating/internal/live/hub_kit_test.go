package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"
)

//lint:file-ignore SA1019 the project's given library

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("still not: %s", what)
		case <-tick.C:
		}
	}
}

// stage is a hub behind a real server; ?place= and ?since= say who joins.
type stage struct {
	*Hub
	m     *Mirror
	url   string
	empty chan string
}

func newStage(t *testing.T, seats int, limits Limits) *stage {
	t.Helper()
	s := &stage{m: NewMirror(), empty: make(chan string, 100)}
	s.m.Load(1, houseOf(seats), nil, nil)
	s.Hub = NewHub(s.m, limits, func(p string) { s.empty <- p })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsUpgrade(r) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		c, err := Accept(w, r)
		if err != nil {
			return
		}
		since := int64(-1)
		_, _ = fmt.Sscan(r.URL.Query().Get("since"), &since)
		s.Join(c, r.URL.Query().Get("place"), since)
	}))
	s.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
		server.Close()
	})
	return s
}

func (s *stage) change(n int, state State) {
	s.m.Apply([]Change{{Version: s.m.Version() + 1, Seat: n, State: state}})
}

// client is a watcher that keeps everything it was told.
type client struct {
	ws *websocket.Conn
	viewer
	seats    int
	mu       sync.Mutex
	frames   []string
	personal []string
	ended    error
	done     chan struct{}
}

func (s *stage) join(t *testing.T, query string, seats int) *client {
	t.Helper()
	return s.rejoin(t, query, viewer{}, seats)
}

// rejoin is a watcher who knows something from before.
func (s *stage) rejoin(t *testing.T, query string, knows viewer, seats int) *client {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), s.url+"?"+query, &websocket.DialOptions{Subprotocols: []string{Protocol}})
	if err != nil {
		t.Fatal(err)
	}
	if ws.Subprotocol() != Protocol {
		t.Errorf("subprotocol %q", ws.Subprotocol())
	}
	ws.SetReadLimit(1 << 20)
	c := &client{ws: ws, viewer: knows, seats: seats, done: make(chan struct{})}
	t.Cleanup(func() { _ = ws.CloseNow() })
	go c.read(t)
	return c
}

func (c *client) read(t *testing.T) {
	defer close(c.done)
	for {
		_, text, err := c.ws.Read(context.Background())
		c.mu.Lock()
		if err != nil {
			c.ended = err
			c.mu.Unlock()
			return
		}
		c.frames = append(c.frames, string(text))
		var f anyFrame
		_ = json.Unmarshal(text, &f)
		if f.T == "snapshot" || f.T == "delta" {
			c.take(failing{t}, c.seats, text)
		} else {
			c.personal = append(c.personal, string(text))
		}
		c.mu.Unlock()
	}
}

// failing may be used from other goroutines than the test's.
type failing struct{ t *testing.T }

func (f failing) Fatalf(format string, args ...any) { f.t.Errorf(format, args...) }

func (c *client) at(version int64) func() bool {
	return func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.version == version }
}

func (c *client) told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.personal...)
}

func (c *client) code(t *testing.T) websocket.StatusCode {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		t.Fatal("the socket is still open")
	}
	return websocket.CloseStatus(c.ended)
}

// dialRaw shakes hands and then never reads.
func dialRaw(t *testing.T, url, query string) net.Conn {
	t.Helper()
	host := strings.TrimPrefix(url, "ws://")
	d := net.Dialer{}
	conn, err := d.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	_, err = fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", query, host)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	return conn
}
