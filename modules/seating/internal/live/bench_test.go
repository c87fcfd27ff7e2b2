package live

import (
	"testing"
	"time"
)

// crowded is a house of 100,000 seats, 30,000 of which are held, as a rush leaves it.
func crowded() *Mirror {
	const seats, held = 100_000, 30_000
	m := NewMirror()
	list := make([]SeatState, 0, held)
	for i := range held {
		list = append(list, SeatState{Seat: i * 7919 % seats, State: Held, Due: time.Unix(1_800_000_000+int64(i)%480, 0)})
	}
	m.Load(1, houseOf(seats), list, nil)
	return m
}

// What a version costs whoever asks for the whole map after it, and what a tick costs who joins after it.
func BenchmarkWholeMap(b *testing.B) {
	next := func(m *Mirror) {
		n := int(m.Version()) % 100_000
		m.Apply([]Change{{Version: m.Version() + 1, Seat: n, State: Held, Due: time.Unix(1_800_000_480, 0)}})
	}
	b.Run("seats", func(b *testing.B) {
		m := crowded()
		for b.Loop() {
			next(m)
			m.Status()
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		m := crowded()
		for b.Loop() {
			next(m)
			m.Tick()
			m.First(-1)
		}
	})
}
