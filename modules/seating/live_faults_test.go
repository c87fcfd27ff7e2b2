package seating

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"fairseat/app/testkit"
	"fairseat/modules/seating/internal/holds"
)

// over moves a house, made on the kit's Redis, to a service behind another address of the same Redis.
func (h *house) over(t *testing.T, url string) *replica {
	t.Helper()
	kit := *h.Kit
	kit.Redis = testkit.Client(t, url)
	t.Cleanup(kit.Redis.Close)
	other := *h
	other.Kit = &kit
	return other.run(t)
}

func link(t *testing.T, listen, to string) *toxiproxy.Proxy {
	t.Helper()
	l := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "link", listen, to)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	return l
}

// A replica of Redis that missed the last seconds takes over: nothing sold is offered again, versions only rise, and every
// page has the right map without being loaded anew.
func TestFailoverLosesTheTail(t *testing.T) {
	t.Parallel()
	k, master := ownRedis(t)
	h := openOn(t, k, nil, 10, 20, `,"max_per_buyer":8`)
	// What replicates, and what we ask, each over a link of its own.
	heir := testkit.NewRedis(t)
	replication := link(t, "127.0.0.1:0", master.Addr)
	t.Cleanup(replication.Stop)
	host, port, _ := net.SplitHostPort(replication.Listen)
	heirs := testkit.Client(t, heir.URL())
	t.Cleanup(heirs.Close)
	tell := func(words ...string) {
		t.Helper()
		if err := heirs.Do(t.Context(), heirs.B().Arbitrary(words...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	tell("REPLICAOF", host, port)
	front := link(t, "127.0.0.1:0", master.Addr)
	here, there := h.over(t, "redis://"+front.Listen), h.over(t, "redis://"+front.Listen)
	pages := h.pages(60, 0, func(i int) string { return []string{here.url, there.url}[i%2] })
	h.admit("ada", "bob", "cleo")
	h.mustHold("ada", 1)
	h.mustTake("bob", h.mustClaim("bob", "b@x", 2))
	h.allSee(pages)
	before := h.b.epoch.Load()
	testkit.Eventually(t, 20*time.Second, "the heir has it all", func() bool {
		n, err := heirs.Do(t.Context(), heirs.B().Hexists().Key(h.b.keys.Name("taken")).Field("2").Build()).AsBool()
		return err == nil && n
	})

	// The link goes deaf; what happens now the heir will never know.
	if _, err := replication.Toxics.AddToxicJson(strings.NewReader(`{"type":"timeout","attributes":{"timeout":0}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := here.s.PlaceHold(t.Context(), h.event.ID, "cleo", []int{5}); err != nil {
		t.Fatal(err)
	}
	sold := h.mustClaim("ada", "a@x", 1)
	h.move(sold, []string{"checkout"}, "sold")
	h.allSee(pages)
	seen := int64(0)
	for _, p := range pages {
		p.mu.Lock()
		seen = max(seen, p.version)
		p.mu.Unlock()
	}
	master.Kill()
	replication.Stop()
	tell("REPLICAOF", "NO", "ONE")
	at := front.Listen
	front.Stop()
	again := link(t, at, heir.Addr)
	t.Cleanup(again.Stop)

	// From here on the house asks the heir.
	h.Redis.Close()
	h.Redis = testkit.Client(t, heir.URL())
	t.Cleanup(h.Redis.Close)
	h.s = newService(h.Kit, h, h.Clock)
	h.b = h.s.board(h.event.ID)
	testkit.Eventually(t, 60*time.Second, "a new epoch for everybody", func() bool {
		for _, p := range pages {
			p.mu.Lock()
			version := p.version
			p.mu.Unlock()
			if version <= seen || holds.EpochOf(version) <= before {
				return false
			}
		}
		return true
	})
	h.allSee(pages)
	if _, err := there.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{1}); err == nil {
		t.Error("a sold seat was held")
	}
	if _, err := there.s.PlaceHold(t.Context(), h.event.ID, "bob", []int{6}); err != nil {
		t.Error(err)
	}
	h.allSee(pages)
	if joins := sum(pages, func(p *page) int { return p.joins }); joins > 3*len(pages) {
		t.Errorf("%d pages connected %d times", len(pages), joins)
	}
	h.checkSeats()
}

// Redis loses everything, again and again, while fans choose and pages watch.
func TestFlushesWhilePagesWatch(t *testing.T) {
	t.Parallel()
	k, _ := ownRedis(t)
	h := openOn(t, k, nil, 10, 60, `,"max_per_buyer":50`)
	here, there := h.run(t), h.run(t)
	pages := h.pages(50, 0, func(i int) string { return []string{here.url, there.url}[i%2] })
	places := make([]string, len(pages))
	for i, p := range pages {
		places[i] = p.place
	}
	stop := h.bustle(func() *Service { return here.s })
	testkit.Eventually(t, 20*time.Second, "some seats are gone", func() bool {
		c, err := here.s.Counts(t.Context(), h.event.ID)
		return err == nil && c.Paying > 3 && c.Held > 5
	})
	for range 3 {
		epoch := here.s.board(h.event.ID).epoch.Load()
		if err := h.Redis.Do(t.Context(), h.Redis.B().Flushall().Build()).Error(); err != nil {
			t.Fatal(err)
		}
		h.admit(places...) // as the line does from their tokens
		for i := range 20 {
			h.admit(fmt.Sprintf("fan%d", i))
		}
		testkit.Eventually(t, 20*time.Second, "a new epoch", func() bool { return here.s.board(h.event.ID).epoch.Load() > epoch })
	}
	stop()
	h.allSee(pages)
	h.checkSeats()
}
