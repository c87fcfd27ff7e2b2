package provider

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"fairseat/app/clock"
	"fairseat/app/testkit"
)

func TestAnOutageThatIsOverCountsNoLonger(t *testing.T) {
	t.Parallel()
	p := newPulse(clock.NewManual(testkit.Start))
	for range 5 * lately {
		p.end(p.start(), true)
	}
	sick := p.read()
	if sick.Healthy || sick.Trend < .5 {
		t.Fatalf("after nothing but failures: %+v", sick)
	}
	for range lately {
		p.end(p.start(), false)
	}
	if h := p.read(); !h.Healthy || h.ErrorRate == 0 || h.Trend > sick.Trend/2 {
		t.Errorf("an outage that is over still counts: %+v", h)
	}
}

// What a processor answers is no failure of it, however little we like the answer: the breaker stays shut.
func TestAnAnswerIsNoFailure(t *testing.T) {
	t.Parallel()
	c, tries := NewCaller(clock.NewManual(testkit.Start)), 0
	for range 20 {
		err := c.Do(context.Background(), func(context.Context) (bool, error) { tries++; return false, ErrRefused })
		if !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	if h := c.Health(); tries != 20 || h.Down || h.ErrorRate != 0 {
		t.Errorf("%d tries, %+v", tries, h)
	}
}

func TestAnIDTellsWhenItWasMade(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("019a7c5e-5400-7000-8000-000000000000")
	if got := Made(id); !got.Equal(time.UnixMilli(0x019a7c5e5400)) {
		t.Errorf("made at %v", got)
	}
	if got := Made(uuid.New()); !got.IsZero() {
		t.Errorf("a random one was made at %v", got)
	}
}
