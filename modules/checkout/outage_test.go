package checkout

import (
	"context"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/checkout/provider"
)

func staffAda() request.Staff { return request.Staff{ID: 1, Email: "owner@example.org", Role: "owner"} }

func TestNothingIsMadeWhileTheProcessorIsDown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.bank.setDown(true)
	f := k.fan(0)
	_, err := k.PlaceOrder(context.Background(), f.place, f.buyer)
	if !is(err, "payments-down") || fault.As(err).RetryAfter <= 0 {
		t.Fatalf("%v", err)
	}
	if until, ok := fault.As(err).Facts["safe_until"].(clock.Time); !ok || time.Time(until).Before(k.Kit.Clock.Now().Add(time.Minute)) || k.room.pinned[f.place.Key] < time.Minute {
		t.Errorf("seats are safe until %v, pinned for %v", fault.As(err).Facts["safe_until"], k.room.pinned[f.place.Key])
	}
	if n := k.count(`SELECT count(*) FROM orders`); n != 0 {
		t.Errorf("%d orders", n)
	}
	if !k.room.stands {
		t.Error("nothing can be paid, and the clock runs")
	}
	k.bank.setDown(false)
	k.mustPlace(f)
	if k.room.pinned[f.place.Key] != 15*time.Second || k.room.stands {
		t.Errorf("pinned for %v, with its clock stopped %v", k.room.pinned[f.place.Key], k.room.stands)
	}
}

func TestClocksStandWhileNobodyCanPay(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	tick := func() { k.Kit.Clock.Advance(time.Second); must(t, k.keepClocks(context.Background())) }
	tick()
	k.bank.setDown(true)
	tick() // the outage is noticed
	for range 60 {
		tick()
	}
	if got, want := k.order(o.ID).ExpiresAt, time.Time(o.ExpiresAt).Add(60*time.Second); !got.Equal(want) {
		t.Fatalf("after a minute of outage the clock moved by %v", got.Sub(time.Time(o.ExpiresAt)))
	}
	other := k.service(k.Kit.DB) // a second replica that sees the same adds nothing
	for range 30 {
		tick()
		must(t, other.keepClocks(context.Background()))
	}
	if got := k.order(o.ID).ExpiresAt.Sub(time.Time(o.ExpiresAt)); got != 90*time.Second {
		t.Fatalf("two replicas moved the clock by %v in 90 s", got)
	}
	for range 1000 {
		tick()
	}
	if got := k.order(o.ID).ExpiresAt.Sub(time.Time(o.ExpiresAt)); got > 15*time.Minute || got < 14*time.Minute {
		t.Fatalf("an outage without end moved the clock by %v", got)
	}
}

// A bank that lets us wait is no secret: the fan is told, and until when the seats are safe, but not each second.
func TestFansAreToldThatTheBankIsSlow(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0)).Order
	slow := func() (frames []map[string]any) {
		k.room.mu.Lock()
		defer k.room.mu.Unlock()
		for _, frame := range k.room.told {
			if frame["slow"] == true {
				frames = append(frames, frame)
			}
		}
		k.room.told = nil
		return frames
	}
	tick := func() { k.Kit.Clock.Advance(time.Second); must(t, k.keepClocks(ctx)) }
	tick()
	if got := slow(); len(got) != 0 {
		t.Fatalf("told %v of a bank that is well", got)
	}
	k.bank.setDown(true)
	for range 32 {
		tick()
	}
	told := slow()
	if len(told) < 2 || len(told) > 3 {
		t.Fatalf("told %d times in half a minute: %v", len(told), told)
	}
	last, ok := told[len(told)-1]["until"].(clock.Time)
	if !ok || time.Time(last).Before(time.Time(o.ExpiresAt)) {
		t.Errorf("safe until %v, the order until %v", told[0]["until"], o.ExpiresAt)
	}
	k.bank.setDown(false)

	// The money is there and cannot be taken yet: then the seats are safe for good.
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	k.bank.before = func(call string) error {
		if call == "capture" {
			return errLine
		}
		return nil
	}
	if err := k.Settle(ctx, k.payment(o.ID).ID); err == nil {
		t.Fatal("captured over a dead line")
	}
	told = slow()
	if len(told) != 1 || told[0]["status"] != "paying" || told[0]["until"] != nil {
		t.Errorf("told %v", told)
	}
	k.bank.before = nil
	k.quiet(k.Service)
	k.want(o.ID, "paid")
}

