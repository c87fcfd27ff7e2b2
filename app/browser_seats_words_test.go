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
		const plan = { label: (n) => "F " + n, row: new Array(40).fill(0).fill(1, 30), rows: [{ label: "F" }, { label: "G" }], category: new Array(40).fill(0) }, prices = [4500], max = 2, basket = { seats: [{ n: 12, label: "F 12" }, { n: 13, label: "F 13" }] };
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
		"F 12 went a moment ago. Choose another.", "F 12 and F 13 went a moment ago. Choose others.",
		"F 12 went a moment ago. We're holding F 14 for you instead: same row, same price. Keep it, or choose another.",
		"2 seats each for this event. Put F 13 back to take F 14.", "Up to 2 seats each for this event.",
		"There are not 2 free seats left just now. Try fewer; held ones may come back.",
		"No free seat is left at this price just now. Try another price.",
		"That was many changes in a short time. Your seats are kept; go on in 3 s.",
		"Every seat is taken just now. Some may still come back; the waiting room calls you.", "The sale of this event has ended.",
		"F 12 and F 13 went a moment ago. We're holding F 30 and F 31 for you instead: Row G, same price. Keep them, or choose others.",
		"F 4 would be left alone. Take F 5 and F 6 instead: same price, no gap.", "F 4 would be left alone. Choose a seat beside it as well, or others.",
		"F 2 belongs to wheelchair place F 1. Take both?", "There are not 3 free places there just now. Try fewer.",
	}
	for i := range want {
		if i >= len(said) || said[i] != want[i] {
			t.Errorf("says %q, want %q", said, want[i])
		}
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
	b.sees("A-1 would be left alone. Take A-1 instead: same price, no gap.")
	b.click("button", "Take A-1")
	b.comesTo(f, "A-1")
	b.refuse(422, `{"code":"companion-seat","seats":[4],"with":[3]}`)
	b.pressSeat(4)
	b.sees("A-5 belongs to wheelchair place A-4. Take both?")
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
	b.sees("F-5 went a moment ago. We're holding F-4 for you instead: same row, same price. Keep it, or choose another.")
	b.axe()
	b.fits()
	b.comesTo(slow, "F-4")
	b.reload() // it is still only offered
	b.sees("We're holding F-4 for you instead of a seat that went.")
	b.click("button", "Keep it")
	b.until("it is said no more", func() bool { return !b.has("button", "Keep it") })
	b.comesTo(slow, "F-4")
	b.toList()
	b.isSlower(func() { b.pressSeat(26) }, func() { quick.must(t, 201, "POST", quick.path("/holds"), object{"seats": []int{26}}, nil) }) // C-3
	b.sees("C-3 went a moment ago.")
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
	b.sees("Ground A-2 belongs to wheelchair place Ground A-1. Take both?")
	b.click("button", "Take both")
	b.comesTo(f, "Ground A-1 Ground A-2")
	b.until("the basket says which is which", func() bool {
		said := b.text("#picked")
		return strings.Contains(said, "wheelchair place") && strings.Contains(said, "companion place")
	})
	b.pressSeat(13) // B-2 would leave B-1 alone
	b.sees("Ground B-1 would be left alone. Take ", "instead: same price, no gap.")
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
	b.sees("Still asking for B-5. It is not yours before it stops being dotted.")
	if held := f.held(t); held != "" {
		t.Errorf("held before anybody was asked: %s", held)
	}
	b.set(b.js(`window.go()`, nil))
	b.until("it is mine", func() bool { return strings.Contains(b.seat(16), ", yours,") })
	b.until("the word is gone", func() bool { return b.text("#note:not([hidden])") == "" })
}
