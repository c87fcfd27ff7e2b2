package app_test

import (
	"strings"
	"testing"
	"time"
)

// press presses a button after opening a page in somebody's place.
func press(f *fan, path, button string) func(*browser) {
	return func(b *browser) {
		as(f, path)(b)
		b.excuse("status of 422") // a browser complains of every refusal
		b.click("button", button)
	}
}

// checkoutScenes are the seats in words, the checkout, and the ways back to an order.
func (s *stage) checkoutScenes() []scene {
	empty, one, full := s.enters("shop", "Empty"), s.holds("shop", "One", 1), s.holds("shop", "Full", 4)
	long, rtl := s.holds("long", longBuyer, 2), s.holds("rtl", rtlBuyer, 2)
	busy, _ := s.orders("shop", "Busy", 1, "", "pending")
	s.staff.must(s.t, 201, "POST", "/api/v1/admin/events/long/promotions", object{"code": "Spring 26", "percent": 25}, nil)
	coded := func(word string) func(*browser) {
		return func(b *browser) {
			as(long, "/events/long/place/checkout")(b)
			b.excuse("status of 422")
			b.click("", "Have a code?")
			b.fill("Code", word)
			b.click("button", "Use it")
		}
	}
	return []scene{
		{"seats", as(empty, "/events/shop/place/seats"), "Best available"},
		{"seats part", as(one, "/events/shop/place/seats?part=2"), "Hold the ticked seats"},
		{"seats nothing ticked", press(one, "/events/shop/place/seats?part=2", "Hold the ticked seats"), "Tick the seats you want first"},
		{"seats full", as(full, "/events/shop/place/seats"), "You have the 4 seats"},
		{"seats open order", as(busy, "/events/shop/place/seats"), "You have an order to pay"},
		{"seats long names", as(long, "/events/long/place/seats"), longName},
		{"seats right to left", as(rtl, "/events/rtl/place/seats"), rtlName},
		{"checkout", as(one, "/events/shop/place/checkout"), "Who buys"},
		{"checkout four seats", as(full, "/events/shop/place/checkout"), "396.00 EUR"},
		{"checkout mistake", press(one, "/events/shop/place/checkout", "Pay 99.00 EUR"), "Type your mail address"},
		{"checkout nothing held", as(empty, "/events/shop/place/checkout"), "You hold no seats"},
		{"checkout long names", as(long, "/events/long/place/checkout"), longName},
		{"checkout right to left", as(rtl, "/events/rtl/place/checkout"), rtlName},
		{"checkout code", coded("spring-26"), "less"},
		{"checkout code refused", coded("spring-27"), "There is no such code"},
		{"find", at("/orders"), "Order number"},
		{"find sent", at("/orders?sent=1"), "If they match"},
	}
}

// From the basket to the ticket by keyboard, with script: the clock ticks, one mistake keeps what was typed, the bank
// sends back, and the ticket is there at once.
func TestPayingInTheBrowser(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	f := s.holds("shop", "Keys", 2)
	b := newBrowser(t, s.base, phone)
	b.is(f)
	b.open("/events/shop/place/checkout")
	var clock string
	b.until("the clock counts", func() bool {
		was := clock
		clock = b.text("#clock .left")
		return was != "" && clock != was && strings.Contains(clock, ":")
	})
	b.tabTo("textbox", "Name")
	b.write("Åsa Ünlü")
	b.tabTo("textbox", "Mail address")
	b.write("asa@")
	b.excuse("status of 422")
	b.press("Enter")
	b.sees("This is not a whole mail address")
	b.until("the focus is on what is wrong", func() bool { at, visible := b.focused(); return at.name == "Mail address" && visible })
	b.press("End")
	b.write("example.org")
	b.tabTo("button", "Pay 198.00 EUR")
	b.press("Enter")
	b.arrives("/sandbox/pay/")
	b.set(b.js(`history.back()`, nil)) // over a form that was refused
	b.arrives("/orders/")
	b.click("link", "Pay 198.00 EUR")
	b.arrives("/sandbox/pay/")
	b.tabTo("button", "Pay")
	b.press("Enter")
	b.arrives("/orders/")
	b.sees("Paid. Here are your tickets.", "a***@example.org")
	b.within(20*time.Second, "the mail is told of", func() bool { return strings.Contains(b.text("main"), "sent ") })
}

