package app_test

import (
	"fmt"
	"strings"
	"testing"
)

// pressSeat presses a seat of the list, as a finger does; its section is open.
func (b *browser) pressSeat(n int) {
	b.t.Helper()
	b.set(b.js(fmt.Sprintf(`document.querySelector('.list-seat[data-n="%d"]').click()`, n), nil))
}

// brings looks at seat n on the map: the list, where it has the focus, moves the map along.
func (b *browser) brings(n int) {
	b.t.Helper()
	b.toList()
	b.set(b.js(fmt.Sprintf(`document.querySelector('.list-seat[data-n="%d"]').focus()`, n), nil))
	b.click("button", "Map")
	b.until("the map rests", b.still)
}

// taps taps or clicks the seat that brings has brought.
func (b *browser) taps(kind string) {
	b.t.Helper()
	b.set(b.js(fmt.Sprintf(`(() => { const m = document.getElementById("map"), at = document.querySelector(".mark-focus").getBoundingClientRect();
		for (const type of ["pointermove", "pointerdown", "pointerup"]) m.dispatchEvent(new PointerEvent(type,
			{ pointerId: 7, pointerType: %q, isPrimary: true, button: 0, bubbles: true, clientX: at.x, clientY: at.y })); })()`, kind), nil))
}

// held is what a fan holds, by label.
func (f *fan) held(t testing.TB) string {
	t.Helper()
	var hold holdView
	f.must(t, 200, "GET", f.path("/holds"), nil, &hold)
	var labels []string
	for _, seat := range hold.Seats {
		labels = append(labels, seat.Label)
	}
	return strings.Join(labels, " ")
}

// comesTo waits until a fan holds exactly these.
func (b *browser) comesTo(f *fan, labels string) {
	b.t.Helper()
	b.until(f.name+" holds "+labels, func() bool { return f.held(b.t) == labels })
}

// partyByOneTap: one tap takes the block that leaves nobody a single seat; "one by one" takes what was tapped alone.
func partyByOneTap(t *testing.T, s *stage) {
	f := s.enters("long", "Paula")
	b := newBrowser(t, s.base, phone, calm)
	s.seats(b, f)
	b.sees("or tap the map: 2 side by side")
	b.click("button", "One more")
	b.sees("or tap the map: 3 side by side")
	b.brings(26) // C-3 of twelve: C-2 to C-4 would leave C-1 alone
	b.taps("touch")
	b.comesTo(f, "C-1 C-2 C-3")
	b.sees("135.00 EUR", "3 seats")
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil)
	b.until("nothing is held", func() bool { return b.has("button", "3 best available seats") })
	b.click("button", "One by one")
	b.sees("or tap a seat on the map")
	b.brings(26)
	b.taps("touch")
	b.comesTo(f, "C-3")
}

// tooFewTogether: where fewer are free than the party needs, the nearest block is offered, and the rest is not taken unasked.
func tooFewTogether(t *testing.T, s *stage) {
	others, f := s.enters("few", "Otto"), s.enters("few", "Tess")
	others.must(t, 201, "POST", others.path("/holds"), object{"seats": []int{25, 28}}, nil) // C-2 and C-5: two are left between them
	b := newBrowser(t, s.base, calm)
	s.seats(b, f)
	b.click("button", "One more")
	b.brings(26)
	b.taps("mouse")
	b.sees("Only 2 seats are free together here, not 3. The nearest 3: ")
	if held := f.held(t); held != "" {
		t.Errorf("taken unasked: %s", held)
	}
	var offered string
	b.set(b.js(`document.querySelector("#note-acts button").textContent`, &offered))
	if offered != "Take row B, 1–3" { // B-2 to B-4 would be nearer, but leave B-1 alone
		t.Errorf("the nearest three are to %q", offered)
	}
	b.click("button", "Take row C, 3–4")
	b.comesTo(f, "C-3 C-4")
}

