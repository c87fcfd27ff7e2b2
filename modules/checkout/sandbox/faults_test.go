package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// Who may misbehave: anyone on this machine while the server listens to it alone, else owners.
func TestControlIsForThisMachineAndOwners(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	const all = `{"outage":false,"latency_ms":0,"error_rate":0,"webhook":"normal","webhook_delay_ms":0,"wrong_amount":false,"refuse_refunds":false}`
	if a := k.do("GET", "/sandbox/faults", nil).want(t, 200, ""); strings.TrimSpace(a.Body) != all {
		t.Errorf("at first: %s", a.Body)
	}
	k.faults(object{"outage": true, "webhook": "late", "webhook_delay_ms": 10})
	k.faults(object{"error_rate": 0.25})
	if a := k.do("GET", "/sandbox/faults", nil).want(t, 200, ""); a.Body != strings.Replace(all, `"error_rate":0`, `"error_rate":0.25`, 1)+"\n" {
		t.Errorf("PUT does not replace all: %s", a.Body)
	}
	for _, bad := range []object{{"latency_ms": -1}, {"latency_ms": 30001}, {"error_rate": 1.1}, {"error_rate": -0.1}, {"webhook": "never"}, {"webhook": ""}, {"webhook_delay_ms": -1}} {
		k.do("PUT", "/sandbox/faults", bad).want(t, 422, "bad-field")
	}
	for _, bad := range []string{`{"outage":1}`, `{"fault":true}`, `{"latency_ms":1.5}`, `[]`, `{}{}`} {
		k.do("PUT", "/sandbox/faults", bad).want(t, 400, "bad-body")
	}
	k.do("PUT", "/sandbox/faults", nil).want(t, 200, "")
	if a := k.do("GET", "/sandbox/faults", nil); strings.TrimSpace(a.Body) != all {
		t.Errorf("an empty PUT leaves %s", a.Body)
	}

	_, web := k.replica(func(d *sandbox.Deps) { d.Loopback = func() bool { return false } })
	for _, path := range []string{"/sandbox/faults", "/sandbox/charges"} {
		k.do("GET", web.URL+path, nil).want(t, 401, "not-signed-in")
	}
	k.do("PUT", web.URL+"/sandbox/faults", object{}).want(t, 401, "not-signed-in")
	// The merchant compares its books with the ledger wherever both stand, and breaks nothing.
	k.do("GET", web.URL+"/sandbox/charges", nil, "Authorization", "Bearer "+secret).want(t, 200, "")
	k.do("PUT", web.URL+"/sandbox/faults", object{}, "Authorization", "Bearer "+secret).want(t, 401, "not-signed-in")
}

func TestOutageTakesTheProcessorAway(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	k.faults(object{"outage": true})
	k.merchant("POST", "", k.request("p2", 100)).want(t, 503, "processor-down")
	k.merchant("GET", "/"+p.ID, nil).want(t, 503, "processor-down")
	k.do("GET", "/sandbox/pay/"+p.ID, nil).want(t, 503, "processor-down")
	k.click(p.ID, "paid").want(t, 503, "processor-down")
	if l := k.ledger(); len(l) != 1 || l[0].Status != sandbox.Open {
		t.Errorf("something happened during the outage: %+v", l)
	}
	k.faults(object{})
	k.click(p.ID, "paid").want(t, 200, "")
}

// A merchant that stops waiting has not stopped the payment: its effect comes, once, and the key finds it again.
func TestSlowAnswerHasItsEffect(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.authorized("p1", 100)
	k.faults(object{"latency_ms": 30_000})
	before := k.arrived.Load()
	ctx, cancel := context.WithCancel(t.Context())
	hungUp := make(chan error, 1)
	go func() {
		_, err := k.try(ctx, "POST", "/sandbox/v1/payments/"+p.ID+"/capture", nil, "Authorization", "Bearer "+secret, "Idempotency-Key", "c")
		hungUp <- err
	}()
	testkit.Eventually(t, limit, "the request is there", func() bool { return k.arrived.Load() > before })
	cancel()
	if err := <-hungUp; !errors.Is(err, context.Canceled) {
		t.Fatalf("the answer did not wait: %v", err)
	}
	testkit.Eventually(t, 2*limit/3, "the capture has happened", func() bool { return k.ledger()[0].Captured == 100 })
	k.faults(object{})
	if a := k.merchant("POST", "/"+p.ID+"/capture", nil, "c").want(t, 200, ""); a.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the key was forgotten: %v", a)
	}
	k.faults(object{"latency_ms": 1})
	k.do("GET", "/sandbox/pay/"+p.ID, nil).want(t, 200, "")
}

