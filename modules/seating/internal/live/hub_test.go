package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"fairseat/app/clock"
)

//lint:file-ignore SA1019 the project's given library

const patience = 10 * time.Second

func TestSnapshotThenDeltas(t *testing.T) {
	t.Parallel()
	s := newStage(t, 50, DefaultLimits())
	ada := s.join(t, "place=ada", 50)
	eventually(t, "a snapshot", ada.at(1))
	for n := range 30 {
		s.change(n, Held)
		if n%3 == 0 {
			s.change(n, Sold)
		}
		s.Tick()
	}
	eventually(t, "every change", ada.at(s.m.Version()))
	late := s.rejoin(t, "place=late&since=5", viewer{version: 5, states: make([]byte, 50)}, 50)
	eventually(t, "what came since", late.at(s.m.Version()))
	late.mu.Lock()
	if len(late.frames) != 1 || !strings.HasPrefix(late.frames[0], `{"t":"delta","p":5,`) {
		t.Errorf("since 5: %v", late.frames)
	}
	late.mu.Unlock()
	// Who comes from elsewhere and has seen more than was shown here waits for the next tick, and misses nothing then.
	s.change(3, Free)
	s.change(4, Free)
	if f := s.m.First(s.m.Version() - 1); f != nil {
		t.Errorf("before the tick: %s", f.Text)
	}
	knows := viewer{version: s.m.Version() - 1, states: slices.Clone(late.states)}
	knows.states[3] = 0
	ahead := s.rejoin(t, fmt.Sprintf("place=ahead&since=%d", knows.version), knows, 50)
	eventually(t, "somebody who is ahead", func() bool { return s.Watches("ahead") })
	s.Tick()
	eventually(t, "the rest", ahead.at(s.m.Version()))
	ahead.mu.Lock()
	if len(ahead.frames) != 1 || !strings.HasPrefix(ahead.frames[0], `{"t":"delta"`) {
		t.Errorf("from %d on: %v", knows.version, ahead.frames)
	}
	ahead.mu.Unlock()
	eventually(t, "every change of seats 3 and 4", ada.at(s.m.Version()))
	// Nothing new: nothing is said.
	s.Tick()
	ada.mu.Lock()
	defer ada.mu.Unlock()
	if ada.states[0] != 2 || ada.states[1] != 1 || ada.states[40] != 0 {
		t.Errorf("states %v", ada.states)
	}
}

func TestPersonalFrames(t *testing.T) {
	t.Parallel()
	s := newStage(t, 8, DefaultLimits())
	tab1, tab2, bob := s.join(t, "place=ada", 8), s.join(t, "place=ada", 8), s.join(t, "place=bob", 8)
	for _, c := range []*client{tab1, tab2, bob} {
		eventually(t, "a snapshot", c.at(1))
	}
	if n := s.Tell("ada", []byte(`{"t":"hold","seats":[1]}`)); n != 2 {
		t.Errorf("told %d sockets", n)
	}
	for _, c := range []*client{tab1, tab2} {
		eventually(t, "the frame", func() bool { return len(c.told()) == 1 && c.told()[0] == `{"t":"hold","seats":[1]}` })
	}
	s.Tell("bob", []byte(`{"t":"order"}`))
	eventually(t, "bob's frame", func() bool { return len(bob.told()) == 1 })
	if len(tab1.told()) != 1 {
		t.Error("ada heard bob's frame")
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t, 8, DefaultLimits())
	ada, second, bob := s.join(t, "place=ada", 8), s.join(t, "place=ada", 8), s.join(t, "place=bob", 8)
	for _, c := range []*client{ada, second, bob} {
		eventually(t, "a snapshot", c.at(1))
	}
	_ = second.ws.Close(websocket.StatusNormalClosure, "")
	eventually(t, "one socket less", func() bool { return s.Sockets() == 2 })
	select {
	case p := <-s.empty:
		t.Errorf("%s is said to be gone with a socket open", p)
	default:
	}
	s.Leave("ada", CodeNotAdmitted, "admission-ended")
	if code := ada.code(t); code != CodeNotAdmitted {
		t.Errorf("closed with %d, %v", code, ada.ended)
	}
	if got := ada.told(); len(got) != 1 || got[0] != `{"reason":"admission-ended","t":"bye"}` {
		t.Errorf("told %v", got)
	}
	if p := <-s.empty; p != "ada" {
		t.Errorf("%s left", p)
	}
	s.Close(t.Context())
	if code := bob.code(t); code != CodeRestarting || len(bob.told()) != 1 {
		t.Errorf("closed with %d, told %v", code, bob.told())
	}
	if code := s.join(t, "place=late", 8).code(t); code != CodeRestarting {
		t.Errorf("a late comer was closed with %d", code)
	}
	select {
	case p := <-s.empty:
		t.Errorf("a restart made %s leave", p)
	default:
	}
}

