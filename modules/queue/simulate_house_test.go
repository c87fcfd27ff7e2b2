package queue

import "time"

// house is the seats of a simulated sale: so many free, so many held or being paid for.
type house struct {
	free, held, sold int
}

// shop is a stay with a seat in mind: 85 % choose one or two, 72 % of holds go to pay, 6 % of payments fail.
func (s *simulation) shop(position int64, stay float64) {
	keys, place := s.neighbours.HoldKeys(s.id), name(position)
	third := time.Duration(stay / 3 * float64(time.Second))
	s.later(third, position, func(s *simulation, _ int64) {
		if s.house.free == 0 {
			s.outcome.wanting++
			s.leave(position, false)
			return
		}
		if s.random.Float64() > .85 {
			s.later(third, position, func(s *simulation, position int64) { s.leave(position, false) })
			return
		}
		seats := min(s.house.free, 1+s.random.IntN(2))
		s.house.free, s.house.held = s.house.free-seats, s.house.held+seats
		s.neighbours.set(keys.Holders, place, true)
		s.neighbours.set(keys.Chose, place, true)
		s.later(2*third, position, func(s *simulation, position int64) {
			s.house.held -= seats
			s.neighbours.set(keys.Holders, place, false)
			if s.random.Float64() < .72*.94 {
				s.house.sold += seats
				for i := range seats {
					s.neighbours.set(keys.TakenPrefix+place, string(rune('a'+i)), true)
				}
				if s.house.free+s.house.held == 0 {
					s.outcome.soldAt = s.now
				}
			} else {
				s.house.free += seats
			}
			s.leave(position, false)
		})
	})
}
