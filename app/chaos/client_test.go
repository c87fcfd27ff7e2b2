package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// answer is one HTTP answer. Lost says that none came, so that what was asked may have happened or not.
type answer struct {
	status int
	body   []byte
	lost   bool
}

// unknown tells whether the request may have had its effect all the same.
func (a answer) unknown() bool { return a.lost || a.status >= 500 }

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.body, &p)
	return p.Code
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// client speaks JSON to whichever replica answers, as a fan behind a balancer does.
type client struct {
	name   string
	bases  []string
	key    string // under which what is asked has its effect once
	at     atomic.Int64
	bearer string
	limit  time.Duration // for one answer
}

var transport = &http.Transport{MaxIdleConns: 500, MaxIdleConnsPerHost: 200, IdleConnTimeout: 5 * time.Second}

func newClient(name string, bases ...string) *client {
	c := &client{name: name, bases: bases, limit: 5 * time.Second}
	c.at.Store(rand.Int64N(int64(len(bases))))
	return c
}

// do asks once.
func (c *client) do(ctx context.Context, method, path string, body any) answer {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	var reader io.Reader
	if body != nil {
		encoded, _ := json.Marshal(body)
		reader = bytes.NewReader(encoded)
	}
	at := path
	if !strings.HasPrefix(path, "http") {
		at = c.bases[int(c.at.Load())%len(c.bases)] + path
	}
	req, err := http.NewRequestWithContext(ctx, method, at, reader)
	if err != nil {
		return answer{lost: true, body: []byte(err.Error())}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	res, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err == nil {
		defer res.Body.Close()
		var read []byte
		if read, err = io.ReadAll(res.Body); err == nil {
			return answer{status: res.StatusCode, body: read}
		}
	}
	c.at.Add(1) // the balancer turns to another
	return answer{lost: true, body: []byte(err.Error())}
}

// patient asks until there is an answer that is neither an excuse nor silence, or ctx ends. Each try is told to note.
func (c *client) patient(ctx context.Context, method, path string, body any, note func(call int64, a answer)) (answer, bool) {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 300*time.Millisecond) {
		call := time.Now().UnixNano()
		a := c.do(ctx, method, path, body)
		if note != nil {
			note(call, a)
		}
		if !a.lost && a.status < 500 && a.status != 429 {
			return a, true
		}
		if !wait(ctx, pause) {
			return a, false
		}
	}
}

// must is patient, and ends the test if the answer is no success. What was asked twice because no answer came is done once.
func (c *client) must(ctx context.Context, t testing.TB, method, path string, body, into any) {
	t.Helper()
	c.key = uuid.NewString()
	defer func() { c.key = "" }()
	a, ok := c.patient(ctx, method, path, body, nil)
	if !ok || !a.ok() {
		t.Fatalf("%s %s: %v", method, path, a)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
}

// wait is false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
