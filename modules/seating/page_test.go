package seating

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/live"
)

//lint:file-ignore SA1019 the project's given library

// page watches as live.js does: it comes back by itself, from where it was; a gap makes it ask for the whole map.
type page struct {
	watcher
	place string
	at    func() string // the address to come back to
	drop  float64       // share of the map's frames that never arrive

	frames, dropped, gaps, joins, refused int
}

// pages opens so many, of places p0, p1, …, whom it lets in. They end with the test.
func (h *house) pages(n int, drop float64, at func(i int) string) []*page {
	h.T.Helper()
	all, places := make([]*page, n), make([]string, 0, n)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for i := range all {
		p := &page{place: fmt.Sprintf("p%d", i), at: func() string { return at(i) }, drop: drop}
		p.version = -1
		places, all[i] = append(places, p.place), p
	}
	h.admit(places...)
	for _, p := range all {
		done.Go(func() {
			for failures := 0; ctx.Err() == nil; failures++ {
				if p.look(ctx) {
					failures = 0
				}
				longest := min(15*time.Second, 500*time.Millisecond<<failures)
				pause(ctx, longest/2+rand.N(longest/2))
			}
		})
	}
	h.T.Cleanup(func() { cancel(); done.Wait() })
	return all
}

// look is one connection, to its end; false when there was none.
func (p *page) look(ctx context.Context) bool {
	p.mu.Lock()
	since := p.version
	p.mu.Unlock()
	url := p.at() + "/live"
	if since >= 0 {
		url += fmt.Sprintf("?since=%d", since)
	}
	ws, answer, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http"),
		&websocket.DialOptions{Subprotocols: []string{live.Protocol}, HTTPHeader: http.Header{"X-Place": {p.place}}})
	if err != nil {
		if answer != nil && answer.StatusCode == http.StatusServiceUnavailable {
			p.mu.Lock()
			p.refused++
			p.mu.Unlock()
		}
		return false
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(1 << 20)
	p.mu.Lock()
	p.joins++
	p.mu.Unlock()
	for {
		_, text, err := ws.Read(ctx)
		if err != nil || !p.hear(text) {
			return true
		}
	}
}

// hear takes a frame, or not; false when it did not fit.
func (p *page) hear(text []byte) (fits bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of, ours := strings.CutPrefix(string(text), `{"t":"delta","p":`)
	if ours || strings.HasPrefix(string(text), `{"t":"snapshot"`) {
		if p.frames++; rand.Float64() < p.drop {
			p.dropped++
			return true
		}
	}
	var previous int64
	if _, err := fmt.Sscanf(of, "%d,", &previous); ours && (err != nil || previous != p.version) {
		p.gaps++
		p.version = -1
		return false
	}
	p.apply(text)
	return true
}

// truth is the map as Postgres and the deadlines in Redis say, asked afresh.
func (h *house) truth() [32]byte {
	h.T.Helper()
	e, err := h.s.loadEvent(h.T.Context(), "id = ?", h.event.ID)
	if err != nil {
		h.T.Fatal(err)
	}
	room, err := h.s.roomOf(h.T.Context(), e)
	if err != nil {
		h.T.Fatal(err)
	}
	states := make([]byte, e.SeatsTotal)
	held, err := h.Redis.Do(h.T.Context(), h.Redis.B().Hkeys().Key(h.b.keys.Name("own")).Build()).AsIntSlice()
	if err != nil {
		h.T.Fatal(err)
	}
	for _, n := range held {
		states[n] = byte(live.Held)
	}
	claims, err := liveClaims(h.T.Context(), h.DB, h.event.ID)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, c := range claims {
		if states[c.Seat] = byte(stateOf(c.Status)); states[c.Seat] == byte(live.Paying) {
			states[c.Seat] = byte(live.Held)
		}
	}
	for n, category := range room.house {
		if e.Categories[category].Price == nil {
			states[n] = byte(live.Blocked)
		}
	}
	return sha256.Sum256(states)
}

// allSee waits until every page's map is the truth, and fails the test for a version that fell or a frame that lied.
func (h *house) allSee(pages []*page) {
	h.T.Helper()
	wrong := 0
	defer func() {
		if h.T.Failed() {
			h.T.Logf("%d of %d maps are wrong", wrong, len(pages))
		}
	}()
	testkit.Eventually(h.T, 60*time.Second, "every map is the truth", func() bool {
		truth := h.truth()
		wrong = 0
		for _, p := range pages {
			p.mu.Lock()
			if len(p.states) < h.event.SeatsTotal || sha256.Sum256(p.states[:h.event.SeatsTotal]) != truth {
				wrong++
			}
			p.mu.Unlock()
		}
		return wrong == 0
	})
	for _, p := range pages {
		p.mu.Lock()
		if len(p.faults) > 0 {
			h.T.Errorf("%s: %v", p.place, p.faults)
		}
		p.mu.Unlock()
	}
}

