package seating

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/live"
)

//lint:file-ignore SA1019 the project's given library

// replica is a running service of its own behind a server of its own.
type replica struct {
	s    *Service
	url  string
	stop func()
}

func (h *house) run(t *testing.T) *replica {
	t.Helper()
	r := &replica{s: newService(h.Kit, h, h.s.Clock)}
	r.url = serve(t, r.s) + "/api/v1/events/gala"
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.s.Run(ctx) }()
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Error("Run does not end")
			}
		})
	}
	t.Cleanup(r.stop)
	return r
}

// watcher is a page: a snapshot, then deltas without a gap, and what it was told alone.
type watcher struct {
	ws       *websocket.Conn
	mu       sync.Mutex
	version  int64
	states   []byte
	fuses    map[int]int64
	first    string
	personal []map[string]any
	faults   []string
	ended    error
	done     chan struct{}
}

func (r *replica) watch(t *testing.T, place, query string, header ...string) *watcher {
	t.Helper()
	return r.watchFrom(t, &watcher{}, place, query, header...)
}

func (r *replica) watchFrom(t *testing.T, w *watcher, place, query string, header ...string) *watcher {
	t.Helper()
	head := http.Header{"X-Place": {place}}
	for i := 0; i+1 < len(header); i += 2 {
		head.Set(header[i], header[i+1])
	}
	ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(r.url, "http")+"/live"+query,
		&websocket.DialOptions{Subprotocols: []string{live.Protocol}, HTTPHeader: head})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	w.ws, w.done, w.ended = ws, make(chan struct{}), nil
	t.Cleanup(func() { _ = ws.CloseNow() })
	go w.read()
	return w
}

func (w *watcher) read() {
	defer close(w.done)
	for {
		_, text, err := w.ws.Read(context.Background())
		w.mu.Lock()
		if err != nil {
			w.ended = err
			w.mu.Unlock()
			return
		}
		w.apply(text)
		w.mu.Unlock()
	}
}

func (w *watcher) apply(text []byte) {
	var f struct {
		T    string
		P, V int64
		S    string
		C    [][2]int
		Due  [][2]int64
	}
	if err := json.Unmarshal(text, &f); err != nil {
		w.faults = append(w.faults, err.Error())
		return
	}
	if w.first == "" {
		w.first = f.T
	}
	switch f.T {
	case "snapshot":
		bits, _ := base64.StdEncoding.DecodeString(f.S)
		w.states, w.fuses = make([]byte, 4*len(bits)), map[int]int64{}
		for n := range w.states {
			w.states[n] = bits[n/4] >> (2 * (n % 4)) & 3
		}
	case "delta":
		if f.P != w.version || f.V <= f.P {
			w.faults = append(w.faults, fmt.Sprintf("at %d: %s", w.version, text))
		}
		for _, c := range f.C {
			w.states[c[0]] = byte(c[1])
			delete(w.fuses, c[0])
		}
	default:
		var personal map[string]any
		_ = json.Unmarshal(text, &personal)
		w.personal = append(w.personal, personal)
		return
	}
	if f.V < w.version {
		w.faults = append(w.faults, fmt.Sprintf("version fell from %d to %d", w.version, f.V))
	}
	w.version = f.V
	for _, due := range f.Due {
		w.fuses[int(due[0])] = due[1]
	}
}

func (w *watcher) sees(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testkit.Eventually(t, 10*time.Second, what, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return ok() })
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) > 0 {
		t.Errorf("faults: %v", w.faults)
	}
}

func (w *watcher) seat(n int, state byte) func() bool {
	return func() bool { return len(w.states) > n && w.states[n] == state }
}

// told finds a personal frame that says so.
func (w *watcher) told(kind string, seats ...int) func() bool {
	return func() bool {
		return slices.ContainsFunc(w.personal, func(f map[string]any) bool {
			want, _ := json.Marshal(seats)
			got, _ := json.Marshal(f["seats"])
			return f["t"] == kind && string(want) == string(got)
		})
	}
}

