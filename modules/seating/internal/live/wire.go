package live

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"fairseat/app/clock"
)

// Frames go to the connection as bytes that are made once for all who watch, past the library, which would put each
// together anew and wake a goroutine for it. The library keeps what is rare: the handshake, pings, pongs, the closing.

// wire is a text message as a server sends it: whole and unmasked.
func wire(text []byte) []byte {
	head := make([]byte, 2, len(text)+10)
	head[0] = 0x81 // final, text
	switch n := len(text); {
	case n < 126:
		head[1] = byte(n)
	case n < 1<<16:
		head[1] = 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] = 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	return append(head, text...)
}

// shared is a connection that two write to: we, and the library with its control frames, each of which is one Write. What
// one began the other does not interrupt, and nothing follows a close frame: the library answers the peer's with another
// one of its own, and a browser that gets two of them forgets the code of the first.
type shared struct {
	net.Conn
	raw    syscall.RawConn // nil where a write cannot be tried
	mu     sync.Mutex
	closed bool // a close frame was written
}

// closes is the first byte of a close frame.
const closes = 0x88

func share(conn net.Conn) *shared {
	s := &shared{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	return s
}

// Write is the library's.
func (s *shared) Write(frame []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return len(frame), nil
	}
	s.closed = len(frame) > 0 && frame[0] == closes
	return s.Conn.Write(frame)
}

// try writes as much as goes without waiting, and gives what is left.
func (s *shared) try(frame []byte) (rest []byte, err error) {
	if s.raw == nil || !s.mu.TryLock() {
		return frame, nil
	}
	if s.closed {
		s.mu.Unlock()
		return nil, net.ErrClosed
	}
	n := 0
	failed := s.raw.Write(func(fd uintptr) bool {
		n, err = syscall.Write(int(fd), frame)
		return true // whatever came of it: nobody waits here
	})
	if failed != nil {
		err = failed
	}
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		n, err = 0, nil
	}
	if n == len(frame) || err != nil {
		s.mu.Unlock()
		return nil, err
	}
	if n <= 0 {
		s.mu.Unlock()
		return frame, nil
	}
	return frame[n:], nil // and finish unlocks: the frame must be ended before anything else is said
}

// finish writes the rest of a frame that try began, or all of one, within a time; then the connection is of no use.
func (s *shared) finish(frame, rest []byte, within time.Duration) error {
	if len(rest) == len(frame) {
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if err := s.SetWriteDeadline(clock.System{}.Now().Add(within)); err != nil {
		return err
	}
	if _, err := s.Conn.Write(rest); err != nil {
		return err
	}
	return s.SetWriteDeadline(time.Time{})
}
