package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// joinPages are the steps of joining a line that asks for something, one form each. Where scripts run, join.js puts the
// same forms into the event's page.
func (a *App) joinPages(r request.Routes) {
	resolve := a.seating.ResolveEvent()
	r.Root.GET("/events/:event/join", a.joinPage, resolve)
	r.Root.POST("/events/:event/join", a.joinByForm, resolve)
}

// joinForm is one step of joining: what is asked, what was typed, and what was wrong with it.
type joinForm struct {
	Slug string
	// Step is "" for what the line asks of everyone, "code" for the code of a mail, "proof" for a challenge, "mail" for the
	// way in by an address, "confirmed" for an address that waits for the room to open.
	Step                    string
	AsksEmail, AsksAccess   bool
	Lanes                   bool // a code is welcome, and not asked for
	Drawn                   bool // a code makes nobody part of the draw any more; it still leads back to its place
	Work                    bool // a challenge will be asked for
	Early                   bool // worth sending before the waiting room opens
	Hidden                  bool // there is nothing to join now
	Email, Access, Code     string
	Said                    string // what happened, in words
	EmailError, AccessError string
	CodeError, Challenge    string
}

// Asks tells whether joining takes more than a click.
func (f joinForm) Asks() bool {
	return f.Step != "" || f.AsksEmail || f.AsksAccess || f.Lanes || f.Work
}

// newJoinForm is the first step: it asks only for what this line needs.
func newJoinForm(slug string, required queue.Requirements, phase string) joinForm {
	f := joinForm{
		Slug: slug, AsksEmail: required.Identity == queue.IdentityEmail, AsksAccess: required.Identity == queue.IdentityAccessCode,
		Lanes: required.Lanes && required.Identity != queue.IdentityAccessCode, Work: required.ProofOfWork,
	}
	f.Drawn = phase != queue.PhaseAnnounced && phase != queue.PhasePrequeue
	f.Early = f.AsksEmail // an address can be confirmed before
	f.Hidden = phase == queue.PhaseEnded || (phase == queue.PhaseAnnounced && !f.Early)
	return f
}

func (a *App) joinPage(c echo.Context) error {
	ctx, event := c.Request().Context(), request.EventOf(c)
	required, err := a.queue.Requirements(ctx, event.ID)
	if err != nil {
		return err
	}
	phase, err := a.queue.Phase(ctx, event.ID)
	if err != nil {
		return err
	}
	f := newJoinForm(event.Slug, required, phase)
	if c.QueryParam("by") == "mail" && required.Identity == queue.IdentityNone {
		f.Step, f.Hidden = "mail", phase == queue.PhaseEnded
	}
	return a.showJoin(c, http.StatusOK, f)
}

// joinByForm answers POST /events/:event/join: 303 to the place, or the next step with the status of the API.
func (a *App) joinByForm(c echo.Context) error {
	application, err := queue.ReadApplication(c)
	if err != nil {
		return err
	}
	_, err = a.queue.Apply(c, application)
	if err == nil {
		c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
		return c.Redirect(http.StatusSeeOther, "/events/"+request.EventOf(c).Slug+"/place")
	}
	f, refused, err := a.nextStep(c, application, err)
	if err != nil {
		return err
	}
	(&refusal{fault: refused}).header(c)
	return a.showJoin(c, statusOf[refused.Kind], f)
}

// nextStep is the form that answers a refusal, with what was typed in it; an error that no form answers comes back.
func (a *App) nextStep(c echo.Context, typed queue.Application, refusal error) (joinForm, *fault.Error, error) {
	ctx, event := c.Request().Context(), request.EventOf(c)
	refused := fault.As(refusal)
	if refused == nil || refused.Kind == fault.Internal || refused.Kind == fault.Unavailable || refused.Kind == fault.Unauthorized {
		return joinForm{}, nil, refusal
	}
	required, err := a.queue.Requirements(ctx, event.ID)
	if err != nil {
		return joinForm{}, nil, err
	}
	phase, err := a.queue.Phase(ctx, event.ID)
	if err != nil {
		return joinForm{}, nil, err
	}
	say := &speaker{words: a.pages.Words("waiting")}
	f := newJoinForm(event.Slug, required, phase)
	f.Email, f.Access = typed.Email, typed.AccessCode
	a.answer(&f, say, typed, refused)
	return f, refused, say.err
}

