package plan

import (
	"cmp"
	"slices"
	"strings"
)

// usualRule is what stands before and after the number in most labels of a row.
func usualRule(row string) (before, after string) {
	if row == "" {
		return "", ""
	}
	return row + "-", ""
}

// labelRule finds what stands before and after the number in as many labels of a row as possible, so that the labels
// themselves need not be sent.
func labelRule(row *Row) (before, after string) {
	fits := func(before, after string) (n int) {
		for i := range row.Seats {
			if s := &row.Seats[i]; s.Label == before+s.Number+after {
				n++
			}
		}
		return n
	}
	before, after = usualRule(row.Label)
	best := fits(before, after)
	if best == len(row.Seats) {
		return before, after
	}
	// Try each way to find the first seat's number in its label: "Level 1 A-1 (2)" has two, of which one fits the rest.
	label, number := row.Seats[0].Label, row.Seats[0].Number
	for at := 0; number != "" && at <= len(label)-len(number); at++ {
		if !strings.HasPrefix(label[at:], number) {
			continue
		}
		if n := fits(label[:at], label[at+len(number):]); n > best {
			best, before, after = n, label[:at], label[at+len(number):]
		}
	}
	return before, after
}

// outline is the convex hull of a zone's seats, for drawing it as one shape; fewer than three corners when it has none.
func outline(zone *Zone, round func(float64) float64) [][2]float64 {
	var points [][2]float64
	for r := range zone.Rows {
		for i := range zone.Rows[r].Seats {
			s := &zone.Rows[r].Seats[i]
			points = append(points, [2]float64{round(s.X), round(s.Y)})
		}
	}
	slices.SortFunc(points, func(a, b [2]float64) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	points = slices.Compact(points)
	if len(points) < 3 {
		return points
	}
	// Monotone chain: the lower edge from left to right, then the upper edge back.
	half := func(points [][2]float64) (hull [][2]float64) {
		for _, p := range points {
			for len(hull) >= 2 && !leftTurn(hull[len(hull)-2], hull[len(hull)-1], p) {
				hull = hull[:len(hull)-1]
			}
			hull = append(hull, p)
		}
		return hull[:len(hull)-1]
	}
	lower := half(points)
	slices.Reverse(points)
	return append(lower, half(points)...)
}

func leftTurn(a, b, c [2]float64) bool {
	return (b[0]-a[0])*(c[1]-a[1])-(b[1]-a[1])*(c[0]-a[0]) > 0
}
