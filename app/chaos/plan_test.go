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
	return fmt.Sprintf("%d replicas, %d×%d seats, %d a buyer, %d buyers in %v, hold %v, pay %v, price %d, failpoints %q, skew %q\n\tfaults: %s",
		p.replicas, p.rows, p.perRow, p.perBuyer, p.buyers, p.coming, p.hold, p.pay, p.price, p.points, p.skew, strings.Join(what, "; "))
}

// everyday is how a crowd behaves unless a plan is made for something.
func everyday() map[string]int {
	return map[string]int{"pays": 40, "declines": 10, "abandons": 8, "forgets": 8, "pays twice": 8, "late": 8, "cancels": 8, "cancels paid": 5, "two tabs": 8, "leaves": 5, "last minute": 5, "walks away": 5}
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
	for range 1 + r.IntN(3) {
		p.add(r, catalogue[r.IntN(len(catalogue))])
	}
	return p
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
