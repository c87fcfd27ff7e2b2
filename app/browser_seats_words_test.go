package app_test

import (
	"fmt"
	"strings"
	"testing"
)

// refusalsInWords holds what fans read when the server says no.
func refusalsInWords(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	s.seats(b, s.enters("gala", "Ada"))
	var said []string
	b.set(b.js(`(async () => {
		const { explain } = await import(`+module("refusals.js")+`);
		const plan = { seats: 40, zones: [{ name: "Stalls", from: 0, to: 2 }], label: (n) => "F-" + n, number: String, row: new Array(40).fill(0).fill(1, 30), rows: [{ label: "F", zone: 0 }, { label: "G", zone: 0 }], category: new Array(40).fill(0) }, prices = [4500], max = 2, basket = { seats: [{ n: 12, label: "F 12" }, { n: 13, label: "F 13" }] };
		const say = (code, facts, wanted, retryAfter = 0) => explain({ code, facts, retryAfter }, wanted, { plan, prices, basket, max }).text;
		return [
			say("seats-taken", { seats: [12] }, { seats: [12] }), say("seats-taken", { seats: [12, 13] }, { seats: [12, 13] }),
			say("seats-taken", { seats: [12], offer: [14] }, { seats: [12] }), say("too-many", { max: 2 }, { seats: [14] }),
			say("too-many", { max: 2 }, { best: { quantity: 3 } }), say("none-left", {}, { best: { quantity: 2 } }),
			say("none-left", {}, { best: { quantity: 1, category: "a" } }), say("slow-down", {}, {}, 3), say("sold-out", {}, {}), say("ended", {}, {}),
			say("seats-taken", { seats: [12, 13], offer: [30, 31] }, { seats: [12, 13] }), say("leaves-orphan", { seats: [4], suggest: [5, 6] }, { seats: [6, 7] }),
			say("leaves-orphan", { seats: [4] }, { seats: [5] }), say("companion-seat", { seats: [2], with: [1] }, { seats: [2] }), say("none-left", {}, { area: "a", quantity: 3 }),
		];
	})()`, &said))
	want := []string{
		"row F, seat 12 went a moment ago. Choose another.", "row F, 12–13 went a moment ago. Choose others.",
		"row F, seat 12 went a moment ago. We're holding row F, seat 14 for you instead: same row, same price. Keep it, or choose another.",
		"2 seats each for this event. Put row F, seat 13 back to take row F, seat 14.", "Up to 2 seats each for this event.",
		"There are not 2 free seats left just now. Try fewer; held ones may come back.",
		"No free seat is left at this price just now. Try another price.",
		"That was many changes in a short time. Your seats are kept; go on in 3 s.",
		"Every seat is taken just now. Some may still come back; the waiting room calls you.", "The sale of this event has ended.",
		"row F, 12–13 went a moment ago. We're holding row G, 30–31 for you instead: same price. Keep them, or choose others.",
		"row F, seat 4 would be left alone. Take row F, 5–6 instead: same price, no gap.", "row F, seat 4 would be left alone. Choose a seat beside it as well, or others.",
		"row F, seat 2 belongs to wheelchair place row F, seat 1. Take both?", "There are not 3 free places there just now. Try fewer.",
	}
	for i := range want {
		if i >= len(said) || said[i] != want[i] {
			t.Errorf("says %q, want %q", said, want[i])
		}
	}
}