// blocksWellChosen asks the part of the page that finds blocks, without a page.
func blocksWellChosen(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	s.seats(b, s.enters("long", "Ada"))
	var got []string
	b.set(b.js(`(async () => {
		const { makeParty } = await import(`+module("party.js")+`);
		// A row of ten with an aisle after the sixth, and a row of three; category 1 begins with the ninth seat.
		const size = 13, row = { first: 0, size: 10 }, other = { first: 10, size: 3 };
		const x = Array.from({ length: size }, (_, n) => (n < 10 ? n * 10 + (n > 5 ? 20 : 0) : (n - 10) * 10)), y = Array.from({ length: size }, (_, n) => (n < 10 ? 0 : 10));
		const plan = { pitch: 10, x, y, rows: [row, other], row: Array.from({ length: size }, (_, n) => (n < 10 ? 0 : 1)),
			category: Array.from({ length: size }, (_, n) => (n > 7 && n < 10 ? 1 : 0)), accessible: new Set(), companionOf: new Map() };
		const ask = (taken, n, size, change = {}) => makeParty({ plan: { ...plan, ...change }, prices: [1, 2], basket: { asking: new Set() },
			states: Array.from({ length: 13 }, (_, i) => (taken.includes(i) ? 2 : 0)) }).at(n, size).join(" ");
		const near = (taken, n, size) => makeParty({ plan, prices: [1, 2], basket: { asking: new Set() }, states: Array.from({ length: 13 }, (_, i) => (taken.includes(i) ? 2 : 0)) }).near(n, size).join(" ");
		return [ask([], 0, 2), ask([], 1, 2), ask([], 5, 2), ask([], 5, 8), ask([], 7, 2), ask([], 8, 2), ask([1], 0, 2), ask([3], 3, 1), ask([], 4, 5),
			ask([], 2, 2, { accessible: new Set([3]) }), ask([], 3, 2, { accessible: new Set([3]), companionOf: new Map([[4, 3]]) }), near([1, 3], 2, 3), near([0, 11], 11, 7)];
	})()`, &got))
	want := []string{"0 1", "0 1", "4 5", "0 1 2 3 4 5", "6 7", "8 9", "0", "", "1 2 3 4 5", "1 2", "3 4", "10 11 12", ""}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("blocks %q, want %q", got, want)
		}
	}
}

// comesBack is two browsers' story: what one holds the other sees, waits for, is called for, and takes.
func comesBack(t *testing.T, s *stage) {
	ada, bob := s.enters("tight", "Ada"), s.enters("tight", "Bob")
	a, b := newBrowser(t, s.base), newBrowser(t, s.base, phone)
	s.seats(a, ada)
	s.seats(b, bob)
	a.toList()
	b.toList()
	a.pressSeat(63) // F-4
	b.until("Bob sees it held", func() bool { return strings.Contains(b.seat(63), "held by another, may come back about ") })
	b.pressSeat(63)
	b.sees("Row F, seat 4 is held by another. It may come back about ")
	b.click("button", "Tell me if it comes back")
	b.sees("We'll tell you here if row F, seat 4 comes back. It is not kept for you: the first to tap gets it.")
	b.until("the list remembers", func() bool { return strings.Contains(b.seat(63), "you asked to be told") })
	b.reload() // this device remembers
	b.until("the map is drawn", func() bool { return b.has("button", "Whole map") })
	b.set(b.js(`document.getElementById("grip").click()`, nil))
	b.sees("Waiting for these", "Row F, seat 4 may come back about ")
	a.click("button", "Give row F, seat 4 back")
	b.sees("Row F, seat 4 came back. The first to tap gets it.")
	b.until("it is said aloud", func() bool { return strings.HasPrefix(b.text("#said"), "Row F, seat 4 came back.") })
	b.click("button", "Take row F, seat 4")
	b.comesTo(bob, "F-4")
	b.until("it is waited for no more", func() bool {
		var kept string
		return b.js(`localStorage.getItem("fs_wish_tight") ?? "none"`, &kept) == nil && kept == "none"
	})
	a.until("Ada sees it held", func() bool { return strings.Contains(a.seat(63), "held by another") })
}

// calledWhileAway: a hidden page has no socket and asks the public map; on return it says what came back.
func calledWhileAway(t *testing.T, s *stage) {
	ada, bob := s.enters("tight", "Ada"), s.enters("tight", "Bo")
	ada.must(t, 201, "POST", ada.path("/holds"), object{"seats": []int{70}}, nil) // F-11
	b := newBrowser(t, s.base)
	b.before(`const later = setTimeout; window.setTimeout = (f, ms, ...rest) => later(f, ms >= 5000 ? ms / 30 : ms, ...rest);`)
	s.seats(b, bob)
	b.toList()
	b.until("it is held", func() bool { return strings.Contains(b.seat(70), "held by another") })
	b.pressSeat(70)
	b.click("button", "Tell me if it comes back")
	b.looksAway(true)
	ada.must(t, 204, "DELETE", ada.path("/holds"), nil, nil)
	title := func() (text string) {
		b.set(b.js("document.title", &text))
		return text
	}
	b.until("the tab says so", func() bool { return strings.HasPrefix(title(), "Row F, seat 11 is free") })
	b.looksAway(false)
	b.sees("Row F, seat 11 came back.")
	b.until("the title is as before", func() bool { return strings.HasPrefix(title(), "Seats") })
}
