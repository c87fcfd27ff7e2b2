package live

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// State is what a seat is.
type State uint8

// The states as the change log writes them. A seat in checkout is shown as held: both may come back.
const (
	Free State = iota
	Held
	Sold
	Blocked
	Paying
	states
)

// shown is the state's two bits in public.
func (s State) shown() byte {
	if s == Paying {
		return byte(Held)
	}
	return byte(s) & 3
}

// House is what stays the same of an event's seats: seat n is of category Category[n], which is on sale or not. A seat
// that is not on sale is Blocked whatever is said of it.
type House struct {
	Category []int
	OnSale   []bool
}

// Change says that a seat became something at a version.
type Change struct {
	Version int64
	Seat    int
	State   State
	Due     time.Time // when a hold runs out; zero where nobody knows
}

// SeatState is a seat that is not free.
type SeatState struct {
	Seat  int
	State State
	Due   time.Time
}

// Counts are the seats of a mirror by state; FreeOf by category.
type Counts struct {
	Version                           int64
	Free, Held, Paying, Sold, Blocked int
	Total                             int
	FreeOf                            []int
}

// keep is how many changes can be replayed to a watcher who was away or is slow.
const keep = 8192

// Mirror is one replica's copy of a map. Versions rise by one a change inside an epoch, so a hole cannot go unseen.
type Mirror struct {
	mu      sync.RWMutex
	loaded  bool
	house   House
	version int64
	state   []State
	free    []bool // by seat, beside state: it is copied for every choice of the house
	fuses   fuses
	bits    []byte
	counts  [states]int
	freeOf  []int
	// offSale are seats that are held though they are not on sale: their price went while somebody held them.
	offSale map[int]bool

	// past lists changed seats in the order of versions: complete after floor.
	past  []moment
	floor int64

	frames frames
	status status
}

type moment struct {
	version int64
	seat    int32
}

// NewMirror is empty until Load.
func NewMirror() *Mirror { return &Mirror{} }

// Version is that of the last change applied; 0 before the first Load.
func (m *Mirror) Version() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version
}

// Load replaces everything with the map at a version; recent are the changes that led there, if known. Watchers who
// have the version before can still be told the difference. It answers false, and changes nothing, when the version is
// behind: versions never fall.
func (m *Mirror) Load(version int64, house House, seats []SeatState, recent []Change) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version < m.version {
		return false
	}
	fresh, due, offSale := make([]State, len(house.Category)), newFuses(len(house.Category)), map[int]bool{}
	for _, s := range seats {
		if s.Seat >= 0 && s.Seat < len(fresh) {
			fresh[s.Seat] = s.State
			due.set(s.Seat, s.State, s.Due)
		}
	}
	for n, category := range house.Category {
		if !house.OnSale[category] {
			if fresh[n] == Held {
				offSale[n] = true
			}
			fresh[n] = Blocked
			due.set(n, Blocked, time.Time{})
		}
	}
	if m.loaded && len(m.state) == len(fresh) {
		for n, s := range fresh {
			if s.shown() != m.state[n].shown() || due.step[n] != m.fuses.step[n] {
				m.past = append(m.past, moment{version, int32(n)})
			}
		}
	} else {
		m.past, m.floor = m.past[:0], version
		m.remember(version, recent)
	}
	m.state, m.fuses, m.offSale, m.house, m.version = fresh, due, offSale, house, version
	m.recount()
	m.trim()
	m.status.drop()
	if !m.loaded {
		m.frames.start(version, m.bits)
	}
	m.loaded = true
	return true
}

// remember takes over a log that ends without a hole at version.
func (m *Mirror) remember(version int64, recent []Change) {
	first := len(recent)
	for want := version; first > 0 && recent[first-1].Version == want; want-- {
		first--
	}
	for _, c := range recent[first:] {
		m.past = append(m.past, moment{c.Version, int32(c.Seat)})
	}
	m.floor = version - int64(len(recent)-first)
}

// Apply takes changes that follow the version without a hole; it answers false at the first one that does not, and the
// map must be loaded anew. Changes already known are passed over.
func (m *Mirror) Apply(changes []Change) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.loaded {
		return false
	}
	defer m.trim()
	for _, c := range changes {
		if c.Version <= m.version {
			continue
		}
		if c.Version != m.version+1 || c.Seat < 0 || c.Seat >= len(m.state) || c.State >= states {
			return false
		}
		m.version = c.Version
		m.set(c.Seat, c.State, c.Due)
		m.past = append(m.past, moment{c.Version, int32(c.Seat)})
		m.status.drop()
	}
	return true
}

