package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// patience is how long one request may take.
const patience = 20 * time.Second

// client speaks the HTTP contract with one credential; a bot knows nothing else of the product.
type client struct {
	http   *http.Client
	base   string
	bearer string
}

// refusal is an answer that is not 2xx.
type refusal struct {
	Status     int
	Code       string        `json:"code"`
	RetryMS    int           `json:"retry_after_ms"`
	Detail     string        `json:"detail"`
	retryAfter time.Duration // of the header
	what       string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", r.what, r.Status, r.Code, r.Detail)
}

// wait is how long the product asks to wait, at least a second.
func (r *refusal) wait() time.Duration {
	return max(time.Second, r.retryAfter, time.Duration(r.RetryMS)*time.Millisecond)
}

// do sends one request and reads the answer into out; a *refusal when it is no 2xx.
func (c *client) do(ctx context.Context, method, path string, body, out any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// What has begun is finished: a request cut off at the end would stand in the log as a store that does not answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(encoded)
	}
	what := method + " " + path
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return err
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		r := &refusal{what: what}
		_ = json.Unmarshal(read, r) // what is no problem document has its status alone
		r.Status = res.StatusCode
		if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
			r.retryAfter = time.Duration(s) * time.Second
		}
		return r
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(read, out); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Shapes of the contract, as far as the demo reads them.
type (
	eventView struct {
		Slug     string    `json:"slug"`
		Phase    string    `json:"phase"`
		OpensAt  time.Time `json:"opens_at"`
		StartsAt time.Time `json:"starts_at"`
	}
	nowView struct {
		Phase      string    `json:"phase"`
		Now        time.Time `json:"now"`
		OpensAt    time.Time `json:"opens_at"`
		Serving    int64     `json:"serving"`
		Joined     int64     `json:"joined"`
		Active     int64     `json:"active"`
		SeatsFree  *int      `json:"seats_free"`
		Categories []struct {
			ID    string `json:"id"`
			Price *int64 `json:"price"`
		} `json:"categories"`
	}
	planView struct {
		Zones []struct {
			Name string `json:"name"`
			Rows []struct {
				Seats []struct {
					N        int     `json:"n"`
					X        float64 `json:"x"`
					Y        float64 `json:"y"`
					Category string  `json:"category"`
				} `json:"seats"`
			} `json:"rows"`
			Areas []struct {
				ID       string `json:"id"`
				Capacity int    `json:"capacity"` // 0: not on sale
			} `json:"areas"`
		} `json:"zones"`
	}
	basketView struct {
		Seats []struct {
			N int `json:"n"`
		} `json:"seats"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	orderView struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		Payment *struct {
			URL *string `json:"url"`
		} `json:"payment"`
	}
)
