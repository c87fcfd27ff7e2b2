package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSeatPages(t *testing.T) {
	t.Parallel()
	s := hall(t)
	for name, test := range map[string]func(*testing.T, *stage){
		"public": seatPageIsPublic, "plan": planReadsAsTheServerSaysIt, "live": seatsLiveBetweenTwo, "keyboard": seatsByKeyboard,
		"limit": oneSeatEach, "offline": connectionLostAndBack, "outside": outsideIsSentBack, "words": refusalsInWords, "names": namesOfSeats, "lost": answerLost, "full": fullFloorWaitedFor, "calm": calmOnAFullFloor, "lawn": areasAlone,
		"link": placeWithoutCookie, "touch": seatsByFinger, "pictures": seatPictures, "money": seatsCostWhatTheServerSays,
		"party": partyByOneTap, "tight": tooFewTogether, "blocks": blocksWellChosen, "wish": comesBack, "away": calledWhileAway,
		"refusals": refusalsWithAnAnswer, "slow": askingIsNotHaving, "late": tooLate, "others": anotherBest, "rules": houseRules,
		"filter": listFiltered, "large": largeHouseListed, "huge": hugeHouseListed, "told": toldPolitely, "floor": standsOnTheFloor,
		"order": orderedInAnotherTab, "focus": keepsItsPlace, "sheet": leavesRoomForTheMap,
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.t = t
			test(t, &own)
		})
	}
}

// seatPageIsPublic: the same bytes for everyone, no cookie, and something to do without script.
func seatPageIsPublic(t *testing.T, s *stage) {
	f := s.enters("gala", "Ada")
	first := newClient(s.base).must(t, 200, "GET", "/events/gala/seats", nil, nil)
	mine := f.must(t, 200, "GET", "/events/gala/seats", nil, nil, "Cookie", "fs_place_gala="+f.bearer)
	if !bytes.Equal(first.Body, mine.Body) {
		t.Error("the page is not the same for everyone")
	}
	if len(mine.Header.Values("Set-Cookie")) > 0 || !strings.Contains(mine.Header.Get("Cache-Control"), "public") || strings.Contains(mine.Header.Get("Vary"), "Cookie") {
		t.Errorf("headers: %v", mine.Header)
	}
	if !bytes.Contains(first.Body, []byte(`<noscript>`)) || !bytes.Contains(first.Body, []byte(`href="/events/gala/place/seats"`)) {
		t.Error("nothing to do without script")
	}
	if a := newClient(s.base).must(t, 404, "GET", "/events/none/seats", nil, nil); a.Status != http.StatusNotFound {
		t.Error(a)
	}
}

// planReadsAsTheServerSaysIt compares every seat that plan.js reads from the compact file with the JSON plan.
func planReadsAsTheServerSaysIt(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	s.seats(b, s.enters("gala", "Ada"))
	var got struct {
		Seats int
		Wrong []string
	}
	b.set(b.js(`(async () => {
		const { decodePlan } = await import(`+module("plan.js")+`);
		const event = JSON.parse(document.getElementById("event").textContent), at = "/api/v1/events/gala/plan";
		const plan = decodePlan(await (await fetch(at + "/" + event.plan_version + ".bin")).arrayBuffer());
		const json = await (await fetch(at)).json(), wrong = [], quantum = plan.pitch / 64;
		let seats = 0, row = 0;
		json.zones.forEach((zone, z) => {
			if (plan.zones[z].name !== zone.name || plan.zones[z].areas.length !== zone.areas.length) wrong.push("zone " + z);
			for (const r of zone.rows) {
				if (plan.rows[row].label !== r.label || plan.rows[row].zone !== z || plan.rows[row].size !== r.seats.length) wrong.push("row " + row);
				for (const s of r.seats) {
					seats++;
					const same = plan.label(s.n) === s.label && plan.row[s.n] === row && plan.categories[plan.category[s.n]].id === s.category
						&& Math.abs(plan.x[s.n] - s.x) <= quantum && Math.abs(plan.y[s.n] - s.y) <= quantum
						&& plan.accessible.has(s.n) === !!s.accessible && plan.companionOf.get(s.n) === s.companion_of && s.label.includes(plan.number(s.n));
					if (!same && wrong.length < 5) wrong.push(s.n + ": " + s.label + " " + s.x + "," + s.y + ", read " + plan.label(s.n) + " " + plan.x[s.n] + "," + plan.y[s.n]);
				}
				row++;
			}
		});
		return { seats, wrong: plan.size === seats ? wrong : [...wrong, "size " + plan.size] };
	})()`, &got))
	if got.Seats != 738 || len(got.Wrong) > 0 {
		t.Errorf("of %d seats: %v", got.Seats, got.Wrong)
	}
}

