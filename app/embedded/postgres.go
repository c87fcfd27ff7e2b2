package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// postgres is our cluster: how it is made and launched.
type postgres struct {
	dirs        directories
	who         account
	programs    programs
	log         *slog.Logger
	fast        bool
	connections int
}

// SIGINT is the "fast" shutdown: open transactions are rolled back. SIGQUIT leaves at once, and the next start
// recovers.
func (*postgres) signals() signals { return signals{gentle: syscall.SIGINT, harsh: syscall.SIGQUIT} }

// launch starts the postmaster over whatever an earlier run left, and returns when it answers.
func (p *postgres) launch(ctx context.Context, abandon func(*process)) (*process, error) {
	if err := p.create(ctx); err != nil {
		return nil, err
	}
	if err := waitUntilGone(ctx, p.dirs.postgres, "postgres"); err != nil {
		return nil, err
	}
	// Nobody is left, whatever these files say: their pid may be a zombie's, or be someone else's by now.
	socket := filepath.Join(p.dirs.run, ".s.PGSQL.5432")
	if err := removeAll(filepath.Join(p.dirs.postgres, "postmaster.pid"), socket, socket+".lock"); err != nil {
		return nil, fmt.Errorf("clear the last run of postgres: %w", err)
	}
	run, err := command{
		name: "postgres", path: p.programs.postgres, args: p.arguments(), dir: p.dirs.postgres,
		who: p.who, death: syscall.SIGINT, level: postgresLevel, log: p.log,
	}.start()
	if err != nil {
		return nil, err
	}
	if err := run.await(ctx, p.log, p.answers); err != nil {
		abandon(run)
		return nil, err
	}
	return run, nil
}

// create makes the cluster at the first start. It grows under another name, so that one cut short is never taken for
// a whole one; the next start begins it anew.
func (p *postgres) create(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(p.dirs.postgres, "PG_VERSION")); err == nil {
		return nil
	}
	if err := waitUntilGone(ctx, p.dirs.fresh, ""); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(p.dirs.fresh), makePrivate(p.dirs.fresh, p.who)); err != nil {
		return fmt.Errorf("make room for postgres: %w", err)
	}
	// Everyone is trusted: only who may enter the 0700 directory of the socket gets as far as asking.
	args := []string{"-D", p.dirs.fresh, "-U", "fairseat", "-A", "trust", "-E", "UTF8", "--no-locale", "--data-checksums", "--no-instructions"}
	if p.fast {
		args = append(args, "--no-sync")
	}
	err := command{
		name: "initdb", path: p.programs.initdb, args: args, dir: p.dirs.fresh,
		who: p.who, death: syscall.SIGKILL, level: postgresLevel, log: p.log,
	}.run(ctx)
	if err != nil {
		return err
	}
	if err := os.Rename(p.dirs.fresh, p.dirs.postgres); err != nil {
		return fmt.Errorf("keep the new cluster: %w", err)
	}
	return syncDir(p.dirs.data) // initdb synced what lies inside; the new name is left
}

// arguments are all our settings; postgresql.conf stays as initdb wrote it. Timeouts are set by the app per connection.
func (p *postgres) arguments() []string {
	settings := []string{
		"listen_addresses=",
		"unix_socket_directories=" + p.dirs.run,
		"unix_socket_permissions=0700",
		"port=5432",
		"max_connections=" + strconv.Itoa(p.connections),
		"shared_buffers=128MB",
		"synchronous_commit=on", // an acknowledged sale survives a power cut
		// Two cores belong to many short transactions: a plan that spreads over workers or is compiled first delays
		// them more than it gains.
		"max_parallel_workers_per_gather=0",
		"jit=off",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_destination=stderr",
		"logging_collector=off",
		"log_line_prefix=",
		// Statements carry addresses of buyers, which have no place in a log. A refused insert is daily business,
		// returned to who asked.
		"log_min_error_statement=panic",
		"log_min_messages=log",
		"cluster_name=fairseat",
	}
	if p.fast {
		// Acknowledged commits still survive a kill -9: they are in the kernel's hands.
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	args := []string{"-D", p.dirs.postgres}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

func (p *postgres) answers(ctx context.Context) error {
	c, err := pgx.Connect(ctx, p.dirs.postgresDSN())
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// postgresLevel is quiet about all but what is fatal, or would be if it were not expected at a start or a stop.
func postgresLevel(line string) (slog.Level, string) {
	fatal := strings.HasPrefix(line, "FATAL:") || strings.HasPrefix(line, "PANIC:")
	early := strings.HasPrefix(line, "initdb: error:") || strings.HasPrefix(line, "postgres: ") // before it has a log
	crash := strings.Contains(line, "was terminated by signal")
	for _, expected := range []string{
		"the database system is ", // starting up, shutting down, in recovery mode
		"terminating connection due to administrator command",
		"terminating connection due to unexpected postmaster exit", // told once by the supervisor
	} {
		fatal = fatal && !strings.Contains(line, expected)
	}
	if fatal || early || crash {
		return slog.LevelWarn, line
	}
	return slog.LevelDebug, line
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
