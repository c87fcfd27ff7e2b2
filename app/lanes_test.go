package app_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// laneView is a lane as /queue/now shows it.
type laneView struct {
	Name  string
	Share int64
	Size  int64
}

// A presale with a lane: members come by code and have their share of the draw, anyone can work out who stands where,
// and the pages say all of it.
func TestLaneStory(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	staff := signIn(t, p.base)
	shares := []map[string]any{{"name": "Members", "share": 30}, {"name": "Under 26", "share": 10}}
	createEvent(t, staff, "gala", house(t, staff, 6, 10), map[string]any{"Stalls": 4200}, 20*time.Minute,
		map[string]any{"queue": map[string]any{"cap": 5, "lanes": shares}})
	staff.refused(t, 422, "bad-field", "PATCH", "/api/v1/admin/events/gala", map[string]any{"queue": map[string]any{"lanes": shares[:1]}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	page := body(t, p.base+"/events/gala")
	for _, want := range []string{"Everyone here by then takes part in the draw, by the shares below", "Shares of the draw", "Members, by access code: 30 %", "Under 26, by access code: 10 %", "Everyone else: 60 %"} {
		if !strings.Contains(page, want) {
			t.Errorf("the event's page does not say %q", want)
		}
	}
	var fans []*fan
	join := func(count int, code func(int) string) {
		for i := range count {
			f := newFan(p.base, "gala", fmt.Sprintf("Fan %d", len(fans)))
			asked := map[string]any{}
			if code != nil {
				asked["access_code"] = code(i)
			}
			f.must(t, 201, "POST", f.path("/queue"), asked, &f.place)
			f.bearer = f.place.Place
			fans = append(fans, f)
		}
	}
	members := codes(t, p, 1, 12)
	if out, _ := p.run(nil, "codes", "--event", "gala", "--lane", "3", "--count", "1"); !strings.Contains(out, "gala has 2 lanes: nobody can join with codes of lane 3.") {
		t.Errorf("codes of a lane that is not there are printed without a word:\n%s", out)
	}
	join(12, func(i int) string { return members[i] })
	join(25, nil)
	if f := fans[3]; f.place.Lane != 1 || f.place.Cohort != "draw" || f.place.Index != 3 {
		t.Fatalf("a member's place: %+v", f.place)
	}
	var again placeView
	newFan(p.base, "gala", "other device").must(t, 200, "POST", fans[0].path("/queue"), map[string]any{"access_code": members[0]}, &again)
	if again.Index != fans[0].place.Index || again.Lane != 1 {
		t.Errorf("a code used twice: %+v", again)
	}
	newFan(p.base, "gala", "stray").refused(t, 409, "no-lane", "POST", fans[0].path("/queue"), map[string]any{"access_code": codes(t, p, 3, 1)[0]})
	if text := body(t, p.base+"/events/gala/place", "Cookie", "fs_place_gala="+fans[0].place.Place); !strings.Contains(text, "You are in it as Members, with 30 % of the places.") {
		t.Error("the page of a place does not name its lane")
	}

	waiting := newBrowser(t, p.base, phone)
	waiting.open("/events/gala#p=" + fans[0].place.Place)
	waiting.sees("You are in it as Members, with 30 % of the places.", "takes part in the draw, by the shares below", "Shares of the draw")
	waiting.axe()
	visitor := newBrowser(t, p.base, phone)
	visitor.open("/events/gala")
	visitor.sees("Access code, if you have one")
	staff.must(t, 200, "POST", "/api/v1/admin/events/gala/queue/open", map[string]string{"reason": "test"}, nil)
	now := waitDrawn(t, ctx, fans[0])
	join(1, func(int) string { return codes(t, p, 2, 1)[0] })
	if late := fans[len(fans)-1].place; late.Cohort != "tail" || late.Lane != 0 {
		t.Errorf("a code used after the opening: %+v", late)
	}
	want := recomputed(t, now, fans[0])
	for _, f := range fans[:len(fans)-1] {
		var me meView
		f.must(t, 200, "GET", f.path("/queue/me"), nil, &me)
		if me.Position == nil || *me.Position != want[[2]int64{f.place.Lane, f.place.Index}] {
			t.Errorf("%s, index %d of lane %d: position %v, recomputed %d", f.name, f.place.Index, f.place.Lane, me.Position, want[[2]int64{f.place.Lane, f.place.Index}])
		}
	}
	first := 0
	for _, f := range fans[:12] {
		if want[[2]int64{1, f.place.Index}] < 10 {
			first++
		}
	}
	if first < 3 || first > 4 { // nobody under 26 came: their share goes to the others
		t.Errorf("%d members among the first ten", first)
	}
	if out, code := p.run(nil, "verify-log", p.base+"/events/gala"); code != 0 {
		t.Errorf("fairseat verify-log: exit %d\n%s", code, out)
	}

	// The browser works the same place out by itself.
	last := slices.MaxFunc(fans[:12], func(a, b *fan) int {
		return cmp.Compare(want[[2]int64{1, a.place.Index}], want[[2]int64{1, b.place.Index}])
	})
	number := want[[2]int64{1, last.place.Index}] + 1
	b := newBrowser(t, p.base, phone)
	b.open("/events/gala#p=" + last.place.Place)
	b.sees(fmt.Sprintf("You are number %d of 37.", number), "Shares of the draw")
	b.axe()
	b.fits()
	b.open("/events/gala/verify")
	b.sees(fmt.Sprintf("With 30 %% of every stretch of the line that is position %d, counted from 0.", number-1), "The seed and the name make the seed of lane Members")
	if text := b.text("main"); strings.Contains(text, "✗") {
		t.Errorf("the proof does not hold: %s", text)
	}
	b.axe()
	b.fits()

	// After the draw a code makes nobody part of it, but leads its owner back to their place.
	visitor.excuse("403 (Forbidden)")
	visitor.open("/events/gala#c=ABCDEF-ABCDEF-ABCDEF")
	visitor.click("", "I joined with an access code before")
	visitor.click("button", "Join the line")
	visitor.sees("This is not a code for this event.")
	visitor.fill("Access code", members[slices.Index(fans, last)])
	visitor.click("button", "Join the line")
	visitor.sees(fmt.Sprintf("You are number %d of 37.", number))
}

// codes prints access codes of the event's lane, as an organiser does.
func codes(t *testing.T, p *process, lane, count int) []string {
	t.Helper()
	out, code := p.run(nil, "codes", "--event", "gala", "--lane", fmt.Sprint(lane), "--count", fmt.Sprint(count))
	var found []string
	for word := range strings.FieldsSeq(out) {
		if strings.Count(word, "-") == 2 && len(word) == 20 {
			found = append(found, word)
		}
	}
	if code != 0 || len(found) != count {
		t.Fatalf("fairseat codes: exit %d\n%s", code, out)
	}
	return found
}

func body(t *testing.T, url string, header ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%s: %d %v", url, res.StatusCode, err)
	}
	return string(text)
}

// recomputed is everyone's position by lane and index, worked out a second time as any reader of the contract would: by
// sorting.
func recomputed(t *testing.T, now nowView, f *fan) map[[2]int64]int64 {
	t.Helper()
	var shown struct{ Draw struct{ Lanes []laneView } }
	a := f.must(t, 200, "GET", f.path("/queue/now"), nil, nil)
	if err := json.Unmarshal(a.Body, &shown); err != nil || len(shown.Draw.Lanes) != 2 {
		t.Fatalf("lanes %v %v", shown, err)
	}
	var seed [32]byte
	if _, err := hex.Decode(seed[:], []byte(*now.Draw.Seed)); err != nil {
		t.Fatal(err)
	}
	type one struct{ lane, index, j, share, rank int64 }
	var all []one
	public, share := *now.Draw.Size, int64(100)
	for i, lane := range shown.Draw.Lanes {
		public, share = public-lane.Size, share-lane.Share
		own := sha256.Sum256(fmt.Appendf(nil, "fairseat lane v1\n%x\n%s\n", seed, lane.Name))
		for index := range lane.Size {
			all = append(all, one{int64(i + 1), index, shuffled(index, lane.Size, own), lane.Share, int64(i)})
		}
	}
	for index := range public {
		all = append(all, one{0, index, shuffled(index, public, seed), share, 99})
	}
	slices.SortFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare((2*a.j+1)*b.share, (2*b.j+1)*a.share), cmp.Compare(a.rank, b.rank))
	})
	positions := map[[2]int64]int64{}
	for position, o := range all {
		positions[[2]int64{o.lane, o.index}] = int64(position)
	}
	return positions
}
