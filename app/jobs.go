package app

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/gorm"
)

// jobs inserts River jobs in the caller's transaction, so that a job exists exactly if its reason was committed.
type jobs struct{ client *river.Client[*sql.Tx] }

func newJobs(db *gorm.DB) (*jobs, error) {
	plain, err := db.DB()
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverdatabasesql.New(plain), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &jobs{client}, nil
}

// Insert adds a job to the transaction; it never runs if the transaction is rolled back.
func (j *jobs) Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error {
	plain, err := sqlTx(tx)
	if err != nil {
		return err
	}
	if _, err := j.client.InsertTx(ctx, plain, args, opts); err != nil {
		return fmt.Errorf("insert job %s: %w", args.Kind(), err)
	}
	return nil
}

// sqlTx is the database/sql transaction under a GORM one.
func sqlTx(tx *gorm.DB) (*sql.Tx, error) {
	switch p := tx.Statement.ConnPool.(type) {
	case *sql.Tx:
		return p, nil
	case *gorm.PreparedStmtTX:
		if t, ok := p.Tx.(*sql.Tx); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("jobs need a transaction, got %T", tx.Statement.ConnPool)
}

// newWorkers is the client that runs jobs; each replica has one.
func newWorkers(pool *pgxpool.Pool, workers *river.Workers, log *slog.Logger) (*river.Client[pgx.Tx], error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger:  quiet(log),
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: 10},
			"checkout":         {MaxWorkers: 20},
			"mail":             {MaxWorkers: 4}, // a slow mail server must not hold anything else up
		},
		FetchCooldown:     10 * time.Millisecond, // the default of 100 ms is what caps throughput and latency
		FetchPollInterval: 500 * time.Millisecond,
		JobTimeout:        30 * time.Second,
		// Above every job's timeout, else a job could run twice at once; the default is an hour.
		RescueStuckJobsAfter: 2 * time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return client, nil
}

// quiet passes on River's warnings and errors alone.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(leveled{log.Handler(), slog.LevelWarn})
}

type leveled struct {
	slog.Handler
	least slog.Level
}

func (h leveled) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.least && h.Handler.Enabled(ctx, l)
}

func (h leveled) WithAttrs(a []slog.Attr) slog.Handler {
	return leveled{h.Handler.WithAttrs(a), h.least}
}

func (h leveled) WithGroup(n string) slog.Handler { return leveled{h.Handler.WithGroup(n), h.least} }