func (w *watcher) code(t *testing.T) websocket.StatusCode {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(15 * time.Second):
		t.Fatal("the socket is still open")
	}
	return websocket.CloseStatus(w.ended)
}

// Two replicas, one watched, the other sold through: what happens at one is seen at the other.
func TestLiveMapAcrossReplicas(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	here, there := h.run(t), h.run(t)
	ada := here.watch(t, "ada", "")
	ada.sees(t, "the map", func() bool { return ada.first == "snapshot" && ada.seat(16, 3)() })
	bob := there.watch(t, "bob", "")
	bob.sees(t, "the map", bob.seat(0, 0))

	if _, err := there.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "her other tab's hold", func() bool { return ada.seat(1, 1)() && ada.told("hold", 1, 2)() })
	bob.sees(t, "seat 1 held", bob.seat(1, 1))
	if err := here.s.Release(t.Context(), h.event.ID, "ada", 2); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "seat 2 back", func() bool { return ada.seat(2, 0)() && ada.told("hold", 1)() })

	// Bob pays for the seat that Ada holds.
	claims := h.mustClaim("bob", "b@x", 1)
	if err := there.s.Take(t.Context(), h.event.ID, "bob", claims, h.Clock.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "that her hold is gone", ada.told("expired", 1))
	if err := h.DB.Exec(`UPDATE seat_claims SET status = 'sold'`).Error; err != nil {
		t.Fatal(err)
	}
	// Nobody told Redis; the comparison with Postgres does.
	bob.sees(t, "the seat sold", bob.seat(1, 2))

	if _, err := here.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{5}); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "a hold", ada.seat(5, 1))
	h.Clock.Advance(481 * time.Second)
	ada.sees(t, "that it ran out", func() bool { return ada.seat(5, 0)() && ada.told("expired", 5)() })
	there.s.Tell(h.event.ID, "ada", map[string]any{"t": "order", "seats": []int{7}})
	ada.sees(t, "a word about an order, once", ada.told("order", 7))
	ada.mu.Lock()
	orders := slices.DeleteFunc(slices.Clone(ada.personal), func(f map[string]any) bool { return f["t"] != "order" })
	ada.mu.Unlock()
	if len(orders) != 1 {
		t.Errorf("told %d times", len(orders))
	}
	bob.mu.Lock()
	if len(bob.personal) != 0 {
		t.Errorf("bob was told %v", bob.personal)
	}
	bob.mu.Unlock()

	h.flush()
	h.admit("ada", "bob")
	if _, err := there.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{6}); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "the map after Redis lost everything", func() bool { return ada.seat(6, 1)() && ada.seat(1, 2)() })
	h.checkSeats()
}

// A page whose connection broke gets what it missed, also from a replica that has just started.
func TestReconnectReplays(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":4`)
	h.admit("ada", "bob")
	first := h.run(t)
	ada := first.watch(t, "ada", "")
	h.mustHold("bob", 1)
	ada.sees(t, "a hold", ada.seat(1, 1))
	first.stop()
	if code := ada.code(t); code != live.CodeRestarting {
		t.Errorf("closed with %d", code)
	}
	if !ada.told("bye")() && !slices.ContainsFunc(ada.personal, func(f map[string]any) bool { return f["reason"] == "restarting" }) {
		t.Errorf("told %v", ada.personal)
	}
	h.mustHold("bob", 2, 3)
	second := h.run(t)
	ada.first = ""
	second.watchFrom(t, ada, "ada", fmt.Sprintf("?since=%d", ada.version))
	ada.sees(t, "what she missed", func() bool { return ada.seat(3, 1)() && ada.first == "delta" })
	for _, since := range []string{"?since=17", "?since=x", "?since=-5", "?since=99999999999999999", "?since="} {
		late := second.watch(t, "bob", since)
		late.sees(t, "the whole map for "+since, func() bool { return late.first == "snapshot" })
	}
}