func TestTalkersAreClosed(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Messages = 5
	s := newStage(t, 8, limits)
	long := s.join(t, "place=long", 8)
	if err := long.ws.Write(t.Context(), websocket.MessageText, make([]byte, 1100)); err != nil {
		t.Fatal(err)
	}
	if code := long.code(t); code != websocket.StatusMessageTooBig {
		t.Errorf("a long message: closed with %d", code)
	}
	many := s.join(t, "place=many", 8)
	for range 6 {
		if err := many.ws.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			break
		}
	}
	if code := many.code(t); code != CodeMisbehaved {
		t.Errorf("many messages: closed with %d", code)
	}
	full := s.join(t, "place=full", 8)
	eventually(t, "a snapshot", full.at(1))
	for range 5000 { // faster than any writer, or every one of them arrives
		s.Tell("full", []byte(`{"t":"order"}`))
	}
	eventually(t, "all or an end", func() bool {
		select {
		case <-full.done:
			return websocket.CloseStatus(full.ended) == CodeTooSlow
		default:
			return len(full.told()) == 5000
		}
	})
}

// A client that is silent to pings is gone; one that answers stays.
func TestPings(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Pong = 100 * time.Millisecond
	s := newStage(t, 8, limits)
	alive := s.join(t, "place=alive", 8)
	silent, _, err := websocket.Dial(t.Context(), s.url+"?place=silent", nil) // never reads, so never pongs
	if err != nil {
		t.Fatal(err)
	}
	defer silent.CloseNow()
	eventually(t, "both", func() bool { return s.Sockets() == 2 })
	for range rounds {
		s.Ping()
	}
	eventually(t, "the silent one gone", func() bool { return s.Sockets() == 1 })
	s.change(1, Held)
	s.Tick()
	eventually(t, "the other one served", alive.at(2))
}

// Readers that stall cost a bounded little, are closed, and do not slow the others. Not in parallel, like the next: the
// heap and the stacks are those of the whole process.
func TestStalledReaders(t *testing.T) {
	const seats, stalled = 20000, 60
	limits := DefaultLimits()
	limits.Write = 700 * time.Millisecond
	s := newStage(t, seats, limits)
	var accepted atomic.Int32
	for i := range stalled {
		conn := dialRaw(t, s.url, fmt.Sprintf("?place=s%d", i))
		defer conn.Close()
		accepted.Add(1)
	}
	quick := s.join(t, "place=quick", seats)
	eventually(t, "everybody in", func() bool { return s.Sockets() == stalled+1 })
	eventually(t, "a snapshot", quick.at(1))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// Some 130 KB a round for each: far more than two sockets' buffers hold.
	for round := range 40 {
		for n := range 600 {
			s.change((round*600+n)%seats, State(1+round%2))
		}
		s.Tick()
		eventually(t, "the quick one served meanwhile", quick.at(s.m.Version()))
	}
	eventually(t, "the stalled ones gone", func() bool { return s.Sockets() == 1 })
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > stalled*64<<10 {
		t.Errorf("the heap grew by %d KiB for %d stalled readers", grown>>10, stalled)
	}
	quick.mu.Lock()
	defer quick.mu.Unlock()
	if quick.ended != nil {
		t.Errorf("the quick one was closed: %v", quick.ended)
	}
}

