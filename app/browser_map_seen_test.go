package app_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// pixels is script: what the map has drawn of a seat, as [r, g, b] for every device px of its square and a bit around it.
const pixels = `(n) => {
	const canvas = [...document.querySelectorAll(".map-slabs canvas")].find((c) => c.style.visibility !== "hidden");
	const shown = new DOMMatrix(document.querySelector(".map-overview canvas").style.transform), slab = new DOMMatrix(canvas.style.transform);
	const scale = shown.a * Math.min(1024 / Math.max(plan.width, plan.height), 4), dpr = Math.min(2, devicePixelRatio), side = Math.round(plan.pitch * scale * dpr * 0.96);
	const x = Math.round((plan.x[n] * scale + shown.e - slab.e) * dpr - side / 2), y = Math.round((plan.y[n] * scale + shown.f - slab.f) * dpr - side / 2);
	const copy = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
	copy.drawImage(canvas, -x, -y);
	const { data } = copy.getImageData(0, 0, side, side);
	return Array.from({ length: side * side }, (_, i) => [data[4 * i], data[4 * i + 1], data[4 * i + 2]]);
}`

// inked tells how many px of a seat's square are of about one colour, given as a token of map.css.
func (r *room) inked(n int, token string) int {
	r.t.Helper()
	r.rests()
	return told[int](r, fmt.Sprintf(`(() => {
		const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
		probe.fillStyle = getComputedStyle(document.getElementById("alone")).getPropertyValue(%q).trim();
		probe.fillRect(0, 0, 1, 1);
		const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
		return (%s)(%d).filter(([x, y, z]) => Math.abs(x - r) + Math.abs(y - g) + Math.abs(z - b) < 24).length;
	})()`, token, pixels, n))
}

// floorsOneAtATime: of zones over one another one can be shown alone; its seats alone are drawn, and meant by a tap.
func floorsOneAtATime(t *testing.T, s *stage) {
	r := newRoom(t, s, `
		plan.zones = [{ name: "Stalls", areas: [], from: 0, to: 10 }, { name: "Circle", areas: [], from: 10, to: 20 }];
		plan.rows.forEach((row, i) => { row.zone = Number(i >= 10); });
		for (let n = 300; n < 600; n++) { plan.y[n] = plan.y[n - 300]; plan.category[n] = 1; } // right over the stalls
		plan.height = 220;`)
	if got := fmt.Sprint(told[[]struct {
		Zone int
		Name string
	}](r, "floors(plan)")); got != "[{0 Stalls} {1 Circle}]" {
		t.Errorf("the floors are %v", got)
	}
	n := 5*30 + 15
	tap := func(want int) {
		t.Helper()
		at := r.on(n)
		before := told[int](r, "tapped.length")
		r.drags(0, at)
		r.until("a seat is tapped", func() bool { return told[int](r, "tapped.length") > before })
		if got := told[int](r, "tapped.at(-1)"); got != want {
			t.Errorf("a tap means seat %d, not %d", got, want)
		}
	}
	for _, floor := range []struct {
		zone, seat    int
		shows, hidden string
	}{{0, n, "--cat-1", "--cat-2"}, {1, n + 300, "--cat-2", "--cat-1"}} {
		r.set(r.js(fmt.Sprintf("map.showZone(%d)", floor.zone), nil))
		if shows, hidden := r.inked(n, floor.shows), r.inked(n, floor.hidden); shows < 100 || hidden > 0 {
			t.Errorf("of floor %d one sees %d px, of the other %d", floor.zone, shows, hidden)
		}
		tap(floor.seat)
	}
	r.set(r.js("map.showZone(null)", nil))
	r.rests()
	if seats := told[int](r, "plan.zones.length"); seats != 2 {
		t.Errorf("%d zones", seats)
	}
}

// floorsAside: a zone that stands elsewhere is only faded while another is looked at.
func floorsAside(t *testing.T, s *stage) {
	r := newRoom(t, s, `
		plan.zones = [{ name: "Left", areas: [], from: 0, to: 10 }, { name: "Right", areas: [], from: 10, to: 20 }];
		plan.rows.forEach((row, i) => { row.zone = Number(i >= 10); });`)
	r.set(r.js("map.showZone(0)", nil))
	left, right := 5*30+15, 10*30+15
	if shows, other, faded := r.inked(left, "--cat-1"), r.inked(right, "--cat-1"), r.inked(right, "--seat-dim"); shows < 100 || other > 0 || faded < 100 {
		t.Errorf("of the zone one sees %d px, of the other %d, %d of them faded", shows, other, faded)
	}
}

