package queue

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/fault"
	"fairseat/app/request"
)

type handler struct{ queue *Service }

// Routes registers the waiting room's addresses.
func (s *Service) Routes(r request.Routes) {
	h := &handler{s}
	r.Event.GET("/queue/now", h.now)
	r.Event.POST("/queue", h.join)
	r.Event.GET("/queue/log", h.fairnessLog)
	r.Place.GET("/queue/me", h.me)
	r.Place.POST("/queue/admission", h.enter)
	r.Place.DELETE("/queue/admission", h.leave)

	r.AdminEvent.POST("/queue/open", h.throw(s.Open))
	r.AdminEvent.POST("/queue/pause", h.throw(s.Pause))
	r.AdminEvent.POST("/queue/resume", h.throw(s.Resume))
	r.AdminEvent.POST("/queue/end", h.throw(s.End))
	r.AdminEvent.PUT("/queue/message", h.say)
	r.AdminEvent.GET("/queue/log", h.fairnessLog)
	r.AdminEvent.POST("/queue/beacon", h.moveBeacon)
}

// now answers GET /events/:event/queue/now: the same bytes for everyone, so a cache may stand in front of it.
func (h *handler) now(c echo.Context) error {
	now := h.queue.clock.Now()
	m, err := h.queue.momentAt(c.Request().Context(), request.EventOf(c).ID, now)
	if err != nil {
		return err
	}
	answer := c.Response()
	header := answer.Header()
	header[echo.HeaderCacheControl], header[echo.HeaderContentType] = nowControl, nowType
	// A page corrects "now" by the age: an answer from before an outage is as old as it is.
	if age := now.Sub(m.at); age >= freshFor {
		header.Set("Age", strconv.Itoa(int(age.Seconds())))
	}
	answer.WriteHeader(http.StatusOK)
	_, err = answer.Write(m.body)
	return err
}

// The headers of /queue/now, made once: it is the answer that everybody asks for.
var nowControl, nowType = []string{"public, max-age=1, stale-if-error=600"}, []string{echo.MIMEApplicationJSON}

type joinRequest struct {
	Proof      string `json:"proof"`
	Email      string `json:"email"`
	Code       string `json:"code"`
	AccessCode string `json:"access_code"`
}

type joinResponse struct {
	Place    string     `json:"place"`
	Cohort   string     `json:"cohort"`
	Index    int64      `json:"index"`
	Lane     int        `json:"lane,omitempty"` // its number from 1, for whoever takes part in the draw in one
	JoinedAt clock.Time `json:"joined_at"`
	Mailed   *bool      `json:"mailed,omitempty"`
	Ignored  []string   `json:"ignored,omitempty"` // fields of the request that count for nothing in this line
}

// join answers POST /events/:event/queue. Who has a place keeps it; an invalid cookie is replaced, an invalid Bearer,
// which somebody put there on purpose, is refused.
func (h *handler) join(c echo.Context) error {
	application, err := ReadApplication(c)
	if err != nil {
		return err
	}
	j, err := h.queue.Apply(c, application)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	if request.IsForm(c) {
		return c.Redirect(http.StatusSeeOther, "/events/"+request.EventOf(c).Slug+"/place")
	}
	status := http.StatusOK
	if j.Fresh {
		status = http.StatusCreated
	}
	p := j.Place
	body, err := json.Marshal(joinResponse{j.Token, p.Cohort.String(), p.Index, p.Cohort.Lane(), clock.Time(p.JoinedAt), j.Mailed, j.Ignored})
	if err != nil {
		return err
	}
	return c.JSONBlob(status, body) // c.JSON would read the address first, whether it asks for line breaks
}

