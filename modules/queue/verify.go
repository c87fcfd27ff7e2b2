package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"fairseat/modules/queue/internal/beacon"
)

// Verdict is what checking a fairness log found.
type Verdict struct {
	findings []finding
	entries  int
	head     logHead
}

// finding is one thing checked: right, wrong, or to be known.
type finding struct {
	mark, text string
}

const (
	markRight = "✓"
	markWrong = "✗"
	markKnown = "!"
)

// OK tells whether nothing was wrong.
func (v *Verdict) OK() bool {
	for _, f := range v.findings {
		if f.mark == markWrong {
			return false
		}
	}
	return true
}

// WriteTo prints a line for each thing checked, and the verdict.
func (v *Verdict) WriteTo(out io.Writer) (int64, error) {
	var text strings.Builder
	for _, f := range v.findings {
		fmt.Fprintf(&text, "%s %s\n", f.mark, f.text)
	}
	fmt.Fprintf(&text, "\n%d entries; the last is %d:%s (keep it: --head compares with it later)\n", v.entries, v.head.Seq, v.head.Hash)
	if v.OK() {
		text.WriteString("Nothing is wrong with this log.\n")
	} else {
		text.WriteString("This log does NOT hold together.\n")
	}
	n, err := io.WriteString(out, text.String())
	return int64(n), err
}

// add writes a finding down. Words of the log are a stranger's: what would move a terminal's cursor is left out.
func (v *Verdict) add(mark, format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, fmt.Sprintf(format, args...))
	v.findings = append(v.findings, finding{mark, text})
}

// check adds what was right, or else what was wrong.
func (v *Verdict) check(right bool, good, bad string, args ...any) bool {
	if right {
		v.add(markRight, "%s", good)
	} else {
		v.add(markWrong, bad, args...)
	}
	return right
}

// logChecker reads a log from its first line on.
type logChecker struct {
	Verdict
	hashes    []string // of the lines, in order
	published *publishedEntry
	chain     *beacon.Chain
	round     int64
	rounds    int // how often it was moved
	opensAt   time.Time
	opened    *openedEntry
	closedAt  time.Time
	drawn     *drawEntry
	called    int64
	calls     int
	burnt     []json.RawMessage
	broken    bool // the chain or an entry: said once, at the first
	last      time.Time
}

// checkLog checks a log's stored lines against themselves, against what /queue/now says (nil: not asked), and against a
// head that was kept earlier (nil: none). slug is the event's.
func checkLog(slug string, lines []string, now *nowView, kept *logHead) *Verdict {
	c := &logChecker{}
	for i, line := range lines {
		c.read(int64(i+1), line)
	}
	c.entries = len(lines)
	if len(lines) == 0 {
		c.add(markWrong, "the log is empty")
		return &c.Verdict
	}
	c.head = logHead{int64(len(lines)), c.hashes[len(lines)-1]}
	if !c.broken {
		c.add(markRight, "%d entries, each with the hash of the one before", len(lines))
	}
	c.checkHead("a head kept earlier", kept)
	if now != nil {
		c.checkHead("the head that /queue/now shows", now.Log)
	}
	if c.published != nil {
		c.check(c.published.Event == slug, "it is the log of "+slug, "it is the log of %s, not of %s", c.published.Event, slug)
	}
	c.checkDraw(slug)
	c.checkNow(now)
	if c.calls > 0 {
		c.add(markRight, "%d positions called in %d steps, without a gap, never back", c.called, c.calls)
	}
	return &c.Verdict
}

func (c *logChecker) checkHead(what string, head *logHead) {
	if head == nil {
		return
	}
	if head.Seq < 1 || head.Seq > int64(len(c.hashes)) {
		c.add(markWrong, "%s is entry %d, and the log has %d", what, head.Seq, len(c.hashes))
		return
	}
	c.check(c.hashes[head.Seq-1] == head.Hash, fmt.Sprintf("%s stands in it, as entry %d", what, head.Seq),
		"%s is %s; entry %d has the hash %s", what, head.Hash, head.Seq, c.hashes[head.Seq-1])
}

