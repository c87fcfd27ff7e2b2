package queue

// counters are how many indexes of each cohort Redis knows to be given out, and the word it was put to rest with.
type counters struct {
	draw, tail int64
	lanes      []int64
	rested     string
}

func countersOf(found reply) counters {
	c := counters{found.num("draw"), found.num("tail"), make([]int64, found.num("lanes")), found["rest"]}
	for i := range c.lanes {
		c.lanes[i] = found.num(InLane(i + 1).counter())
	}
	return c
}

// lane is what is known of one, by its place among the published; 0 of those that Redis does not have.
func (c counters) lane(i int) int64 {
	if i < len(c.lanes) {
		return c.lanes[i]
	}
	return 0
}

// trusts tells whether these counters are all that was given out: Redis and Postgres know the same word, which both
// forget before anybody counts on, and nothing contradicts it.
func (r *lineRow) trusts(c counters, lanes []laneRow) bool {
	if r.Rested == "" || c.rested != r.Rested || c.tail < r.TailUsed || c.tail > r.TailCeiling {
		return false
	}
	if r.Size != nil {
		return true // the draw is in Postgres
	}
	for i, lane := range lanes {
		if c.lane(i) < lane.Used || c.lane(i) > lane.Ceiling {
			return false
		}
	}
	return r.DrawUsed <= c.draw && c.draw <= r.DrawCeiling
}

// resume makes the row, and its lanes, those of a line which counts on, and answers the ranges that are burnt by it.
func (r *lineRow) resume(found counters, lanes []laneRow, trusted, opened bool) (burnt []burntRange) {
	burnt = []burntRange{} // not nil, which is null in JSON
	// What an older run still has was given out for certain; what it lost is among the burnt.
	goOn := func(cohort Cohort, used *int64, ceiling, known int64) {
		if *used = max(*used, known); trusted {
			return
		}
		if *used < ceiling {
			burnt = append(burnt, burntRange{cohort.counter(), *used, ceiling})
		}
		*used = ceiling
	}
	if r.Size == nil {
		goOn(InDraw, &r.DrawUsed, r.DrawCeiling, found.draw)
		for i := range lanes {
			goOn(InLane(i+1), &lanes[i].Used, lanes[i].Ceiling, found.lane(i))
		}
	}
	goOn(InTail, &r.TailUsed, r.TailCeiling, found.tail)
	if r.Size == nil && opened {
		size := r.DrawUsed
		for i := range lanes {
			used := lanes[i].Used
			lanes[i].Size = &used
			size += used
		}
		r.Size = &size
	}
	return burnt
}