// bustle changes the map at random until stopped: fans hold and give back, some pay, some of those pay up.
func (h *house) bustle(s func() *Service) (stop func() (changes int)) {
	h.T.Helper()
	fans := make([]string, 20)
	for i := range fans {
		fans[i] = fmt.Sprintf("fan%d", i)
	}
	h.admit(fans...)
	ctx, cancel := context.WithCancel(context.Background())
	var changes atomic.Int64
	var all sync.WaitGroup
	for i, fan := range fans {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 7))
			for ctx.Err() == nil {
				seat := random.IntN(h.event.SeatsTotal)
				if _, err := s().PlaceHold(ctx, h.event.ID, fan, []int{seat}); err == nil {
					changes.Add(1)
				}
				switch random.IntN(32) {
				case 0:
					if claims, err := h.claim(fan, fan+fmt.Sprint(seat), seat); err == nil && s().Take(h.T.Context(), h.event.ID, fan, claims, h.Clock.Now().Add(time.Hour)) == nil {
						changes.Add(1)
					}
				case 1, 2, 3, 4, 5, 6, 7, 8, 9: // goes on choosing
				default:
					_ = s().Release(ctx, h.event.ID, fan)
				}
				pause(ctx, time.Duration(5+random.IntN(30))*time.Millisecond)
			}
		})
	}
	var once sync.Once
	stop = func() int {
		once.Do(func() { cancel(); all.Wait() })
		return int(changes.Load())
	}
	h.T.Cleanup(func() { stop() })
	return stop
}

func sum(pages []*page, of func(p *page) int) (total int) {
	for _, p := range pages {
		p.mu.Lock()
		total += of(p)
		p.mu.Unlock()
	}
	return total
}

// One frame in fifty never arrives, at pages of two replicas: each notices, and every map is right in the end.
func TestDroppedFramesAreMended(t *testing.T) {
	t.Parallel()
	h := open(t, 10, 60, `,"max_per_buyer":50`)
	here, there := h.run(t), h.run(t)
	pages := h.pages(40, .02, func(i int) string { return []string{here.url, there.url}[i%2] })
	stop := h.bustle(func() *Service { return []*Service{here.s, there.s}[rand.IntN(2)] })
	testkit.Eventually(t, 60*time.Second, "frames were dropped, and missed", func() bool {
		return sum(pages, func(p *page) int { return p.frames }) > 40*50 && sum(pages, func(p *page) int { return p.gaps }) > 20
	})
	changes := stop()
	for _, p := range pages { // what is dropped last of all nobody could miss
		p.mu.Lock()
		p.drop = 0
		p.mu.Unlock()
	}
	h.want("fan0", 1)
	h.allSee(pages)
	t.Logf("%d changes, %d frames, %d dropped, %d gaps", changes, sum(pages, func(p *page) int { return p.frames }),
		sum(pages, func(p *page) int { return p.dropped }), sum(pages, func(p *page) int { return p.gaps }))
	h.checkSeats()
}

// A replica stops, and everybody who watched it comes to the other one at the same time, while the sale goes on. It has
// the machine for itself: two thousand pages in one process are a load.
func TestReconnectStorm(t *testing.T) {
	const watching = 2000
	h := open(t, 10, 60, `,"max_per_buyer":50`)
	first, second := h.run(t), h.run(t)
	var now atomic.Pointer[replica]
	now.Store(first)
	pages := h.pages(watching, 0, func(int) string { return now.Load().url })
	in := func(r *replica) int { return r.s.board(h.event.ID).hub.Sockets() }
	testkit.Eventually(t, 60*time.Second, "everybody watches", func() bool { return in(first) == watching })
	stop := h.bustle(func() *Service { return second.s })
	now.Store(second)
	first.stop()
	defer func() {
		t.Logf("%d watch, %d connected %d times, %d were told to come back later", in(second), len(pages), sum(pages, func(p *page) int { return p.joins }),
			sum(pages, func(p *page) int { return p.refused }))
	}()
	testkit.Eventually(t, 90*time.Second, "everybody watches again", func() bool { return in(second) == watching })
	stop()
	h.allSee(pages)
	h.checkSeats()
}

// More on their way to the map than it can take at once are told when to come back, before anything is asked for them.
func TestTooManyOnTheirWay(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("ada")
	r := h.run(t)
	r.s.joining.Add(mostJoining)
	for range 3 {
		refused := ask(t, "GET", r.url+"/live", "", "X-Place", "ada", "Connection", "Upgrade", "Upgrade", "websocket",
			"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").want(t, 503, "busy")
		if after, err := time.ParseDuration(refused.header.Get("Retry-After")); err != nil || after < time.Second || after > 3*time.Second {
			t.Errorf("come back in %q", refused.header.Get("Retry-After"))
		}
	}
	r.s.joining.Add(-mostJoining)
	w := r.watch(t, "ada", "")
	w.sees(t, "the map", w.seat(0, 0))
	if n := r.s.joining.Load(); n != 0 {
		t.Errorf("%d are still on their way", n)
	}
}
