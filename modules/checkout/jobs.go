package checkout

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"gorm.io/gorm"
)

// Jobs are the fast path and carry ids alone. Each may run twice, late or never: the reconciler reads the tables and
// gets to the same end, which is why a job that has tried handOver times leaves the rest to it instead of failing.

const (
	queue       = "checkout"
	handOver    = 8
	maxAttempts = handOver + 2 // never reached by errors: a killed process spends attempts too
)

// createArgs is the backstop of a request that could not open its payment at the processor.
type createArgs struct {
	PaymentID uuid.UUID `json:"payment_id"`
}

// Kind names the job.
func (createArgs) Kind() string { return "checkout.create_payment" }

// settleArgs looks at one payment.
type settleArgs struct {
	PaymentID uuid.UUID `json:"payment_id"`
}

// Kind names the job.
func (settleArgs) Kind() string { return "checkout.settle_payment" }

// expireArgs ends an order at its deadline.
type expireArgs struct {
	OrderID uuid.UUID `json:"order_id"`
}

// Kind names the job.
func (expireArgs) Kind() string { return "checkout.expire_order" }

// eventArgs acts on one webhook.
type eventArgs struct {
	Provider string `json:"provider"`
	EventID  string `json:"event_id"`
}

// Kind names the job.
func (eventArgs) Kind() string { return "checkout.processor_event" }

// refundArgs sends one refund.
type refundArgs struct {
	RefundID uuid.UUID `json:"refund_id"`
}

// Kind names the job.
func (refundArgs) Kind() string { return "checkout.refund" }

// enqueue inserts a job into the transaction; a zero time means at once.
func (s *Service) enqueue(ctx context.Context, tx *gorm.DB, args river.JobArgs, at time.Time) error {
	return s.Jobs.Insert(ctx, tx, args, &river.InsertOpts{Queue: queue, MaxAttempts: maxAttempts, ScheduledAt: at})
}

// Workers registers what runs this module's jobs.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, newWorker(s, func(ctx context.Context, a createArgs) error { return s.Settle(ctx, a.PaymentID) }))
	river.AddWorker(w, newWorker(s, func(ctx context.Context, a settleArgs) error { return s.Settle(ctx, a.PaymentID) }))
	river.AddWorker(w, newWorker(s, func(ctx context.Context, a expireArgs) error { return s.expire(ctx, a.OrderID) }))
	river.AddWorker(w, newWorker(s, func(ctx context.Context, a eventArgs) error { return s.processEvent(ctx, dueEvent(a)) }))
	river.AddWorker(w, newWorker(s, func(ctx context.Context, a refundArgs) error { return s.PayBack(ctx, a.RefundID) }))
}

// worker runs one kind of job.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	s    *Service
	work func(context.Context, T) error
}

func newWorker[T river.JobArgs](s *Service, work func(context.Context, T) error) *worker[T] {
	return &worker[T]{s: s, work: work}
}

// Work runs the job, and after handOver failures leaves it to the reconciler.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	err := w.work(ctx, job.Args)
	if err != nil && job.Attempt >= handOver {
		w.s.metrics.handedOver.Inc()
		w.s.Log.Warn("job leaves the rest to the reconciler", "job", job.Kind, "job_id", job.ID, "error", err)
		return nil
	}
	return err
}

// Timeout is below the 30 s after which River itself would end it.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return settleTime }

// NextRetry is soon: a fan is waiting.
func (w *worker[T]) NextRetry(job *river.Job[T]) time.Time {
	return w.s.Clock.Now().Add(retryAfter(job.Attempt))
}

// retryAfter is min(0.5 s · 2ⁿ, 5 s) after the n-th failure, give or take a quarter so that jobs do not march in step.
func retryAfter(attempt int) time.Duration {
	wait := 5 * time.Second
	if attempt < 4 {
		wait = min(wait, 500*time.Millisecond<<attempt)
	}
	return wait*3/4 + time.Duration(rand.Int64N(int64(wait/2)))
}
