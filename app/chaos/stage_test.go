package chaos

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/redis/rueidis"
	"github.com/rs/zerolog"
	"gorm.io/gorm"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/sandbox"
)

// stage is everything one seed plays on.
type stage struct {
	t        testing.TB
	plan     plan
	ground   *ground
	name     string   // of the shop's database
	db       *gorm.DB // past every link
	bank     *bank
	post     *post
	replicas []*replica
	watch    *watch
	staff    *client
	begun    time.Time
	ledger   *history
	crowd    atomic.Pointer[[]*buyer]

	mu       sync.Mutex
	main     *testkit.Redis
	spare    *testkit.Redis // the replica, when the plan fails over
	between  *toxiproxy.Proxy
	wrongs   []*sandbox.Faults
	hits     map[string]int
	excuse   string          // why somebody may have lost seats though all was well with the payment
	refunds  map[string]bool // orders that staff meant to give back
	problems []string
}

const (
	slug      = "storm"
	promoCode = "STORM"
)

// newStage opens everything and waits until the sale can begin.
func newStage(t testing.TB, p plan, path string, spoil ...string) *stage {
	t.Helper()
	g := aGround(t)
	st := &stage{t: t, plan: p, ground: g, hits: map[string]int{}, refunds: map[string]bool{}, begun: time.Now(), ledger: &history{}}
	st.bank, st.post = openBank(t, g), openPost(t)
	st.name, st.db = database(t, g.shop)
	for _, sql := range spoil {
		if err := st.db.Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
	st.main = testkit.NewRedis(t)
	links := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	if p.has("R3") {
		st.spare = testkit.NewRedis(t)
		st.between = st.link(links, "between", st.main.Addr)
		host, port, _ := net.SplitHostPort(st.between.Listen)
		st.ask(st.spare, "REPLICAOF", host, port)
	}
	for i := range p.replicas {
		st.replicas = append(st.replicas, st.newReplica(links, i, path))
	}
	t.Cleanup(func() {
		for _, r := range st.replicas {
			r.stop()
		}
	})
	for _, r := range st.replicas {
		r.start()
	}
	for _, r := range st.replicas {
		if err := r.ready(40 * time.Second); err != nil {
			t.Fatalf("%v\n%s", err, r.output())
		}
	}
	st.plan.stretch(time.Since(st.begun))
	st.publish()
	return st
}

func (p plan) has(name string) bool {
	for _, s := range p.faults {
		if s.name == name {
			return true
		}
	}
	return false
}

func (st *stage) link(links *toxiproxy.ApiServer, name, to string) *toxiproxy.Proxy {
	l := toxiproxy.NewProxy(links, name, "127.0.0.1:0", to)
	if err := l.Start(); err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(l.Stop)
	return l
}

func (st *stage) newReplica(links *toxiproxy.ApiServer, i int, path string) *replica {
	r := &replica{t: st.t, path: path, points: st.plan.points[i]}
	r.postgres = st.link(links, fmt.Sprint("postgres", i), st.ground.tcp.Addr().String())
	r.redis = st.link(links, fmt.Sprint("redis", i), st.main.Addr)
	r.bank = st.link(links, fmt.Sprint("bank", i), strings.TrimPrefix(st.bank.web.URL, "http://"))
	addr := freeAddr(st.t)
	r.base = "http://" + addr
	r.env = append(cleanEnv(),
		"FAIRSEAT_HTTP__ADDR="+addr, "FAIRSEAT_HTTP__DRAIN=2s", "FAIRSEAT_DATA_DIR="+os.TempDir(),
		"FAIRSEAT_ADMIN_EMAIL="+ownerEmail, "FAIRSEAT_ADMIN_PASSWORD="+ownerPassword,
		"FAIRSEAT_LIMITS__PER_IP=0", "FAIRSEAT_LIMITS__PER_PLACE=0",
		"FAIRSEAT_POSTGRES__URL=postgres://fairseat@"+r.postgres.Listen+"/"+st.name+"?sslmode=disable",
		"FAIRSEAT_REDIS__URL=redis://"+r.redis.Listen, "FAIRSEAT_SMTP__URL=smtp://"+st.post.addr,
		"FAIRSEAT_PAYMENTS__SANDBOX_URL=http://"+r.bank.Listen,
		"FAIRSEAT_KEYS__WEBHOOK="+webhookKey.ID+":"+hex.EncodeToString(webhookKey.Secret),
		"FAIRSEAT_REFUNDS__SECOND_APPROVER_ABOVE=-1",
		"CHAOS_CLOCK_SKEW="+st.plan.skew[i], "GOMAXPROCS=2",
	)
	if st.plan.seller {
		r.env = append(r.env, "FAIRSEAT_SELLER__NAME=Old Hall Ltd", "FAIRSEAT_SELLER__ADDRESS=Ring 1;Town", "FAIRSEAT_TAX__RATE=1900")
	}
	if st.plan.transfers {
		r.env = append(r.env, "FAIRSEAT_PAYMENTS__TRANSFER__HOLDER=Old Hall Ltd", "FAIRSEAT_PAYMENTS__TRANSFER__IBAN=DE89370400440532013000", "FAIRSEAT_PAYMENTS__TRANSFER__DAYS=1")
	}
	return r
}

// publish signs in and puts the event on sale.
func (st *stage) publish() {
	st.staff = newClient("staff", st.bases()...)
	st.staff.limit = 20 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var session struct{ Token string }
	st.staff.must(ctx, st.t, "POST", "/api/v1/admin/session", map[string]string{"email": ownerEmail, "password": ownerPassword}, &session)
	st.staff.bearer = session.Token
	type object = map[string]any
	var drawn []object
	prices, methods := object{"Stalls": st.plan.price}, []string{"sandbox"}
	if st.plan.cheap > 0 {
		prices["Circle"] = st.plan.cheap
	}
	if st.plan.transfers {
		methods = append(methods, "transfer")
	}
	for r := range st.plan.rows {
		category := "Stalls"
		if st.plan.cheap > 0 && r >= st.plan.rows/2 {
			category = "Circle"
		}
		var row []object
		for s := range st.plan.perRow {
			row = append(row, object{"seat_guid": fmt.Sprintf("%d-%d", r, s), "seat_number": fmt.Sprint(s + 1),
				"position": object{"x": s * 25, "y": 0}, "category": category})
		}
		drawn = append(drawn, object{"row_number": string(rune('A' + r)), "position": object{"x": 0, "y": r * 25}, "seats": row})
	}
	var made struct{ ID string }
	st.staff.must(ctx, st.t, "POST", "/api/v1/admin/plans", object{
		"name": "House", "size": object{"width": 1000, "height": 1000}, "categories": []object{{"name": "Stalls", "color": "#3355aa"}, {"name": "Circle", "color": "#aa5533"}},
		"zones": []object{{"name": "Ground", "position": object{"x": 0, "y": 0}, "rows": drawn, "areas": []object{}}},
	}, &made)
	st.staff.must(ctx, st.t, "POST", "/api/v1/admin/events", object{
		"slug": slug, "name": "Storm", "plan": made.ID, "prices": prices, "payment_methods": methods, "currency": "EUR",
		"opens_at": time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano), "starts_at": "2031-05-01T18:00:00Z",
		"max_per_buyer": st.plan.perBuyer, "hold_seconds": int(st.plan.hold.Seconds()), "pay_seconds": int(st.plan.pay.Seconds()),
		"orphan_rule": "off", "queue": nil, "late_offer_seconds": 3,
	}, nil)
	if st.plan.promo > 0 {
		st.staff.must(ctx, st.t, "POST", "/api/v1/admin/events/"+slug+"/promotions", object{"code": promoCode, "percent": 25, "max_uses": st.plan.promo}, nil)
	}
}

