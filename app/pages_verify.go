package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
	"fairseat/app/words"
	"fairseat/modules/queue"
	"fairseat/modules/seating"
)

// figure is a name and a value of the proof; Code: digits to be compared.
type figure struct {
	Name, Value string
	Code        bool
}

// judgement says whether somebody could have chosen the outcome.
type judgement struct{ Class, Big, Why string }

// horizon is how good the estimates for waits of some length were.
type horizon struct{ Wait, Estimates, Within, Earlier, Later string }

// logged is an entry of the fairness log in words.
type logged struct{ At, When, Text string }

// scriptProof is what the page's script works with.
type scriptProof struct {
	Event string      `json:"event"`
	Head  *scriptHead `json:"head"`
	Draw  *scriptDraw `json:"draw"` // null before the draw, and without one
}

type scriptHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

type scriptDraw struct {
	Commitment string               `json:"commitment"`
	Secret     string               `json:"secret"`
	Size       int64                `json:"size"`
	Seed       string               `json:"seed"`
	Chain      string               `json:"chain"`
	Round      int64                `json:"round"`
	Beacon     string               `json:"beacon"`
	Signature  string               `json:"signature"`
	Lanes      []queue.EvidenceLane `json:"lanes"`
}

// verifyPage answers GET /events/:event/verify: how to check the draw, the same for everyone.
func (a *App) verifyPage(c echo.Context) error {
	ctx := c.Request().Context()
	event, err := a.seating.Event(ctx, request.EventOf(c).Slug)
	if err != nil {
		return err
	}
	return a.renderPublic(c, "verify/page", publicFor, event, func() (map[string]any, error) { return a.verifyData(ctx, event) })
}

func (a *App) verifyData(ctx context.Context, event *seating.Event) (map[string]any, error) {
	p, err := a.queue.Evidence(ctx, event.ID)
	if err != nil {
		return nil, err
	}
	say := &speaker{words: a.pages.Words("verify")}
	title := "verify.title"
	if !p.Draws {
		title = "verify.title-none"
	}
	data := map[string]any{
		"Title": say.t(title), "Accent": accentPath(event.Accent), "Event": event, "Drawn": p.Drawn, "Shell": "", "Lanes": []string(nil),
		"State": a.drawState(say, event, p), "Judgement": judge(say, p), "Moves": movesIn(say, p), "Figures": figures(say, event, p),
		"Command": "fairseat verify-log " + a.publicURL + "/events/" + event.Slug, "Head": "", "From": int64(0),
		"Me": "/api/v1/events/" + event.Slug + "/queue/me",
	}
	proof := scriptProof{Event: event.Slug}
	if p.Head.Seq > 0 {
		data["Head"], data["From"] = fmt.Sprintf("%d:%s", p.Head.Seq, p.Head.Hash), p.Head.Seq
		proof.Head = &scriptHead{p.Head.Seq, p.Head.Hash}
	}
	if p.Drawn {
		if p.Size > 0 {
			data["Shell"] = p.Shell(event.Slug, 0, 0)
		}
		proof.Draw = &scriptDraw{p.Commitment, p.Secret, p.Size, p.Seed, p.Chain, p.Round, p.Beacon, p.Signature, p.Lanes}
		if len(p.Lanes) > 1 {
			names := make([]string, len(p.Lanes))
			for i, l := range p.Lanes {
				names[i] = l.Name
			}
			data["Lanes"] = names
		}
	}
	data["Horizons"] = horizons(say, p.Accuracy)
	entries := make([]logged, len(p.Entries))
	for i, e := range p.Entries {
		at, _ := time.Parse(time.RFC3339, e.At) // written by us; the zero time shows as nothing
		entries[i] = logged{e.At, say.keep(say.words.When("layout.stamp", at, event.Timezone)), say.entry(e, event.Timezone)}
	}
	data["Entries"], data["Proof"] = entries, proof
	return data, say.err
}

