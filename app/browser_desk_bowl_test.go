package app_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// roundHouse is a plan of 16,000 seats in 32 sections round a floor, dearer below than above.
func roundHouse(t testing.TB, staff *client) string {
	t.Helper()
	const sections, rows, seats = 16, 20, 25
	var zones []object
	for tier := range 2 {
		for section := range sections {
			var made []object
			for row := range rows {
				var line []object
				from := 900 + float64(tier)*650 + float64(row)*28
				for seat := range seats {
					angle := 2 * math.Pi * (float64(section) + 0.06 + 0.88*float64(seat)/seats) / sections
					line = append(line, object{"seat_guid": fmt.Sprint(tier, "-", section, "-", row, "-", seat), "seat_number": fmt.Sprint(seat + 1),
						"position": object{"x": 1.3 * from * math.Cos(angle), "y": from * math.Sin(angle)}, "category": []string{"Lower", "Upper"}[tier]})
				}
				made = append(made, object{"row_number": fmt.Sprint(row + 1), "position": object{"x": 0, "y": 0}, "seats": line})
			}
			zones = append(zones, object{"name": fmt.Sprint("Block ", 100*(tier+1)+section+1), "position": object{"x": 3000, "y": 2400}, "rows": made})
		}
	}
	zones = append(zones, object{"name": "Floor", "position": object{"x": 3000, "y": 2400}, "areas": []object{{"shape": "rectangle", "position": object{"x": -600, "y": -350},
		"rectangle": object{"width": 1200, "height": 700}, "text": object{"text": "Floor", "position": object{"x": 600, "y": 350}}}}})
	var plan struct{ ID string }
	staff.must(t, 201, "POST", "/api/v1/admin/plans", object{"name": "Bowl", "size": object{"width": 6000, "height": 4800}, "zones": zones,
		"categories": []object{{"name": "Lower", "color": "#3355aa"}, {"name": "Upper", "color": "#aa5533"}}}, &plan)
	return plan.ID
}

// The organiser's page of a large house in the middle of its work: two dozen entries, a whole section among them, and a floor.
func TestDeskOfABowl(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "bowl", roundHouse(t, s.staff), object{"Lower": 9900, "Upper": 4500, "Standing": 6500}, -time.Second, object{"name": "Stadium Night", "queue": nil,
		"max_per_buyer": 8, "accent": "#8a1c5a", "areas": object{"floor": object{"capacity": 2000, "category": "Standing"}}})
	block := func(name, reason, until string, seats ...int) {
		wish := object{"seats": seats, "name": name, "reason": reason}
		if until != "" {
			wish["until"] = until
		}
		s.staff.must(t, 201, "POST", "/api/v1/admin/events/bowl/blocks", wish, nil)
	}
	run := func(from, count int) (seats []int) {
		for n := from; n < from+count; n++ {
			seats = append(seats, n)
		}
		return seats
	}
	block("Away fans", "Contract with the visiting club", "2040-05-01T18:00:00Z", run(500, 1000)...)
	block("", "Behind the stage", "", run(8000, 1500)...)
	block("City of Springfield", "Promised by the mayor’s office", "2040-04-20T10:00:00Z", run(16_100, 300)...)
	var scattered []int
	for n := 2000; n < 3200; n += 3 {
		scattered = append(scattered, n)
	}
	block(longBuyer, longVenue, "", scattered...)
	block(rtlBuyer, "Press", "", 1600, 1601, 1602, 1603)
	for i := range 19 {
		block(fmt.Sprint("Sponsor ", i+1), "Hospitality package", "2040-05-01T18:00:00Z", run(4000+150*i, 12)...)
	}
	s.holds("bowl", "Chooser", 4)
	open := func(then ...func(*browser)) func(*browser) {
		return func(b *browser) {
			s.hand(b, "bowl")
			for _, do := range then {
				do(b)
			}
		}
	}
	write := func(text string) func(*browser) {
		return func(b *browser) {
			b.set(b.js(fmt.Sprintf(`(() => { const field = document.getElementById("seats"); field.value = %q; field.dispatchEvent(new Event("change")); })()`, text), nil))
		}
	}
	for _, sc := range []scene{
		{"bowl seats", open(), "Away fans"},
		{"bowl seats chosen", open(write("Block 105, Floor 1..Floor 400, Block 212 1-1..Block 212 1-20"), func(b *browser) {
			b.set(b.js(`document.querySelectorAll("[data-pick], [data-pick] details:nth-of-type(5)").forEach((d) => { d.open = true; })`, nil))
		}), "333 free, 500 chosen"},
		{"bowl seats without script", func(b *browser) {
			b.noScript = true
			b.set(b.dress())
			b.staffs(s.staff)
			b.open("/admin/events/bowl/seats")
		}, "Away fans"},
	} {
		t.Run(sc.name, func(t *testing.T) { hang(t, s.base, sc) })
	}

	b := newBrowser(t, s.base)
	s.hand(b, "bowl")
	b.fill("Find by name, reason or seats", "springfield")
	b.until("the others are out of sight", func() bool {
		return strings.Contains(b.text("[data-sift]"), "1 of 24") && !strings.Contains(b.text("[data-blocks]"), "Sponsor")
	})
	b.click("button", "Show on the map")
	b.until("its seats are chosen", func() bool { return b.chosen() == "Floor 101..Floor 400" })
	var bytes int
	b.set(b.js(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/blocks")).reduce((sum, e) => sum + e.decodedBodySize, 0)`, &bytes))
	if bytes < 1000 || bytes > 30_000 {
		t.Errorf("two dozen blocks of 3,432 seats took %d bytes", bytes)
	}
}