// read checks a line against those before it, and takes in what it says.
func (c *logChecker) read(seq int64, line string) {
	prev := ""
	if seq > 1 {
		prev = c.hashes[seq-2]
	}
	sum := sha256.Sum256([]byte(line))
	c.hashes = append(c.hashes, hex.EncodeToString(sum[:]))
	var e LogEntry
	at, err := time.Time{}, json.Unmarshal([]byte(line), &e)
	if err == nil {
		at, err = time.Parse(time.RFC3339, e.At)
	}
	switch {
	case c.broken:
	case err != nil:
		c.add(markWrong, "line %d is not an entry: %v", seq, err)
		c.broken = true
	case e.Seq != seq:
		c.add(markWrong, "entry %d stands where %d should: entries are missing or were added", e.Seq, seq)
		c.broken = true
	case e.Prev != prev:
		c.add(markWrong, "entry %d does not follow entry %d: one of them was changed", seq, seq-1)
		c.broken = true
	}
	if err != nil {
		return
	}
	if at.Before(c.last.Add(-time.Second)) {
		c.add(markKnown, "entry %d is %s older than the one before: a clock was set back", seq, c.last.Sub(at).Round(time.Second))
	}
	c.last = at
	if seq == 1 && e.Kind != "published" {
		c.add(markKnown, "the log begins with %q: the event is older than its log", e.Kind)
	}
	if err := c.take(e, at); err != nil {
		c.add(markWrong, "entry %d, %q: %v", seq, e.Kind, err)
	}
}

// take takes in one entry.
func (c *logChecker) take(e LogEntry, at time.Time) error {
	switch e.Kind {
	case "published":
		return c.takePublished(e)
	case "opening-moved":
		var moved struct{ To time.Time }
		if err := json.Unmarshal(e.Data, &moved); err != nil {
			return err
		}
		if c.opened != nil {
			return fmt.Errorf("the opening moved after the draw was closed")
		}
		c.opensAt = moved.To
	case "beacon-moved":
		return c.takeMove(e, at)
	case "opened":
		var opened openedEntry
		if err := json.Unmarshal(e.Data, &opened); err != nil {
			return err
		}
		if c.opened != nil {
			return fmt.Errorf("the draw was closed twice")
		}
		c.opened, c.closedAt = &opened, at
	case "drawn":
		if c.drawn != nil {
			return fmt.Errorf("drawn twice")
		}
		return json.Unmarshal(e.Data, &c.drawn)
	case "called":
		var step called
		if err := json.Unmarshal(e.Data, &step); err != nil {
			return err
		}
		gap := step.From != c.called
		was := c.called
		c.called, c.calls = step.To, c.calls+1
		switch {
		case gap:
			return fmt.Errorf("calls positions from %d, the one before ended at %d", step.From, was)
		case step.To <= step.From:
			return fmt.Errorf("calls from %d to %d", step.From, step.To)
		case c.published != nil && c.published.Draws && c.drawn == nil:
			return fmt.Errorf("calls before the draw")
		}
	case "burnt":
		var burnt struct{ Ranges []json.RawMessage }
		if err := json.Unmarshal(e.Data, &burnt); err != nil {
			return err
		}
		c.burnt = append(c.burnt, burnt.Ranges...)
	}
	return nil
}

func (c *logChecker) takePublished(e LogEntry) error {
	if c.published != nil {
		return fmt.Errorf("published twice")
	}
	var said publishedEntry
	if err := json.Unmarshal(e.Data, &said); err != nil {
		return err
	}
	c.published, c.opensAt = &said, time.Time(said.OpensAt)
	if said.Beacon == nil {
		return nil
	}
	var chain beacon.Chain
	if err := json.Unmarshal(said.Beacon.Chain, &chain); err != nil {
		return err
	}
	if chain.Period < 1 || chain.Period > beacon.LongestPeriod { // no round can be worked out with it
		return fmt.Errorf("a chain of a round each %d seconds", chain.Period)
	}
	c.chain, c.round = &chain, said.Beacon.Round
	return nil
}

// takeMove takes in a round that moved. That is allowed, and said aloud where somebody could have known the old value.
func (c *logChecker) takeMove(e LogEntry, at time.Time) error {
	var moved beaconMoved
	if err := json.Unmarshal(e.Data, &moved); err != nil {
		return err
	}
	if c.chain == nil || c.drawn != nil || moved.From != c.round {
		return fmt.Errorf("moves round %d, and the draw takes %d", moved.From, c.round)
	}
	if c.opened != nil && moved.To < moved.From {
		return fmt.Errorf("moves back to round %d after the draw was closed", moved.To)
	}
	c.round, c.rounds = moved.To, c.rounds+1
	if !at.Before(c.chain.TimeOf(moved.From)) {
		c.add(markKnown, "round %d was moved to %d only after it was public: ask why. Reason given: %q", moved.From, moved.To, moved.Reason)
	} else {
		c.add(markKnown, "round %d was moved to %d before it was public: %s", moved.From, moved.To, moved.Reason)
	}
	return nil
}
