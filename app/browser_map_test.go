package app_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/chromedp/cdproto/input"
)

// room is a map of its own on the whole screen, without the page around it: a square of rows, columns seats each, 20 px
// apart, all free. What is told to options stands in window: tapped, opened, looped.
type room struct {
	*browser
	rows, columns int
}

// view is where the map's camera is: px on the screen a px of the plan, and where the plan's corner lies.
type view struct{ Scale, X, Y float64 }

// newRoom draws it; change is script that may alter the plan before it is.
func newRoom(t *testing.T, s *stage, change string, options ...browserOption) *room {
	t.Helper()
	r := &room{newBrowser(t, s.base, options...), 20, 30}
	r.is(s.enters("gala", "Looks"))
	r.open("/events/gala/seats")
	r.until("there is a page", func() bool { return r.has("button", "Whole map") })
	r.set(r.js(fmt.Sprintf(`(async () => {
		const [{ createMap }, { floors }] = await Promise.all([import(%s), import(%s)]), rows = %d, columns = %d, seats = rows * columns;
		const plan = window.plan = { width: columns * 20 + 20, height: rows * 20 + 20, pitch: 20, categories: [{ id: "a" }, { id: "b" }], areas: [],
			zones: [{ name: "Stalls", areas: [], from: 0, to: rows }], seats, size: seats, accessible: new Set(), companionOf: new Map(), noteOf: new Map(),
			rows: Array.from({ length: rows }, (_, i) => ({ label: "R" + i, zone: 0, first: i * columns, size: columns, table: false })),
			x: Float32Array.from({ length: seats }, (_, n) => 20 + n %% columns * 20), y: Float32Array.from({ length: seats }, (_, n) => 20 + Math.floor(n / columns) * 20),
			row: Uint32Array.from({ length: seats }, (_, n) => Math.floor(n / columns)), category: new Uint8Array(seats), number: (n) => String(n %% columns + 1), label: String };
		let holdSeconds = 600;
		%s
		plan.zoneOf = (n) => plan.rows[plan.row[n]].zone;
		window.states = new Uint8Array(plan.size);
		document.body.innerHTML = '<div id="alone" class="map" tabindex="0"></div>';
		Object.assign(document.getElementById("alone").style, { position: "fixed", inset: 0 });
		Object.assign(window, { floors, tapped: [], opened: [], looped: [] });
		window.map = createMap(document.getElementById("alone"), { plan, states, prices: [9900, 4500], holdSeconds,
			onTap: (n) => tapped.push(n), onArea: (area) => opened.push(area.id), lasso: { on: (seats, keys) => looped.push({ seats, ...keys }) },
			words: { free: (count) => count + " free", from: (price, only) => (only ? "" : "from ") + price, zoomIn: "Closer", zoomOut: "Further", fit: "Whole" } });
	})()`, module("map.js"), module("floors.js"), r.rows, r.columns, change), nil))
	r.rests()
	return r
}

func (r *room) view() (v view) {
	r.t.Helper()
	r.set(r.js(`(({ a, e, f }) => ({ Scale: a * Math.min(1024 / Math.max(plan.width, plan.height), 4), X: e, Y: f }))(
		new DOMMatrix(document.querySelector(".map-overview canvas").style.transform))`, &v))
	return v
}

// rests waits until the map has stopped moving, and says where it is.
func (r *room) rests() (v view) {
	r.t.Helper()
	last, still := view{}, 0
	r.until("the map rests", func() bool {
		if v = r.view(); v == last {
			still++
		} else {
			last, still = v, 0
		}
		return still > 4
	})
	return v
}

// on is where a seat is on the screen.
func (r *room) on(n int) spot {
	r.t.Helper()
	v := r.rests()
	return spot{float64(20+n%r.columns*20)*v.Scale + v.X, float64(20+n/r.columns*20)*v.Scale + v.Y}
}

