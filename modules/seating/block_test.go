package seating

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/clock"
	"fairseat/app/request"
	"fairseat/app/testkit"
)

const blocksPath = "/api/v1/admin/events/gala/blocks"

// blocksOf asks for the list.
func blocksOf(t *testing.T, base string) []blockResponse {
	t.Helper()
	var list struct{ Blocks []blockResponse }
	if err := json.Unmarshal(ask(t, "GET", base+blocksPath, "").want(t, 200, "").body, &list); err != nil {
		t.Fatal(err)
	}
	return list.Blocks
}

// Blocks of any size are told seat by seat, which programs count on, and in a few letters for those who say that these do.
func TestBlocksAreToldShort(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 600, "")
	base := serve(t, h.s)
	numbers := make([]string, fewSeats+1)
	for n := range numbers {
		numbers[n] = fmt.Sprint(n)
	}
	large := ask(t, "POST", base+blocksPath, `{"seats":[`+strings.Join(numbers, ",")+`],"reason":"x"}`).want(t, 201, "").field("id")
	small := ask(t, "POST", base+blocksPath, `{"seats":[1005,1003,1007,1004],"reason":"y"}`).want(t, 201, "").field("id")
	for query, named := range map[string]map[any]int{"": {large: 1001, small: 4}, "?seats=none": {large: -1, small: -1}} {
		var list struct{ Blocks []map[string]any }
		if err := json.Unmarshal(ask(t, "GET", base+blocksPath+query, "").want(t, 200, "").body, &list); err != nil || len(list.Blocks) != 2 {
			t.Fatal(list, err)
		}
		for _, b := range list.Blocks {
			seats, has := b["seats"].([]any)
			if want := named[b["id"]]; has != (want >= 0) || has && len(seats) != want {
				t.Errorf("%s: %d seats are named, %v", query, len(seats), has)
			}
			if said := fmt.Sprint(b["count"], " ", b["spans"]); said != "1001 0-1000" && said != "4 1003-1005 1007" {
				t.Errorf("%s: %s", query, said)
			}
		}
	}
	ask(t, "GET", base+blocksPath+"?seats=some", "").want(t, 422, "bad-field")
	changed := ask(t, "PATCH", fmt.Sprint(base, blocksPath, "/", large), `{"reason":"z"}`).want(t, 200, "")
	if seats, _ := changed.field("seats").([]any); len(seats) != 1001 {
		t.Errorf("a changed block names %d seats", len(seats))
	}
	if owner := ask(t, "GET", base+"/api/v1/admin/events/gala/seats/7", "").want(t, 200, ""); len(owner.body) > 600 {
		t.Errorf("who has one seat of a large block takes %d bytes", len(owner.body))
	}
	left := ask(t, "POST", fmt.Sprint(base, blocksPath, "/", large, "/release"), `{"seats":[1002]}`).want(t, 200, "")
	if seats, _ := left.field("seats").([]any); len(seats) != 1001 {
		t.Errorf("a block that was asked to release names %d seats", len(seats))
	}
}

