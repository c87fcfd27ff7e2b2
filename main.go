// Command fairseat is a ticketing system in one process: waiting room, live seat map, checkout, tickets by mail.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // a minimal container has no zone files, and a venue's time must be right there too

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"fairseat/app"
)

type cli struct {
	Config string `help:"Settings file; config.yaml in this folder if there is one." type:"path" placeholder:"FILE"`

	Serve   serveCmd   `cmd:"" default:"1" help:"Run the product (the default)."`
	Demo    demoCmd    `cmd:"" help:"Run the product with two events and a crowd of bots, to try it out."`
	Health  healthCmd  `cmd:"" help:"Ask the running product whether it is ready; exit code 1 if not."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this version's schema, and stop."`
	Import  importCmd  `cmd:"" help:"Import a seat plan and print what was found."`
	Export  exportCmd  `cmd:"" help:"Print a seat plan in pretix's JSON."`
	Audit   auditCmd   `cmd:"" help:"Check that no seat, ticket or cent is out of place; exit code 1 if one is, 2 if it cannot be told."`
	Ledger  struct {
		Match matchCmd `cmd:"" help:"Compare the payment processors' ledgers with our books, and settle what differs."`
	} `cmd:"" help:"The payment processors' own lists of what they took and gave back."`
	Admin struct {
		Add adminAddCmd `cmd:"" help:"Add a staff account, or give it a new password."`
	} `cmd:"" help:"Manage staff accounts."`
	Codes     codesCmd     `cmd:"" help:"Print access codes for a presale or a lane of an event."`
	VerifyLog verifyLogCmd `cmd:"" help:"Check an event's public fairness log and its draw; exit code 1 if anything is wrong."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

type (
	serveCmd struct{}
	demoCmd  struct {
		OpensIn time.Duration `default:"1m" help:"How long until the on-sale opens."`
		Pace    float64       `default:"1" hidden:"" help:"How long a bot's second lasts; tests live faster."`
	}
	healthCmd  struct{}
	migrateCmd struct{}
	importCmd  struct {
		File string `arg:"" type:"existingfile" help:"A seating plan: pretix JSON, SVG with seat ids, CSV, or JSON of points."`
	}
	exportCmd struct {
		Plan string `arg:"" help:"The id of a plan, as import printed it."`
	}
	auditCmd struct {
		JSON   bool `name:"json" help:"Print it for programs; so it is where the output is no terminal."`
		Text   bool `help:"Print it for people, wherever it goes."`
		Recent bool `help:"Read of the payment processors' ledgers the last hours only."`
	}
	matchCmd    struct{}
	adminAddCmd struct {
		Email string `arg:"" help:"Their address; the password is read from standard input."`
	}
	verifyLogCmd struct {
		URL  string `arg:"" help:"The event's page, here or anywhere: https://tickets.example.org/events/gala"`
		Head string `help:"An entry kept earlier, as number:hash: the log must still hold it." placeholder:"N:HASH"`
	}
	codesCmd struct {
		Event string `required:"" help:"The event's address (slug)." placeholder:"SLUG"`
		Count int    `required:"" help:"How many codes." placeholder:"N"`
		Lane  int    `default:"0" help:"The lane they belong to, by its number from 1; 0 is the line itself."`
		From  int    `default:"1" help:"The first serial number: the same numbers are the same codes."`
	}
	versionCmd struct{}
)

func (serveCmd) Run(ctx context.Context, c app.Config) error { return app.Serve(ctx, c, version()) }
func (cmd demoCmd) Run(ctx context.Context, c app.Config) error {
	return app.Demo(ctx, c, version(), app.DemoOptions{OpensIn: cmd.OpensIn, Pace: cmd.Pace})
}
func (healthCmd) Run(ctx context.Context, c app.Config) error  { return app.Health(ctx, c) }
func (migrateCmd) Run(ctx context.Context, c app.Config) error { return app.Migrate(ctx, c) }
func (cmd importCmd) Run(ctx context.Context, c app.Config) error {
	return app.Import(ctx, c, cmd.File, os.Stdout)
}
func (cmd exportCmd) Run(ctx context.Context, c app.Config) error {
	return app.Export(ctx, c, cmd.Plan, os.Stdout)
}
func (cmd auditCmd) Run(ctx context.Context, c app.Config) error {
	forPeople := cmd.Text || !cmd.JSON && term.IsTerminal(int(os.Stdout.Fd()))
	return app.RunAudit(ctx, c, app.AuditOptions{JSON: !forPeople, Recent: cmd.Recent}, os.Stdout)
}
func (matchCmd) Run(ctx context.Context, c app.Config) error {
	return app.MatchLedger(ctx, c, os.Stdout)
}
func (cmd adminAddCmd) Run(ctx context.Context, c app.Config) error {
	return app.AddAdmin(ctx, c, cmd.Email, os.Stdin)
}
func (cmd codesCmd) Run(ctx context.Context, c app.Config) error {
	return app.PrintCodes(ctx, c, app.CodeOptions{Event: cmd.Event, Lane: cmd.Lane, First: cmd.From, Count: cmd.Count}, os.Stdout, os.Stderr)
}

func (cmd verifyLogCmd) Run(ctx context.Context) error {
	return app.VerifyLog(ctx, cmd.URL, cmd.Head, os.Stdout)
}

func main() {
	var flags cli
	parsed := kong.Parse(&flags, kong.Name("fairseat"), kong.UsageOnError(), kong.Exit(leave),
		kong.Description("Waiting room, live seat map, checkout and tickets in one process."))
	if parsed.Command() == "version" {
		fmt.Println("fairseat", version())
		return
	}
	config, err := app.LoadConfig(flags.Config, os.Environ())
	if err != nil {
		exit(&app.StartError{Err: err})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(config); err != nil {
		exit(err)
	}
}

// leave ends the process with the parser's exit code, or with 2 for what it could not read.
func leave(code int) { os.Exit(min(code, 2)) }

// exit says in one line what went wrong: 2 for what a person can mend in settings or machine, 1 for the rest.
func exit(err error) {
	var start *app.StartError
	if errors.Is(err, app.ErrViolations) || errors.Is(err, app.ErrBadLog) {
		os.Exit(1) // the report has said it all
	}
	fmt.Fprintln(os.Stderr, "fairseat:", err)
	if errors.As(err, &start) {
		os.Exit(2)
	}
	os.Exit(1)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "development"
}
