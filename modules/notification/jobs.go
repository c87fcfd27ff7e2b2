package notification

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"

	"fairseat/app/failpoint"
)

const (
	attemptTime = 30 * time.Second // one attempt, with the documents drawn and both of the mailer's timeouts
	leaseTime   = 45 * time.Second // above attemptTime: while one attempt runs no other begins
	overdueTime = 60 * time.Second // a queued mail this late has lost its job
	lookEvery   = 10 * time.Second
	lookLimit   = 500
	longestWait = 60 * time.Second
)

// deliverArgs is the job that delivers one mail.
type deliverArgs struct {
	MailID uuid.UUID `json:"mail_id"`
	// After is how many attempts there were when the mail was found overdue. It makes the job another one than that of a
	// process which died in an attempt: for minutes that one counts as running.
	After int `json:"after,omitempty"`
	// Look grows with the mail's age, for a process that died before its attempt began: that changed no count.
	Look int `json:"look,omitempty"`
}

// Kind names the job.
func (deliverArgs) Kind() string { return "notification.mail" }

// InsertOpts sends it to the mail queue, whose few workers a slow mail server may hold up. Uniqueness only keeps Run
// from piling jobs up while a server is slow; nothing depends on it, a lost or doubled job does no harm.
func (deliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: "mail", MaxAttempts: 100,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}},
	}
}

type worker struct {
	river.WorkerDefaults[deliverArgs]
	service *Service
}

// Workers registers the worker that delivers mails.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, &worker{service: s})
}

// Work runs one attempt.
func (w *worker) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	return w.service.deliver(ctx, job.Args.MailID)
}

// NextRetry is for our own stores failing; a mail that is not taken snoozes by its own count.
func (w *worker) NextRetry(job *river.Job[deliverArgs]) time.Time {
	return w.service.Clock.Now().Add(pause(job.Attempt))
}

// Timeout bounds one attempt.
func (w *worker) Timeout(*river.Job[deliverArgs]) time.Duration { return attemptTime }

// pause is how long to wait after the nth attempt: half a second doubled each time, at most a minute, a fifth of it
// random so that mails which failed together do not come back together.
func pause(n int) time.Duration {
	d := longestWait
	if n < 8 {
		d = min(d, time.Second/2<<max(0, n-1))
	}
	return d - time.Duration(rand.Int64N(int64(d/5)))
}

// Run looks for mails that lost their job, at once and then every ten seconds, until ctx ends. It asks the table, not
// the jobs: whatever became of those, a queued mail is tried again.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.requeue(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("look for overdue mails", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look counts the looks at an overdue mail that make it a job of its own: at one overdueTime of age, at 4, at 16, at 64, so
// that a job which is dead but counts as running holds nothing up for long, and a slow server does not have jobs pile up.
func look(age time.Duration) int { return (bits.Len64(uint64(max(0, age/overdueTime))) + 1) / 2 }

func (s *Service) requeue(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	return s.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		late, err := s.store.overdue(ctx, tx, overdueTime, lookLimit)
		if err != nil {
			return err
		}
		for _, m := range late {
			if err := s.Jobs.Insert(ctx, tx, deliverArgs{MailID: m.ID, After: m.Attempts, Look: look(m.Age)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliver runs one attempt at one mail. It may be called at any time, twice at once too: a mail that is sent, given up,
// or in somebody's hands is left alone. An error other than a snooze is our own stores failing.
func (s *Service) deliver(ctx context.Context, id uuid.UUID) error {
	m, wait, err := s.store.take(ctx, id, leaseTime)
	if err != nil {
		return err
	}
	if m == nil {
		if wait > 0 {
			return river.JobSnooze(wait)
		}
		return nil
	}
	err = s.send(ctx, m)
	failpoint.Hit("K13")
	// What became of the attempt is written down even while the process is told to stop: a mail the server has taken
	// would be sent again otherwise.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	log := s.Log.With("mail_id", m.ID, "order_id", m.OrderID, "kind", m.Kind, "attempt", m.Attempts)
	var final *finalError
	switch {
	case err == nil:
		return s.store.sent(ctx, *m)
	case errors.As(err, &final):
		// The reason stands in the outbox. It may name the recipient, so it is not logged.
		log.Warn("mail given up")
		return s.store.failed(ctx, *m, final.reason)
	}
	d := pause(m.Attempts)
	log.Info("mail not sent yet", "retry_in", d, "error", logged(err))
	if err := s.store.again(ctx, *m, shown(err), d); err != nil {
		return err
	}
	return river.JobSnooze(d)
}

// shown is why a mail waits, in words that its recipient may read.
func shown(err error) string {
	var busy *busyError
	if errors.As(err, &busy) {
		return busy.reply
	}
	return "the mail could not be handed over yet; it is tried again by itself"
}

// logged is the error without a mail server's words, which may name the recipient.
func logged(err error) string {
	var busy *busyError
	if errors.As(err, &busy) {
		return "the server is not taking it now: " + clip(busy.reply, 4)
	}
	return err.Error()
}
