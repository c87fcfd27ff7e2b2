package app_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// steadyRange: what is shown comes down by itself, goes up only when it must, and stands while the sale is paused.
func (s *stage) steadyRange(t *testing.T) {
	b := newBrowser(t, s.base)
	b.open("/events/soon")
	var got struct {
		Fall, Again, Near    []float64
		Still                [2][]float64
		RawJumps, ShownJumps int
		SteepestRise         float64
		Late                 []float64
		Outlooks             []string
	}
	b.set(b.js(fmt.Sprintf(`(async () => {
		%s
		const { makeShown, outlook } = await import(await assetOf("shown.js"));
		const run = (steps) => { const shown = makeShown(); return steps.map(([s, range, paused]) => { shown.hear(1e12 + 1000 * s, range, paused); return shown.left(1e12 + 1000 * s); }); };
		const out = {};
		out.fall = run([[0, [500, 1000]], [10, [300, 490]]])[1];
		const first = makeShown(), before = first.hear(1e12, [500, 1000]), again = makeShown(before); // loaded again
		again.hear(1e12 + 10000, [300, 490]);
		out.again = again.left(1e12 + 10000);
		// An hour that turns out to be half a minute: nobody reads of an hour when the turn comes.
		out.near = run([[0, [1000, 4000]], ...Array.from({ length: 15 }, (_, i) => [2 * i + 2, [20, 60]])])[15];
		const still = run([[0, [500, 1000]], [10, [490, 990]], [20, [480, 980], true], [320, [480, 980], true], [330, [480, 980]]]);
		out.still = [still[1], still[4]];
		// An estimate that trembles by a third, for a wait that is half an hour at first.
		let seed = 7, last = null, raw = null;
		const random = () => (seed = seed * 48271 %% 2147483647) / 2147483647;
		out.rawJumps = out.shownJumps = 0;
		const trembling = makeShown();
		for (let s = 0; s <= 1500; s += 10) {
			const w = (1800 - s) * (0.67 + 0.66 * random()), range = [0.6 * w, 1.6 * w];
			trembling.hear(1e12 + 1000 * s, range);
			const high = trembling.left(1e12 + 1000 * s)[1];
			if (last !== null && high > 1.2 * last) out.shownJumps++;
			if (raw !== null && range[1] > 1.2 * raw) out.rawJumps++;
			[last, raw] = [high, range[1]];
		}
		// The room is halved: the end moves away, slowly, and gets there.
		const halved = makeShown();
		out.steepestRise = 0;
		out.late = [];
		for (let s = 0, end = null; s <= 1800; s += 10) {
			const w = s < 300 ? 1800 - s : 2 * (1800 - s) + 300;
			halved.hear(1e12 + 1000 * s, [0.6 * w, 1.6 * w]);
			const high = s + halved.left(1e12 + 1000 * s)[1];
			if (end !== null) out.steepestRise = Math.max(out.steepestRise, (high - end) / 10 / Math.max(end - s, w));
			end = high;
			if (s === 310 || s === 1500) out.late.push((high - s) / w);
		}
		out.outlooks = [[100, null], [undefined, 5], [69, 100], [70, 100], [130, 100], [131, 100], [0, 0], [5, 0]].map(([ahead, lasts]) => outlook(ahead, lasts));
		return out;
	})()`, assetOf), &got))
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.01*want+0.01 {
			t.Errorf("%s is %.2f, want %.2f", what, got, want)
		}
	}
	// From 490 to 990 s left (ten of them have passed) to 300 to 490: half of the gap below, 15 % of it above.
	near("the lower end", got.Fall[0], 490-0.5*190)
	near("the upper end", got.Fall[1], 990-0.15*500)
	if got.Near[0] > 25 || got.Near[1] > 120 {
		t.Errorf("half a minute before the turn it shows %v s", got.Near)
	}
	for i, name := range []string{"lower end", "upper end"} {
		near("loaded again, the "+name, got.Again[i], got.Fall[i])
		near("over a pause the "+name, got.Still[1][i], got.Still[0][i])
	}
	if got.RawJumps < 10 || got.ShownJumps > 0 {
		t.Errorf("of %d jumps of the estimate %d are shown", got.RawJumps, got.ShownJumps)
	}
	if got.SteepestRise > 0.0041 || got.SteepestRise < 0.001 {
		t.Errorf("the end moves away by %.2f %% of the wait a second", 100*got.SteepestRise)
	}
	if got.Late[0] > 1 || got.Late[1] < 1 || got.Late[1] > 2 {
		t.Errorf("of the new wait it shows %v at first and in the end", got.Late)
	}
	if said := strings.Join(got.Outlooks, ","); said != ",,,may,may,gone,,gone" {
		t.Errorf("outlooks %s", said)
	}
}
