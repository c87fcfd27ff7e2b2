package app_test

import (
	"os"
	"testing"
)

// A buyer changes a seat on the live map: a tap on a free seat says what the change would cost, and the button under the map
// leads to paying that. A seat that goes to somebody else meanwhile is no longer offered.
func TestASeatIsSwappedOnTheMap(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", threePrices(t, s.staff), object{"Stalls": 5000, "Circle": 3000, "Box": 9000}, 0, object{"queue": nil, "max_per_buyer": 2})
	f, order := s.orders("gala", "Åsa Ünlü", 1, "paid", "paid")
	b := newBrowser(t, s.base, phone, calm)
	b.is(f)
	b.open("/orders/" + order.ID)
	b.click("link", "Change a seat")
	b.sees("Tap a free seat on the map")
	b.until("one's own seat is marked", func() (on bool) {
		return b.js(`document.querySelector("#room .mark-focus") !== null`, &on) == nil && on
	})
	b.until("the map rests", b.still)
	// The boxes are two rows further down; a seat and the gap to the next are a quarter more than the seat.
	b.set(b.js(`(() => { const room = document.querySelector("#room .map"), own = document.querySelector("#room .mark-focus"), at = own.getBoundingClientRect(),
		down = 2.5 * parseFloat(getComputedStyle(own, "::before").width);
		for (const type of ["pointermove", "pointerdown", "pointerup"]) room.dispatchEvent(new PointerEvent(type,
			{ pointerId: 7, pointerType: "touch", isPrimary: true, button: 0, bubbles: true, clientX: at.x, clientY: at.y + down })); })()`, nil))
	b.sees("Change your seat?", "You get Row C, seat 4 Box 90.00 EUR")
	b.sees("40.00 EUR to pay", "until then your ticket stays good")
	b.fits()
	b.touches()
	b.axe()
	if folder := os.Getenv("GALLERY"); folder != "" {
		b.shot(folder + "/swap on the map.png")
	}
	b.click("button", "Pay 40.00 EUR")
	b.arrives("/sandbox/")
}
