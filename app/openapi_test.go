package app

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fairseat/app/testkit"
)

type apiDocument struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Ref      string `json:"$ref"`
		}
		Responses map[string]json.RawMessage
	}
	Components struct {
		Parameters map[string]struct{ Name, In string }
		Schemas    map[string]json.RawMessage
		Responses  map[string]json.RawMessage
	}
}

func readDocument(t *testing.T) (apiDocument, []byte) {
	t.Helper()
	c, err := newContract()
	if err != nil {
		t.Fatal(err)
	}
	var doc apiDocument
	if err := json.Unmarshal(c.document, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, c.document
}

// testApp is the joined process on a test's own stores, not running.
func testApp(t *testing.T, change func(*Config)) *App {
	t.Helper()
	k := testkit.New(t)
	c := Defaults()
	c.Postgres.URL, c.Redis.URL, c.Redis.Prefix, c.DataDir = k.PostgresURL, k.RedisURL, k.Prefix, t.TempDir()
	if change != nil {
		change(&c)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	a, err := New(t.Context(), c, slog.New(slog.DiscardHandler), listener, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	return a
}

// Every route stands in the document, and every operation of the document is a route.
func TestRoutesAndDocumentAgree(t *testing.T) {
	t.Parallel()
	doc, _ := readDocument(t)
	documented := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			documented[strings.ToUpper(method)+" "+path] = true
			for _, p := range op.Parameters {
				name := p.Name
				if p.Ref != "" {
					name = doc.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]].Name
				}
				if name == "" {
					t.Errorf("%s %s: a parameter without a name", method, path)
				}
			}
			if len(op.Responses) == 0 {
				t.Errorf("%s %s: no response", method, path)
			}
		}
	}
	for _, r := range testApp(t, nil).echo.Routes() {
		if r.Method == "echo_route_not_found" {
			continue
		}
		key := r.Method + " " + braces(r.Path)
		if !documented[key] {
			t.Errorf("%s is a route and not documented", key)
		}
		delete(documented, key)
	}
	for key := range documented {
		t.Errorf("%s is documented and no route", key)
	}
}

// braces turns Echo's ":event" into OpenAPI's "{event}".
func braces(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// Every code a fault in the source can carry stands in the document, and no other.
func TestErrorCodesAndDocumentAgree(t *testing.T) {
	t.Parallel()
	c, err := newContract()
	if err != nil {
		t.Fatal(err)
	}
	documented := maps.Clone(c.codes)
	inSource := faultCodes(t)
	for _, code := range inSource {
		if !documented[code] {
			t.Errorf("fault %q is not in openapi.yaml", code)
		}
		delete(documented, code)
	}
	for code := range documented {
		t.Errorf("openapi.yaml names %q, which no fault has", code)
	}
}

// faultCodes are the second arguments of all fault.New calls in the tree.
func faultCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				if x, ok := f.X.(*ast.Ident); ok {
					name = x.Name + "." + f.Sel.Name
				}
			case *ast.Ident:
				name = file.Name.Name + "." + f.Name
			}
			if name != "fault.New" {
				return true
			}
			lit, ok := call.Args[1].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: a fault whose code is not a literal", path)
				return true
			}
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Error(err)
			}
			codes = append(codes, code)
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Every $ref points at something.
func TestDocumentHasNoDanglingReference(t *testing.T) {
	t.Parallel()
	_, raw := readDocument(t)
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(n any) {
		switch v := n.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				at := tree
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := at.(map[string]any)
					at = m[part]
				}
				if at == nil {
					t.Errorf("%s points nowhere", ref)
				}
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(tree)
}
