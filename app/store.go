package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/rueidis"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"fairseat/app/embedded"
	"fairseat/migrations"
)

// stores are the connections of a process: to Redis, and two pools to Postgres, so that River's own bookkeeping goes on
// while the work of a crowd fills the other.
type stores struct {
	servers  *embedded.Servers // nil with servers of one's own
	own      bool              // servers were started by this process and stop with it
	requests *pgxpool.Pool
	jobs     *pgxpool.Pool
	db       *gorm.DB
	patient  *gorm.DB // without the timeouts of requests: for what reads whole tables
	redis    rueidis.Client
}

// openStores starts the built-in servers where no URL is given, connects, and migrates. share lets a command line
// tool use the servers of a running process instead of starting its own.
func openStores(ctx context.Context, c Config, log *slog.Logger, share bool) (*stores, error) {
	s, redisURL, err := openPostgres(ctx, c, log, share)
	if err != nil {
		return nil, err
	}
	if err := s.openRedis(ctx, redisURL, log); err != nil {
		s.close(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

// openPostgres is openStores without Redis, which a migration does not need.
func openPostgres(ctx context.Context, c Config, log *slog.Logger, share bool) (_ *stores, redisURL string, err error) {
	s := &stores{}
	defer func() {
		if err != nil {
			s.close(context.WithoutCancel(ctx))
		}
	}()
	pgURL, redisURL := c.Postgres.URL, c.Redis.URL
	if pgURL == "" {
		options := embedded.Options{DataDir: c.DataDir, Log: log}
		attached := false
		if share {
			s.servers, attached = embedded.Attach(options)
		}
		if !attached {
			if s.servers, err = embedded.Start(ctx, options); err != nil {
				return nil, "", &StartError{err}
			}
			s.own = true
		}
		pgURL, redisURL = s.servers.PostgresURL(), s.servers.RedisURL()
	}
	if s.requests, err = openPool(ctx, pgURL, c.Postgres.MaxConnections, true); err != nil {
		return nil, "", err
	}
	if s.jobs, err = openPool(ctx, pgURL, 10, false); err != nil {
		return nil, "", err
	}
	if err = patiently(ctx, log, "Postgres", func() error { return s.requests.Ping(ctx) }); err != nil {
		return nil, "", err
	}
	if s.patient, err = openGORM(s.jobs); err != nil {
		return nil, "", err
	}
	plain, err := s.patient.DB()
	if err != nil {
		return nil, "", err
	}
	if err = migrations.Up(ctx, plain, log); err != nil {
		return nil, "", err
	}
	s.db, err = openGORM(s.requests)
	return s, redisURL, err
}

func openGORM(pool *pgxpool.Pool) (*gorm.DB, error) {
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &gorm.Config{
		TranslateError: true, SkipDefaultTransaction: true, Logger: logger.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("open Postgres: %w", err)
	}
	return db, nil
}

func openPool(ctx context.Context, url string, size int, bounded bool) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The URL may hold a password, and pgx quotes it.
		return nil, &StartError{errors.New("postgres.url: not a Postgres URL")}
	}
	config.MaxConns = int32(size)
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	params := config.ConnConfig.RuntimeParams
	params["application_name"] = "fairseat"
	params["timezone"] = "UTC"
	if bounded {
		params["lock_timeout"] = "2000"
		params["statement_timeout"] = "5000"
		params["idle_in_transaction_session_timeout"] = "10000"
	}
	return pgxpool.NewWithConfig(ctx, config)
}

func (s *stores) openRedis(ctx context.Context, url string, log *slog.Logger) error {
	option, err := rueidis.ParseURL(url)
	if err != nil {
		return &StartError{errors.New("redis.url: not a Redis URL")}
	}
	option.ForceSingleClient = strings.HasPrefix(url, "unix:")
	option.DisableCache = true // nothing is read through the client-side cache
	option.ConnWriteTimeout = time.Second
	option.Dialer.Timeout = 2 * time.Second
	if err := patiently(ctx, log, "Redis", func() (err error) {
		s.redis, err = rueidis.NewClient(option)
		return err
	}); err != nil {
		return err
	}
	return checkEviction(ctx, s.redis, log)
}

// checkEviction refuses a Redis that may throw holds away when it is full.
func checkEviction(ctx context.Context, r rueidis.Client, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	config, err := r.Do(ctx, r.B().ConfigGet().Parameter("maxmemory", "maxmemory-policy").Build()).AsStrMap()
	if err != nil {
		log.Warn("cannot read Redis's maxmemory-policy; it must be noeviction", "error", err)
		return nil
	}
	if policy := config["maxmemory-policy"]; config["maxmemory"] != "0" && policy != "noeviction" {
		return &StartError{fmt.Errorf("redis.url: maxmemory-policy is %s and would throw held seats away; set it to noeviction", policy)}
	}
	return nil
}

// patiently tries until it works, for a minute: databases often start beside us.
func patiently(ctx context.Context, log *slog.Logger, what string, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := try()
		if err == nil {
			return nil
		}
		log.Info("waiting for "+what, "error", err)
		select {
		case <-ctx.Done():
			return &StartError{fmt.Errorf("%s does not answer: %w", what, err)}
		case <-time.After(wait):
		}
	}
}

// failed tells that a built-in server cannot be kept running; never, with servers of one's own.
func (s *stores) failed() <-chan error {
	if s.servers == nil {
		return nil
	}
	return s.servers.Failed()
}

func (s *stores) close(ctx context.Context) {
	if s.redis != nil {
		s.redis.Close()
	}
	if s.jobs != nil {
		s.jobs.Close()
	}
	if s.requests != nil {
		s.requests.Close()
	}
	if s.servers != nil {
		_ = s.servers.Stop(ctx)
	}
}

// StartError is a mistake in the settings or on the machine that a person can mend: one line, exit code 2.
type StartError struct{ Err error }

func (e *StartError) Error() string { return oneLine(e.Err) }

// Unwrap gives the cause.
func (e *StartError) Unwrap() error { return e.Err }