// namesOfSeats: seats are named as a person would write them, each part once.
func namesOfSeats(t *testing.T, s *stage) {
	b := newBrowser(t, s.base)
	s.seats(b, s.enters("gala", "Nan"))
	var said []string
	b.set(b.js(`(async () => {
		const { names, rowTitle, sectionName, upper } = await import(`+module("say.js")+`);
		// Sixty seats, ten a row: sections "Block 8" (rows I, K, I again), "2" (odd numbers), "" (a table, a row without a name).
		const rows = ["I", "K", "I", "D", "Table 4", ""].map((label, i) => ({ label, zone: [0, 0, 0, 1, 2, 2][i], first: 10 * i, size: 10, table: i === 4 }));
		const number = (n) => String(rows[Math.floor(n / 10)].label === "D" ? 2 * (n % 10) + 1 : n === 19 ? "10a" : n % 10 + 1);
		const plan = { seats: 60, rows, row: Array.from({ length: 60 }, (_, n) => Math.floor(n / 10)), number,
			zones: [{ name: "Block 8", from: 0, to: 3 }, { name: "2", from: 3, to: 4 }, { name: "", from: 4, to: 6 }, { name: "Stage", from: 6, to: 6 }],
			areaOf: (n) => (n < 70 ? { name: "Floor", first: 60 } : n < 80 ? { name: "Floor", label: "Floor (2)", first: 70 } : { name: "", first: 80 }), label: (n) => "x-" + number(n) + (n > 19 && n < 30 ? " (2)" : "") };
		const small = { ...plan, zones: [{ name: "Balcony", from: 0, to: 6 }, { name: "Stage", from: 6, to: 6 }], rows: rows.map((row) => ({ ...row, zone: 0 })) };
		return [
			names(plan, [0]), names(plan, [2, 0, 1]), names(plan, [0, 1, 3]), names(plan, [0, 12]), names(plan, [0, 12, 45]), names(plan, [18, 19]), names(plan, [20]), names(plan, [20, 21]),
			names(plan, [30]), names(plan, [30, 31, 32]), names(plan, [40]), names(plan, [40, 41]), names(plan, [50]), names(plan, [50, 51]), names(plan, [61, 62]), names(plan, [71]), names(plan, [61, 62, 70]), names(plan, [80]), names(small, [0, 1]), upper(names(small, [5])),
			...rows.map((row, i) => rowTitle(plan, row, i % 2 === 0)), ...[0, 1, 2].map((zone) => sectionName(plan, zone)),
		];
	})()`, &said))
	want := []string{
		"Block 8, row I, seat 1", "Block 8, row I, 1–3", "Block 8, row I, 1–2 and 4", "Block 8, row I, seat 1, and row K, seat 3", "Block 8, row I, seat 1; row K, seat 3; Table 4, seat 6",
		"Block 8, row K, 9 and 10a", "Block 8, row I, seat 1 (2)", "Block 8, row I, 1–2 (2)",
		"Section 2, row D, seat 1", "Section 2, row D, 1, 3 and 5", "Table 4, seat 1", "Table 4, 1–2", "seat 1", "seats 1–2", "Floor 2–3", "Floor (2) 2", "Floor 2–3, and Floor (2) 1", "Standing 1", "row I, 1–2", "Row I, seat 6",
		"Row I, 1–10", "Row K", "Row I, 1–10 (2)", "Row D", "Table 4, 1–10", "Seats 1–10", "Block 8", "Section 2", "Section 3",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("says\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// refuse lets the next POST of holds be answered by a refusal that takes more than one browser to come about.
func (b *browser) refuse(status int, body string) {
	b.t.Helper()
	b.excuse(fmt.Sprint(status))
	b.set(b.js(fmt.Sprintf(`(() => { const real = window.fetch; window.sent = [];
		window.fetch = async (what, how) => {
			if (how?.method !== "POST" || !String(what).endsWith("/holds")) return real(what, how);
			window.sent.push(how.body);
			if (window.sent.length > 1) return real(what, how);
			return new Response(%q, { status: %d, headers: { "Content-Type": "application/problem+json" } });
		}; })()`, body, status), nil))
}

// refusalsWithAnAnswer: what the house proposes is one tap away.
func refusalsWithAnAnswer(t *testing.T, s *stage) {
	f := s.enters("tight", "Rita")
	b := newBrowser(t, s.base, phone)
	s.seats(b, f)
	b.toList()
	b.refuse(422, `{"code":"leaves-orphan","seats":[0],"suggest":[0]}`)
	b.pressSeat(1)
	b.sees("Row A, seat 1 would be left alone. Take row A, seat 1 instead: same price, no gap.")
	b.click("button", "Take row A, seat 1")
	b.comesTo(f, "A-1")
	b.refuse(422, `{"code":"companion-seat","seats":[4],"with":[3]}`)
	b.pressSeat(4)
	b.sees("Row A, seat 5 belongs to wheelchair place row A, seat 4. Take both?")
	b.axe()
	b.touches()
	b.click("button", "Take both")
	b.comesTo(f, "A-1 A-4 A-5")
}

// isSlower lets others act between what this browser asks for and when the server hears of it.
func (b *browser) isSlower(ask, others func()) {
	b.t.Helper()
	b.set(b.js(`(() => { const real = window.fetch; window.fetch = async (what, how) => {
		if (how?.method === "POST") await new Promise((go) => { window.go = go; });
		window.fetch = real;
		return real(what, how);
	}; window.go = null; })()`, nil))
	ask()
	b.until("it is on its way", func() bool {
		var asks bool
		return b.js(`window.go !== null`, &asks) == nil && asks
	})
	others()
	b.set(b.js(`window.go()`, nil))
}

// tooLate: who is beaten to a seat holds the nearest as good already, keeps it with one tap, or gives it back.
func tooLate(t *testing.T, s *stage) {
	slow, quick := s.enters("race", "Slow"), s.enters("race", "Quick")
	b := newBrowser(t, s.base, phone)
	b.excuse("409")
	s.seats(b, slow)
	b.toList()
	b.isSlower(func() { b.pressSeat(64) }, func() { quick.must(t, 201, "POST", quick.path("/holds"), object{"seats": []int{64}}, nil) }) // F-5
	b.sees("Row F, seat 5 went a moment ago. We're holding row F, seat 4 for you instead: same row, same price. Keep it, or choose another.")
	b.axe()
	b.fits()
	b.comesTo(slow, "F-4")
	b.reload() // it is still only offered
	b.sees("We're holding row F, seat 4 for you instead of a seat that went.")
	b.click("button", "Keep it")
	b.until("it is said no more", func() bool { return !b.has("button", "Keep it") })
	b.comesTo(slow, "F-4")
	b.toList()
	b.isSlower(func() { b.pressSeat(26) }, func() { quick.must(t, 201, "POST", quick.path("/holds"), object{"seats": []int{26}}, nil) }) // C-3
	b.sees("Row C, seat 3 went a moment ago.")
	b.click("button", "Choose another")
	b.comesTo(slow, "F-4")
	if n := len(b.all("button", "Keep it")); n > 0 {
		t.Error("still offered")
	}
}

// houseRules: what the house would rather sell is one tap away, and a companion's seat brings its wheelchair place along.
func houseRules(t *testing.T, s *stage) {
	f := s.enters("rules", "Ruth")
	b := newBrowser(t, s.base, phone)
	b.excuse("422")
	s.seats(b, f)
	b.toList()
	b.pressSeat(1) // A-2 belongs to A-1
	b.sees("Ground, row A, seat 2 belongs to wheelchair place Ground, row A, seat 1. Take both?")
	b.click("button", "Take both")
	b.comesTo(f, "Ground A-1 Ground A-2")
	b.until("the basket says which is which", func() bool {
		said := b.text("#picked")
		return strings.Contains(said, "wheelchair place") && strings.Contains(said, "companion place")
	})
	b.pressSeat(13) // B-2 would leave B-1 alone
	b.sees("Ground, row B, seat 1 would be left alone. Take ", "instead: same price, no gap.")
	b.set(b.js(`document.querySelector("#note-acts button").click()`, nil))
	b.until("the other is mine", func() bool { return b.text("#sum-seats") == "3 seats" })
}

// anotherBest: what the house could give as well is one tap away, and takes the place of the first.
func anotherBest(t *testing.T, s *stage) {
	f := s.enters("gala", "Bea")
	b := newBrowser(t, s.base, phone)
	s.seats(b, f)
	b.click("button", "2 best available seats")
	b.sees("The house could also give you:")
	first := f.held(t)
	var other string
	b.set(b.js(`document.querySelector("#others-list button").innerText`, &other))
	b.set(b.js(`document.querySelector("#others-list button").click()`, nil))
	b.until("they are others", func() bool { held := f.held(t); return held != first && len(strings.Split(held, "-")) == 3 })
	b.until("the page shows them", func() bool {
		return b.text("#sum-seats") == "2 seats" && !strings.Contains(b.text("#picked"), strings.Split(first, " (")[0]+" ")
	})
	if !strings.Contains(other, "–") || !strings.HasSuffix(strings.TrimSpace(other), "EUR") {
		t.Errorf("the other was called %q", other)
	}
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil)
}

// askingIsNotHaving: what is asked for is dotted, and after a second there is a word about it; only the answer makes it mine.
func askingIsNotHaving(t *testing.T, s *stage) {
	f := s.enters("tight", "Slow Line")
	b := newBrowser(t, s.base, phone)
	s.seats(b, f)
	b.toList()
	b.set(b.js(`(() => { const real = window.fetch; window.fetch = async (what, how) => {
		if (how?.method === "POST") await new Promise((go) => { window.go = go; });
		return real(what, how);
	}; })()`, nil))
	b.pressSeat(16) // B-5
	b.until("it is asked for", func() bool { return strings.Contains(b.seat(16), "being asked for") })
	b.sees("Still asking for row B, seat 5. It is not yours before it stops being dotted.")
	if held := f.held(t); held != "" {
		t.Errorf("held before anybody was asked: %s", held)
	}
	b.set(b.js(`window.go()`, nil))
	b.until("it is mine", func() bool { return strings.Contains(b.seat(16), ", yours,") })
	b.until("the word is gone", func() bool { return b.text("#note:not([hidden])") == "" })
}

// answerLost: of a request whose answer never came nobody knows whether it was done, so the page asks until it hears.
func answerLost(t *testing.T, s *stage) {
	f := s.enters("tight", "Lost")
	b := newBrowser(t, s.base)
	b.before(`window.WebSocket = class { close() {} }`) // nothing else tells
	s.seats(b, f)
	b.toList()
	b.set(b.js(`(() => { const real = window.fetch; let lost = 0; window.fetch = async (what, how) => {
		const answer = await real(what, how);
		if (!String(what).endsWith("/holds") || lost++ > 1) return answer; // the answer, and the first asking after it
		throw new TypeError("lost");
	}; })()`, nil))
	b.pressSeat(70) // F-11
	b.sees("No connection. Your place is kept")
	b.until("the page shows what is held", func() bool {
		return strings.HasPrefix(b.seat(70), "Seat 11, yours") && b.text("#sum") == "45.00 EUR" && b.text("#note:not([hidden])") == ""
	})
	f.must(t, 204, "DELETE", f.path("/holds"), nil, nil) // another story waits for this seat
}
