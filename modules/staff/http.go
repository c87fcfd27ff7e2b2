package staff

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

const (
	logPage    = 100
	logPageMax = 500
)

// Routes registers the staff routes. Signing in and out stand outside the signed-in group.
func (s *Service) Routes(r request.Routes) {
	r.API.POST("/admin/session", s.signIn)
	r.API.DELETE("/admin/session", s.signOut)
	r.Admin.GET("/session", s.whoIsSignedIn)
	r.Admin.GET("/log", s.listLog)
}

type signInRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	TOTP     string `json:"totp"`
}

func (r signInRequest) check() error {
	fields := fault.Fields{}
	if r.Email == "" {
		fields["email"] = "is missing"
	}
	if r.Password == "" {
		fields["password"] = "is missing"
	}
	if len(r.Password) > longestPassword {
		fields["password"] = "is too long"
	}
	if r.TOTP != "" {
		fields["totp"] = "not available yet"
	}
	return fields.Err()
}

type signInResponse struct {
	Token string `json:"token"`
	CSRF  string `json:"csrf"`
}

// signIn answers POST /admin/session.
func (s *Service) signIn(c echo.Context) error {
	var req signInRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	opened, err := s.SignInBrowser(c, req.Email, req.Password)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusCreated, signInResponse(opened))
}

// signOut answers DELETE /admin/session; whoever is not signed in gets what they asked for as well.
func (s *Service) signOut(c echo.Context) error {
	if err := s.SignOutBrowser(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// whoIsSignedIn answers GET /admin/session. A page that outlived its session learns the csrf of the next one here.
func (s *Service) whoIsSignedIn(c echo.Context) error {
	who, _ := request.StaffOf(c)
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, map[string]string{"email": who.Email, "csrf": CSRF(c)})
}

type entryResponse struct {
	ID      string     `json:"id"`
	At      clock.Time `json:"at"`
	Email   string     `json:"email"`
	Action  string     `json:"action"`
	Subject string     `json:"subject"`
	Detail  any        `json:"detail"`
	IP      string     `json:"ip"`
}

type logResponse struct {
	Entries []entryResponse `json:"entries"`
}

// listLog answers GET /admin/log.
func (s *Service) listLog(c echo.Context) error {
	before, limit, err := logQuery(c)
	if err != nil {
		return err
	}
	list, err := s.Entries(c.Request().Context(), before, limit)
	if err != nil {
		return err
	}
	res := logResponse{Entries: make([]entryResponse, len(list))}
	for i, e := range list {
		res.Entries[i] = entryResponse{ID: strconv.FormatInt(e.ID, 10), At: clock.Time(e.At), Email: e.Email,
			Action: e.Action, Subject: e.Subject, Detail: e.Detail, IP: e.IP}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, res)
}

func logQuery(c echo.Context) (before int64, limit int, err error) {
	fields, limit := fault.Fields{}, logPage
	if text := c.QueryParam("before"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			fields["before"] = "is no id of this log"
		}
	}
	if text := c.QueryParam("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > logPageMax {
			fields["limit"] = "must be 1 to 500"
		}
	}
	return before, limit, fields.Err()
}
