package app_test

import (
	"testing"
	"time"

	"fairseat/app/testkit"
)

// An event without a waiting room goes through the same admission: whoever comes is in at once until the cap is
// reached, then in the order in which they came, one for each who leaves; and a larger cap lets the next ones in.
func TestSaleWithoutAWaitingRoom(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	createEvent(t, staff, "gala", importStadium(t, staff), stadiumPrices, -time.Second, map[string]any{"queue": nil})
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/gala", map[string]any{"queue": map[string]any{"cap": 2}}, nil)
	var now nowView
	testkit.Eventually(t, 10*time.Second, "the cap is known", func() bool {
		newClient(p.base).must(t, 200, "GET", "/api/v1/events/gala/queue/now", nil, &now)
		return now.Cap == 2 && now.Phase == "open"
	})
	if now.Draw != nil {
		t.Errorf("a draw without a waiting room: %+v", now.Draw)
	}
	var fans []*fan
	for i := range 5 {
		f := newFan(p.base, "gala", string(rune('A'+i)))
		if err := f.join(t.Context()); err != nil {
			t.Fatal(err)
		}
		if f.place.Cohort != "tail" || f.place.Index != int64(i) {
			t.Fatalf("%s was given %+v", f.name, f.place)
		}
		fans = append(fans, f)
	}
	enter := func(i int) answer {
		t.Helper()
		a, err := fans[i].do("POST", fans[i].path("/queue/admission"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	is := func(i int, what string) {
		t.Helper()
		switch a := enter(i); {
		case what == "in" && a.Status != 201 && a.Status != 200, what != "in" && a.code() != what:
			t.Errorf("%s is not %s: %v", fans[i].name, what, a)
		}
	}
	is(0, "in")
	is(1, "in")
	is(2, "room-full")
	is(3, "room-full")
	fans[2].refused(t, 403, "not-admitted", "POST", fans[2].path("/holds"), map[string]any{"best": map[string]any{"quantity": 1}})

	is(2, "room-full") // who has not asked for some seconds is not waited for
	// One leaves: the next in order has the room, however early another asks for it.
	fans[0].must(t, 204, "DELETE", fans[0].path("/queue/admission"), nil, nil)
	is(3, "room-full")
	is(2, "in")
	is(3, "room-full")
	holdBest(t, fans[1])

	staff.must(t, 200, "PATCH", "/api/v1/admin/events/gala", map[string]any{"queue": map[string]any{"cap": 4}}, nil)
	testkit.Eventually(t, 10*time.Second, "a larger cap lets the next one in", func() bool { a := enter(3); return a.Status == 201 || a.Status == 200 })
	is(4, "in")
	cleanAudit(t, staff)
}

func holdBest(t *testing.T, f *fan) {
	t.Helper()
	f.must(t, 201, "POST", f.path("/holds"), map[string]any{"best": map[string]any{"quantity": 1}}, nil)
}
