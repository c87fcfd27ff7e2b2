//lint:file-ignore SA1019 nhooyr.io/websocket is the given library; it is deprecated as a whole.

package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"fairseat/app/testkit"
)

// watching is one open live map, kept as a page keeps it: a snapshot, then gapless deltas.
type watching struct {
	ended   chan struct{} // closed when the socket is; code says how
	code    int
	mu      sync.Mutex
	version int64
	states  map[int]int
	gaps    int
	frames  []map[string]any // those for this visitor alone
}

// watch opens the live map of an admitted fan until the test ends.
func watch(t *testing.T, f *fan) *watching {
	t.Helper()
	w := &watching{states: map[int]int{}, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	url := "ws" + strings.TrimPrefix(f.url(f.path("/live")), "http")
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		Subprotocols: []string{"fairseat.live.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + f.bearer}},
	})
	if err != nil {
		t.Fatalf("live map: %v", err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	go func() {
		defer close(w.ended)
		for {
			_, frame, err := conn.Read(ctx)
			if err != nil {
				w.code = int(websocket.CloseStatus(err))
				return
			}
			w.apply(frame)
		}
	}()
	testkit.Eventually(t, 5*time.Second, "a snapshot", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.version > 0 })
	return w
}

func (w *watching) apply(frame []byte) {
	var f struct {
		T    string
		P, V int64
		S    string
		C    [][2]int
	}
	_ = json.Unmarshal(frame, &f)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch f.T {
	case "snapshot":
		bits, _ := base64.StdEncoding.DecodeString(f.S)
		for n := range len(bits) * 4 {
			w.states[n] = int(bits[n/4] >> (2 * (n % 4)) & 3)
		}
		w.version = f.V
	case "delta":
		if f.P != w.version || f.V <= f.P {
			w.gaps++
		}
		for _, c := range f.C {
			w.states[c[0]] = c[1]
		}
		w.version = f.V
	default:
		var personal map[string]any
		_ = json.Unmarshal(frame, &personal)
		w.frames = append(w.frames, personal)
	}
}

// sees waits until the live map shows the seat in the state, within the second that a fan would call "at once".
func (w *watching) sees(t *testing.T, seat, state int) {
	t.Helper()
	testkit.Eventually(t, 5*time.Second, "the live map shows the seat's new state", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.states[seat] == state
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gaps > 0 {
		t.Errorf("%d gaps between versions", w.gaps)
	}
}

// A stop tells whoever watches to come back elsewhere, before it cuts anybody off.
func TestStopTellsWatchers(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "watched", house(t, staff, 1, 4), map[string]any{"Stalls": 0}, 0, map[string]any{"queue": nil})
	f := newFan(p.base, "watched", "Ada")
	if err := f.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	if in, err := f.enter(t.Context()); err != nil || !in {
		t.Fatalf("not let in: %v", err)
	}
	w := watch(t, f)
	p.stop()
	select {
	case <-w.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the socket outlived the process")
	}
	if w.code != 1012 || len(w.frames) == 0 || w.frames[len(w.frames)-1]["t"] != "bye" {
		t.Errorf("closed with %d after %v", w.code, w.frames)
	}
}
