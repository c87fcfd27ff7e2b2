package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the page says of itself is so, though others of the staff act at the same time, and though a name is misspelt.
func TestHandTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	const blocks = "/api/v1/admin/events/gala/blocks"
	b := newBrowser(t, s.base)
	s.hand(b, "gala")

	b.fill("Which seats", "A-1, Z-9")
	b.fill("Why", "x")
	b.click("button", "Take off sale")
	b.sees("Nothing here is called “Z-9”.", "1 seat chosen")
	b.click("button", "Put back on sale")
	if dialog, _ := b.asks(); dialog || b.chosen() != "A-1, Z-9" || !strings.Contains(b.text("main"), "Nothing here is called") {
		t.Errorf("a name of nothing was dropped: %q", b.chosen())
	}
	b.click("button", "Choose none")

	// All of them are gone: nothing is left to ask.
	b.fill("Which seats", "A-1..A-3")
	b.click("button", "Take off sale")
	b.sees("Take 3 seats off sale?")
	var made struct{ ID string }
	s.staff.must(t, 201, "POST", blocks, object{"seats": []int{0, 1, 2}, "reason": "sound desk"}, &made)
	b.excuse("status of 409")
	b.click("button", "Take off sale")
	b.sees("All 3 were taken a moment ago", "Nothing was changed.")
	if b.has("button", "Take off sale") {
		t.Error("what cannot be done can be pressed")
	}
	b.click("button", "Close")

	// One of three was put back by somebody else, and may be sold by now.
	b.click("button", "Put back on sale")
	b.sees("Put 3 seats back on sale?")
	s.staff.must(t, 200, "POST", blocks+"/"+made.ID+"/release", object{"seats": []int{1}}, nil)
	b.click("button", "Put back on sale")
	b.sees("2 seats back on sale. 1 seat already was.")

	// Another name moves no seat, and is seen; the finger stays where it was.
	s.staff.must(t, 201, "POST", blocks, object{"seats": []int{9}, "reason": "no view"}, nil)
	s.staff.must(t, 201, "POST", blocks, object{"seats": []int{12}, "name": "Sponsor AG", "reason": "contract"}, &made)
	b.sees("Sponsor AG", "no view")
	b.set(b.js(fmt.Sprintf(`document.querySelector('[data-block="%s"] button').focus()`, made.ID), nil))
	s.staff.must(t, 200, "PATCH", blocks+"/"+made.ID, object{"name": "Partner KG"}, nil)
	b.within(25*time.Second, "the name is seen", func() bool { return strings.Contains(b.text("[data-blocks]"), "Partner KG") })
	var at string
	b.set(b.js(`document.activeElement.closest("[data-block]")?.dataset.block + document.activeElement.textContent`, &at))
	if at != made.ID+"Show on the map" {
		t.Errorf("the focus is on %q", at)
	}
	b.axe()
}

// asks tells whether a question is open.
func (b *browser) asks() (open bool, err error) {
	err = b.js(`document.querySelector("dialog").open`, &open)
	return open, err
}

// Where a circle hangs over the stalls one floor is looked at, and a drawn box means its seats alone.
func TestHandOnOneFloor(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	floor := func(name, row string) object {
		var seats []object
		for i := range 8 {
			seats = append(seats, object{"seat_guid": fmt.Sprint(row, i), "seat_number": fmt.Sprint(i + 1), "position": object{"x": i * 25, "y": 0}, "category": "Stalls"})
		}
		last := []object{}
		for _, seat := range seats {
			last = append(last, object{"seat_guid": fmt.Sprint(row, row, seat["seat_number"]), "seat_number": seat["seat_number"], "position": seat["position"], "category": "Stalls"})
		}
		return object{"name": name, "position": object{"x": 50, "y": 50}, "rows": []object{
			{"row_number": row, "position": object{"x": 0, "y": 0}, "seats": seats}, {"row_number": row + row, "position": object{"x": 0, "y": 60}, "seats": last}}}
	}
	var plan struct{ ID string }
	s.staff.must(t, 201, "POST", "/api/v1/admin/plans", object{"name": "Floors", "size": object{"width": 300, "height": 200},
		"categories": []object{{"name": "Stalls", "color": "#3355aa"}}, "zones": []object{floor("Stalls", "A"), floor("Circle", "B")}}, &plan)
	createEvent(t, s.staff, "gala", plan.ID, object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	b := newBrowser(t, s.base)
	s.hand(b, "gala")
	b.click("button", "Circle")
	b.click("button", "Box")
	left, top, right, bottom := b.shape(".hand-map .map")
	b.until("the seats of the circle are chosen", func() bool {
		b.drags(0, spot{left + 3, top + 3}, spot{right - 60, bottom - 3})
		return b.chosen() == "Circle"
	})
	b.sees("16 seats chosen: 16 free.")
	b.axe()

	// On a phone what is chosen, and what next, stays in sight under the map.
	small := newBrowser(t, s.base, phone)
	s.hand(small, "gala")
	small.click("button", "Stalls")
	small.set(small.js(`document.querySelector("[data-room]").scrollIntoView({behavior: "instant"})`, nil))
	small.click("button", "Box")
	left, top, right, bottom = small.shape(".hand-map .map")
	small.until("the seats of the stalls are chosen", func() bool {
		small.drags(0, spot{left + 3, top + 3}, spot{right - 3, bottom - 3})
		return small.chosen() == "Stalls"
	})
	if folder := os.Getenv("GALLERY"); folder != "" {
		_ = small.picture(filepath.Join(folder, "hand-phone.webp"))
		small.shot(filepath.Join(folder, "hand-phone-whole.webp"))
		b.shot(filepath.Join(folder, "hand-floor.webp"))
	}
	if _, top, _, bottom := small.shape("[data-acts]"); top < 0 || bottom > 740 {
		t.Errorf("what can be done stands from %v to %v", top, bottom)
	}
	small.click("button", "Keep…")
	if f, _ := small.focused(); f.name != "Keep them for" {
		t.Errorf("the focus is on %+v", f)
	}
	small.axe()
	small.fits()
	small.touches()
}
