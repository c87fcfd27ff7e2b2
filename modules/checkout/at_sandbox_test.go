package checkout

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
	bysandbox "fairseat/modules/checkout/provider/sandbox"
	"fairseat/modules/checkout/sandbox"
)

// The real processor, over real HTTP, with its faults: the same story, and the same books in the end.
func TestAgainstTheSandbox(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]sandbox.Faults{
		"well":                             {Webhook: "normal"},
		"one call in three fails":          {Webhook: "twice", ErrorRate: 0.33},
		"no webhook comes":                 {Webhook: "lost"},
		"webhooks shuffled, calls failing": {Webhook: "shuffled", ErrorRate: 0.2, WebhookDelayMS: 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, e := newKit(t), echo.New()
			e.HTTPErrorHandler = problemOf
			srv := httptest.NewServer(e)
			t.Cleanup(srv.Close)
			base, key := func() string { return srv.URL }, k.Keys.Current(keyring.Webhook)
			proc := sandbox.New(sandbox.Deps{DB: k.Kit.DB, Clock: k.Kit.Clock, Log: k.Kit.Log, Secret: bysandbox.MerchantSecret(key), SigningKey: key.Secret,
				PublicURL: base, Loopback: func() bool { return true }})
			proc.Routes(e.Group(""), nil)
			k.Providers = []provider.Provider{bysandbox.New(bysandbox.Config{BaseURL: base, Secret: bysandbox.MerchantSecret(key), SigningKeys: [][]byte{key.Secret}, Clock: k.Kit.Clock})}
			e.POST("/api/v1/payments/:provider/webhook", (&handler{k.Service}).webhook)
			must(t, proc.Misbehave(context.Background(), faults))
			ctx, stop := context.WithCancel(context.Background())
			var courier sync.WaitGroup
			courier.Go(func() { _ = proc.Run(ctx) })
			t.Cleanup(func() { stop(); courier.Wait() })
			k.liveAtTheSandbox(t, srv.URL)
			must(t, proc.Misbehave(context.Background(), sandbox.Faults{Webhook: "normal"}))
			k.quiet(k.Service)
			k.checkSandbox(t)
			if faults.Webhook != "lost" {
				testkit.Eventually(t, 20*time.Second, "a webhook that is believed", func() bool {
					k.Kit.Clock.Advance(100 * time.Millisecond)
					return k.count(`SELECT count(*) FROM psp_events`) > 0
				})
			}
		})
	}
}

// liveAtTheSandbox lets four fans buy: one pays, one is declined, one never pays, one is paid back.
func (k *kit) liveAtTheSandbox(t *testing.T, base string) {
	t.Helper()
	ctx := context.Background()
	var orders []View
	for i := range 4 {
		orders = append(orders, k.mustPlace(k.fan(i)).Order)
	}
	for i, outcome := range map[int]string{0: "paid", 1: "declined", 3: "paid"} {
		// A page that opens late, a click that fails. The breaker lives by the real clock, so the other one waits for it.
		testkit.Eventually(t, 30*time.Second, "the click arrives", func() bool {
			if k.usual().Health().Down {
				k.usual().Probe(ctx)
				return false
			}
			k.Kit.Clock.Advance(pagesPerOrder)
			v, err := k.Look(ctx, k.order(orders[i].ID))
			must(t, err)
			if v.Status != "pending" {
				return true
			}
			if v.Payment != nil && v.Payment.URL != nil {
				res, err := http.Post(*v.Payment.URL, "application/json", strings.NewReader(fmt.Sprintf(`{"outcome":%q}`, outcome)))
				must(t, err)
				_ = res.Body.Close()
				k.runJobs(k.Service)
			}
			return false
		})
	}
	// Its capture may have failed in the first try: it can be given back once it is paid.
	testkit.Eventually(t, 30*time.Second, "order 3 is given back", func() bool {
		_ = k.beatAndTick(time.Second)
		k.runJobs(k.Service)
		_, err := k.Return(ctx, staffAda(), "", uuid.MustParse(orders[3].ID), nil, "ill")
		return err == nil
	})
	k.Kit.Clock.Advance(16 * time.Minute)
	must(t, k.Kit.DB.Exec(`INSERT INTO heartbeats (name, at) VALUES ('checkout', ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`, k.Kit.Clock.Now()).Error)
	for i, want := range []string{"paid", "expired", "expired", "refunded"} {
		testkit.Eventually(t, 30*time.Second, "order "+strconv.Itoa(i)+" is "+want, func() bool {
			_ = k.beatAndTick(3 * time.Second)
			k.runJobs(k.Service)
			return k.shown(orders[i].ID).Status == want
		})
	}
}

func (k *kit) checkSandbox(t *testing.T) {
	t.Helper()
	ledger := k.Ledger(context.Background(), LedgerSpan)
	must(t, ledger.silence())
	charges := ledger.Charges
	kept := int64(0)
	for _, c := range charges {
		kept += c.Captured - c.Refunded
	}
	sums, err := k.Money(context.Background(), k.Kit.DB)
	must(t, err)
	if m := sums["EUR"]; kept != 4200 || m.Delivered != 4200 || m.Captured != 8400 || m.Refunded != 4200 || m.Owed != 0 || m.InFlight != 0 {
		t.Errorf("the processor keeps %d, books say %+v", kept, m)
	}
	if len(charges) != 4 {
		t.Errorf("%d payments opened for four orders", len(charges))
	}
}

func problemOf(err error, c echo.Context) {
	f, status := fault.As(err), 500
	if f == nil {
		f = fault.New(fault.Internal, "internal", "")
	}
	if s, ok := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.NotFound: 404, fault.Conflict: 409, fault.Invalid: 422, fault.Unavailable: 503}[f.Kind]; ok {
		status = s
	}
	_ = c.JSON(status, map[string]any{"code": f.Code})
}
