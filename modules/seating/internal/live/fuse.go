package live

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// fuses tell of held seats about when they may come back. A seat in checkout has none: its payment may take longer than
// anybody knows.
type fuses struct {
	step []uint32       // by seat: in steps since 1970; 0 = none
	held map[uint32]int // how many seats have each step: few differ, since a basket lives minutes
}

const (
	// fuseStep is what deadlines are rounded up to: nobody else's clock is told to the second, and a seat is never said to
	// come back before it can.
	fuseStep = 15
	// mostFuses bounds what the whole map says: 2,000 take about as many bytes as the states of 100,000 seats. Those that
	// come back first are told.
	mostFuses = 2000
)

func newFuses(seats int) fuses {
	return fuses{step: make([]uint32, seats), held: map[uint32]int{}}
}

func (f fuses) set(n int, s State, due time.Time) {
	step, was := uint32(0), f.step[n]
	if s == Held && !due.IsZero() {
		seconds := due.Add(time.Second - time.Nanosecond).Unix()
		step = uint32((seconds + fuseStep - 1) / fuseStep)
	}
	if step == was {
		return
	}
	if f.step[n] = step; step > 0 {
		f.held[step]++
	}
	if f.held[was]--; f.held[was] <= 0 {
		delete(f.held, was)
	}
}

// cut tells which fuses the whole map tells: those of steps up to all, and the first more seats of the step next.
func (f fuses) cut() (all, next uint32, more int) {
	left := mostFuses
	for _, step := range slices.Sorted(maps.Keys(f.held)) {
		if f.held[step] > left {
			return all, step, left
		}
		all, left = step, left-f.held[step]
	}
	return all, 0, 0
}

// append writes `,"due":[[n,seconds],…]` for those of the seats that bits show as held, or nothing where there are none.
// The mirror may be ahead of what is shown; a fuse of later is set right by the next frame.
func (f fuses) append(text []byte, seats []int32, bits []byte) []byte {
	list := fuseList{text: text}
	for _, n := range seats {
		if f.step[n] > 0 && get(bits, int(n)) == byte(Held) {
			list.add(int(n), f.step[n])
		}
	}
	return list.end()
}

// appendSoonest writes the same for the whole map. It looks at every seat once and sorts none: it is done for a whole
// house while others wait.
func (f fuses) appendSoonest(text []byte, bits []byte) []byte {
	list := fuseList{text: text}
	all, next, more := f.cut()
	for n, step := range f.step {
		if step == 0 {
			continue
		}
		if step > all {
			if step != next || more == 0 {
				continue
			}
			more--
		}
		if get(bits, n) == byte(Held) {
			list.add(n, step)
		}
	}
	return list.end()
}

// fuseList is the list as JSON in the making, behind a text.
type fuseList struct {
	text []byte
	some bool
}

func (l *fuseList) add(n int, step uint32) {
	open := `,"due":[[`
	if l.some {
		open = `,[`
	}
	l.some = true
	l.text = append(l.text, open...)
	l.text = strconv.AppendInt(l.text, int64(n), 10)
	l.text = append(l.text, ',')
	l.text = strconv.AppendInt(l.text, int64(step)*fuseStep, 10)
	l.text = append(l.text, ']')
}

func (l *fuseList) end() []byte {
	if l.some {
		l.text = append(l.text, ']')
	}
	return l.text
}
