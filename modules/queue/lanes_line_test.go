package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"

	"fairseat/app/fault"
)

var someLanes = []Lane{{"Members", 20}, {"Under 26", 10}}

func withLanes(l *line) { l.Lanes = someLanes }

func (k *kit) joinLane(lane, n int) []Place {
	k.T.Helper()
	places := make([]Place, n)
	for i := range places {
		p, err := k.queue.JoinLane(context.Background(), k.id, lane)
		if err != nil {
			k.T.Fatalf("join lane %d: %v", lane, err)
		}
		places[i] = p
	}
	return places
}

func TestLanesShareTheDraw(t *testing.T) {
	t.Parallel()
	k := newKit(t, withLanes)
	places := k.joinMany(140)
	places = append(places, k.joinLane(1, 80)...)
	places = append(places, k.joinLane(2, 3)...)
	if p := places[140]; p.Key() != "l1.0" || p.Cohort.String() != "draw" {
		t.Errorf("%+v", p)
	}
	before := k.do("GET", k.queuePath("/now"), "").want(200)
	if got := text(before["draw"].(map[string]any)["lanes"]); got != `[{"burnt":[],"name":"Members","share":20,"size":null},{"burnt":[],"name":"Under 26","share":10,"size":null}]` {
		t.Error(got)
	}
	if before["joined"] != 223.0 {
		t.Errorf("joined %v", before["joined"])
	}
	k.open()
	late := k.joinLane(1, 2) // a code used after the opening queues as everyone
	if late[1].Cohort != InTail || late[1].Index != 1 {
		t.Errorf("%+v", late[1])
	}
	k.tick()
	now := k.do("GET", k.queuePath("/now"), "").want(200)["draw"].(map[string]any)
	if now["size"] != 223.0 {
		t.Errorf("size %v", now["size"])
	}
	if got := text(now["lanes"]); got != `[{"burnt":[],"name":"Members","share":20,"size":80},{"burnt":[],"name":"Under 26","share":10,"size":3}]` {
		t.Error(got)
	}
	by := k.positions(append(places, late...))
	if by["t0"] != 223 || by["t1"] != 224 {
		t.Errorf("the tail begins at %d", by["t0"])
	}
	members := 0
	for _, p := range places[140:220] {
		if by[p.Key()] < 100 {
			members++
		}
	}
	if members < 20 || members > 23 { // the three under 26 are among the first thirty; then their share goes to all others
		t.Errorf("%d members among the first hundred", members)
	}
	k.checkLine()
	again := k.do("POST", k.queuePath(""), "", bearer(places[150])...).want(200)
	if again["cohort"] != "draw" || again["index"] != 10.0 || again["lane"] != 1.0 {
		t.Errorf("%v", again)
	}
	me := k.do("GET", k.queuePath("/me"), "", bearer(places[150])...).want(200)
	if me["lane"] != 1.0 || me["position"] != float64(by["l1.10"]) {
		t.Errorf("%v", me)
	}
	if plain := k.do("GET", k.queuePath("/me"), "", bearer(places[0])...).want(200); plain["lane"] != nil {
		t.Errorf("%v", plain)
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// A lane loses what its own counter reserved, at any stage; its people keep their positions and nobody waits for the rest.
func TestLossWithLanes(t *testing.T) {
	t.Parallel()
	k := newKit(t, withLanes)
	places := append(k.joinMany(10), k.joinLane(1, 10)...)
	k.lose()
	places = append(append(places, k.joinMany(2)...), k.joinLane(1, 2)...)
	if last := places[len(places)-1]; last.Key() != "l1.65" {
		t.Fatalf("counting did not go on at the lane's ceiling: %+v", last)
	}
	k.rest()
	places = append(places, k.joinLane(1, 1)...)
	if last := places[len(places)-1]; last.Key() != "l1.66" {
		t.Fatalf("an orderly stop cost the lane indexes: %+v", last)
	}
	k.open()
	places = append(places, k.join()) // seals
	k.lose()                          // the seal is lost before its size was in Postgres
	places = append(places, k.join())
	k.tick()
	now := k.do("GET", k.queuePath("/now"), "").want(200)["draw"].(map[string]any)
	if got := text(now["lanes"]); got != `[{"burnt":[[0,64],[66,128]],"name":"Members","share":20,"size":128},{"burnt":[],"name":"Under 26","share":10,"size":0}]` {
		t.Error(got)
	}
	if got := text(now["burnt"]); got != `[[0,64],[66,128],[256,320]]` || now["size"] != 256.0 {
		t.Errorf("burnt %s, size %v", got, now["size"])
	}
	before := k.positions(places)
	k.lose()
	for key, position := range k.positions(places) {
		if before[key] != position {
			t.Errorf("%s moved from %d to %d", key, before[key], position)
		}
	}
	k.checkLine()
	for range 5 {
		k.tick()
	}
	if serving := k.row().Serving; serving < 256 {
		t.Errorf("serving %d: burnt positions of a lane hold the line up", serving)
	}
	for _, p := range places[:3] {
		k.mustEnter(p)
	}
}

func TestLanesThatCannotBe(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	for why, l := range map[string]LineSettings{
		"a draw":           {Cap: 1, Lanes: someLanes},
		"4 at most":        {Draws: true, Cap: 1, Lanes: []Lane{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}}},
		"90 percent":       {Draws: true, Cap: 1, Lanes: []Lane{{"a", 60}, {"b", 31}}},
		"1 percent":        {Draws: true, Cap: 1, Lanes: []Lane{{"a", 0}}},
		"1 to 40 letters":  {Draws: true, Cap: 1, Lanes: []Lane{{strings.Repeat("é", 41), 5}}},
		"space around":     {Draws: true, Cap: 1, Lanes: []Lane{{" a", 5}}},
		"without space":    {Draws: true, Cap: 1, Lanes: []Lane{{"a\nb", 5}}},
		"different names":  {Draws: true, Cap: 1, Lanes: []Lane{{"Fans", 5}, {"fans", 5}}},
		"all together":     {Draws: true, Cap: 1, Lanes: []Lane{{"a", 91}}},
		"have names of 1 ": {Draws: true, Cap: 1, Lanes: []Lane{{"", 5}}},
	} {
		err := k.DB.Transaction(func(tx *gorm.DB) error {
			_, err := k.queue.Publish(context.Background(), tx, k.id, "other", l)
			return err
		})
		f := fault.As(err)
		if f == nil || !strings.Contains(fmt.Sprint(f.Facts), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := k.DB.Exec(`UPDATE lines SET lanes = '[{"name":"Friends","share":90,"used":0,"ceiling":0,"size":null}]' WHERE event_id = ?`, k.id).Error; err == nil {
		t.Error("a lane came in after the publication")
	}
	// Without lanes a code's lane says nothing; with them it must be one of them.
	if p, err := k.queue.JoinLane(t.Context(), k.id, 3); err != nil || p.Key() != "d0" {
		t.Errorf("%+v %v", p, err)
	}
	laned := k.another("laned", LineSettings{Draws: true, Cap: 1, Lanes: someLanes}, 10)
	for _, lane := range []int{3, 255, -1} {
		if _, err := laned.queue.JoinLane(t.Context(), laned.id, lane); !errors.Is(err, ErrNoLane) {
			t.Errorf("lane %d: %v", lane, err)
		}
	}
	if shown, err := laned.queue.Settings(t.Context(), laned.id); err != nil || fmt.Sprint(shown.Lanes) != fmt.Sprint(someLanes) {
		t.Errorf("%v %v", shown, err)
	}
}

// Until the beacon has spoken nothing of a lane's draw is public, and a Redis that rests, is lost or restarts meanwhile
// changes nothing of it.
func TestLanesWaitForTheBeacon(t *testing.T) {
	t.Parallel()
	k, o := withBeacon(t)
	event := k.neighbours.event
	event.Slug, k.slug = "laned", "laned"
	k.neighbours.event = event
	k.publish(event, LineSettings{Draws: true, Cap: 10, Lanes: someLanes})
	places := append(append(k.joinMany(9), k.joinLane(1, 6)...), k.joinLane(2, 3)...)
	k.open()
	places = append(places, k.joinLane(2, 1)...) // closes the draw, and stands behind it
	k.tick()
	if row := k.row(); row.Size == nil || *row.Size != 18 || row.drawn() {
		t.Fatalf("size %v, drawn %v", row.Size, row.drawn())
	}
	for _, strike := range []func(){k.rest, k.lose, func() { k.restartRedis("draw1", "2", "size", "9") }} {
		strike()
		places = append(places, k.joinLane(1, 1)...)
		draw := k.drawView()
		if draw["size"] != nil || !strings.Contains(text(draw["lanes"]), `"size":null`) || strings.Contains(text(draw["lanes"]), `"size":6`) {
			t.Errorf("public before the beacon: %v", draw)
		}
	}
	k.toRound(o)
	k.waitsDrawn()
	if got := text(k.drawView()["lanes"]); got != `[{"burnt":[],"name":"Members","share":20,"size":6},{"burnt":[],"name":"Under 26","share":10,"size":3}]` {
		t.Error(got)
	}
	by := k.positions(places)
	for _, p := range places {
		if tail := p.Cohort == InTail; tail != (by[p.Key()] >= 18) {
			t.Errorf("%s stands at %d of 18", p.Key(), by[p.Key()])
		}
	}
	k.checkLine()
}
