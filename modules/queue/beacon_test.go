package queue

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drand/drand/v2/crypto"
	"gorm.io/gorm"

	"fairseat/app/testkit"
	"fairseat/modules/queue/internal/beacon"
	"fairseat/modules/queue/internal/draw"
)

// oracle is a test's drand with its chain as the line keeps it.
type oracle struct {
	*testkit.Drand
	chain beacon.Chain
}

const oraclePeriod = 3

func newOracle(t testing.TB, scheme string, now func() time.Time) *oracle {
	d := testkit.NewDrand(t, scheme, now)
	return &oracle{d, beacon.Chain{Hash: d.Hash, Scheme: d.Scheme, PublicKey: d.PublicKey, Period: d.Period, GenesisTime: d.Genesis, GroupHash: d.GroupHash, ID: d.ID}}
}

func (o *oracle) config() beacon.Config { return beacon.Config{URLs: []string{o.URL}, Chain: o.Hash} }

// withBeacon publishes a line whose draw takes an oracle's randomness.
func withBeacon(t *testing.T) (*kit, *oracle) {
	k := newKit(t)
	o := newOracle(t, crypto.SigsOnG1ID, k.Clock.Now)
	k.deps.Beacon = o.config()
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	k.slug = "recital"
	event := k.neighbours.event
	event.Slug = k.slug
	k.neighbours.event = event
	k.publish(event, LineSettings{Draws: true, Cap: 10})
	return k, o
}

// toRound moves the clock to when the line's round comes.
func (k *kit) toRound(o *oracle) {
	k.Clock.Set(o.chain.TimeOf(*k.row().BeaconRound))
}

// waitsDrawn ticks until the draw took place.
func (k *kit) waitsDrawn() {
	k.T.Helper()
	testkit.Eventually(k.T, 10*time.Second, "the draw", func() bool { k.tick(); return k.row().drawn() && k.state().num("drawn") == 1 })
}

func (k *kit) drawView() map[string]any {
	k.T.Helper()
	return k.do("GET", k.queuePath("/now"), "").want(200)["draw"].(map[string]any)
}

func TestDrawTakesTheBeacon(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	opens := k.neighbours.event.OpensAt
	round := *k.row().BeaconRound
	if at := o.chain.TimeOf(round); at.Before(opens.Add(6*time.Second)) || !o.chain.TimeOf(round-1).Before(opens.Add(6*time.Second)) {
		t.Fatalf("round %d at %v, opening at %v", round, at, opens)
	}
	source := k.drawView()["beacon_source"].(map[string]any)
	if source["chain"] != o.chain.Hash || source["round"] != float64(round) {
		t.Errorf("source %v", source)
	}
	places := k.joinMany(9)
	k.open()
	k.tick()
	if row := k.row(); row.Size == nil || *row.Size != 9 || row.drawn() {
		t.Fatalf("after the opening: %+v", row)
	}
	view := k.do("GET", k.queuePath("/now"), "").want(200)
	if draw := view["draw"].(map[string]any); view["phase"] != PhaseDrawing || draw["size"] != nil || draw["secret"] != nil || draw["seed"] != nil {
		t.Errorf("public before the round: %v %v", view["phase"], draw)
	}
	if reason, _ := view["reason"].(string); !strings.HasPrefix(reason, "Waiting for public randomness: round ") {
		t.Errorf("reason %q", reason)
	}
	if tail := k.join(); tail.Cohort != InTail {
		t.Errorf("joined the draw after the opening: %+v", tail)
	}
	k.refused(places[0], ErrNotOpen)
	asked := o.Questions()
	k.tick()
	if o.Questions() != asked {
		t.Error("a round was asked for before its time")
	}
	k.toRound(o)
	k.waitsDrawn()
	told, said := k.drawView(), o.Says(round)
	if told["beacon"] != said.Randomness || told["size"] != 9.0 {
		t.Errorf("%v, the beacon said %+v", told, said)
	}
	randomness, _ := hex.DecodeString(said.Randomness)
	seed := draw.Seed(k.slug, 9, k.row().Secret, randomness)
	if told["seed"] != hex.EncodeToString(seed[:]) {
		t.Errorf("seed %v", told["seed"])
	}
	shuffle := draw.NewShuffle(seed, 9)
	for _, p := range places {
		if want, _ := shuffle.Position(p.Index); k.position(p) != want {
			t.Errorf("%s stands at %d, want %d", p.Key(), k.position(p), want)
		}
	}
	// What is drawn stays, whatever is lost.
	k.lose()
	k.tick()
	if again := k.drawView(); again["seed"] != told["seed"] || k.replicaPosition(places[3]) != k.position(places[3]) {
		t.Errorf("after a loss: %v", again)
	}
	if err := k.DB.Exec(`UPDATE lines SET beacon_value = '{}' WHERE event_id = ?`, k.id).Error; err == nil {
		t.Error("the beacon's value could be changed")
	}
	k.checkLine()
}

