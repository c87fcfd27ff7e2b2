//lint:file-ignore SA1019 nhooyr.io/websocket is the given library; it is deprecated as a whole.

package chaos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"nhooyr.io/websocket"
)

// watch is some fans who are inside and only look: each keeps the map as a page does, a snapshot and then gapless deltas.
type watch struct {
	st   *stage
	all  []*watcher
	done sync.WaitGroup
	stop context.CancelFunc
}

type watcher struct {
	*buyer
	mu      sync.Mutex
	conn    *websocket.Conn
	version int64
	states  map[int]int
}

func startWatch(ctx context.Context, st *stage) *watch {
	w := &watch{st: st}
	ctx, w.stop = context.WithCancel(ctx)
	for n := range st.plan.watchers {
		one := &watcher{buyer: newBuyer(st, 10_000+n, "watches", rand.New(rand.NewPCG(st.plan.seed, uint64(n)))), states: map[int]int{}}
		w.all = append(w.all, one)
		w.done.Go(func() { one.live(ctx) })
	}
	return w
}

func (w *watch) end() { w.stop(); w.done.Wait() }

// dropAll breaks every socket at once.
func (w *watch) dropAll() {
	for _, one := range w.all {
		one.mu.Lock()
		if one.conn != nil {
			_ = one.conn.CloseNow()
		}
		one.mu.Unlock()
	}
}

func (w *watcher) live(ctx context.Context) {
	a, ok := w.patient(ctx, "POST", w.path("/queue"), map[string]any{}, nil)
	var place struct{ Place string }
	if !ok || json.Unmarshal(a.body, &place) != nil {
		return
	}
	w.bearer = place.Place
	for ctx.Err() == nil {
		if w.enter(ctx) {
			w.look(ctx)
		}
		w.at.Add(1)
		_ = wait(ctx, 100*time.Millisecond)
	}
}

// look keeps one socket until it breaks, a gap shows, or ctx ends.
func (w *watcher) look(ctx context.Context) {
	base := w.bases[int(w.at.Load())%len(w.bases)]
	at := "ws" + strings.TrimPrefix(base, "http") + w.path("/live")
	w.mu.Lock()
	if w.version > 0 {
		at += fmt.Sprintf("?since=%d", w.version)
	}
	w.mu.Unlock()
	dial, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(dial, at, &websocket.DialOptions{
		Subprotocols: []string{"fairseat.live.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + w.bearer}},
	})
	if err != nil {
		return
	}
	conn.SetReadLimit(1 << 20)
	defer func() { _ = conn.CloseNow() }()
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	for {
		_, frame, err := conn.Read(ctx)
		if err != nil || !w.apply(frame) {
			return
		}
	}
}

// apply is false when the map is not to be trusted any more, as after a gap.
func (w *watcher) apply(frame []byte) bool {
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
		if f.V < w.version {
			w.st.problem("I16: %s saw version %d after %d", w.name, f.V, w.version)
		}
		w.states = states(f.S, w.st.plan.rows*w.st.plan.perRow)
		w.version = f.V
	case "delta":
		if f.V <= f.P {
			w.st.problem("I16: a delta from version %d to %d", f.P, f.V)
		}
		if f.P != w.version {
			w.version = 0 // not mine: begin anew
			return false
		}
		for _, c := range f.C {
			w.states[c[0]] = c[1]
		}
		w.version = f.V
	case "bye":
		return false
	}
	return true
}

// states reads two bits a seat.
func states(text string, seats int) map[int]int {
	all := map[int]int{}
	bits, _ := base64.StdEncoding.DecodeString(text)
	for n := range min(seats, len(bits)*4) {
		all[n] = int(bits[n/4] >> (2 * (n % 4)) & 3)
	}
	return all
}
