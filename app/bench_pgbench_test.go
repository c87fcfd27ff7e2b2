package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// serverLog keeps what Postgres prints, line by line.
type serverLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *serverLog) logger() *slog.Logger { return slog.New(l) }

func (l *serverLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *serverLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *serverLog) WithGroup(string) slog.Handler            { return l }

func (l *serverLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Message)
	return nil
}

func (l *serverLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.lines
	l.lines = nil
	return taken
}

// statement is one that Postgres has run, with the parameters it came with; nil is NULL.
type statement struct {
	sql        string
	parameters []*string
}

// read puts the log's lines together again.
func read(lines []string) (all []statement) {
	var text *string
	details := map[int]string{}
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "LOG:  "); ok {
			_, sql, found := strings.Cut(rest, ": ")
			if text = nil; found && (strings.HasPrefix(rest, "statement: ") || strings.HasPrefix(rest, "execute ")) {
				all = append(all, statement{sql: sql})
				text = &all[len(all)-1].sql
			}
			continue
		}
		if rest, ok := strings.CutPrefix(line, "DETAIL:  parameters: "); ok {
			details[len(all)-1] = rest
			text = nil
			continue
		}
		if more, ok := strings.CutPrefix(line, "\t"); ok && text != nil {
			*text += "\n" + more
		}
	}
	for i, d := range details {
		all[i].parameters = parameters(d)
	}
	return all
}

// parameters reads "$1 = 'it”s', $2 = NULL".
func parameters(detail string) (values []*string) {
	for detail != "" {
		_, rest, _ := strings.Cut(detail, " = ")
		if after, null := strings.CutPrefix(rest, "NULL"); null {
			values, detail = append(values, nil), strings.TrimPrefix(after, ", ")
			continue
		}
		var value strings.Builder
		rest = rest[1:]
		for {
			i := strings.IndexByte(rest, '\'')
			value.WriteString(rest[:i])
			if rest = rest[i+1:]; !strings.HasPrefix(rest, "'") {
				break
			}
			value.WriteByte('\'')
			rest = rest[1:]
		}
		v := value.String()
		values, detail = append(values, &v), strings.TrimPrefix(rest, ", ")
	}
	return values
}

// pgbench is a script that does what one order of ours did, each time for another fan and another seat.
type pgbench struct {
	file       string
	statements int
}

var (
	anyDigest   = regexp.MustCompile(`[0-9a-f]{64}`)
	anyUUID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	placeholder = regexp.MustCompile(`\$(\d+)`)
	comment     = regexp.MustCompile(`(?m)^\s*--.*$`)
)

// record lets one order go its way while Postgres logs every statement, and writes the script.
func (b *orderBench) record(t *testing.T) pgbench {
	t.Helper()
	db := b.app.stores.patient
	set := func(sql string) {
		if err := db.Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // whatever is asked but once has been
		if err := b.order(b.next.Add(1)); err != nil {
			t.Fatal(err)
		}
	}
	set(`ALTER SYSTEM SET log_statement = 'all'`)
	set(`SELECT pg_reload_conf()`)
	// Sessions obey from their next statement on; a few orders later all of them do.
	testkit.Eventually(t, 20*time.Second, "Postgres logs statements", func() bool {
		b.lines.take()
		return b.order(b.next.Add(1)) == nil && slices.ContainsFunc(b.lines.take(), func(l string) bool { return strings.Contains(l, "INSERT INTO tickets") })
	})
	n := b.next.Add(1)
	if err := b.order(n); err != nil {
		t.Fatal(err)
	}
	set(`ALTER SYSTEM RESET log_statement`)
	var lines []string
	testkit.Eventually(t, 20*time.Second, "the log ends", func() bool {
		lines = append(lines, b.lines.take()...)
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "RESET log_statement") })
	})
	set(`SELECT pg_reload_conf()`)
	all := read(lines)
	for i, s := range all {
		if strings.Contains(s.sql, "RESET log_statement") {
			all = all[:i]
			break
		}
	}
	set(`CREATE SEQUENCE bench_fans START 200001`) // ours have the seats below
	return b.write(t, all, n)
}

