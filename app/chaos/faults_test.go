package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"gorm.io/gorm"

	"fairseat/modules/checkout/sandbox"
)

// trouble is a row of the catalogue. begin breaks something and answers how it is mended; what needs no time is done when
// begin returns.
type trouble struct {
	name        string
	what        string
	least, most time.Duration
	excuses     bool // money may come back to somebody who paid in time
	begin       func(st *stage, s strike) (mend func())
}

// catalogue is what a seed picks from. What it does not have, and why, stands in docs/chaos.md.
var catalogue = append([]trouble{
	{"R1", "Redis is killed and starts again from its file", 0, 0, false, func(st *stage, _ strike) func() {
		st.redis().Kill()
		st.redis().Start()
		return nil
	}},
	{"R2", "Redis is emptied", 0, 0, false, func(st *stage, _ strike) func() { st.flush(); return nil }},
	{"R3", "Redis fails over to a replica that missed the last writes", 0, 0, false, func(st *stage, _ strike) func() { st.failover(); return nil }},
	{"R4", "Redis hangs", 300 * time.Millisecond, 1500 * time.Millisecond, false, func(st *stage, s strike) func() {
		return st.toxic(st.replicas[s.replica].redis, `{"type":"timeout","attributes":{"timeout":0}}`)
	}},
	{"R4 slow", "Redis is slow", 500 * time.Millisecond, 2 * time.Second, false, func(st *stage, s strike) func() {
		return st.toxic(st.replicas[s.replica].redis, `{"type":"latency","attributes":{"latency":60,"jitter":60}}`)
	}},
	{"R5", "Redis has no memory left and takes no writes", 300 * time.Millisecond, 1500 * time.Millisecond, false, func(st *stage, _ strike) func() {
		st.config("maxmemory", "1")
		return func() { st.config("maxmemory", "0") }
	}},
	{"R6", "no notification of an expired key arrives", time.Second, 5 * time.Second, false, func(st *stage, _ strike) func() {
		st.config("notify-keyspace-events", "")
		return func() { st.config("notify-keyspace-events", "Ex") }
	}},
	{"P1", "Postgres is killed", 0, 0, false, func(st *stage, _ strike) func() {
		if pid, _ := st.ground.shop.PIDs(); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return nil
	}},
	{"P2", "somebody holds the locks of all open orders", 500 * time.Millisecond, 2500 * time.Millisecond, false, func(st *stage, _ strike) func() { return st.lock() }},
	{"P2 cut", "the link to Postgres breaks in the middle of statements", 300 * time.Millisecond, time.Second, false, func(st *stage, s strike) func() {
		return st.toxic(st.replicas[s.replica].postgres, `{"type":"limit_data","stream":"downstream","attributes":{"bytes":6000}}`)
	}},
	{"P2 slow", "Postgres is slow", 500 * time.Millisecond, 2 * time.Second, false, func(st *stage, s strike) func() {
		return st.toxic(st.replicas[s.replica].postgres, `{"type":"latency","attributes":{"latency":15,"jitter":15}}`)
	}},
	{"P3", "Postgres has no space left", 300 * time.Millisecond, 1500 * time.Millisecond, false, func(st *stage, _ strike) func() { return st.fill() }},
	{"M1", "the processor is away", 500 * time.Millisecond, 2500 * time.Millisecond, true, func(st *stage, _ strike) func() { return st.misbehave(sandbox.Faults{Outage: true}) }},
	{"M1 slow", "the processor takes its time", 2 * time.Second, 5 * time.Second, true, func(st *stage, _ strike) func() { return st.misbehave(sandbox.Faults{LatencyMS: 700}) }},
	{"M2", "the processor does what it is asked, and breaks the line", 2 * time.Second, 5 * time.Second, false, func(st *stage, _ strike) func() {
		st.bank.dropsAnswers.Store(true)
		return func() { st.bank.dropsAnswers.Store(false) }
	}},
	{"M2 errors", "a third of the processor's answers are 500, half of them after the effect", 2 * time.Second, 5 * time.Second, true, func(st *stage, _ strike) func() {
		return st.misbehave(sandbox.Faults{ErrorRate: .33})
	}},
	{"M3 twice", "each webhook comes twice", 4 * time.Second, 8 * time.Second, false, func(st *stage, _ strike) func() { return st.misbehave(sandbox.Faults{Webhook: "twice"}) }},
	{"M3 shuffled", "webhooks come in any order", 4 * time.Second, 8 * time.Second, false, func(st *stage, _ strike) func() {
		return st.misbehave(sandbox.Faults{Webhook: "shuffled", WebhookDelayMS: 1500})
	}},
	{"M3 lost", "no webhook comes", 4 * time.Second, 8 * time.Second, false, func(st *stage, _ strike) func() { return st.misbehave(sandbox.Faults{Webhook: "lost"}) }},
	{"M3 late", "webhooks come long after the deadline", 4 * time.Second, 8 * time.Second, false, func(st *stage, _ strike) func() {
		return st.misbehave(sandbox.Faults{Webhook: "late", WebhookDelayMS: 7000})
	}},
	{"M4", "fans reach the processor, we do not, until seats go back", 8 * time.Second, 11 * time.Second, true, func(st *stage, _ strike) func() { return st.cutBank() }},
	{"M5", "the processor takes one cent too much", time.Second, 3 * time.Second, true, func(st *stage, _ strike) func() { return st.misbehave(sandbox.Faults{WrongAmount: true}) }},
	{"M6", "a declined attempt turns out to be paid", 0, 0, true, func(st *stage, _ strike) func() { st.changeOfMind(); return nil }},
	{"M7", "the processor refuses refunds", 4 * time.Second, 8 * time.Second, false, func(st *stage, _ strike) func() {
		st.bank.refusesRefunds.Store(true)
		return func() { st.bank.refusesRefunds.Store(false) }
	}},
	{"S1 busy", "the mail server turns everybody away", 2 * time.Second, 6 * time.Second, false, func(st *stage, _ strike) func() { return st.mail("busy") }},
	{"S1 refuses", "the mail server takes no recipient for now", 2 * time.Second, 6 * time.Second, false, func(st *stage, _ strike) func() { return st.mail("refuses") }},
	{"S1 full", "the mail server has no space", 2 * time.Second, 6 * time.Second, false, func(st *stage, _ strike) func() { return st.mail("hangs up") }},
	{"C1", "a replica's clock is wrong", 0, 0, false, nil},
	{"W2", "every socket breaks at once", 0, 0, false, func(st *stage, _ strike) func() { st.watch.dropAll(); return nil }},
	{"N1", "a replica is cut off from Redis and Postgres", 400 * time.Millisecond, 2 * time.Second, false, func(st *stage, s strike) func() { return st.cutOff(st.replicas[s.replica]) }},
	{"N2", "a replica is killed", 0, 0, false, func(st *stage, s strike) func() { st.replicas[s.replica].signal(syscall.SIGKILL); return nil }},
	{"N3", "a replica is told to stop in order", 0, 0, false, func(st *stage, s strike) func() { st.replicas[s.replica].signal(syscall.SIGTERM); return nil }},
}, failpoints()...)

