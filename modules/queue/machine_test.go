package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairseat/app/fault"
)

// another publishes one more event on the same stores.
func (k *kit) another(slug string, l LineSettings, opensIn time.Duration) *kit {
	k.T.Helper()
	next := *k
	next.slug = slug
	event := Event{Slug: slug, PrequeueAt: k.Clock.Now(), OpensAt: k.Clock.Now().Add(opensIn), MaxPerBuyer: 1}
	next.neighbours = &neighbours{kit: &next, event: event, counts: Counts{Free: 10_000}}
	next.deps.Seats, next.deps.Events, next.deps.Orders, next.deps.Payments, next.deps.Journal, next.deps.Limits =
		next.neighbours, next.neighbours, next.neighbours, next.neighbours, next.neighbours, next.neighbours
	next.queue = New(next.deps)
	next.publish(event, l)
	return &next
}

// model is the line as one plain struct: what the scripts must agree with after every step.
type model struct {
	*kit
	t        *rapid.T
	replicas []*Service
	cap      int
	draws    bool
	lanes    []Lane
	paused   bool
	places   []Place
	inside   map[string]time.Time // deadline
	born     map[string]time.Time
	holding  map[string]bool // with an order under way
	refused  map[string]time.Time
	shown    int64
	perMin   int // 0: no budget
	entered  []time.Time
	counted  map[int64]int // admissions that the budget knows, by second
	grace    grace
	active   int64 // at the last check
}

// grace is what the line keeps for those whom a lost Redis put out.
type grace struct {
	out, back, below int64
	until            time.Time
}

func (g grace) kept(now time.Time) int {
	if !now.Before(g.until) {
		return 0
	}
	return int(max(0, g.out-g.back))
}

func TestLineAgainstAPlainModel(t *testing.T) {
	t.Parallel()
	base, round := newKit(t), 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{t: t, inside: map[string]time.Time{}, born: map[string]time.Time{}, holding: map[string]bool{}, refused: map[string]time.Time{}, counted: map[int64]int{}}
		m.cap, m.draws = rapid.IntRange(1, 6).Draw(t, "cap"), rapid.Bool().Draw(t, "draws")
		if m.draws && rapid.Bool().Draw(t, "with lanes") {
			m.lanes = []Lane{{"Members", 40}, {"Locals", 15}}
		}
		settings := LineSettings{Draws: m.draws, Cap: m.cap, Lanes: m.lanes}
		if m.perMin = rapid.SampledFrom([]int{0, 0, 1, 4}).Draw(t, "per minute"); m.perMin > 0 {
			settings.PerMinute = &m.perMin
		}
		m.kit = base.another(fmt.Sprintf("round-%d", round), settings, 10*time.Second)
		m.replicas = []*Service{m.queue, m.replica(), m.replica()}
		t.Repeat(map[string]func(*rapid.T){
			"join": m.joinOne, "joins": m.joinSome, "tick": m.second, "claim": m.claim, "claim again": m.claim, "leave": m.leaveOne,
			"lapse": m.lapse, "lose": m.loseAll, "restart": m.restart, "stop": m.stop, "cap": m.changeCap, "pause": m.togglePause, "order": m.toggleOrder,
			"": m.check,
		})
	})
}

func (m *model) service() *Service { return m.replicas[rapid.IntRange(0, 2).Draw(m.t, "replica")] }

func (m *model) opened() bool { return !m.Clock.Now().Before(m.neighbours.event.OpensAt) }

func (m *model) joinOne(t *rapid.T) {
	lane := rapid.IntRange(0, len(m.lanes)).Draw(t, "lane")
	p, err := m.service().JoinLane(context.Background(), m.id, lane)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	want := InTail
	if m.draws && !m.opened() {
		want = InDraw
		if lane > 0 {
			want = InLane(lane)
		}
	}
	if p.Cohort != want {
		t.Fatalf("%+v in lane %d, opened %v", p, lane, m.opened())
	}
	m.places = append(m.places, p)
}

func (m *model) joinSome(t *rapid.T) {
	for range rapid.IntRange(1, 80).Draw(t, "joins") {
		m.joinOne(t)
	}
}

