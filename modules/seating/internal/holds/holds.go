// Package holds keeps an event's map in Redis: who holds which seat until when, and which seats are taken by claims.
// Each method is one script, so it happens whole or not at all, and each may safely be repeated.
//
//	         hold                 take (checkout)              take (sold)
//	free ───────────→ held ──────────────────────→ in checkout ───────────→ sold
//	  ↑ release, expire │ take overrides any hold        │ untake               │ untake
//	  └─────────────────┴────────────────────────────────┴──────────────────────┘
//
// The map lives in epochs. A lost or replaced Redis has no epoch, or an old one: scripts then answer EpochError, the
// caller rebuilds (Begin, Take what Postgres has, Open) or takes over the newer epoch, and tries again.
package holds

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/clock"
)

//go:embed lua/*.lua
var scripts embed.FS

// Why a script refused.
var (
	ErrClosed      = errors.New("the map is being rebuilt")
	ErrNotAdmitted = errors.New("not admitted")
	ErrLimit       = errors.New("over the limit")
	ErrExpired     = errors.New("nothing held any more")
	ErrStale       = errors.New("the map is not as it was believed to be")
)

// EpochError says that the map is in another epoch than the caller believed; 0 = it is lost.
type EpochError struct{ Epoch int64 }

func (e *EpochError) Error() string { return fmt.Sprintf("the map is in epoch %d", e.Epoch) }

// TakenError lists the seats that somebody else holds or has.
type TakenError struct{ Seats []int }

func (e *TakenError) Error() string { return fmt.Sprintf("taken: %v", e.Seats) }

// LockedError says which categories a place would have to open with a code first.
type LockedError struct{ Categories []string }

func (e *LockedError) Error() string { return fmt.Sprintf("only with a code: %v", e.Categories) }

// SlowError says that a place may not take seats for a while.
type SlowError struct {
	Why   string // HeldLong, JustExpired or OthersFirst
	Wait  time.Duration
	Seats []int // those that are the matter of OthersFirst
}

// Why a place has to wait; lua/budget.lua says when.
const (
	HeldLong    = "held"
	JustExpired = "rest"
	OthersFirst = "others"
)

func (e *SlowError) Error() string {
	return fmt.Sprintf("slow down for %v: %s %v", e.Wait, e.Why, e.Seats)
}

// Keys are the names an event's map is kept under.
type Keys struct {
	Base         string // begins every name of ours and carries the hash tag
	Leases, Born string // of admissions; they belong to the queue and carry the same tag
}

// Name is the full name of one of our keys.
func (k Keys) Name(of string) string { return k.Base + of }

// At is an event's map as the caller believes it to be.
type At struct {
	Keys
	Epoch int64
}

// Wish is what one place would like to hold.
type Wish struct {
	Place     string
	Most      int           // seats a place may have, claims included
	Life      time.Duration // of a new basket
	Budgets   bool          // whether what is held without buying is counted
	Seats     []int
	Some      int   // so many of the seats are enough, whichever are free; 0 = all of them
	InsteadOf []int // of its own, given back in the same step
	Offer     bool  // the house's idea: they make way for the place's next Hold
	Picked    bool  // the house's choice: what is promised to another place counts as taken
	// Locked are the categories among the seats that the place must have opened: *LockedError where it has not.
	Locked []string
	// Free and NotFree are how other seats are believed to be; ErrStale, and nothing happens, where that is wrong.
	Free, NotFree []int
}

// Basket is what one place holds, under its one deadline.
type Basket struct {
	Seats    []int
	Offered  []int     // those of them that make way for the next Hold
	Deadline time.Time // zero when nothing is held
	Version  int64     // of the map right after
}

// Store runs the scripts.
type Store struct {
	redis rueidis.Client
	clock clock.Clock

	grab, promise, unlock, unlocked, hold, release, basket, pin, take, untake, expire, pulse, begin, open, snapshot, lapsed, changes, audit *rueidis.Lua
}

// timeout bounds every call; a call that timed out may have happened, and may be repeated.
const timeout = time.Second

// New makes a Store. It panics only when a script is missing from the binary.
func New(redis rueidis.Client, c clock.Clock) *Store {
	s := &Store{redis: redis, clock: c}
	common := text("common") + "\n" + text("budget")
	for name, script := range map[string]**rueidis.Lua{
		"hold": &s.hold, "release": &s.release, "basket": &s.basket, "pin": &s.pin, "take": &s.take, "untake": &s.untake,
		"expire": &s.expire, "pulse": &s.pulse, "begin": &s.begin, "open": &s.open, "snapshot": &s.snapshot, "lapsed": &s.lapsed,
		"changes": &s.changes, "promise": &s.promise, "unlock": &s.unlock, "unlocked": &s.unlocked, "audit": &s.audit,
	} {
		*script = rueidis.NewLuaScript(common + "\n" + text(name))
	}
	s.grab = rueidis.NewLuaScript(text("grab"))
	return s
}

