package app

import (
	"strings"
	"testing"

	"fairseat/app/fault"
	"fairseat/modules/queue"
	"fairseat/web"
)

// Whoever is refused reads what helps them: another mail, the mail they have, or patience.
func TestRefusalsOfMailsInWords(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	asks, typed := queue.Application{Email: "ada@example.org"}, queue.Application{Email: "ada@example.org", Code: "123456"}
	for _, c := range []struct {
		application queue.Application
		refused     *fault.Error
		says, step  string
	}{
		{asks, queue.ErrTooMany.With("reason", "email"), "the link in it is still good", ""},
		{asks, queue.ErrTooMany.With("reason", "event"), "Many people ask for their mail", ""},
		{asks, queue.ErrTooMany.With("reason", "network"), "tried many times", ""},
		{typed, queue.ErrTooMany.With("reason", "email"), "Open the link in our mail", "code"},
		{typed, queue.ErrTooMany.With("reason", "network"), "tried many times", "code"},
		{queue.Application{Code: strings.Repeat("x", 80)}, queue.ErrBadCode, "This link joins nothing here.", ""},
	} {
		say := &speaker{words: pages.Words("waiting")}
		f := newJoinForm("gala", queue.Requirements{Identity: queue.IdentityEmail}, queue.PhasePrequeue)
		(&App{}).answer(&f, say, c.application, c.refused)
		if say.err != nil || !strings.Contains(f.Said, c.says) || f.Step != c.step {
			t.Errorf("%v %v: %q, step %q, %v", c.application, c.refused.Facts, f.Said, f.Step, say.err)
		}
	}
}
