package app_test

import (
	"fmt"
	"testing"
)

// stays is how far the spot of the plan that lay under a spot of the screen has moved from there.
func stays(under spot, before, after view) float64 {
	x, y := (under.x-before.X)/before.Scale, (under.y-before.Y)/before.Scale
	return max(after.X+x*after.Scale-under.x, under.x-after.X-x*after.Scale, after.Y+y*after.Scale-under.y, under.y-after.Y-y*after.Scale)
}

// mapByFinger: two fingers zoom about the middle between them and move the map along, one moves it and may throw it, a
// tap from afar comes nearer, and a second one right after takes nothing.
func mapByFinger(t *testing.T, s *stage) {
	r := newRoom(t, s, "", phone)
	before := r.rests()
	r.fingers([]spot{{140, 370}, {20, 370}}, []spot{{200, 370}, {320, 370}})
	after := r.rests()
	if !near(after.Scale, 5*before.Scale, 0.3*before.Scale) || stays(spot{170, 370}, before, after) > 15 {
		t.Errorf("a pinch led from %+v to %+v", before, after)
	}
	before = after
	r.fingers([]spot{{140, 300}, {170, 340}}, []spot{{200, 300}, {230, 340}})
	after = r.rests()
	if !near(after.Scale, before.Scale, 0.03*before.Scale) || !near(after.X, before.X+30, 8) || !near(after.Y, before.Y+40, 8) {
		t.Errorf("two fingers side by side led from %+v to %+v", before, after)
	}
	thrown := false
	for range 8 { // a busy machine may hold the last event back: that finger rested, and does not throw
		before = r.rests()
		r.fingers([]spot{{260, 400}, {160, 400}})
		if after = r.rests(); after.X < before.X-110 {
			thrown = true
			break
		}
		r.fingers([]spot{{100, 400}, {300, 400}})
	}
	if !thrown {
		t.Errorf("a flick of 100 px led from %+v to %+v only", before, after)
	}
	r.fingers([]spot{{30, 300}, {165, 300}}, []spot{{330, 300}, {195, 300}})
	r.fingers([]spot{{30, 300}, {165, 300}}, []spot{{330, 300}, {195, 300}})
	if before = r.rests(); before.Scale*20 > 14 {
		t.Fatalf("two pinches left seats %.1f px apart", before.Scale*20)
	}
	r.fingers([]spot{{180, 370}})
	r.fingers([]spot{{180, 370}})
	if after = r.rests(); !near(after.Scale*20, 24, 0.5) && !near(after.Scale*20, 48, 1) {
		t.Errorf("a double tap led to seats %.1f px apart", after.Scale*20)
	}
	if n := told[int](r, "tapped.length"); n != 0 {
		t.Errorf("a double tap from afar took %d seats", n)
	}

	still := newRoom(t, s, "", phone, calm)
	still.fingers([]spot{{140, 300}, {60, 300}}, []spot{{200, 300}, {280, 300}})
	before = still.rests()
	still.fingers([]spot{{260, 400}, {200, 400}})
	if after = still.rests(); !near(after.X, before.X-60, 9) {
		t.Errorf("who wants no motion sees a throw from %+v to %+v", before, after)
	}
}

// mapByMouse: the wheel zooms about the pointer, a drag moves, a click takes the seat under it, once seats are large
// enough to be meant.
func mapByMouse(t *testing.T, s *stage) {
	r := newRoom(t, s, "")
	before := r.rests()
	r.wheels(spot{500, 350}, -300)
	after := r.rests()
	if after.Scale < 1.4*before.Scale || stays(spot{500, 350}, before, after) > 2 {
		t.Errorf("the wheel led from %+v to %+v", before, after)
	}
	r.drags(0, spot{600, 300}, spot{640, 320}, spot{640, 320})
	at := r.on(7*r.columns + 11)
	r.drags(0, at)
	r.until("the seat under the pointer is taken", func() bool { return told[int](r, "tapped[0] ?? -1") == 7*r.columns+11 })
}

// mapByKeys: arrows, plus, minus and nought, with the focus on the map; its buttons do the same.
func mapByKeys(t *testing.T, s *stage) {
	r := newRoom(t, s, "", func(b *browser) { b.width, b.height = 600, 500 })
	r.set(r.js(`document.getElementById("alone").focus()`, nil))
	whole := r.rests()
	r.press("+", "+")
	closer := r.rests()
	if !near(closer.Scale, 2.25*whole.Scale, 0.05*whole.Scale) {
		t.Errorf("two times plus led from %+v to %+v", whole, closer)
	}
	r.press("ArrowLeft", "ArrowUp")
	if moved := r.rests(); !near(moved.X, closer.X+60, 2) || !near(moved.Y, closer.Y+60, 2) {
		t.Errorf("arrows led from %+v to %+v", closer, moved)
	}
	r.press("-")
	if now := r.rests(); !near(now.Scale, 1.5*whole.Scale, 0.05*whole.Scale) {
		t.Errorf("minus led to %+v", now)
	}
	r.press("0")
	if now := r.rests(); now != whole {
		t.Errorf("nought led to %+v, the whole is %+v", now, whole)
	}
	r.click("button", "Closer")
	if now := r.rests(); !near(now.Scale, 2*whole.Scale, 0.05*whole.Scale) {
		t.Errorf("the button for closer led to %+v", now)
	}
	r.click("button", "Whole")
	if now := r.rests(); !near(now.Scale, whole.Scale, 0.01) {
		t.Errorf("the button for the whole led to %+v", now)
	}
}

