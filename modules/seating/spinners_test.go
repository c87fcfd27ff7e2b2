package seating

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// spinner holds as much as it may and never buys. It knows to the second when its time runs out, and tries at once.
type spinner struct {
	name string
	held []int
	over time.Time // when its basket runs out
	next time.Time // when it was told to try again
	used time.Duration
}

// siege is a small house, a thousand who only hold, and some who want to sit.
type siege struct {
	*house
	t        *testing.T
	random   *rand.Rand
	spinners []*spinner
	fans     []string
	seated   int
}

const siegeFans = 150

// newSiege lets everybody into a house of 300 seats, two for each; the budgets are on or off.
func newSiege(t *testing.T, perPlace int) *siege {
	t.Helper()
	s := &siege{house: open(t, 2, 150, `,"max_per_buyer":2`), t: t, random: rand.New(rand.NewPCG(7, 7))}
	s.s.PerPlace = perPlace
	for i := range 1000 {
		s.spinners = append(s.spinners, &spinner{name: fmt.Sprintf("spinner-%d", i)})
		s.admit(s.spinners[i].name)
	}
	for i := range siegeFans {
		s.fans = append(s.fans, fmt.Sprintf("fan-%d", i))
		s.admit(s.fans[i])
	}
	return s
}

// last lets so much time pass in steps of two seconds. In each, whoever's time ran out tries first, then everybody else
// in any order, fans too; it ends early when every fan sits.
func (s *siege) last(d time.Duration) (took time.Duration) {
	for ; took < d && s.seated < siegeFans; took += 2 * time.Second {
		s.sweep()
		now := s.Clock.Now()
		var others []func(free *[]int)
		for _, sp := range s.spinners {
			switch {
			case len(sp.held) > 0 && !sp.over.After(now):
				again := sp.held
				sp.held = nil
				s.spin(sp, again)
				if len(sp.held) == 0 {
					others = append(others, s.grab(sp))
				}
			case len(sp.held) == 0 && !sp.next.After(now):
				others = append(others, s.grab(sp))
			}
		}
		for _, fan := range s.fans {
			others = append(others, s.sit(fan))
		}
		s.random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		free := s.free()
		for _, try := range others {
			if len(free) == 0 {
				break
			}
			try(&free)
		}
		s.Clock.Advance(2 * time.Second)
	}
	return took
}

func (s *siege) free() (free []int) {
	if err := s.b.pull(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for n, is := range s.b.mirror.FreeSeats() {
		if is {
			free = append(free, n)
		}
	}
	return free
}

// spin holds seats for a spinner, or notes when it may.
func (s *siege) spin(sp *spinner, seats []int) {
	now := s.Clock.Now()
	b, err := s.s.PlaceHold(s.t.Context(), s.event.ID, sp.name, seats)
	var slow *SlowError
	switch {
	case err == nil:
		sp.held, sp.over = numbers(b), b.ExpiresAt
		sp.used += time.Duration(len(b.Seats)) * b.ExpiresAt.Sub(now)
	case errors.As(err, &slow) && slow.Reason != slowOthers:
		sp.next = now.Add(slow.Wait)
	case errors.As(err, &slow), errors.Is(err, ErrSeatsTaken):
	default:
		s.t.Fatal(err)
	}
}

func (s *siege) grab(sp *spinner) func(free *[]int) {
	return func(free *[]int) {
		seats := (*free)[:min(2, len(*free))]
		if s.spin(sp, seats); len(sp.held) > 0 {
			*free = (*free)[len(seats):]
		}
	}
}

// sit holds one seat for a fan and buys it.
func (s *siege) sit(fan string) func(free *[]int) {
	return func(free *[]int) {
		seat := (*free)[0]
		if _, err := s.s.PlaceHold(s.t.Context(), s.event.ID, fan, []int{seat}); err != nil {
			s.t.Fatalf("%s: %v", fan, err)
		}
		*free = (*free)[1:]
		claims := s.mustClaim(fan, fan, seat)
		s.mustTake(fan, claims)
		s.move(claims, []string{"checkout"}, "sold")
		s.fans = remove(s.fans, fan)
		s.seated++
	}
}

func remove(all []string, one string) (out []string) {
	for _, s := range all {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// A thousand who hold and never buy, two seats each, against 300 seats: each gets its first basket like everybody, then
// comes second; every fan sits within two hours, and most within one. No spinner has had more than three full baskets and
// what the time forgives. Without budgets the house stays theirs for ever.
func TestSpinnersDoNotEmptyTheHouse(t *testing.T) {
	t.Parallel()
	s := newSiege(t, 120)
	// They are there first, and take everything.
	free := s.free()
	for _, sp := range s.spinners {
		if len(free) > 0 {
			s.grab(sp)(&free)
		}
	}
	took := s.last(time.Hour)
	if s.seated < siegeFans*3/4 {
		t.Errorf("%d of %d fans sit after an hour", s.seated, siegeFans)
	}
	took += s.last(time.Hour)
	t.Logf("%d fans sit after %v", s.seated, took)
	if s.seated != siegeFans {
		t.Errorf("%d of %d fans sit after two hours", s.seated, siegeFans)
	}
	basket := 2 * 480 * time.Second
	for _, sp := range s.spinners {
		if sp.used > 5*basket {
			t.Errorf("%s held for %v, a basket is %v", sp.name, sp.used, basket)
		}
	}
	s.checkSeats()
}

func TestWithoutBudgetsSpinnersKeepTheHouse(t *testing.T) {
	t.Parallel()
	s := newSiege(t, 0)
	free := s.free()
	for _, sp := range s.spinners {
		if len(free) > 0 {
			s.grab(sp)(&free)
		}
	}
	if s.last(time.Hour); s.seated != 0 {
		t.Errorf("%d fans sit: the siege is no siege, and the test beside this one proves nothing", s.seated)
	}
	s.checkSeats()
}
