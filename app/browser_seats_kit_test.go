package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// openStage is the product in a process of its own, with its owner signed in.
func openStage(t *testing.T) *stage {
	t.Helper()
	p := startProcess(t)
	return &stage{process: p, t: t, ctx: t.Context(), staff: signIn(t, p.base)}
}

// hall is the product with events whose seats are on sale without a line, so that everybody comes straight in.
func hall(t *testing.T) *stage {
	t.Helper()
	s := openStage(t)
	stadium, house := importStadium(t, s.staff), house(t, s.staff, 6, 12)
	mixed, floor := mixedPlan(t, s.staff)
	for slug, extra := range map[string]object{
		"gala":  {"plan": stadium, "prices": stadiumPrices, "max_per_buyer": 4},
		"one":   {"max_per_buyer": 1},
		"long":  {"name": longName, "venue": longVenue, "max_per_buyer": 4},
		"rtl":   {"name": rtlName, "venue": rtlVenue, "max_per_buyer": 4},
		"soon":  {"queue": object{"cap": 1, "per_minute": 60}},
		"tight": {"max_per_buyer": 4}, "few": {"max_per_buyer": 4},
		"six":   {"max_per_buyer": 6},
		"race":  {"max_per_buyer": 4},
		"rules": {"plan": mixed, "orphan_rule": "strict", "prices": object{"Stalls": 4500, "Balcony": 2500, "Standing": 1900}, "max_per_buyer": 4},
		"mixed": {"plan": mixed, "areas": object{floor: object{"capacity": 120, "category": "Standing"}}, "prices": object{"Stalls": 4500, "Balcony": 2500, "Standing": 1900}, "max_per_buyer": 4},
		"huf":   {"currency": "HUF"},
		"rsd":   {"currency": "RSD"},
	} {
		if extra["queue"] == nil {
			extra["queue"] = nil
		}
		createEvent(t, s.staff, slug, house, object{"Stalls": 4500}, -time.Second, extra)
	}
	return s
}

// module is the address of one of the seat page's modules, as its page names it.
func module(name string) string {
	return fmt.Sprintf(`document.querySelector('link[rel=modulepreload][href$="-%s"]').href`, name)
}

// seats opens an event's map in somebody's browser and waits until it is drawn.
func (s *stage) seats(b *browser, f *fan) {
	s.t.Helper()
	b.is(f)
	b.open("/events/" + f.event + "/seats")
	b.until("the map is drawn", func() bool { return b.has("button", "Whole map") })
}

// seat is what the list says of a seat: its section is opened first.
func (b *browser) seat(n int) string {
	var label string
	_ = b.js(fmt.Sprintf(`document.querySelector('.list-seat[data-n="%d"]')?.getAttribute("aria-label") ?? ""`, n), &label)
	return label
}

// owes waits until the basket comes to this much.
func (b *browser) owes(total string) {
	b.t.Helper()
	b.until("the basket comes to "+total, func() bool { return b.text("#sum") == total })
}

// inWords is a seat of the plain house as the page names it: "row A, seat 12" for A-12.
func inWords(label string) string {
	row, number, _ := strings.Cut(label, "-")
	return "row " + row + ", seat " + number
}

// inHouse is a seat of a house of several sections as the page names it: "First Floor, row A, seat 12".
func (s *stage) inHouse(event string, n int) string {
	s.t.Helper()
	var plan struct {
		Zones []struct {
			Name string
			Rows []struct {
				Label string
				Seats []struct {
					N     int
					Label string
				}
			}
		}
	}
	newClient(s.base).must(s.t, 200, "GET", "/api/v1/events/"+event+"/plan", nil, &plan)
	for _, zone := range plan.Zones {
		for _, row := range zone.Rows {
			for _, seat := range row.Seats {
				if seat.N == n {
					return zone.Name + ", " + inWords(row.Label+seat.Label[strings.LastIndexByte(seat.Label, '-'):])
				}
			}
		}
	}
	s.t.Fatalf("%s has no seat %d", event, n)
	return ""
}

// toList shows the list with every section open.
func (b *browser) toList() {
	b.t.Helper()
	b.click("button", "List")
	b.set(b.js(`document.querySelectorAll(".list-head[aria-expanded=false]").forEach(b => b.click())`, nil))
}
