package notification

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"fairseat/app/testkit"
)

// A mail whose job is lost is found by the table alone.
func TestLostJobIsFoundAgain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(k.order())
	k.forgetJobs()
	k.requeueNow()
	if k.jobs() != 0 {
		t.Fatal("a mail that is not late got another job")
	}
	k.Kit.Clock.Advance(overdueTime + time.Second)
	k.requeueNow()
	if k.jobs() != 1 {
		t.Fatalf("%d jobs for the late mail", k.jobs())
	}
	k.Kit.Clock.Advance(overdueTime + time.Second)
	k.requeueNow()
	if k.jobs() != 1 {
		t.Fatalf("%d jobs while one is waiting already", k.jobs())
	}
	k.attempt(id)
	k.forgetJobs()
	k.Kit.Clock.Advance(time.Hour)
	k.requeueNow()
	if k.jobs() != 0 {
		t.Error("a sent mail got another job")
	}
}

// A process that is killed in an attempt leaves a job that counts as running for minutes; its mail does not wait for that.
func TestMailOfAKilledProcessIsTriedAgain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	id := k.ready(k.order())
	if err := k.Kit.DB.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now()`).Error; err != nil {
		t.Fatal(err)
	}
	if m, _, err := k.store.take(t.Context(), id, leaseTime); err != nil || m == nil {
		t.Fatalf("take: %v %v", m, err)
	}
	k.Kit.Clock.Advance(leaseTime + overdueTime + time.Second)
	k.requeueNow()
	if k.jobs() != 2 {
		t.Fatalf("%d jobs: the dead one is in the way", k.jobs())
	}
	k.Kit.Clock.Advance(overdueTime + time.Second)
	k.requeueNow()
	if k.jobs() != 2 {
		t.Fatalf("%d jobs while one is waiting already", k.jobs())
	}
}

// A process that is killed between taking the job and taking the mail has counted no attempt; nor does the next one that
// dies so.
func TestMailOfAProcessKilledBeforeItsAttemptIsTriedAgain(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.ready(k.order())
	for dead := 1; dead <= 3; dead++ {
		if err := k.Kit.DB.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now()`).Error; err != nil {
			t.Fatal(err)
		}
		k.Kit.Clock.Advance(overdueTime << (2 * (dead - 1)))
		k.Kit.Clock.Advance(time.Second)
		k.requeueNow()
		if n := k.jobs(); n != dead+1 {
			t.Fatalf("%d jobs after %d that died: they are in the way", n, dead)
		}
		k.Kit.Clock.Advance(overdueTime + time.Second)
		k.requeueNow()
		if n := k.jobs(); n != dead+1 {
			t.Fatalf("%d jobs while one is waiting already", n)
		}
	}
}

func TestRunLooksAtOnceAndStops(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.ready(k.order())
	k.forgetJobs()
	k.Kit.Clock.Advance(overdueTime + time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	testkit.Eventually(t, 10*time.Second, "a job for the mail a crash left", func() bool { return k.jobs() == 1 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// With River running, a promise becomes a mail, through a server that is away at first.
func TestRiverDelivers(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	pool, err := pgxpool.New(t.Context(), k.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	workers := river.NewWorkers()
	k.Workers(workers)
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Workers: workers, Queues: map[string]river.QueueConfig{"mail": {MaxWorkers: 2}}, Logger: k.Kit.Log,
		FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Stop(context.Background()) })

	k.mailer.answer(errors.New("away"))
	id := k.ready(k.order())
	testkit.Eventually(t, 20*time.Second, "a first attempt", func() bool { return k.row(id).LastError != "" })
	k.mailer.answer(nil)
	k.Kit.Clock.Advance(time.Minute)
	testkit.Eventually(t, 20*time.Second, "delivery", func() bool { return k.row(id).Status == "sent" })
	if n := len(k.mailer.messages()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestJobRules(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	w := &worker{service: k.Service}
	if w.Timeout(nil) >= leaseTime {
		t.Error("an attempt may outlive its lease")
	}
	if o := (deliverArgs{MailID: uuid.New()}).InsertOpts(); o.Queue != "mail" {
		t.Errorf("queue %s", o.Queue)
	}
	for n := range 2000 { // no attempt count overflows into a negative pause
		if d := pause(n); d <= 0 || d > longestWait {
			t.Fatalf("pause(%d) = %v", n, d)
		}
	}
}

func (k *kit) forgetJobs() {
	k.T.Helper()
	if err := k.Kit.DB.Exec(`DELETE FROM river_job`).Error; err != nil {
		k.T.Fatal(err)
	}
}

func (k *kit) requeueNow() {
	k.T.Helper()
	if err := k.requeue(k.T.Context()); err != nil {
		k.T.Fatal(err)
	}
}