// second lets one second pass, and any replica tick.
func (m *model) second(t *rapid.T) {
	m.Clock.Advance(time.Second)
	if err := m.service().tick(context.Background(), *m.row()); err != nil {
		t.Fatalf("tick: %v", err)
	}
	m.swept()
	for place, at := range m.refused {
		if !at.After(m.Clock.Now().Add(-8 * time.Second)) {
			delete(m.refused, place)
		}
	}
	m.seeShown(t)
}

// swept ends what lapsed, as every tick does.
func (m *model) swept() {
	for place, until := range m.inside {
		switch {
		case until.After(m.Clock.Now()):
		case m.holding[place]:
			m.inside[place] = m.Clock.Now().Add(20 * time.Second)
		default:
			delete(m.inside, place)
			delete(m.born, place)
		}
	}
}

func (m *model) seeShown(t *rapid.T) {
	shown := m.state().num("shown")
	if shown < m.shown {
		t.Fatalf("shown fell from %d to %d: somebody called is uncalled", m.shown, shown)
	}
	m.shown = shown
}

func (m *model) somebody(t *rapid.T) (Place, bool) {
	if len(m.places) == 0 {
		return Place{}, false
	}
	return rapid.SampledFrom(m.places).Draw(t, "place"), true
}

func (m *model) claim(t *rapid.T) {
	p, ok := m.somebody(t)
	if !ok {
		return
	}
	now, key := m.Clock.Now(), p.Key()
	a, err := m.service().Enter(context.Background(), m.id, key)
	if until, in := m.inside[key]; in && (until.After(now) || m.holding[key]) {
		if err != nil || !a.Again {
			t.Fatalf("%s is inside, and got %+v %v", key, a, err)
		}
		m.slide(key)
		if !a.Until.Equal(m.inside[key]) {
			t.Fatalf("%s until %v, want %v", key, a.Until, m.inside[key])
		}
		return
	}
	want := error(nil)
	switch {
	case !m.opened():
		want = ErrNotOpen
	case m.paused:
		want = ErrPaused
	case m.draws && m.position(p) >= m.shown:
		want = ErrNotYourTurn
	default:
		m.swept()
		ahead := m.before(p)
		if m.position(p) >= m.grace.below {
			ahead += m.grace.kept(now)
		}
		if len(m.inside)+ahead >= m.cap || (m.perMin > 0 && m.lately()+ahead >= m.perMin) {
			want = ErrRoomFull
		}
	}
	if want == nil {
		if err != nil || a.Again {
			t.Fatalf("%s with %d inside of %d and %d before it: %+v %v", key, len(m.inside), m.cap, m.before(p), a, err)
		}
		m.inside[key], m.born[key], m.entered = now.Add(180*time.Second), now, append(m.entered, now)
		if len(m.inside) > m.cap {
			t.Fatalf("%d inside of %d", len(m.inside), m.cap)
		}
		if m.perMin > 0 && len(m.entered) > m.perMin && now.Sub(m.entered[len(m.entered)-1-m.perMin]) < time.Minute {
			t.Fatalf("more than %d within a minute: %v", m.perMin, m.entered)
		}
		if m.position(p) < m.grace.below && m.grace.kept(now) > 0 {
			m.grace.back++
		}
		m.counted[now.Unix()]++
		delete(m.refused, key)
		return
	}
	if !errors.Is(err, want) {
		t.Fatalf("%s: want %v, got %+v %v", key, want, a, err)
	}
	if want == ErrRoomFull {
		m.refused[key] = now
	}
	if want == ErrNotYourTurn && fault.As(err).Facts["ahead"] != m.position(p)-m.shown {
		t.Fatalf("%v", fault.As(err).Facts)
	}
	if until, in := m.inside[key]; in && !until.After(now) { // a lapsed admission ends with the next claim
		delete(m.inside, key)
		delete(m.born, key)
	}
}

// lately is how many entered in this second and the sixty before it.
func (m *model) lately() int {
	count := 0
	for second, entered := range m.counted {
		if second >= m.Clock.Now().Unix()-60 {
			count += entered
		}
	}
	return count
}

// doubted is a budget after a loss: what Postgres may not have heard of counts as used, and just now; whether more than that
// had entered is no longer known.
func (m *model) doubted() {
	if m.perMin == 0 || !m.opened() || (m.draws && m.state().num("shown") == 0) || (!m.draws && len(m.places) == 0) {
		return
	}
	m.counted[m.Clock.Now().Unix()] += max(0, min((m.perMin*6+59)/60, m.perMin-m.lately()))
	m.entered = nil
}

