package providertest

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// Line stands between a provider and its processor, and breaks as it is told to.
type Line struct{ lose, away atomic.Bool }

// LoseAnswer lets calls that change something have their effect and their answers be lost.
func (l *Line) LoseAnswer() { l.lose.Store(true) }

// Away lets the processor fail every call.
func (l *Line) Away() { l.away.Store(true) }

// Heal ends both.
func (l *Line) Heal() { l.lose.Store(false); l.away.Store(false) }

// Before puts the line before a processor.
func (l *Line) Before(processor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case l.away.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case l.lose.Load() && r.Method != http.MethodGet:
			processor.ServeHTTP(httptest.NewRecorder(), r)
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		default:
			processor.ServeHTTP(w, r)
		}
	})
}