// mapInTheCorner: what one looks at is framed in a small map of the whole, which leads elsewhere; it stands nowhere while
// all is in sight, and not on a map that has no corner to spare.
func mapInTheCorner(t *testing.T, s *stage) {
	r := newRoom(t, s, "")
	seen := func() bool { return told[bool](r, `!document.querySelector(".map-mini").hidden`) }
	if r.rests(); seen() {
		t.Error("a small map of the whole beside the whole")
	}
	r.wheels(spot{300, 200}, -500)
	before := r.rests()
	if !seen() {
		t.Fatal("no small map of the whole beside a part")
	}
	type box struct{ X, Y, Width, Height float64 }
	frame := func() box {
		return told[box](r, `(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector(".map-mini i").getBoundingClientRect())`)
	}
	mini := told[box](r, `(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector(".map-mini").getBoundingClientRect())`)
	first := frame()
	if first.X < mini.X-1 || first.X+first.Width > mini.X+mini.Width+1 || first.Width >= mini.Width {
		t.Errorf("the frame %+v is not within %+v", first, mini)
	}
	r.drags(0, spot{mini.X + 20, mini.Y + 20}, spot{mini.X + mini.Width*3/4, mini.Y + mini.Height*3/4})
	after := r.rests()
	if after.Scale != before.Scale || after.X >= before.X || after.Y >= before.Y {
		t.Errorf("dragged to the other corner, the map went from %+v to %+v", before, after)
	}
	if now := frame(); now.X <= first.X || now.Y <= first.Y {
		t.Errorf("the frame went from %+v to %+v", first, now)
	}
	if told[string](r, `document.querySelector(".map-mini").getAttribute("aria-hidden")`) != "true" {
		t.Error("screen readers are shown a picture of what they have in words")
	}
	r.set(r.js(`document.getElementById("alone").style.bottom = "calc(100vh - 200px)"`, nil))
	r.until("it makes room", func() bool { return !seen() })
}

// mapStaysUnderTheHand: once it was touched, nothing moves when a sheet below it grows or shrinks, neither the whole nor
// a part; before that the whole is fitted anew, and so it is when the width changes.
func mapStaysUnderTheHand(t *testing.T, s *stage) {
	r := newRoom(t, s, "")
	sheet := func(px string) view {
		t.Helper()
		r.set(r.js(`document.getElementById("alone").style.bottom = "`+px+`"`, nil))
		r.until("the map has its size", func() bool {
			return told[bool](r, `innerHeight - document.getElementById("alone").clientHeight === parseInt("`+px+`")`)
		})
		return r.rests()
	}
	first := r.rests()
	if now := sheet("60px"); now.Scale >= first.Scale {
		t.Errorf("untouched, the whole goes from %+v to %+v", first, now)
	}
	if now := sheet("0px"); now != first {
		t.Errorf("untouched, the whole comes back to %+v, not %+v", now, first)
	}
	r.drags(0, r.on(3*r.columns+4))
	r.until("a seat is tapped", func() bool { return told[int](r, "tapped.length") == 1 })
	for _, px := range []string{"24px", "0px", "60px", "0px"} {
		if now := sheet(px); now != first {
			t.Errorf("over a sheet of %s the whole goes from %+v to %+v", px, first, now)
		}
	}
	r.wheels(spot{500, 350}, -300)
	near := r.rests()
	for _, px := range []string{"24px", "0px"} {
		if now := sheet(px); now != near {
			t.Errorf("over a sheet of %s a part goes from %+v to %+v", px, near, now)
		}
	}
}

// mapClearOfItsButtons: at first no seat lies under the buttons, on a phone as on a desk, and the button for the whole
// comes back to just that.
func mapClearOfItsButtons(t *testing.T, s *stage) {
	for name, change := range map[string]string{"wide": "", "tall": "plan.height = 1100; for (let n = 0; n < seats; n++) plan.y[n] *= 2.5;"} {
		for _, size := range []browserOption{phone, func(*browser) {}} {
			r := newRoom(t, s, change, size)
			first := r.rests()
			if under := told[int](r, fmt.Sprintf(`(({ left, bottom }) => Array.from(plan.x).filter((x, n) => x * %[1]g + %[2]g + 8 * %[1]g > left && plan.y[n] * %[1]g + %[3]g - 8 * %[1]g < bottom).length)(
				document.querySelector(".map-buttons").getBoundingClientRect())`, first.Scale, first.X, first.Y)); under > 0 {
				t.Errorf("%s, %d px: %d seats lie under the buttons", name, r.width, under)
			}
			r.click("button", "Closer")
			r.rests()
			r.click("button", "Whole")
			if now := r.rests(); !near(now.Scale, first.Scale, 0.01) || !near(now.X, first.X, 1) || !near(now.Y, first.Y, 1) {
				t.Errorf("%s: the whole is %+v, and was %+v", name, now, first)
			}
		}
	}
}
