package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

// stops lets no request to these addresses through any more.
func (b *browser) stops(patterns ...string) {
	b.t.Helper()
	var blocked []*network.BlockPattern
	for _, p := range patterns {
		blocked = append(blocked, &network.BlockPattern{URLPattern: p, Block: true})
	}
	_, err := send(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: blocked})
	b.set(err)
	b.excuse("ERR_BLOCKED", "Failed to fetch")
}

// What a fan does is on the organiser's map, and no poll brings it; where no socket gets through, a poll does. Polls
// being stopped, this proves the socket, and not the second that is promised: 5 s are room for a busy machine.
func TestHandSeesLive(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	fan := s.enters("gala", "Chooser")
	b, blind := newBrowser(t, s.base), newBrowser(t, s.base)
	s.hand(b, "gala")
	b.stops("*://*:*/api/v1/events/*/seats", "*://*:*/api/v1/admin/events/*/stats")
	b.fill("Which seats", "A-1..A-4")
	b.press("Tab")
	b.sees("4 seats chosen: 4 free.")

	blind.before(`window.WebSocket = class extends EventTarget { constructor() { super(); setTimeout(() => this.onclose({ code: 1006 })); } close() {} };`)
	s.hand(blind, "gala")
	blind.fill("Which seats", "A-1..A-4")
	blind.press("Tab")

	fan.must(t, 201, "POST", fan.path("/holds"), object{"seats": []int{1, 2}}, nil)
	b.within(5*time.Second, "the hold is on the map", func() bool {
		return strings.Contains(b.text("[data-chosen]"), "2 free, 2 held")
	})
	var asked int
	b.set(b.js(`performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/api/v1/events/gala/seats")).length`, &asked))
	if asked != 1 {
		t.Errorf("the map was asked for %d times", asked)
	}
	blind.within(40*time.Second, "the hold is on the map without a socket", func() bool {
		return strings.Contains(blind.text("[data-chosen]"), "2 free, 2 held")
	})
}

// Signed out in the middle of it, one loses nothing: neither what was chosen nor what was typed. Signed in again in another
// tab, one goes on where one was, and sees what happened meanwhile.
func TestHandOutlivesItsSession(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil, "max_per_buyer": 4})
	fan := s.enters("gala", "Chooser")
	b := newBrowser(t, s.base)
	s.hand(b, "gala")
	b.excuse("status of 401", "status of 403")
	b.fill("Which seats", "A-1..A-4")
	b.fill("Keep them for", "Sponsor AG")
	b.fill("Why", "contract 7")
	b.click("button", "Take off sale")
	b.sees("Keep 4 seats for Sponsor AG?")

	s.staff.must(t, 204, "DELETE", "/api/v1/admin/session", nil, nil)
	b.click("button", "Take off sale")
	b.sees("You were signed out, and nothing happened.")
	b.axe()
	var link string
	b.set(b.js(`document.querySelector("[data-sure-error] a").target + " " + document.querySelector("[data-sure-error] a").pathname`, &link))
	if link != "_blank /admin/session" {
		t.Errorf("the way back leads to %q", link)
	}
	b.within(30*time.Second, "the page says so as well", func() bool { return strings.Contains(b.text("main"), "What you chose and typed is still here") })
	fan.must(t, 201, "POST", fan.path("/holds"), object{"seats": []int{20}}, nil)

	back := signIn(t, s.base) // in another tab of this browser
	b.staffs(back)
	b.click("button", "Take off sale")
	b.sees("4 seats off sale.")
	s.staff = back
	if all := s.offSale("gala"); len(all) != 1 || fmt.Sprint(all[0].Seats) != "[0 1 2 3]" || all[0].Name != "Sponsor AG" || all[0].Reason != "contract 7" {
		t.Errorf("%+v", all)
	}
	b.until("nothing is said of it any more", func() bool { return !strings.Contains(b.text("main"), "You were signed out") })
	b.fill("Which seats", "C-5")
	b.press("Tab")
	b.within(20*time.Second, "the map goes on", func() bool { return strings.Contains(b.text("[data-chosen]"), "1 held") })

	// The same for putting back.
	back.must(t, 204, "DELETE", "/api/v1/admin/session", nil, nil)
	b.fill("Which seats", "A-1..A-8")
	b.press("Tab")
	b.click("button", "Put back on sale")
	b.sees("You were signed out, and nothing happened.")
	again := signIn(t, s.base)
	b.staffs(again)
	b.click("button", "Put back on sale")
	b.sees("Put 4 seats back on sale?")
	b.click("button", "Put back on sale")
	b.sees("4 seats back on sale.")
	b.axe()
}

