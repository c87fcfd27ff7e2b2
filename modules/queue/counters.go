package queue

// counters are how many indexes of each cohort Redis knows to be given out, and the word it was put to rest with.
type counters struct {
	draw, tail int64
	rested     string
}

func countersOf(found reply) counters {
	return counters{found.num("draw"), found.num("tail"), found["rest"]}
}

// trusts tells whether these counters are all that was given out: Redis and Postgres know the same word, which both
// forget before anybody counts on, and nothing contradicts it.
func (r *lineRow) trusts(c counters) bool {
	return r.Rested != "" && c.rested == r.Rested && r.TailUsed <= c.tail && c.tail <= r.TailCeiling &&
		(r.Size != nil || r.DrawUsed <= c.draw && c.draw <= r.DrawCeiling)
}

// resume makes the row that of a line which counts on, and answers the ranges that are burnt by it.
func (r *lineRow) resume(found counters, trusted, opened bool) (burnt []burntRange) {
	burnt = []burntRange{} // not nil, which is null in JSON
	// What an older run still has was given out for certain; what it lost is among the burnt.
	goOn := func(cohort string, used *int64, ceiling, known int64) {
		if *used = max(*used, known); trusted {
			return
		}
		if *used < ceiling {
			burnt = append(burnt, burntRange{cohort, *used, ceiling})
		}
		*used = ceiling
	}
	if r.Size == nil {
		goOn(InDraw.String(), &r.DrawUsed, r.DrawCeiling, found.draw)
	}
	goOn(InTail.String(), &r.TailUsed, r.TailCeiling, found.tail)
	if r.Size == nil && opened {
		size := r.DrawUsed
		r.Size = &size
	}
	return burnt
}