// told reads an expression.
func told[T any](r *room, expression string) (out T) {
	r.t.Helper()
	r.set(r.js(expression, &out))
	return out
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func TestMap(t *testing.T) {
	t.Parallel()
	s := hall(t)
	for name, test := range map[string]func(*testing.T, *stage){
		"lasso": lassoTakesWhatLiesInIt, "fingers": mapByFinger, "mouse": mapByMouse, "keys": mapByKeys, "buttons": mapClearOfItsButtons, "under": mapStaysUnderTheHand, "corner": mapInTheCorner,
		"floors": floorsOneAtATime, "aside": floorsAside, "filter": filterOfSeveralPrices, "areas": areasOnSale, "pins": pinsOnMine, "names": namesHideNoSeat, "sign": signStaysOnMine, "rows": rowsAtTheEdge, "drawn": tablesNotesAndPicked,
		"fuses": fusesBurnDown, "shapes": shapesWithoutColour,
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.t = t
			test(t, &own)
		})
	}
}

type loop struct {
	Seats       []int
	Add, Remove bool
}

// lassoTakesWhatLiesInIt: a free line, a rectangle with shift, nothing after Escape; by finger as by mouse; and while
// nobody draws, a drag moves the map.
func lassoTakesWhatLiesInIt(t *testing.T, s *stage) {
	r := newRoom(t, s, "")
	between := func(a, b int) spot { p, q := r.on(a), r.on(b); return spot{(p.x + q.x) / 2, (p.y + q.y) / 2} }
	// Round the seats of rows 3 to 5, columns 4 to 8: half a seat outside of them.
	corners := []spot{between(2*30+3, 3*30+4), between(2*30+8, 3*30+9), between(5*30+8, 6*30+9), between(5*30+3, 6*30+4)}
	var want []int
	for row := 3; row <= 5; row++ {
		for column := 4; column <= 8; column++ {
			want = append(want, row*30+column)
		}
	}
	took := func(i int, what string) loop {
		t.Helper()
		r.until(what, func() bool { return told[int](r, "looped.length") == i+1 })
		got := told[loop](r, fmt.Sprintf("looped[%d]", i))
		if fmt.Sprint(got.Seats) != fmt.Sprint(want) {
			t.Errorf("%s takes %v, want %v", what, got.Seats, want)
		}
		return got
	}
	r.set(r.js(`map.lasso("loop")`, nil))
	before := r.rests()
	r.drags(0, append(corners, corners[0])...)
	if got := took(0, "a loop"); got.Add || got.Remove {
		t.Errorf("no key was held: %+v", got)
	}
	r.drags(8|2, corners[0], corners[2])
	if got := took(1, "a rectangle"); !got.Add {
		t.Errorf("ctrl was held: %+v", got)
	}
	r.mouse(input.DispatchMouseEventTypeMousePressed, corners[0], 0)
	r.moves(0, corners[0], corners[1], corners[2])
	r.until("the line is seen", func() bool {
		return len(told[string](r, `document.querySelector(".map-lasso polygon").getAttribute("points")`)) > 20
	})
	r.press("Escape")
	r.moves(0, corners[2], corners[3])
	r.mouse(input.DispatchMouseEventTypeMouseReleased, corners[3], 0)
	if now := r.rests(); now != before || told[int](r, "looped.length") != 2 {
		t.Errorf("Escape left the map at %+v, was %+v, and %s", now, before, told[json.RawMessage](r, "looped"))
	}
	r.set(r.js(`map.mark("picked", looped[0].seats)`, nil))
	r.set(r.js(`map.lasso(false)`, nil))
	r.wheels(spot{400, 400}, -400)
	before = r.rests()
	r.drags(0, spot{400, 400}, spot{330, 360})
	if now := r.rests(); near(now.X, before.X, 20) || told[int](r, "looped.length") != 2 {
		t.Errorf("the map did not move from %+v: %+v", before, now)
	}

	r = newRoom(t, s, "", phone)
	r.set(r.js(`map.lasso("box")`, nil))
	corners = []spot{between(2*30+3, 3*30+4), between(5*30+8, 6*30+9)}
	r.fingers([]spot{corners[0], corners[1]})
	took(0, "a finger's rectangle")
	before = r.rests()
	r.fingers([]spot{{150, 300}, {100, 300}}, []spot{{210, 300}, {260, 300}})
	if now := r.rests(); now.Scale < 1.5*before.Scale || told[int](r, "looped.length") != 1 {
		t.Errorf("two fingers still zoom: from %+v to %+v", before, now)
	}
}
