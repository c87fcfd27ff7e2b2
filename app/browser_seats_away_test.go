package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// connectionLostAndBack: it is said, and what changed meanwhile is there afterwards.
func connectionLostAndBack(t *testing.T, s *stage) {
	f, other := s.enters("gala", "Nell"), s.enters("gala", "Olaf")
	b := newBrowser(t, s.base)
	b.excuse("ERR_INTERNET_DISCONNECTED", "WebSocket", "Failed to load")
	s.seats(b, f)
	b.toList()
	b.online(false)
	b.sees("No connection. Your place is kept; we'll carry on when you're back.")
	b.click("button", "2 best available seats")
	b.until("what was asked for is answered", func() bool { return strings.HasPrefix(b.text("#note:not([hidden])"), "No connection.") })
	var hold holdView
	other.must(t, 201, "POST", other.path("/holds"), object{"best": object{"quantity": 1}}, &hold)
	b.online(true)
	b.sees("You're back.")
	b.until("no note of an outage that is over", func() bool { return b.text("#note:not([hidden])") == "" })
	b.until("the map caught up", func() bool { return strings.Contains(b.seat(hold.Seats[0].N), "held by another") })
	other.must(t, 204, "DELETE", other.path("/holds"), nil, nil)
}

// outsideIsSentBack: no place, and a place whose turn has not come; one whose turn it is simply comes in.
func outsideIsSentBack(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	b.excuse("401", "403", "409")
	b.open("/events/gala/seats")
	b.arrives("/events/gala")
	first, second := s.waits("soon", "First"), s.waits("soon", "Second")
	testkit.Eventually(t, 20*time.Second, "the first is in", func() bool {
		a, err := first.do("POST", first.path("/queue/admission"), nil)
		return err == nil && a.Status < 300
	})
	b.is(second)
	b.open("/events/soon/seats")
	b.until("sent back", func() bool { return b.at() == "/events/soon" })
	b.is(s.waits("gala", "Called"))
	b.open("/events/gala/seats")
	b.until("let in by itself", func() bool { return b.has("button", "2 best available seats") && b.at() == "/events/gala/seats" })
}

// placeWithoutCookie: the place kept in this browser's storage brings the cookie back.
func placeWithoutCookie(t *testing.T, s *stage) {
	f := s.enters("gala", "Cleo")
	b := newBrowser(t, s.base)
	b.excuse("401")
	b.open("/problems/seats-taken")
	b.set(b.js(fmt.Sprintf(`localStorage.setItem("fs_place_gala", JSON.stringify({ place: %q, cohort: "tail", index: %d }))`, f.bearer, f.place.Index), nil))
	b.open("/events/gala/seats")
	b.until("let in", func() bool { return b.has("button", "2 best available seats") && b.at() == "/events/gala/seats" })
}