// filterOfSeveralPrices leaves those colours and takes the others away.
func filterOfSeveralPrices(t *testing.T, s *stage) {
	r := newRoom(t, s, `plan.category.fill(1, 300);`)
	for _, c := range []struct {
		filter        string
		first, second bool
	}{{"new Set([0])", true, false}, {"new Set([0, 1])", true, true}, {"null", true, true}, {"new Set([1])", false, true}} {
		r.set(r.js("map.setFilter("+c.filter+")", nil))
		if first, second := r.inked(4, "--cat-1") > 100, r.inked(304, "--cat-2") > 100; first != c.first || second != c.second {
			t.Errorf("with %s the first price is coloured: %v, the second: %v", c.filter, first, second)
		}
	}
}

// areasOnSale: an area says what it is, what is left and from which price, near and far; a tap means it.
func areasOnSale(t *testing.T, s *stage) {
	r := newRoom(t, s, `
		const pit = { id: "pit", name: "Standing", shape: "rectangle", x: 100, y: 430, width: 440, height: 90, first: 600, capacity: 8, category: 1, zone: 0 };
		plan.zones[0].areas.push(pit, { id: "bar", name: "Bar", shape: "rectangle", x: 560, y: 430, width: 60, height: 90 });
		plan.areas = [pit];
		plan.size = 608;
		plan.category = Uint8Array.from({ length: 608 }, (_, n) => Number(n >= 600));
		plan.height = 540;`)
	says := func(text string) {
		t.Helper()
		r.until("the area says "+text, func() bool { return told[string](r, `document.querySelector(".map-area").innerText`) == text })
	}
	says("Standing\n8 free\n4500")
	v := r.rests()
	middle := spot{320*v.Scale + v.X, 475*v.Scale + v.Y}
	r.drags(0, middle)
	r.until("the area is meant", func() bool { return told[string](r, "opened.join()") == "pit" })
	r.drags(0, spot{590*v.Scale + v.X, 475*v.Scale + v.Y})
	r.rests()
	if got := told[string](r, "opened.join()"); got != "pit" {
		t.Errorf("a tap on the bar, which is not on sale, opens %s", got)
	}
	r.set(r.js(`map.fit(); map.patch(Array.from({ length: 6 }, (_, i) => [600 + i, 2]))`, nil))
	says("Standing\n2 free\n4500")
	r.set(r.js(`map.patch([[606, 1], [607, 1]])`, nil))
	says("Standing\n0 free")
}

// pinsOnMine: where seats are small a pin says which are mine, of an area one in its middle however near one looks.
func pinsOnMine(t *testing.T, s *stage) {
	r := newRoom(t, s, `
		const pit = { id: "pit", name: "Standing", shape: "rectangle", x: 100, y: 430, width: 440, height: 90, first: 600, capacity: 8, category: 1, zone: 0 };
		plan.zones[0].areas.push(pit);
		plan.areas = [pit];
		plan.areaOf = () => pit;
		plan.size = 608;
		plan.category = Uint8Array.from({ length: 608 }, (_, n) => Number(n >= 600));
		plan.height = 540;`, phone)
	pins := func() []spot {
		v := r.rests()
		var at [][2]float64
		r.set(r.js(`[...document.querySelectorAll(".mark-mine .mark-pin")].filter((pin) => pin.getClientRects().length)
			.map((pin) => { const { x, y } = pin.parentElement.getBoundingClientRect(); return [x, y]; })`, &at))
		var spots []spot
		for _, one := range at {
			spots = append(spots, spot{math.Round((one[0] - v.X) / v.Scale), math.Round((one[1] - v.Y) / v.Scale)})
		}
		return spots
	}
	r.set(r.js(`map.mark("mine", [33, 601, 602])`, nil))
	r.until("two pins", func() bool { return slices.Equal(pins(), []spot{{80, 40}, {320, 475}}) })
	r.set(r.js(`map.focusSeat(33)`, nil))
	r.until("near, the seat itself is seen", func() bool { return len(pins()) == 1 })
}

