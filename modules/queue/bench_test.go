package queue

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairseat/app/testkit"
)

const million = 1_000_000

// A million join before the opening, and the draw is opened.
func TestBenchMillion(t *testing.T) {
	bench := testkit.NewBench(t)
	k := newKit(t, func(l *line) { l.Cap = 5; l.free = million })
	first := k.join() // brings the line into Redis
	memory, rows := k.memory(), k.rows()
	var all sync.WaitGroup
	started := time.Now()
	for range 512 {
		all.Go(func() {
			for range million / 512 {
				if _, err := k.queue.Join(context.Background(), k.id); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	took := time.Since(started).Seconds()
	grown, more := k.memory()-memory, k.rows()-rows
	bench.Row("a million joins before the opening: what Redis keeps of them", "< 1 MB", grown < 1<<20, "%d bytes (%.0f joins/s)", grown, million/512*512/took)
	bench.Row("  and Postgres", "no row", more == 0, "%d rows", more)

	k.open()
	started = time.Now()
	k.tickNow(k.queue) // seals, writes the size, calls the first
	standing, err := k.queue.Standing(t.Context(), k.id, first.Key())
	if err != nil || standing.Position == nil {
		t.Fatalf("%+v %v", standing, err)
	}
	served := time.Since(started)
	bench.Row("opening a draw of a million: until a first position is told", "< 0.5 s", served < 500*time.Millisecond, "%.0f ms", served.Seconds()*1000)

	draw, err := k.queue.shuffle(t.Context(), k.id)
	if err != nil || draw.Size() < million/512*512 {
		t.Fatalf("size %d, %v", draw.Size(), err)
	}
	const some = 100_000
	spent := processorTime(t, func() {
		for i := range int64(some) {
			if _, ok := draw.Position(0, i*7%draw.Size()); !ok {
				t.Error("no position")
			}
		}
	})
	rate := some / spent.Seconds()
	bench.Row("positions of a draw of a million, on one core", ">= 50,000/s", rate >= 50_000, "%.0f/s", rate)
	k.checkLine()

	// The same room in front of a thousand: the tick costs what it costs in front of a million.
	small := newKit(t, func(l *line) { l.Cap = 5; l.free = million })
	small.joinMany(1000)
	small.open()
	small.tickNow(small.queue)
	var costs [2][]float64
	for round := range 240 {
		for which, kit := range []*kit{small, k} {
			kit.Clock.Advance(time.Second)
			started := time.Now()
			state, err := kit.queue.script(t.Context(), "tick", kit.id, strconv.Itoa(million))
			cost := time.Since(started)
			if err != nil || state.status() != "ok" || state.num("serving") >= state.num("size") {
				t.Fatalf("%v %v: nobody is left to call", state, err)
			}
			if round >= 40 { // by then calls of many ages are open in both
				costs[which] = append(costs[which], cost.Seconds()*1e6)
			}
		}
	}
	thousand, most := testkit.Median(costs[0]), testkit.Median(costs[1])
	bench.Row("a tick with a million in line, of one with a thousand", "<= 1.25", most/thousand <= 1.25, "%.2f (%.0f of %.0f µs)", most/thousand, most, thousand)
}

// memory is what Redis holds of this test's keys, in bytes.
func (k *kit) memory() (total int64) {
	k.T.Helper()
	ctx := context.Background()
	keys, err := k.Redis.Do(ctx, k.Redis.B().Keys().Pattern(k.Prefix+"*").Build()).AsStrSlice()
	if err != nil {
		k.T.Fatal(err)
	}
	for _, key := range keys {
		n, err := k.Redis.Do(ctx, k.Redis.B().MemoryUsage().Key(key).Samples(0).Build()).AsInt64()
		if err != nil {
			k.T.Fatal(err)
		}
		total += n
	}
	return total
}

// rows is how many rows all tables have.
func (k *kit) rows() (total int64) {
	k.T.Helper()
	var tables []string
	if err := k.DB.Raw(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`).Scan(&tables).Error; err != nil {
		k.T.Fatal(err)
	}
	for _, table := range tables {
		var n int64
		if err := k.DB.Raw(`SELECT count(*) FROM ` + strconv.Quote(strings.ToLower(table))).Scan(&n).Error; err != nil {
			k.T.Fatal(err)
		}
		total += n
	}
	return total
}

// processorTime is what a piece of work takes of one core, whatever else runs on it.
func processorTime(t *testing.T, work func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(1, &usage); err != nil { // RUSAGE_THREAD
			t.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := spent()
	work()
	return spent() - before
}
