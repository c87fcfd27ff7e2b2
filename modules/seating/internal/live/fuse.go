package live

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// fuses tell of held seats about when they may come back, in seconds since 1970. A seat in checkout has none: its
// payment may take longer than anybody knows.
type fuses map[int32]int64

const (
	// fuseStep is what deadlines are rounded up to: nobody else's clock is told to the second, and a seat is never said to
	// come back before it can.
	fuseStep = 15
	// mostFuses bounds what the whole map says: 2,000 take about as many bytes as the states of 100,000 seats. Those that
	// come back first are told.
	mostFuses = 2000
)

func (f fuses) set(n int, s State, due time.Time) {
	if s != Held || due.IsZero() {
		delete(f, int32(n))
		return
	}
	seconds := due.Add(time.Second - time.Nanosecond).Unix()
	f[int32(n)] = (seconds + fuseStep - 1) / fuseStep * fuseStep
}

// soonest are the seats whose fuses the whole map tells, in rising order.
func (f fuses) soonest() []int32 {
	seats := make([]int32, 0, len(f))
	for n := range f {
		seats = append(seats, n)
	}
	if len(seats) > mostFuses {
		slices.SortFunc(seats, func(a, b int32) int { return cmp.Or(cmp.Compare(f[a], f[b]), cmp.Compare(a, b)) })
		seats = seats[:mostFuses]
	}
	slices.Sort(seats)
	return seats
}

// append writes `,"due":[[n,seconds],…]` for those of the seats that bits show as held, or nothing where there are none.
// The mirror may be ahead of what is shown; a fuse of later is set right by the next frame.
func (f fuses) append(text []byte, seats []int32, bits []byte) []byte {
	open := `,"due":[[`
	for _, n := range seats {
		if due, ok := f[n]; ok && get(bits, int(n)) == byte(Held) {
			text = append(text, open...)
			text = strconv.AppendInt(text, int64(n), 10)
			text = append(text, ',')
			text = strconv.AppendInt(text, due, 10)
			text = append(text, ']')
			open = `,[`
		}
	}
	if open == `,[` {
		text = append(text, ']')
	}
	return text
}
