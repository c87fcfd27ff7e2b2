package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// longestLog and largestPage bound what a stranger's server may make us read.
	longestLog  = 1_000_000
	largestPage = 16 << 20
	// cachedFor is longer than a cache may keep a page of the log; logTries is how often one that lags is asked again.
	cachedFor = 3 * time.Second
	logTries  = 4
)

var (
	eventURL = regexp.MustCompile(`^(https?://[^/?#]+)/(?:api/v1/)?events/([A-Za-z0-9_-]+)(?:[/?#].*)?$`)
	headText = regexp.MustCompile(`^([1-9][0-9]{0,17}):([0-9a-f]{64})$`)
)

// VerifyLog fetches an event's fairness log and checks it. address is the event's page or anything of it below
// /api/v1; head is "seq:hash" kept earlier, or "". An error means that nothing could be checked.
func VerifyLog(ctx context.Context, client *http.Client, address, head string) (*Verdict, error) {
	parts := eventURL.FindStringSubmatch(address)
	if parts == nil {
		return nil, fmt.Errorf("%q is not the address of an event, like https://tickets.example.org/events/gala", address)
	}
	var kept *logHead
	if head != "" {
		m := headText.FindStringSubmatch(head)
		if m == nil {
			return nil, errors.New("a head is the number of an entry and its hash: 12:6c86…")
		}
		seq, _ := strconv.ParseInt(m[1], 10, 64)
		kept = &logHead{seq, m[2]}
	}
	f := fetcher{client, parts[1] + "/api/v1/events/" + parts[2] + "/queue/"}
	body, err := f.get(ctx, "now")
	if err != nil {
		return nil, err
	}
	var now nowView
	if err := json.Unmarshal(body, &now); err != nil {
		return nil, fmt.Errorf("%snow: %w", f.base, err)
	}
	lines, err := f.lines(ctx, now.Log)
	if err != nil {
		return nil, err
	}
	return checkLog(parts[2], lines, &now, kept), nil
}

type fetcher struct {
	client *http.Client
	base   string
}

// lines are all of a log, at least as far as head: a cache may lag behind it for a moment.
func (f fetcher) lines(ctx context.Context, head *logHead) ([]string, error) {
	var lines []string
	for tries := 0; ; {
		body, err := f.get(ctx, "log?format=lines&after="+strconv.Itoa(len(lines)))
		if err != nil {
			return nil, err
		}
		text := strings.TrimSuffix(string(body), "\n")
		if text != "" {
			lines = append(lines, strings.Split(text, "\n")...)
			if len(lines) > longestLog {
				return nil, fmt.Errorf("the log has more than %d entries", longestLog)
			}
			continue
		}
		if tries++; head == nil || int64(len(lines)) >= head.Seq || tries == logTries {
			return lines, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(cachedFor):
		}
	}
}

func (f fetcher) get(ctx context.Context, rest string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+rest, nil)
	if err != nil {
		return nil, err
	}
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", f.base+rest, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, largestPage+1))
	if err == nil && len(body) > largestPage {
		err = fmt.Errorf("%s: more than %d bytes", f.base+rest, largestPage)
	}
	return body, err
}