// seatsLiveBetweenTwo: what one does the other sees, and a basket lives through a reload.
func seatsLiveBetweenTwo(t *testing.T, s *stage) {
	ada, bob := s.enters("gala", "Ada"), s.enters("gala", "Bob")
	a, b := newBrowser(t, s.base), newBrowser(t, s.base, phone)
	s.seats(a, ada)
	s.seats(b, bob)
	b.toList()
	a.click("button", "2 best available seats")
	a.sees("198.00 EUR", "kept for you")
	var hold holdView
	ada.must(t, 200, "GET", ada.path("/holds"), nil, &hold)
	n := hold.Seats[0].N
	b.until("Bob sees Ada's seat held", func() bool { return strings.Contains(b.seat(n), "held by another") })
	b.set(b.js(fmt.Sprintf(`document.querySelector('.list-seat[data-n="%d"]').click()`, n), nil))
	b.sees("is held by another. It may come back about")
	a.reload()
	a.owes("198.00 EUR")
	name := s.inHouse("gala", n)
	section, row, _ := strings.Cut(name, ", ")
	a.sees("R"+strings.TrimPrefix(row, "r"), section+" · ") // the section stands below the row
	a.click("button", "Give "+name+" back")
	a.owes("99.00 EUR")
	b.until("Bob sees it free again", func() bool { return strings.Contains(b.seat(n), ", free,") })
	// Another device of Ada's gives the rest back: this one hears it.
	ada.must(t, 204, "DELETE", ada.path("/holds"), nil, nil)
	a.until("nothing is held", func() bool { return a.has("button", "2 best available seats") && !a.has("link", "Continue") })
}

// orderedInAnotherTab: what another tab ordered is in no basket any more, and this one says so, heard or not.
func orderedInAnotherTab(t *testing.T, s *stage) {
	f := s.holds("gala", "Tabea", 2)
	b, deaf := newBrowser(t, s.base), newBrowser(t, s.base)
	deaf.before(`window.WebSocket = class { close() {} }`)
	s.seats(b, f)
	s.seats(deaf, f)
	deaf.owes("198.00 EUR")
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	order, a, err := f.order(t.Context(), "tabea@example.org")
	if err != nil || order == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	b.sees("You have an order that waits to be paid.")
	b.until("the basket is empty", func() bool { return !b.has("link", "Continue") })
	deaf.click("button", "Give "+s.inHouse("gala", hold.Seats[0].N)+" back")
	deaf.sees("You have an order that waits to be paid.")
	if said := deaf.text("#said"); strings.Contains(said, "given back") || deaf.has("link", "Continue") {
		t.Errorf("of a seat that is in an order: %q", said)
	}
	f.must(t, 204, "DELETE", "/api/v1/orders/"+order.ID, nil, nil)
	b.until("no word of an order that ended", func() bool { return !strings.Contains(b.text("#note"), "waits to be paid") })
}

