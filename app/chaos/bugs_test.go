package chaos

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bug is one mistake that somebody could make, and the storm that shows it. The table is the proof that the checks see:
// each bug must be caught within bugSeeds seeds.
type bug struct {
	name    string
	patches []patch
	spoil   []string // SQL in place of patches
	quick   bool     // part of make test
	storm   func(p *plan)
}

const bugSeeds = 20

const (
	settleGo    = "modules/checkout/settle.go"
	paymentGo   = "modules/checkout/payment.go"
	reconcileGo = "modules/checkout/reconcile.go"
	commonLua   = "modules/seating/internal/holds/lua/common.lua"
	holdLua     = "modules/seating/internal/holds/lua/hold.lua"
)

var bugs = []bug{
	{name: "no unique index on live claims", spoil: []string{`DROP INDEX one_live_claim_per_seat`},
		storm: func(p *plan) {
			p.small()
			p.every("K2=1200ms@0")
			p.times("R2", 800*time.Millisecond, 1600*time.Millisecond, 2400*time.Millisecond, 3200*time.Millisecond, 4*time.Second)
		}},
	{name: "a new key for each try", patches: []patch{
		{"modules/checkout/provider/sandbox/sandbox.go", `req.Header.Set("Idempotency-Key", key)`, `req.Header.Set("Idempotency-Key", uuid.NewString())`}},
		storm: func(p *plan) { p.during("M2", 0, 6*time.Second) }},
	{name: "the amount is not checked", quick: true, patches: []patch{{paymentGo, `return st.Money() == p.Amount && st.Currency == p.Currency`, `return st.Currency == p.Currency`}},
		storm: func(p *plan) { p.during("M5", 0, 4*time.Second) }},
	{name: "holds are released by notifications alone", patches: []patch{{"modules/seating/sweep.go", `func() { s.every(ctx, sweepEvery, func() { _ = s.each(ctx, "sweep", (*board).sweep) }) },`, ``}},
		storm: func(p *plan) {
			p.mix = map[string]int{"abandons": 3, "pays": 1}
			p.during("R6", 0, 30*time.Second)
		}},
	{name: "the epoch is not checked", patches: []patch{
		{commonLua, `if not e then return { 'EPOCH', '' } end`, `if not e then return end`}, {commonLua, `if e ~= ARGV[1] then return { 'EPOCH', e } end`, ``}},
		storm: func(p *plan) { p.times("R2", 2*time.Second, 4*time.Second) }},
	{name: "a hold does not look at others' holds", patches: []patch{{holdLua, `return redis.call('HEXISTS', key('taken'), seat) == 1 or held(seat) ~= nil end`, `return redis.call('HEXISTS', key('taken'), seat) == 1 end`}},
		storm: func(p *plan) { p.small() }},
	{name: "silence is taken for a refusal", patches: []patch{{settleGo, "\t\treturn errors.Join(err, s.endureSilence(ctx, c))\n\t}\n\tfailpoint.Hit(\"K9\")\n",
		"\t\tst, err = provider.State{Status: provider.Declined}, nil\n\t}\n\tfailpoint.Hit(\"K9\")\n"}},
		storm: func(p *plan) {
			p.small()
			p.mix = map[string]int{"last minute": 1}
			p.during("M3 lost", 0, 12*time.Second)
			for at := 2; at < 9; at += 2 {
				p.during("M1", time.Duration(at)*time.Second, 1200*time.Millisecond)
			}
			p.calm = true
		}},
	{name: "a refund without its own key", patches: []patch{{"modules/checkout/refund.go", `at.Refund(ctx, st.Ref, key, r.Amount)`, `at.Refund(ctx, st.Ref, newID().String(), r.Amount)`},
		{"modules/checkout/refund.go", `if adopted, err := s.adopt(ctx, id, st); err != nil || adopted {`, `if err != nil {`}}, // which takes a stranger's for ours
		storm: func(p *plan) { p.during("M2", 0, 6*time.Second) }},
	{name: "tickets outside of the transaction", patches: []patch{
		{settleGo, "\tif err := s.store.issueTickets(ctx, tx, o.EventID, claims); err != nil {\n\t\treturn err\n\t}\n", ""},
		{settleGo, "\tfailpoint.Hit(\"K12\")\n", "\tfailpoint.Hit(\"K12\")\n\t_ = s.store.issueTickets(ctx, s.DB, o.EventID, claims)\n"}},
		storm: func(p *plan) { p.every("K12=kill@3") }},
	{name: "the mail outside of the transaction", patches: []patch{{settleGo, `if err := s.Mails.TicketsReady(ctx, tx, o.ID); err != nil {`,
		`if err := s.DB.Transaction(func(own *gorm.DB) error { return s.Mails.TicketsReady(ctx, own, o.ID) }); err != nil {`}},
		storm: func(p *plan) { p.during("P2 slow", 0, 8*time.Second) }},
	{name: "the ledger is not matched", patches: []patch{{"modules/checkout/ledger.go", `case ours && b.differs(l):`, `case ours && false && b.differs(l):`}},
		storm: func(p *plan) {
			p.mix = map[string]int{"declines": 1}
			p.times("M6", 3*time.Second, 5*time.Second)
		}},
	{name: "webhooks alone, nobody asks", patches: []patch{{reconcileGo, `loops.Go(func() { s.every(ctx, tickEvery, "payments", s.reconcile) })`, ``}},
		storm: func(p *plan) {
			p.mix = map[string]int{"walks away": 1} // and the jobs that would look die with their process
			p.every("K9=kill@2")
			for at := 2000; at < 12000; at += 1500 { // now and then in the hands of a job of a deadline
				p.times("N2", time.Duration(at)*time.Millisecond)
			}
			p.during("M3 lost", 0, 12*time.Second)
		}},
	{name: "a refused refund counts as done", patches: []patch{{"modules/checkout/refund.go", `return s.store.refuseRefund(ctx, r.ID, cause.Error())`, `return s.refundDone(ctx, r)`}},
		storm: func(p *plan) { p.during("M7", 0, 8*time.Second) }},
	{name: "money for an order that is paid already", patches: []patch{{paymentGo, `case !right, at.OtherLive, at.Order.delivered(), at.Offer == OfferDeclined`, `case !right, at.Offer == OfferDeclined`}},
		storm: func(p *plan) {
			p.mix = map[string]int{"declines": 1}
			p.times("M6", 2*time.Second, 3*time.Second, 4*time.Second, 5*time.Second, 6*time.Second)
		}},
	{name: "late money is nobody's matter", patches: []patch{{paymentGo, "\tcase at.Order != OrderPending:\n\t\treturn stepReclaim\n", "\tcase at.Order != OrderPending:\n\t\treturn stepNone\n"}},
		storm: func(p *plan) { p.during("M4", time.Second, 11*time.Second) }},
	{name: "seats go back at the deadline, nobody asks", patches: []patch{
		{"modules/checkout/give_up.go", "\t\tif !found {\n\t\t\tended, err = s.end(ctx, tx, o)\n", "\t\tif !found || true {\n\t\t\tended, err = s.end(ctx, tx, o)\n"},
		{"modules/checkout/store_due.go", "\t\tAND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status IN `+liveStatuses+`)\n\t\tORDER BY o.expires_at", "\t\tORDER BY o.expires_at"},
		{"modules/checkout/ledger.go", "matchEvery = time.Second", "matchEvery = time.Hour"}}, // as it is in the product: else it tells in time
		storm: func(p *plan) {
			p.small()
			p.mix, p.pay = map[string]int{"last minute": 1}, 5*time.Second
			p.during("M3 lost", 0, 12*time.Second)
			p.during("M1 slow", 0, 12*time.Second)
			p.calm = true
		}},
	{name: "deadlines by a process's own clock", patches: []patch{{"app/clock/clock.go", `func (System) Fixed() (time.Time, bool) { return time.Time{}, false }`, `func (System) Fixed() (time.Time, bool) { return System{}.Now(), true }`}},
		storm: func(p *plan) {
			p.small()
			p.mix = map[string]int{"forgets": 2, "pays": 1}
			p.replicas, p.points, p.skew = 2, []string{"", ""}, []string{"", "3s"}
		}},
	{name: "a mail is written off before it is taken", patches: []patch{{"modules/notification/jobs.go", "\terr = s.send(ctx, m)\n", "\t_ = s.send(ctx, m)\n"}},
		storm: func(p *plan) { p.during("S1 busy", 0, 6*time.Second) }},
}

