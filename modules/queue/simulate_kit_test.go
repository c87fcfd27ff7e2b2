package queue

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// simulation lives one sale of a crowd, event by event, on the real scripts and a hand-moved clock; one replica ticks.
// Its people: visible pages see their turn at their next poll, by the polling law, and a second later; 15 % have the page
// hidden (half of them look within 45 s); a stay lasts 20 s to 8 min, 182 s on average, and 15 % of those inside lapse
// instead of leaving. It is a model: its shapes hold, its third digits do not.
type simulation struct {
	*kit
	random *rand.Rand
	now    time.Duration // since the opening
	due    happenings
	plan   scenario

	shown   int64
	points  []waitPoint
	mu      float64
	inside  map[int64]bool
	asked   map[int64]time.Duration // when a place first asked for its turn
	told    []telling
	lasts   []lasting
	house   house
	outcome outcome
}

// scenario is what differs between the sales of the table.
type scenario struct {
	name      string
	capacity  int
	perMinute int
	draw      int64 // people in the draw, and behind it
	tail      int64
	minutes   int
	noShow    func(position int64, s *simulation) float64
	returning float64                             // share of no-shows who come after all, 5 to 30 min later
	longer    func(at time.Duration) float64      // how much longer than usual stays are
	at        map[time.Duration]func(*simulation) // what staff and the world do
	seats     int                                 // 0: seats do not matter
}

// outcome is what a sale came to.
type outcome struct {
	full, worstMinute                   float64 // share of the room, from the third minute on
	tried, refused, slow                int     // first tries, refused at them, and those that waited more than 3 s
	longest                             time.Duration
	estimates, earlier, later           int
	opening, openingEarly, openingLate  int       // of the estimates, those told in the first minute
	ratios                              []float64 // p90/p10 of waits over a minute
	entered, wanting, mostPerM, overCap int       // let in; left for want of a seat; most in any 60 s; ticks above the cap
	soldAt                              time.Duration
}

// telling is an estimate somebody was shown.
type telling struct {
	position int64
	at       time.Duration
	p10, p90 float64
}

// lasting is how many positions more the seats left would feed, when so many were called and so many seats were free.
type lasting struct {
	shown int64
	free  int
	lasts int64
}

type occurrence struct {
	at       time.Duration
	position int64
	do       func(*simulation, int64)
}

type happenings []occurrence

func (h happenings) Len() int           { return len(h) }
func (h happenings) Less(i, j int) bool { return h[i].at < h[j].at }
func (h happenings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)        { *h = append(*h, x.(occurrence)) }
func (h *happenings) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// simulate lives a scenario to its end.
func simulate(t *testing.T, plan scenario, seed uint64) *simulation {
	t.Helper()
	k := newKit(t, func(l *line) {
		l.Cap = plan.capacity
		if plan.perMinute > 0 {
			l.PerMinute = &plan.perMinute
		}
	})
	s := &simulation{kit: k, random: rand.New(rand.NewPCG(seed, 7)), plan: plan, inside: map[int64]bool{}, asked: map[int64]time.Duration{}}
	s.points, s.house = waitPoints(plan.capacity, plan.perMinute), house{free: plan.seats}
	if plan.seats == 0 {
		s.house.free = 1_000_000
	}
	k.open()
	k.tick()
	// The crowd is there without joining: a million HTTP requests would tell nothing more of the controller.
	s.set("size", plan.draw, "draw", plan.draw, "tail", plan.tail)
	for at, what := range plan.at {
		s.later(at, 0, func(s *simulation, _ int64) { what(s) })
	}
	recent, minute, seconds := []int{0}, 0.0, 0
	s.outcome.worstMinute = 1
	for second := 1; second <= plan.minutes*60; second++ {
		s.until(time.Duration(second) * time.Second)
		active := s.second()
		if recent = append(recent, s.outcome.entered); len(recent) > 60 {
			s.outcome.mostPerM = max(s.outcome.mostPerM, s.outcome.entered-recent[len(recent)-61])
		}
		if second > 180 {
			share := float64(active) / float64(s.capacity())
			s.outcome.full, seconds, minute = s.outcome.full+share, seconds+1, minute+share/60
			if second%60 == 0 {
				s.outcome.worstMinute, minute = min(s.outcome.worstMinute, minute), 0
			}
		}
	}
	s.outcome.full /= float64(max(1, seconds))
	return s
}

