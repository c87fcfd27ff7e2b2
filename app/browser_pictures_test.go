package app_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
)

// The README's pictures, of a sale as it is on a good evening. PICTURES=folder keeps them (make pictures does, with a face
// worth showing); without it they are made all the same, because a README whose pictures cannot be made any more lies.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	p := startProcess(t)
	s := &stage{process: p, t: t, ctx: t.Context(), staff: signIn(t, p.base)}
	plan := importStadium(t, s.staff)
	createEvent(t, s.staff, "solstice", plan, stadiumPrices, 8*time.Second, object{
		"name": "Solstice: Nadia Ferrante in the round", "venue": "Estadio del Río, Sevilla", "timezone": "Europe/Madrid",
		"starts_at": "2027-06-21T20:30:00Z", "accent": "#c2410c", "max_per_buyer": 4, "queue": object{"cap": 60, "per_minute": 600},
		"description": "One voice, a stage with people on all sides, and the longest evening of the year.",
	})
	desk := newBrowser(t, p.base, func(b *browser) { b.height = 1080 }) // it watches all of it, as an organiser would
	desk.staffs(s.staff)
	desk.open("/admin/events/solstice")
	// Everyone is there before the draw but the one on the phone, who comes last and so has all of them ahead.
	crowd := make([]*fan, 400)
	s.each(len(crowd), func(i int) { crowd[i] = s.waits("solstice", names[i%len(names)]) })
	s.line("solstice", "the first are called", func(now nowView) bool { return now.Serving > 0 })
	ada := newBrowser(t, p.base, phone, func(b *browser) { b.height = 800 })
	ada.open("/events/solstice")
	ada.click("button", "Join the line")
	ada.sees("people ahead of you")

	inside := s.shop(crowd)
	ada.sees("Your turn in", "What is free right now")
	ada.until("the small map is still", ada.still)
	ada.keep(folder, "waiting.png")

	bo := newBrowser(t, p.base)
	bo.is(inside)
	bo.open("/events/solstice/seats")
	bo.until("the map is drawn", func() bool { return bo.has("button", "Whole map") })
	bo.click("button", "2 best available seats")
	bo.until("two seats are his", func() bool { return len(bo.all("button", "Give ")) == 2 })
	bo.click("button", "Whole map")
	bo.until("the map is still", bo.still)
	bo.keep(folder, "seats.png")
	order, a, err := inside.order(s.ctx, "asa@example.org")
	if err != nil || order == nil {
		t.Fatalf("order: %v %v", a, err)
	}
	if order, err = inside.settle(s.ctx, order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	pocket := newBrowser(t, p.base, phone)
	pocket.open(order.Tickets[0].URL)
	pocket.keep(folder, "ticket.png")

	desk.until("the curves have come to now", func() bool {
		var sold int
		return desk.js(`Number(document.querySelector("[data-figure=sold]").textContent)`, &sold) == nil && sold > 50 && desk.has("image", "Sold: now")
	})
	desk.keep(folder, "desk.png")
}

var names = []string{"Åsa Ünlü", "Bo Lindqvist", "Chiara Rossi", "Dmitri Sokolov", "Esi Mensah", "Fatima Zahra", "Giorgos Pappas"}

// shop lets those who are called buy by their tastes, which differ, so that the house fills all over; some only hold,
// some are paying, and one is given back who is inside and holds nothing.
func (s *stage) shop(crowd []*fan) (idle *fan) {
	var event struct {
		Categories []struct {
			ID    string
			Seats int
			Price *int64
		}
	}
	crowd[0].must(s.t, 200, "GET", crowd[0].path(""), nil, &event)
	var tastes []string
	for _, c := range event.Categories {
		if c.Price != nil && c.Seats > 0 {
			tastes = append(tastes, c.ID)
		}
	}
	var mu sync.Mutex
	s.each(len(crowd), func(i int) {
		f := crowd[i]
		if a, err := f.do("POST", f.path("/queue/admission"), nil); err != nil || a.Status != 201 {
			return // not called yet: the waiting ones are in the picture, too
		}
		mu.Lock()
		first := idle == nil
		if first {
			idle = f
		}
		mu.Unlock()
		if first {
			return
		}
		f.must(s.t, 201, "POST", f.path("/holds"), object{"best": object{"quantity": 1 + i%4, "category": tastes[i%len(tastes)]}}, nil)
		if i%5 == 0 {
			return
		}
		order, a, err := f.order(s.ctx, fmt.Sprintf("fan%d@example.org", i))
		if err != nil || order == nil {
			s.t.Errorf("order: %v %v", a, err)
			return
		}
		if i%7 != 3 {
			if _, err := f.settle(s.ctx, order, "paid", "paid"); err != nil {
				s.t.Error(err)
			}
		}
	})
	return idle
}

// still says whether two pictures in a row are the same.
func (b *browser) still() bool {
	first, err := send(b, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	second, err2 := send(b, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	return err == nil && err2 == nil && bytes.Equal(first.Data, second.Data)
}

// each does something for every number below n, eight at a time.
func (s *stage) each(n int, do func(i int)) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := worker; i < n; i += 8 {
				do(i)
			}
		})
	}
	all.Wait()
}

// keep takes a picture of the screen for the README: sharp, and light enough to load with it.
func (b *browser) keep(folder, name string) {
	b.t.Helper()
	file := filepath.Join(folder, name)
	b.set(b.picture(file))
	info, err := os.Stat(file)
	b.set(err)
	if info.Size() > 150<<10 {
		b.t.Errorf("%s weighs %d KB", name, info.Size()>>10)
	}
}
