package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// plan is all that a seed decides: the sale, who comes to it, and what breaks. The same seed is the same plan; what comes
// of it depends on the machine as well, which is why a failure is tried more than once.
type plan struct {
	seed     uint64
	replicas int
	rows     int
	perRow   int
	perBuyer int
	hold     time.Duration
	pay      time.Duration
	buyers   int
	tries    int           // how often a fan begins anew
	coming   time.Duration // over which they arrive
	price    int64
	mix      map[string]int // behaviour → weight
	faults   []strike
	points   []string // failpoints of each replica's first run
	skew     []string // by how much each replica's clock is wrong
	watchers int
	slow     float64 // by how much the machine at hand stretches all times

	cheap     int64 // what a seat of the back half costs; 0: as much as in front
	promo     int   // how many seats a code lowers; 0: there is none
	seller    bool  // there are invoices
	transfers bool  // one may pay by bank transfer
	disputes  int
	calledOff bool // the whole event is refunded in the middle of its sale

	// calm says that every payment made in time must be a ticket: nothing that is broken excuses a refund.
	calm bool
	// hasty stops at the first problem.
	hasty bool
}

// strike is one fault at one moment; K faults have none, they wait for their place in the code.
type strike struct {
	name    string
	at      time.Duration
	lasts   time.Duration
	replica int
}

func (s strike) String() string {
	if s.lasts == 0 {
		return s.name
	}
	return fmt.Sprintf("%s at %v for %v on replica %d", s.name, s.at.Round(time.Millisecond), s.lasts.Round(time.Millisecond), s.replica)
}

func (p plan) String() string {
	var what []string
	for _, s := range p.faults {
		what = append(what, s.String())
	}
	return fmt.Sprintf("%d replicas, %d×%d seats, %d a buyer, %d buyers in %v, hold %v, pay %v, price %d and %d, code for %d, invoices %t, transfers %t, disputes %d, called off %t\n\tfailpoints %q, skew %q, faults: %s",
		p.replicas, p.rows, p.perRow, p.perBuyer, p.buyers, p.coming, p.hold, p.pay, p.price, p.cheap, p.promo, p.seller, p.transfers, p.disputes, p.calledOff, p.points, p.skew, strings.Join(what, "; "))
}

// everyday is how a crowd behaves unless a plan is made for something.
func everyday() map[string]int {
	return map[string]int{"pays": 40, "declines": 10, "abandons": 8, "forgets": 8, "pays twice": 8, "late": 8, "cancels": 8, "cancels paid": 5, "two tabs": 8, "leaves": 5, "last minute": 5, "walks away": 5, "swaps": 8, "transfers": 8}
}

// planOf is the plan of a seed.
func planOf(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0xfa1e5ea7))
	p := plan{
		seed: seed, replicas: 1 + r.IntN(3), rows: 2 + r.IntN(4), perRow: 6 + r.IntN(8), perBuyer: 1 + r.IntN(4),
		hold: time.Duration(2+r.IntN(2)) * time.Second, pay: time.Duration(3+r.IntN(3)) * time.Second,
		buyers: 50 + r.IntN(50), coming: time.Duration(3000+r.IntN(2000)) * time.Millisecond, tries: 6, price: 4200, mix: everyday(), watchers: 2 + r.IntN(4),
	}
	if r.IntN(12) == 0 {
		p.price = 0
	}
	if r.IntN(8) == 0 {
		p.buyers = 100 + r.IntN(180)
	}
	p.points, p.skew = make([]string, p.replicas), make([]string, p.replicas)
	p.calm = true
	p.trade(rand.New(rand.NewPCG(seed, 0x0ff1ce)))
	for range 1 + r.IntN(3) {
		p.add(r, catalogue[r.IntN(len(catalogue))])
	}
	return p
}

// trade is what the house does beside selling at one price.
func (p *plan) trade(r *rand.Rand) {
	if p.price > 0 && r.IntN(2) == 0 {
		p.cheap = 2500
	}
	if r.IntN(2) == 0 {
		p.promo = 1 + r.IntN(p.rows*p.perRow/2)
	}
	p.seller, p.transfers = r.IntN(3) > 0, r.IntN(3) == 0
	if r.IntN(3) == 0 {
		p.disputes = 1 + r.IntN(3)
	}
	p.calledOff = r.IntN(12) == 0
}

// stretch gives a machine that has much else to do the time that a sale needs, of how long it took to start: else nobody would
// come to buy anything, and nothing would be shown.
func (p *plan) stretch(start time.Duration) {
	p.slow = min(4, max(1, start.Seconds()/2))
	longer := func(d time.Duration) time.Duration { return time.Duration(float64(d) * p.slow) }
	p.hold, p.pay, p.coming = longer(p.hold).Round(time.Second), longer(p.pay).Round(time.Second), longer(p.coming)
	p.faults = slices.Clone(p.faults)
	for i := range p.faults {
		p.faults[i].at, p.faults[i].lasts = longer(p.faults[i].at), longer(p.faults[i].lasts)
	}
}

// add lets a fault of the catalogue strike.
func (p *plan) add(r *rand.Rand, f trouble) {
	if slices.ContainsFunc(p.faults, func(s strike) bool { return s.name == f.name }) {
		return
	}
	s := strike{name: f.name, replica: r.IntN(p.replicas)}
	switch {
	case strings.HasPrefix(f.name, "K"):
		what := "kill"
		if f.name == "K16" {
			what = "error"
		} else if r.IntN(5) == 0 {
			what = "900ms"
		}
		point := fmt.Sprintf("%s=%s@%d", f.name, what, 1+r.IntN(8))
		p.points[s.replica] = strings.TrimPrefix(p.points[s.replica]+","+point, ",")
	case f.name == "C1":
		p.skew[s.replica] = []string{"10m", "-10m", "3s", "-3s"}[r.IntN(4)]
	default:
		s.at = time.Duration(r.Int64N(int64(p.coming)))
		s.lasts = f.least + time.Duration(r.Int64N(int64(f.most-f.least)+1))
	}
	p.calm = p.calm && !f.excuses
	p.faults = append(p.faults, s)
}
