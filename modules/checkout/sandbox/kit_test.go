package sandbox_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

const secret = "merchant secret"

// limit is how long a test waits for what should take milliseconds; the machine may be busy.
const limit = 30 * time.Second

var signingKey = []byte("a key of webhooks")

// kit is a processor behind a real server, and a shop that receives its webhooks.
type kit struct {
	*testkit.Kit
	t    testing.TB
	proc *sandbox.Processor
	web  *httptest.Server
	shop *shop

	mu    sync.Mutex
	rolls []float64 // what Rand answers next; 0.99 when used up, which strikes only at an error_rate of 1
	keys  int

	arrived atomic.Int64 // requests that reached a replica
}

func newKit(t testing.TB, change ...func(*sandbox.Deps)) *kit {
	t.Helper()
	k := &kit{Kit: testkit.New(t), t: t}
	k.shop = newShop(t)
	k.proc, k.web = k.replica(change...)
	return k
}

// replica is one more processor on the same database, with its own server.
func (k *kit) replica(change ...func(*sandbox.Deps)) (*sandbox.Processor, *httptest.Server) {
	k.t.Helper()
	var web *httptest.Server
	d := sandbox.Deps{
		DB: k.DB, Clock: k.Clock, Log: k.Log, Secret: secret, SigningKey: signingKey,
		PublicURL: func() string { return web.URL }, Loopback: func() bool { return true }, Rand: k.roll,
	}
	for _, c := range change {
		c(&d)
	}
	p := sandbox.New(d)
	e := echo.New()
	e.HTTPErrorHandler = problem
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { k.arrived.Add(1); return next(c) }
	})
	p.Routes(e.Group(""), func(echo.HandlerFunc) echo.HandlerFunc {
		return func(echo.Context) error { return fault.New(fault.Unauthorized, "not-signed-in", "Sign in first.") }
	})
	web = httptest.NewServer(e)
	k.t.Cleanup(web.Close)
	return p, web
}

// run delivers webhooks until the test ends.
func (k *kit) run(p *sandbox.Processor) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	stop = func() { cancel(); <-done }
	k.t.Cleanup(stop)
	return stop
}

func (k *kit) roll() float64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rolls) == 0 {
		return 0.99
	}
	next := k.rolls[0]
	k.rolls = k.rolls[1:]
	return next
}

func (k *kit) setRolls(rolls ...float64) { k.mu.Lock(); k.rolls = rolls; k.mu.Unlock() }

func (k *kit) newKey() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys++
	return fmt.Sprintf("key-%d", k.keys)
}

// problem is the little of app/problem.go that these tests read.
func problem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.TooLarge: 413, fault.Unsupported: 415, fault.Invalid: 422, fault.Unavailable: 503, fault.Internal: 500}
	var he *echo.HTTPError
	if f := fault.As(err); f != nil {
		doc := map[string]any{"code": f.Code}
		for name, value := range f.Facts {
			doc[name] = value
		}
		_ = c.JSON(status[f.Kind], doc)
	} else if errors.As(err, &he) {
		_ = c.JSON(he.Code, map[string]any{"code": "echo"})
	} else {
		_ = c.JSON(500, map[string]any{"code": "unknown", "error": err.Error()})
	}
}

type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal([]byte(a.Body), &p)
	return p.Code
}

func (a answer) payment(t testing.TB) sandbox.Payment {
	t.Helper()
	var p sandbox.Payment
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil || p.ID == "" {
		t.Fatalf("no payment: %d %s", a.Status, a.Body)
	}
	return p
}

func (a answer) want(t testing.TB, status int, code string) answer {
	t.Helper()
	if a.Status != status || a.code() != code {
		t.Fatalf("want %d %q, got %d %s", status, code, a.Status, a.Body)
	}
	return a
}

// do sends one request and does not follow redirects; body is a JSON value, url.Values or nil.
func (k *kit) do(method, address string, body any, header ...string) answer {
	k.t.Helper()
	a, err := k.try(context.Background(), method, address, body, header...)
	if err != nil {
		k.t.Errorf("%s %s: %v", method, address, err) // not Fatal: many tests call from goroutines
	}
	return a
}

func (k *kit) try(ctx context.Context, method, address string, body any, header ...string) (answer, error) {
	var reader io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case url.Values:
		reader, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	case string:
		reader, kind = strings.NewReader(b), "application/json"
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		reader, kind = bytes.NewReader(encoded), "application/json"
	}
	if strings.HasPrefix(address, "/") {
		address = k.web.URL + address
	}
	req, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(read)}, err
}

