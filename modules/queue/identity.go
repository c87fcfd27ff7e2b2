package queue

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/address"
	"fairseat/app/request"
)

// Who may join a line. Whoever says who they are has one place there, the same on every device.
const (
	IdentityNone       = "none"        // anybody; a line may ask for proof of work
	IdentityEmail      = "email"       // whoever can read a code mailed to an address
	IdentityAccessCode = "access_code" // whoever was given a code: presales
)

var identities = []string{IdentityNone, IdentityEmail, IdentityAccessCode}

// Application is what somebody brings to join; what is empty was not brought.
type Application struct {
	Proof      string // the solution of a challenge, as ALTCHA writes it
	Email      string
	Code       string // from a mail, or the pass that a right one gave
	AccessCode string
}

// Joined is a place, and how it was come by.
type Joined struct {
	Place  Place
	Token  string
	Fresh  bool  // it was made just now
	Mailed *bool // whether the link was mailed; nil when nobody asked
	// Ignored names what was brought and counts for nothing here, so that nobody believes it did.
	Ignored []string
}

// applicant is an Application that was looked at: who it is, if that is known, and where to write to.
type applicant struct {
	person []byte   // nil: anybody
	before [][]byte // the same person under older keys
	email  string   // "" for none
	lane   int      // of an access code; 0 is the line itself
}

// Requirements are what a line asks of whoever joins.
type Requirements struct {
	Identity    string
	ProofOfWork bool
	Lanes       bool // an access code may put one into a lane
}

func requirementsOf(row *lineRow) Requirements {
	return Requirements{row.Identity, row.ProofOfWork, len(row.Lanes) > len("[]")}
}

// Requirements are what the line asks now: what staff changed here counts at once, what they changed on another replica within
// seconds. While Postgres is away nobody waits for it: what was known goes on.
func (s *Service) Requirements(ctx context.Context, eventID int64) (Requirements, error) {
	r, now := s.room(eventID), s.clock.Now()
	row, fresh, soon := r.requiredRow(now)
	if fresh {
		return requirementsOf(row), nil
	}
	again := func(ctx context.Context) error {
		_, _, err := s.eventAndRow(ctx, eventID)
		return err
	}
	if soon {
		s.flights.DoChan("requirements "+strconv.FormatInt(eventID, 10), func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return nil, again(ctx)
		})
		return requirementsOf(row), nil
	}
	err := s.together(ctx, "requirements", eventID, again)
	if row, _, _ := r.requiredRow(now); row != nil {
		return requirementsOf(row), nil
	}
	return Requirements{}, away(err)
}

// requiredRow is the row as last read; fresh when that is good enough, soon when somebody has asked lately whether it still
// is. The first to be told neither is the one who asks.
func (r *room) requiredRow(now time.Time) (row *lineRow, fresh, soon bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh = r.row != nil && now.Sub(r.rowAt) < freshFor
	soon = r.row != nil && now.Sub(r.rowTried) < 10*freshFor
	if !fresh && !soon {
		r.rowTried = now
	}
	return r.row, fresh, soon
}

// Apply gives a request its place: the one it has, or a new one if its application is good enough for this line. It sets
// the cookies. An invalid cookie is replaced; an invalid Bearer, which somebody put there on purpose, is ErrBadPlace.
// An address that is brought along is kept with the place and the place's link mailed there.
func (s *Service) Apply(c echo.Context, a Application) (Joined, error) {
	ctx, event := c.Request().Context(), request.EventOf(c)
	place, _, fromCookie, err := s.presented(c)
	switch {
	case err == nil:
		if err := s.movedHere(c, event, place); err != nil {
			return Joined{}, err
		}
		// Signed by the newest key: a place outlives the key it was signed with before.
		j := Joined{Place: place, Token: place.Sign(s.keys)}
		if a.Email != "" {
			mailed := true
			if err := s.mailLink(ctx, event, place, a.Email, c.RealIP()); err != nil {
				return Joined{}, err
			}
			j.Mailed = &mailed
		}
		s.setCookie(c, event.Slug, j.Token)
		return j, nil
	case errors.Is(err, ErrBadPlace) && !fromCookie:
		return Joined{}, err
	}
	required, err := s.Requirements(ctx, event.ID)
	if err != nil {
		return Joined{}, err
	}
	who, err := s.examine(c, event, required, a)
	if err != nil {
		return Joined{}, err
	}
	j := Joined{Fresh: true}
	if strings.TrimSpace(a.AccessCode) != "" && required.Identity != IdentityAccessCode && !required.Lanes {
		j.Ignored = []string{"access_code"}
	}
	if who.person == nil {
		j.Place, err = s.Join(ctx, event.ID)
	} else {
		j.Place, j.Fresh, err = s.joinPerson(ctx, event.ID, who)
	}
	if err != nil {
		return Joined{}, s.early(c, event, who, err)
	}
	if !j.Fresh { // the place of before, on another device
		if err := s.movedHere(c, event, j.Place); err != nil {
			return Joined{}, err
		}
	}
	j.Token = j.Place.Sign(s.keys)
	s.setCookie(c, event.Slug, j.Token)
	if who.email != "" {
		j.Mailed = s.welcome(ctx, event, required, j.Place, who.email, c.RealIP())
	}
	return j, nil
}

// movedHere makes the device of a request, if it names one, the one that may enter with a place.
func (s *Service) movedHere(c echo.Context, event request.Event, p Place) error {
	device, err := deviceOf(c)
	if err != nil || device == "" {
		return err
	}
	return s.moveTo(c.Request().Context(), event.ID, p.Key(), device)
}

// examine lets an application through, or says what is missing.
func (s *Service) examine(c echo.Context, event request.Event, required Requirements, a Application) (applicant, error) {
	ctx := c.Request().Context()
	switch {
	case required.Identity == IdentityAccessCode, required.Lanes && strings.TrimSpace(a.AccessCode) != "":
		return s.byAccessCode(ctx, event, a, c.RealIP())
	case required.Identity == IdentityEmail, a.Code != "":
		return s.byMail(c, event, a)
	}
	if a.Proof == "" {
		if email, ok := s.passOf(c, event); ok && (a.Email == "" || address.Normal(a.Email) == address.Normal(email)) {
			return s.mailed(email), nil // they were verified here before
		}
	}
	if a.Email == "" {
		return applicant{}, s.charge(ctx, event, required.ProofOfWork, a.Proof, c.RealIP())
	}
	if err := checkEmail(a.Email); err != nil {
		return applicant{}, err
	}
	// A verified address stands in for work that was not done, and for whatever a network has spent.
	if required.ProofOfWork && a.Proof == "" {
		return s.byMail(c, event, a)
	}
	err := s.charge(ctx, event, required.ProofOfWork, a.Proof, c.RealIP())
	if errors.Is(err, ErrSlowDown) {
		return s.byMail(c, event, a)
	}
	return applicant{email: a.Email}, err
}

// charge takes what joining costs anybody: one of their network's joins and, where the line asks for it, a piece of work,
// which is spent only when both are there. ErrSlowDown says what the network has spent: joins, or challenges.
func (s *Service) charge(ctx context.Context, event request.Event, work bool, proof, ip string) error {
	if !work {
		return s.spend(ctx, ip)
	}
	serial, ok := s.readProof(event.ID, ip, proof)
	if !ok {
		return s.challenge(ctx, event, ip)
	}
	if err := s.spend(ctx, ip); err != nil {
		return err
	}
	fresh, err := s.proofs.redeem(ctx, event.ID, serial)
	switch {
	case err != nil:
		return away(err)
	case !fresh:
		return s.challenge(ctx, event, ip)
	}
	return nil
}
