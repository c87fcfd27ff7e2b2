package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	"gorm.io/gorm"

	"fairseat/app/embedded"
	"fairseat/app/testkit"
	"fairseat/migrations"
)

// ground is what seeds stand on, one after another: the product's Postgres, which may be killed and comes back, and the
// processor's, which never dies and is the same for all. Each seed has a database of its own on both.
type ground struct {
	shop, bank *embedded.Servers
	tcp        net.Listener // the shop's Postgres, which listens on a socket alone, for links that know TCP
}

const template = "chaos_template"

// grounds are those on which nothing is played now. There are as many as there were seeds at once.
var grounds = make(chan *ground, 100)

// aGround is a seed's until its test ends.
func aGround(t testing.TB) *ground {
	t.Helper()
	var g *ground
	select {
	case g = <-grounds:
	default:
		var err error
		if g, err = newGround(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { grounds <- g })
	return g
}

var theBank = sync.OnceValues(cluster)

func newGround() (g *ground, err error) {
	g = &ground{}
	if g.bank, err = theBank(); err != nil {
		return nil, err
	}
	if g.shop, err = cluster(); err != nil {
		return nil, err
	}
	where, err := pgconn.ParseConfig(g.shop.PostgresURL())
	if err != nil {
		return nil, err
	}
	g.tcp, err = bridge(filepath.Join(where.Host, ".s.PGSQL.5432"))
	return g, err
}

func cluster() (*embedded.Servers, error) {
	dir, err := os.MkdirTemp("", "fairseat-test-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the servers' own user must reach it
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	s, err := embedded.Start(ctx, embedded.Options{DataDir: dir, Log: quiet, Fast: true, MaxConnections: 200})
	if err != nil {
		return nil, err
	}
	if err := statement(s, "CREATE DATABASE "+template); err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", s.PostgresURL()+" dbname="+template)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return s, migrations.Up(ctx, db, quiet)
}

func statement(s *embedded.Servers, text string) error {
	db, err := sql.Open("pgx", s.PostgresURL())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(text)
	return err
}

var serial atomic.Int64

// database is a migrated one of a seed's own.
func database(t testing.TB, s *embedded.Servers) (name string, db *gorm.DB) {
	t.Helper()
	name = fmt.Sprintf("seed%d", serial.Add(1))
	if err := statement(s, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	db = testkit.Open(t, s.PostgresURL()+" dbname="+name)
	t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
		if err := statement(s, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop %s: %v", name, err)
		}
	})
	return name, db
}

// bridge lets TCP in to a unix socket.
func bridge(socket string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := net.Dial("unix", socket)
				if err != nil {
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(out, in); _ = out.(*net.UnixConn).CloseWrite() }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
	return l, nil
}