func text(name string) string {
	b, err := scripts.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Hold adds seats to a place's basket: all it wishes, or *TakenError, *LockedError, *SlowError, ErrLimit, ErrNotAdmitted or ErrStale. A
// basket that is there keeps its deadline. Offers made before are given back unless they are wished for. The basket comes
// back whole.
func (s *Store) Hold(ctx context.Context, at At, w Wish) (Basket, error) {
	some, how := "", ""
	if w.Offer {
		how += "offer "
	}
	if w.Picked {
		how += "pick"
	}
	if w.Some > 0 {
		some = strconv.Itoa(w.Some)
	}
	args := []string{w.Place, strconv.Itoa(w.Most), millis(w.Life), flag(w.Budgets), some, how,
		strconv.Itoa(len(w.InsteadOf)), strconv.Itoa(len(w.Free)), strconv.Itoa(len(w.NotFree)), strconv.Itoa(len(w.Locked))}
	for _, list := range [][]int{w.InsteadOf, w.Free, w.NotFree} {
		args = append(args, texts(list)...)
	}
	args = append(append(args, w.Locked...), texts(w.Seats)...)
	return s.runBasket(ctx, s.hold, at, args...)
}

// Release gives seats back, all of the basket when none is named, and returns what is left. With insist it is refused
// to a place that is not admitted.
func (s *Store) Release(ctx context.Context, at At, place string, insist bool, seats []int) (Basket, error) {
	return s.runBasket(ctx, s.release, at, append([]string{place, flag(insist)}, texts(seats)...)...)
}

// Basket reads what a place holds.
func (s *Store) Basket(ctx context.Context, at At, place string, insist bool) (Basket, error) {
	return s.runBasket(ctx, s.basket, at, place, flag(insist))
}

// Pin makes the basket live for at least d from now, but, however often, no longer than past the deadline it had before it
// was ever pinned; with past 0 the clock stands and nothing bounds it. ErrExpired when nothing is held any more.
func (s *Store) Pin(ctx context.Context, at At, place string, d, past time.Duration) (Basket, error) {
	bound := ""
	if past > 0 {
		bound = millis(past)
	}
	return s.runBasket(ctx, s.pin, at, place, millis(d), bound)
}

// Expire frees at most limit seats whose holds ran out, and tells how many.
func (s *Store) Expire(ctx context.Context, at At, limit int) (int, error) {
	out, err := s.run(ctx, s.expire, at, strconv.Itoa(limit))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(out.text(1))
}

// Lapsed gives those of the places whose admission has ended.
func (s *Store) Lapsed(ctx context.Context, at At, places []string) ([]string, error) {
	out, err := s.run(ctx, s.lapsed, at, places...)
	if err != nil {
		return nil, err
	}
	gone := make([]string, 0, len(out)-1)
	for i := 1; i < len(out); i++ {
		gone = append(gone, out.text(i))
	}
	return gone, nil
}

// Publish says a message to every replica that watches the map.
func (s *Store) Publish(ctx context.Context, k Keys, message string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.redis.Do(ctx, s.redis.B().Spublish().Channel(k.Name("ch")).Message(message).Build()).Error()
}

// Alone answers true to one caller in d; the others leave the work to it.
func (s *Store) Alone(ctx context.Context, k Keys, work string, d time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.redis.Do(ctx, s.redis.B().Set().Key(k.Name(work)).Value("").Nx().Px(d).Build()).Error()
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) runBasket(ctx context.Context, script *rueidis.Lua, at At, args ...string) (Basket, error) {
	out, err := s.run(ctx, script, at, args...)
	if err != nil {
		return Basket{}, err
	}
	b := Basket{Version: out.number(2)}
	offered := 4 + int(out.number(3))
	if b.Offered, err = out.seats(4, offered); err != nil {
		return Basket{}, err
	}
	if b.Seats, err = out.seats(offered, len(out)); err != nil {
		return Basket{}, err
	}
	if due := out.number(1); due > 0 && len(b.Seats) > 0 {
		b.Deadline = time.UnixMilli(due).UTC()
	}
	return b, nil
}

// run executes a script and turns its refusals into errors.
func (s *Store) run(ctx context.Context, script *rueidis.Lua, at At, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	all := append([]string{strconv.FormatInt(at.Epoch, 10), clock.RedisArg(s.clock)}, args...)
	out, err := script.Exec(ctx, s.redis, []string{at.Base, at.Leases, at.Born}, all).ToArray()
	if err != nil {
		return nil, err
	}
	return read(out)
}