// Whoever comes back from paying is not asked to pay while nobody knows whether they did.
func TestComingBackFromPaying(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0)).Order
	if v, sure, err := k.LookBack(ctx, k.order(o.ID)); err != nil || !sure || v.Status != "pending" {
		t.Errorf("not paid: %s, sure %v, %v", v.Status, sure, err)
	}
	k.Kit.Clock.Advance(pagesPerOrder)
	k.bank.before = func(string) error { return errLine }
	if v, sure, err := k.LookBack(ctx, k.order(o.ID)); err != nil || sure || v.Status != "pending" {
		t.Errorf("nobody knows: %s, sure %v, %v", v.Status, sure, err)
	}
	k.bank.before = nil
	k.Kit.Clock.Advance(pagesPerOrder)
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	if v, _, err := k.LookBack(ctx, k.order(o.ID)); err != nil || v.Status != "paid" {
		t.Errorf("paid: %s, %v", v.Status, err)
	}
}

func TestOurOutageCostsNoFanASecond(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	dead, alive := k.mustPlace(k.fan(0)).Order, k.mustPlace(k.fan(1)).Order
	must(t, k.keepClocks(context.Background()))
	must(t, k.Kit.DB.Exec(`UPDATE orders SET expires_at = ? WHERE id = ?`, k.Kit.Clock.Now().Add(-time.Second), dead.ID).Error)
	k.Kit.Clock.Advance(4 * time.Second) // a hiccup
	must(t, k.keepClocks(context.Background()))
	if got := k.order(alive.ID).ExpiresAt; !got.Equal(time.Time(alive.ExpiresAt)) {
		t.Fatalf("a hiccup moved the clock by %v", got.Sub(time.Time(alive.ExpiresAt)))
	}
	k.Kit.Clock.Advance(20 * time.Minute) // longer than the order had left
	k.room.taken = map[int]string{}
	must(t, k.Tick(context.Background()))
	if got := k.order(alive.ID).ExpiresAt.Sub(time.Time(alive.ExpiresAt)); got != 20*time.Minute {
		t.Errorf("the clock moved by %v", got)
	}
	k.want(alive.ID, "pending")
	k.want(dead.ID, "expired") // its time was over before
	if k.room.taken[1] == "" {
		t.Error("the map was not told of the new deadline")
	}
	k.check()
}

func TestReconcilerFindsWhatWebhooksLost(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	asked := 0
	for range 11 {
		_ = k.beatAndTick(time.Second)
		asked = k.bank.times("read")
	}
	if asked == 0 {
		t.Fatal("nobody asked within ten seconds")
	}
	k.want(o.ID, "paid")

	// One that nobody pays is asked about ever more seldom.
	k.mustPlace(k.fan(1))
	before := k.bank.times("read")
	for range 60 {
		_ = k.beatAndTick(10 * time.Second)
	}
	if n := k.bank.times("read") - before; n < 3 || n > 6 {
		t.Errorf("asked %d times in ten minutes", n)
	}
}

func TestProcessorIsProbedWhileItIsDown(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	must(t, k.Tick(context.Background()))
	if k.bank.times("probe") != 0 {
		t.Error("probed a processor that is well")
	}
	k.bank.setDown(true)
	must(t, k.Tick(context.Background()))
	if k.bank.times("probe") != 1 {
		t.Error("nobody looks whether it is back")
	}
}

func TestPageAsksOnceInAWhile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := context.Background()
	o := k.mustPlace(k.fan(0)).Order
	for range 50 {
		_, err := k.Look(ctx, k.order(o.ID))
		must(t, err)
	}
	if n := k.bank.times("read"); n != 0 {
		t.Errorf("asked %d times in no time", n)
	}
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	k.Kit.Clock.Advance(pagesPerOrder)
	v, err := k.Look(ctx, k.order(o.ID))
	must(t, err)
	if v.Status != "paid" {
		t.Errorf("a waiting fan sees %s although the money is there", v.Status)
	}
}

func TestPaymentIsOpenedLaterIfTheProcessorDidNotAnswer(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(b *bank, f func(string) error){
		"before the effect": func(b *bank, f func(string) error) { b.before = f },
		"after the effect":  func(b *bank, f func(string) error) { b.after = f },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			broken(k.bank, func(string) error { return errLine })
			o := k.mustPlace(k.fan(0)).Order
			if o.Payment == nil || o.Payment.URL != nil || o.Status != "pending" {
				t.Fatalf("placed %+v", o)
			}
			k.bank.before, k.bank.after = nil, nil
			k.Kit.Clock.Advance(createBudget)
			k.runJobs(k.Service)
			if v := k.shown(o.ID); v.Payment == nil || v.Payment.URL == nil {
				t.Fatalf("still nowhere to pay: %+v", v)
			}
			if len(k.bank.all()) != 1 {
				t.Errorf("%d payments at the processor", len(k.bank.all()))
			}
		})
	}
}
