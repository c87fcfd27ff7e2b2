// Package embedded runs the process's own Postgres and Redis: Debian's binaries as children in one data directory,
// reached over unix sockets only. It knows Linux alone, because the children die with us by its parent-death signal.
//
//	DataDir/lock       held by the one live owner; its pid and the run directory stand in it
//	DataDir/postgres   the cluster; postgres.new while initdb is at work
//	DataDir/redis      the append-only file
//	DataDir/run        the sockets, unless the path is too long for one
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// Options say where and how the children run.
type Options struct {
	DataDir        string // made if missing; as root, every directory above it must let the user postgres pass
	Log            *slog.Logger
	Fast           bool // tests only: no fsync anywhere, so a power cut loses data (a kill -9 does not)
	MaxConnections int  // of Postgres; 0 = 100

	binaries *binaries // tests hide programs; nil = the machine's
}

// Servers are the running children, or those of another process when they come from Attach.
type Servers struct {
	dirs            directories
	lock            *os.File // the kernel frees the lock when this is collected, so it stays referenced
	postgres, redis *child   // nil when attached

	quit, force context.CancelFunc // asks both to end; no longer asks
	failed      chan error
	stop        sync.Once
}

// Start takes the data directory and returns when both children answer, creating their data at the first start. ctx
// bounds the start alone; from then on the children live, and are restarted when they die, until Stop. If this
// process dies, they end by themselves. A directory in use is an *InUseError, a program not installed a
// *MissingBinaryError.
func Start(ctx context.Context, o Options) (*Servers, error) {
	o = o.withDefaults()
	who, err := childAccount()
	if err != nil {
		return nil, err
	}
	programs, err := o.binaries.find(o.DataDir)
	if err != nil {
		return nil, err
	}
	data, err := makeDataDir(o.DataDir, who)
	if err != nil {
		return nil, err
	}
	dirs := newDirectories(data)
	lock, err := takeLock(dirs)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, o, who, programs, dirs)
	if err != nil {
		return nil, errors.Join(err, releaseLock(lock))
	}
	s.lock = lock
	return s, nil
}

// start launches both at once; when either cannot be, the other is ended again.
func start(ctx context.Context, o Options, who account, programs programs, dirs directories) (*Servers, error) {
	if err := dirs.makeRun(who); err != nil {
		return nil, err
	}
	pg := &postgres{dirs: dirs, who: who, programs: programs, log: o.Log, fast: o.Fast, connections: o.MaxConnections}
	rd := &redis{dirs: dirs, who: who, program: programs.redis, log: o.Log}
	s := &Servers{dirs: dirs, failed: make(chan error, 2)}
	ended, quit := context.WithCancel(context.WithoutCancel(ctx))
	forced, force := context.WithCancel(context.WithoutCancel(ctx))
	s.quit, s.force = quit, force
	s.postgres = newChild(forced, "postgres", pg.launch, pg.signals(), o.Log)
	s.redis = newChild(forced, "redis", rd.launch, rd.signals(), o.Log)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var both sync.WaitGroup
	for _, c := range s.children() {
		both.Go(func() {
			if err := c.first(ctx); err != nil {
				cancel(err) // the first cause stays the one told; the other child's "canceled" says nothing
			}
		})
	}
	both.Wait()
	for _, c := range s.children() {
		go c.keep(ended, s.failed)
	}
	if ctx.Err() != nil {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonWithin)
		defer cancel()
		_ = s.Stop(limit) // the cause says more than how the other one left
		return nil, context.Cause(ctx)
	}
	return s, nil
}

// Attach gives the addresses of the children that another live process runs in this directory, and false when nobody
// does. They may still be starting. Stop on the result does nothing, and Failed never speaks.
func Attach(o Options) (*Servers, bool) {
	data, err := filepath.Abs(o.DataDir)
	if err == nil {
		data, err = filepath.EvalSymlinks(data)
	}
	if err != nil {
		return nil, false
	}
	dirs := newDirectories(data)
	owner, ok := readOwner(dirs)
	if !ok {
		return nil, false
	}
	dirs.run = owner.run // its TMPDIR may differ from ours
	return &Servers{dirs: dirs, failed: make(chan error)}, true
}

// PostgresURL is a DSN for pgx and gorm. It stays the same across restarts.
func (s *Servers) PostgresURL() string { return s.dirs.postgresDSN() }

// RedisURL is the address for rueidis.MustParseURL. It stays the same across restarts.
func (s *Servers) RedisURL() string { return "unix://" + s.dirs.redisSocket() }

// Failed tells that a child could not be brought back. The other one still runs; what is left to do is Stop.
func (s *Servers) Failed() <-chan error { return s.failed }

// PIDs are the processes of this moment, for tests that kill one; 0 while one is being restarted.
func (s *Servers) PIDs() (postgres, redis int) {
	if s.postgres == nil {
		return readPID(filepath.Join(s.dirs.postgres, "postmaster.pid")), readPID(filepath.Join(s.dirs.redis, redisPIDFile))
	}
	return s.postgres.pid(), s.redis.pid()
}

// Stop ends both children, waits for them and gives the directory free. The data stay. When ctx ends first they are
// told to leave at once, which loses nothing but makes the next start a recovery, and its error is returned.
func (s *Servers) Stop(ctx context.Context) error {
	if s.postgres == nil {
		return nil
	}
	var err error
	s.stop.Do(func() { err = s.end(ctx) })
	return err
}

func (s *Servers) end(ctx context.Context) (err error) {
	s.quit()
	defer s.force()
	for _, c := range s.children() {
		select {
		case <-c.done:
			continue
		case <-ctx.Done():
		}
		s.force()
		if err == nil {
			err = fmt.Errorf("stop %s: %w", c.name, ctx.Err())
		}
		<-c.done // bounded: a child that ignores even this is killed
	}
	s.dirs.removeRun()
	if s.lock != nil {
		err = errors.Join(err, releaseLock(s.lock))
	}
	return err
}

func (s *Servers) children() []*child { return []*child{s.postgres, s.redis} }

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 100
	}
	if o.binaries == nil {
		o.binaries = installed()
	}
	return o
}
