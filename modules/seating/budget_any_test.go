package seating

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever a place tries, it holds at most three full baskets at first and then one in seven and a half lives of one; who
// waits as long as told is not sent away again for the same; and nobody else is ever told to wait.
func TestAnySpinner(t *testing.T) {
	t.Parallel()
	h := guarded(t, 2, 8, "")
	round, others := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		h.slug(t, fmt.Sprintf("run-%d", round), "")
		h.admit("eve")
		const life, most = 480 * time.Second, 3
		start := h.Clock.Now()
		held, used := map[int]time.Time{}, time.Duration(0)
		var due time.Time
		end := func(n int, at time.Time) {
			if at.After(due) {
				at = due
			}
			used += at.Sub(held[n])
			delete(held, n)
		}
		lapse := func() {
			if !due.After(h.Clock.Now()) {
				for n := range held {
					end(n, due)
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"hold": func(rt *rapid.T) {
				seats := rapid.SliceOfNDistinct(rapid.IntRange(0, 14), 1, most, rapid.ID[int]).Draw(rt, "seats")
				lapse()
				b, err := h.want("eve", seats...)
				var slow *SlowError
				if errors.As(err, &slow) {
					if slow.Wait > 4*time.Hour {
						rt.Fatalf("sent away for %v", slow.Wait)
					}
					h.Clock.Advance(slow.Wait)
					lapse()
					again := slow.Reason
					if b, err = h.want("eve", seats...); errors.As(err, &slow) && slow.Reason == again && len(held) == 0 {
						rt.Fatalf("waited as told, and is sent away again: %v", err)
					}
				}
				if errors.Is(err, ErrTooMany) || errors.As(err, &slow) {
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				if len(held) > 0 && b.ExpiresAt.After(due) {
					rt.Fatalf("the basket lives until %v, and then until %v", due, b.ExpiresAt)
				}
				due = b.ExpiresAt
				if got, err := h.s.Basket(t.Context(), h.event.ID, "eve"); err != nil || !got.ExpiresAt.Equal(due) {
					rt.Fatalf("told %v, and asked again %v, %v", due, got.ExpiresAt, err)
				}
				for _, n := range numbers(b) {
					if _, ok := held[n]; !ok {
						held[n] = h.Clock.Now()
					}
				}
			},
			"give back": func(rt *rapid.T) {
				lapse()
				n := rapid.IntRange(0, 14).Draw(rt, "seat")
				h.mustRelease("eve", n)
				if _, ok := held[n]; ok {
					end(n, h.Clock.Now())
				}
			},
			"wait": func(rt *rapid.T) {
				h.Clock.Advance(time.Duration(rapid.IntRange(1, 600).Draw(rt, "seconds")) * time.Second)
				lapse()
				h.sweep()
			},
			"": func(rt *rapid.T) {
				h.admit("eve")
				basket := most * life
				forgiven := time.Duration(float64(h.Clock.Now().Sub(start)) * most / 7.5)
				if used > 3*basket+forgiven {
					rt.Fatalf("%v of seats held without buying in %v", used, h.Clock.Now().Sub(start))
				}
				others++
				other := fmt.Sprintf("other-%d", others)
				h.admit(other)
				if _, err := h.want(other, 15); err != nil {
					rt.Fatalf("somebody else is sent away for eve: %v", err)
				}
				h.mustRelease(other, 15)
			},
		})
	})
}