// namesHideNoSeat: what is said of an area stands where no seat is under it; where its name is too long, how much is free.
func namesHideNoSeat(t *testing.T, s *stage) {
	for _, c := range []struct{ name, seats, says string }{
		{"Pit", "", ""}, {"Pit", "away", "Pit\n8 free\n4500"}, {"Standing, in front of the stage", "away", "8 free"},
	} {
		r := newRoom(t, s, fmt.Sprintf(`
			const pit = { id: "pit", name: %q, shape: "rectangle", x: 250, y: 150, width: 80, height: 80, first: 600, capacity: 8, category: 1, zone: 0 };
			if (%q) for (let n = 0; n < seats; n++) if (plan.x[n] > 240 && plan.x[n] < 340 && plan.y[n] > 140 && plan.y[n] < 240) plan.y[n] = 20;
			plan.zones = [{ ...plan.zones[0], name: "", areas: [pit] }];
			plan.areas = [pit];
			plan.size = 608;
			plan.category = Uint8Array.from({ length: 608 }, (_, n) => Number(n >= 600));`, c.name, c.seats))
		r.until(fmt.Sprintf("of %s (seats %s) one reads %q", c.name, c.seats, c.says), func() bool {
			return told[string](r, `(({ hidden, innerText }) => (hidden ? "" : innerText))(document.querySelector(".map-area"))`) == c.says
		})
	}
}

// rowsAtTheEdge: in the midst of a large plan one reads at the edge which rows one sees; not from afar, and not beside
// the letters at a row's own end.
func rowsAtTheEdge(t *testing.T, s *stage) {
	r := newRoom(t, s, "", phone)
	read := func(want string) {
		t.Helper()
		r.until("the rows at the edge are "+want, func() bool {
			return told[string](r, `[...document.querySelectorAll(".map-row:not([hidden])")].map((e) => [e.textContent, Math.round(e.getBoundingClientRect().x)].join("@")).join(" ")`) == want
		})
	}
	read("")
	r.set(r.js(`map.focusSeat(10 * 30 + 15)`, nil))
	v := r.rests()
	want := ""
	for row := range r.rows {
		if at := float64(20+20*row)*v.Scale + v.Y; at >= 0 && at <= float64(r.height) {
			want += fmt.Sprintf(" R%d@2", row)
		}
	}
	read(want[1:])
	r.set(r.js(`map.focusSeat(10 * 30)`, nil))
	read("")
}

// signStaysOnMine: a wheelchair place has its sign when it is mine, and another seat has none.
func signStaysOnMine(t *testing.T, s *stage) {
	r := newRoom(t, s, `plan.accessible.add(34);`)
	r.set(r.js(`map.mark("mine", [34, 36])`, nil))
	r.rests()
	if got := told[[]bool](r, `[...document.querySelectorAll(".mark-mine")].map((mark) => [...mark.querySelector("canvas")?.getContext("2d").getImageData(0, 0, 64, 64).data ?? []].some(Boolean))`); fmt.Sprint(got) != "[true false]" {
		t.Errorf("signs on mine: %v", got)
	}
}

// tablesNotesAndPicked: a table is drawn in the middle of its seats, a note folds a corner, what is picked has a rim.
func tablesNotesAndPicked(t *testing.T, s *stage) {
	r := newRoom(t, s, `
		Object.assign(plan.rows[0], { table: true });
		for (let n = 0; n < 30; n++) { plan.x[n] = 320 + 100 * Math.cos(n * Math.PI / 15); plan.y[n] = -140 + 100 * Math.sin(n * Math.PI / 15); }
		for (let n = 0; n < plan.seats; n++) plan.y[n] += 260;
		plan.height += 260;
		plan.x[45] = 320; plan.y[45] = 120; // a seat in the middle of the table, to read its px there
		plan.noteOf.set(300, "behind a pillar");`)
	r.set(r.js("map.patch([[45, 2]]); map.focusSeat(45); map.focusSeat(-1)", nil))
	if under := r.inked(46, "--map-area"); under > 9 {
		t.Errorf("a seat of a row lies on a table: %d px", under)
	}
	r.set(r.js("map.setStates(states)", nil))
	r.rests()
	if under := r.inked(45, "--map-area"); under < 100 {
		t.Errorf("in the middle of a table are %d px of it", under)
	}
	r.set(r.js("map.focusSeat(300); map.focusSeat(-1)", nil))
	if folded, plain := r.inked(300, "--on-cat"), r.inked(301, "--on-cat"); folded < plain+12 {
		t.Errorf("a seat with a note has %d px of white, its neighbour %d", folded, plain)
	}
	without := r.inked(302, "--ink")
	r.set(r.js(`map.mark("picked", [302])`, nil))
	if with := r.inked(302, "--ink"); with < without+50 {
		t.Errorf("a picked seat has %d px of ink, without %d", with, without)
	}
}

