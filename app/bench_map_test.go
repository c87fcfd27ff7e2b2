package app_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"fairseat/app/testkit"
)

// bowl draws a stadium of 100,000 seats as pretix does: four tiers of 36 blocks in curved rows round an oval.
func bowl() string {
	const total, blocks, pitch, flat = 100_000, 36, 12.0, 1.25
	tiers := []struct {
		rows  int
		start float64
	}{{30, 900}, {30, 1320}, {34, 1740}, {29, 2190}}
	var out strings.Builder
	out.WriteString(`{"name":"Bowl","size":{"width":8000,"height":6000},"categories":[`)
	for i := range tiers {
		fmt.Fprintf(&out, `%s{"name":"Tier %d","color":"#33557%d"}`, comma(i), i+1, i)
	}
	out.WriteString(`],"zones":[`)
	n := 0
	for t, tier := range tiers {
		for b := range blocks {
			fmt.Fprintf(&out, `%s{"name":"%d%02d","position":{"x":0,"y":0},"areas":[],"rows":[`, comma(t+b), t+1, b+1)
			for r := range tier.rows {
				radius, from := tier.start+float64(r)*pitch, 2*math.Pi*float64(b)/blocks
				wide := 2 * math.Pi / blocks * 0.93
				seats := int(wide * radius / pitch)
				if seats = min(seats, total-n); seats == 0 { // the last block is not quite as high
					break
				}
				fmt.Fprintf(&out, `%s{"row_number":"%d","position":{"x":0,"y":0},"seats":[`, comma(r), r+1)
				for s := range seats {
					a := from + wide*float64(s)/float64(seats)
					fmt.Fprintf(&out, `%s{"seat_guid":"s%d","seat_number":"%d","category":"Tier %d","position":{"x":%.2f,"y":%.2f}}`,
						comma(s), n, s+1, t+1, radius*math.Cos(a)*flat, radius*math.Sin(a))
					n++
				}
				out.WriteString("]}")
			}
			out.WriteString("]}")
		}
	}
	out.WriteString("]}")
	return out.String()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// drawBowl replaces the page by a map alone, of the page's own plan with half of it sold by chance. Its bytes are there
// already: what follows is decoding and drawing, until the second frame.
const (
	fetchBowl = `(async () => {
	const event = JSON.parse(document.getElementById("event").textContent);
	window.loaded = { bytes: await (await fetch("/api/v1/events/bowl/plan/" + event.plan_version + ".bin")).arrayBuffer(), ...await import(%s), ...await import(%s) };
	document.body.innerHTML = '<div id="alone" class="map" tabindex="0"></div>';
	Object.assign(document.getElementById("alone").style, { position: "fixed", inset: 0 });
	const chance = window.chance = () => (chance.seed = (chance.seed * 1103515245 + 12345) %% 2147483648) / 2147483648;
	chance.seed = 7;
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
})()`
	drawBowl = `(async () => {
	const from = performance.now(), plan = window.plan = loaded.decodePlan(loaded.bytes);
	const states = Uint8Array.from({ length: plan.size }, () => { const r = chance(); return r < 0.5 ? 2 : r < 0.56 ? 1 : 0; });
	window.map = loaded.createMap(document.getElementById("alone"), { plan, states, prices: plan.categories.map((_, i) => 9900 - 1100 * i),
		words: { free: (count) => count + " free", from: (price) => "from " + price, zoomIn: "+", zoomOut: "-", fit: "0" } });
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	return performance.now() - from;
})()`
)

// seekBowl brings seats to a distance of p px; it gives the distance it came to.
const seekBowl = `(async () => {
	const element = document.getElementById("alone"), p = %g, overview = Math.min(1024 / Math.max(plan.width, plan.height), 4);
	const now = () => Number(document.querySelector(".map-overview canvas").style.transform.match(/scale\((.*)\)/)[1]) * overview * plan.pitch;
	const next = () => new Promise((done) => requestAnimationFrame(done));
	map.focusSeat(Math.floor(plan.seats * 0.3));
	map.focusSeat(-1);
	while (Math.abs(now() - 24) > 0.1) await next(); // it flies there
	for (let i = 0; i < 50 && Math.abs(Math.log(p / now())) > 0.02; i++) {
		const step = Math.max(-400, Math.min(400, -Math.log2(p / now()) / 0.002));
		element.dispatchEvent(new WheelEvent("wheel", { deltaY: step, clientX: innerWidth / 2, clientY: innerHeight / 2, bubbles: true, cancelable: true }));
		await next();
	}
	for (let i = 0; i < 10; i++) await next();
	return now();
})()`

// panBowl drags in circles at so many px a frame, with so many live changes in each.
const panBowl = `(async () => {
	const element = document.getElementById("alone"), speed = %g, changes = %d;
	const next = () => new Promise((done) => requestAnimationFrame(done));
	const pointer = (type, x, y) => element.dispatchEvent(new PointerEvent(type, { pointerId: 7, pointerType: "touch", isPrimary: true, buttons: 1, bubbles: true, clientX: x, clientY: y }));
	let x = innerWidth / 2, y = innerHeight / 2;
	pointer("pointerdown", x, y);
	for (let i = 0; i < 105; i++) { // once round
		await next();
		x += speed * Math.cos(0.06 * i);
		y += speed * Math.sin(0.06 * i);
		pointer("pointermove", x, y);
		map.patch(Array.from({ length: changes }, () => [Math.floor(chance() * plan.seats), Math.floor(chance() * 3)]));
	}
	pointer("pointercancel", x, y);
})()`

// What the map costs a browser at a hundred thousand seats: scripts in each frame, in time of the processor. Besides, the
// browser draws what the scripts ask for, here on the same two cores.
func TestBenchBrowser(t *testing.T) {
	bench := testkit.NewBench(t)
	s := &stage{process: startProcess(t), t: t, ctx: t.Context()}
	s.staff = signIn(t, s.base)
	var plan struct {
		ID    string
		Seats int
	}
	s.staff.must(t, 201, "POST", "/api/v1/admin/plans", []byte(bowl()), &plan)
	prices := object{}
	for i := range 4 {
		prices[fmt.Sprintf("Tier %d", i+1)] = 9900 - 1100*i
	}
	createEvent(t, s.staff, "bowl", plan.ID, prices, -time.Second, object{"queue": nil})
	s.phase("bowl", "open")
	for _, look := range []struct {
		name  string
		phone bool
		slow  float64
		limit float64
	}{{"phone", true, 1, 8}, {"desktop", false, 1, 8}, {"phone, 4x slower", true, 4, 16}, {"desktop, 4x slower", false, 4, 16}} {
		options, speed := []browserOption{func(b *browser) { b.width, b.height = 1440, 900 }}, 120.0
		if look.phone {
			options, speed = []browserOption{phone}, 30
		}
		b := newBrowser(t, s.base, options...)
		b.is(s.enters("bowl", look.name))
		b.open("/events/bowl/seats")
		b.until("the page has its map", func() bool { return b.has("button", "Whole map") })
		b.set(b.js(fmt.Sprintf(fetchBowl, module("map.js"), module("plan.js")), nil))
		_, err := send(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: look.slow})
		b.set(err)
		var clock float64
		cpu := 0.0
		for _, one := range b.traces(func() { b.set(b.js(drawBowl, &clock)) }) {
			if one.Name == "RunTask" {
				cpu += one.CPU / 1000
			}
		}
		bench.Row(fmt.Sprintf("%s: %d seats, from bytes to the second frame", look.name, plan.Seats), "< 1 s", cpu < 1000, "%.0f ms of the processor; %.0f by the clock", cpu, clock)
		for _, p := range []float64{4, 8, 24} {
			var is float64
			b.set(b.js(fmt.Sprintf(seekBowl, p), &is))
			if !near(is, p, p/10) {
				t.Fatalf("the seats are %.1f px apart, not %.0f", is, p)
			}
			trace := b.traces(func() {
				for range 2 {
					b.set(b.js(fmt.Sprintf(panBowl, speed, 8), nil))
				}
			})
			frames, all := scripts(trace, false), scripts(trace, true)
			p95 := quantile(frames, 0.95)
			bench.Row(fmt.Sprintf("%s: seats %.0f px apart, panned by %.0f px a frame, p95", look.name, p, speed), fmt.Sprintf("<= %.0f ms", look.limit),
				p95 <= look.limit, "%.1f ms; p50 %.1f, most %.1f of %d; with layout p95 %.1f", p95, quantile(frames, 0.5), quantile(frames, 1), len(frames), quantile(all, 0.95))
		}
	}
}
