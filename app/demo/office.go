package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// office is the organiser: it publishes both events, and takes tickets back when a house is nearly sold out.
type office struct {
	client
	email, password string
}

func (o *office) signIn(ctx context.Context) error {
	var session struct {
		Token string `json:"token"`
	}
	o.bearer = ""
	err := o.do(ctx, "POST", "/api/v1/admin/session", map[string]string{"email": o.email, "password": o.password}, &session)
	o.bearer = session.Token
	return err
}

// open makes sure of both events and gives their slugs. The long open one is kept as long as it can be bought; the
// on-sale is a new one unless the last has not opened yet, and the one before it is over.
func (o *office) open(ctx context.Context, now time.Time, opensIn time.Duration) (sale, long eventView, err error) {
	var list struct {
		Events []eventView `json:"events"`
	}
	if err = o.do(ctx, "GET", "/api/v1/admin/events", nil, &list); err != nil {
		return
	}
	starts := now.AddDate(0, 1, 0).Truncate(24 * time.Hour).Add(19 * time.Hour)
	for _, e := range list.Events {
		switch {
		case isOf(e.Slug, longOpen().Slug) && e.Phase != "ended" && e.StartsAt.After(now.AddDate(0, 0, 1)):
			long = e
		case isOf(e.Slug, onSale().Slug) && e.Phase != "ended":
			if e.OpensAt.After(now.Add(opensIn/2)) && e.OpensAt.Before(now.Add(2*opensIn)) {
				sale = e
			} else if err = o.do(ctx, "POST", "/api/v1/admin/events/"+e.Slug+"/queue/end", map[string]string{"reason": "The next demo has begun."}, nil); err != nil {
				return
			}
		}
	}
	if long.Slug == "" {
		if long, err = o.publish(ctx, longOpen(), list.Events, now, starts); err != nil {
			return
		}
	}
	if sale.Slug == "" {
		sale, err = o.publish(ctx, onSale(), list.Events, now.Add(opensIn), starts)
	}
	return
}

func (o *office) publish(ctx context.Context, s show, others []eventView, opens, starts time.Time) (made eventView, err error) {
	slug := s.Slug
	for n := 2; slices.ContainsFunc(others, func(e eventView) bool { return e.Slug == slug }); n++ {
		slug = s.Slug + "-" + strconv.Itoa(n)
	}
	var plan struct {
		ID string `json:"id"`
	}
	if err = o.do(ctx, "POST", "/api/v1/admin/plans", s.plan, &plan); err != nil {
		return made, fmt.Errorf("plan of %s: %w", slug, err)
	}
	if err = o.do(ctx, "POST", "/api/v1/admin/events", s.request(slug, plan.ID, opens, starts), &made); err != nil {
		return made, fmt.Errorf("event %s: %w", slug, err)
	}
	return made, nil
}

// isOf tells whether a slug is the show's, or that with a number.
func isOf(slug, show string) bool {
	rest, ok := strings.CutPrefix(slug, show)
	if !ok || rest == "" {
		return ok
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "-"))
	return err == nil && n > 1
}

// keepSeatsFree gives bots their money back whenever a house is nearly sold out, never anybody else.
func (o *office) keepSeatsFree(ctx context.Context, crowds ...*crowd) {
	short := map[*crowd]bool{}
	for {
		for _, c := range crowds {
			now, share := c.seen()
			short[c] = now.SeatsFree != nil && (share < scarce || short[c] && share < enough)
			if !short[c] || now.Phase == "ended" {
				continue
			}
			if err := o.refundOne(ctx, c); err != nil && ctx.Err() == nil {
				c.log.Debug("demo: no refund", "event", c.slug, "error", err)
			}
		}
		if crowds[0].nap(ctx, 3*time.Second) != nil {
			return
		}
	}
}

func (o *office) refundOne(ctx context.Context, c *crowd) error {
	order, ok := c.comesBack()
	if !ok {
		// After a restart: what bots bought before it.
		var found struct {
			Orders []struct {
				ID     string `json:"id"`
				Event  string `json:"event"`
				Status string `json:"status"`
				Buyer  struct {
					Email string `json:"email"`
				} `json:"buyer"`
			} `json:"orders"`
		}
		if err := o.do(ctx, "GET", "/api/v1/admin/orders?q="+url.QueryEscape("@"+botMail), nil, &found); err != nil {
			return o.again(ctx, err)
		}
		for _, f := range found.Orders {
			if f.Event == c.slug && f.Status == "paid" && strings.HasSuffix(f.Buyer.Email, "@"+botMail) {
				c.bought(f.ID)
			}
		}
		return nil
	}
	return o.again(ctx, o.do(ctx, "POST", "/api/v1/admin/orders/"+order+"/refund", map[string]string{"reason": "Cannot come after all."}, nil))
}

// again signs in anew when the session has ended, so that the next try goes through.
func (o *office) again(ctx context.Context, err error) error {
	var no *refusal
	if errors.As(err, &no) && no.Status == http.StatusUnauthorized {
		return o.signIn(ctx)
	}
	return err
}