// replicaPosition is what a process that just started says.
func (k *kit) replicaPosition(p Place) int64 {
	k.T.Helper()
	position, ok, err := k.replica().position(context.Background(), k.id, p.Key())
	if err != nil || !ok {
		k.T.Fatalf("%v %v", ok, err)
	}
	return position
}

// Away, lying, or early: the draw waits, asks once a second at most, and takes the right value when it comes.
func TestDrawWaitsForTheBeacon(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"away", "forged", "other round", "other randomness"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			k, o := withBeacon(t)
			k.joinMany(3)
			k.open()
			k.tick()
			o.Be(fault)
			k.toRound(o)
			before := o.Questions()
			for range 20 { // many ask within one second
				k.tickNow(k.queue)
			}
			testkit.Eventually(t, 10*time.Second, "the beacon was asked", func() bool { return o.Questions() == before+1 })
			k.tick()
			testkit.Eventually(t, 10*time.Second, "and asked again", func() bool { k.tickNow(k.queue); return o.Questions() == before+2 })
			if row := k.row(); row.drawn() {
				t.Fatalf("drawn with %s", row.BeaconValue)
			}
			round := *k.row().BeaconRound
			o.Be("")
			k.waitsDrawn()
			if v, err := k.row().value(); err != nil || v.Round != round || v.Randomness != o.Says(round).Randomness {
				t.Errorf("%+v %v", v, err)
			}
			k.checkLine()
		})
	}
}

func TestStaffMoveTheRoundOn(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	k.joinMany(3)
	path := "admin/" + k.queuePath("/beacon")
	k.do("POST", path, `{"reason":"too soon"}`).fails(409, "beacon-not-due")
	k.open()
	k.tick()
	k.do("POST", path, `{"reason":"still too soon"}`).fails(409, "beacon-not-due")
	o.Be("away")
	first := *k.row().BeaconRound
	k.toRound(o)
	k.Clock.Advance(10 * time.Minute)
	k.do("POST", path, `{}`).fails(422, "bad-field")
	answer := k.do("POST", path, `{"reason":"The network of the hall is down."}`).want(200)
	second := *k.row().BeaconRound
	if answer["round"] != float64(second) || second <= first || o.chain.TimeOf(second).Before(k.Clock.Now().Add(6*time.Second)) {
		t.Fatalf("moved from %d to %d: %v", first, second, answer)
	}
	o.Be("")
	k.toRound(o)
	k.waitsDrawn()
	k.do("POST", path, `{"reason":"again"}`).fails(409, "already-drawn")
	if v, _ := k.row().value(); v.Round != second {
		t.Errorf("drawn with %+v", v)
	}
	var moved beaconMoved
	k.logged("beacon-moved", &moved)
	if moved.From != first || moved.To != second || moved.Reason != "The network of the hall is down." {
		t.Errorf("the log says %+v", moved)
	}
	if err := k.DB.Exec(`UPDATE lines SET beacon_round = beacon_round + 1 WHERE event_id = ?`, k.id).Error; err == nil {
		t.Error("the round of a draw that took place could be changed")
	}
}

// logged decodes the data of the last entry of a kind.
func (k *kit) logged(kind string, into any) {
	k.T.Helper()
	entries := k.entries()
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Kind == kind {
			if err := json.Unmarshal(entries[i].Data, into); err != nil {
				k.T.Fatal(err)
			}
			return
		}
	}
	k.T.Fatalf("no entry %q in %+v", kind, entries)
}

