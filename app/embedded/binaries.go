package embedded

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// programs are the paths of what we run.
type programs struct{ postgres, initdb, redis string }

// binaries is where programs are looked for.
type binaries struct {
	glob string                       // Debian keeps Postgres, one directory per major version, outside PATH
	path func(string) (string, error) // exec.LookPath
}

func installed() *binaries {
	return &binaries{glob: "/usr/lib/postgresql/*/bin/postgres", path: exec.LookPath}
}

// find prefers the Postgres that wrote the data directory, because no other major version can open it; a new
// directory gets the highest.
func (b *binaries) find(dataDir string) (programs, error) {
	redis, err := b.path("redis-server")
	if err != nil {
		return programs{}, &MissingBinaryError{Program: "redis-server", Package: "redis-server"}
	}
	wrote := ""
	if v, err := os.ReadFile(filepath.Join(dataDir, "postgres", "PG_VERSION")); err == nil {
		wrote = strings.TrimSpace(string(v))
	}
	postgres, err := b.postgres(wrote)
	if err != nil {
		return programs{}, err
	}
	return programs{postgres: postgres, initdb: filepath.Join(filepath.Dir(postgres), "initdb"), redis: redis}, nil
}

func (b *binaries) postgres(wanted string) (string, error) {
	found, _ := filepath.Glob(b.glob) // the pattern is ours and well formed
	major := func(path string) string { return filepath.Base(filepath.Dir(filepath.Dir(path))) }
	if wanted != "" {
		if i := slices.IndexFunc(found, func(p string) bool { return major(p) == wanted }); i >= 0 {
			return found[i], nil
		}
	} else if len(found) > 0 {
		return slices.MaxFunc(found, func(x, y string) int {
			a, _ := strconv.ParseFloat(major(x), 64) // by number: 9.6 < 15
			b, _ := strconv.ParseFloat(major(y), 64)
			return cmp.Compare(a, b)
		}), nil
	}
	if p, err := b.path("postgres"); err == nil {
		return p, nil // its version is not known; Postgres itself refuses data it cannot open
	}
	if wanted != "" && len(found) > 0 {
		return "", &MissingBinaryError{Program: "PostgreSQL " + wanted + ", which wrote the data_dir,", Package: "postgresql-" + wanted}
	}
	return "", &MissingBinaryError{Program: "postgres", Package: "postgresql"}
}
