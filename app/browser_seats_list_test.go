package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// listFiltered: the list knows prices, free seats and how many sit together, and takes a block by one press.
func listFiltered(t *testing.T, s *stage) {
	f := s.enters("gala", "Lil")
	b := newBrowser(t, s.base, phone)
	s.seats(b, f)
	b.toList()
	shown := func(what string) (n int) {
		b.set(b.js(fmt.Sprintf(`[...document.querySelectorAll(".list-seat")].filter(e => e.checkVisibility() && (%s)).length`, what), &n))
		return n
	}
	const cheap = `e.getAttribute("aria-label").endsWith("39.00 EUR")`
	all := shown("true")
	b.click("button", "Category IV 39.00 EUR")
	b.until("only one price is listed", func() bool { return shown("!"+cheap+` && e.dataset.kind !== "mine"`) == 0 && shown(cheap) > 0 })
	b.click("button", "Category II 79.00 EUR")
	two := shown("true")
	if one := shown(cheap); two <= one || two >= all {
		t.Errorf("of %d seats %d are of two prices, %d of one", all, two, one)
	}
	b.click("button", "Category IV 39.00 EUR")
	b.click("button", "Category II 79.00 EUR")
	b.until("all are back", func() bool { return shown("true") == all })
	b.click("button", "Only free seats")
	b.until("the others are gone", func() bool { return shown(`e.dataset.kind === "blocked"`) == 0 && shown("true") > 0 })
	b.axe()
	b.touches()
	b.set(b.js(`document.querySelector(".list-take:not([hidden])").click()`, nil))
	b.until("two are held side by side", func() bool { return b.text("#sum-seats") == "2 seats" })
	var numbers []int
	b.set(b.js(`[...document.querySelectorAll(".list-seat[data-kind=mine]")].map(e => Number(e.dataset.n))`, &numbers))
	if len(numbers) != 2 || numbers[1] != numbers[0]+1 {
		t.Errorf("together are %v", numbers)
	}
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil)
}

// largeHouseListed: a house of one section with ten thousand seats opens its rows one by one, and is quick to open.
func largeHouseListed(t *testing.T, s *stage) {
	createEvent(t, s.staff, "large", house(t, s.staff, 26, 400), stalls, -time.Second, object{"max_per_buyer": 4, "queue": nil})
	f := s.enters("large", "Lars")
	b := newBrowser(t, s.base)
	s.seats(b, f)
	var ms float64
	b.set(b.js(`(() => { const from = performance.now(); document.getElementById("view").click(); document.body.offsetHeight; return performance.now() - from; })()`, &ms))
	t.Logf("a list of 10,400 seats opens in %.0f ms", ms)
	var seats int
	b.set(b.js(`document.querySelectorAll(".list-seat").length`, &seats))
	if seats > 0 {
		t.Errorf("%d seats are built before anybody looks", seats)
	}
	b.tabTo("button", "Row A 400 free")
	b.press("ArrowDown", "Enter", "Tab")
	if at, _ := b.focused(); !strings.HasPrefix(at.name, "Seat 1, free") {
		t.Fatalf("after opening row B comes %q", at.name)
	}
	b.press("ArrowRight", "ArrowDown") // the next row is closed
	if at, _ := b.focused(); !strings.HasPrefix(at.name, "Row C") || at.role != "button" {
		t.Fatalf("below an open row comes %q", at.name)
	}
	b.press("ArrowUp", "Tab", "Enter")
	b.until("it is mine", func() bool { return strings.Contains(b.text("#sum-seats"), "1 seat") })
}

// toldPolitely: who stands on a seat of the list hears what becomes of it.
func toldPolitely(t *testing.T, s *stage) {
	f, other := s.enters("race", "Theo"), s.enters("race", "Otis")
	b := newBrowser(t, s.base)
	s.seats(b, f)
	b.toList()
	b.set(b.js(`document.querySelector('.list-seat[data-n="47"]').focus()`, nil))
	other.must(t, 201, "POST", other.path("/holds"), object{"seats": []int{47}}, nil) // D-12
	b.until("it is said aloud", func() bool {
		return strings.HasPrefix(b.text("#said"), "Row D, seat 12, held by another, may come back about ")
	})
	b.press("Enter")
	b.until("the answer has the focus", func() bool { at, _ := b.focused(); return at.name == "Tell me if it comes back" })
	b.press("Enter")
	b.until("the focus is where it was", func() bool {
		at, _ := b.focused()
		return strings.HasPrefix(at.name, "Seat 12, held by another")
	})
	b.until("the seat is waited for", func() bool { return strings.Contains(b.seat(47), "you asked to be told") })
	other.must(t, 204, "DELETE", other.path("/holds"), nil, nil)
	b.sees("Row D, seat 12 came back.")
}

