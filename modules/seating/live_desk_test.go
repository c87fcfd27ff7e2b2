package seating

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fairseat/modules/seating/internal/live"
)

//lint:file-ignore SA1019 the project's given library

// fromDesk watches as staff do, with a badge.
func (r *replica) fromDesk(t *testing.T, w *watcher, badge, query string, header ...string) *watcher {
	t.Helper()
	desk := &replica{s: r.s, url: strings.Replace(r.url, "/events/", "/admin/events/", 1)}
	return desk.watchFrom(t, w, "", query, append(header, "X-Badge", badge)...)
}

// Staff see what fans do, as fans see it, and are none: nobody tells them of baskets, and no admission slides for them.
func TestStaffWatchLive(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, `,"max_per_buyer":4`)
	h.admit("ada")
	here, there := h.run(t), h.run(t)
	desk := here.fromDesk(t, &watcher{}, "olga", "")
	desk.sees(t, "the map", func() bool { return desk.first == "snapshot" && desk.seat(16, 3)() })
	if _, err := there.s.PlaceHold(t.Context(), h.event.ID, "ada", []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	desk.sees(t, "a fan's hold, with its fuse", func() bool { return desk.seat(1, 1)() && desk.fuses[1] > 0 })
	b := here.s.board(h.event.ID)
	if err := b.touch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.endLapsed(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.doors.mu.Lock()
	if h.doors.touched["olga"] > 0 {
		t.Error("a session was taken for a place")
	}
	h.doors.mu.Unlock()

	// A page that comes back gets what it missed; fans do not mind that staff look on.
	_ = desk.ws.CloseNow()
	<-desk.done
	ada := here.watch(t, "ada", "")
	ada.sees(t, "the map", ada.seat(1, 1))
	if err := there.s.Release(t.Context(), h.event.ID, "ada", 2); err != nil {
		t.Fatal(err)
	}
	ada.sees(t, "that seat 2 is back", ada.seat(2, 0))
	desk.first = ""
	here.fromDesk(t, desk, "olga", fmt.Sprintf("?since=%d", desk.version))
	desk.sees(t, "what was missed", func() bool { return desk.first == "delta" && desk.seat(2, 0)() })
	if len(desk.personal) > 0 {
		t.Errorf("staff were told %v", desk.personal)
	}

	// Signed out, whatever page it was in.
	h.staff.take("olga")
	if code := desk.code(t); code != live.CodeNotAdmitted || !slices.ContainsFunc(desk.personal, func(f map[string]any) bool { return f["t"] == "bye" && f["reason"] == "signed-out" }) {
		t.Errorf("closed with %d after %v", code, desk.personal)
	}
	h.mustHold("ada", 5)
	ada.sees(t, "the next hold", ada.seat(5, 1))
	h.checkSeats()
}

func TestWhoMayWatchFromTheDesk(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 8, "")
	h.admit("ada")
	r := h.run(t)
	h.staff.take("gone")
	for name, refused := range map[string]struct {
		badge, origin string
		code          int
	}{
		"a fan who is inside": {"", "", live.CodeNotAdmitted},
		"signed out":          {"gone", "", live.CodeNotAdmitted},
		"another site":        {"olga", "https://evil.example", live.CodeOrigin},
	} {
		w := r.fromDesk(t, &watcher{}, refused.badge, "", "Origin", refused.origin, "X-Place", "ada")
		if code := w.code(t); int(code) != refused.code || w.first != "" {
			t.Errorf("%s: closed with %d after %q", name, code, w.first)
		}
	}
	ask(t, "GET", strings.Replace(r.url, "/events/", "/admin/events/", 1)+"/live", "", "X-Badge", "olga").want(t, 400, "bad-request")

	// A session has a few sockets: the oldest makes way.
	first := r.fromDesk(t, &watcher{}, "olga", "")
	first.sees(t, "the map", first.seat(0, 0))
	for range live.DefaultLimits().PerName {
		w := r.fromDesk(t, &watcher{}, "olga", "")
		w.sees(t, "the map", w.seat(0, 0))
	}
	if code := first.code(t); code != live.CodeTooSlow {
		t.Errorf("the oldest of too many was closed with %d", code)
	}
}