// failpoints are K1 to K16: they strike by themselves.
func failpoints() (all []trouble) {
	for n := 1; n <= 16; n++ {
		all = append(all, trouble{name: fmt.Sprintf("K%d", n)})
	}
	return all
}

func troubleNamed(name string) trouble {
	for _, f := range catalogue {
		if f.name == name {
			return f
		}
	}
	return trouble{name: name}
}

// toxic spoils a link both ways, or the way it names.
func (st *stage) toxic(link *toxiproxy.Proxy, toxics ...string) func() {
	for _, text := range toxics {
		ways := []string{`{"stream":"upstream","name":"up",`, `{"stream":"downstream","name":"down",`}
		if strings.Contains(text, `"stream"`) {
			ways = []string{`{`}
		}
		for _, way := range ways {
			if _, err := link.Toxics.AddToxicJson(strings.NewReader(way + text[1:])); err != nil {
				st.t.Logf("toxic %s: %v", text, err)
			}
		}
	}
	return func() { link.Toxics.ResetToxics(context.Background()) }
}

// cutOff breaks a replica's links to both stores: what is under way ends, nothing new begins.
func (st *stage) cutOff(r *replica) func() {
	r.redis.Stop()
	r.postgres.Stop()
	return func() {
		for _, link := range []*toxiproxy.Proxy{r.redis, r.postgres} {
			if err := link.Start(); err != nil {
				st.t.Errorf("mend a link: %v", err)
			}
		}
	}
}

