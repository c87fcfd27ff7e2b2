package live

import (
	"encoding/base64"
	"slices"
	"strconv"
	"sync"
)

// Frame is one message about the map; whoever has read it is at Version.
type Frame struct {
	Previous int64 // what one must have before it; meaningless for a snapshot
	Version  int64
	Text     []byte // empty for one who misses nothing
	wire     []byte
}

func newFrame(previous, version int64, text []byte) *Frame {
	sent := wire(text)
	return &Frame{Previous: previous, Version: version, Text: sent[len(sent)-len(text):], wire: sent}
}

// frames are what was last sent to watchers. They stand still between ticks, so that everybody who keeps up gets the
// same bytes, and they lag the mirror by at most a tick.
type frames struct {
	bits     []byte
	version  int64
	latest   *Frame
	snapshot *Frame
}

func (f *frames) start(version int64, bits []byte) {
	f.bits, f.version, f.latest, f.snapshot = slices.Clone(bits), version, nil, nil
}

// Tick closes a frame over everything applied since the last one; false when nothing was.
func (m *Mirror) Tick() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.frames
	if !m.loaded || f.version == m.version {
		return false
	}
	seats, ok := m.after(f.version)
	previous := f.version
	f.bits, f.version, f.latest, f.snapshot = append(f.bits[:0], m.bits...), m.version, nil, nil
	if ok && len(seats) <= m.wholeFrom() {
		f.latest = m.delta(previous, f.version, seats)
	}
	return true
}

// Pending tells whether Tick would have something to say.
func (m *Mirror) Pending() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.loaded && m.frames.version != m.version
}

// wholeFrom is how many changed seats make a delta longer than the whole map: about 10 bytes a seat against a third.
func (m *Mirror) wholeFrom() int { return 64 + len(m.state)/30 }

// Next gives the frame a watcher at this version needs, nil when it has everything: the latest frame when it keeps up,
// one of its own when it fell behind, the whole map when even that is forgotten.
func (m *Mirror) Next(version int64) *Frame {
	m.mu.RLock()
	f := &m.frames
	if version == f.version || !m.loaded {
		m.mu.RUnlock()
		return nil
	}
	if f.latest != nil && f.latest.Previous == version {
		defer m.mu.RUnlock()
		return f.latest
	}
	m.mu.RUnlock()
	return m.replay(version)
}

// First gives the first frame of a watcher who says it has a version: what changed since, if that is known, else the
// whole map. One who misses nothing gets a frame without text; one who is ahead of the others here gets nil, and the
// next tick has one.
func (m *Mirror) First(since int64) *Frame {
	m.mu.RLock()
	upToDate := m.loaded && since == m.frames.version
	ahead := m.loaded && since > m.frames.version && since <= m.version
	m.mu.RUnlock()
	if upToDate {
		return &Frame{Version: since}
	}
	if ahead {
		return nil
	}
	return m.replay(since)
}

// Shown is the version watchers are at, those who keep up.
func (m *Mirror) Shown() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.frames.version
}

func (m *Mirror) replay(since int64) *Frame {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.frames
	if !m.loaded {
		return nil
	}
	if since <= f.version {
		// The mirror may be ahead of the frames; a seat changed later just says again what it is in the frames.
		if seats, ok := m.after(since); ok && len(seats) <= m.wholeFrom() {
			return m.delta(since, f.version, seats)
		}
	}
	if f.snapshot == nil {
		text := append([]byte(`{"t":"snapshot","v":`), strconv.FormatInt(f.version, 10)...)
		text = append(text, `,"s":"`...)
		text = append(base64.StdEncoding.AppendEncode(text, f.bits), '"')
		text = m.fuses.appendSoonest(text, f.bits)
		f.snapshot = newFrame(0, f.version, append(text, '}'))
	}
	return f.snapshot
}

func (m *Mirror) delta(previous, version int64, seats []int32) *Frame {
	bits := m.frames.bits
	text := make([]byte, 0, 48+11*len(seats))
	text = append(text, `{"t":"delta","p":`...)
	text = strconv.AppendInt(text, previous, 10)
	text = append(text, `,"v":`...)
	text = strconv.AppendInt(text, version, 10)
	text = append(text, `,"c":[`...)
	for i, n := range seats {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, '[')
		text = strconv.AppendInt(text, int64(n), 10)
		text = append(text, ',', '0'+get(bits, int(n)), ']')
	}
	text = m.fuses.append(append(text, ']'), seats, bits)
	return newFrame(previous, version, append(text, '}'))
}

// status is the answer of …/seats, encoded once a version however many ask.
type status struct {
	mu   sync.Mutex
	body []byte
}

func (s *status) drop() { s.mu.Lock(); s.body = nil; s.mu.Unlock() }

// Status is the whole map as JSON, and its version; nil before the first Load.
func (m *Mirror) Status() (version int64, body []byte) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.loaded {
		return 0, nil
	}
	m.status.mu.Lock()
	defer m.status.mu.Unlock()
	if m.status.body == nil {
		text := append([]byte(`{"version":`), strconv.FormatInt(m.version, 10)...)
		text = append(text, `,"status":"`...)
		text = base64.StdEncoding.AppendEncode(text, m.bits)
		text = m.fuses.appendSoonest(append(text, '"'), m.bits)
		m.status.body = append(text, "}\n"...)
	}
	return m.version, m.status.body
}