// reloaded is a line that was brought back when Postgres had so many inside.
func (m *model) reloaded(admitted int64) {
	m.grace = grace{below: m.state().num("shown"), until: m.Clock.Now().Add(time.Minute)}
	m.grace.out = max(0, min(admitted, int64(m.cap))-int64(len(m.inside)))
}

// slide is what a request does to a live admission.
func (m *model) slide(key string) {
	now := m.Clock.Now()
	later := now.Add(180 * time.Second)
	if longest := m.born[key].Add(30 * time.Minute); longest.Before(later) {
		later = longest
	}
	if later.After(m.inside[key]) {
		m.inside[key] = later
	}
	if !m.inside[key].After(now) {
		m.inside[key] = now.Add(20 * time.Second)
	}
}

// before is how many refused places with a smaller position are waiting.
func (m *model) before(p Place) int {
	count := 0
	for _, other := range m.places {
		if _, waits := m.refused[other.Key()]; waits && m.position(other) < m.position(p) {
			count++
		}
	}
	return count
}

func (m *model) leaveOne(t *rapid.T) {
	if p, ok := m.somebody(t); ok {
		if err := m.service().Leave(context.Background(), m.id, p.Key()); err != nil {
			t.Fatal(err)
		}
		delete(m.inside, p.Key())
		delete(m.born, p.Key())
		delete(m.refused, p.Key())
	}
}

func (m *model) lapse(t *rapid.T) {
	m.Clock.Advance(time.Duration(rapid.IntRange(170, 400).Draw(t, "seconds")) * time.Second)
	m.second(t)
}

func (m *model) changeCap(t *rapid.T) {
	m.cap = rapid.IntRange(1, 6).Draw(t, "cap")
	if err := m.queue.Amend(context.Background(), m.DB, m.id, LineChange{Cap: &m.cap}); err != nil {
		t.Fatal(err)
	}
	if err := m.service().Changed(context.Background(), m.id); err != nil {
		t.Fatal(err)
	}
}

func (m *model) togglePause(t *rapid.T) {
	act := m.queue.Pause
	if m.paused {
		act = m.queue.Resume
	}
	if err := act(context.Background(), m.event(), owner, "192.0.2.1", "test"); err != nil {
		t.Fatal(err)
	}
	m.paused = !m.paused
}

// toggleOrder lets somebody inside begin or finish an order.
func (m *model) toggleOrder(t *rapid.T) {
	p, ok := m.somebody(t)
	until, in := m.inside[p.Key()]
	if !ok || (!m.holding[p.Key()] && (!in || !until.After(m.Clock.Now()))) {
		return
	}
	m.holding[p.Key()] = !m.holding[p.Key()]
	m.neighbours.set(m.neighbours.HoldKeys(m.id).Payers, p.Key(), m.holding[p.Key()])
}

// check is what must be true after every step.
func (m *model) check(t *rapid.T) {
	state := m.state()
	if active := state.num("active"); active != int64(len(m.inside)) {
		t.Fatalf("%d inside, the model has %d", active, len(m.inside))
	}
	if active := state.num("active"); active > int64(m.cap) && active > m.active {
		t.Fatalf("%d inside of %d, after %d", active, m.cap, m.active)
	}
	m.active = state.num("active")
	if kept := state.num("kept"); kept != int64(m.grace.kept(m.Clock.Now())) {
		t.Fatalf("%d slots kept, the model has %+v", kept, m.grace)
	}
	if state.num("cap") != int64(m.cap) {
		t.Fatalf("cap %d, want %d", state.num("cap"), m.cap)
	}
	violations, err := m.queue.Audit(context.Background())
	if err != nil || len(violations) > 0 {
		t.Fatalf("audit: %v %v", violations, err)
	}
	owner := map[string]string{}
	for _, p := range m.places {
		position, known, err := m.queue.position(context.Background(), m.id, p.Key())
		if err != nil {
			t.Fatal(err)
		}
		at := p.Key()
		if known {
			at = fmt.Sprint(position)
		}
		if other, taken := owner[at]; taken {
			t.Fatalf("%s and %s share %s", other, p.Key(), at)
		}
		owner[at] = p.Key()
	}
}
