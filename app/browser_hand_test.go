package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// blocks are what is off sale, as staff read it.
func (s *stage) offSale(event string) (blocks []struct {
	ID, Name, Reason, Until string
	Seats                   []int
}) {
	s.t.Helper()
	var list struct{ Blocks json.RawMessage }
	s.staff.must(s.t, 200, "GET", "/api/v1/admin/events/"+event+"/blocks", nil, &list)
	if err := json.Unmarshal(list.Blocks, &blocks); err != nil {
		s.t.Fatal(err)
	}
	return blocks
}

// hand opens the organiser's map and waits until it is drawn.
func (s *stage) hand(b *browser, event string) {
	s.t.Helper()
	b.staffs(s.staff)
	b.open("/admin/events/" + event + "/seats")
	b.until("the room is drawn", func() bool { return b.has("button", "The whole room") })
}

// shape is where an element lies on the screen.
func (b *browser) shape(selector string) (left, top, right, bottom float64) {
	b.t.Helper()
	var r struct{ Left, Top, Right, Bottom float64 }
	b.set(b.js(fmt.Sprintf(`(({ left, top, right, bottom }) => ({ left, top, right, bottom }))(document.querySelector(%q).getBoundingClientRect())`, selector), &r))
	return r.Left, r.Top, r.Right, r.Bottom
}

// chosen is what the field says; seats is what the list has.
func (b *browser) chosen() (text string) {
	_ = b.js(`document.getElementById("seats").value`, &text)
	return text
}

// An organiser draws a loop round the house and keeps it for a partner, while a fan watches and another holds a seat in
// it: the fan with the seat keeps it, and the other sees the rest go, and come back.
func TestHandOnTheMap(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	chooser := s.enters("gala", "Chooser")
	chooser.must(t, 201, "POST", chooser.path("/holds"), object{"seats": []int{0}}, nil)
	watcher, b := newBrowser(t, s.base, phone), newBrowser(t, s.base)
	s.seats(watcher, s.enters("gala", "Watcher"))
	watcher.toList()
	s.hand(b, "gala")

	b.click("button", "Box")
	left, top, right, bottom := b.shape(".hand-map .map")
	b.drags(0, spot{left + 3, top + 3}, spot{right - 60, bottom - 3})
	b.until("all but the held seat are chosen", func() bool { return b.chosen() == "A-2..A-8, B-1..B-8, C-1..C-8" })
	b.sees("23 seats chosen: 23 free.", "worth 1035.00 EUR")
	b.click("button", "Take off sale")
	b.sees("Say why in a few words")
	b.fill("Which seats", "A-1..A-4, C-8")
	b.press("Tab")
	b.sees("5 seats chosen: 4 free, 1 held or being paid for.")
	b.fill("Keep them for", "Sponsor AG")
	b.fill("Why", "contract 7")
	b.click("button", "Take off sale")
	b.sees("Keep 4 seats for Sponsor AG?", "A-2..A-4, C-8", "180.00 EUR", "1 seat of your choice stays as it is")
	if f, _ := b.focused(); f.name != "No, leave it as it is" {
		t.Errorf("the question begins at %+v", f)
	}

	// Meanwhile the watcher takes one of them.
	watcher.until("the list is there", func() bool { return watcher.seat(2) != "" })
	watcher.set(watcher.js(`document.querySelector('.list-seat[data-n="2"]').click()`, nil))
	watcher.owes("45.00 EUR")
	b.excuse("status of 409")
	b.click("button", "Take off sale")
	b.sees("Keep 3 seats for Sponsor AG?", "Meanwhile somebody took A-3")
	b.click("button", "Take off sale")
	b.sees("3 seats off sale.", "contract 7")
	b.click("button", "Show on the map")
	b.until("the entry's seats are chosen", func() bool { return b.chosen() == "A-2, A-4, C-8" })
	if all := s.offSale("gala"); len(all) != 1 || fmt.Sprint(all[0].Seats) != "[1 3 23]" || all[0].Name != "Sponsor AG" {
		t.Errorf("%+v", all)
	}
	watcher.until("the fan sees it", func() bool {
		return strings.Contains(watcher.seat(3), "not for sale") && strings.Contains(watcher.seat(23), "not for sale")
	})
	watcher.owes("45.00 EUR")

	// Somebody else of the staff acts: it comes by itself.
	s.staff.must(t, 201, "POST", "/api/v1/admin/events/gala/blocks", object{"seats": []int{12, 13}, "reason": "no view"}, nil)
	b.sees("no view", "2 seats")
	b.until("the figures follow", func() bool { return b.text("[data-count=blocked]") == "5" && b.text("[data-block-count]") == "2" })
	if folder := os.Getenv("GALLERY"); folder != "" {
		b.shot(filepath.Join(folder, "hand-two-blocks.png"))
	}

	b.fill("Which seats", "A-1..A-8")
	b.press("Tab")
	b.sees("8 seats chosen: 4 free, 2 held or being paid for, 2 off sale.")
	b.click("button", "Put back on sale")
	b.sees("Put 2 seats back on sale?", "Sponsor AG (contract 7): 2 seats.")
	b.click("button", "Put back on sale")
	b.sees("2 seats back on sale.")
	watcher.until("the fan sees it", func() bool {
		return strings.Contains(watcher.seat(3), "free") && strings.Contains(watcher.seat(23), "not for sale")
	})
	b.axe()
	b.fits()
}