func (st *stage) cutBank() func() {
	for _, r := range st.replicas {
		r.bank.Stop()
	}
	return func() {
		for _, r := range st.replicas {
			if err := r.bank.Start(); err != nil {
				st.t.Errorf("mend the link to the processor: %v", err)
			}
		}
	}
}

// misbehave adds to what the processor does wrong; of two faults at once neither ends the other.
func (st *stage) misbehave(f sandbox.Faults) func() {
	st.mu.Lock()
	st.wrongs = append(st.wrongs, &f)
	st.mu.Unlock()
	st.obey()
	return func() {
		st.mu.Lock()
		st.wrongs = slices.DeleteFunc(st.wrongs, func(g *sandbox.Faults) bool { return g == &f })
		st.mu.Unlock()
		st.obey()
	}
}

func (st *stage) obey() {
	st.mu.Lock()
	defer st.mu.Unlock()
	all := sandbox.Faults{Webhook: "normal"}
	for _, f := range st.wrongs {
		all.Outage, all.WrongAmount, all.ErrorRate = all.Outage || f.Outage, all.WrongAmount || f.WrongAmount, max(all.ErrorRate, f.ErrorRate)
		all.LatencyMS = max(all.LatencyMS, f.LatencyMS)
		if f.Webhook != "normal" && f.Webhook != "" {
			all.Webhook, all.WebhookDelayMS = f.Webhook, f.WebhookDelayMS
		}
	}
	if err := st.bank.Misbehave(context.Background(), all); err != nil {
		st.t.Errorf("processor: %v", err)
	}
}

func (st *stage) mail(mode string) func() {
	st.post.mode.Store(mode)
	return func() { st.post.mode.Store("") }
}

// changeOfMind lets attempts that were declined be authorised after all, without a word.
func (st *stage) changeOfMind() {
	if err := st.bank.db.Exec(`UPDATE sandbox.payments SET status = 'authorized', authorized = amount WHERE status = 'declined'`).Error; err != nil {
		st.t.Errorf("change of mind: %v", err)
	}
}

// lock holds the rows of all open orders.
func (st *stage) lock() func() {
	tx := st.db.Begin()
	if tx.Error != nil {
		return nil
	}
	tx.Exec(`SET LOCAL lock_timeout = '500ms'`)
	tx.Exec(`SELECT id FROM orders WHERE status = 'pending' ORDER BY id FOR UPDATE`)
	return func() { tx.Rollback() }
}

// full is what a disk without space looks like from within: reading goes on, whatever would grow a table fails.
var full = []string{"orders", "seat_claims", "payments", "tickets", "refunds", "mails", "psp_events", "order_history", "river_job", "invoices"}

func (st *stage) fill() func() {
	sweep := func(statement string) {
		for _, table := range full {
			text := fmt.Sprintf(statement, table)
			for range 50 { // Postgres may be on its knees, or the table in use
				if err := st.db.Transaction(func(tx *gorm.DB) error {
					return errors.Join(tx.Exec(`SET LOCAL lock_timeout = '300ms'`).Error, tx.Exec(text).Error)
				}); err == nil {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
	if err := st.db.Exec(`CREATE OR REPLACE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`).Error; err != nil {
		return nil
	}
	sweep(`CREATE OR REPLACE TRIGGER no_space BEFORE INSERT OR UPDATE ON %[1]s FOR EACH STATEMENT EXECUTE FUNCTION no_space()`)
	return func() { sweep(`DROP TRIGGER IF EXISTS no_space ON %s`) }
}