// horizons are the estimates that came to something, by the length of the wait.
func horizons(say *speaker, a queue.Accuracy) []horizon {
	var all []horizon
	for _, h := range a {
		if h.Estimates == 0 {
			continue
		}
		share := func(n int64) string { return say.t("verify.percent", "share", (100*n+h.Estimates/2)/h.Estimates) }
		wait := say.t("verify.minute")
		if h.Seconds >= 90 {
			wait = say.t("verify.minutes", "count", (h.Seconds+30)/60)
		}
		all = append(all, horizon{wait, words.Number(h.Estimates), share(h.Within), share(h.Earlier), share(h.Later)})
	}
	return all
}

// drawState is where the draw stands, in a sentence.
func (a *App) drawState(say *speaker, event *seating.Event, p *queue.Evidence) string {
	switch {
	case !p.Draws:
		return say.t("verify.state-none")
	case p.Drawn && p.Size == 0:
		return say.t("verify.state-nobody")
	case p.Drawn:
		return say.plural("verify.state-drawn", p.Size)
	case p.Phase != queue.PhaseDrawing:
		return say.t("verify.state-before", "when", say.moment(event.OpensAt, event.Timezone, a.clock.Now()))
	case p.Chain != "":
		return say.t("verify.state-waiting", "round", p.Round, "when", say.keep(say.words.When("layout.stamp", p.RoundAt, event.Timezone)))
	}
	return say.t("verify.state-drawing")
}

func judge(say *speaker, p *queue.Evidence) *judgement {
	late := false
	for _, m := range p.Moves {
		late = late || m.Late
	}
	switch {
	case !p.Draws, p.Drawn && p.Size == 0: // nobody to choose between
		return nil
	case p.Chain == "":
		return &judgement{"warn", say.t("verify.could"), say.t("verify.could-why")}
	case late:
		return &judgement{"warn", say.t("verify.could"), say.t("verify.could-late")}
	case !p.Drawn:
		return &judgement{"good", say.t("verify.could-not"), say.t("verify.could-not-yet")}
	}
	return &judgement{"good", say.t("verify.could-not"), say.t("verify.could-not-why")}
}

func movesIn(say *speaker, p *queue.Evidence) []string {
	var moves []string
	for _, m := range p.Moves {
		key := "verify.moved"
		if m.Late {
			key = "verify.moved-late"
		}
		moves = append(moves, say.t(key, "from", m.From, "to", m.To, "reason", strings.TrimRight(m.Reason, ".")))
	}
	return moves
}

func figures(say *speaker, event *seating.Event, p *queue.Evidence) []figure {
	if !p.Draws {
		return nil
	}
	all := []figure{{say.t("verify.commitment"), p.Commitment, true}}
	if p.Chain != "" {
		when := say.keep(say.words.When("layout.stamp", p.RoundAt, event.Timezone))
		all = append(all, figure{say.t("verify.chain"), p.Chain, true}, figure{say.t("verify.beacon-round"), say.t("verify.beacon-round-at", "round", p.Round, "when", when), false})
	}
	if !p.Drawn {
		return all
	}
	all = append(all, figure{say.t("verify.size"), words.Number(p.Size), false})
	for _, l := range p.Lanes[1:] {
		all = append(all, figure{say.t("verify.lane-size", "lane", l.Name, "share", l.Share), words.Number(l.Size), false})
	}
	all = append(all, figure{say.t("verify.secret"), p.Secret, true})
	if p.Beacon != "" {
		all = append(all, figure{say.t("verify.beacon"), p.Beacon, true}, figure{say.t("verify.signature"), p.Signature, true})
	}
	return append(all, figure{say.t("verify.seed"), p.Seed, true})
}

// whoMayJoin says it, by what the line asks for.
var whoMayJoin = map[string]string{
	queue.IdentityNone: "log.who-anyone", queue.IdentityEmail: "log.who-email", queue.IdentityAccessCode: "log.who-access-code",
}

