package demo

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"time"
)

// fan is one bot in one line, from joining to leaving:
//
//	join → wait → enter → look → choose ⇄ change one's mind → pay ⇄ be declined → leave
//
// and at every arrow somebody gives up.
type fan struct {
	client
	crowd  *crowd
	number int64
	taste  taste
	party  int
}

// errGone says that this bot has had enough: not a failure, only its end.
var errGone = errors.New("gave up")

// live is the whole visit. What goes wrong ends it; a page would not do more.
func (f *fan) live(ctx context.Context) error {
	var place struct {
		Place string `json:"place"`
	}
	if err := f.do(ctx, "POST", f.path("/queue"), struct{}{}, &place); err != nil {
		return err
	}
	f.bearer = place.Place
	if err := f.wait(ctx); err != nil {
		return err
	}
	err := f.shop(ctx)
	// One in twenty just closes the tab; the room notices by itself.
	if !f.chance(.05) && ctx.Err() == nil {
		leave := f.do(ctx, "DELETE", f.path("/queue/admission"), nil, nil)
		err = errors.Join(err, leave)
	}
	return err
}

// wait polls as the page does, and takes the turn when it comes.
func (f *fan) wait(ctx context.Context) error {
	for {
		var me struct {
			State  string `json:"state"`
			PollMS int    `json:"poll_after_ms"`
		}
		if err := f.do(ctx, "GET", f.path("/queue/me"), nil, &me); err != nil {
			return err
		}
		pause := time.Duration(me.PollMS) * time.Millisecond
		switch me.State {
		case "admitted":
			return nil
		case "done":
			return errGone
		case "your-turn":
			err := f.do(ctx, "POST", f.path("/queue/admission"), struct{}{}, nil)
			if err == nil {
				return nil
			}
			var no *refusal
			if !errors.As(err, &no) || no.Status != 409 {
				return err
			}
			if no.Code == "sold-out" && f.chance(.2) {
				return errGone
			}
			pause = no.wait()
		default:
			if f.chance(.003) { // the tea is ready
				return errGone
			}
		}
		if err := f.crowd.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// shop is the time inside.
func (f *fan) shop(ctx context.Context) error {
	for try := range 4 {
		if try > 0 && f.chance(.3) {
			return errGone
		}
		if err := f.think(ctx, 6, 25); err != nil {
			return err
		}
		held, err := f.choose(ctx)
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		if err := f.think(ctx, 8, 30); err != nil {
			return err
		}
		switch {
		case f.chance(.03): // the telephone: the clock runs out, and the seats go back
			return f.crowd.sleep(ctx, (holdSeconds+5)*time.Second)
		case f.chance(.18): // rather somewhere else
			if err := f.do(ctx, "DELETE", f.path("/holds"), nil, nil); err != nil {
				return err
			}
			f.taste = f.crowd.house.anyTaste()
			continue
		case !f.chance(f.crowd.appetite()):
			return f.do(ctx, "DELETE", f.path("/holds"), nil, nil)
		}
		return f.buy(ctx)
	}
	return errGone
}

// choose holds seats; false when somebody was quicker, or nothing fits.
func (f *fan) choose(ctx context.Context) (bool, error) {
	var seen struct {
		Status string `json:"status"`
	}
	if err := f.do(ctx, "GET", f.path("/seats"), nil, &seen); err != nil {
		return false, err
	}
	if err := f.think(ctx, 1, 5); err != nil { // meanwhile the map grows old, and races are lost
		return false, err
	}
	wish := map[string]any{"best": map[string]any{"quantity": f.party}}
	standing := f.crowd.house.areas
	switch {
	case len(standing) > 0 && f.chance(.12):
		wish = map[string]any{"area": standing[0], "quantity": f.party}
	case !f.chance(.35):
		seats := f.crowd.house.choose(decodeStatus(seen.Status), f.party, f.taste)
		if seats == nil {
			f.party = max(1, f.party-1)
			return false, nil
		}
		wish = map[string]any{"seats": seats}
	}
	var basket basketView
	err := f.do(ctx, "POST", f.path("/holds"), wish, &basket)
	var no *refusal
	switch {
	case err == nil && len(basket.Seats) > 0:
		f.crowd.friends.Store(int64(basket.Seats[0].N))
		return true, nil
	case errors.As(err, &no) && (no.Code == "seats-taken" || no.Code == "none-left"):
		f.crowd.races.Add(1)
		return false, nil
	}
	return false, err
}

// buy goes to pay, as far as this bot's card and nerve allow.
func (f *fan) buy(ctx context.Context) error {
	if err := f.think(ctx, 6, 18); err != nil { // typing
		return err
	}
	var made struct {
		Order orderView `json:"order"`
	}
	err := f.do(ctx, "POST", f.path("/orders"), map[string]any{"buyer": buyer(f.number)}, &made)
	if err != nil {
		return err
	}
	order := "/api/v1/orders/" + made.Order.ID
	if f.chance(.04) { // closes the page of the bank, and never comes back
		return errGone
	}
	for {
		declined := f.chance(.1)
		status, err := f.pay(ctx, order, declined)
		if err != nil {
			return err
		}
		switch {
		case status == "paid":
			f.crowd.bought(made.Order.ID)
			return f.think(ctx, 2, 10)
		case status != "declined":
			return errGone
		case f.chance(.3):
			return f.do(ctx, "DELETE", order, nil, nil)
		}
		if err := f.think(ctx, 4, 10); err != nil { // looks for another card
			return err
		}
		if err := f.do(ctx, "POST", order+"/pay", struct{}{}, nil); err != nil {
			return err
		}
	}
}

// pay answers the processor's page and waits for what becomes of the order.
func (f *fan) pay(ctx context.Context, order string, declined bool) (string, error) {
	outcome, clicked := "paid", false
	if declined {
		outcome = "declined"
	}
	for range 60 {
		var o orderView
		if err := f.do(ctx, "GET", order, nil, &o); err != nil {
			return "", err
		}
		final := o.Status != "pending" && o.Status != "paying"
		if final && (clicked || o.Status != "declined") {
			return o.Status, nil
		}
		if !clicked && o.Payment != nil && o.Payment.URL != nil {
			if err := f.think(ctx, 3, 12); err != nil {
				return "", err
			}
			page, err := url.Parse(*o.Payment.URL)
			if err != nil {
				return "", err
			}
			// The address is the public one, which need not lead back here.
			if err := f.do(ctx, "POST", page.RequestURI(), map[string]string{"outcome": outcome}, nil); err != nil {
				return "", err
			}
			clicked = true
		}
		if err := f.crowd.sleep(ctx, 2*time.Second); err != nil {
			return "", err
		}
	}
	return "", errGone
}

func (f *fan) path(rest string) string { return "/api/v1/events/" + f.crowd.slug + rest }

// think lets a person's seconds pass.
func (f *fan) think(ctx context.Context, from, to float64) error {
	return f.crowd.sleep(ctx, time.Duration((from+rand.Float64()*(to-from))*float64(time.Second)))
}

func (f *fan) chance(p float64) bool { return rand.Float64() < p }