func (m *Mirror) set(n int, s State, due time.Time) {
	category := m.house.Category[n]
	if !m.house.OnSale[category] {
		if delete(m.offSale, n); s == Held {
			m.offSale[n] = true
		}
		s = Blocked
	}
	was := m.state[n]
	m.counts[was]--
	m.counts[s]++
	if was == Free {
		m.freeOf[category]--
	}
	if s == Free {
		m.freeOf[category]++
	}
	m.state[n], m.free[n] = s, s == Free
	m.fuses.set(n, s, due)
	put(m.bits, n, s.shown())
}

func (m *Mirror) recount() {
	m.counts = [states]int{}
	m.freeOf = make([]int, len(m.house.OnSale))
	m.bits = make([]byte, (len(m.state)+3)/4)
	m.free = make([]bool, len(m.state))
	for n, s := range m.state {
		m.counts[s]++
		m.free[n] = s == Free
		if s == Free {
			m.freeOf[m.house.Category[n]]++
		}
		put(m.bits, n, s.shown())
	}
}

func (m *Mirror) trim() {
	if extra := len(m.past) - keep; extra > 0 {
		// Seats of one version go together: a reload has many.
		m.floor = m.past[extra-1].version
		for extra < len(m.past) && m.past[extra].version == m.floor {
			extra++
		}
		m.past = slices.Delete(m.past, 0, extra)
	}
}

// Counts are the figures right now.
func (m *Mirror) Counts() Counts {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return Counts{Version: m.version, Free: m.counts[Free], Held: m.counts[Held], Paying: m.counts[Paying],
		Sold: m.counts[Sold], Blocked: m.counts[Blocked], Total: len(m.state), FreeOf: slices.Clone(m.freeOf)}
}

// Holds tells whether any seat is held, be it shown or not.
func (m *Mirror) Holds() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.counts[Held] > 0 || len(m.offSale) > 0
}

// FreeSeats is one moment's answer to which seats are free.
func (m *Mirror) FreeSeats() []bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.free)
}

// FreeAmong is one moment's answer to which seats of some stretches, each from one number up to but not including another,
// are free; what lies outside of them is not.
func (m *Mirror) FreeAmong(stretches [][2]int) func(n int) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	free := make([][]bool, len(stretches))
	for i, in := range stretches {
		if in[0] >= 0 && in[0] < len(m.free) {
			free[i] = slices.Clone(m.free[in[0]:min(in[1], len(m.free))])
		}
	}
	return func(n int) bool {
		for i, in := range stretches {
			if at := n - in[0]; at >= 0 && at < len(free[i]) {
				return free[i][at]
			}
		}
		return false
	}
}

// FreeIn gives up to most free seats of from..to-1, looking round from start on, so that two who start elsewhere seldom
// get the same ones.
func (m *Mirror) FreeIn(from, to, start, most int) []int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	to = min(to, len(m.state))
	free := make([]int, 0, most)
	for i := 0; i < to-from && len(free) < most; i++ {
		if n := from + (start-from+i)%(to-from); m.state[n] == Free {
			free = append(free, n)
		}
	}
	return free
}

// after gives the seats that changed after a version, each once, in rising order; false when that is forgotten.
func (m *Mirror) after(version int64) ([]int32, bool) {
	if version < m.floor {
		return nil, false
	}
	from, _ := slices.BinarySearchFunc(m.past, version+1, func(p moment, v int64) int { return cmp.Compare(p.version, v) })
	seats := make([]int32, 0, len(m.past)-from)
	for _, p := range m.past[from:] {
		seats = append(seats, p.seat)
	}
	slices.Sort(seats)
	return slices.Compact(seats), true
}

// put writes two bits of seat n: byte n/4, bits 2·(n mod 4).
func put(bits []byte, n int, s byte) {
	shift := 2 * (n % 4)
	bits[n/4] = bits[n/4]&^(3<<shift) | s<<shift
}

func get(bits []byte, n int) byte { return bits[n/4] >> (2 * (n % 4)) & 3 }

// HeldSeats is one moment's answer to which seats fans hold.
func (m *Mirror) HeldSeats() []bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	held := make([]bool, len(m.state))
	for n, s := range m.state {
		held[n] = s == Held
	}
	return held
}

// Due tells about when a held seat may come back, as the map does; zero where nobody knows.
func (m *Mirror) Due(n int) time.Time {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if n < 0 || n >= len(m.state) || m.state[n] != Held || m.fuses.step[n] == 0 {
		return time.Time{}
	}
	return time.Unix(int64(m.fuses.step[n])*fuseStep, 0)
}

// Words are all seats as people are told of them: "free", "held", "sold", "blocked".
func (m *Mirror) Words() []string {
	words := [...]string{"free", "held", "sold", "blocked"}
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]string, len(m.state))
	for n, s := range m.state {
		out[n] = words[s.shown()]
	}
	return out
}
