package queue

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/clock"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// redisPatience is the longest a script may keep anybody waiting.
const redisPatience = time.Second

// redisStore runs the scripts of a line. All keys of an event share one hash tag.
type redisStore struct {
	client  rueidis.Client
	prefix  string
	clock   clock.Clock
	seats   Seats
	scripts map[string]*rueidis.Lua
}

func newRedisStore(d Deps) *redisStore {
	r := &redisStore{client: d.Redis, prefix: d.KeyPrefix, clock: d.Clock, seats: d.Seats, scripts: map[string]*rueidis.Lua{}}
	read := func(name string) string {
		text, err := luaFiles.ReadFile("lua/" + name)
		if err != nil {
			panic(err) // the folder is part of the program
		}
		return string(text)
	}
	head := read("common.lua")
	for _, name := range []string{
		"join", "raise", "state", "load", "drawn", "settings", "distrust", "rest", // the line
		"tick", "estimate", "graced", "shown", "claim", "leave", "slide", "leaving", "look", // who is inside
	} {
		r.scripts[name] = rueidis.NewLuaScript(head + read(name+".lua"))
	}
	return r
}

// key is the full name of one of an event's keys.
func (r *redisStore) key(eventID int64, name string) string {
	return r.prefix + "{e" + strconv.FormatInt(eventID, 10) + "}:" + name
}

// reply is what a script answered: names and values, all text, "status" among them.
type reply map[string]string

func (a reply) status() string { return a["status"] }

// num is a whole number of the reply; what is missing counts as 0.
func (a reply) num(name string) int64 {
	n, _ := strconv.ParseInt(a[name], 10, 64)
	return n
}

func (a reply) float(name string) float64 {
	f, _ := strconv.ParseFloat(a[name], 64)
	return f
}

// at is a moment in ms; 0 is the zero time.
func (a reply) at(name string) time.Time {
	if ms := a.num(name); ms > 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// run executes one script; args follow the time of day, which every script gets first.
func (r *redisStore) run(ctx context.Context, script string, eventID int64, args ...string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	hold := r.seats.HoldKeys(eventID)
	keys := make([]string, 0, 18)
	for _, name := range []string{"adm", "adm.v", "calls", "left", "ready", "seen", "leases", "born", "win", "burnt", "came"} {
		keys = append(keys, r.key(eventID, name))
	}
	keys = append(keys, hold.Holders, hold.Payers, hold.Chose, hold.TakenPrefix, hold.Heartbeat, r.key(eventID, "est"), r.key(eventID, "pay"))
	answer, err := r.scripts[script].Exec(ctx, r.client, keys, append([]string{clock.RedisArg(r.clock)}, args...)).AsStrMap()
	if err != nil {
		return nil, fmt.Errorf("line script %s: %w", script, err)
	}
	return answer, nil
}

// countBurnt is how many positions Redis steps over.
func (r *redisStore) countBurnt(ctx context.Context, eventID int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	count, err := r.client.Do(ctx, r.client.B().Zcard().Key(r.key(eventID, "burnt")).Build()).AsInt64()
	if err != nil {
		return 0, fmt.Errorf("count burnt positions: %w", err)
	}
	return count, nil
}

// addBurnt remembers positions that nobody may own, in steps that hold Redis up for a moment only.
func (r *redisStore) addBurnt(ctx context.Context, eventID int64, positions []int64) error {
	const step = 1000
	for len(positions) > 0 {
		some := positions[:min(step, len(positions))]
		positions = positions[len(some):]
		add := r.client.B().Zadd().Key(r.key(eventID, "burnt")).ScoreMember()
		for _, p := range some {
			add = add.ScoreMember(float64(p), strconv.FormatInt(p, 10))
		}
		ctx, cancel := context.WithTimeout(ctx, redisPatience)
		err := r.client.Do(ctx, add.Build()).Error()
		cancel()
		if err != nil {
			return fmt.Errorf("remember burnt positions: %w", err)
		}
	}
	return nil
}