// standsOnTheFloor: places without a number are had from the list and from the map; a wheelchair place comes with who sits beside it.
func standsOnTheFloor(t *testing.T, s *stage) {
	f := s.enters("mixed", "Stan")
	b := newBrowser(t, s.base, phone, calm)
	s.seats(b, f)
	b.toList()
	b.click("button", "How many places in Floor?")
	b.click("button", "Take 2 places")
	b.owes("38.00 EUR")
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil)
	b.until("nothing is held", func() bool { return b.text("#sum") == "" })
	b.click("button", "Map")
	b.until("the floor is named on the map", func() bool {
		var there bool
		return b.js(`(() => { const m = document.getElementById("map"), name = [...document.querySelectorAll(".map-zone")].find(e => e.checkVisibility() && e.textContent.includes("Floor"));
			if (!name) return false;
			const at = name.getBoundingClientRect();
			for (const type of ["pointerdown", "pointerup"]) m.dispatchEvent(new PointerEvent(type,
				{ pointerId: 7, pointerType: "touch", isPrimary: true, button: 0, bubbles: true, clientX: at.x + at.width / 2, clientY: at.y + at.height / 2 }));
			return true; })()`, &there) == nil && there
	})
	b.sees("120 free, 19.00 EUR each")
	b.click("button", "Balcony")
	var pressed string
	b.set(b.js(`[...document.querySelectorAll("#floors .chip[aria-pressed=true]")].map((chip) => chip.innerText).join()`, &pressed))
	if pressed != "Balcony" {
		t.Errorf("the floor that is looked at is %q", pressed)
	}
	b.set(b.js(`document.getElementById("area-close").click()`, nil))
	b.set(b.js(`document.getElementById("wheel").click()`, nil))
	b.click("button", "2 best available seats")
	b.comesTo(f, "Ground A-1 Ground A-2")
}

// fullFloorWaitedFor: of an area without a free place one can ask to be told, in the list and where one is refused.
func fullFloorWaitedFor(t *testing.T, s *stage) {
	mixed, floor := mixedPlan(t, s.staff)
	createEvent(t, s.staff, "floor", mixed, object{"Stalls": 4500, "Balcony": 2500, "Standing": 1900}, -time.Second,
		object{"max_per_buyer": 4, "queue": nil, "areas": object{floor: object{"capacity": 3, "category": "Standing"}}})
	f, other := s.enters("floor", "Wanda"), s.enters("floor", "Otis")
	b := newBrowser(t, s.base, phone, calm)
	b.excuse("409")
	s.seats(b, f)
	b.toList()
	b.isSlower(func() {
		b.click("button", "How many places in Floor?")
		b.click("button", "Take 2 places")
	}, func() {
		other.must(t, 201, "POST", other.path("/holds"), object{"area": floor, "quantity": 3}, nil)
		b.until("it is full here too", func() bool { return b.has("button", "Tell me if a place comes free: Floor") })
	})
	b.sees("There are not 2 free places there just now.")
	b.click("button", "Tell me if a place comes free")
	b.sees("We'll tell you here if a place in Floor comes back.")
	b.until("the list says so", func() bool { return b.has("button", "Don't tell me: Floor") })
	b.reload() // this device remembers
	b.until("the map is drawn", func() bool { return b.has("button", "Whole map") })
	b.set(b.js(`document.getElementById("grip").click()`, nil))
	b.sees("Waiting for these", "A place in Floor may come back about ")
	b.toList()
	b.click("button", "Don't tell me: Floor")
	b.until("it is waited for no more", func() bool { return !strings.Contains(b.text("#wishes"), "Floor") })
	b.click("button", "Tell me if a place comes free: Floor")
	b.sees("We'll tell you here if a place in Floor comes back.")
	b.axe()
	b.touches()
	other.must(t, 204, "DELETE", other.path("/holds"), nil, nil)
	b.sees("A place in Floor came back. The first to tap gets it.")
	b.set(b.js(`document.querySelector("#note-acts button").click()`, nil))
	b.click("button", "Take 2 places")
	b.owes("38.00 EUR")
	b.until("what one has is not waited for", func() bool {
		var kept string
		return b.js(`localStorage.getItem("fs_wish_floor") ?? "none"`, &kept) == nil && kept == "none"
	})
}

