package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
	"fairseat/app/request"
)

// logPage is how many entries one answer has at most.
const logPage = 1000

// loggedLine is an entry as it is stored.
type loggedLine struct {
	Seq        int64
	Line, Hash string
}

// lines are the entries of a log after a number, in order, limit at most.
func (p *postgresStore) lines(ctx context.Context, eventID, after int64, limit int) ([]loggedLine, error) {
	ctx, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	return p.logged(ctx, `SELECT seq, line, hash FROM fairness_log WHERE event_id = ? AND seq > ? ORDER BY seq LIMIT ?`, eventID, after, limit)
}

// LogEntry is an entry of the fairness log as it is published.
type LogEntry struct {
	Seq  int64           `json:"seq"`
	At   string          `json:"at"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
	Prev string          `json:"prev"`
	Hash string          `json:"hash"` // of the stored line, not part of it
}

type logResponse struct {
	Entries []LogEntry `json:"entries"`
	Head    *logHead   `json:"head"` // null: nothing was logged
	Next    *int64     `json:"next"` // after, for the entries that follow; null: these were the last
}

// fairnessLog answers GET /events/:event/queue/log, for staff and for everybody. format=lines are the stored lines as
// they are: the SHA-256 of each is the prev of the next.
func (h *handler) fairnessLog(c echo.Context) error {
	after, limit, lines, err := readLogQuery(c)
	if err != nil {
		return err
	}
	ctx, event := c.Request().Context(), request.EventOf(c)
	found, err := h.queue.postgres.lines(ctx, event.ID, after, limit)
	if err != nil {
		return away(err)
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=2, stale-if-error=600")
	if lines {
		var text strings.Builder
		for _, l := range found {
			text.WriteString(l.Line + "\n")
		}
		return c.Blob(http.StatusOK, "application/jsonl", []byte(text.String()))
	}
	row, err := h.queue.postgres.read(ctx, event.ID)
	if err != nil {
		return away(err)
	}
	answer := logResponse{Entries: make([]LogEntry, len(found))}
	for i, l := range found {
		if answer.Entries[i], err = l.entry(); err != nil {
			return err
		}
	}
	if row.LogSeq > 0 {
		answer.Head = &logHead{row.LogSeq, row.LogHash}
	}
	if last := len(found) - 1; last >= 0 && found[last].Seq < row.LogSeq {
		answer.Next = &found[last].Seq
	}
	return c.JSON(http.StatusOK, answer)
}

func (l loggedLine) entry() (LogEntry, error) {
	e := LogEntry{Hash: l.Hash}
	if err := json.Unmarshal([]byte(l.Line), &e); err != nil {
		return e, fmt.Errorf("entry %d of a fairness log: %w", l.Seq, err)
	}
	e.Hash = l.Hash
	return e, nil
}

func readLogQuery(c echo.Context) (after int64, limit int, lines bool, err error) {
	fields := fault.Fields{}
	limit = logPage
	if text := c.QueryParam("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			fields["after"] = "is the number of an entry, or 0"
		}
	}
	if text := c.QueryParam("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > logPage {
			fields["limit"] = "is from 1 to " + strconv.Itoa(logPage)
		}
	}
	switch c.QueryParam("format") {
	case "", "json":
	case "lines":
		lines = true
	default:
		fields["format"] = "is json or lines"
	}
	return after, limit, lines, fields.Err()
}

type beaconResponse struct {
	Phase string `json:"phase"`
	Round int64  `json:"round"`
}

// moveBeacon answers POST /admin/events/:event/queue/beacon.
func (h *handler) moveBeacon(c echo.Context) error {
	var req switchRequest
	if err := request.Decode(c, &req); err != nil {
		return err
	}
	if err := short("reason", req.Reason, longestReason); err != nil {
		return err
	}
	ctx, event := c.Request().Context(), request.EventOf(c)
	who, _ := request.StaffOf(c)
	if err := h.queue.MoveBeacon(ctx, event, who, c.RealIP(), req.Reason); err != nil {
		return err
	}
	row, err := h.queue.postgres.read(ctx, event.ID)
	if err != nil {
		return err
	}
	phase, err := h.queue.Phase(ctx, event.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, beaconResponse{phase, *row.BeaconRound})
}