// Half of the errors come before the effect and half after it; the key tells neither apart, and need not.
func TestErrorsComeBeforeAndAfterTheEffect(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.faults(object{"error_rate": 0.5})
	k.setRolls(0.4, 0.5) // struck, before
	k.merchant("POST", "", k.request("p1", 100), "create").want(t, 500, "processor-error")
	if l := k.ledger(); len(l) != 0 {
		t.Fatalf("an error before the effect had one: %+v", l)
	}
	k.setRolls(0.4, 0.49) // struck, after
	k.merchant("POST", "", k.request("p1", 100), "create").want(t, 500, "processor-error")
	if l := k.ledger(); len(l) != 1 {
		t.Fatalf("an error after the effect had none: %+v", l)
	}
	k.setRolls(0.5) // spared
	p := k.merchant("POST", "", k.request("p1", 100), "create").want(t, 201, "").payment(t)
	k.setRolls(0, 0, 0) // the fan's page is not struck, and asks for no roll
	k.do("GET", "/sandbox/pay/"+p.ID, nil).want(t, 200, "")
	k.click(p.ID, "paid").want(t, 200, "")
	if len(k.rolls) != 3 {
		t.Errorf("the fan's page took its chances: %v", k.rolls)
	}
	k.setRolls(0.4, 0.4)
	k.merchant("POST", "/"+p.ID+"/capture", nil, "capture").want(t, 500, "processor-error")
	k.setRolls(0.4, 0.4)
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "refund").want(t, 500, "processor-error")
	k.setRolls(0.4)
	k.merchant("GET", "/"+p.ID, nil).want(t, 500, "processor-error")
	k.setRolls()
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "refund").want(t, 200, "")
	if l := k.ledger(); len(l) != 1 || l[0].Captured != 100 || l[0].Refunded != 60 {
		t.Errorf("ledger: %+v", l)
	}
}

// Many payments, two calls in five failing at random: whoever repeats with the same key ends with the money that was
// asked for, to the cent.
func TestKeysHoldUnderErrors(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(7, 7))
	k := newKit(t, func(d *sandbox.Deps) {
		d.Rand = func() float64 { mu.Lock(); defer mu.Unlock(); return random.Float64() }
	})
	k.faults(object{"error_rate": 0.4})
	insist := func(path string, body any) (answer, int) {
		key := k.newKey()
		for tries := 0; ; tries++ {
			if a := k.merchant("POST", path, body, key); a.Status != 500 {
				return a, tries
			}
		}
	}
	var all sync.WaitGroup
	var struck sync.Map
	const payments = 40
	for i := range payments {
		all.Go(func() {
			name := fmt.Sprintf("p%d", i)
			a, failed := insist("", k.request(name, int64(1000+i)))
			if a.Status != 201 {
				t.Errorf("create: %d %s", a.Status, a.Body)
				return
			}
			id := a.payment(t).ID
			if a := k.click(id, "paid"); a.Status != 200 {
				t.Errorf("pay: %d %s", a.Status, a.Body)
			}
			if a, n := insist("/"+id+"/capture", nil); a.Status != 200 {
				t.Errorf("capture: %d %s", a.Status, a.Body)
			} else {
				failed += n
			}
			if a, n := insist("/"+id+"/refunds", object{"amount": i + 1}); a.Status != 200 {
				t.Errorf("refund: %d %s", a.Status, a.Body)
			} else {
				failed += n
			}
			struck.Store(i, failed)
		})
	}
	all.Wait()
	failures := 0
	struck.Range(func(_, n any) bool { failures += n.(int); return true })
	l := k.ledger()
	var captured, refunded int64
	for _, c := range l {
		captured, refunded = captured+c.Captured, refunded+c.Refunded
	}
	if len(l) != payments || captured != payments*1000+payments*(payments-1)/2 || refunded != payments*(payments+1)/2 {
		t.Errorf("%d payments, %d captured, %d refunded", len(l), captured, refunded)
	}
	if failures < payments { // 3 calls each at 0.4: about 80
		t.Errorf("only %d calls failed", failures)
	}
}

func TestWrongAmountIsOneUnitTooMuch(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	before, during := k.open("p1", 100), k.open("p2", 100)
	k.click(before.ID, "paid").want(t, 200, "")
	k.faults(object{"wrong_amount": true})
	k.click(during.ID, "paid").want(t, 200, "")
	k.merchant("POST", "/"+before.ID+"/capture", nil).want(t, 200, "")
	if p := k.get(before.ID); p.Captured != 100 {
		t.Errorf("decided before: captured %d", p.Captured)
	}
	k.faults(object{})
	if p := k.merchant("POST", "/"+during.ID+"/capture", nil).want(t, 200, "").payment(t); p.Amount != 100 || p.Authorized != 101 || p.Captured != 101 || p.Currency != "EUR" {
		t.Errorf("decided meanwhile: %+v", p)
	}
	k.merchant("POST", "/"+during.ID+"/refunds", object{"amount": 101}).want(t, 200, "")
	k.ledger()
}

// A merchant whose account is empty can give nothing back; the same request succeeds once there is money again.
func TestRefundsAreRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.open("p1", 100)
	k.click(p.ID, "paid").want(t, 200, "")
	k.merchant("POST", "/"+p.ID+"/capture", nil, "c").want(t, 200, "")
	k.faults(object{"refuse_refunds": true})
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "refund").want(t, 422, "no-funds")
	k.faults(object{})
	k.merchant("POST", "/"+p.ID+"/refunds", object{"amount": 60}, "refund").want(t, 200, "")
	if l := k.ledger(); len(l) != 1 || l[0].Refunded != 60 {
		t.Errorf("ledger: %+v", l)
	}
}