// write puts a variable wherever the recorded order had something of its own.
func (b *orderBench) write(t *testing.T, all []statement, n int64) pgbench {
	t.Helper()
	var claim, code string
	if err := b.app.stores.patient.Raw(`SELECT c.id::text FROM seat_claims c WHERE c.seat_id = ?`, n).Scan(&claim).Error; err != nil {
		t.Fatal(err)
	}
	if err := b.app.stores.patient.Raw(`SELECT o.code FROM orders o WHERE o.place_key = ?`, fmt.Sprintf("t%d", n)).Scan(&code).Error; err != nil {
		t.Fatal(err)
	}
	own := map[string]string{strconv.FormatInt(n, 10): "fan", claim: "id", code: "code"}
	var secrets int
	for _, s := range all { // uuids, and what is random without being one: the ticket's secret, the buyer's key
		for _, p := range s.parameters {
			if p == nil {
				continue
			}
			for _, u := range anyUUID.FindAllString(*p, -1) {
				if own[u] == "" {
					own[u] = fmt.Sprintf("u%d", len(own))
				}
			}
			for _, d := range anyDigest.FindAllString(*p, -1) { // the buyer's key, and the one by which a job is unique
				if own[d] == "" {
					own[d] = fmt.Sprintf("d%d", len(own))
					own[`\x`+d] = own[d] + "bytes"
				}
			}
		}
		if strings.Contains(s.sql, "INSERT INTO tickets") {
			own[*s.parameters[4]] = "secret"
			secrets++
		}
	}
	if secrets != 1 || claim == "" {
		t.Fatalf("the recorded order is not whole: claim %q, %d tickets in %d statements", claim, secrets, len(all))
	}
	var script bytes.Buffer
	script.WriteString(`SELECT n AS fan, upper(substr(md5(n || 'code'), 1, 8)) AS code, md5(n || 'secret') AS secret`)
	for _, name := range own {
		switch {
		case name[0] == 'u':
			fmt.Fprintf(&script, ", md5(n || '%s')::uuid AS %s", name, name)
		case name[0] == 'd' && strings.HasSuffix(name, "bytes"):
			fmt.Fprintf(&script, `, '\x' || repeat(md5(n || '%s'), 2) AS %s`, strings.TrimSuffix(name, "bytes"), name)
		case name[0] == 'd':
			fmt.Fprintf(&script, ", repeat(md5(n || '%s'), 2) AS %s", name, name)
		}
	}
	script.WriteString(" FROM nextval('bench_fans') AS n \\gset\n")
	for _, s := range all {
		sql := placeholder.ReplaceAllStringFunc(s.sql, func(p string) string {
			i, _ := strconv.Atoi(p[1:])
			return literal(s.parameters[i-1], own)
		})
		sql = strings.TrimRight(comment.ReplaceAllString(sql, ""), "; \n")
		if strings.Contains(sql, "INSERT INTO seat_claims") {
			script.WriteString(sql + " \\gset\n") // its id goes on from here
		} else {
			script.WriteString(sql + ";\n")
		}
	}
	file := filepath.Join(t.TempDir(), "order.sql")
	if err := os.WriteFile(file, script.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return pgbench{file, len(all)}
}

// literal is a parameter as pgbench's script writes it: a variable, a text with variables in it, or a plain text. A
// colon of the text would begin a variable, so it is written as its number.
func literal(p *string, own map[string]string) string {
	if p == nil {
		return "NULL"
	}
	if name := own[*p]; name != "" {
		return ":" + name
	}
	parts := []string{*p}
	for value, name := range own {
		var next []string
		for _, part := range parts {
			if strings.HasPrefix(part, ":") {
				next = append(next, part)
				continue
			}
			pieces := strings.Split(part, value)
			for i, piece := range pieces {
				if i > 0 {
					next = append(next, ":"+name)
				}
				next = append(next, piece)
			}
		}
		parts = next
	}
	quote := func(s string) string {
		return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''", ":", `\072`).Replace(s) + "'"
	}
	if len(parts) == 1 {
		return quote(*p)
	}
	for i, part := range parts {
		if !strings.HasPrefix(part, ":") {
			parts[i] = quote(part)
		} else {
			parts[i] = part + "::text"
		}
	}
	return "concat(" + strings.Join(parts, ", ") + ")"
}

var perSecond = regexp.MustCompile(`tps = ([0-9.]+)`)

// run answers transactions a second; any that fails fails the test.
func (p pgbench) run(t *testing.T, b *orderBench, clients, seconds int) float64 {
	t.Helper()
	u, err := url.Parse(b.servers.PostgresURL())
	if err != nil {
		t.Fatal(err)
	}
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(programs) == 0 {
		t.Fatal("pgbench is not there; it comes with Postgres")
	}
	cmd := exec.Command(programs[len(programs)-1], "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(seconds),
		"-f", p.file, "-h", u.Query().Get("host"), "-U", u.User.Username(), strings.TrimPrefix(u.Path, "/"))
	out, err := cmd.CombinedOutput()
	found := perSecond.FindSubmatch(out)
	if err != nil || found == nil || bytes.Contains(out, []byte("ERROR")) {
		script, _ := os.ReadFile(p.file)
		t.Fatalf("pgbench: %v\n%.3000s\n%s", err, out, script)
	}
	rate, _ := strconv.ParseFloat(string(found[1]), 64)
	return rate
}
