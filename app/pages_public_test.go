package app

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/clock"
	"fairseat/web"
)

// A public page is made once a second however many ask, at once when what it is made of changed, and by one visitor at a
// time: the others get the one there is.
func TestPublicPagesAreMadeOnceASecond(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		now := clock.NewManual(time.Now())
		a, e, made := &App{clock: now, pages: pages}, echo.New(), 0
		var hold chan struct{}
		ask := func(path, of string) string {
			w := httptest.NewRecorder()
			err := a.renderPublic(e.NewContext(httptest.NewRequest("GET", path, nil), w), "problem/page", publicFor, of, func() (map[string]any, error) {
				made++
				title := fmt.Sprintf("%s, made %d", of, made)
				if hold != nil {
					<-hold
				}
				return map[string]any{"Title": title, "Detail": "", "ID": ""}, nil
			})
			if err != nil {
				return err.Error()
			}
			_, rest, _ := strings.Cut(w.Body.String(), "<h1>")
			text, _, _ := strings.Cut(rest, "</h1>")
			return text
		}
		want := func(path, of, text string) {
			t.Helper()
			if got := ask(path, of); got != text {
				t.Errorf("%s of %s says %q, want %q", path, of, got, text)
			}
		}
		for range 100 {
			want("/one", "open", "open, made 1")
		}
		want("/two", "open", "open, made 2")
		want("/one", "paused", "paused, made 3")
		now.Advance(keptFor)
		want("/one", "paused", "paused, made 4")

		now.Advance(keptFor)
		hold = make(chan struct{})
		first := make(chan string)
		go func() { first <- ask("/one", "paused") }()
		synctest.Wait()
		want("/one", "paused", "paused, made 4")
		close(hold)
		if got := <-first; got != "paused, made 5" {
			t.Errorf("who makes it anew reads %q", got)
		}
		want("/one", "paused", "paused, made 5")
	})
}

// One that could not be made anew is tried again by the next visitor.
func TestPublicPageIsTriedAgain(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Now())
	a, e, away := &App{clock: now, pages: pages}, echo.New(), errors.New("away")
	ask := func(fail error) error {
		return a.renderPublic(e.NewContext(httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()), "problem/page", publicFor, nil,
			func() (map[string]any, error) { return map[string]any{"Title": "", "Detail": "", "ID": ""}, fail })
	}
	for _, fail := range []error{away, nil} {
		if err := ask(fail); !errors.Is(err, fail) {
			t.Fatalf("the first look answers %v, want %v", err, fail)
		}
	}
	now.Advance(keptFor)
	for _, fail := range []error{away, away, nil} {
		if err := ask(fail); !errors.Is(err, fail) {
			t.Fatalf("a later look answers %v, want %v", err, fail)
		}
	}
}
