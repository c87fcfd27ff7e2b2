package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/term"

	"fairseat/app/request"
	"fairseat/modules/staff"
)

// ErrViolations says that the audit found something; the report has been written.
var ErrViolations = errors.New("the audit found violations")

// Serve runs the product until ctx ends, then stops it cleanly.
func Serve(ctx context.Context, c Config, version string) error {
	return serve(ctx, c, version, func(ctx context.Context, a *App) error { return a.Run(ctx) })
}

// serve listens, opens everything, makes sure of the first owner, and lets run have it.
func serve(ctx context.Context, c Config, version string, run func(context.Context, *App) error) error {
	// What we keep is some ten megabytes: let the heap grow to four times that before it is swept, so that a rush does
	// not spend a tenth of its time on it.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	log := c.Log.logger(os.Stderr)
	listener, err := net.Listen("tcp", c.HTTP.Addr)
	if err != nil {
		return &StartError{fmt.Errorf("http.addr: cannot listen: %w", err)}
	}
	a, err := New(ctx, c, log, listener, false)
	if err != nil {
		_ = listener.Close()
		return err
	}
	if err := a.staff.EnsureOwner(ctx, staff.FirstOwner{Email: c.AdminEmail, Password: c.AdminPassword, DataDir: c.DataDir, Out: os.Stdout, Terminal: term.IsTerminal(int(os.Stdout.Fd()))}); err != nil {
		a.close()
		return err
	}
	if err := a.checkout.Recognise(ctx); err != nil {
		a.close()
		return fmt.Errorf("look whether the database was restored: %w", err)
	}
	log.Info("fairseat is listening", "url", a.publicURL, "mode", c.Mode, "version", version)
	return run(ctx, a)
}

// Migrate brings the database to this binary's schema.
func Migrate(ctx context.Context, c Config) error {
	s, _, err := openPostgres(ctx, c, c.Log.logger(os.Stderr), true)
	if err != nil {
		return err
	}
	s.close(context.WithoutCancel(ctx))
	return nil
}

// Health asks the process that listens at http.addr whether it is ready: what a container's health check runs, where
// there is no curl.
func Health(ctx context.Context, c Config) error {
	host, port, err := net.SplitHostPort(c.HTTP.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not reachable: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}

// tool is an App for one command: its own listener on loopback (the sandbox processor is reached over HTTP even
// here), the stores of a running process if there is one, and no background loops.
func tool(ctx context.Context, c Config, run func(*App) error) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return &StartError{err}
	}
	a, err := New(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), listener, true)
	if err != nil {
		_ = listener.Close()
		return err
	}
	defer a.close()
	go func() { _ = a.http.Serve(listener) }()
	return run(a)
}

// Import reads a seat plan from a file and prints its id and the importer's report as JSON.
func Import(ctx context.Context, c Config, file string, out io.Writer) error {
	f, err := os.Open(file)
	if err != nil {
		return &StartError{err}
	}
	defer f.Close()
	return tool(ctx, c, func(a *App) error {
		made, err := a.seating.UploadPlan(ctx, request.Staff{}, "", f, nameOfFile(file)) // by nobody who has an account
		if err != nil {
			return err
		}
		return printJSON(out, made)
	})
}

// Export prints a plan in pretix's JSON, which Import reads again.
func Export(ctx context.Context, c Config, plan string, out io.Writer) error {
	return tool(ctx, c, func(a *App) error {
		_, file, err := a.seating.ExportPlan(ctx, plan)
		if err != nil {
			return err
		}
		_, err = out.Write(file)
		return err
	})
}

// AddAdmin adds a staff account, or gives it a new password, which is read as one line.
func AddAdmin(ctx context.Context, c Config, email string, in *os.File) error {
	var password string
	if term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(os.Stderr, "Password (at least 10 characters): ")
		typed, err := term.ReadPassword(int(in.Fd()))
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr)
		password = string(typed)
	} else {
		read, err := io.ReadAll(io.LimitReader(in, 4096))
		if err != nil {
			return err
		}
		password, _, _ = strings.Cut(strings.TrimRight(string(read), "\r\n"), "\n")
	}
	return tool(ctx, c, func(a *App) error { return a.staff.AddAccount(ctx, email, password) })
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