// answer turns a form into the one that a refusal asks for.
func (a *App) answer(f *joinForm, say *speaker, typed queue.Application, refused *fault.Error) {
	// What was typed last stays the step, whatever is wrong with it.
	switch {
	case typed.Code != "" && typed.Email != "":
		f.Step, f.Code = "code", typed.Code
	case typed.Email != "" && !f.AsksEmail && !f.AsksAccess:
		f.Step = "mail"
	}
	switch refused.Code {
	case queue.ErrCodeRequired.Code:
		f.Step, f.Said = "code", say.t("join.code-sent", "email", refused.Facts["email"])
	case queue.ErrProofRequired.Code:
		challenge, err := json.Marshal(refused.Facts["challenge"])
		say.keep("", err)
		f.Step, f.Challenge, f.Email = "proof", string(challenge), ""
	case queue.ErrBadCode.Code:
		switch {
		case typed.Code == "":
			f.AccessError = say.t("join.bad-access")
		case typed.Email == "": // the pass of a mail's link
			f.Said = say.t("join.bad-link")
		default:
			f.CodeError = say.t("join.bad-code")
		}
	case fault.ErrBadField.Code:
		f.EmailError = say.t("join.bad-email")
	case queue.ErrEmailRequired.Code:
		f.EmailError = say.t("join.no-email")
	case queue.ErrAccessCodeRequired.Code:
		f.AccessError = say.t("join.no-access")
	case queue.ErrNoLane.Code:
		f.AccessError = say.t("join.no-lane")
	case queue.ErrNotYet.Code:
		if _, confirmed := refused.Facts["pass"]; confirmed {
			f.Step, f.Hidden, f.Early, f.AsksEmail = "confirmed", true, false, false // the pass says it all
			f.Said = say.t("join.confirmed")
		}
	case queue.ErrEnded.Code:
		f.Hidden = true
	case queue.ErrSlowDown.Code:
		f.Said = say.t("join.many-tries")
		switch _, byMail := refused.Facts["ways"]; {
		case byMail:
			f.Step, f.Said = "mail", say.t("join.full")
		case refused.Facts["reason"] == "email" && typed.Code == "":
			f.Said = say.t("join.many-mails")
		case refused.Facts["reason"] == "email":
			f.Said = say.t("join.use-link")
		case refused.Facts["reason"] == "event":
			f.Said = say.t("join.rush")
		}
	}
}

// showJoin answers with the page of one step.
func (a *App) showJoin(c echo.Context, status int, f joinForm) error {
	event, err := a.seating.Event(c.Request().Context(), request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	data, err := a.joinData(c.Request().Context(), event)
	if err != nil {
		return err
	}
	data["Join"] = f
	return a.render(c, status, "waiting/join", data)
}

// joinData is what stands above the form: the event, and how its line stands.
func (a *App) joinData(ctx context.Context, event *seating.Event) (map[string]any, error) {
	phase, draws, reason := "", true, ""
	if line, err := a.queue.Figures(ctx, event.ID); err == nil {
		phase, draws, reason = line.Phase, line.Draws, line.Reason
	} else if phase, err = a.queue.Phase(ctx, event.ID); err != nil {
		return nil, errors.Join(err)
	}
	data, say := a.eventData(ctx, event), &speaker{words: a.pages.Words("waiting")}
	shares := a.shares(ctx, say, event.ID)
	a.door(data, say, event, phase, draws, len(shares) > 0, reason)
	data["Lanes"] = shares
	return data, say.err
}