// directed is a plan of a seed without the faults that it would pick: the storm of a bug brings its own.
func directed(seed uint64, storm func(*plan)) plan {
	p := planOf(seed)
	p.faults, p.calm, p.price = nil, true, 4200
	p.cheap, p.promo, p.seller, p.transfers, p.disputes, p.calledOff = 0, 0, false, false, 0, false
	p.points, p.skew = make([]string, p.replicas), make([]string, p.replicas)
	storm(&p)
	return p
}

// small is a house for which too many come.
func (p *plan) small() { p.rows, p.perRow, p.buyers, p.tries = 2, 4, 60, 60 }

// every lets all replicas have these failpoints.
func (p *plan) every(points string) {
	for i := range p.points {
		p.points[i] = points
	}
}

func (p *plan) times(name string, at ...time.Duration) {
	for _, when := range at {
		p.faults = append(p.faults, strike{name: name, at: when})
	}
	p.calm = p.calm && !troubleNamed(name).excuses
}

func (p *plan) during(name string, at, lasts time.Duration) {
	p.faults = append(p.faults, strike{name: name, at: at, lasts: lasts})
	p.calm = p.calm && !troubleNamed(name).excuses
}

// Every bug is caught. CHAOS_BUGS=all plants all of them, else a pattern of their names; the quick one otherwise.
func TestPlantedBugs(t *testing.T) {
	t.Parallel()
	which := os.Getenv("CHAOS_BUGS")
	planted := slices.DeleteFunc(slices.Clone(bugs), func(b bug) bool { return !(b.quick && which == "" || which != "" && chosen(which, b.name)) })
	var caught atomic.Int64
	abreast(len(planted), func(i int) {
		b := planted[i]
		t.Run(b.name, func(t *testing.T) {
			path, err := sound()
			if len(b.patches) > 0 {
				path, err = compile("bug-"+strings.ReplaceAll(b.name, " ", "-"), b.patches...)
			}
			if err != nil {
				t.Fatal(err)
			}
			for seed := uint64(1); seed <= bugSeeds; seed++ {
				var r result
				p := directed(seed, b.storm)
				p.hasty = true
				t.Run(fmt.Sprint(seed), func(t *testing.T) { r = play(t, p, path, b.spoil...) })
				if len(r.problems) > 0 {
					caught.Add(1)
					progress("%q: caught in seed %d by %s", b.name, seed, shorten(r.problems[0]))
					return
				}
			}
			progress("%q: NOT CAUGHT in %d seeds", b.name, bugSeeds)
			t.Errorf("nothing of what is checked sees it in %d seeds", bugSeeds)
		})
	})
	progress("%d of %d planted bugs caught", caught.Load(), len(planted))
}

