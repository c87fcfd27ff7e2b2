package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"fairseat/modules/queue/internal/fetch"
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

// PublicLog is a fairness log somewhere, and what is known of it already.
type PublicLog struct {
	event, base string
	kept        *logHead // an entry kept earlier; nil for none
}

// FindLog reads where a log is: address is the event's page or anything of it below /api/v1; head is "seq:hash" kept
// earlier, or "".
func FindLog(address, head string) (PublicLog, error) {
	parts := eventURL.FindStringSubmatch(address)
	if parts == nil {
		return PublicLog{}, fmt.Errorf("%q is not the address of an event, like https://tickets.example.org/events/gala", address)
	}
	l := PublicLog{event: parts[2], base: parts[1] + "/api/v1/events/" + parts[2] + "/queue/"}
	if head != "" {
		m := headText.FindStringSubmatch(head)
		if m == nil {
			return PublicLog{}, fmt.Errorf("the head %q is not the number of an entry and its hash, like 12:6c86… with 64 digits", head)
		}
		seq, _ := strconv.ParseInt(m[1], 10, 64)
		l.kept = &logHead{seq, m[2]}
	}
	return l, nil
}

// Verify fetches the log and checks it. An error means that nothing could be checked.
func (l PublicLog) Verify(ctx context.Context, client *http.Client) (*Verdict, error) {
	f := fetcher{client, l.base}
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
	return checkLog(l.event, lines, &now, l.kept), nil
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
	return fetch.Body(ctx, f.client, f.base+rest, largestPage)
}