// calmOnAFullFloor: each hold that runs out frees a place for a moment, and who waits is not called for every one.
func calmOnAFullFloor(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	b.excuse("AudioContext") // nobody has touched the page
	s.seats(b, s.enters("tight", "Carla"))
	var got []string
	b.set(b.js(`(async () => {
		const { makeWishes } = await import(`+module("wishes.js")+`);
		const area = { name: "Floor", first: 2, capacity: 2 }, plan = { seats: 2, size: 4, row: [0, 0], rows: [{ label: "A", zone: 0 }], zones: [{ name: "" }], number: String, label: String, areaOf: (n) => (n < 2 ? undefined : area) };
		const states = new Uint8Array(4).fill(1), calls = [];
		let now = 0, due = null;
		performance.now = () => now;
		const wishes = makeWishes("calm", { plan, states }, { changed: () => {}, back: (n) => calls.push(now / 1000 + ": " + n) });
		const later = window.setTimeout;
		window.setTimeout = (act, ms) => { due = { act, at: now + ms }; return 1; };
		const at = (second, ...free) => { now = 1000 * second; states.fill(1); for (const n of free) states[n] = 0; wishes.look(); };
		const passes = (second) => { now = 1000 * second; if (due && due.at <= now) { const { act } = due; due = null; act(); } };
		wishes.add(0);
		wishes.add(2);
		at(1, 0, 3); at(2); at(3, 0, 2); at(10); at(20, 3); // a seat is called for each time, the floor once
		passes(61); at(70); at(80, 2); at(90); at(150, 3); at(160);
		wishes.drop(2);
		wishes.add(2);
		at(170, 2); // asked for anew
		window.setTimeout = later;
		return calls;
	})()`, &got))
	if want := "1: 0, 1: 2, 3: 0, 61: 2, 150: 2, 170: 2"; strings.Join(got, ", ") != want {
		t.Errorf("called at %s, want %s", strings.Join(got, ", "), want)
	}
}

// areasAlone: where nobody sits, nothing is said of seats.
func areasAlone(t *testing.T, s *stage) {
	var made struct{ ID string }
	s.staff.must(t, 201, "POST", "/api/v1/admin/plans", object{"name": "Park", "size": object{"width": 400, "height": 300}, "categories": []object{{"name": "Lawn", "color": "#2244aa"}},
		"zones": []object{{"name": "", "position": object{"x": 0, "y": 0}, "rows": []object{}, "areas": []object{{"uuid": "lawn", "shape": "rectangle", "position": object{"x": 20, "y": 20},
			"rectangle": object{"width": 300, "height": 200}, "text": object{"text": "Lawn", "position": object{"x": 170, "y": 120}, "size": 20}}}}}}, &made)
	createEvent(t, s.staff, "lawn", made.ID, object{"Lawn": 2500}, -time.Second,
		object{"max_per_buyer": 4, "queue": nil, "venue": "The Park", "starts_at": nil, "areas": object{"lawn": object{"capacity": 50, "category": "Lawn"}}})
	f := s.enters("lawn", "Liv")
	b := newBrowser(t, s.base, phone)
	s.seats(b, f)
	b.sees("Tap a part of the map")
	b.toList()
	b.set(b.js(`document.getElementById("grip").click()`, nil))
	for _, of := range []string{"how many seats", "free seats", "best available", "side by side", "section 1", "held by another"} {
		if said := b.text("body"); strings.Contains(strings.ToLower(said), of) {
			t.Errorf("where nobody sits it says %q: %s", of, said)
		}
	}
	if when := b.text(".when-short"); when != "" {
		t.Errorf("before the venue stands %q though there is no date", when)
	}
	b.click("button", "How many places in Lawn?")
	b.click("button", "Take 1 place")
	b.owes("25.00 EUR")
	b.sees("1 ticket, all fees included")
	b.axe()
}

