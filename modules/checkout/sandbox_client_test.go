package checkout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// line is a processor that answers what the test says, and remembers what it was sent.
type line struct {
	mu      sync.Mutex
	answers []func(w http.ResponseWriter)
	got     []string // method path key
	bodies  []string
	auth    string
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.got = append(l.got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key"))
	l.bodies = append(l.bodies, string(body))
	l.auth = r.Header.Get("Authorization")
	var next func(http.ResponseWriter)
	if len(l.answers) > 0 {
		next, l.answers = l.answers[0], l.answers[1:]
	}
	l.mu.Unlock()
	if next == nil {
		next = says(500, `{"code":"processor-error"}`)
	}
	next(w)
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
}

// hangsUp breaks the connection instead of answering.
func hangsUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func newLine(t *testing.T, answers ...func(http.ResponseWriter)) (*line, *SandboxClient) {
	t.Helper()
	l := &line{answers: answers}
	srv := httptest.NewServer(l)
	t.Cleanup(srv.Close)
	return l, NewSandboxClient(SandboxConfig{BaseURL: func() string { return srv.URL + "/" }, Secret: "s3cret", Clock: clock.System{}})
}

const onePayment = `{"id":"pay_1","payment":"P","order":"O","status":"open","amount":4200,"currency":"EUR","authorized":0,"captured":0,"refunded":0,"url":"http://x/1","refunds":[],"new":1}`

func TestClientRepeatsUnderOneKey(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	l, c := newLine(t, says(500, `{}`), hangsUp, says(201, onePayment))
	st, err := c.Create(context.Background(), CreateRequest{Payment: id, Order: id, Amount: 4200, Currency: "EUR", Description: "d", ReturnURL: "http://r"})
	if err != nil || st.Ref != "pay_1" || st.Status != ProviderOpen || st.URL != "http://x/1" {
		t.Fatalf("%+v, %v", st, err)
	}
	want := "POST /sandbox/v1/payments " + id.String()
	if len(l.got) != 3 || l.got[0] != want || l.got[2] != want || l.bodies[0] != l.bodies[2] || l.auth != "Bearer s3cret" {
		t.Errorf("sent %q with %q", l.got, l.auth)
	}
	if !strings.Contains(l.bodies[0], `/api/v1/payments/sandbox/webhook"`) {
		t.Errorf("body %s", l.bodies[0])
	}
}

func TestClientSortsAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   error // nil: the outcome is unknown
		tries  int
	}{
		{"not known", says(404, `{"code":"no-such-payment"}`), ErrUnknownPayment, 1},
		{"past it", says(409, `{"code":"wrong-state"}`), ErrWrongState, 1},
		{"refused", says(422, `{"code":"refund-too-large"}`), ErrRefused, 1},
		{"still running", says(409, `{"code":"idempotency-key-in-use"}`), nil, 1},
		{"wrong secret", says(401, `{"code":"bad-secret"}`), nil, 1},
		{"too many", says(429, `{}`), nil, 3},
		{"away", says(503, `{}`), nil, 3},
		{"not JSON", says(200, `<html>`), nil, 1},
		{"a state from the future", says(200, strings.Replace(onePayment, "open", "disputed", 1)), nil, 1},
	} {
		l, client := newLine(t, c.answer, c.answer, c.answer)
		_, err := client.Refund(context.Background(), "pay_1", "k", 1)
		if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, known := range []error{ErrUnknownPayment, ErrWrongState, ErrRefused} {
			if c.want == nil && errors.Is(err, known) {
				t.Errorf("%s: an unknown outcome is taken for %v", c.name, known)
			}
		}
		if len(l.got) != c.tries {
			t.Errorf("%s: tried %d times", c.name, len(l.got))
		}
	}
}

func TestFindTakesTheOneWithMoney(t *testing.T) {
	t.Parallel()
	paid := strings.NewReplacer("open", "authorized", "pay_1", "pay_2", `"authorized":0`, `"authorized":4200`).Replace(onePayment)
	gone := strings.NewReplacer("open", "cancelled", "pay_1", "pay_3", `"authorized":0`, `"authorized":4200`).Replace(onePayment)
	_, c := newLine(t, says(200, `{"payments":[`+onePayment+`,`+paid+`,`+gone+`]}`), says(200, `{"payments":[]}`))
	if st, err := c.Find(context.Background(), uuid.New()); err != nil || st.Ref != "pay_2" {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := c.Find(context.Background(), uuid.New()); !errors.Is(err, ErrUnknownPayment) {
		t.Errorf("%v", err)
	}
}

func TestBreakerOpensAndAProbeClosesIt(t *testing.T) {
	t.Parallel()
	l, c := newLine(t)
	if h := c.Health(); h.Down || !h.Healthy {
		t.Fatalf("down before the first call: %+v", h)
	}
	for range 6 {
		_, _ = c.Read(context.Background(), "pay_1")
	}
	h := c.Health()
	if !h.Down || h.Healthy || h.Retry <= 0 || h.ErrorRate != 1 {
		t.Fatalf("after nothing but failures: %+v", h)
	}
	before := len(l.got)
	if _, err := c.Read(context.Background(), "pay_1"); err == nil || len(l.got) != before {
		t.Errorf("an open breaker lets calls through: %v", err)
	}
	l.mu.Lock()
	l.answers = []func(http.ResponseWriter){says(200, `{"payments":[]}`)}
	l.mu.Unlock()
	wait := time.NewTimer(h.Retry + 50*time.Millisecond)
	defer wait.Stop()
	<-wait.C
	if c.Health().Retry > 0 {
		t.Error("nobody would probe")
	}
	c.Probe(context.Background())
	if c.Health().Down {
		t.Error("an answer does not close the breaker")
	}
	sick := c.Health().Trend
	for range lately {
		c.pulse.end(c.pulse.start(), false)
	}
	if h := c.Health(); !h.Healthy || h.ErrorRate == 0 || h.Trend > sick/2 {
		t.Errorf("an outage that is over still counts: %+v", h)
	}
}

// A client that hangs up says nothing about the processor.
func TestHangingUpIsNoFailure(t *testing.T) {
	t.Parallel()
	_, c := newLine(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		_, _ = c.Read(ctx, "pay_1")
	}
	if c.Health().Down {
		t.Error("the breaker is open")
	}
}

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
			proc := sandbox.New(sandbox.Deps{DB: k.Kit.DB, Clock: k.Kit.Clock, Log: k.Kit.Log, Secret: MerchantSecret(key), SigningKey: key.Secret,
				PublicURL: base, Loopback: func() bool { return true }})
			proc.Routes(e.Group(""), nil)
			k.Provider = NewSandboxClient(SandboxConfig{BaseURL: base, Secret: MerchantSecret(key), SigningKeys: [][]byte{key.Secret}, Clock: k.Kit.Clock})
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
			if k.Provider.Health().Down {
				k.Provider.Probe(ctx)
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
	charges, err := k.Ledger(context.Background())
	must(t, err)
	kept := int64(0)
	for _, c := range charges {
		kept += c.Captured - c.Refunded
	}
	sums, err := k.Money(context.Background())
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