func TestBlocksOverHTTP(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":3`)
	h.admit("ada")
	base := serve(t, h.s)
	blocks := base + blocksPath
	made := ask(t, "POST", blocks, `{"seats":[2,1,2],"reason":" sound desk ","until":null}`).want(t, 201, "")
	id, _ := made.field("id").(string)
	if id == "" || h.status(1) != 3 || h.status(2) != 3 {
		t.Fatalf("blocked: %s", made.body)
	}
	h.mustHold("ada", 4)
	for body, want := range map[string]string{
		`{"seats":[2,3],"reason":"x"}`:                                         "409 seats-taken",
		`{"seats":[3,4],"reason":"x"}`:                                         "409 seats-taken",
		`{"seats":[17],"reason":"x"}`:                                          "409 seats-taken",
		`{"seats":[99],"reason":"x"}`:                                          "404 no-such-seat",
		`{"seats":[-1],"reason":"x"}`:                                          "404 no-such-seat",
		`{"seats":[3]}`:                                                        "422 bad-field",
		`{"seats":[],"reason":"x"}`:                                            "422 bad-field",
		`{"seats":[1.5],"reason":"x"}`:                                         "422 bad-field",
		`{"seats":[3],"reason":"x","until":"2020-01-01T00:00:00Z"}`:            "422 bad-field",
		`{"seats":[3],"reason":"x","until":"soon"}`:                            "422 bad-field",
		`{"seats":[3],"reason":"x","until":7}`:                                 "422 bad-field",
		`{"seats":[3],"reason":"` + strings.Repeat("long", 200) + `"}`:         "422 bad-field",
		`{"seats":[3],"reason":"x\u0000"}`:                                     "422 bad-field",
		`{"seats":[3],"reason":"x","name":"` + strings.Repeat("ü", 201) + `"}`: "422 bad-field",
		`{"seats":[3],"reason":"x","override":true}`:                           "400 bad-body",
		`{"seats":"all","reason":"x"}`:                                         "400 bad-body",
	} {
		a := ask(t, "POST", blocks, body)
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	for body, says := range map[string]string{
		`{"seats":[3],"reason":"x","until":"9999-12-31T23:59:59Z"}`: "is a time between the years 2000 and 9000",
		`{"seats":[3],"reason":"x\u0000"}`:                          "is not text",
	} {
		if a := ask(t, "POST", blocks, body); !strings.Contains(string(a.body), says) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	if _, err := h.claim("ada", "a@x", 1); err == nil {
		t.Error("a blocked seat was claimed")
	}
	for range 2 {
		ask(t, "DELETE", blocks+"/"+id, "").want(t, 204, "")
	}
	ask(t, "DELETE", blocks+"/nonsense", "").want(t, 204, "")
	if h.status(1) != 0 || h.status(2) != 0 || len(blocksOf(t, base)) != 0 {
		t.Error("unblocked seats are not free")
	}
	h.mustHold("ada", 1)
	h.checkSeats()
	if got := strings.Join(h.notes.all, "\n"); !strings.Contains(got, "seats.block event:gala\nseats.unblock event:gala") {
		t.Errorf("journal %s", got)
	}
}

// A partner's seats stand in the list by name; some of them go back, the end moves, and what is over cannot be changed.
func TestBlockForAPartner(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	base := serve(t, h.s)
	blocks := base + blocksPath
	until := clock.Format(h.Clock.Now().Add(time.Hour))
	made := ask(t, "POST", blocks, `{"seats":[3,1,2,9],"name":"Sponsor AG","reason":"contract 7","until":"`+until+`"}`).want(t, 201, "")
	id, _ := made.field("id").(string)
	list := blocksOf(t, base)
	if len(list) != 1 || list[0].ID != id || fmt.Sprint(list[0].Seats) != "[1 2 3 9]" || list[0].Name != "Sponsor AG" ||
		list[0].Reason != "contract 7" || clock.Format(time.Time(list[0].Until)) != until || time.Time(list[0].At).IsZero() {
		t.Fatalf("%+v", list)
	}
	for _, released := range []string{"[2 9]", "[]"} { // 7 is not the block's, and a repetition changes nothing
		left := ask(t, "POST", blocks+"/"+id+"/release", `{"seats":[9,2,7]}`).want(t, 200, "")
		if fmt.Sprint(left.field("seats")) != "[1 3]" || fmt.Sprint(left.field("released")) != released {
			t.Errorf("left: %s", left.body)
		}
	}
	if h.status(2) != 0 || h.status(9) != 0 || h.status(1) != 3 {
		t.Error("the map shows it otherwise")
	}
	ask(t, "POST", blocks+"/"+id+"/release", `{"seats":[99]}`).want(t, 200, "")
	ask(t, "POST", blocks+"/"+id+"/release", `{"seats":[]}`).want(t, 422, "bad-field")
	changed := ask(t, "PATCH", blocks+"/"+id, `{"until":null,"name":"Sponsor & Co"}`).want(t, 200, "")
	if changed.field("until") != nil || changed.field("name") != "Sponsor & Co" || changed.field("reason") != "contract 7" {
		t.Errorf("changed: %s", changed.body)
	}
	for body, want := range map[string]string{
		`{"until":"2020-01-01T00:00:00Z"}`: "422 bad-field", `{"reason":""}`: "422 bad-field", `{"seats":[1]}`: "400 bad-body",
	} {
		a := ask(t, "PATCH", blocks+"/"+id, body)
		if got := fmt.Sprintf("%d %v", a.status, a.field("code")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if left := ask(t, "POST", blocks+"/"+id+"/release", `{"seats":[1,3]}`).want(t, 200, ""); fmt.Sprint(left.field("seats")) != "[]" {
		t.Errorf("left: %s", left.body)
	}
	ask(t, "PATCH", blocks+"/"+id, `{"name":"late"}`).want(t, 404, "no-such-block")
	ask(t, "PATCH", blocks+"/nonsense", `{}`).want(t, 404, "no-such-block")
	ask(t, "POST", blocks+"/nonsense/release", `{"seats":[1]}`).want(t, 404, "no-such-block")
	h.checkSeats()
}

// At its moment a block ends by itself, once, though two replicas look and Redis was lost in between; a fan sees it live.
func TestBlockEndsByItself(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, `,"max_per_buyer":4`)
	h.admit("ada")
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID,
		BlockWish{Seats: []int{1, 2, 3}, Name: "Sponsor AG", Reason: "contract", Until: h.Clock.Now().Add(10 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{5}, Reason: "no sight"}); err != nil {
		t.Fatal(err)
	}
	one, two := h.run(t), h.run(t)
	w := one.watch(t, "ada", "")
	sees := func(r *replica, n, state int) func() bool {
		return func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.states) > n && int(w.states[n]) == state
		}
	}
	testkit.Eventually(t, 10*time.Second, "the fan sees the block", sees(one, 1, 3))
	h.Clock.Advance(10*time.Minute - time.Second)
	h.flush()
	h.admit("ada")
	testkit.Eventually(t, 10*time.Second, "the map is whole again", func() bool {
		differ, err := h.s.Audit(t.Context())
		return err == nil && len(differ) == 0
	})
	h.Clock.Advance(time.Second)
	testkit.Eventually(t, 10*time.Second, "the fan sees free seats", func() bool {
		return sees(one, 1, 0)() && sees(one, 2, 0)() && sees(one, 3, 0)() && sees(one, 5, 3)()
	})
	one.stop()
	two.stop()
	h.notes.mu.Lock()
	ended := strings.Count(strings.Join(h.notes.all, "\n"), "seats.unblock")
	h.notes.mu.Unlock()
	if ended != 1 {
		t.Errorf("it ended %d times", ended)
	}
	h.checkSeats()
}

// Nobody ran when the moment came: whoever comes next ends it, and an end that moved meanwhile counts.
func TestBlockEndsLateAfterAStop(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 8, "")
	block := func(n int, d time.Duration) string {
		t.Helper()
		made, err := h.s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{n}, Reason: "x", Until: h.Clock.Now().Add(d)})
		if err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	block(1, time.Minute)
	moved := block(2, time.Minute)
	h.Clock.Advance(time.Hour)
	later := h.Clock.Now().Add(time.Hour)
	if _, err := h.s.ChangeBlock(t.Context(), request.Staff{}, "", h.event.ID, moved, BlockChange{Until: &later}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.s.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if h.status(1) != 0 || h.status(2) != 3 {
		t.Errorf("seat 1 is %d, seat 2 is %d", h.status(1), h.status(2))
	}
	h.checkSeats()
}

