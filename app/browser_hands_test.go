package app_test

import (
	"github.com/chromedp/cdproto/input"
)

// spot is a place on the screen, in CSS px.
type spot struct{ x, y float64 }

// mouse does one thing with the mouse at a spot; keys is what is held meanwhile: alt 1, ctrl 2, shift 8.
func (b *browser) mouse(kind input.DispatchMouseEventType, at spot, keys int64) {
	b.t.Helper()
	params := input.DispatchMouseEventParams{Type: kind, X: at.x, Y: at.y, Modifiers: keys}
	if kind != input.DispatchMouseEventTypeMouseMoved {
		params.Button, params.ClickCount = input.MouseButtonLeft, 1
	}
	_, err := send(b, input.DispatchMouseEvent, params)
	b.set(err)
}

// drags presses the mouse at the first spot, moves it over the others and lets go at the last.
func (b *browser) drags(keys int64, way ...spot) {
	b.t.Helper()
	b.mouse(input.DispatchMouseEventTypeMouseMoved, way[0], keys)
	b.mouse(input.DispatchMouseEventTypeMousePressed, way[0], keys)
	b.moves(keys, way...)
	b.mouse(input.DispatchMouseEventTypeMouseReleased, way[len(way)-1], keys)
}

// moves leads the pressed mouse from the first spot over the others, in small steps.
func (b *browser) moves(keys int64, way ...spot) {
	b.t.Helper()
	const steps = 6
	for i := 1; i < len(way); i++ {
		for s := 1.0; s <= steps; s++ {
			_, err := send(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{
				Type: input.DispatchMouseEventTypeMouseMoved, Modifiers: keys, Button: input.MouseButtonLeft, Buttons: 1,
				X: way[i-1].x + (way[i].x-way[i-1].x)*s/steps, Y: way[i-1].y + (way[i].y-way[i-1].y)*s/steps,
			})
			b.set(err)
		}
	}
}

// wheels turns the wheel at a spot: up, which is less than 0, is closer.
func (b *browser) wheels(at spot, by float64) {
	b.t.Helper()
	_, err := send(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{
		Type: input.DispatchMouseEventTypeMouseWheel, X: at.x, Y: at.y, DeltaX: 1e-9, DeltaY: by, // a delta of 0 would be left out, and is asked for
	})
	b.set(err)
}

// fingers puts fingers down, moves them in small steps and lifts them all: ways[i] is the way of finger i, all as long.
func (b *browser) fingers(ways ...[]spot) {
	b.t.Helper()
	const steps = 8
	touch := func(kind input.DispatchTouchEventType, at func(way []spot) spot) {
		params := input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{}}
		for i, way := range ways {
			if at != nil {
				id, where := float64(i), at(way)
				params.TouchPoints = append(params.TouchPoints, &input.TouchPoint{X: where.x, Y: where.y, ID: &id})
			}
		}
		_, err := send(b, input.DispatchTouchEvent, params)
		b.set(err)
	}
	touch(input.DispatchTouchEventTypeTouchStart, func(way []spot) spot { return way[0] })
	for i := 1; i < len(ways[0]); i++ {
		for s := 1.0; s <= steps; s++ {
			touch(input.DispatchTouchEventTypeTouchMove, func(way []spot) spot {
				return spot{way[i-1].x + (way[i].x-way[i-1].x)*s/steps, way[i-1].y + (way[i].y-way[i-1].y)*s/steps}
			})
		}
	}
	touch(input.DispatchTouchEventTypeTouchEnd, nil)
}