// ReadApplication reads the body of a request to join: JSON, a form, or none.
func ReadApplication(c echo.Context) (Application, error) {
	var body joinRequest
	if !request.IsForm(c) {
		err := request.Decode(c, &body)
		return Application(body), err
	}
	form, err := c.FormParams()
	if err != nil {
		return Application{}, request.BodyError(err)
	}
	fields := map[string]*string{"proof": &body.Proof, "email": &body.Email, "code": &body.Code, "access_code": &body.AccessCode}
	for name := range form {
		to, ok := fields[name]
		if !ok {
			return Application{}, request.ErrBadBody.Say("The form has a field that this address does not take: " + strconv.Quote(name) + ".")
		}
		*to = form.Get(name)
	}
	return Application(body), nil
}

type meResponse struct {
	Cohort      string     `json:"cohort"`
	Index       int64      `json:"index"`
	Lane        int        `json:"lane,omitempty"`
	Position    *int64     `json:"position"`
	Ahead       *int64     `json:"ahead"`
	State       string     `json:"state"`
	Wait        *waitRange `json:"wait"`
	PollAfterMS int64      `json:"poll_after_ms"`
	Ended       bool       `json:"ended"`
}

// me answers GET /events/:event/queue/me.
func (h *handler) me(c echo.Context) error {
	p, _ := request.PlaceOf(c)
	st, err := h.queue.Standing(c.Request().Context(), p.EventID, p.Key)
	if err != nil {
		return err
	}
	response := meResponse{st.Cohort.String(), st.Index, st.Cohort.Lane(), st.Position, st.Ahead, st.State, nil, st.Poll.Milliseconds(), st.Ended}
	if st.P10 != nil {
		response.Wait = &waitRange{*st.P10, *st.P90}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, response)
}

type enterResponse struct {
	AdmittedUntil clock.Time `json:"admitted_until"`
}

// enter answers POST /events/:event/queue/admission.
func (h *handler) enter(c echo.Context) error {
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	p, _ := request.PlaceOf(c)
	device, err := deviceOf(c)
	if err != nil {
		return err
	}
	if err := h.queue.mayEnter(c.Request().Context(), p.EventID, p.Key, device); err != nil {
		return err
	}
	a, err := h.queue.Enter(c.Request().Context(), p.EventID, p.Key)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if a.Again {
		status = http.StatusOK
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, enterResponse{clock.Time(a.Until)})
}

// leave answers DELETE /events/:event/queue/admission.
func (h *handler) leave(c echo.Context) error {
	p, _ := request.PlaceOf(c)
	if err := h.queue.Leave(c.Request().Context(), p.EventID, p.Key); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// longest texts of staff, in bytes.
const (
	longestReason  = 500
	longestMessage = 2000
)

type switchRequest struct {
	Reason string `json:"reason"`
}

type switchResponse struct {
	Phase string `json:"phase"`
}

// throw answers POST /admin/events/:event/queue/{open,pause,resume,end}.
func (h *handler) throw(do staffSwitch) echo.HandlerFunc {
	return func(c echo.Context) error {
		var req switchRequest
		if err := request.Decode(c, &req); err != nil {
			return err
		}
		if err := short("reason", req.Reason, longestReason); err != nil {
			return err
		}
		ctx, event := c.Request().Context(), request.EventOf(c)
		who, _ := request.StaffOf(c)
		if err := do(ctx, event, who, c.RealIP(), req.Reason); err != nil {
			return err
		}
		phase, err := h.queue.Phase(ctx, event.ID)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, switchResponse{phase})
	}
}

type messageRequest struct {
	Message *string `json:"message"`
}

// say answers PUT /admin/events/:event/queue/message.
func (h *handler) say(c echo.Context) error {
	var req messageRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	message := ""
	if req.Message != nil {
		message = *req.Message
	}
	if err := short("message", message, longestMessage); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := h.queue.Say(c.Request().Context(), request.EventOf(c), who, c.RealIP(), message); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, messageRequest{req.Message})
}

func short(field, text string, longest int) error {
	if len(text) > longest {
		return fault.Fields{field: "is longer than " + strconv.Itoa(longest) + " bytes"}.Err()
	}
	return nil
}
