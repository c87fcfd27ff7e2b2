package queue

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"fairseat/app/fault"
	"fairseat/modules/queue/internal/draw"
)

// A lane is a part of the draw that others than the public stand in, by access code, with a published share of the
// places drawn. Each part of a draw (the lanes, and the public) has indexes of its own and is shuffled by itself; then
// all of them become one line, in which each part has its share of every stretch for as long as it lasts. Whoever comes
// after the opening queues behind the draw, lane or not.

const (
	maxLanes    = 4
	maxShares   = 90 // percent, of all lanes together: the public is never shut out
	maxLaneName = 40 // letters
)

// Lane is one as it is published; Share is percent of the places drawn.
type Lane struct {
	Name  string
	Share int
}

// laneRow is a lane as Postgres keeps it: used, ceiling and size are for it what they are for the draw.
type laneRow struct {
	Name    string `json:"name"`
	Share   int    `json:"share"`
	Used    int64  `json:"used"`
	Ceiling int64  `json:"ceiling"`
	Size    *int64 `json:"size"`
}

func (r *lineRow) laneRows() ([]laneRow, error) {
	if len(r.Lanes) == 0 || string(r.Lanes) == "[]" { // as live reads it; without lanes
		return nil, nil
	}
	var lanes []laneRow
	if err := json.Unmarshal(r.Lanes, &lanes); err != nil {
		return nil, fmt.Errorf("lanes of event %d: %w", r.EventID, err)
	}
	return lanes, nil
}

// checkLanes refuses lanes that a line cannot have.
func checkLanes(l LineSettings, fields fault.Fields) {
	sum, seen := 0, map[string]bool{}
	for _, lane := range l.Lanes {
		sum += lane.Share
		name := strings.ToLower(lane.Name)
		switch {
		case !l.Draws:
			fields["queue.lanes"] = "need a draw to take their share of"
		case name == "" || strings.TrimSpace(name) != name || utf8.RuneCountInString(name) > maxLaneName || !utf8.ValidString(name) || strings.ContainsFunc(name, control):
			fields["queue.lanes"] = fmt.Sprintf("have names of 1 to %d letters, without space around them", maxLaneName)
		case seen[name]:
			fields["queue.lanes"] = "have different names"
		case lane.Share < 1:
			fields["queue.lanes"] = "have a share of 1 percent or more"
		}
		seen[name] = true
	}
	if len(l.Lanes) > maxLanes {
		fields["queue.lanes"] = fmt.Sprintf("are %d at most", maxLanes)
	}
	if sum > maxShares {
		fields["queue.lanes"] = fmt.Sprintf("have %d percent at most, all together: the rest is the public's", maxShares)
	}
}

// newLanes are lanes before anybody has joined.
func newLanes(lanes []Lane) []laneRow {
	rows := make([]laneRow, len(lanes))
	for i, lane := range lanes {
		rows[i] = laneRow{Name: lane.Name, Share: lane.Share}
	}
	return rows
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// publicSize is how many of a draw stand in no lane.
func publicSize(size int64, lanes []laneRow) int64 {
	for _, lane := range lanes {
		size -= *lane.Size
	}
	return size
}

// drawLanes are lanes whose sizes are known, as the draw takes them.
func drawLanes(rows []laneRow) []draw.Lane {
	lanes := make([]draw.Lane, len(rows))
	for i, row := range rows {
		lanes[i] = draw.Lane{Name: row.Name, Share: row.Share, Size: *row.Size}
	}
	return lanes
}
