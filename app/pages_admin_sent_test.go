package app

import (
	"net/http"
	"strings"
	"testing"
)

// Every form of the desk can be asked about by what it does, and no words are of a form that is gone.
func TestFormsOfTheDeskHaveWords(t *testing.T) {
	t.Parallel()
	forms := map[string]bool{}
	for _, r := range testApp(t, nil).echo.Routes() {
		if r.Method == http.MethodPost && strings.HasPrefix(r.Path, "/admin/") && !strings.HasPrefix(r.Path, signInPath) {
			forms[r.Path] = true
			if deskActs[r.Path] == "" {
				t.Errorf("nothing says what %s does", r.Path)
			}
		}
	}
	for key := range deskActs {
		if route, _, _ := strings.Cut(key, " "); !forms[route] {
			t.Errorf("%q is no form", key)
		}
	}
}