// fusesBurnDown: the longer a seat is still held, the more of its frame is thick; nothing of it once it is free.
func fusesBurnDown(t *testing.T, s *stage) {
	r := newRoom(t, s, "")
	r.set(r.js(`(async () => {
		const { now } = await import(`+module("clock.js")+`), at = (left) => Math.round(now() / 1000 + left);
		map.patch([[300, 1], [301, 1], [302, 1], [303, 1]]);
		map.fuse([[301, at(600)], [302, at(300)], [303, at(-20)], [304, at(300)]]);
		map.focusSeat(302);
		map.focusSeat(-1);
	})()`, nil))
	var thick [5]int
	for i := range thick {
		thick[i] = r.inked(300+i, "--cat-1")
	}
	if thick[0] < 100 || thick[1] < thick[0]*9/10 || thick[2] > thick[1]*3/4 || thick[2] < thick[1]/4 || thick[3] > thick[1]/5 {
		t.Errorf("unknown, whole, half and burnt down have %v px of frame", thick)
	}
	free := r.inked(305, "--cat-1")
	if !near(float64(thick[4]), float64(free), float64(free)/10) {
		t.Errorf("a free seat with an old deadline has %d px, others %d", thick[4], free)
	}
	r.set(r.js("map.patch([[302, 0]])", nil))
	r.until("it is whole again", func() bool { return near(float64(r.inked(302, "--cat-1")), float64(free), float64(free)/10) })
}

// shapesWithoutColour: what a seat is can be told by eyes that see no colour, at every size: the least difference in
// lightness, 0 to 255, of two states' px, over all hues, light and dark.
func shapesWithoutColour(t *testing.T, s *stage) {
	for _, colours := range []browserOption{func(*browser) {}, dark} {
		r := newRoom(t, s, "", colours)
		var least map[string]float64
		r.set(r.js(`(async () => {
			const [{ drawSeats }, { readLook }] = await Promise.all([import(`+module("glyphs.js")+`), import(`+module("look.js")+`)]);
			const look = readLook(document.getElementById("alone"), [7, 6, 5, 4, 3, 2, 1]), names = ["free", "held", "sold", "blocked"], least = {};
			const ctx = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
			const lightness = (state, category, S, round) => {
				ctx.fillStyle = look.paper;
				ctx.fillRect(0, 0, S, S);
				drawSeats(ctx, state, category, [0], [0], 1, S, look, false, round);
				const { data } = ctx.getImageData(0, 0, S, S);
				return Array.from({ length: S * S }, (_, i) => 0.2126 * data[4 * i] + 0.7152 * data[4 * i + 1] + 0.0722 * data[4 * i + 2]);
			};
			for (const S of [4, 6, 8, 10, 16, 24, 38]) for (let category = 0; category < 7; category++) {
				const seen = names.map((_, state) => lightness(state, category, S, S > 22));
				for (let a = 0; a < 4; a++) for (let b = a + 1; b < 4; b++) {
					const key = names[a] + " and " + names[b], difference = seen[a].reduce((sum, v, i) => sum + Math.abs(v - seen[b][i]), 0) / (S * S);
					least[key] = Math.min(least[key] ?? 255, difference);
				}
			}
			return least;
		})()`, &least))
		t.Logf("dark %v: %v", r.dark, least)
		for pair, difference := range least {
			if difference < 10 {
				t.Errorf("dark %v: %s differ by %.0f", r.dark, pair, difference)
			}
		}
		if len(least) != 6 {
			t.Errorf("compared %v", least)
		}
	}
}
