package app

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/app/money"
	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/checkout"
)

// matchPatience is how long somebody waits for the ledgers to be matched; a long matching goes on without them.
const matchPatience = 20 * time.Second

// matchResponse is how far matching the processors' ledgers is.
type matchResponse struct {
	BeganAt clock.Time `json:"began_at"`
	EndedAt clock.Time `json:"ended_at"` // null while it runs
	Since   clock.Time `json:"since"`
	Charges int        `json:"charges"` // lines of the ledgers
	Settled int        `json:"settled"`
	Orphans int        `json:"orphans"`
	Problem string     `json:"problem,omitempty"`
}

func newMatchResponse(m checkout.LedgerMatch) matchResponse {
	r := matchResponse{BeganAt: clock.Time(m.BeganAt), Since: clock.Time(m.Since), Charges: m.Charges, Settled: m.Settled, Orphans: m.Orphans, Problem: m.Problem}
	if m.EndedAt != nil {
		r.EndedAt = clock.Time(*m.EndedAt)
	}
	return r
}

// matchNow begins to match everything, and waits a while for the end. One at a time: whoever comes while it runs sees how
// it does.
func (a *App) matchNow(ctx context.Context) (checkout.LedgerMatch, error) {
	if !a.matching.TryLock() {
		return a.lastMatch(ctx)
	}
	ended := make(chan error, 1)
	go func() {
		defer a.matching.Unlock()
		_, err := a.checkout.MatchLedger(context.WithoutCancel(ctx), checkout.LedgerSpan)
		if err != nil {
			a.log.Warn("the ledgers could not all be matched", "error", err)
		}
		ended <- err
	}()
	timer := time.NewTimer(matchPatience)
	defer timer.Stop()
	select {
	case <-ended: // what went wrong stands in the last match
	case <-timer.C:
	case <-ctx.Done():
	}
	return a.lastMatch(ctx)
}

func (a *App) lastMatch(ctx context.Context) (m checkout.LedgerMatch, err error) {
	last, err := a.checkout.LastMatches(ctx, 1)
	if err == nil && len(last) > 0 {
		m = last[0]
	}
	return m, err
}

// matchLedger answers POST /api/v1/admin/ledger/match.
func (a *App) matchLedger(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	if err := request.Decode(c, &struct{}{}); err != nil {
		return err
	}
	who, _ := request.StaffOf(c)
	if err := a.staff.Note(c.Request().Context(), nil, who, c.RealIP(), "ledger.match", "", nil); err != nil {
		return err
	}
	m, err := a.matchNow(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, newMatchResponse(m))
}

// matchForm answers POST /admin/ledger/match.
func (a *App) matchForm(c echo.Context) error {
	who, _ := request.StaffOf(c)
	if err := a.staff.Note(c.Request().Context(), nil, who, c.RealIP(), "ledger.match", "", nil); err != nil {
		return err
	}
	if _, err := a.matchNow(c.Request().Context()); err != nil {
		return err
	}
	return done(c, "/admin/audit", "match")
}

// matchView is the last matching in words.
type matchView struct {
	When          time.Time
	Said, Problem string
}

func (a *App) matchView(ctx context.Context) (*matchView, error) {
	m, err := a.lastMatch(ctx)
	if err != nil || m.ID == 0 {
		return nil, err
	}
	v := &matchView{When: m.BeganAt.UTC(), Problem: m.Problem}
	if m.EndedAt == nil {
		v.Said = "It is running."
		return v, nil
	}
	v.Said = words.Number(int64(m.Charges)) + " payments compared"
	if m.Charges == 1 {
		v.Said = "1 payment compared"
	}
	if m.Settled > 0 {
		v.Said += ", " + words.Number(int64(m.Settled)) + " looked at because the two differed"
	}
	if m.Orphans > 0 {
		v.Said += ", " + words.Number(int64(m.Orphans)) + " of nobody found"
	}
	v.Said += "."
	return v, nil
}

// strayMoney is an orphan, for people.
type strayMoney struct {
	checkout.Orphan
	Price, Said string
	At          time.Time
}

func newStrayMoney(o checkout.Orphan, now time.Time) strayMoney {
	v := strayMoney{Orphan: o, Price: money.Format(max(o.Captured-o.Refunded, o.Authorized), o.Currency), At: o.FoundAt.UTC()}
	switch {
	case o.Back():
		v.Price = money.Format(o.Captured, o.Currency)
		v.Said = "It went back " + o.ReturnedAt.UTC().Format("2 Jan, 15:04") + "."
	case o.Foreign():
		v.Said = "Others use this account, too, or this database is a copy of one that still sells: it may be theirs. Send it back only if you know that it is yours."
	case o.Problem != "":
		v.Said = "The processor refuses it. We ask again."
	case now.Add(time.Minute).Before(o.NextTryAt):
		v.Said = "It goes back by itself " + o.NextTryAt.UTC().Format("15:04") + " UTC. If this is a copy of a database that is in use elsewhere, stop it before then: its orders are good there."
	default:
		v.Said = "It goes back within seconds."
	}
	return v
}

// returnForm answers POST /admin/owed/orphans/:id/return: first what would happen, then the return.
func (a *App) returnForm(c echo.Context) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return checkout.ErrNotFound
	}
	list, err := a.checkout.Orphans(c.Request().Context(), mostOwed)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Payment != id || o.Back() {
			continue
		}
		v := newStrayMoney(o, a.clock.Now())
		ok, err := a.confirmed(c, "audit", func() (sure, error) {
			return sure{Title: "Send " + v.Price + " back?", Button: "Send " + v.Price + " back", Danger: true, Action: c.Request().URL.Path, Back: "/admin/owed", Lines: []string{
				"The processor " + o.Provider + " has it under payment " + o.Payment.String() + ", order " + o.OrderID + ", which we do not know.",
				"If another shop or another installation took it on the same account, its buyer loses what they paid for. This cannot be taken back.",
			}}, nil
		})
		if !ok || err != nil {
			return err
		}
		who, _ := request.StaffOf(c)
		if err := a.checkout.ReturnOrphan(c.Request().Context(), who, c.RealIP(), o.Provider, id); err != nil {
			return err
		}
		return done(c, "/admin/owed", "retry")
	}
	return checkout.ErrNotFound
}
