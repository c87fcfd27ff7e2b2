package live

import (
	"fmt"
	"io"
	"testing"
	"time"
)

// A place opens its ninth page: its first one is closed, and nobody else's.
func TestOnePlaceHasBoundedSockets(t *testing.T) {
	t.Parallel()
	s := newStage(t, 8, DefaultLimits())
	bob := s.join(t, "place=bob", 8)
	eventually(t, "a snapshot", bob.at(1))
	var pages []*client
	for range 10 {
		c := s.join(t, "place=ada", 8)
		eventually(t, "a snapshot", c.at(1))
		pages = append(pages, c)
	}
	for i := range 2 {
		if code := pages[i].code(t); code != CodeTooSlow {
			t.Errorf("page %d: closed with %d", i, code)
		}
	}
	s.Tell("ada", []byte(`{"t":"hold"}`))
	for _, c := range pages[2:] {
		eventually(t, "the frame", func() bool { return len(c.told()) == 1 })
	}
	if n := s.Sockets(); n != 9 {
		t.Errorf("%d sockets", n)
	}
	select {
	case p := <-s.empty:
		t.Errorf("%s is said to be gone", p)
	default:
	}
}

// Strangers who are refused and say nothing more are let go of soon.
func TestRefusedStrangersAreLetGo(t *testing.T) {
	t.Parallel()
	s := newStage(t, 8, DefaultLimits())
	s.Close(t.Context()) // refuses everybody from now on
	gone := make(chan error, 5)
	for i := range cap(gone) {
		conn := dialRaw(t, s.url, fmt.Sprintf("place=eve%d", i))
		defer conn.Close()
		go func() {
			_, err := io.Copy(io.Discard, conn)
			gone <- err
		}()
	}
	patience := time.After(refusal + 2*time.Second)
	for range cap(gone) {
		select {
		case <-gone:
		case <-patience:
			t.Fatal("a refused stranger is still waited for")
		}
	}
}
