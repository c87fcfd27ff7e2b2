package fetch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBody(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("12345"))
	}))
	defer server.Close()
	if body, err := Body(t.Context(), server.Client(), server.URL, 5); err != nil || string(body) != "12345" {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := Body(t.Context(), server.Client(), server.URL, 4); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") || body != nil {
		t.Errorf("one byte too many: %q, %v", body, err)
	}
	status = http.StatusTeapot
	if body, err := Body(t.Context(), server.Client(), server.URL, 5); err == nil || !strings.Contains(err.Error(), "418") || body != nil {
		t.Errorf("a refusal: %q, %v", body, err)
	}
}