func (s *simulation) capacity() int { return s.plan.capacity }

func (s *simulation) set(pairs ...any) {
	s.T.Helper()
	set := s.Redis.B().Hset().Key(s.queue.redis.key(s.id, "adm")).FieldValue()
	for i := 0; i < len(pairs); i += 2 {
		set = set.FieldValue(pairs[i].(string), fmt.Sprint(pairs[i+1]))
	}
	if err := s.Redis.Do(context.Background(), set.Build()).Error(); err != nil {
		s.T.Fatal(err)
	}
}

// run runs a script, again where a busy machine kept it waiting for longer than anybody would.
func (s *simulation) run(script string, args ...string) reply {
	s.T.Helper()
	for attempt := 0; ; attempt++ {
		answer, err := s.queue.redis.run(context.Background(), script, s.id, args...)
		if err == nil {
			return answer
		}
		if attempt == 5 || !errors.Is(err, context.DeadlineExceeded) {
			s.T.Fatal(err)
		}
	}
}

func (s *simulation) later(after time.Duration, position int64, do func(*simulation, int64)) {
	heap.Push(&s.due, occurrence{s.now + after, position, do})
}

// until lets what is due happen up to a moment.
func (s *simulation) until(end time.Duration) {
	for len(s.due) > 0 && s.due[0].at <= end {
		next := heap.Pop(&s.due).(occurrence)
		s.moveTo(next.at)
		next.do(s, next.position)
	}
	s.moveTo(end)
}

func (s *simulation) moveTo(at time.Duration) {
	s.now = max(s.now, at)
	s.Clock.Set(s.neighbours.event.OpensAt.Add(time.Second + s.now))
}

// second ticks, tells people, and says how many are inside.
func (s *simulation) second() int64 {
	target := strconv.FormatFloat(s.queue.door.target(s.Clock.Now()), 'f', 3, 64)
	state := s.run("tick", strconv.Itoa(s.house.free), strconv.Itoa(s.house.held), "one", target)
	if state.num("active") > int64(s.capacity()) {
		s.outcome.overCap++
	}
	s.mu = state.float("mu")
	if serving := state.num("serving"); serving > s.shown {
		s.run("shown", strconv.FormatInt(serving, 10))
		s.tell(serving)
	}
	if free := strconv.Itoa(s.house.free); s.plan.seats > 0 {
		s.run("estimate", "stalls", free)
	} else {
		s.run("estimate")
	}
	told := estimateOf(s.run("look", ""), s.capacity(), s.plan.perMinute)
	if s.points = told.Wait; told.Lasts != nil && s.plan.seats > 0 {
		s.lasts = append(s.lasts, lasting{s.shown, s.house.free, *told.Lasts})
	}
	if int(s.now.Seconds())%60 == 0 {
		s.slide()
	}
	if int(s.now.Seconds())%20 == 0 || s.now < 30*time.Second {
		s.ask()
	}
	return state.num("active")
}

