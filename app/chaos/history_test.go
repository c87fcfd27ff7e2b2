package chaos

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// history is what every client did to every seat and was told, as operations on one seat each. What nobody sees happen,
// because a deadline passed or an answer was lost, is an operation that may take effect at any later moment or not at all.
type history struct {
	mu  sync.Mutex
	all map[int][]porcupine.Operation // by seat
	ids int
	// over is from when on the whole event is returned, if it is: every seat may come back then, whoever has it.
	over atomic.Int64
}

// deed is one operation: kind and whose.
type deed struct {
	kind  string // hold, claim, sold; maybe-hold, maybe-claim, maybe-sold; lapse, end, back
	buyer int
	seat  int
}

const never = math.MaxInt64

func (h *history) add(kind string, buyer int, seats []int, call, ret int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[int][]porcupine.Operation{}
	}
	for _, seat := range seats {
		h.ids++
		h.all[seat] = append(h.all[seat], porcupine.Operation{ClientId: h.ids, Input: deed{kind, buyer, seat}, Call: call, Return: ret})
	}
}

func now() int64 { return time.Now().UnixNano() }

// held notes a hold, which may lapse from its deadline on: at any time if due is zero.
func (h *history) held(buyer int, seats []int, call int64, due time.Time) {
	h.add("hold", buyer, seats, call, now())
	from := call
	if !due.IsZero() {
		from = due.UnixNano()
	}
	h.add("lapse", buyer, seats, from, never)
}

// mayHold notes a hold whose answer was lost.
func (h *history) mayHold(buyer int, seats []int, call int64) {
	h.add("maybe-hold", buyer, seats, call, never)
	h.add("lapse", buyer, seats, call, never)
}

func (h *history) mayLapse(buyer int, seats []int, from int64) {
	h.add("lapse", buyer, seats, from, never)
}

// claimed notes an order; from its deadline on the seats may go back.
func (h *history) claimed(buyer int, seats []int, call int64, until time.Time) {
	h.add("claim", buyer, seats, call, now())
	h.add("end", buyer, seats, until.UnixNano(), never)
}

// mayClaim notes an order whose answer was lost: whatever the buyer holds may be claimed.
func (h *history) mayClaim(buyer int, call int64) {
	seats := h.touched(buyer)
	h.add("maybe-claim", buyer, seats, call, never)
	h.add("end", buyer, seats, call, never)
}

// mayLeave notes that a buyer begins anew, which lets go whatever is still held.
func (h *history) mayLeave(buyer int, call int64) {
	h.add("lapse", buyer, h.touched(buyer), call, never)
}

// touched are the seats that a buyer has to do with.
func (h *history) touched(buyer int) (seats []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for seat, ops := range h.all {
		if slices.ContainsFunc(ops, func(o porcupine.Operation) bool { return o.Input.(deed).buyer == buyer }) {
			seats = append(seats, seat)
		}
	}
	return seats
}

func (h *history) mayEnd(buyer int, seats []int, from int64) { h.add("end", buyer, seats, from, never) }

func (h *history) sold(buyer int, seats []int, call int64) { h.add("sold", buyer, seats, call, now()) }

// maySell notes a swap whose answer was lost.
func (h *history) maySell(buyer int, seats []int, call int64) {
	h.add("maybe-claim", buyer, seats, call, never) // a dearer one, until it is paid for
	h.add("maybe-sold", buyer, seats, call, never)
	h.add("end", buyer, seats, call, never)
}

func (h *history) mayComeBack(buyer int, seats []int, from int64) {
	h.add("back", buyer, seats, from, never)
}

// life is what a seat is: "" free, h held, c claimed, s sold; and whose.
type life struct {
	is    byte
	buyer int
}

// model is the law of one seat. An owner is never pushed aside: a hold makes way for a claim, a claim for nobody.
var model = porcupine.Model{
	Init: func() any { return life{} },
	Step: func(state, input, _ any) (bool, any) {
		l, d := state.(life), input.(deed)
		mine := l.buyer == d.buyer
		switch d.kind {
		case "hold":
			switch {
			case l.is == 0, l.is == 'h' && mine:
				return true, life{'h', d.buyer}
			case mine: // asked for again what is already in an order
				return true, l
			}
			return false, l
		case "maybe-hold":
			if l.is == 0 {
				return true, life{'h', d.buyer}
			}
		case "claim":
			if l.is == 0 || l.is == 'h' || mine {
				if l.is == 's' {
					return true, l
				}
				return true, life{'c', d.buyer}
			}
			return false, l
		case "maybe-claim":
			if l.is == 0 || l.is == 'h' {
				return true, life{'c', d.buyer}
			}
		case "sold":
			if l.is == 0 || l.is == 'h' || mine { // free: late money has claimed it anew
				return true, life{'s', d.buyer}
			}
			return false, l
		case "maybe-sold":
			if l.is == 0 || mine {
				return true, life{'s', d.buyer}
			}
		case "lapse":
			if l.is == 'h' && mine {
				return true, life{}
			}
		case "end":
			if l.is == 'c' && mine {
				return true, life{}
			}
		case "back":
			if l.is == 's' && mine {
				return true, life{}
			}
		}
		return true, l
	},
	DescribeOperation: func(input, _ any) string {
		d := input.(deed)
		return fmt.Sprintf("%s by %d", d.kind, d.buyer)
	},
}

// check judges every seat's history: how many there were, what is illegal, and how many were too long to judge.
func (h *history) check() (judged int, illegal []string, unknown int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for seat, ops := range h.all {
		judged++
		if over := h.over.Load(); over > 0 {
			for _, o := range slices.Clone(ops) {
				if d := o.Input.(deed); o.Return != never && d.kind != "hold" || strings.HasPrefix(d.kind, "maybe") {
					h.ids += 2
					ops = append(ops, porcupine.Operation{ClientId: h.ids, Input: deed{"end", d.buyer, seat}, Call: max(over, o.Call), Return: never},
						porcupine.Operation{ClientId: h.ids - 1, Input: deed{"back", d.buyer, seat}, Call: max(over, o.Call), Return: never})
				}
			}
		}
		switch porcupine.CheckOperationsTimeout(model, ops, 2*time.Second) {
		case porcupine.Illegal:
			slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
			var lines []string
			for _, o := range ops {
				if d := o.Input.(deed); o.Return != never {
					lines = append(lines, fmt.Sprintf("%s by %d [%d %d]", d.kind, d.buyer, o.Call/1e6%1e6, o.Return/1e6%1e6))
				} else {
					lines = append(lines, fmt.Sprintf("%s by %d [%d …]", d.kind, d.buyer, o.Call/1e6%1e6))
				}
			}
			illegal = append(illegal, fmt.Sprintf("seat %d has a history that no order of events explains: %s", seat, strings.Join(lines, ", ")))
		case porcupine.Unknown:
			unknown++
		}
	}
	return judged, illegal, unknown
}