// Two of the staff want the same seats, and fans pay for some: each seat has one owner, and whoever is late is told which.
func TestBlocksRace(t *testing.T) {
	t.Parallel()
	h := open(t, 2, 20, `,"max_per_buyer":4`)
	h.admit("ada")
	replica := newService(h.Kit, h, h.Clock)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		s := []*Service{h.s, replica}[i%2]
		wg.Go(func() {
			_, err := s.Block(t.Context(), request.Staff{}, "", h.event.ID, BlockWish{Seats: []int{i, 9, 10, 11}, Reason: "x"})
			var taken *SeatsTakenError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.As(err, &taken) || fmt.Sprint(taken.Seats) != "[9 10 11]":
				t.Errorf("refused with %v", err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d blocks have the same seats", won)
	}
	claims := h.mustClaim("ada", "ada", 15)
	h.mustTake("ada", claims)
	h.mustHold("ada", 16)
	base := serve(t, h.s)
	a := ask(t, "POST", base+blocksPath, `{"seats":[14,15,17],"reason":"x"}`).want(t, 409, "seats-taken")
	if fmt.Sprint(a.field("seats")) != "[15]" {
		t.Errorf("in checkout: %s", a.body)
	}
	if a = ask(t, "POST", base+blocksPath, `{"seats":[14,15,16,17],"reason":"x"}`).want(t, 409, "seats-taken"); fmt.Sprint(a.field("seats")) != "[16]" {
		t.Errorf("held: %s", a.body) // a held seat is seen first; the next try names the other
	}
	h.move(claims, []string{"checkout"}, "sold")
	ask(t, "POST", base+blocksPath, `{"seats":[15],"reason":"x"}`).want(t, 409, "seats-taken")
	if h.status(14) != 0 || h.status(17) != 0 {
		t.Error("a refused block took a seat")
	}
	h.checkSeats()
}

func TestWhoHasASeat(t *testing.T) {
	t.Parallel()
	h := open(t, 3, 6, `,"max_per_buyer":4`)
	h.admit("ada")
	base := serve(t, h.s)
	basket := h.mustHold("ada", 1)
	claims := h.mustClaim("bob", "bob", 2)
	h.mustTake("bob", claims)
	if _, err := h.s.Block(t.Context(), request.Staff{Email: "eva@example.org"}, "", h.event.ID,
		BlockWish{Seats: []int{3}, Name: "Sponsor AG", Reason: "contract"}); err != nil {
		t.Fatal(err)
	}
	ask := func(n any, want string) answer {
		t.Helper()
		a := ask(t, "GET", fmt.Sprint(base, "/api/v1/admin/events/gala/seats/", n), "").want(t, 200, "")
		if a.field("state") != want {
			t.Errorf("seat %v: %s", n, a.body)
		}
		return a
	}
	ask(0, "free")
	if a := ask(1, "held"); a.field("place") != "ada" || a.field("until") != clock.Format(basket.ExpiresAt) || a.field("label") != "A-2" {
		t.Errorf("held: %s", a.body)
	}
	if a := ask(2, "paying"); a.field("order") == nil || a.field("until") != nil {
		t.Errorf("paying: %s", a.body)
	}
	h.move(claims, []string{"checkout"}, "sold")
	ask(2, "sold")
	if a := ask(3, "blocked"); !strings.Contains(string(a.body), `"name":"Sponsor AG"`) || !strings.Contains(string(a.body), "eva@example.org") {
		t.Errorf("blocked: %s", a.body)
	}
	ask(17, "off")
	h.Clock.Advance(time.Hour)
	ask(1, "free")
	for _, n := range []string{"18", "-1", "x", "99999999999999999999"} {
		if res := get(t, base+"/api/v1/admin/events/gala/seats/"+n); res != http.StatusNotFound {
			t.Errorf("seat %s: %d", n, res)
		}
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for want, seats := range map[string][]int{"": nil, "4": {4}, "0-2 4 7-8": {0, 1, 2, 4, 7, 8}} {
		if got := spans(seats); got != want {
			t.Errorf("%v is %q, not %q", seats, got, want)
		}
	}
}
