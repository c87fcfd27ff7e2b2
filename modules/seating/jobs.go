package seating

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
)

// syncArgs is the job that makes the map say what claims say in Postgres.
type syncArgs struct {
	EventID int64   `json:"event_id"`
	Claims  []int64 `json:"claims"`
}

// Kind names the job.
func (syncArgs) Kind() string { return "seating.sync" }

// SyncJob is the job that makes the map say what these claims say, for the transaction that changes them.
func (s *Service) SyncJob(eventID int64, claims []int64) river.JobArgs {
	return syncArgs{EventID: eventID, Claims: claims}
}

// CatchUp does what jobs are still waiting to do, and ends the blocks whose moment came meanwhile: a process that stopped
// leaves them to the next. They may be done twice.
func (s *Service) CatchUp(ctx context.Context) error {
	var waiting []string
	err := s.DB.WithContext(ctx).Raw(`SELECT args FROM river_job WHERE kind = ? AND finalized_at IS NULL ORDER BY id`, syncArgs{}.Kind()).Scan(&waiting).Error
	if err != nil {
		return fmt.Errorf("look for waiting jobs: %w", err)
	}
	for _, text := range waiting {
		var args syncArgs
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			return fmt.Errorf("waiting job %s: %w", text, err)
		}
		if err := s.Sync(ctx, args.EventID, args.Claims); err != nil {
			return err
		}
	}
	return s.endBlocks(ctx)
}

type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	seating *Service
}

// Work may run twice, and late: it reads what the claims are now.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[syncArgs]) error {
	return w.seating.Sync(ctx, job.Args.EventID, job.Args.Claims)
}

// Timeout is short: nothing here waits for anybody but our own stores.
func (w *syncWorker) Timeout(*river.Job[syncArgs]) time.Duration { return 20 * time.Second }

// NextRetry comes soon: min(0.5·2ⁿ, 5 s), some jitter. When Redis is away for longer the comparison with Postgres
// mends what a discarded job leaves.
func (w *syncWorker) NextRetry(job *river.Job[syncArgs]) time.Time {
	wait := min(5*time.Second, 500*time.Millisecond<<min(job.Attempt, 5))
	wait += time.Duration(rand.Int64N(int64(wait / 4)))
	if job.AttemptedAt == nil {
		return job.ScheduledAt.Add(wait)
	}
	return job.AttemptedAt.Add(wait)
}
