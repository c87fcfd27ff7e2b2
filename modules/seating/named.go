package seating

import (
	"context"
	"slices"
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

// maxNamed bounds what is listed of a mistake.
const maxNamed = 5

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
	var seats []int
	var unknown []string
	for _, part := range strings.FieldsFunc(strings.ReplaceAll(text, "…", ".."), func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if some := names.read(part); len(some) > 0 {
			seats = append(seats, some...)
		} else if len(unknown) < maxNamed {
			unknown = append(unknown, "“"+part+"”")
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, fault.Fields{"seats": "knows no seat or section called " + strings.Join(unknown, ", ")}.Err()
	case len(seats) == 0:
		return nil, fault.Fields{"seats": "names no seat"}.Err()
	}
	slices.Sort(seats)
	return slices.Compact(seats), nil
}

// seatNames finds seats by what people call them.
type seatNames struct {
	event   *Event
	plan    *plan.Plan
	byLabel map[string]int // of drawn seats; in lower case too, where that is one seat's alone
}

func newSeatNames(e *Event, p *plan.Plan) *seatNames {
	names := &seatNames{event: e, plan: p, byLabel: make(map[string]int, 2*p.SeatCount())}
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
func (s *seatNames) read(part string) []int {
	if n := s.one(part); n >= 0 {
		return []int{n}
	}
	var section []int
	for z := range s.plan.Zones {
		if s.plan.Zones[z].Name == part {
			section = append(section, seatsOfZone(&s.plan.Zones[z])...)
		}
	}
	for _, a := range s.event.Areas {
		if a.Label == part || a.Name == part {
			section = append(section, count(a.First, a.First+a.Capacity-1)...)
		}
	}
	if len(section) > 0 {
		return section
	}
	first, last, found := strings.Cut(part, "..")
	from, to := s.one(strings.TrimSpace(first)), s.one(strings.TrimSpace(last))
	if !found || from < 0 || to < 0 {
		return nil
	}
	if a := s.event.AreaOf(from); strings.HasPrefix(part, "#") || a != nil && a == s.event.AreaOf(to) {
		return count(min(from, to), max(from, to))
	}
	zone, row := s.plan.Where(from)
	end, endRow := s.plan.Where(to)
	if zone == nil || zone != end {
		return nil
	}
	var between []int
	for r := range zone.Rows {
		// Rows of one name are one row with aisles in it: those between its two ends stand elsewhere.
		if row.Label == endRow.Label && zone.Rows[r].Label != row.Label {
			continue
		}
		for _, seat := range zone.Rows[r].Seats {
			if seat.N >= min(from, to) && seat.N <= max(from, to) {
				between = append(between, seat.N)
			}
		}
	}
	return between
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
		if number, found := strings.CutPrefix(text, a.Label+" "); found {
			if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= a.Capacity {
				return a.First + n - 1
			}
		}
	}
	return -1
}

func seatsOfZone(z *plan.Zone) []int {
	var seats []int
	for r := range z.Rows {
		for _, seat := range z.Rows[r].Seats {
			seats = append(seats, seat.N)
		}
	}
	return seats
}

func count(from, to int) []int {
	seats := make([]int, 0, to-from+1)
	for n := from; n <= to; n++ {
		seats = append(seats, n)
	}
	return seats
}