// An order's page hears of what happens elsewhere, and keeps the reader where they are.
func TestOrderPageFollows(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	f := s.holds("shop", "Away", 1)
	var made struct {
		Order orderView
		Token string
	}
	f.must(t, 201, "POST", f.path("/orders"), object{"buyer": object{"name": "Away", "email": "away@example.org"}}, &made)
	b := newBrowser(t, s.base)
	b.excuse("status of 404") // what the page is to whoever does not show the link
	b.open("/orders/" + made.Order.ID)
	b.sees("Open it on the device you ordered with")
	b.open("/orders/" + made.Order.ID + "#t=" + made.Token)
	b.sees("Your seats are yours. Now pay.")
	var hash string
	if err := b.js("location.hash", &hash); err != nil || hash != "" {
		t.Errorf("the token still stands in the address: %s %v", hash, err)
	}
	if err := b.js(`window.same = true`, nil); err != nil {
		t.Fatal(err)
	}
	s.staff.must(t, 200, "PUT", "/sandbox/faults", object{"outage": true}, nil)
	b.within(30*time.Second, "the page says that payments are down", func() bool { return strings.Contains(b.text("h1"), "Card payments are down") })
	s.staff.must(t, 200, "PUT", "/sandbox/faults", object{}, nil)
	b.within(40*time.Second, "the page says that they are back", func() bool { return strings.Contains(b.text("h1"), "Now pay") })
	if err := b.js(`document.getElementById("pay").focus()`, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.settle(s.ctx, &made.Order, "declined", "declined"); err != nil {
		t.Fatal(err)
	}
	b.within(15*time.Second, "the page says that the bank declined", func() bool { return strings.Contains(b.text("h1"), "declined") })
	if at, _ := b.focused(); at.name != "Try again: pay 99.00 EUR" {
		t.Errorf("the focus went to %+v", at)
	}
	b.until("it is said aloud", func() bool { return b.text("#aloud") == "Your bank declined the payment." })
	f.must(t, 200, "POST", "/api/v1/orders/"+made.Order.ID+"/pay", nil, nil)
	if _, err := f.settle(s.ctx, &made.Order, "paid", "paid"); err != nil {
		t.Fatal(err)
	}
	b.within(15*time.Second, "the ticket is there", func() bool { return strings.Contains(b.text("h1"), "Here is your ticket") })
	var same bool
	if err := b.js(`window.same === true`, &same); err != nil || !same {
		t.Errorf("the page was loaded anew: %v", err)
	}
}

// When the time runs out under the fan's eyes, the page says what happened and leaves one thing to do.
func TestCheckoutSaysThatTimeRanOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	createEvent(t, s.staff, "blink", house(t, s.staff, 2, 6), object{"Stalls": 4500}, -time.Second, object{"hold_seconds": 15, "queue": nil})
	b := newBrowser(t, s.base, phone) // first: it may take seconds on a busy machine
	f := s.holds("blink", "Slow", 1)
	b.is(f)
	b.open("/events/blink/place/checkout")
	b.sees("Pay 45.00 EUR")
	b.until("the last minute is said aloud", func() bool { return strings.Contains(b.text("#aloud"), "One minute left") })
	b.within(40*time.Second, "the end is told", func() bool { return b.has("link", "Choose seats") })
	b.sees("Your time ran out and the seats went back. Nothing was charged.")
	if b.has("button", "Pay 45.00 EUR") {
		t.Error("what cannot be done any more is still offered")
	}
}
