package app

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The house's one law: main → app → modules → leaves, never sideways. A module that imports another, or a leaf that
// imports anything of ours but a leaf, fails here.
func TestNobodyImportsSideways(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			to, ours := strings.CutPrefix(to, "fairseat/")
			if ours && !mayImport(from, to) {
				t.Errorf("%s imports %s", path, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mayImport(from, to string) bool {
	switch {
	case from == ".." || from == ".": // main
		return to == "app"
	case from == "app", from == "app/chaos": // chaos is tests of the whole product alone
		return true
	case strings.HasPrefix(from, "modules/"):
		return module(from) == module(to) || isLeaf(to)
	case from == "app/testkit":
		return to == "app/embedded" || to == "migrations" || isLeaf(to)
	case from == "migrations":
		return false
	}
	return isLeaf(to) // leaves and app's own packages
}

// module is "modules/queue" of any folder below it.
func module(folder string) string {
	parts := strings.SplitN(folder, "/", 3)
	if len(parts) < 2 || parts[0] != "modules" {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

// isLeaf: everything below app/ but the servers' launcher, which only app and testkit start, and the chaos harness.
func isLeaf(folder string) bool {
	return strings.HasPrefix(folder, "app/") && folder != "app/embedded" && folder != "app/chaos"
}
