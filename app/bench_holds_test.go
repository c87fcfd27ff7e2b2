package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// In each turn of a measurement so many fans hold their first seat.
const fanShare, holdTurns = 1000, 14

// square is a house of so many seats in pretix's format, all of one category.
func square(t testing.TB, staff *client, seats int) (plan string) {
	t.Helper()
	type object = map[string]any
	var rows []object
	for r := 0; r*100 < seats; r++ {
		var drawn []object
		for n := range min(100, seats-r*100) {
			drawn = append(drawn, object{"seat_guid": fmt.Sprintf("%d-%d", r, n), "seat_number": fmt.Sprint(n + 1), "category": "Stalls",
				"position": object{"x": 20 * n, "y": 0}})
		}
		rows = append(rows, object{"row_number": fmt.Sprint(r + 1), "seats": drawn, "position": object{"x": 0, "y": 25 * r}})
	}
	file, err := json.Marshal(object{"name": "Square", "size": object{"width": 2000, "height": 25 * len(rows)},
		"categories": []object{{"name": "Stalls", "color": "#aa0000"}},
		"zones":      []object{{"name": "Hall", "position": object{"x": 0, "y": 0}, "rows": rows}}})
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID    string
		Seats int
	}
	staff.must(t, 201, "POST", "/api/v1/admin/plans", file, &made)
	if made.Seats != seats {
		t.Fatalf("%d seats were read as %d", seats, made.Seats)
	}
	return made.ID
}

