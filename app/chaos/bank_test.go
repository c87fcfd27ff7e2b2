package chaos

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/testkit"
	bysandbox "fairseat/modules/checkout/provider/sandbox"
	"fairseat/modules/checkout/sandbox"
)

// webhookKey is shared by the product and the processor.
var webhookKey = func() keyring.Key {
	secret := sha256.Sum256([]byte("a key of webhooks for storms"))
	return keyring.Key{ID: "chaos", Secret: secret[:]}
}()

// bank is the payment processor: a third party over HTTP, outside of every process that is killed, whose ledger is the
// truth about money.
type bank struct {
	*sandbox.Processor
	db  *gorm.DB
	web *httptest.Server

	refusesRefunds atomic.Bool // M7
	dropsAnswers   atomic.Bool // M2: every third answer to a merchant's POST is lost after its effect
	posts          atomic.Int64
}

func openBank(t testing.TB, g *ground) *bank {
	t.Helper()
	b := &bank{}
	_, b.db = database(t, g.bank)
	b.Processor = sandbox.New(sandbox.Deps{
		DB: b.db, Clock: clock.System{}, Log: testkit.Logger(t), Secret: bysandbox.MerchantSecret(webhookKey), SigningKey: webhookKey.Secret,
		PublicURL: func() string { return b.web.URL }, Loopback: func() bool { return true },
	})
	e := echo.New()
	e.HTTPErrorHandler = problem
	b.Routes(e.Group(""), func(echo.HandlerFunc) echo.HandlerFunc {
		return func(echo.Context) error { return fault.New(fault.Unauthorized, "not-signed-in", "Sign in first.") }
	})
	b.web = httptest.NewServer(b.misbehaving(e))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		b.web.CloseClientConnections()
		b.web.Close()
	})
	return b
}

// misbehaving adds what the sandbox's own faults do not have.
func (b *bank) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		merchant := r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/sandbox/v1/")
		switch {
		case merchant && b.refusesRefunds.Load() && strings.HasSuffix(r.URL.Path, "/refunds"):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = w.Write([]byte(`{"code":"no-funds"}`))
		case merchant && b.dropsAnswers.Load() && b.posts.Add(1)%3 == 0:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the connection breaks instead of an answer
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// problem is what the client of a processor reads of a refusal.
func problem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.Invalid: 422, fault.TooMany: 429, fault.Unavailable: 503}
	code, kind := 500, "internal"
	var own *echo.HTTPError
	if f := fault.As(err); f != nil {
		if n, ok := status[f.Kind]; ok {
			code = n
		}
		kind = f.Code
	} else if errors.As(err, &own) {
		code = own.Code
	}
	_ = c.JSON(code, map[string]string{"code": kind})
}

// charge is a line of the ledger.
type charge struct {
	ID, Payment, OrderID, Status string
	Amount, Captured, Refunded   int64
	Dispute                      string
}

// back is what the payer has again: all of it, when their bank says so.
func (c charge) back() int64 {
	if c.Dispute == "lost" {
		return c.Captured
	}
	return c.Refunded
}

func (b *bank) ledger() (all []charge, err error) {
	err = b.db.Raw(`SELECT id, payment, order_id, status, amount, captured, refunded, dispute FROM sandbox.payments ORDER BY n`).Scan(&all).Error
	return all, err
}
