package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// outbox counts webhooks by status.
func (k *kit) outbox(status string) (n int) {
	k.t.Helper()
	if err := k.DB.Raw(`SELECT count(*) FROM sandbox.webhooks WHERE status = ?`, status).Scan(&n).Error; err != nil {
		k.t.Error(err)
	}
	return n
}

func (k *kit) waitOutbox(status string, n int) {
	k.t.Helper()
	testkit.Eventually(k.t, limit, fmt.Sprintf("%d webhooks %s", n, status), func() bool { return k.outbox(status) == n })
}

func TestTwiceIsOneEventTwoTimes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.run(k.proc)
	k.faults(object{"webhook": "twice"})
	k.authorized("p1", 100)
	events := k.shop.wait(2)
	if events[0] != events[1] {
		t.Errorf("two deliveries differ: %+v, %+v", events[0], events[1])
	}
	k.waitOutbox("delivered", 2)
}

func TestLostIsNeverSent(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.run(k.proc)
	k.faults(object{"webhook": "lost"})
	p := k.authorized("p1", 100)
	k.faults(object{})
	k.Clock.Advance(24 * time.Hour) // lost is lost, though webhooks are delivered again
	k.merchant("POST", "/"+p.ID+"/capture", nil).want(t, 200, "")
	k.waitOutbox("delivered", 1)
	if got := types(k.shop.events()); got != "captured" || k.outbox("lost") != 1 {
		t.Errorf("the shop heard %q, %d lost", got, k.outbox("lost"))
	}
}

func TestLateComesAfterItsDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		ms    int
		delay time.Duration
	}{{"given", 60_000, time.Minute}, {"standard", 0, 5 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.faults(object{"webhook": "late", "webhook_delay_ms": c.ms})
			p := k.authorized("p1", 100)
			k.faults(object{}) // decided when it was written
			k.merchant("POST", "/"+p.ID+"/capture", nil).want(t, 200, "")
			k.Clock.Advance(c.delay - time.Millisecond)
			k.run(k.proc)
			k.waitOutbox("delivered", 1)
			k.Clock.Advance(time.Millisecond)
			if got := types(k.shop.wait(2)); got != "captured authorized" {
				t.Errorf("the shop heard: %s", got)
			}
		})
	}
}

// Each event has its own random delay, so a later one may come first.
func TestShuffledComesOutOfOrder(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.faults(object{"webhook": "shuffled"}) // up to 2 s
	k.setRolls(0.9, 0.5, 0.1)
	p := k.captured("p1", 100)
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 1}).want(t, 200, "")
	k.run(k.proc)
	for n, ms := range []int{200, 800, 800} {
		k.Clock.Advance(time.Duration(ms) * time.Millisecond)
		k.shop.wait(n + 1)
		k.waitOutbox("delivered", n+1)
	}
	if got := types(k.shop.events()); got != "refunded captured authorized" {
		t.Errorf("the shop heard: %s", got)
	}
}

// A webhook that is not answered with 2xx comes again, after twice as long each time; redirects are not followed.
func TestWebhookIsRepeatedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.shop.refuse = []int{500, 302, 404}
	k.run(k.proc)
	k.authorized("p1", 100)
	attempts := func(n int) {
		t.Helper()
		testkit.Eventually(t, limit, "the refusal is noted", func() bool {
			var noted bool
			k.DB.Raw(`SELECT count(*) = 1 FROM sandbox.webhooks WHERE attempts = ? AND last_error <> '' AND due_at = ?::timestamptz + ?::float8 * interval '1 s'`,
				n, k.Clock.Now(), 0.5*float64(int(1)<<(n-1))).Scan(&noted)
			return noted
		})
	}
	for n := 1; n <= 3; n++ {
		k.shop.wait(n)
		attempts(n)
		k.Clock.Advance(500 * time.Millisecond << (n - 1))
	}
	events := k.shop.wait(4)
	k.waitOutbox("delivered", 1)
	for i, e := range events {
		if e != events[0] || k.shop.paths[i] != "/hook" {
			t.Errorf("delivery %d: %+v to %s", i, e, k.shop.paths[i])
		}
	}
}

func TestNobodyThereForThreeDays(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.shop.Close()
	k.run(k.proc)
	k.authorized("p1", 100)
	failed := func(n int) {
		testkit.Eventually(t, limit, fmt.Sprintf("%d attempts have failed", n), func() bool {
			var done bool
			k.DB.Raw(`SELECT attempts >= ? AND last_error <> '' AND status = 'due' FROM sandbox.webhooks`, n).Scan(&done)
			return done
		})
	}
	failed(1)
	k.Clock.Advance(72 * time.Hour)
	failed(2) // three days to the moment: one more try
	k.Clock.Advance(time.Minute)
	k.waitOutbox("given_up", 1)
}

// Replicas share one outbox, and each webhook is delivered by one of them.
func TestReplicasShareTheOutbox(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	const replicas, payments = 4, 120
	for i := range payments {
		k.authorized(fmt.Sprintf("p%d", i), 100)
	}
	for range replicas {
		p, _ := k.replica()
		k.run(p)
	}
	k.waitOutbox("delivered", payments)
	seen := map[string]bool{}
	for _, e := range k.shop.events() {
		seen[e.ID] = true
	}
	if n := len(k.shop.events()); n != payments || len(seen) != payments {
		t.Errorf("%d deliveries of %d events, want %d", n, len(seen), payments)
	}
}

// A shop that hangs holds up eight deliveries at most, and a replica that died with them loses none.
func TestStuckShopHoldsUpEightAtMost(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.shop.stuck = make(chan struct{})
	stop := k.run(k.proc)
	for i := range 20 {
		k.authorized(fmt.Sprintf("p%d", i), 100)
	}
	k.shop.wait(8)
	stop() // cuts the eight off; they are due again
	var taken int
	if err := k.DB.Raw(`SELECT count(*) FROM sandbox.webhooks WHERE attempts > 0`).Scan(&taken).Error; err != nil || taken != 8 {
		t.Errorf("%d were under way, %v", taken, err)
	}
	close(k.shop.stuck)
	k.shop.mu.Lock()
	k.shop.stuck = nil
	k.shop.mu.Unlock()
	k.Clock.Advance(time.Minute)
	k.run(k.proc)
	k.waitOutbox("delivered", 20)
}

func TestSignIsWhatTheHeaderPromises(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1"}`)
	at := time.Unix(1700000000, 5)
	const want = "t=1700000000,v1=f13fcf55005466f6988baefaf979824421a6cb50db7ae6b57698fb0498196e39" // by Python's hmac
	if got := sandbox.Sign([]byte("key"), at, body); got != want {
		t.Errorf("signed %s", got)
	}
}
