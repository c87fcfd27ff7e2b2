package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fairseat/app/fault"
)

// maxFaults is how many faults of one code a report lists; the rest are counted in one line.
const maxFaults = 300

// Report tells an organiser what was wrong with a plan file and what became of it.
type Report struct {
	Faults  []Fault `json:"faults"`
	Renamed int     `json:"renamed"` // seats whose id was taken already, or whose label needed a counter
	Rows    int     `json:"rows"`
	Zones   int     `json:"zones"`
}

// Fault is one thing wrong with a plan file. Code is stable and kebab-case: duplicate-guid, duplicate-label, …
type Fault struct {
	Code   string `json:"code"`
	Where  string `json:"where"`
	Detail string `json:"detail"`
}

var (
	// ErrBadPlan is what errors.Is finds in an *UnusableError.
	ErrBadPlan = fault.New(fault.Invalid, "bad-plan", "This file cannot be used as a seat plan; see report.")
	// ErrTooLarge is what errors.Is finds in the *UnusableError of a file beyond MaxBytes.
	ErrTooLarge = fault.New(fault.TooLarge, "too-large", "A plan file has at most 64 MiB, decompressed.")
)

// UnusableError says why a file gives no plan: the first fault of its report is the reason. It unwraps to ErrBadPlan or
// ErrTooLarge carrying the report as the fact "report", so it can be answered as it is.
type UnusableError struct {
	Report *Report
	kind   *fault.Error
}

func (e *UnusableError) Error() string {
	first := e.Report.Faults[0]
	return "unusable plan: " + first.Code + ": " + first.Detail
}

// Unwrap gives the fault to answer with.
func (e *UnusableError) Unwrap() error { return e.kind.With("report", e.Report) }

// reporter gathers faults while a file is read and built.
type reporter struct {
	report Report
	counts map[string]int
	seen   map[string]bool // unknown keys reported already
	err    error           // why the file gives no plan: the first reason counts
}

func newReporter() *reporter {
	return &reporter{counts: map[string]int{}, seen: map[string]bool{}}
}

func (r *reporter) add(code, where, format string, args ...any) {
	r.counts[code]++
	if r.counts[code] <= maxFaults {
		r.report.Faults = append(r.report.Faults, Fault{code, where, fmt.Sprintf(format, args...)})
	}
}

// unknownKey reports each key once per path, however many seats carry it.
func (r *reporter) unknownKey(path, key string) {
	where := path + "." + clean(key, maxShort)
	if r.counts["unknown-key"] <= maxFaults && !r.seen[where] {
		r.seen[where] = true
		r.add("unknown-key", where, "ignored")
	}
}

// unusable makes the error that ends an import, its reason ahead of what was found before.
func (r *reporter) unusable(code, where, format string, args ...any) error {
	report := r.done()
	report.Faults = slices.Insert(report.Faults, 0, Fault{code, where, fmt.Sprintf(format, args...)})
	kind := ErrBadPlan
	if code == ErrTooLarge.Code {
		kind = ErrTooLarge
	}
	return &UnusableError{Report: report, kind: kind}
}

// fail ends an import, unless it has ended already: readers look at err and read no further.
func (r *reporter) fail(code, where, format string, args ...any) {
	if r.err == nil {
		r.err = r.unusable(code, where, format, args...)
	}
}

// done closes the report, with a line for every code that had more faults than are listed.
func (r *reporter) done() *Report {
	report := r.report
	report.Faults = slices.Clone(report.Faults)
	if report.Faults == nil {
		report.Faults = []Fault{} // [] in JSON, not null
	}
	listed := map[string]bool{}
	for _, f := range r.report.Faults {
		if more := r.counts[f.Code] - maxFaults; more > 0 && !listed[f.Code] {
			listed[f.Code] = true
			report.Faults = append(report.Faults, Fault{f.Code, "", fmt.Sprintf("and %d more", more)})
		}
	}
	return &report
}

// tally counts how often each key comes up and remembers where it came up first.
type tally[K comparable] struct {
	keys  []K
	count map[K]int
	where map[K]string
}

func newTally[K comparable]() *tally[K] {
	return &tally[K]{count: map[K]int{}, where: map[K]string{}}
}

// add takes where as a function because most keys come up once and never need it.
func (t *tally[K]) add(key K, where func() string) {
	t.count[key]++
	if t.count[key] == 1 {
		t.keys = append(t.keys, key)
		t.where[key] = where()
	}
}

// repeated calls each for every key that came up at least min times, in the order of first appearance.
func (t *tally[K]) repeated(min int, each func(key K, where string, count int)) {
	for _, key := range t.keys {
		if n := t.count[key]; n >= min {
			each(key, t.where[key], n)
		}
	}
}

// counted counts in words: "1 area", "2 areas".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func seats(n int) string { return counted(n, "seat", "seats") }

// spot names a place in the file the way a reader of the plan would.
func spot(zone, row, number string) string {
	var parts []string
	if zone != "" {
		parts = append(parts, zone)
	}
	if row != "" {
		parts = append(parts, "row "+row)
	}
	if number != "" {
		parts = append(parts, "seat "+number)
	}
	return strings.Join(parts, ", ")
}
