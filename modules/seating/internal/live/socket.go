package live

import (
	"context"
	"sync"
	"time"
)

// Limits of one socket. A test may shorten the times.
type Limits struct {
	Write    time.Duration // a frame not written within it ends the socket
	Pong     time.Duration
	Personal int // frames for this visitor alone that may wait; one more ends the socket
	Messages int // a client may send between two pings
	PerName  int // sockets of one name; one more ends the oldest
}

// DefaultLimits are what the server runs with.
func DefaultLimits() Limits {
	return Limits{Write: 5 * time.Second, Pong: 10 * time.Second, Personal: 16, Messages: 100, PerName: 8}
}

// Socket is one watcher. It has no queue of map frames: it knows its version, and what it is sent next follows from
// the mirror, so a slow reader costs as little memory as a quick one.
//
//	joined → flushing ⇄ idle → closing
//	            └ a write that takes too long, a full personal queue, no pong, too many others of its name:
//	              closing with 4008
type Socket struct {
	hub  *Hub
	conn *Conn
	name string
	slot int // in which of the rounds it is pinged

	mu       sync.Mutex
	greeted  bool
	version  int64
	personal [][]byte
	flushing bool
	closing  bool
	heard    int
}

// wake writes what is due, unless somebody is at it. The caller does not wait: what does not go at once is left to a
// writer of the socket's own, who lives only as long as it has something to write.
func (s *Socket) wake() {
	s.mu.Lock()
	idle := !s.flushing && !s.closing
	if idle {
		s.flushing = true
	}
	s.mu.Unlock()
	for idle {
		frame, version := s.due()
		if frame == nil {
			return
		}
		rest, err := s.conn.raw.try(frame)
		if err != nil {
			s.cut()
			return
		}
		if len(rest) > 0 {
			go s.flush(frame, rest, version)
			return
		}
		s.sent(version)
	}
}

// flush ends a frame that was begun, and goes on.
func (s *Socket) flush(frame, rest []byte, version int64) {
	for frame != nil {
		if s.conn.raw.finish(frame, rest, s.hub.limits.Write) != nil {
			s.cut()
			return
		}
		s.sent(version)
		frame, version = s.due()
		rest = frame
	}
}

func (s *Socket) sent(version int64) {
	if version > 0 {
		s.mu.Lock()
		s.greeted, s.version = true, version
		s.mu.Unlock()
	}
}

// cut ends a socket in the middle of a frame: nothing said now would be understood.
func (s *Socket) cut() {
	_ = s.conn.raw.Close()
	s.close(CodeTooSlow, "too slow", nil)
}

// due gives the next frame and, for one about the map, the version it leads to. Nil ends the writer.
func (s *Socket) due() (frame []byte, version int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		s.flushing = false
		return nil, 0
	}
	if !s.greeted {
		f := s.hub.mirror.First(s.version)
		if f == nil {
			s.flushing = false
			return nil, 0
		}
		if f.Text != nil {
			return f.wire, f.Version
		}
		s.greeted = true
	}
	if len(s.personal) > 0 {
		frame, s.personal = s.personal[0], s.personal[1:]
		return frame, 0
	} else if f := s.hub.mirror.Next(s.version); f != nil {
		return f.wire, f.Version
	}
	s.flushing = false
	return nil, 0
}

// tell queues a frame for this visitor.
func (s *Socket) tell(frame []byte) {
	s.mu.Lock()
	full := len(s.personal) >= s.hub.limits.Personal
	if !full {
		s.personal = append(s.personal, wire(frame))
	}
	s.mu.Unlock()
	if full {
		s.close(CodeTooSlow, "too slow", nil)
		return
	}
	s.wake()
}

// read notices pongs and the end. What a client says is not wanted; much of it ends the socket.
func (s *Socket) read() {
	for s.conn.next(context.Background()) == nil {
		s.mu.Lock()
		s.heard++
		tooMuch := s.heard > s.hub.limits.Messages
		s.mu.Unlock()
		if tooMuch {
			s.close(CodeMisbehaved, "too many messages", nil)
		}
	}
	s.close(CodeMisbehaved, "", nil)
}

func (s *Socket) ping() {
	s.mu.Lock()
	s.heard = 0
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), s.hub.limits.Pong)
	defer cancel()
	if s.conn.ping(ctx) != nil {
		s.close(CodeTooSlow, "no pong", nil)
	}
}

// close ends the socket once, after a last frame if there is one, without making the caller wait.
func (s *Socket) close(code int, reason string, bye []byte) {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return
	}
	s.closing, s.personal = true, nil
	if bye != nil {
		bye = wire(bye)
	}
	s.mu.Unlock()
	s.hub.remove(s)
	go func() {
		defer s.hub.ending.Done()
		if bye != nil {
			_ = s.conn.raw.finish(bye, bye, s.hub.limits.Write)
		}
		s.conn.close(code, reason)
	}()
}
