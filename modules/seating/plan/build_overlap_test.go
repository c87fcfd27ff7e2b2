package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Floors drawn over one another are reported, however they are shifted; blocks side by side are not.
func TestZonesOverOneAnother(t *testing.T) {
	t.Parallel()
	block := func(zone string, rows, seats int, x, y float64) string {
		var lines strings.Builder
		for r := range rows {
			for s := range seats {
				fmt.Fprintf(&lines, "%s,%c,%d,%g,%g\n", zone, 'A'+r, s+1, x+25*float64(s), y+25*float64(r))
			}
		}
		return lines.String()
	}
	stalls := "section,row,seat,x,y\n" + block("Stalls", 10, 10, 0, 0)
	over := func(count int) []Fault {
		return []Fault{{"zones-overlap", "Balcony", fmt.Sprintf("%d of its 20 seats lie over those of Stalls; kept as drawn", count)}}
	}
	for _, c := range []struct {
		name, file string
		want       []Fault
	}{
		{"upon", stalls + block("Balcony", 2, 10, 0, 50), over(20)},
		{"half a seat aside", stalls + block("Balcony", 2, 10, 12.5, 62.5), over(20)},
		{"half of it", stalls + block("Balcony", 2, 10, 0, 225), over(10)},
		{"the lesser comes first", "section,row,seat,x,y\n" + block("Balcony", 2, 10, 5, 50) + stalls[21:], over(20)},
		{"a corner", stalls + block("Balcony", 2, 10, 225, 225), nil},
		{"behind", stalls + block("Balcony", 2, 10, 0, 250), nil},
		{"beside", stalls + block("Balcony", 10, 2, 250, 10), nil},
		{"between the rows", "section,row,seat,x,y\n" + block("Stalls", 1, 10, 0, 0) + block("Balcony", 1, 10, 0, 25) + block("Stalls", 1, 10, 0, 50), nil},
	} {
		_, report := mustImportAny(t, []byte(c.file), Options{})
		var got []Fault
		for _, f := range report.Faults {
			if f.Code == "zones-overlap" {
				got = append(got, f)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	seat := `{"rows":[{"row_number":"A","seats":[{"position":{"x":1,"y":1}}]}]}`
	if _, report := mustImport(t, []byte(`{"zones":[`+seat+`,`+seat+`]}`)); !slices.Contains(report.Faults,
		Fault{"zones-overlap", "zone 2", "1 of its 1 seat lie over those of zone 1; kept as drawn"}) {
		t.Errorf("%v", report.Faults)
	}
}
