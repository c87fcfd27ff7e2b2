package testkit

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// Bench writes the rows of `make bench`: what was measured, against which goal, and what came out.
type Bench struct {
	t    testing.TB
	file *os.File
}

// NewBench skips the test unless the environment's BENCH names the file that the table goes to: speed is no matter of
// `make test`.
func NewBench(t testing.TB) *Bench {
	t.Helper()
	path := os.Getenv("BENCH")
	if path == "" {
		t.Skip("make bench measures this")
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return &Bench{t, file}
}

// Row adds a line to the table, and fails the test when the goal is missed.
func (b *Bench) Row(what, goal string, ok bool, format string, args ...any) {
	b.t.Helper()
	verdict, measured := "ok", fmt.Sprintf(format, args...)
	if !ok {
		verdict = "NOT"
		b.t.Errorf("%s: %s, not %s", what, measured, goal)
	}
	b.t.Logf("%s: %s", what, measured)
	if _, err := fmt.Fprintf(b.file, "%-62s %-15s %-3s %s\n", what, goal, verdict, measured); err != nil {
		b.t.Fatal(err)
	}
}

// Median is the middle one.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
