package queue

// laneView is a lane as everyone sees it; size is null until the draw, burnt as in the draw but of the lane's own indexes.
type laneView struct {
	Name  string     `json:"name"`
	Share int        `json:"share"` // percent of the places drawn
	Size  *int64     `json:"size"`
	Burnt [][2]int64 `json:"burnt"`
}

// laneViews are the lanes of a line, nil where there are none.
func laneViews(row *lineRow) ([]laneView, error) {
	lanes, err := row.laneRows()
	if err != nil || len(lanes) == 0 {
		return nil, err
	}
	ranges, err := row.burntRanges()
	if err != nil {
		return nil, err
	}
	views := make([]laneView, len(lanes))
	for i, lane := range lanes {
		burnt := [][2]int64{}
		for _, r := range ranges {
			if cohortOf(r.Cohort) != InLane(i+1) {
				continue
			}
			if row.drawn() {
				r.To = min(r.To, *lane.Size)
			}
			if r.From < r.To {
				burnt = append(burnt, [2]int64{r.From, r.To})
			}
		}
		views[i] = laneView{lane.Name, lane.Share, nil, mergeRanges(burnt)}
		if row.drawn() {
			views[i].Size = lane.Size
		}
	}
	return views, nil
}

// publishedLane is a lane in the fairness log; size once it is known.
type publishedLane struct {
	Name  string `json:"name"`
	Share int    `json:"share"`
	Size  *int64 `json:"size,omitempty"`
}

func publishedLanes(lanes []laneRow) []publishedLane {
	var out []publishedLane
	for _, lane := range lanes {
		out = append(out, publishedLane{lane.Name, lane.Share, lane.Size})
	}
	return out
}
