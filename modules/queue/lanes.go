package queue

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"fairseat/app/fault"
)

// A lane is a part of the draw that others than the public stand in, by access code, with a published share of the
// places drawn. Each part of a draw (the lanes, and the public) has indexes of its own and is shuffled by itself; then
// all of them become one line, in which each part has its share of every stretch for as long as it lasts. Whoever comes
// after the opening queues behind the draw, lane or not.

const (
	maxLanes     = 4
	maxShares    = 90 // percent, of all lanes together: the public is never shut out
	maxLaneName  = 40 // letters
	laneSeedWord = "fairseat lane v1\n"
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

// lineup is a drawn line: who of each part stands where. Safe for concurrent use.
type lineup struct {
	size  int64
	parts []*Shuffle // the public's, then the lanes' in the order in which they are published
	merge merge
}

// newLineup is the order that a seed gives to a draw of size, lanes included.
func newLineup(seed [32]byte, size int64, lanes []laneRow) *lineup {
	l := &lineup{size: size}
	public, share := publicSize(size, lanes), 100
	for _, lane := range lanes {
		share -= lane.Share
	}
	l.parts = append(l.parts, NewShuffle(seed, public))
	l.merge = append(l.merge, part{int64(share), public})
	for _, lane := range lanes {
		l.parts = append(l.parts, NewShuffle(laneSeed(seed, lane.Name), *lane.Size))
		l.merge = append(l.merge, part{int64(lane.Share), *lane.Size})
	}
	return l
}

// publicSize is how many of a draw stand in no lane.
func publicSize(size int64, lanes []laneRow) int64 {
	for _, lane := range lanes {
		size -= *lane.Size
	}
	return size
}

// laneSeed is what decides the order within a lane; sha256sum makes it from what is public.
func laneSeed(seed [32]byte, name string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s%x\n%s\n", laneSeedWord, seed, name))
}

// Size is how many take part, in all lanes and without one.
func (l *lineup) Size() int64 { return l.size }

// Position is where an index of a cohort stands; false for one that is not of this draw.
func (l *lineup) Position(c Cohort, index int64) (int64, bool) {
	if c == InTail {
		return l.size + index, index >= 0
	}
	lane := c.Lane()
	if lane >= len(l.parts) {
		return 0, false
	}
	j, ok := l.parts[lane].Position(index)
	if !ok {
		return 0, false
	}
	return l.merge.position(lane, j), true
}

// merge makes one line of several, each with a share of it. Everyone has a number: (2j+1)/share for the j-th, from 0, of a
// part. The line is all of them by that number; of equal ones lanes go before the public, and in the order in which they
// are published. So each part has its share of every stretch while it lasts, and what an exhausted one leaves goes to
// the others by their shares.
type merge []part

type part struct{ share, size int64 }

// position is where the j-th of a part stands: as many come before as have a smaller number.
func (m merge) position(own int, j int64) int64 {
	position := j
	for other, o := range m {
		if other == own {
			continue
		}
		// (2t+1)·own ≤ most: those t come before.
		most := (2*j + 1) * o.share
		if own != 0 && (other == 0 || other > own) {
			most-- // of equal ones we go first
		}
		position += min(o.size, (most/m[own].share+1)/2)
	}
	return position
}