// hugeHouseListed: with a hundred thousand seats the list opens, and follows five hundred changes, without a stop one would feel.
func hugeHouseListed(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	s.seats(b, s.enters("long", "Hugo"))
	var got struct {
		Open, Update, Filter, Rows, Seats float64
		Named                             string
	}
	b.set(b.js(`(async () => {
		const { createList } = await import(`+module("list.js")+`), { makeParty } = await import(`+module("party.js")+`);
		const rows = 2000, across = 50, seats = rows * across, zone = (n) => Math.floor(n / across / 100);
		const plan = { pitch: 20, seats, size: seats, areas: [], accessible: new Set(), companionOf: new Map(), noteOf: new Map(), categories: [{ id: "a", name: "A" }, { id: "b", name: "B" }],
			x: Float32Array.from({ length: seats }, (_, n) => 20 * (n % across)), y: Float32Array.from({ length: seats }, (_, n) => 20 * Math.floor(n / across)),
			row: Uint32Array.from({ length: seats }, (_, n) => Math.floor(n / across)), category: Uint8Array.from({ length: seats }, (_, n) => n % 2 * (n < seats / 2)),
			rows: Array.from({ length: rows }, (_, i) => ({ label: "R" + i, zone: Math.floor(i / 100), first: i * across, size: across, table: false })),
			zones: Array.from({ length: rows / 100 }, (_, i) => ({ name: "Block " + i, areas: [], from: 100 * i, to: 100 * i + 100 })),
			zoneOf: zone, number: (n) => String(n % across + 1), label: (n) => "R" + Math.floor(n / across) + "-" + (n % across + 1) };
		const states = Uint8Array.from({ length: seats }, (_, n) => (n * 7 % 3 ? 0 : 2)), element = document.createElement("div");
		const basket = { seats: [], asking: new Set(), leaving: new Set(), has: () => false };
		const room = { plan, states, prices: [4500, 2500], hues: [{ hue: 1 }, { hue: 2 }], currency: "EUR", digits: 2, basket, due: new Map(), wishes: { has: () => false } };
		document.getElementById("list").after(element);
		const took = (act) => { const from = performance.now(); act(); document.body.offsetHeight; return performance.now() - from; };
		let list;
		const open = took(() => {
			list = createList(element, room, makeParty(room), { size: () => 2, look: () => {}, pick: () => {}, hold: () => {}, area: () => {} });
			list.filter(null, false);
			for (const head of element.querySelectorAll(".list-head")) head.click(); // every section
			for (const row of [...element.querySelectorAll(".list-open")].slice(0, 20)) row.click();
		});
		const changes = Array.from({ length: 500 }, (_, i) => i * 199);
		for (const n of changes) states[n] = 1;
		const update = took(() => list.update(changes)), filter = took(() => list.filter(new Set([1]), false));
		plan.rows[7].label = ""; // a row without a name is called by its seats
		const bare = document.createElement("div"), again = createList(bare, room, makeParty(room), { size: () => 2, look: () => {}, pick: () => {}, hold: () => {}, area: () => {} });
		again.filter(null, false);
		bare.querySelector(".list-head").click();
		const named = bare.querySelectorAll(".list-open bdi")[7].textContent;
		return { named, open, update, filter, rows: element.querySelectorAll(".list-row").length, seats: element.querySelectorAll(".list-seat").length };
	})()`, &got))
	t.Logf("100,000 seats: all 20 sections and 20 rows open in %.0f ms, 500 changes in %.0f ms, a filter in %.0f ms", got.Open, got.Update, got.Filter)
	if got.Named != "Seats 1–50" {
		t.Errorf("a row without a name is called %q", got.Named)
	}
	if got.Rows != 2000 || got.Seats != 1000 || got.Open > 5000 || got.Update > 1000 || got.Filter > 2000 {
		t.Errorf("the list of a hundred thousand: %+v", got)
	}
}
