package app

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"fairseat/app/keyring"
	"fairseat/modules/queue"
)

// CodeOptions says which access codes to print.
type CodeOptions struct {
	Event        string // slug
	Lane         int    // 0 to 255
	First, Count int    // serial numbers
}

// PrintCodes prints access codes, one a line, and on said where to go on next time. With keys.access in the settings it
// needs no store, so codes can be printed on a machine that never sees the server; else the key comes from Postgres.
func PrintCodes(ctx context.Context, c Config, o CodeOptions, out, said io.Writer) error {
	configured, err := c.Keys.ring(func(key string) string { return key })
	if err != nil {
		return &StartError{err}
	}
	if len(configured[keyring.Access]) > 0 {
		return printCodes(keyring.New(configured), o, out, said)
	}
	return tool(ctx, c, func(a *App) error {
		event, err := a.seating.Event(ctx, o.Event)
		if err != nil {
			return &StartError{fmt.Errorf("event %s: %w", o.Event, err)}
		}
		line, err := a.queue.Settings(ctx, event.ID)
		if err != nil {
			return err
		}
		if o.Lane > len(line.Lanes) {
			fmt.Fprintf(said, "%s has %d lanes: nobody can join with codes of lane %d.\n", o.Event, len(line.Lanes), o.Lane)
		}
		return printCodes(a.keys, o, out, said)
	})
}

func printCodes(ring *keyring.Ring, o CodeOptions, out, said io.Writer) error {
	codes, err := queue.AccessCodes(ring, o.Event, o.Lane, o.First, o.Count)
	if err != nil {
		return &StartError{err}
	}
	w := bufio.NewWriter(out)
	for _, code := range codes {
		fmt.Fprintln(w, code)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(said, "%d codes for %s, lane %d. More of this lane: --from %d\n", o.Count, o.Event, o.Lane, o.First+o.Count)
	return err
}
