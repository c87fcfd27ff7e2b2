// Package testkit gives a test real Postgres, real Redis and a clock that moves only by hand. The servers are started
// once for a test binary; each test has its own database, cloned from a migrated template, and its own key prefix, so
// tests run in parallel.
package testkit

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	"github.com/redis/rueidis"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"fairseat/app/clock"
	"fairseat/app/embedded"
	"fairseat/migrations"
)

// Start is where every test's clock begins.
var Start = time.Date(2027, 3, 9, 10, 0, 0, 0, time.UTC)

// Kit is what one test runs on.
type Kit struct {
	T           testing.TB
	DB          *gorm.DB
	Redis       rueidis.Client
	Prefix      string // of every Redis key of this test
	Clock       *clock.Manual
	Log         *slog.Logger // into the test's own log
	PostgresURL string       // this test's own database
	RedisURL    string       // shared with the other tests; keep to Prefix
}

// servers of this test binary; started by the first test that asks.
var (
	once     sync.Once
	servers  *embedded.Servers
	startErr error
	serial   atomic.Int64
)

const template = "fairseat_template"

// New gives a test its own database and key prefix on the shared servers.
func New(t testing.TB) *Kit {
	t.Helper()
	once.Do(func() { servers, startErr = start() })
	if startErr != nil {
		t.Fatalf("start test servers: %v", startErr)
	}
	name := fmt.Sprintf("t%d", serial.Add(1))
	exec(t, `CREATE DATABASE `+name+` TEMPLATE `+template)
	k := &Kit{
		T: t, Prefix: name + ":", Clock: clock.NewManual(Start), Log: Logger(t),
		PostgresURL: dsn(name), RedisURL: servers.RedisURL(),
	}
	k.DB = Open(t, k.PostgresURL)
	k.Redis = Client(t, k.RedisURL)
	t.Cleanup(func() { exec(t, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	// Registered last, so run first: connections close before the database goes.
	t.Cleanup(func() {
		if db, err := k.DB.DB(); err == nil {
			_ = db.Close()
		}
		k.Redis.Close()
	})
	return k
}

// Open connects to a database as app does.
func Open(t testing.TB, url string) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(postgres.Open(url), &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, Logger: logger.Discard,
		NowFunc: func() time.Time { return Start },
	})
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	return db
}

// Client connects to Redis as app does.
func Client(t testing.TB, url string) rueidis.Client {
	t.Helper()
	o := rueidis.MustParseURL(url)
	o.ForceSingleClient = true
	o.DisableCache = true
	o.ConnWriteTimeout = 5 * time.Second
	c, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatalf("connect to Redis: %v", err)
	}
	return c
}

// Logger writes to the test's log, for reading after a failure.
func Logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// Eventually waits until done answers true, asking every few milliseconds for at most limit.
func Eventually(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("after %v still not: %s", limit, what)
		case <-tick.C:
		}
	}
}

func start() (*embedded.Servers, error) {
	removeStale()
	dir, err := os.MkdirTemp("", "fairseat-test-")
	if err != nil {
		return nil, err
	}
	// Below a private folder the servers' own user could not reach its data.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	s, err := embedded.Start(ctx, embedded.Options{DataDir: dir, Log: slog.New(slog.DiscardHandler), Fast: true, MaxConnections: 400})
	if err != nil {
		return nil, err
	}
	servers = s
	admin, err := sql.Open("pgx", s.PostgresURL())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, `CREATE DATABASE `+template); err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", dsn(template))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return s, migrations.Up(ctx, db, slog.New(slog.DiscardHandler))
}

// removeStale deletes what earlier test binaries left: their servers died with them, their files did not.
func removeStale() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "fairseat-test-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err != nil || !info.ModTime().Before(clock.System{}.Now().Add(-10*time.Minute)) {
			continue
		}
		if s, alive := embedded.Attach(embedded.Options{DataDir: dir, Log: slog.New(slog.DiscardHandler)}); !alive && s == nil {
			_ = os.RemoveAll(dir)
		}
	}
}

// dsn is the servers' address with another database; a later dbname wins in a key=value DSN.
func dsn(database string) string { return servers.PostgresURL() + " dbname=" + database }

func exec(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", servers.PostgresURL())
	if err != nil {
		t.Fatalf("open admin database: %v", err)
	}
	defer db.Close()
	// Two clones of one template at once are refused by Postgres: one at a time.
	createMu.Lock()
	defer createMu.Unlock()
	if _, err := db.Exec(statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

var createMu sync.Mutex
