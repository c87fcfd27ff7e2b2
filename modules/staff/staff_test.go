package staff_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/limit"
	"fairseat/app/request"
	"fairseat/app/testkit"
	"fairseat/modules/staff"
)

const (
	ada      = "ada@example.org"
	password = "correct horse battery"
)

// office is a Fairseat with the staff module alone, and one account: ada's.
type office struct {
	*testkit.Kit
	t     testing.TB
	staff *staff.Service
	echo  *echo.Echo
}

func newOffice(t testing.TB, change ...func(*staff.Deps)) *office {
	t.Helper()
	k := testkit.New(t)
	d := staff.Deps{DB: k.DB, Clock: k.Clock, Log: k.Log, PublicURL: "http://127.0.0.1:8080", PerIP: 1000,
		Limits: limit.New(k.Redis, k.Prefix, k.Clock, k.Log)}
	for _, f := range change {
		f(&d)
	}
	o := &office{Kit: k, t: t, staff: staff.New(d), echo: echo.New()}
	o.echo.HTTPErrorHandler = answer
	api := o.echo.Group("/api/v1")
	admin := o.echo.Group("/api/v1/admin", o.staff.RequireStaff())
	o.staff.Routes(request.Routes{API: api, Admin: admin})
	whoami := func(c echo.Context) error {
		who, _ := request.StaffOf(c)
		return c.JSON(http.StatusOK, map[string]any{"id": who.ID, "email": who.Email, "role": who.Role, "identity": request.IdentityOf(c)})
	}
	admin.GET("/whoami", whoami)
	admin.POST("/whoami", whoami)
	if err := o.staff.AddAccount(t.Context(), ada, password); err != nil {
		t.Fatal(err)
	}
	return o
}

// answer is as much of app/problem.go as these tests look at.
func answer(err error, c echo.Context) {
	f := fault.As(err)
	if f == nil {
		_ = c.String(http.StatusInternalServerError, err.Error())
		return
	}
	status := map[fault.Kind]int{fault.Bad: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.Invalid: 422,
		fault.Unsupported: 415, fault.TooMany: 429, fault.Unavailable: 503, fault.TooLarge: 413}[f.Kind]
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	_ = c.JSON(status, map[string]any{"code": f.Code, "detail": f.Detail, "fields": f.Facts["fields"]})
}

// reply is what came back, read once.
type reply struct {
	*httptest.ResponseRecorder
	body map[string]any
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

func (r reply) cookie(name string) *http.Cookie {
	for _, c := range r.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

type option func(*http.Request)

func bearer(token string) option {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func cookie(token string) option {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "fs_staff", Value: token}) }
}

func header(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func from(ip string) option { return func(r *http.Request) { r.RemoteAddr = ip } }

func (o *office) do(method, path, body string, options ...option) reply {
	o.t.Helper()
	r := httptest.NewRequest(method, "/api/v1/admin"+path, io.NopCloser(strings.NewReader(body)))
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range options {
		f(r)
	}
	w := httptest.NewRecorder()
	o.echo.ServeHTTP(w, r)
	res := reply{ResponseRecorder: w}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &res.body); err != nil {
			o.t.Fatalf("%s %s: %d %q", method, path, w.Code, w.Body)
		}
	}
	return res
}

func (o *office) login(email, password string, options ...option) reply {
	o.t.Helper()
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		o.t.Fatal(err)
	}
	return o.do("POST", "/session", string(body), options...)
}

func (o *office) mustLogin(options ...option) (token, csrf string) {
	o.t.Helper()
	r := o.login(ada, password, options...)
	if r.Code != http.StatusCreated {
		o.t.Fatalf("sign in: %d %s", r.Code, r.Body)
	}
	return r.body["token"].(string), r.body["csrf"].(string)
}

func want(t testing.TB, what string, r reply, status int, code string) {
	t.Helper()
	if r.Code != status || r.code() != code {
		t.Errorf("%s: %d %q, want %d %q (%s)", what, r.Code, r.code(), status, code, r.Body)
	}
}
