package seating

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
)

// bowl is a stadium of so many seats in pretix's JSON: sections round an oval, their rows curved, every seat where it would
// be drawn to a hundredth of a px, each fortieth one accessible.
func bowl(sections, rows, seats, total int) string {
	type object = map[string]any
	var zones []object
	for section := range sections {
		var drawn []object
		for row := range rows {
			var places []object
			for seat := range seats {
				if total == 0 {
					break
				}
				total--
				angle := 2 * math.Pi * (float64(section) + 0.04 + 0.92*float64(seat)/float64(seats-1)) / float64(sections)
				out := 1000*float64(sections*seats)/2200 + 28*float64(row)
				at := func(v float64) float64 { return math.Round(v*100) / 100 }
				place := object{"seat_guid": fmt.Sprintf("%d-%d-%d", section, row, seat), "seat_number": strconv.Itoa(seats - seat),
					"category": "Category " + strconv.Itoa(1+row/8), "position": object{"x": at(1.4 * out * math.Cos(angle)), "y": at(out * math.Sin(angle))}}
				if (seat+row)%40 == 0 {
					place["accessible"] = true
				}
				places = append(places, place)
			}
			drawn = append(drawn, object{"row_number": strconv.Itoa(row + 1), "position": object{"x": 0, "y": 0}, "seats": places})
		}
		zones = append(zones, object{"name": "Block " + strconv.Itoa(101+section), "position": object{"x": 0, "y": 0}, "rows": drawn})
	}
	text, _ := json.Marshal(object{"name": "Bowl", "zones": zones})
	return string(text)
}

// A phone on a poor line loads a stadium as fast as a picture of it.
func TestPlanIsSmallOnTheWire(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, "")
	base := serve(t, h.s) + "/api/v1"
	for _, c := range []struct {
		slug                         string
		sections, rows, seats, total int
		most                         int // bytes of the answer
	}{
		{"stadium", 32, 20, 26, 16_054, 60_000},
		{"arena", 60, 40, 36, 86_400, 250_000},
	} {
		made := ask(t, "POST", base+"/admin/plans", bowl(c.sections, c.rows, c.seats, c.total)).want(t, 201, "")
		if made.field("seats") != float64(c.total) {
			t.Fatalf("%v seats, want %d", made.field("seats"), c.total)
		}
		prices := object{}
		for i := range 1 + (c.rows-1)/8 {
			prices["Category "+strconv.Itoa(i+1)] = 5000
		}
		event := ask(t, "POST", base+"/admin/events", h.fresh(object{"slug": c.slug, "plan": made.field("id"), "prices": prices})).want(t, 201, "")
		bin := ask(t, "GET", base+"/events/"+c.slug+"/plan/"+event.field("plan_version").(string)+".bin", "", "Accept-Encoding", "gzip").want(t, 200, "")
		text := ask(t, "GET", base+"/events/"+c.slug+"/plan", "", "Accept-Encoding", "gzip").want(t, 200, "")
		t.Logf("%d seats: FSP1 %d bytes, JSON %d, both gzipped", c.total, len(bin.body), len(text.body))
		if bin.header.Get("Content-Encoding") != "gzip" || len(bin.body) > c.most {
			t.Errorf("%d seats take %d bytes (%s), want at most %d", c.total, len(bin.body), bin.header.Get("Content-Encoding"), c.most)
		}
	}
}
