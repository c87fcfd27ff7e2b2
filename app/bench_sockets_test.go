package app_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// memory is what a process has in the machine's memory, in bytes.
func memory(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// inUse is what a process keeps in heap and stacks, in bytes, after it has tidied up: looking at its figures again and
// again makes it do so, and the least of them counts, for it sweeps behind our back.
func (p *process) inUse(t testing.TB) (kept int64) {
	t.Helper()
	figure := func(text, name string) float64 {
		_, rest, _ := strings.Cut(text, "\n"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return f
	}
	const rounds = "go_gc_duration_seconds_count"
	began, looks := -1.0, 0
	testkit.Eventually(t, time.Minute, "the process tidies up", func() bool {
		for range 50 {
			text := string(get(t, p.base+"/metrics"))
			if began < 0 {
				began = figure(text, rounds)
			}
			if figure(text, rounds) < began+2 { // the first may have begun before
				continue
			}
			now := int64(figure(text, "go_memstats_heap_alloc_bytes") + figure(text, "go_memstats_stack_inuse_bytes"))
			if looks++; looks == 1 || now < kept {
				kept = now
			}
		}
		return looks > 100
	})
	return kept
}

// Ten thousand watch one map, from a process of their own: what an idle one costs, how soon the last one knows of a hold,
// and how many frames a core delivers.
func TestBenchSockets(t *testing.T) {
	bench := testkit.NewBench(t)
	const sockets, fans = 10_000, 1600
	pg, redis := servers(t)
	p := startProcess(t, "FAIRSEAT_POSTGRES__URL="+pg, "FAIRSEAT_REDIS__URL="+redis, "FAIRSEAT_LIMITS__PER_NETWORK=0")
	staff := signIn(t, p.base)
	createEvent(t, staff, "bowl", square(t, staff, 16_000), map[string]any{"Stalls": 5000}, -time.Second, map[string]any{"queue": nil, "max_per_buyer": 4})
	staff.must(t, 200, "PATCH", "/api/v1/admin/events/bowl", map[string]any{"queue": map[string]any{"cap": fans}}, nil)
	tokens := admitted(t, p.base, "bowl", fans)
	pid := p.cmd.Process.Pid
	few := startCrowd(t, p.addr, "bowl", tokens[:100], 100) // what the first of them costs is no matter of the others
	before, kept := memory(t, pid), p.inUse(t)
	many := startCrowd(t, p.addr, "bowl", tokens[100:], sockets)
	each, resident := float64(p.inUse(t)-kept)/sockets, float64(memory(t, pid)-before)/sockets
	bench.Row("an idle live map: heap and stacks, the kernel's buffers aside", "<= 15 KB", each <= 15_000, "%.1f KB a socket, of %d; %.1f KB resident",
		each/1000, sockets, resident/1000)

	// Holds, one after another, at moments that have nothing to do with the ticks.
	change := func(n int) int64 {
		var held struct{ Version int64 }
		fan := newClient(p.base)
		fan.bearer = tokens[n]
		fan.must(t, 201, "POST", "/api/v1/events/bowl/holds", map[string]any{"seats": []int{n}}, &held)
		return held.Version
	}
	var took []time.Duration
	for n := range 100 {
		time.Sleep(time.Duration(100+rand.IntN(150)) * time.Millisecond)
		started := time.Now()
		took = append(took, many.at(change(n)).Sub(started))
	}
	slices.Sort(took)
	bench.Row("from a hold to the last of 10,000 sockets, p99 of 100", "< 500 ms", took[98] < 500*time.Millisecond, "%v (middle %v, longest %v)",
		took[98].Round(time.Millisecond), took[50].Round(time.Millisecond), took[99].Round(time.Millisecond))

	// Something new in every tick: forty fans hold and give back as fast as they can.
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			c := newClient(p.base)
			c.bearer = tokens[200+i]
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					_, _ = c.do("POST", "/api/v1/events/bowl/holds", map[string]any{"seats": []int{1000 + 100*i + n%100}})
					_, _ = c.do("DELETE", fmt.Sprintf("/api/v1/events/bowl/holds/%d", 1000+100*i+n%100), nil)
				}
			}
		})
	}
	frames, size := many.count()
	spent, started := cpu(t, pid), time.Now()
	time.Sleep(10 * time.Second)
	later, larger := many.count()
	used, seconds := cpu(t, pid)-spent, time.Since(started).Seconds()
	close(stop)
	all.Wait()
	rate := float64(later-frames) / used.Seconds()
	bench.Row("frames delivered to 10,000 sockets, something new in each tick", "-", true, "%.0f a second of processor time (%.0f/s by the clock, %d bytes each)",
		rate, float64(later-frames)/seconds, (larger-size)/max(later-frames, 1))
	few.at(change(101))
}
