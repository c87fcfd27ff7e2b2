package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/keyring"
	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider/providertest"
	"fairseat/modules/checkout/sandbox"
)

func TestSandboxKeepsTheContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, func(t *testing.T) *providertest.Bench {
		k, e, line := testkit.New(t), echo.New(), &providertest.Line{}
		key := keyring.Key{ID: "k", Secret: []byte("shared")}
		e.HTTPErrorHandler = problem
		web := httptest.NewServer(line.Before(e))
		t.Cleanup(web.Close)
		base := func() string { return web.URL }
		third := sandbox.New(sandbox.Deps{DB: k.DB, Clock: k.Clock, Log: k.Log, Secret: MerchantSecret(key), SigningKey: key.Secret, PublicURL: base,
			Loopback: func() bool { return true }})
		third.Routes(e.Group(""), nil)
		client := New(Config{BaseURL: base, Secret: MerchantSecret(key), SigningKeys: [][]byte{[]byte("newer"), key.Secret}, Clock: k.Clock})
		forge := func(body []byte) http.Header {
			return http.Header{signatureHeader: {sandbox.Sign(key.Secret, k.Clock.Now(), body)}}
		}
		return &providertest.Bench{
			Provider: client, Clock: k.Clock, LoseAnswer: line.LoseAnswer, Heal: line.Heal, Away: line.Away, Forge: forge,
			Pay: func(t *testing.T, ref string) bool {
				st, err := client.Read(context.Background(), ref)
				if err != nil {
					t.Fatal(err)
				}
				res, err := http.Post(st.URL, "application/json", strings.NewReader(`{"outcome":"paid"}`))
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				return res.StatusCode == http.StatusOK
			},
			Webhook: func(_ *testing.T, ref string) (http.Header, []byte) {
				body := fmt.Appendf(nil, `{"id":"evt_1","type":"payment.authorized","payment":{"id":%q,"payment":"x"}}`, ref)
				return forge(body), body
			},
		}
	})
}

// problem is the little of app/problem.go that a client reads.
func problem(err error, c echo.Context) {
	f, status := fault.As(err), 500
	if f == nil {
		_ = c.JSON(status, map[string]any{"code": "internal"})
		return
	}
	if s, ok := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.NotFound: 404, fault.Conflict: 409, fault.Invalid: 422, fault.Unavailable: 503}[f.Kind]; ok {
		status = s
	}
	_ = c.JSON(status, map[string]any{"code": f.Code})
}