// tell lets those called come, or not.
func (s *simulation) tell(serving int64) {
	waiting := s.told[:0]
	for _, t := range s.told {
		if t.position >= serving {
			waiting = append(waiting, t)
			continue
		}
		took := (s.now - t.at).Seconds()
		early, late := took < t.p10-.5, took > t.p90+.5
		s.outcome.estimates++
		if early {
			s.outcome.earlier++
		} else if late {
			s.outcome.later++
		}
		if t.at <= time.Minute {
			s.outcome.opening++
			if early {
				s.outcome.openingEarly++
			} else if late {
				s.outcome.openingLate++
			}
		}
	}
	s.told = waiting
	for position := s.shown; position < serving; position++ {
		if s.random.Float64() < s.plan.noShow(position, s) {
			if s.random.Float64() < s.plan.returning {
				s.later(time.Duration(300+s.random.IntN(1500))*time.Second, position, (*simulation).claim)
			}
			continue
		}
		every := s.pollEvery(position - s.shown)
		wait := time.Duration(s.random.Float64()*every*float64(time.Second)) + time.Second
		if s.random.Float64() < .15 {
			wait = time.Duration(s.random.ExpFloat64() * 45 / math.Ln2 * float64(time.Second))
		}
		s.later(wait, position, (*simulation).claim)
	}
	s.shown = serving
}

// pollEvery is how often one looks who has so many ahead, in seconds: web/waiting/standing.js.
func (s *simulation) pollEvery(ahead int64) float64 {
	most := 20.0
	if ahead < 5*int64(s.capacity()) {
		most = 4
	}
	w := waitFor(s.points, ahead)
	return min(most, max(2, math.Sqrt(float64(max(1, w.P10)*w.P90))/15))
}

// ask notes what some who wait are told: at ten depths of the line.
func (s *simulation) ask() {
	if len(s.points) == 0 {
		return
	}
	left := float64(s.plan.draw+s.plan.tail-s.shown) - 1
	for range 10 {
		if left < 1 {
			return
		}
		ahead := int64(math.Exp(s.random.Float64() * math.Log(left)))
		w := waitFor(s.points, ahead)
		s.told = append(s.told, telling{s.shown + ahead, s.now, float64(w.P10), float64(w.P90)})
		if w.P10 > 60 {
			s.outcome.ratios = append(s.outcome.ratios, float64(w.P90)/float64(w.P10))
		}
	}
}

func (s *simulation) slide() {
	places := make([]string, 0, len(s.inside))
	for position := range s.inside {
		places = append(places, name(position))
	}
	s.run("slide", places...)
}

func name(position int64) string { return "p" + strconv.FormatInt(position, 10) }

// claim is somebody at the door.
func (s *simulation) claim(position int64) {
	first, before := s.asked[position]
	if !before {
		first = s.now
		s.asked[position] = s.now
		s.outcome.tried++
	}
	switch answer := s.run("claim", name(position), strconv.FormatInt(position, 10), strconv.Itoa(s.house.free+s.house.held)); answer.status() {
	case "in", "again":
		if s.inside[position] {
			return
		}
		s.outcome.entered++
		if waited := s.now - first; waited > 0 {
			s.outcome.longest = max(s.outcome.longest, waited)
			if waited > 3*time.Second {
				s.outcome.slow++
			}
		}
		s.inside[position] = true
		s.enter(position)
	case "room-full":
		if !before {
			s.outcome.refused++
		}
		again := min(4, max(.5, float64(answer.num("ahead")+1)/max(.01, s.mu))) * (.85 + .3*s.random.Float64())
		s.later(time.Duration(again*float64(time.Second)), position, (*simulation).claim)
	case "sold-out", "done":
	default:
		s.T.Fatalf("claim at %v: %v", s.now, answer)
	}
}

// enter is a stay inside.
func (s *simulation) enter(position int64) {
	stay := 20 + min(460, s.random.ExpFloat64()*180)
	if s.plan.longer != nil {
		stay *= s.plan.longer(s.now)
	}
	if s.plan.seats > 0 {
		s.shop(position, stay)
		return
	}
	s.later(time.Duration(stay*float64(time.Second)), position, func(s *simulation, position int64) { s.leave(position, s.random.Float64() < .15) })
}

// leave ends a stay; whoever lapses says nothing, and the lease runs out.
func (s *simulation) leave(position int64, lapses bool) {
	delete(s.inside, position)
	if !lapses {
		s.run("leave", name(position))
	}
}
