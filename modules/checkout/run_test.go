package checkout

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"fairseat/app/testkit"
	"fairseat/modules/checkout/provider"
)

// Run alone, without a job and without a webhook, brings an order to its ticket, and ends when it is told to.
func TestRunNeedsNoJobAndNoWebhook(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	o := k.mustPlace(k.fan(0)).Order
	k.bank.click(k.payment(o.ID).ID, provider.Authorized, 0)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	testkit.Eventually(t, 20*time.Second, "paid", func() bool {
		return k.order(o.ID).Status == OrderPaid // the first pass looks at everything that is open
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	k.check()
}

func TestJobsHandOverInsteadOfFailing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Workers(river.NewWorkers())
	w := newWorker(k.Service, func(context.Context, settleArgs) error { return errLine })
	job := func(attempt int) *river.Job[settleArgs] {
		return &river.Job[settleArgs]{JobRow: &rivertype.JobRow{Attempt: attempt, Kind: "k"}}
	}
	for attempt := 1; attempt < handOver; attempt++ {
		if err := w.Work(context.Background(), job(attempt)); !errors.Is(err, errLine) {
			t.Errorf("attempt %d: %v", attempt, err)
		}
	}
	if err := w.Work(context.Background(), job(handOver)); err != nil {
		t.Errorf("a job ends as discarded: %v", err)
	}
	if at := w.NextRetry(job(3)); at.Sub(k.Kit.Clock.Now()) > 7*time.Second || w.Timeout(job(1)) >= 30*time.Second {
		t.Errorf("tried again at %v", at)
	}
}

// Webhooks that always fail, as those of a provider that is no longer configured, do not keep those waiting that came after them.
func TestFailingWebhooksHoldUpNoOther(t *testing.T) {
	t.Parallel()
	k, ctx := newKit(t), context.Background()
	o := k.mustPlace(k.fan(0)).Order
	for i := range batch + 5 {
		must(t, k.keepEvent(ctx, "gone", provider.Event{ID: fmt.Sprintf("evt_gone_%d", i), Type: "x", Ref: "x"}))
	}
	k.Kit.Clock.Advance(time.Second)
	p := k.payment(o.ID)
	k.bank.click(p.ID, provider.Authorized, 0)
	must(t, k.keepEvent(ctx, "sandbox", k.bank.event(p.ID)))
	k.Kit.Clock.Advance(eventWait)
	for range 2 {
		if err := k.catchUp(ctx); err == nil {
			t.Error("nothing failed")
		}
	}
	k.want(o.ID, "paid")
	if n := k.count(`SELECT count(*) FROM psp_events WHERE processed_at IS NULL AND tries = 1`); n != batch+5 {
		t.Errorf("%d wait, each tried once", n)
	}
}