// Who has a seat is told at a tap, in the words of what it is.
func TestHandTellsWhoHasASeat(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 1, 5), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	_, paid := s.orders("gala", "Åsa", 1, "paid", "paid")
	n := paid.Seats[0].N
	free := (n + 1) % 5
	held, blocked := (n+2)%5, (n+3)%5
	f := s.enters("gala", "Holder")
	f.must(t, 201, "POST", f.path("/holds"), object{"seats": []int{held}}, nil)
	s.staff.must(t, 201, "POST", "/api/v1/admin/events/gala/blocks", object{"seats": []int{blocked}, "reason": "no view"}, nil)
	b := newBrowser(t, s.base)
	s.hand(b, "gala")
	// One row lies across the map: a finger that goes along it comes to every seat.
	left, top, right, bottom := b.shape(".hand-map .map")
	at := 0.0
	for _, words := range []string{
		paid.Seats[0].Label + ": sold: the order", labelOf(free) + ": free, 45.00 EUR", labelOf(held) + ": a fan is choosing it", labelOf(blocked) + ": not for sale (no view), for ever",
	} {
		b.until(words, func() bool {
			if at += 0.045; at > 0.9 {
				at = 0.1
			}
			here := spot{left + at*(right-left), (top + bottom) / 2}
			b.drags(0, here, here)
			return strings.Contains(b.text("[data-owner]"), words)
		})
	}
	b.axe()
}

func labelOf(n int) string { return fmt.Sprint("A-", n+1) }

// Of an area a tap asks how many; so many of its free places are kept.
func TestHandOnAnArea(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gig", club(t, s.staff), clubPrices, -time.Second, onSale(30, 5))
	f := s.enters("gig", "Ada")
	f.must(t, 201, "POST", f.path("/holds"), object{"area": "floor", "quantity": 2}, nil)
	b := newBrowser(t, s.base)
	s.hand(b, "gig")
	left, top, right, bottom := b.shape(".hand-map .map")
	middle := spot{(left + right) / 2, (top + bottom) / 2}
	b.until("the area is told of", func() bool {
		b.drags(0, middle, middle)
		return strings.Contains(b.text("[data-owner]"), "Floor: 28 seats free.")
	})
	b.axe()
	b.fill("How many", "20")
	b.click("button", "Choose")
	b.sees("20 seats chosen: 20 free.", "500.00 EUR")
	named := b.chosen()
	if strings.Contains(named, "#") {
		t.Errorf("the places are called %q", named)
	}
	b.fill("Keep them for", "Fan club")
	b.fill("Why", "promised")
	b.click("button", "Take off sale")
	b.sees("Keep 20 seats for Fan club?")
	b.click("button", "Take off sale")
	b.sees("20 seats off sale.", "promised")
	o := newOrganiser(t, s.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/events/gig/seats")
	o.sees("Fan club", "20 seats", named)
	o.post(200, "/admin/events/gig/seats", "act", "release", "seats", "Floor", "sure", "1")
	o.sees("Nothing is held back")
	f.must(t, 201, "POST", f.path("/holds"), object{"area": "floor", "quantity": 2}, nil)
}

// What the page writes of a choice the server writes too, and reads as the same seats: on a plan with every kind of name.
func TestHandNamesSeatsAsTheServer(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", importStadium(t, s.staff), stadiumPrices, -time.Second, object{"queue": nil})
	b := newBrowser(t, s.base)
	s.hand(b, "gala")
	var texts []string
	b.set(b.js(`(async () => {
		const loaded = (name) => import(performance.getEntriesByType("resource").find((e) => e.name.endsWith("-" + name + ".js")).name);
		const [{ makeNames }, { decodePlan }] = [await loaded("named"), await loaded("plan")];
		const event = await (await fetch("/api/v1/events/gala")).json(), seats = await (await fetch("/api/v1/events/gala/seats")).json();
		const plan = decodePlan(await (await fetch("/api/v1/events/gala/plan/" + event.plan_version + ".bin")).arrayBuffer());
		const bits = atob(seats.status), names = makeNames(plan), texts = [];
		const free = [...Array(plan.size).keys()].filter((n) => (bits.charCodeAt(n >> 2) >> 2 * (n & 3) & 3) === 0);
		for (let step = 1; step < 9; step++) {
			const chosen = free.filter((n) => (n * 7919 % 97) % 9 < step), text = names.write(chosen);
			if (names.read(text).seats.join() !== chosen.join()) throw new Error("read otherwise: " + text);
			texts.push(text);
		}
		return [...texts, names.write(free)];
	})()`, &texts))
	o := newOrganiser(t, s.base)
	o.signIn(ownerPassword, 200)
	o.open("/admin/events/gala/seats")
	for _, text := range texts {
		o.post(200, "/admin/events/gala/seats", "act", "block", "seats", text, "reason", "x")
		o.sees(`name="seats" value="` + text + `"`)
	}
	if len(texts) != 9 {
		t.Errorf("%d texts", len(texts))
	}
}
