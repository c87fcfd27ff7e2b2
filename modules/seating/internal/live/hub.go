package live

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
)

// Hub is some of those who watch one event through this replica: the fans, or staff. Each watches under a name, a fan's place or
// a session of staff, in as many sockets as have pages open.
type Hub struct {
	mirror *Mirror
	limits Limits
	// empty is told when the last socket of a name has closed here.
	empty func(name string)

	mu     sync.Mutex
	names  map[string][]*Socket
	joined int // sockets so far: each takes its turn to be pinged by it
	round  int
	closed bool

	// ending counts sockets from joining until they are closed for good.
	ending sync.WaitGroup
}

// rounds is the number of Ping calls after which every socket has been pinged once.
const rounds = 25

// hands is how many write at once what is new to those who keep up; none of them ever waits for a reader.
const hands = 4

// NewHub shows a mirror; empty may be nil.
func NewHub(m *Mirror, limits Limits, empty func(name string)) *Hub {
	if empty == nil {
		empty = func(string) {}
	}
	return &Hub{mirror: m, limits: limits, empty: empty, names: map[string][]*Socket{}}
}

// Join lets somebody watch under a name, from the version they say they have; -1 for none. It returns at once, and the socket
// lives on. A hub that is closing sends the watcher elsewhere; a name that has too many sockets loses its oldest.
func (h *Hub) Join(c *Conn, name string, since int64) {
	s := &Socket{hub: h, conn: c, name: name, version: since}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		s.conn.Refuse(CodeRestarting, "restarting")
		return
	}
	h.ending.Add(1)
	h.joined++
	s.slot = h.joined % rounds
	h.names[name] = append(h.names[name], s)
	var oldest *Socket
	if have := h.names[name]; h.limits.PerName > 0 && len(have) > h.limits.PerName {
		oldest = have[0]
	}
	h.mu.Unlock()
	if oldest != nil {
		// Not the newest: the page somebody has just opened is the one they look at.
		oldest.close(CodeTooSlow, "too many sockets", nil)
	}
	go s.read()
	s.wake()
}

// Tick shows what was applied to the mirror since the last one, and sends it to everybody who keeps up.
func (h *Hub) Tick() {
	if h.mirror.Tick() {
		h.Wake()
	}
}

// Wake sends what the mirror shows to everybody who keeps up. A mirror that has several hubs is ticked by one of them alone.
func (h *Hub) Wake() {
	all := h.all()
	var done sync.WaitGroup
	for hand := range hands {
		done.Go(func() {
			for i := hand; i < len(all); i += hands {
				all[i].wake()
			}
		})
	}
	done.Wait()
}

// Tell sends a frame to the sockets of one name, and tells how many there are.
func (h *Hub) Tell(name string, frame []byte) int {
	h.mu.Lock()
	sockets := slices.Clone(h.names[name])
	h.mu.Unlock()
	for _, s := range sockets {
		s.tell(frame)
	}
	return len(sockets)
}

// Ping is called once a second and pings each socket every 25th time.
func (h *Hub) Ping() {
	h.mu.Lock()
	h.round = (h.round + 1) % rounds
	round := h.round
	h.mu.Unlock()
	for _, s := range h.all() {
		if s.slot == round {
			go s.ping()
		}
	}
}

// Names are those who watch.
func (h *Hub) Names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.AppendSeq(make([]string, 0, len(h.names)), maps.Keys(h.names))
}

// Sockets is how many are open.
func (h *Hub) Sockets() int { return len(h.all()) }

// Watches tells whether a name has a socket here.
func (h *Hub) Watches(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.names[name]) > 0
}

// Leave closes the sockets of a name, with a last frame that says why.
func (h *Hub) Leave(name string, code int, reason string) {
	h.mu.Lock()
	sockets := slices.Clone(h.names[name])
	h.mu.Unlock()
	for _, s := range sockets {
		s.close(code, reason, bye(reason))
	}
}

// Close tells everybody to come back elsewhere and waits until they heard it or ctx ends. Nobody joins any more.
func (h *Hub) Close(ctx context.Context) {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	for _, s := range h.all() {
		s.close(CodeRestarting, "restarting", bye("restarting"))
	}
	done := make(chan struct{})
	go func() { h.ending.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (h *Hub) all() []*Socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*Socket, 0, len(h.names))
	for _, sockets := range h.names {
		all = append(all, sockets...)
	}
	return all
}

func (h *Hub) remove(s *Socket) {
	h.mu.Lock()
	left := slices.DeleteFunc(h.names[s.name], func(o *Socket) bool { return o == s })
	if len(left) == 0 {
		delete(h.names, s.name)
	} else {
		h.names[s.name] = left
	}
	closed := h.closed
	h.mu.Unlock()
	// A replica that restarts is no fan who left.
	if len(left) == 0 && !closed {
		h.empty(s.name)
	}
}

func bye(reason string) []byte {
	frame, _ := json.Marshal(map[string]string{"t": "bye", "reason": reason})
	return frame
}