func (k *kit) entries() []LogEntry {
	k.T.Helper()
	lines, err := k.queue.postgres.lines(context.Background(), k.id, 0, logPage)
	if err != nil {
		k.T.Fatal(err)
	}
	entries := make([]LogEntry, len(lines))
	for i, l := range lines {
		if entries[i], err = l.entry(); err != nil {
			k.T.Fatal(err)
		}
	}
	return entries
}

// Whoever knows a round's value must not choose the size: nobody closed the draw until the round was public.
func TestLateSealTakesALaterRound(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	k.joinMany(3)
	first := *k.row().BeaconRound
	k.open()
	k.Clock.Advance(time.Minute) // no process ran
	k.tick()
	row := k.row()
	if *row.Size != 3 || *row.BeaconRound <= first || o.chain.TimeOf(*row.BeaconRound).Before(k.Clock.Now().Add(6*time.Second)) {
		t.Fatalf("size %d, round %d after %d", *row.Size, *row.BeaconRound, first)
	}
	k.toRound(o)
	k.waitsDrawn()
	var moved beaconMoved
	k.logged("beacon-moved", &moved)
	if moved.From != first || !strings.Contains(moved.Reason, "already public") {
		t.Errorf("%+v", moved)
	}
}

// The round follows the opening, until the draw is closed.
func TestRoundFollowsTheOpening(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	first := *k.row().BeaconRound
	was := k.neighbours.event.OpensAt
	later := was.Add(30 * time.Minute)
	if err := k.DB.Transaction(func(tx *gorm.DB) error { return k.queue.Moved(context.Background(), tx, k.id, was, later) }); err != nil {
		t.Fatal(err)
	}
	if round := *k.row().BeaconRound; round != first+30*60/oraclePeriod {
		t.Errorf("round %d, before %d", round, first)
	}
	if err := k.queue.Open(context.Background(), k.event(), owner, "192.0.2.1", "All are here."); err != nil {
		t.Fatal(err)
	}
	if row := k.row(); *row.BeaconRound >= first || o.chain.TimeOf(*row.BeaconRound).Before(k.Clock.Now().Add(6*time.Second)) {
		t.Errorf("round %d, before %d", *row.BeaconRound, first)
	}
	k.tick()
	if err := k.DB.Transaction(func(tx *gorm.DB) error { return k.queue.Moved(context.Background(), tx, k.id, was, later) }); !errors.Is(err, ErrAlreadyDrawn) {
		t.Errorf("an opening moved after the draw was closed: %v", err)
	}
	kinds := []string{}
	for _, e := range k.entries() {
		kinds = append(kinds, e.Kind)
	}
	if got := strings.Join(kinds, " "); got != "published opening-moved beacon-moved opening-moved beacon-moved opened" {
		t.Errorf("the log has %s", got)
	}
	k.toRound(o)
	k.waitsDrawn()
}

// Another chain than the one configured is not taken, nor is an event published without its round.
func TestPublishNeedsTheConfiguredChain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := newOracle(t, crypto.SigsOnG1ID, k.Clock.Now)
	liar := newOracle(t, crypto.SigsOnG1ID, k.Clock.Now)
	hash := o.chain.Hash
	liar.Hash = hash // answers under a name that is not its own
	silent := httptest.NewServer(nil)
	silent.Close()
	otherKey := o.config()
	otherKey.Key = liar.chain.PublicKey
	for name, config := range map[string]beacon.Config{
		"another chain": {URLs: []string{liar.URL}, Chain: hash}, "nobody there": {URLs: []string{silent.URL}, Chain: hash}, "another key": otherKey,
	} {
		deps := k.deps
		deps.Beacon = config
		err := k.DB.Transaction(func(tx *gorm.DB) error {
			_, err := New(deps).Publish(context.Background(), tx, k.id, k.slug, LineSettings{Draws: true, Cap: 1})
			return err
		})
		if !errors.Is(err, ErrBeaconAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An event from before the setting keeps having no beacon.
	k.deps.Beacon = o.config()
	k.queue = New(k.deps)
	k.echo = k.serve(k.queue)
	k.joinMany(2)
	k.open()
	k.tick()
	if draw := k.drawView(); draw["beacon_source"] != nil || draw["beacon"] != nil || draw["seed"] == nil {
		t.Errorf("%v", draw)
	}
	k.do("POST", "admin/"+k.queuePath("/beacon"), `{"reason":"x"}`).fails(409, "no-beacon")
}
