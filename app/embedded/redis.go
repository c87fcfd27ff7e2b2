package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"syscall"
)

// redis is our Redis: how it is launched.
type redis struct {
	dirs    directories
	who     account
	program string
	log     *slog.Logger
}

const redisPIDFile = "redis.pid"

// Redis writes out and syncs its file on SIGTERM.
func (*redis) signals() signals { return signals{gentle: syscall.SIGTERM, harsh: syscall.SIGKILL} }

// launch starts Redis over whatever an earlier run left, and returns when it has loaded its data and answers.
func (r *redis) launch(ctx context.Context, abandon func(*process)) (*process, error) {
	if err := makePrivate(r.dirs.redis, r.who); err != nil {
		return nil, fmt.Errorf("make room for redis: %w", err)
	}
	if err := waitUntilGone(ctx, r.dirs.redis, "redis"); err != nil {
		return nil, err
	}
	if err := removeAll(r.dirs.redisSocket(), filepath.Join(r.dirs.redis, redisPIDFile)); err != nil {
		return nil, fmt.Errorf("clear the last run of redis: %w", err)
	}
	run, err := command{
		name: "redis", path: r.program, args: []string{"-"}, dir: r.dirs.redis, stdin: r.config(),
		who: r.who, death: syscall.SIGTERM, level: redisLevel, log: r.log,
	}.start()
	if err != nil {
		return nil, err
	}
	if err := run.await(ctx, r.log, r.answers); err != nil {
		abandon(run)
		return nil, err
	}
	return run, nil
}

// config is read by Redis from its standard input, so no file can be edited behind our back.
//
// appendfsync is everysec: Redis hands every write to the kernel before it answers, so a kill -9 of Redis or of
// everything we run loses nothing. A power cut loses the last second or two, and the design lives with that, because
// what is sold stands in Postgres and only holds are here. "always" would make every hold wait for the disk.
func (r *redis) config() string {
	return strings.Join([]string{
		"port 0",
		"unixsocket " + r.dirs.redisSocket(),
		"unixsocketperm 700",
		"dir ./", // where it was started, so the path needs no quoting
		"pidfile " + redisPIDFile,
		"daemonize no",
		"supervised no",
		"appendonly yes",
		"appendfsync everysec",
		`save ""`,
		"notify-keyspace-events Ex",
		"maxmemory-policy noeviction", // a full Redis refuses a hold; it never forgets one
		"",
	}, "\n")
}

// answers is a PING by hand: while Redis reads its file it says -LOADING instead.
func (r *redis) answers(ctx context.Context) error {
	c, err := new(net.Dialer).DialContext(ctx, "unix", r.dirs.redisSocket())
	if err != nil {
		return err
	}
	defer c.Close()
	if limit, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(limit); err != nil {
			return err
		}
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	said, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && said != "+PONG\r\n" {
		err = errors.New(strings.TrimSpace(said))
	}
	return err
}

// redisLevel reads "8367:M 23 Nov 2026 20:40:40.413 # Server initialized", where # is a warning, and knows which
// warnings come at every start and stop. What is not in that form is a complaint about the configuration, or a crash.
func redisLevel(line string) (slog.Level, string) {
	if line[0] < '0' || line[0] > '9' {
		return slog.LevelWarn, line
	}
	parts := strings.SplitN(line, " ", 7)
	if len(parts) < 7 || parts[5] != "#" {
		return slog.LevelDebug, line
	}
	text := parts[6]
	for _, usual := range []string{
		"Reading config from stdin", "oO0OoO0OoO0Oo", "Redis version=", "Configuration loaded", "Server initialized",
		"WARNING Memory overcommit must be enabled", // the host's setting, which a container cannot change
		"User requested shutdown", "Redis is now ready to exit",
	} {
		if strings.HasPrefix(text, usual) {
			return slog.LevelDebug, text
		}
	}
	return slog.LevelWarn, text
}
