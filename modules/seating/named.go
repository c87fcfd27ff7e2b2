package seating

import (
	"context"
	"strconv"
	"strings"

	"fairseat/app/fault"
	"fairseat/modules/seating/plan"
)

// Staff write seats as they stand on them, parted by commas or lines:
//
//	A-12        a seat           A-1..A-12   a row from one to the other, across its aisles
//	A-1..C-20   a section from one seat to the other, row after row
//	Balcony     a whole section or area; Floor 1..Floor 50 some places of one
//	#7, #7..#40 by number, as the API counts them

const (
	maxNamed = 5      // parts that are listed of a mistake
	maxParts = 50_000 // of one text: every second seat of a large house
)

// SeatsNamed reads such a text, rising; whatever it does not know it says in 422 bad-field {seats}.
func (s *Service) SeatsNamed(ctx context.Context, eventID int64, text string) ([]int, error) {
	e, err := s.EventByID(ctx, eventID)
	if err != nil {
		return nil, err
	}
	room, err := s.room(ctx, e.PlanID)
	if err != nil {
		return nil, err
	}
	names := newSeatNames(e, room.plan)
	// Every part may name the whole house: only where runs begin and end is noted, so that a part costs no more than
	// it says.
	edges := make([]int, e.SeatsTotal+1)
	var unknown []string
	parts := 0
	for part := range strings.FieldsFuncSeq(strings.ReplaceAll(text, "…", ".."), func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if parts++; parts > maxParts {
			break
		}
		some := names.read(part)
		if len(some) == 0 && len(unknown) < maxNamed {
			unknown = append(unknown, "“"+part+"”")
		}
		for _, r := range some {
			edges[r.from]++
			edges[r.to+1]--
		}
	}
	var seats []int
	for n, inside := 0, 0; n < e.SeatsTotal; n++ {
		if inside += edges[n]; inside > 0 {
			seats = append(seats, n)
		}
	}
	switch {
	case parts > maxParts:
		return nil, fault.Fields{"seats": "names more than " + strconv.Itoa(maxParts) + " seats and rows one by one"}.Err()
	case len(unknown) > 0:
		return nil, fault.Fields{"seats": "knows no seat or section called " + strings.Join(unknown, ", ")}.Err()
	case len(seats) == 0:
		return nil, fault.Fields{"seats": "names no seat"}.Err()
	}
	return seats, nil
}

// seatNames finds seats by what people call them.
type seatNames struct {
	event   *Event
	plan    *plan.Plan
	byLabel map[string]int // of drawn seats; in lower case too, where that is one seat's alone
	whole   map[string][]run
	rows    map[rowName][]run
}

// run is seats whose numbers follow one another, both ends included.
type run struct{ from, to int }

type rowName struct {
	zone  *plan.Zone
	label string
}

// with is runs and one more, which may go on where the last one ends.
func with(runs []run, more run) []run {
	if last := len(runs) - 1; last >= 0 && runs[last].to+1 == more.from {
		runs[last].to = more.to
		return runs
	}
	return append(runs, more)
}

func newSeatNames(e *Event, p *plan.Plan) *seatNames {
	names := &seatNames{event: e, plan: p, byLabel: make(map[string]int, 2*p.SeatCount()), whole: map[string][]run{}, rows: map[rowName][]run{}}
	for z := range p.Zones {
		zone := &p.Zones[z]
		for r := range zone.Rows {
			if row := &zone.Rows[r]; len(row.Seats) > 0 {
				all := run{row.Seats[0].N, row.Seats[len(row.Seats)-1].N}
				names.whole[zone.Name] = with(names.whole[zone.Name], all)
				at := rowName{zone, row.Label}
				names.rows[at] = with(names.rows[at], all)
			}
		}
	}
	for _, a := range e.Areas {
		all := run{a.First, a.First + a.Capacity - 1}
		names.whole[a.Label] = append(names.whole[a.Label], all)
		if a.Name != a.Label {
			names.whole[a.Name] = append(names.whole[a.Name], all)
		}
	}
	for n, seat := range p.Seats() {
		lower := strings.ToLower(seat.Label)
		if _, twice := names.byLabel[lower]; twice {
			names.byLabel[lower] = -1
		} else {
			names.byLabel[lower] = n
		}
	}
	for n, seat := range p.Seats() {
		names.byLabel[seat.Label] = n
	}
	return names
}

// read gives the seats of one part of a text; none when it means nothing.
func (s *seatNames) read(part string) []run {
	if n := s.one(part); n >= 0 {
		return []run{{n, n}}
	}
	if whole := s.whole[part]; len(whole) > 0 {
		return whole
	}
	first, last, found := strings.Cut(part, "..")
	if !found {
		return nil
	}
	a, b := s.one(strings.TrimSpace(first)), s.one(strings.TrimSpace(last))
	between := run{min(a, b), max(a, b)}
	if between.from < 0 {
		return nil
	}
	if area := s.event.AreaOf(a); strings.HasPrefix(part, "#") || area != nil && area == s.event.AreaOf(b) {
		return []run{between}
	}
	zone, row := s.plan.Where(a)
	end, endRow := s.plan.Where(b)
	switch {
	case zone == nil || zone != end:
		return nil
	case row.Label != endRow.Label:
		return []run{between} // seats are numbered row after row
	}
	// Rows of one name are one row with aisles in it: those between its two ends stand elsewhere.
	var along []run
	for _, r := range s.rows[rowName{zone, row.Label}] {
		if r.from <= between.to && r.to >= between.from {
			along = append(along, run{max(r.from, between.from), min(r.to, between.to)})
		}
	}
	return along
}

// one is a single seat by label or number; -1 for none.
func (s *seatNames) one(text string) int {
	if number, found := strings.CutPrefix(text, "#"); found {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < s.event.SeatsTotal {
			return n
		}
		return -1
	}
	if n, found := s.byLabel[text]; found {
		return n
	}
	if n, found := s.byLabel[strings.ToLower(text)]; found {
		return n
	}
	for _, a := range s.event.Areas {
		number, found := strings.CutPrefix(text, a.Label)
		if number, spaced := strings.CutPrefix(number, " "); found && spaced {
			if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= a.Capacity {
				return a.First + n - 1
			}
		}
	}
	return -1
}
