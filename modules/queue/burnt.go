package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// burntRange is indexes from (in) to (out) that a lost Redis may have left without an owner.
type burntRange struct {
	Cohort string `json:"cohort"`
	From   int64  `json:"from"`
	To     int64  `json:"to"`
}

func (r lineRow) burntRanges() ([]burntRange, error) {
	var ranges []burntRange
	if err := json.Unmarshal(r.Burnt, &ranges); err != nil {
		return nil, fmt.Errorf("burnt ranges of event %d: %w", r.EventID, err)
	}
	return ranges, nil
}

// rememberBurnt puts every burnt position into Redis, where calls step over it. Before the draw there is none yet. A
// burnt position stays so: when Redis has as many as there are, it has them all, and the line's lock is not held for it.
func (s *Service) rememberBurnt(ctx context.Context, event Event, row *lineRow) error {
	ranges, err := row.burntRanges()
	if err != nil || !row.drawn() || len(ranges) == 0 {
		return err
	}
	lanes, err := row.laneRows()
	if err != nil {
		return err
	}
	if has, err := s.redis.countBurnt(ctx, row.EventID); err != nil || has == burntPositions(row, lanes, ranges) {
		return err
	}
	order, err := s.room(row.EventID).drawn(event, row)
	if err != nil {
		return err
	}
	var positions []int64
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			if p, ok := positionOf(order, cohortOf(r.Cohort), i); ok {
				positions = append(positions, p)
			}
		}
	}
	return s.redis.addBurnt(ctx, row.EventID, positions)
}

// burntPositions is how many positions of a drawn line are burnt: an index beyond the end of the draw has none.
func burntPositions(row *lineRow, lanes []laneRow, ranges []burntRange) (count int64) {
	for _, r := range ranges {
		switch lane := cohortOf(r.Cohort).Lane(); {
		case lane > 0:
			r.To = min(r.To, *lanes[lane-1].Size)
		case r.Cohort == InDraw.counter():
			r.To = min(r.To, publicSize(*row.Size, lanes))
		}
		count += max(0, r.To-r.From)
	}
	return count
}

// publishedBurnt are the ranges as the page shows them: of indexes, those of the tail as size + index, merged. A lane has
// its own.
func publishedBurnt(row *lineRow) ([][2]int64, error) {
	ranges, err := row.burntRanges()
	if err != nil {
		return nil, err
	}
	lanes, err := row.laneRows()
	if err != nil {
		return nil, err
	}
	out := make([][2]int64, 0, len(ranges))
	for _, r := range ranges {
		shift := int64(0)
		switch {
		case cohortOf(r.Cohort).Lane() > 0:
			continue
		case r.Cohort == InDraw.counter():
			if row.drawn() {
				r.To = min(r.To, publicSize(*row.Size, lanes))
			}
		case !row.drawn():
			continue
		default:
			shift = *row.Size
		}
		if r.From < r.To {
			out = append(out, [2]int64{r.From + shift, r.To + shift})
		}
	}
	return mergeRanges(out), nil
}

// mergeRanges sorts ranges, and makes one of those that touch.
func mergeRanges(out [][2]int64) [][2]int64 {
	slices.SortFunc(out, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	merged := out[:0]
	for _, r := range out {
		if last := len(merged) - 1; last >= 0 && merged[last][1] >= r[0] {
			merged[last][1] = max(merged[last][1], r[1])
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// peopleOf is how many people are known to have joined, of so many positions: those that were set aside are taken for
// nobody's, as where it is said how many are ahead.
func peopleOf(row *lineRow, joined int64) (int64, error) {
	ranges, err := publishedBurnt(row)
	if err != nil {
		return 0, err
	}
	lanes, err := laneViews(row)
	if err != nil {
		return 0, err
	}
	for _, lane := range lanes {
		ranges = append(ranges, lane.Burnt...)
	}
	for _, r := range ranges {
		joined -= max(0, r[1]-r[0])
	}
	return max(0, joined), nil
}