// What a bug's storm shows is the bug: the sound product passes every one of them. CHAOS_BUGS=all asks that of all.
func TestStormsOfBugsSpareTheSound(t *testing.T) {
	t.Parallel()
	which := os.Getenv("CHAOS_BUGS")
	if which == "" {
		t.Skip("make chaos-bugs does this")
	}
	path, err := sound()
	if err != nil {
		t.Fatal(err)
	}
	planted := slices.DeleteFunc(slices.Clone(bugs), func(b bug) bool { return len(b.spoil) > 0 || !chosen(which, b.name) })
	abreast(len(planted), func(i int) {
		b := planted[i]
		t.Run(b.name, func(t *testing.T) {
			p := directed(1, b.storm)
			r := play(t, p, path)
			if len(r.problems) > 0 {
				t.Errorf("%v\n%s", p, strings.Join(r.problems, "\n"))
			}
			progress("without %q: %d problems", b.name, len(r.problems))
		})
	})
}

func chosen(which, name string) bool {
	found, err := regexp.MatchString(which, name)
	return which == "all" || err == nil && found
}

func shorten(text string) string {
	if r := []rune(text); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return text
}

// Each place that is changed in a copy still stands in its file, once, and what it becomes compiles. Patches that do not
// meet are compiled together.
func TestPatchesApply(t *testing.T) {
	t.Parallel()
	left := slices.Clone(bugs)
	for batch := 0; len(left) > 0; batch++ {
		var together []patch
		var later []bug
		for _, b := range left {
			if _, err := apply(slices.Concat(faster, b.patches)); err != nil {
				t.Errorf("%s: %v", b.name, err)
				continue
			}
			with := slices.Concat(together, b.patches)
			if _, err := apply(slices.Concat(faster, with)); err != nil {
				later = append(later, b)
				continue
			}
			together = with
		}
		if err := typecheck(fmt.Sprint("patched-", batch), together...); err != nil {
			t.Error(err)
		}
		if len(later) == len(left) {
			t.Fatalf("%d patches meet with themselves", len(left))
		}
		left = later
	}
}
