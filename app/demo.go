package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"fairseat/app/demo"
)

// DemoOptions are the flags of the demo command.
type DemoOptions struct {
	OpensIn time.Duration
	Pace    float64 // how long a bot's second lasts, 1 being a second
}

// Demo is Serve with two events and a crowd of bots, in a data_dir of its own, until ctx ends. Its owner gets a new
// password at every start, unless one is configured.
func Demo(ctx context.Context, c Config, version string, o DemoOptions) error {
	if err := c.prepareDemo(); err != nil {
		return &StartError{err}
	}
	fmt.Fprintln(os.Stdout, "Starting Postgres and Redis in", c.DataDir)
	return serve(ctx, c, version, func(ctx context.Context, a *App) error {
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			if err := demo.Run(ctx, demo.Options{
				Base: a.localURL, Public: a.publicURL, Email: c.AdminEmail, Password: c.AdminPassword, OpensIn: o.OpensIn,
				Pace: o.Pace, Out: os.Stdout, Width: terminalWidth(os.Stdout), Clock: a.clock, Log: a.log,
			}); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("demo: %w", err)) // a demo without its events is none
			}
		}()
		err := a.Run(ctx)
		cause := context.Cause(ctx)
		stop(nil)
		<-gone
		if errors.Is(cause, context.Canceled) {
			cause = nil
		}
		return errors.Join(err, cause)
	})
}

// prepareDemo refuses what a demo must never touch, and settles what a stranger has not set.
func (c *Config) prepareDemo() error {
	if c.Mode != "trial" {
		return errors.New("mode: the demo sells nothing real and runs in trial mode only")
	}
	if c.Postgres.URL != "" || c.Redis.URL != "" {
		return errors.New("postgres.url and redis.url: the demo fills its own servers with bots and leaves yours alone; unset both")
	}
	if c.DataDir == defaultDataDir() {
		c.DataDir += "-demo"
	}
	if err := claimForDemo(c.DataDir); err != nil {
		return err
	}
	if c.AdminEmail == "" {
		c.AdminEmail = "owner@localhost"
	}
	if c.AdminPassword == "" {
		letters := strings.ToLower(rand.Text()) // 5 bits a letter
		c.AdminPassword = letters[:5] + "-" + letters[5:10] + "-" + letters[10:15]
	}
	if c.Log.Level == "info" { // the terminal belongs to the visitor
		c.Log.Level = "warn"
	}
	host, port, err := net.SplitHostPort(c.HTTP.Addr)
	if ip := net.ParseIP(host); err == nil && port != "0" && c.HTTP.PublicURL == "" && ip != nil && ip.IsLoopback() && ip.To4() != nil {
		c.HTTP.PublicURL = "http://localhost:" + port
	}
	return nil
}

// claimForDemo marks a fresh data_dir as a demo's, and refuses one that holds an installation: bots would buy in it, and
// its owner would get another password.
func claimForDemo(dir string) error {
	mark := filepath.Join(dir, "demo")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
		return fmt.Errorf("data_dir: %s holds an installation that is no demo; give the demo a folder of its own", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	if err := os.WriteFile(mark, []byte("Made by fairseat demo: what is sold here is not real.\n"), 0o644); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	return nil
}

// terminalWidth is 0 when f is no terminal.
func terminalWidth(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
