package queue

import (
	"context"
	"encoding/json"
	"time"

	"pgregory.net/rapid"
)

// loseAll is a FLUSHALL; the next script of anybody brings the line back, with those who have orders.
func (m *model) loseAll(t *rapid.T) {
	m.neighbours.live = nil
	for _, p := range m.places {
		if m.holding[p.Key()] {
			m.neighbours.live = append(m.neighbours.live, p.Key())
		}
	}
	row := m.row()
	m.lose()
	m.state()
	m.inside, m.born, m.refused, m.counted = map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}, map[int64]int{}
	for i, place := range m.neighbours.live {
		if i < m.cap {
			m.inside[place], m.born[place] = m.Clock.Now().Add(180*time.Second), m.Clock.Now()
		}
		m.neighbours.set(m.neighbours.HoldKeys(m.id).Payers, place, true) // seating reads its claims again
	}
	if row.Entered != nil {
		if err := json.Unmarshal(row.Entered, &m.counted); err != nil {
			t.Fatal(err)
		}
	}
	m.doubted()
	m.reloaded(row.Admitted)
}

// restart is a Redis that comes back with its data, perhaps without the last joins.
func (m *model) restart(*rapid.T) {
	m.neighbours.live = nil
	admitted := m.row().Admitted
	m.restartRedis()
	m.state()
	m.doubted()
	m.reloaded(admitted)
}

// stop is a Redis that is stopped in order and started again: it lost nothing, so nothing burns.
func (m *model) stop(t *rapid.T) {
	m.neighbours.live = nil
	m.state() // what was lost before burns now
	before := string(m.row().Burnt)
	if err := m.service().Rest(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.restartRedis()
	m.state()
	m.reloaded(0) // nobody was put out
	if after := string(m.row().Burnt); after != before {
		t.Fatalf("burnt %s, then %s", before, after)
	}
}