// A thousand readers that stall for as long as they like: what is kept for each is bounded, however much they miss, and a
// quick one gets every frame meanwhile.
func TestAThousandStalledReaders(t *testing.T) {
	const seats, stalled = 20000, 1000
	limits := DefaultLimits()
	limits.Write = time.Minute
	s := newStage(t, seats, limits)
	for i := range stalled {
		conn := dialRaw(t, s.url, fmt.Sprintf("?place=s%d", i))
		defer conn.Close()
	}
	quick := s.join(t, "place=quick", seats)
	eventually(t, "everybody in", func() bool { return s.Sockets() == stalled+1 })
	eventually(t, "a snapshot", quick.at(1))
	kept := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	round := 0
	rounds := func(n int) {
		for range n {
			for seat := range 600 {
				s.change((round*600+seat)%seats, State(1+round%2))
			}
			s.Tick()
			eventually(t, "the quick one served meanwhile", quick.at(s.m.Version()))
			round++
		}
	}
	rounds(25) // some 150 KB for each: by now every one has stopped taking
	before := kept()
	rounds(50)
	if grown := kept() - before; grown > stalled*1<<10 {
		t.Errorf("what is kept grew by %d bytes for each stalled reader", grown/stalled)
	}
	if s.Sockets() != stalled+1 {
		t.Errorf("%d sockets", s.Sockets())
	}
	quick.mu.Lock()
	defer quick.mu.Unlock()
	if deltas := len(quick.frames) - 1; quick.ended != nil || deltas != round {
		t.Errorf("the quick one got %d of %d frames, %v", deltas, round, quick.ended)
	}
}

// However many join at one version, the whole map is put together once; the next version makes it anew.
func TestASnapshotIsMadeOnce(t *testing.T) {
	t.Parallel()
	m := NewMirror()
	m.Load(1, houseOf(100_000), nil, nil)
	first := m.First(-1)
	for since := range int64(1000) {
		if f := m.First(-1 - since); f != first || &f.wire[0] != &first.wire[0] {
			t.Fatal("it was made again")
		}
	}
	_, body := m.Status()
	if _, again := m.Status(); &body[0] != &again[0] {
		t.Error("the answer of /seats was made again")
	}
	m.Apply([]Change{{Version: 2, Seat: 7, State: Held}})
	m.Tick()
	if next := m.First(-1); next == first || next.Version != 2 {
		t.Error("an old map is shown")
	}
}

// A browser that gets a second close frame forgets the code of the first, and would knock for ever.
func TestNothingFollowsTheClosing(t *testing.T) {
	t.Parallel()
	s := newStage(t, 8, DefaultLimits())
	conn := dialRaw(t, s.url, "?place=ada")
	defer func() { _ = conn.Close() }()
	eventually(t, "ada watches", func() bool { return s.Sockets() == 1 })
	s.Leave("ada", CodeNotAdmitted, "admission-ended")
	farewell := append([]byte{0x88, 17, 0x0f, 0xa1}, "admission-ended"...)
	var got []byte
	answered := false
	for chunk := make([]byte, 4096); ; {
		_ = conn.SetReadDeadline(clock.System{}.Now().Add(patience))
		n, err := conn.Read(chunk)
		got = append(got, chunk[:n]...)
		if !answered && bytes.Contains(got, farewell) {
			answered = true
			if _, err := conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa1}); err != nil {
				t.Fatal(err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
	}
	if !bytes.HasSuffix(got, farewell) {
		t.Errorf("the closing is not the last word: %q", got)
	}
}

// A client that speaks in the same breath as it shakes hands is heard.
func TestEarlyWords(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Messages = 2
	s := newStage(t, 8, limits)
	for _, early := range []int{3, 200} {
		conn := dialRaw(t, s.url, "?place=early")
		frame := []byte{0x81, 0x82, 0, 0, 0, 0, 'h', 'i'} // "hi", masked with nothing
		if _, err := conn.Write(bytes.Repeat(frame, early)); err != nil {
			t.Fatal(err)
		}
		// Three messages are one too many: the last thing said is a close frame with 1008.
		var got []byte
		for chunk := make([]byte, 4096); !bytes.Contains(got, []byte{0x03, 0xf0}); {
			n, err := conn.Read(chunk)
			if got = append(got, chunk[:n]...); err != nil {
				t.Errorf("%d early messages: %q, %v", early, got, err)
				break
			}
		}
		_ = conn.Close()
	}
}