// keepsItsPlace: the keyboard goes on where its button was, answers what its own act led to, and nobody else's act moves it.
func keepsItsPlace(t *testing.T, s *stage) {
	f, other := s.enters("tight", "Kit"), s.enters("tight", "Otto")
	b := newBrowser(t, s.base)
	s.seats(b, f)
	on := func(name string) {
		t.Helper()
		b.until("the focus is on "+name, func() bool { at, _ := b.focused(); return at.name == name })
	}
	b.tabTo("button", "2 best available seats")
	b.press("Enter")
	on("Continue")
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	b.set(b.js(`document.querySelector("#picked button").focus()`, nil))
	b.press("Enter")
	on("Give " + inWords(hold.Seats[1].Label) + " back")
	if !b.has("button", "1 more seat") {
		t.Error("the rest of the party is not asked for as such")
	}
	b.press("Enter")
	on("2 best available seats")

	other.must(t, 201, "POST", other.path("/holds"), object{"seats": []int{47}}, nil) // D-12
	b.toList()
	b.until("it is held", func() bool { return strings.Contains(b.seat(47), "held by another") })
	b.pressSeat(47) // as a finger does: nothing shows the focus
	on("Tell me if it comes back")
	b.press("Escape")
	b.until("it is closed", func() bool { return b.text("#note:not([hidden])") == "" })
	b.pressSeat(47)
	b.click("button", "Tell me if it comes back")
	b.until("it is waited for", func() bool { return strings.Contains(b.seat(47), "you asked to be told") })
	b.set(b.js(`document.getElementById("more").focus()`, nil))
	other.must(t, 204, "DELETE", other.path("/holds"), nil, nil)
	b.sees("Row D, seat 12 came back.")
	on("One more")
}

// leavesRoomForTheMap: on a phone the sheet is half the screen at most, its way on is never cut off, and what an act led to is
// in sight; the head says when it begins.
func leavesRoomForTheMap(t *testing.T, s *stage) {
	createEvent(t, s.staff, "single", house(t, s.staff, 1, 1), stalls, -time.Second, object{"queue": nil})
	small := newBrowser(t, s.base, phone)
	s.seats(small, s.enters("single", "Sol"))
	if !small.has("button", "Best available seat") {
		t.Error("two seats are offered in a house of one")
	}
	for _, one := range []struct {
		event         string
		seats         int
		width, height int64
	}{{"six", 6, 360, 740}, {"gala", 2, 320, 568}} {
		b := newBrowser(t, s.base, phone)
		b.width, b.height = one.width, one.height
		b.set(b.dress())
		s.seats(b, s.holds(one.event, fmt.Sprint("Thumb ", one.seats), one.seats))
		b.owes(map[int]string{6: "270.00 EUR", 2: "198.00 EUR"}[one.seats])
		b.until("the sheet leaves room", func() bool {
			_, sheet, _, _ := b.shape("#sheet")
			_, top, _, bottom := b.shape("#go")
			return sheet >= float64(one.height)/2-1 && top > sheet && bottom <= float64(one.height)
		})
		b.fits()
		b.touches()
		b.set(b.js(`while (document.getElementById("sheet").dataset.height !== "2") document.getElementById("grip").click()`, nil))
		b.set(b.js(`document.getElementById("leave").scrollIntoView()`, nil))
		b.click("button", "Leave and give all seats back")
		b.until("it is asked in sight", func() bool {
			_, sheet, _, _ := b.shape("#sheet")
			_, top, _, bottom := b.shape("#note")
			at, _ := b.focused()
			return top >= sheet && bottom <= float64(one.height) && at.name == "Leave"
		})
		b.press("Escape")
		b.until("it is closed", func() bool { return b.text("#note:not([hidden])") == "" })
	}
}

// seatsCostWhatTheServerSays also in currencies whose digits this browser counts otherwise.
func seatsCostWhatTheServerSays(t *testing.T, s *stage) {
	for slug, price := range map[string]string{"huf": "45.00 HUF", "rsd": "4500 RSD"} {
		b := newBrowser(t, s.base)
		s.seats(b, s.enters(slug, "Ada"))
		b.click("button", "Best available seat")
		b.owes(price)
		b.toList()
		b.until("the list says "+price, func() bool { return strings.HasSuffix(b.seat(0), ", "+price) })
	}
}