// merchant calls the merchant API with the secret, and with a key of its own unless one is given.
func (k *kit) merchant(method, path string, body any, key ...string) answer {
	k.t.Helper()
	name := k.newKey()
	if len(key) > 0 {
		name = key[0]
	}
	return k.do(method, "/sandbox/v1/payments"+path, body, "Authorization", "Bearer "+secret, "Idempotency-Key", name)
}

type object = map[string]any

func (k *kit) request(payment string, amount int64) object {
	return object{"payment": payment, "order": "order-" + payment, "amount": amount, "currency": "EUR", "description": "Two seats",
		"return_url": "https://shop.example/orders/1", "webhook_url": k.shop.URL + "/hook"}
}

func (k *kit) open(payment string, amount int64) sandbox.Payment {
	k.t.Helper()
	return k.merchant("POST", "", k.request(payment, amount)).want(k.t, 201, "").payment(k.t)
}

func (k *kit) click(id, outcome string) answer {
	k.t.Helper()
	return k.do("POST", "/sandbox/pay/"+id, object{"outcome": outcome})
}

func (k *kit) authorized(payment string, amount int64) sandbox.Payment {
	k.t.Helper()
	p := k.open(payment, amount)
	k.click(p.ID, "paid").want(k.t, 200, "")
	return p
}

func (k *kit) captured(payment string, amount int64) sandbox.Payment {
	k.t.Helper()
	p := k.authorized(payment, amount)
	return k.merchant("POST", "/"+p.ID+"/capture", nil).want(k.t, 200, "").payment(k.t)
}

func (k *kit) get(id string) sandbox.Payment {
	k.t.Helper()
	return k.merchant("GET", "/"+id, nil).want(k.t, 200, "").payment(k.t)
}

func (k *kit) faults(f object) {
	k.t.Helper()
	k.do("PUT", "/sandbox/faults", f).want(k.t, 200, "")
}

// ledger is GET /sandbox/charges, and checks on the way what must always be true of it.
func (k *kit) ledger() []sandbox.Charge {
	k.t.Helper()
	var list struct{ Charges []sandbox.Charge }
	if err := json.Unmarshal([]byte(k.do("GET", "/sandbox/charges", nil).want(k.t, 200, "").Body), &list); err != nil {
		k.t.Fatal(err)
	}
	for _, c := range list.Charges {
		if c.Refunded > c.Captured || (c.Captured > 0) != (c.Status == sandbox.Captured) {
			k.t.Errorf("the ledger does not add up: %+v", c)
		}
	}
	var wrong int64
	if err := k.DB.Raw(`SELECT count(*) FROM sandbox.payments p WHERE refunded <>
		(SELECT coalesce(sum(r.amount), 0) FROM sandbox.refunds r WHERE r.payment_id = p.id)`).Scan(&wrong).Error; err != nil || wrong != 0 {
		k.t.Errorf("%d payments differ from their refunds, %v", wrong, err)
	}
	return list.Charges
}

// shop receives webhooks and checks each signature.
type shop struct {
	*httptest.Server
	t      testing.TB
	mu     sync.Mutex
	got    []sandbox.Event
	paths  []string
	refuse []int         // statuses to answer first
	stuck  chan struct{} // not nil: answers wait until it is closed
}

func newShop(t testing.TB) *shop {
	s := &shop{t: t}
	s.Server = httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if sign := r.Header.Get(sandbox.SignatureHeader); !genuine(sign, body) {
		s.t.Errorf("%s is signed %q", body, sign)
	}
	var e sandbox.Event
	if err := json.Unmarshal(body, &e); err != nil {
		s.t.Errorf("webhook %s: %v", body, err)
	}
	s.mu.Lock()
	s.got, s.paths = append(s.got, e), append(s.paths, r.URL.Path)
	stuck, status := s.stuck, http.StatusNoContent
	if len(s.refuse) > 0 {
		status, s.refuse = s.refuse[0], s.refuse[1:]
	}
	s.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

// genuine checks a signature as a merchant would, without the processor's own code.
func genuine(header string, body []byte) bool {
	at, v1, ok := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	mac := hmac.New(sha256.New, signingKey)
	mac.Write([]byte(at + "." + string(body)))
	seconds, err := strconv.ParseInt(at, 10, 64)
	return ok && err == nil && seconds >= testkit.Start.Unix() && v1 == hex.EncodeToString(mac.Sum(nil))
}

func (s *shop) events() []sandbox.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sandbox.Event(nil), s.got...)
}

// wait blocks until n webhooks have come.
func (s *shop) wait(n int) []sandbox.Event {
	s.t.Helper()
	testkit.Eventually(s.t, limit, fmt.Sprintf("%d webhooks at the shop", n), func() bool { return len(s.events()) >= n })
	return s.events()
}

func types(events []sandbox.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, strings.TrimPrefix(e.Type, "payment."))
	}
	return strings.Join(all, " ")
}