// admitted lets so many fans into an event without a line, and gives their tokens.
func admitted(t testing.TB, base, slug string, fans int) []string {
	t.Helper()
	tokens := make([]string, fans)
	var all sync.WaitGroup
	for worker := range 32 {
		all.Go(func() {
			for i := worker; i < fans; i += 32 {
				c := newClient(base)
				var joined struct{ Place string }
				a, err := c.do("POST", "/api/v1/events/"+slug+"/queue", map[string]any{})
				if err == nil {
					err = json.Unmarshal(a.Body, &joined)
				}
				if c.bearer = joined.Place; err == nil {
					a, err = c.do("POST", "/api/v1/events/"+slug+"/queue/admission", map[string]any{})
				}
				if err != nil || a.Status != http.StatusCreated {
					t.Errorf("fan %d is not let in: %v %v", i, a, err)
					return
				}
				tokens[i] = joined.Place
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return tokens
}

// volley asks once with each request, spread over the connections, and tells how long it took.
func (l *load) volley(t testing.TB, requests [][]byte) time.Duration {
	t.Helper()
	started := time.Now()
	var all sync.WaitGroup
	for i := range l.conns {
		all.Go(func() {
			for r := i; r < len(requests); r += len(l.conns) {
				if err := l.ask(i, requests[r]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(started)
}

// post is a request as bytes; without a body it is a DELETE.
func post(addr, path, token, body string) []byte {
	if body == "" {
		return fmt.Appendf(nil, "DELETE %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, addr, token)
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", path, addr, token, len(body), body)
}

// holdBench measures holds in one house: fans who are inside and hold nothing each hold one free seat.
type holdBench struct {
	path   string
	seats  int
	tokens []string // each fan holds once
	hold   *load
	turn   int
	cpu    time.Duration
	holds  int
	took   []float64
}

func newHoldBench(t testing.TB, p *process, staff *client, seats int) *holdBench {
	t.Helper()
	b := &holdBench{path: fmt.Sprintf("/api/v1/events/house-%d", seats), seats: seats}
	createEvent(t, staff, b.path[len("/api/v1/events/"):], square(t, staff, seats), map[string]any{"Stalls": 5000}, -time.Second,
		map[string]any{"queue": nil})
	staff.must(t, 200, "PATCH", "/api/v1/admin"+b.path[len("/api/v1"):], map[string]any{"queue": map[string]any{"cap": holdTurns * fanShare}}, nil)
	b.tokens = admitted(t, p.base, b.path[len("/api/v1/events/"):], holdTurns*fanShare)
	return b
}

// measure is one turn; the seats go back afterwards, which nobody counts.
func (b *holdBench) measure(t testing.TB, p *process, used func() time.Duration) {
	t.Helper()
	var holds, releases [][]byte
	for i := range min(fanShare, b.seats) {
		token := b.tokens[b.turn*fanShare+i]
		seat := (b.turn*fanShare + i*7919) % b.seats
		holds = append(holds, post(p.addr, b.path+"/holds", token, fmt.Sprintf(`{"seats":[%d]}`, seat)))
		releases = append(releases, post(p.addr, b.path+"/holds", token, ""))
	}
	b.turn++
	before := used()
	took := b.hold.volley(t, holds)
	b.cpu, b.holds, b.took = b.cpu+used()-before, b.holds+len(holds), append(b.took, took.Seconds()/float64(len(holds)))
	b.hold.status = "204"
	b.hold.volley(t, releases)
	b.hold.status = "201"
}

// each is the processor time of one hold: client, server and Redis together.
func (b *holdBench) each() time.Duration { return b.cpu / time.Duration(b.holds) }

// Holds over HTTP, each by somebody else, against an Echo that only writes a key that expires; and in a house a hundred
// times as large.
func TestBenchHolds(t *testing.T) {
	bench := testkit.NewBench(t)
	pg, redis := servers(t)
	p := startProcess(t, "FAIRSEAT_POSTGRES__URL="+pg, "FAIRSEAT_REDIS__URL="+redis, "FAIRSEAT_LIMITS__PER_NETWORK=0", "FAIRSEAT_LIMITS__PER_PLACE=120")
	staff := signIn(t, p.base)
	bare := startBare(t, redis, []byte("{}"))
	used := func() time.Duration {
		return cpu(t, append(childOf(filepath.Dir(filepath.Dir(strings.TrimPrefix(redis, "unix://"))), "redis"), os.Getpid(), p.cmd.Process.Pid, bare.pid)...)
	}
	const connections = fanShare // each fan has one
	small, large := newHoldBench(t, p, staff, 1000), newHoldBench(t, p, staff, 100_000)
	small.hold, large.hold = newLoad(t, p.addr, "", "{}", "201", connections), newLoad(t, p.addr, "", "{}", "201", connections)
	limit := &holdBench{hold: newLoad(t, bare.addr, "/hold", "{}", "201", connections)}
	for turn := range holdTurns {
		small.measure(t, p, used)
		large.measure(t, p, used)
		var sets [][]byte
		for i := range fanShare {
			sets = append(sets, post(bare.addr, "/hold", "x", fmt.Sprintf(`{"seats":[%d]}`, turn*fanShare+i)))
		}
		before := used()
		took := limit.hold.volley(t, sets)
		limit.cpu, limit.holds, limit.took = limit.cpu+used()-before, limit.holds+len(sets), append(limit.took, took.Seconds()/float64(len(sets)))
		if turn == 1 { // all have warmed up
			for _, b := range []*holdBench{small, large, limit} {
				b.cpu, b.holds, b.took = 0, 0, nil
			}
		}
	}
	byCPU := limit.each().Seconds() / large.each().Seconds()
	byClock := testkit.Median(limit.took) / testkit.Median(large.took)
	bench.Row("a hold over HTTP, of a bare Echo with one EVALSHA SET NX PX", ">= 0.80", byCPU >= .8,
		"%.2f by processor time; %.2f by the clock (%.0f/s of %.0f/s; %v and %v of processor time each)", byCPU, byClock,
		1/testkit.Median(large.took), 1/testkit.Median(limit.took), large.each().Round(time.Microsecond), limit.each().Round(time.Microsecond))
	growth := large.each().Seconds() / small.each().Seconds()
	bench.Row("  in a house of 100,000 seats, of the time in one of 1,000", "<= 1.10", growth <= 1.1, "%.2f (%v of %v)", growth,
		large.each().Round(time.Microsecond), small.each().Round(time.Microsecond))
}
