package demo

import (
	"encoding/base64"
	"math"
	"math/rand/v2"
)

// seat is one seat as a bot sees it.
type seat struct {
	n        int
	x, y     float64
	category string
}

// house is the plan of one event with its prices.
type house struct {
	rows          [][]seat
	areas         []string           // ids of those on sale
	price         map[string]float64 // by category, 1 is the dearest
	width, height float64
	total         int
}

// taste is what somebody likes: to be near a point, and not to pay much.
type taste struct {
	x, y   float64
	thrift float64 // from 0, price does not matter, to 1
}

func newHouse(p *planView, now *nowView) *house {
	h := &house{price: map[string]float64{}}
	dearest := 1.0
	for _, c := range now.Categories {
		if c.Price != nil {
			h.price[c.ID] = float64(*c.Price)
			dearest = max(dearest, float64(*c.Price))
		}
	}
	for id := range h.price {
		h.price[id] /= dearest
	}
	for _, z := range p.Zones {
		for _, r := range z.Rows {
			var row []seat
			for _, s := range r.Seats {
				h.total++
				row = append(row, seat{s.N, s.X, s.Y, s.Category})
				h.width, h.height = max(h.width, s.X), max(h.height, s.Y)
			}
			h.rows = append(h.rows, row)
		}
		for _, a := range z.Areas {
			if a.Capacity > 0 {
				h.areas = append(h.areas, a.ID)
				h.total += a.Capacity
			}
		}
	}
	return h
}

// anyTaste draws one: the middle of the front, the cheap seats, or wherever the finger lands.
func (h *house) anyTaste() taste {
	switch rand.IntN(4) {
	case 0:
		return taste{h.width / 2, h.height / 4, .2}
	case 1:
		return taste{rand.Float64() * h.width, rand.Float64() * h.height, 1}
	}
	return taste{rand.Float64() * h.width, rand.Float64() * h.height, .3}
}

// near is the taste of somebody whose friends sit at n.
func (h *house) near(n int) (taste, bool) {
	for _, row := range h.rows {
		for _, s := range row {
			if s.n == n {
				return taste{s.x, s.y, 0}, true
			}
		}
	}
	return taste{}, false
}

// choose finds the best run of free neighbours in one row; nil when there is none that long.
func (h *house) choose(status []byte, quantity int, t taste) []int {
	var best []int
	least := math.Inf(1)
	for _, row := range h.rows {
		run := 0
		for i, s := range row {
			if run++; state(status, s.n) != free || h.price[s.category] == 0 { // 0: not on sale
				run = 0
			}
			if run < quantity {
				continue
			}
			middle := row[i-quantity/2]
			cost := math.Hypot(middle.x-t.x, middle.y-t.y)/max(1, h.width) + t.thrift*h.price[s.category]
			if cost >= least {
				continue
			}
			least, best = cost, best[:0]
			for _, taken := range row[i-quantity+1 : i+1] {
				best = append(best, taken.n)
			}
		}
	}
	return best
}

// free is the status of a seat that can be had.
const free = 0

// state reads two bits; a seat that is not there counts as sold.
func state(status []byte, n int) byte {
	if n < 0 || n/4 >= len(status) {
		return 2
	}
	return status[n/4] >> (2 * (n % 4)) & 3
}

func decodeStatus(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