// seatsByKeyboard: the list is the first stop, and a seat is taken and given back without a mouse.
func seatsByKeyboard(t *testing.T, s *stage) {
	f := s.enters("gala", "Kay")
	b := newBrowser(t, s.base)
	s.seats(b, f)
	b.press("Tab", "Tab") // past the way to the content
	if at, visible := b.focused(); at.role != "button" || at.name != "List" || !visible {
		t.Errorf("the first stop is %s %q", at.role, at.name)
	}
	b.press("Enter")
	b.tabTo("button", "First Floor")
	b.press("Enter", "Tab")
	if at, _ := b.focused(); !strings.HasPrefix(at.name, "Seat ") || !strings.Contains(at.name, ", free, ") {
		t.Fatalf("after the section comes %q", at.name)
	}
	b.press("ArrowRight", "ArrowDown", "Enter")
	b.until("it is mine", func() bool { at, _ := b.focused(); return strings.Contains(at.name, ", yours,") })
	b.until("it was said aloud", func() bool { return strings.Contains(b.text("#said"), "is yours until") })
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	if len(hold.Seats) != 1 {
		t.Fatalf("held: %+v", hold)
	}
	b.press("Enter")
	b.until("it is given back", func() bool { at, _ := b.focused(); return strings.Contains(at.name, ", free,") })
}

// oneSeatEach: the limit in words, and the way out of it.
func oneSeatEach(t *testing.T, s *stage) {
	f := s.enters("one", "Una")
	b := newBrowser(t, s.base, phone)
	b.excuse("422") // the browser says that a request was refused
	s.seats(b, f)
	b.click("button", "Best available seat")
	b.owes("45.00 EUR")
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	first := hold.Seats[0]
	b.toList()
	other := first.N + 1
	b.set(b.js(fmt.Sprintf(`document.querySelector('.list-seat[data-n="%d"]').click()`, other), nil))
	b.sees("One seat each for this event. Put " + inWords(first.Label) + " back to take " + inWords(first.Label[:2]+fmt.Sprint(first.N%12+2)))
	b.click("button", "Swap them")
	b.until("the other is mine", func() bool { return strings.Contains(b.seat(other), ", yours,") })
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	if len(hold.Seats) != 1 || hold.Seats[0].N != other {
		t.Errorf("held: %+v", hold)
	}
}

// seatsByFinger: far, a tap only comes nearer; near, it takes the seat.
func seatsByFinger(t *testing.T, s *stage) {
	f := s.enters("gala", "Finn")
	b := newBrowser(t, s.base, phone, calm)
	s.seats(b, f)
	tap := func() {
		b.t.Helper()
		b.set(b.js(`(() => { const m = document.getElementById("map"), box = m.getBoundingClientRect();
			for (const type of ["pointerdown", "pointerup"]) m.dispatchEvent(new PointerEvent(type,
				{ pointerId: 7, pointerType: "touch", isPrimary: true, button: 0, bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 })); })()`, nil))
	}
	// A seat of the middle is brought under the finger by the list, then the map is looked at from afar.
	tap()
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	if len(hold.Seats) != 0 {
		t.Fatalf("a tap from afar took %+v", hold)
	}
	b.click("button", "2 best available seats")
	b.owes("198.00 EUR")
	b.until("the pair is in the middle", func() bool {
		var there bool
		_ = b.js(`(() => { const m = document.getElementById("map").getBoundingClientRect(), mark = document.querySelector(".mark-mine")?.getBoundingClientRect();
			const off = mark && Math.hypot(mark.x + mark.width / 2 - m.x - m.width / 2, mark.y + mark.height / 2 - m.y - m.height / 2);
			const rests = window.wasOff === off; // a mark that only passes by is no place to tap
			window.wasOff = off;
			return !!mark && rests && off < 8; })()`, &there)
		return there
	})
	tap() // on one's own seat: given back
	b.owes("99.00 EUR")
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	if len(hold.Seats) != 1 {
		t.Errorf("after the tap: %+v", hold)
	}
}
