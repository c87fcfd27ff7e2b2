package app

import (
	"encoding/json"
	"testing"

	"fairseat/modules/queue"
	"fairseat/web"
)

// Every kind of entry has its words; one that has none shows what it holds.
func TestLogEntriesInWords(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, data, want string }{
		{"published", `{"event":"gala","draws":true,"beacon":null}`, "The event was published, and with it the fingerprint of the secret."},
		{"published", `{"event":"gala","draws":true,"beacon":{"round":7}}`, "The event was published, and with it the fingerprint of the secret; the draw takes public randomness of round 7."},
		{"published", `{"event":"gala","draws":false}`, "The event was published, without a draw."},
		{"opening-moved", `{"from":"2027-03-09T09:00:00.000Z","to":"2027-03-09T10:00:00.000Z","reason":"Snow."}`, "The opening was moved to 9 March 2027, 11:00:00 CET. Snow."},
		{"opening-moved", `{"from":"2027-03-09T09:00:00.000Z","to":"soon","reason":"Snow."}`, `opening-moved: {"from":"2027-03-09T09:00:00.000Z","to":"soon","reason":"Snow."}`},
		{"opened", `{"size":1}`, "The draw was closed with 1 place in it."},
		{"opened", `{"size":18530}`, "The draw was closed with 18,530 places in it."},
		{"beacon-moved", `{"from":7,"to":99,"reason":"drand was away."}`, "The draw takes round 99 instead of 7. drand was away."},
		{"drawn", `{"size":2}`, "The draw took place; secret and seed are public."},
		{"called", `{"from":0,"to":1}`, "Number 1 was called."},
		{"called", `{"from":1,"to":1200}`, "Numbers 2 to 1,200 were called."},
		{"limits", `{"cap":200,"per_minute":null}`, "Up to 200 people may be inside."},
		{"limits", `{"cap":200,"per_minute":600}`, "Up to 200 people may be inside, and 600 may go in each minute."},
		{"limits", `{"cap":200,"per_minute":null,"max_per_buyer":1,"closes_at":null}`, "Up to 200 people may be inside. Each buyer may have 1 seat. The sale has no closing time."},
		{"limits", `{"cap":200,"per_minute":600,"max_per_buyer":4,"closes_at":"2027-03-09T10:00:00.000Z"}`,
			"Up to 200 people may be inside, and 600 may go in each minute. Each buyer may have 4 seats. The sale ends 9 March 2027, 11:00:00 CET."},
		{"limits", `{"cap":200,"closes_at":"soon"}`, `limits: {"cap":200,"closes_at":"soon"}`},
		{"ended", `{"reason":"","closes_at":"2027-03-09T10:00:00.000Z"}`, "The sale ended at its closing time."},
		{"paused", `{"reason":"The <bank> is slow."}`, "The sale was paused. The <bank> is slow."},
		{"resumed", `{"reason":""}`, "The sale goes on."},
		{"ended", `{"reason":"Over."}`, "The sale was ended. Over."},
		{"burnt", `{"ranges":[{"cohort":"draw","from":10,"to":64},{"cohort":"tail","from":0,"to":6}]}`, "After an outage 60 numbers were set aside: nobody can hold them all."},
		{"returned-to-front", `{"count":1,"out":3}`, "1 person returned to the front after a fault of ours."},
		{"who", `{"identity":"email","proof_of_work":false}`, "One joins with a verified mail address."},
		{"who", `{"identity":"none","proof_of_work":true}`, "Everyone may join. The browser does a little work for it."},
		{"who", `{"identity":"passport"}`, `who: {"identity":"passport"}`},
		{"new-kind", `{ "a": 1 }`, `new-kind: {"a":1}`},
		{"called", `"broken"`, `called: "broken"`},
		{"accuracy", `{"wait":[{"seconds":15,"estimates":1200,"within":1000,"earlier":150,"later":50,"unmet":9},{"seconds":30,"estimates":800,"within":600,"earlier":50,"later":150,"unmet":0}]}`,
			"How good the told waits were: of 2,000 that were checked, 80 % held; for 10 % the turn came earlier, for 10 % later."},
		{"slowed", `{"by":"payments"}`, "Payments were slow or failing, so fewer were let in."},
		{"full-pace", `{}`, "As many as before were let in again."},
		{"unheard-of", `{"x": 1}`, `unheard-of: {"x":1}`},
	} {
		say := &speaker{words: pages.Words("verify")}
		got := say.entry(queue.LogEntry{Kind: c.kind, Data: json.RawMessage(c.data)}, "Europe/Berlin")
		if got != c.want || say.err != nil {
			t.Errorf("%s %s: %q, want %q, %v", c.kind, c.data, got, c.want, say.err)
		}
	}
}

func TestJudgementOfADraw(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		evidence queue.Evidence
		want     string
	}{
		"no draw":        {queue.Evidence{}, ""},
		"no beacon":      {queue.Evidence{Draws: true}, "warn"},
		"of nobody":      {queue.Evidence{Draws: true, Drawn: true}, ""},
		"beacon":         {queue.Evidence{Draws: true, Chain: "52db"}, "good"},
		"moved in time":  {queue.Evidence{Draws: true, Drawn: true, Size: 9, Chain: "52db", Moves: []queue.BeaconMove{{From: 1, To: 2}}}, "good"},
		"moved too late": {queue.Evidence{Draws: true, Drawn: true, Size: 9, Chain: "52db", Moves: []queue.BeaconMove{{From: 1, To: 2, Late: true}, {From: 2, To: 3}}}, "warn"},
	} {
		say, class := &speaker{words: pages.Words("verify")}, ""
		if j := judge(say, &c.evidence); j != nil {
			class = j.Class
		}
		if class != c.want || say.err != nil {
			t.Errorf("%s: %q, want %q, %v", name, class, c.want, say.err)
		}
	}
	say := &speaker{words: pages.Words("verify")}
	got := horizons(say, queue.Accuracy{{Seconds: 60, Estimates: 8, Within: 7, Earlier: 1}, {Seconds: 600}, {Seconds: 1200, Estimates: 3, Within: 2, Later: 1}})
	if len(got) != 2 || got[0] != (horizon{"a minute", "8", "88 %", "13 %", "0 %"}) || got[1] != (horizon{"20 minutes", "3", "67 %", "0 %", "33 %"}) || say.err != nil {
		t.Errorf("%+v %v", got, say.err)
	}
}