// An answer that took long is not believed over a younger one, though that one said nothing new.
func TestHandBelievesTheYoungestList(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	b := newBrowser(t, s.base)
	b.before(`window.setInterval = () => 0;
		const ask = fetch;
		Object.assign(window, { answers: 0, late: null, shown: 0 });
		window.fetch = async (what, ...rest) => {
			window.shown += what === location.pathname; // another list is written from the page as it is by then
			const answer = await ask(what, ...rest);
			if (!String(what).includes("/blocks?")) return answer;
			if (window.holds) {
				window.holds = false;
				await new Promise((go) => { window.late = go; });
			}
			await answer.clone().text();
			window.answers++;
			return answer;
		};`)
	s.hand(b, "gala")
	answers := func(n int) func() bool {
		return func() bool { var have int; return b.js(`window.answers`, &have) == nil && have == n }
	}
	b.until("the page is at rest", answers(1))
	b.set(b.js(`window.holds = true`, nil))
	var made struct{ ID string }
	s.staff.must(t, 201, "POST", "/api/v1/admin/events/gala/blocks", object{"seats": []int{3}, "reason": "put back soon"}, &made)
	b.until("the list with it is late", func() (late bool) { return b.js(`window.late !== null`, &late) == nil && late })
	s.staff.must(t, 204, "DELETE", "/api/v1/admin/events/gala/blocks/"+made.ID, nil, nil)
	b.set(b.js(`document.dispatchEvent(new Event("visibilitychange"))`, nil)) // as after a look at another tab
	b.until("the list without it comes before it", answers(2))
	b.set(b.js(`window.late()`, nil))
	b.until("then that with it", answers(3))
	var shown int
	b.set(b.js(`fetch("/healthz").then(() => window.shown)`, &shown)) // it has been read by then
	if shown != 0 {
		t.Errorf("the older list was shown %d times", shown)
	}
}

// A block that is made while the list is being read is known soon all the same, and not at the next look round.
func TestHandHearsOfBlocksMeanwhile(t *testing.T) {
	t.Parallel()
	s := openStage(t)
	createEvent(t, s.staff, "gala", house(t, s.staff, 3, 8), object{"Stalls": 4500}, -time.Second, object{"queue": nil})
	b := newBrowser(t, s.base)
	// The look round never comes, what is put off for a second waits for a word of ours, and so does the list.
	b.before(`window.setInterval = () => 0;
		const ask = fetch, later = setTimeout;
		Object.assign(window, { held: [], ticks: [], let: (all) => all.splice(0).forEach((go) => go()) });
		window.setTimeout = (go, ms) => (window.hold && ms === 1000 ? window.ticks.push(go) : later(go, ms));
		window.fetch = async (what, ...rest) => {
			const answer = await ask(what, ...rest);
			if (window.hold && String(what).includes("/blocks?")) await new Promise((go) => window.held.push(go));
			return answer;
		};`)
	s.hand(b, "gala")
	b.until("the page is at rest", func() (read bool) {
		return b.js(`performance.getEntriesByType("resource").some((e) => e.name.includes("/blocks?") && e.responseEnd > 0)`, &read) == nil && read
	})
	b.set(b.js(`window.hold = true`, nil))
	block := func(n int, reason string) {
		s.staff.must(t, 201, "POST", "/api/v1/admin/events/gala/blocks", object{"seats": []int{n}, "reason": reason}, nil)
	}
	some := func(list string) func() bool {
		return func() bool { var n int; return b.js(`window.`+list+`.length`, &n) == nil && n > 0 }
	}
	block(3, "the first")
	b.until("the first is told of", func() bool { _ = b.js(`window.let(window.ticks)`, nil); return some("held")() })
	b.set(b.js(`window.let(window.ticks)`, nil))
	block(4, "the second")
	b.until("the second is told of", some("ticks"))
	b.set(b.js(`window.let(window.held)`, nil))
	b.sees("the first")
	b.set(b.js(`window.hold = false; window.let(window.ticks)`, nil))
	b.sees("the second")
	b.until("its seat is known", func() bool {
		_ = b.js(`document.querySelector("[data-block] button").click()`, nil)
		return b.chosen() == "A-5"
	})
}