func (st *stage) bases() []string {
	var all []string
	for _, r := range st.replicas {
		all = append(all, r.base)
	}
	return all
}

func (st *stage) redis() *testkit.Redis { st.mu.Lock(); defer st.mu.Unlock(); return st.main }

// ask sends a command to a Redis, past every link.
func (st *stage) ask(r *testkit.Redis, words ...string) {
	o := rueidis.MustParseURL(r.URL())
	o.ForceSingleClient, o.DisableCache = true, true
	c, err := rueidis.NewClient(o)
	if err != nil {
		return // it is down already
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = c.Do(ctx, c.B().Arbitrary(words...).Build()).Error()
}

func (st *stage) flush() { st.excused("R2"); st.ask(st.redis(), "FLUSHALL") }

func (st *stage) config(name, value string) { st.ask(st.redis(), "CONFIG", "SET", name, value) }

// failover lets the replica miss what is written for a while, kills the primary, and promotes the replica.
func (st *stage) failover() {
	st.excused("R3")
	st.toxic(st.between, `{"type":"timeout","attributes":{"timeout":0}}`)
	time.Sleep(1200 * time.Millisecond)
	st.main.Kill()
	st.ask(st.spare, "REPLICAOF", "NO", "ONE")
	st.mu.Lock()
	st.main = st.spare
	st.mu.Unlock()
	for _, r := range st.replicas {
		r.redis.Stop()
		r.redis.Upstream = st.spare.Addr
		if err := r.redis.Start(); err != nil {
			st.t.Errorf("lead a link to the new primary: %v", err)
		}
	}
}

// excused notes that holds may have been lost, which is allowed to cost a click.
func (st *stage) excused(by string) { st.mu.Lock(); st.excuse = by; st.mu.Unlock() }

func (st *stage) problem(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.problems) < 40 {
		st.problems = append(st.problems, fmt.Sprintf(format, args...))
	}
}

// wrong tells whether there is a problem already.
func (st *stage) wrong() bool { st.mu.Lock(); defer st.mu.Unlock(); return len(st.problems) > 0 }

// freeAddr is below the kernel's range of ports for outgoing connections, which would else take it while a replica is down.
func freeAddr(t testing.TB) string {
	for range 100 {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// cleanEnv is the environment without what could configure the product.
func cleanEnv() (kept []string) {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case strings.HasPrefix(name, "FAIRSEAT_"), name == "PORT", name == "DATABASE_URL", name == "REDIS_URL", name == "SMTP_URL":
		default:
			kept = append(kept, e)
		}
	}
	return kept
}
