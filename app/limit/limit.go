// Package limit keeps budgets: so many of something a minute, counted in Redis for all replicas together. Most budgets are
// a courtesy to the others, never a lock on the door: when Redis does not answer, everything passes. What is not safe
// without its budget is taken by TakeOrFail.
package limit

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"fairseat/app/clock"
)

const (
	// patience is how long a budget may keep a request waiting for Redis.
	patience = 250 * time.Millisecond
	// quiet is how long the log says nothing more after it told that budgets are off.
	quiet = time.Minute
)

//go:embed lua/take.lua
var takeScript string

// Limiter hands out budgets. Safe for concurrent use.
type Limiter struct {
	redis  rueidis.Client
	prefix string
	clock  clock.Clock
	log    *slog.Logger
	take   *rueidis.Lua

	mu     sync.Mutex
	warned time.Time
}

// New makes a Limiter whose keys begin with prefix.
func New(redis rueidis.Client, prefix string, c clock.Clock, log *slog.Logger) *Limiter {
	return &Limiter{redis: redis, prefix: prefix + "limit:", clock: c, log: log, take: rueidis.NewLuaScript(takeScript)}
}

// Take takes one from the budget called name, which holds perMinute and refills at perMinute a minute. A retry above
// zero means that it was empty, and when the next one is free; a refusal costs nothing. With perMinute 0 there is no
// budget. When Redis is away, or silent for 250 ms, it answers 0, nil; an error only says that ctx itself has ended.
func (l *Limiter) Take(ctx context.Context, name string, perMinute int) (retry time.Duration, err error) {
	return l.TakeIn(ctx, name, perMinute, time.Minute)
}

// TakeIn is Take from a budget that refills in another period than a minute.
func (l *Limiter) TakeIn(ctx context.Context, name string, budget int, period time.Duration) (retry time.Duration, err error) {
	retry, err = l.TakeOrFail(ctx, name, budget, period)
	if err == nil || ctx.Err() != nil {
		return retry, err
	}
	l.complain(err)
	return 0, nil
}

// TakeOrFail is TakeIn for a budget that is a lock: when Redis is away, or silent for 250 ms, it answers an error, and
// nothing may pass.
func (l *Limiter) TakeOrFail(ctx context.Context, name string, budget int, period time.Duration) (retry time.Duration, err error) {
	if budget <= 0 {
		return 0, nil
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	us, err := l.take.Exec(wait, l.redis, []string{l.prefix + name},
		[]string{strconv.Itoa(budget), clock.RedisArg(l.clock), strconv.FormatInt(period.Milliseconds(), 10)}).AsInt64()
	if err == nil {
		return time.Duration(us) * time.Microsecond, nil
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return 0, fmt.Errorf("take from a budget: %w", err)
}

// complain warns at most once a minute: an outage must not fill the disk as well.
func (l *Limiter) complain(err error) {
	now := l.clock.Now()
	l.mu.Lock()
	told := !l.warned.IsZero() && now.Sub(l.warned) < quiet
	if !told {
		l.warned = now
	}
	l.mu.Unlock()
	if !told {
		l.log.Warn("budgets are off while Redis does not answer", "error", err)
	}
}

// Network is the part of an address that one visitor cannot change at will, for the name of a budget: an IPv4 address
// itself, the /64 of an IPv6 address. What is no address comes back as it is, cut to 64 bytes.
func Network(ip string) string { return prefix(ip, 32, 64) }

// Subnet is what one house, school or provider's customer has: the /24 of an IPv4 address, the /48 of an IPv6 address.
func Subnet(ip string) string { return prefix(ip, 24, 48) }

func prefix(ip string, bits4, bits6 int) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip[:min(len(ip), 64)]
	}
	addr, bits := addr.Unmap().WithZone(""), bits6
	if addr.Is4() {
		bits = bits4
	}
	if bits == addr.BitLen() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}
