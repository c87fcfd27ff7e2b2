package seating

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fairseat/modules/seating/plan"
)

// NameSeats writes rising seats so that SeatsNamed reads them again, whole sections and each row's short: "Balcony,
// A-1..A-12, B-3".
func (s *Service) NameSeats(ctx context.Context, eventID int64, seats []int) (string, error) {
	e, err := s.EventByID(ctx, eventID)
	if err != nil {
		return "", err
	}
	room, err := s.room(ctx, e.PlanID)
	if err != nil {
		return "", err
	}
	name := func(n int) string {
		if seat, ok := e.seat(room.plan, n); ok && !strings.ContainsAny(seat.Label, ",;\n\r#") && !strings.Contains(seat.Label, "..") {
			return seat.Label
		}
		return "#" + strconv.Itoa(n)
	}
	var parts []string
	var names *seatNames // made when a section is there whole
	for i := 0; i < len(seats); {
		if zone, size := wholeZone(room.plan, seats[i:]); zone != nil {
			if names == nil {
				names = newSeatNames(e, room.plan)
			}
			if names.means(zone.Name, size) {
				parts = append(parts, zone.Name)
				i += size
				continue
			}
		}
		to := i
		for to+1 < len(seats) && seats[to+1] == seats[to]+1 && together(e, room.plan, seats[i], seats[to+1]) {
			to++
		}
		first, last := name(seats[i]), name(seats[to])
		switch {
		case strings.HasPrefix(first, "#") != strings.HasPrefix(last, "#"):
			parts = append(parts, fmt.Sprintf("#%d..#%d", seats[i], seats[to]))
		case to-i < 2:
			for ; i <= to; i++ {
				parts = append(parts, name(seats[i]))
			}
		default:
			parts = append(parts, first+".."+last)
		}
		i = to + 1
	}
	return strings.Join(parts, ", "), nil
}

// wholeZone gives the zone all of whose seats the rising seats begin with, nil for none.
func wholeZone(p *plan.Plan, seats []int) (*plan.Zone, int) {
	zone, _ := p.Where(seats[0])
	if zone == nil || zone.Name == "" {
		return nil, 0
	}
	if _, row := p.Where(seats[0]); row.Seats[0].N != seats[0] {
		return nil, 0 // the usual case, and the cheapest to see: this is asked for every part of a text
	}
	first, end := zone.Numbers()
	size := end - first
	if seats[0] != first || len(seats) < size || seats[size-1] != end-1 {
		return nil, 0
	}
	return zone, size
}

// means tells whether a name can be written for a section of so many seats: it is read as that alone.
func (s *seatNames) means(name string, size int) bool {
	return !strings.ContainsAny(name, ",;\n\r#") && !strings.Contains(name, "..") && strings.TrimSpace(name) == name && size > 1 && seatsIn(s.read(name)) == size
}

func seatsIn(runs []run) int {
	n := 0
	for _, r := range runs {
		n += r.to - r.from + 1
	}
	return n
}

// together tells whether two places stand in one row, or in one area.
func together(e *Event, p *plan.Plan, a, b int) bool {
	_, one := p.Where(a)
	_, other := p.Where(b)
	return one == other && e.AreaOf(a) == e.AreaOf(b)
}
