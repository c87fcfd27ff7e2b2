package queue

import (
	"math"
	"time"
)

// Until a line has history the wait is told from priors: how long a stay inside lasts, and how many of those called
// come. research: admission.md, section 7.
const (
	priorStay   = 240.0 // seconds
	priorShowUp = .7
)

// waitPoint says how long it takes until so many positions more are called: between p10 and p90 with four chances in five.
type waitPoint struct {
	Ahead float64 `json:"ahead"`
	P10   int     `json:"p10_s"`
	P90   int     `json:"p90_s"`
}

type waitRange struct {
	P10 int `json:"p10_s"`
	P90 int `json:"p90_s"`
}

// admissionRate is how many people a second enter, by the prior; never 0.
func admissionRate(capacity, perMinute int) float64 {
	v := float64(max(capacity, 1)) / priorStay
	if perMinute > 0 {
		v = min(v, float64(perMinute)/60)
	}
	return v
}

// waitPoints are nine points a page interpolates between, beginning at (0: 0 to 4 s).
func waitPoints(capacity, perMinute int) []waitPoint {
	v := admissionRate(capacity, perMinute)
	points := make([]waitPoint, 0, 9)
	for _, t := range []float64{15, 30, 60, 120, 300, 600, 1200, 2400, 4800} {
		drift := .12 + .045*max(0, math.Log2(t/300))
		w := 1.28 * math.Sqrt(drift*drift+2/(v*t+.5))
		p := waitPoint{
			Ahead: math.Round(v*t/priorShowUp*10) / 10,
			P10:   int(math.Round(t * math.Exp(-w))),
			P90:   int(math.Round(max(8, t*math.Exp(w)))),
		}
		if t == 15 {
			p.P10 = 0
		}
		points = append(points, p)
	}
	return points
}

// waitFor is the range for one who has so many ahead, whose turn is the call after theirs: linear between the points, and
// past the last with its slope.
func waitFor(points []waitPoint, ahead int64) waitRange {
	x := float64(ahead) + 1
	from, to := waitPoint{0, 0, 4}, points[0]
	for _, next := range points[1:] {
		if x <= to.Ahead {
			break
		}
		from, to = to, next
	}
	share := 0.0
	if to.Ahead > from.Ahead {
		share = (x - from.Ahead) / (to.Ahead - from.Ahead)
	}
	between := func(a, b int) int { return int(math.Round(float64(a) + share*float64(b-a))) }
	return waitRange{between(from.P10, to.P10), between(from.P90, to.P90)}
}

// pollAfter is the polling law: a fifteenth of the expected wait, from 2 to 20 s, and at most 4 s for those who may be
// called soon. The controller counts on it: who looks seldom answers a call late.
func pollAfter(ahead int64, capacity, perMinute int) time.Duration {
	wait := float64(ahead) * priorShowUp / admissionRate(capacity, perMinute)
	seconds := min(20, max(2, wait/15))
	if ahead < 5*int64(capacity) {
		seconds = min(4, seconds)
	}
	return time.Duration(seconds * float64(time.Second))
}

// pollBefore is how soon to look again while the opening lies ahead.
func pollBefore(left time.Duration) time.Duration {
	return min(20*time.Second, max(2*time.Second, left/15))
}
