package app_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// assetOf gives the address of a module that the page's own modules lead to, or those it names for later.
const assetOf = `const assetOf = async (file, from, seen = new Set()) => {
	const later = Object.values(document.getElementById("event")?.dataset ?? {}).filter((value) => value.endsWith(".js"));
	for (const start of from ? [from] : [document.querySelector("script[type=module][src]").src, ...later]) {
		if (seen.has(start)) continue;
		seen.add(start);
		if (start.endsWith("-" + file)) return start;
		const text = await (await fetch(start)).text();
		for (const [, address] of text.matchAll(/(?:from|import\()\s*["'](\/assets\/[^"']+)["']/g)) {
			const found = await assetOf(file, address, seen);
			if (found) return found;
		}
	}
	return null;
};`

// The page works positions out as the server does, on every vector that ours are checked with.
func TestBrowserShufflesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	createEvent(t, signIn(t, p.base), "gala", importStadium(t, signIn(t, p.base)), stadiumPrices, time.Hour, nil)
	file, err := os.Open("../modules/queue/internal/draw/testdata/shuffle-vectors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := json.Marshal(rows[1:])
	if err != nil {
		t.Fatal(err)
	}
	lanes, err := os.ReadFile("../modules/queue/internal/draw/testdata/lane-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, p.base)
	b.open("/events/gala")
	var got struct {
		Checked int
		Lined   int
		Wrong   []string
		Abc     string
	}
	b.set(b.js(fmt.Sprintf(`(async () => {
		%s
		const { makeShuffle } = await import(await assetOf("shuffle.js")), { sha256, hex } = await import(await assetOf("sha256.js"));
		const known = new Map(), wrong = [], rows = %s;
		for (const [seed, size, index, position] of rows) {
			if (!known.has(seed + size)) known.set(seed + size, makeShuffle(seed, Number(size)));
			const got = known.get(seed + size)(Number(index));
			if (got !== Number(position)) wrong.push([seed, size, index, position, got].join());
		}
		const { makeLineup } = await import(await assetOf("lineup.js"));
		let lined = 0;
		for (const { draw, positions } of %s) {
			const lineup = makeLineup(draw);
			for (const [lane, index, position] of positions) {
				lined++;
				if (lineup(index, lane) !== position) wrong.push([draw.seed, lane, index, position, lineup(index, lane)].join());
			}
		}
		return { lined, checked: rows.length, wrong: wrong.slice(0, 3), abc: hex(sha256(new TextEncoder().encode("abc".repeat(40)))) };
	})()`, assetOf, vectors, lanes), &got))
	if got.Checked < 2000 || got.Lined < 500 || len(got.Wrong) > 0 {
		t.Errorf("of %d vectors and %d of lanes these are wrong: %q", got.Checked, got.Lined, got.Wrong)
	}
	// A text longer than one block: printf 'abc%.0s' $(seq 40) | sha256sum
	if want := "b02c2454cf7a177aefdeb3e3d26b447fcc3d5db67be300d67e702c2b062dbb88"; got.Abc != want {
		t.Errorf("sha256 is %s, want %s", got.Abc, want)
	}
}

// standing is what the server says of the place that a browser keeps.
func (b *browser) standing(event string) (me meView) {
	b.t.Helper()
	var place placeView
	b.set(b.js(`JSON.parse(localStorage.getItem("fs_place_`+event+`"))`, &place))
	c := newClient(b.base)
	c.bearer = place.Place
	c.must(b.t, 200, "GET", "/api/v1/events/"+event+"/queue/me", nil, &me)
	return me
}

// From the door to one's turn, on two devices.
func TestWaitingRoomFollowsTheLine(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, 12*time.Second, map[string]any{"queue": map[string]any{"cap": 1}})
	var others []*fan
	for range 5 {
		others = append(others, newFan(p.base, "gala", "other"))
	}
	for _, f := range others[:3] {
		if err := f.join(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	ada := newBrowser(t, p.base, phone)
	ada.open("/events/gala")
	ada.click("button", "Join the line")
	ada.sees("until the draw", "Everyone here by then has the same chance", "4 people are in the draw so far.", "You can close this page.")
	ada.axe()
	for _, f := range others[3:] {
		if err := f.join(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	// Nobody goes in until her place is open on two devices: the first of the draw would be in before that.
	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/pause", map[string]any{"reason": "The doors stick."}, nil)

	// Drawn: the page and the server say the same, and the page shows why.
	ada.until("the place is drawn", func() bool { return ada.standing("gala").Position != nil })
	me := ada.standing("gala")
	ada.sees(fmt.Sprintf("You are number %d of 6.", *me.Position+1))
	ada.until("the proof can be opened", func() bool { return strings.Contains(ada.text("#room"), "Check the draw") })
	ada.click("link", "Check the draw")
	ada.arrives("/events/gala/verify")
	ada.sees("The draw took place, with 6 places in it.", "Fingerprint of the secret, published before", fmt.Sprintf("Number %d of 6", *me.Position+1), "sha256sum")
	if text := ada.text("#steps"); strings.Contains(text, "does not agree") || strings.Count(text, "agrees") != 2 {
		t.Errorf("the proof does not hold: %s", text)
	}
	ada.click("button", "Check the whole log here")
	ada.sees("each with the hash of the one before, up to the one shown here.", "which this browser kept from before the draw, is one of them.")
	ada.set(ada.js(`localStorage.setItem("fs_head_gala", JSON.stringify({seq: 1, hash: "0".repeat(64)}))`, nil))
	ada.click("button", "Check the whole log here")
	ada.sees("Entry 1 is not what it was")
	ada.axe()
	ada.fits()
	ada.excuse("AudioContext") // nobody has touched the page since
	ada.open("/events/gala")

	// The private link opens the same place elsewhere, and does not stay in the address.
	var link string
	ada.set(ada.js(`location.origin + "/events/gala#p=" + JSON.parse(localStorage.getItem("fs_place_gala")).place`, &link))
	other := newBrowser(t, p.base)
	other.open(link)
	other.until("the same place", func() bool {
		var here string
		other.set(other.js(`localStorage.getItem("fs_place_gala") ?? ""`, &here))
		return here != "" && *other.standing("gala").Position == *me.Position
	})
	if at := other.at(); strings.Contains(at, "#p=") {
		t.Errorf("the token stays in the address: %s", at)
	}

	// Without a connection it says so, and what that means; and takes it up again.
	other.excuse("net::ERR_INTERNET_DISCONNECTED")
	other.online(false)
	other.sees("No connection. Your place is kept; we'll carry on when you're back.")
	other.online(true)
	other.sees("You're back.")

	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/resume", map[string]any{}, nil)

	// Whoever is before her goes in and leaves again, until it is her turn.
	done := make(chan struct{})
	defer close(done)
	for _, f := range others {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				_, _ = f.do("POST", f.path("/queue/admission"), nil)
				_, _ = f.do("DELETE", f.path("/queue/admission"), nil)
				if wait(t.Context(), 100*time.Millisecond) != nil {
					return
				}
			}
		}()
	}
	// The device on which the place was opened last goes in; the other looks on, and may take it back.
	other.within(60*time.Second, "her turn", func() bool { return strings.Contains(other.text("#room"), "It's your turn.") })
	other.sees("Your turn is kept until", "It isn't lost after that", "Choose seats")
	var title string
	other.set(other.js("document.title", &title))
	if !strings.HasPrefix(title, "Your turn · ") {
		t.Errorf("the tab says %q", title)
	}
	if me := other.standing("gala"); me.State != "admitted" {
		t.Errorf("the page says it is her turn, the server says %s", me.State)
	}
	other.axe()
	other.fits()
	ada.sees("It's your turn.", "Your place is open on another device")
	ada.axe()
	ada.fits()
	ada.click("link", "Continue here")
	ada.arrives("/events/gala/seats")
	other.reload()
	other.sees("Your place is open on another device")
	other.open("/events/gala/place") // one's own page is no link: it takes nothing over
	other.arrives("/events/gala")
	other.sees("Your place is open on another device")
	other.set(other.js(fmt.Sprintf("location.href = %q; 0", link), nil)) // the link again is meant, also where the page is open
	other.until("it goes in here", func() bool { return strings.Contains(other.text("#room"), "Your turn is kept until") })

	// A place that the server does not know is let go of.
	lost := newBrowser(t, p.base)
	lost.open("/events/gala#p=nonsense")
	lost.sees("That link is not a place in this event's line.", "Join the line")
}

// movedHere: a device that was refused because the place was open elsewhere goes in once it is told that it is the one,
// also when the refusal was on its way meanwhile.
func (s *stage) movedHere(t *testing.T) {
	b := newBrowser(t, s.base)
	b.open("/events/soon")
	var got []string
	b.set(b.js(fmt.Sprintf(`(async () => {
		%s
		const { makeTurn } = await import(await assetOf("turn.js")), fetched = window.fetch, states = [];
		let refuse = null, asked = 0;
		window.fetch = () => new Promise((answer) => {
			asked++;
			refuse = () => answer(new Response(JSON.stringify({ code: "other-device" }), { status: 409, headers: { "Content-Type": "application/problem+json" } }));
			if (asked === 3) answer(new Response(JSON.stringify({ admitted_until: "2100-01-01T00:00:00Z" }), { status: 201, headers: { "Content-Type": "application/json" } }));
		});
		const turn = makeTurn("moved", () => states.push(turn.state)), first = turn.enter({ place: "p" });
		refuse();
		await first;
		turn.moved();
		const second = turn.enter({ place: "p" });
		turn.moved();
		refuse();
		states.push(String(await second));
		window.fetch = fetched;
		return states;
	})()`, assetOf), &got))
	if want := "elsewhere none in true"; strings.Join(got, " ") != want {
		t.Errorf("the states are %v, want %s", got, want)
	}
}
