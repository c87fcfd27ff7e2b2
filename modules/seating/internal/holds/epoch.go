package holds

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Change is one seat at one version.
type Change struct {
	Version int64
	Seat    int
	State   int       // 0 free, 1 held, 2 sold, 3 blocked, 4 in checkout
	Due     time.Time // when a hold runs out; zero for every other state
}

// Held is a seat that somebody holds, and until when.
type Held struct {
	Seat int
	Due  time.Time
}

// Snapshot is the whole map at one version.
type Snapshot struct {
	Version int64
	Held    []Held
	Taken   []Claim
}

// Pulse is how the map is.
type Pulse struct {
	Epoch   int64 // 0 = lost
	Closed  bool  // being rebuilt
	Version int64
	Moved   bool   // the server was restarted or replaced since the epoch began
	Raw     string // the epoch as it stands, for Begin
}

// FirstVersion is where an epoch's versions start.
func FirstVersion(epoch int64) int64 { return epoch << 32 }

// EpochOf is the epoch a version belongs to.
func EpochOf(version int64) int64 { return version >> 32 }

// Pulse says to Redis that somebody looks after the deadlines, and reads how the map is.
func (s *Store) Pulse(ctx context.Context, k Keys) (Pulse, error) {
	out, err := s.run(ctx, s.pulse, At{Keys: k})
	if err != nil {
		return Pulse{}, err
	}
	p := Pulse{Raw: out.text(1), Version: out.number(2), Moved: out.text(3) != out.text(4)}
	p.Epoch, p.Closed = parseEpoch(p.Raw)
	return p, nil
}

// Begin closes the map and starts a new epoch, unless somebody did since was read: then *EpochError.
func (s *Store) Begin(ctx context.Context, k Keys, was Pulse, epoch int64) error {
	_, err := s.run(ctx, s.begin, At{Keys: k, Epoch: epoch}, was.Raw, strconv.FormatInt(epoch, 10),
		strconv.FormatInt(FirstVersion(epoch), 10))
	return err
}

// Open ends the rebuild that Begin started.
func (s *Store) Open(ctx context.Context, at At) error {
	_, err := s.run(ctx, s.open, at)
	return err
}

// Snapshot reads the whole map; also while it is closed, if told so.
func (s *Store) Snapshot(ctx context.Context, at At, alsoClosed bool) (Snapshot, error) {
	out, err := s.run(ctx, s.snapshot, at, flag(alsoClosed))
	if err != nil {
		return Snapshot{}, err
	}
	snap := Snapshot{Version: out.number(1)}
	held, err := out.list(2)
	if err != nil {
		return Snapshot{}, err
	}
	for i := 0; i+1 < len(held); i += 2 {
		n, err := strconv.Atoi(held[i])
		if err != nil {
			return Snapshot{}, err
		}
		due, err := parseDue(held[i+1])
		if err != nil {
			return Snapshot{}, err
		}
		snap.Held = append(snap.Held, Held{n, due})
	}
	taken, err := out.list(3)
	if err != nil {
		return Snapshot{}, err
	}
	for i := 0; i+1 < len(taken); i += 2 {
		c, err := parseClaim(taken[i], taken[i+1])
		if err != nil {
			return Snapshot{}, err
		}
		snap.Taken = append(snap.Taken, c)
	}
	return snap, nil
}

// Odd is a hold that contradicts itself.
type Odd struct {
	Seat string
	What string
}

// Audit looks for holds that contradict themselves: without an owner, a basket or a deadline, or of a seat that is taken.
func (s *Store) Audit(ctx context.Context, at At) ([]Odd, error) {
	out, err := s.run(ctx, s.audit, at)
	if err != nil {
		return nil, err
	}
	words, err := out.list(1)
	if err != nil {
		return nil, err
	}
	var odd []Odd
	for i := 0; i+1 < len(words); i += 2 {
		odd = append(odd, Odd{words[i], words[i+1]})
	}
	return odd, nil
}

// Changes reads the log after a version, at most limit entries.
func (s *Store) Changes(ctx context.Context, at At, after int64, limit int) ([]Change, error) {
	out, err := s.run(ctx, s.changes, at, strconv.FormatInt(after+1, 10), strconv.Itoa(limit))
	if err != nil {
		return nil, err
	}
	if len(out) < 2 {
		return nil, nil
	}
	entries, err := out[1].AsXRange()
	if err != nil {
		return nil, err
	}
	return parseLog(entries)
}

// Recent reads the newest entries of the log, oldest first: what a new replica can replay to those who reconnect.
func (s *Store) Recent(ctx context.Context, at At, limit int) ([]Change, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	entries, err := s.redis.Do(ctx, s.redis.B().Xrevrange().Key(at.Name("log")).End("+").Start("-").Count(int64(limit)).Build()).AsXRange()
	if err != nil {
		return nil, err
	}
	slices.Reverse(entries)
	return parseLog(entries)
}

func parseLog(entries []rueidis.XRangeEntry) ([]Change, error) {
	changes := make([]Change, 0, len(entries))
	for _, e := range entries {
		var last Change
		var err error
		id, _, _ := strings.Cut(e.ID, "-")
		if last.Version, err = strconv.ParseInt(id, 10, 64); err != nil {
			return nil, err
		}
		if last.Seat, err = strconv.Atoi(e.FieldValues["s"]); err != nil {
			return nil, err
		}
		if last.State, err = strconv.Atoi(e.FieldValues["st"]); err != nil {
			return nil, err
		}
		if due, ok := e.FieldValues["d"]; ok {
			if last.Due, err = parseDue(due); err != nil {
				return nil, err
			}
		}
		if before, ok := e.FieldValues["m"]; ok {
			seats, err := numbers(before)
			if err != nil {
				return nil, err
			}
			for i, n := range seats {
				changes = append(changes, Change{Version: last.Version - int64(len(seats)-i), Seat: n, State: last.State, Due: last.Due})
			}
		}
		changes = append(changes, last)
	}
	return changes, nil
}

// parseDue reads a deadline in ms; a score may come with an exponent.
func parseDue(text string) (time.Time, error) {
	ms, err := strconv.ParseFloat(text, 64)
	return time.UnixMilli(int64(ms)).UTC(), err
}
