package app_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// drawn is what a page believes of every seat, by its list: one letter a seat, in the order of their numbers.
func (b *browser) drawn() string {
	var letters string
	_ = b.js(`[...document.querySelectorAll(".list-seat")].sort((a, b) => a.dataset.n - b.dataset.n)
		.map((seat) => seat.dataset.kind.replace("mine", "held")[0]).join("")`, &letters)
	return letters
}

// shown is the same by the public answer.
func shown(t testing.TB, base, slug string, seats int) (version int64, letters string) {
	t.Helper()
	var all struct {
		Version int64
		Status  string
	}
	newClient(base).must(t, 200, "GET", "/api/v1/events/"+slug+"/seats", nil, &all)
	bits, err := base64.StdEncoding.DecodeString(all.Status)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for n := range seats {
		text.WriteByte("fhsb"[bits[n/4]>>(2*(n%4))&3])
	}
	return all.Version, text.String()
}

// Redis is emptied while ten browsers watch. What was sold stays sold, what was held is free again, and every page shows
// that and what happens next, without being loaded anew.
func TestTenBrowsersThroughAFlush(t *testing.T) {
	t.Parallel()
	s := &stage{process: startProcess(t), t: t, ctx: t.Context()}
	s.staff = signIn(t, s.base)
	createEvent(t, s.staff, "gala", house(t, s.staff, 6, 12), stalls, -time.Second, object{"max_per_buyer": 4, "queue": nil})
	s.orders("gala", "Buyer", 3, "paid", "paid")
	s.holds("gala", "Holder", 4)
	browsers := make([]*browser, 10)
	for i := range browsers {
		b := newBrowser(t, s.base)
		s.seats(b, s.enters("gala", fmt.Sprintf("Watcher %d", i)))
		b.toList()
		b.set(b.js(`window.stays = true`, nil))
		browsers[i] = b
	}
	agree := func(what string, want func(letters string) bool) (version int64) {
		t.Helper()
		var letters string
		testkit.Eventually(t, 90*time.Second, what, func() bool {
			version, letters = shown(t, s.base, "gala", 72)
			return want(letters)
		})
		for i, b := range browsers {
			b.within(90*time.Second, fmt.Sprintf("%s, in browser %d", what, i), func() bool { return b.drawn() == letters })
		}
		return version
	}
	before := agree("three are sold and four held", func(l string) bool { return strings.Count(l, "s") == 3 && strings.Count(l, "h") == 4 })
	strike(t, s.process, "flush")
	after := agree("what was held is free", func(l string) bool { return strings.Count(l, "s") == 3 && strings.Count(l, "h") == 0 })
	if after <= before {
		t.Errorf("version %d after %d", after, before)
	}
	s.holds("gala", "Late", 2)
	agree("two are held", func(l string) bool { return strings.Count(l, "s") == 3 && strings.Count(l, "h") == 2 })
	for i, b := range browsers {
		var stays bool
		if err := b.js(`window.stays === true`, &stays); err != nil || !stays {
			t.Errorf("browser %d was loaded anew, %v", i, err)
		}
		b.excuse("/live", "/seats", "/holds", "/admission") // while there is no map, those are refused
	}
}