// A version that nobody can have seen makes no frame for everybody else: whoever names it gets what all were shown.
func TestAVersionOfLaterTicksNothing(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("ada", "bob")
	r := &replica{s: h.s, url: serve(t, h.s) + "/api/v1/events/gala"} // nobody follows the map here
	if err := h.b.pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.b.hub.Tick()
	shown := h.b.mirror.Shown()
	h.mustHold("bob", 3)
	ada := r.watch(t, "ada", "?since=9000000000000000000")
	ada.sees(t, "the map", func() bool { return ada.first == "snapshot" })
	if ada.version != shown || h.b.mirror.Shown() != shown || !h.b.mirror.Pending() {
		t.Errorf("she is at %d, all were shown %d and are now at %d", ada.version, shown, h.b.mirror.Shown())
	}
	h.b.hub.Tick()
	ada.sees(t, "the hold with everybody else", ada.seat(3, 1))
}

func TestWhoMayWatch(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("ada", "bob")
	r := h.run(t)
	host := strings.TrimPrefix(strings.Split(r.url, "/api")[0], "http://")
	for name, c := range map[string]struct {
		place, origin string
		code          websocket.StatusCode
	}{
		"not admitted":               {"eve", "", live.CodeNotAdmitted},
		"no place":                   {"", "", live.CodeNotAdmitted},
		"another site":               {"ada", "https://evil.example", live.CodeOrigin},
		"another site, no place":     {"", "https://evil.example", live.CodeOrigin},
		"a site with our name in it": {"ada", "https://tickets.example.evil.example", live.CodeOrigin},
		"our name, another scheme":   {"ada", "http://tickets.example", live.CodeOrigin},
		"a sandboxed page":           {"ada", "null", live.CodeOrigin},
	} {
		w := r.watch(t, c.place, "", "Origin", c.origin)
		if code := w.code(t); code != c.code || w.first != "" {
			t.Errorf("%s: closed with %d after %q", name, code, w.first)
		}
	}
	for _, origin := range []string{"", "https://tickets.example", "http://" + host} {
		w := r.watch(t, "ada", "", "Origin", origin)
		w.sees(t, "the map from "+origin, w.seat(0, 0))
	}
	ask(t, "GET", r.url+"/live", "", "X-Place", "ada").want(t, 400, "bad-request")
	ask(t, "GET", strings.Replace(r.url, "gala", "other", 1)+"/live", "", "X-Place", "ada").want(t, 404, "no-such-event")
}

// An admission ends: its sockets close, wherever they are. A socket closes: its place has some seconds to come back.
func TestAdmissionAndSockets(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("ada", "bob", "cleo")
	r := h.run(t)
	ada, bob, cleo := r.watch(t, "ada", ""), r.watch(t, "bob", ""), r.watch(t, "cleo", "")
	for _, w := range []*watcher{ada, bob, cleo} {
		w.sees(t, "the map", w.seat(0, 0))
	}
	b := r.s.board(h.event.ID)
	if err := b.touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.doors.mu.Lock()
	if h.doors.touched["ada"] == 0 || h.doors.touched["bob"] == 0 {
		t.Errorf("touched %v", h.doors.touched)
	}
	h.doors.mu.Unlock()

	leases, _ := h.doors.LeaseKeys(h.event.ID)
	h.redis("ZREM", leases, "ada")
	if code := ada.code(t); code != live.CodeNotAdmitted {
		t.Errorf("closed with %d", code)
	}
	if len(ada.personal) != 1 || ada.personal[0]["t"] != "bye" || ada.personal[0]["reason"] != "admission-ended" {
		t.Errorf("told %v", ada.personal)
	}
	left := func(place string) func() bool {
		return func() bool {
			h.doors.mu.Lock()
			defer h.doors.mu.Unlock()
			return slices.Contains(h.doors.leavings, place)
		}
	}
	h.mustHold("cleo", 4)
	_ = cleo.ws.Close(websocket.StatusNormalClosure, "")
	_ = bob.ws.Close(websocket.StatusNormalClosure, "")
	testkit.Eventually(t, 10*time.Second, "bob to be leaving", left("bob"))
	testkit.Eventually(t, 10*time.Second, "everybody gone", func() bool { return b.hub.Sockets() == 0 })
	if left("cleo")() {
		t.Error("cleo holds a seat and is said to be leaving")
	}
}
