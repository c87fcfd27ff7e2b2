package app_test

import (
	"context"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// The way in, seen from outside: when the processor goes away the room says so and lets hardly anybody in, and opens again
// by itself; when Redis loses everything, whoever was inside is told whose fault it was and is back in first.
func TestDoorTellsWhyItIsSlow(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", house(t, staff, 6, 10), stalls, 2*time.Second, map[string]any{"queue": map[string]any{"cap": 8}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var fans []*fan
	for _, name := range []string{"Ada", "Bob", "Cem", "Dora"} {
		f := newFan(p.base, "gala", name)
		if err := f.join(ctx); err != nil {
			t.Fatal(err)
		}
		fans = append(fans, f)
	}
	says := func(slowed, reason string) {
		t.Helper()
		testkit.Eventually(t, 40*time.Second, reason, func() bool {
			var now struct{ Slowed, Reason string }
			fans[0].must(t, 200, "GET", fans[0].path("/queue/now"), nil, &now)
			return now.Slowed == slowed && now.Reason == reason
		})
	}
	waitDrawn(t, ctx, fans[0])
	for _, f := range fans {
		if in, err := f.enter(ctx); err != nil || !in {
			t.Fatalf("%s: %v %v", f.name, in, err)
		}
	}
	f := fans[0]
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 1}}, nil)
	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{"outage": true}, nil)
	if _, _, err := f.order(ctx, "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	says("payments", "Payments do not work at the moment, so hardly anybody is let in. Places are kept.")
	staff.must(t, 200, "PUT", "/sandbox/faults", map[string]any{}, nil)
	says("payments", "Payments are slow at the moment, so fewer people are let in. Places are kept.")

	strike(t, p, "flush")
	says("fault", "A fault on our side put people out. Whoever was called already goes in first; all places are kept.")
	for _, f := range fans {
		if in, err := f.enter(ctx); err != nil || !in {
			t.Fatalf("%s after the fault: %v %v", f.name, in, err)
		}
	}
}