// entry is one of the fairness log in words; one of a kind that has none shows its data.
func (s *speaker) entry(e queue.LogEntry, zone string) string {
	var d struct {
		Draws     bool
		From, To  json.RawMessage // numbers, or times where the opening moved
		Size, Cap int64
		PerMinute *int64 `json:"per_minute"`
		Count     int64
		Identity  string
		Work      bool `json:"proof_of_work"`
		Wait      queue.Accuracy
		Reason    string
		Seats     int64           `json:"max_per_buyer"`
		Closes    json.RawMessage `json:"closes_at"` // null for never
		Beacon    *struct{ Round int64 }
		Ranges    []struct{ From, To int64 }
	}
	err := json.Unmarshal(e.Data, &d)
	from, to := whole(d.From), whole(d.To)
	pause := func(key string) string { return strings.TrimSpace(s.t(key, "reason", d.Reason)) }
	switch {
	case err != nil:
	case e.Kind == "published" && !d.Draws:
		return s.t("log.published-none")
	case e.Kind == "published" && d.Beacon != nil:
		return s.t("log.published-beacon", "round", d.Beacon.Round)
	case e.Kind == "published":
		return s.t("log.published")
	case e.Kind == "opening-moved":
		var at time.Time
		if err = json.Unmarshal(d.To, &at); err == nil {
			return strings.TrimSpace(s.t("log.opening-moved", "when", s.keep(s.words.When("layout.stamp", at, zone)), "reason", d.Reason))
		}
	case e.Kind == "opened":
		return s.plural("log.opened", d.Size)
	case e.Kind == "beacon-moved":
		return s.t("log.beacon-moved", "from", from, "to", to, "reason", d.Reason)
	case e.Kind == "drawn":
		return s.t("log.drawn")
	case e.Kind == "called" && to == from+1:
		return s.t("log.called-one", "to", words.Number(to))
	case e.Kind == "called":
		return s.t("log.called", "from", words.Number(from+1), "to", words.Number(to))
	case e.Kind == "limits":
		text := s.t("log.limits", "cap", words.Number(d.Cap))
		if d.PerMinute != nil {
			text = s.t("log.limits-rate", "cap", words.Number(d.Cap), "rate", words.Number(*d.PerMinute))
		}
		if d.Seats > 0 {
			text += " " + s.plural("log.limits-seats", d.Seats)
		}
		if string(d.Closes) == "null" {
			text += " " + s.t("log.limits-never")
		} else if len(d.Closes) > 0 {
			var at time.Time
			if err = json.Unmarshal(d.Closes, &at); err != nil {
				break
			}
			text += " " + s.t("log.limits-closes", "when", s.keep(s.words.When("layout.stamp", at, zone)))
		}
		return text
	case e.Kind == "ended" && len(d.Closes) > 0:
		return s.t("log.ended-closing")
	case e.Kind == "paused", e.Kind == "resumed", e.Kind == "ended":
		return pause("log." + e.Kind)
	case e.Kind == "burnt":
		burnt := int64(0)
		for _, r := range d.Ranges {
			burnt += r.To - r.From
		}
		return s.plural("log.burnt", burnt)
	case e.Kind == "returned-to-front":
		return s.plural("log.returned", d.Count)
	case e.Kind == "who" && whoMayJoin[d.Identity] != "":
		text := s.t(whoMayJoin[d.Identity])
		if d.Work {
			text += " " + s.t("log.who-work")
		}
		return text
	case e.Kind == "slowed", e.Kind == "full-pace":
		return s.t("log." + e.Kind)
	case e.Kind == "accuracy":
		sum := d.Wait.Sum()
		share := func(part int64) int64 { return (100*part + sum.Estimates/2) / max(1, sum.Estimates) }
		return s.t("log.accuracy", "count", words.Number(sum.Estimates), "within", share(sum.Within), "earlier", share(sum.Earlier), "later", share(sum.Later))
	}
	var data bytes.Buffer
	if json.Compact(&data, e.Data) != nil {
		return e.Kind
	}
	return s.t("log.other", "kind", e.Kind, "data", data.String())
}

// whole is a whole number of JSON, or 0 for anything else.
func whole(text json.RawMessage) (n int64) {
	if json.Unmarshal(text, &n) != nil {
		return 0
	}
	return n
}
