package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// record is a test that only writes down what would have failed it.
type record struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (r *record) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func (r *record) has(words string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(strings.Join(r.failed, "\n"), words)
}

// faulty is a page with one of every fault that the stories rely on being told of.
const faulty = `<!doctype html><html lang="en"><head><title>Faulty</title><link rel="stylesheet" href="/style.css"></head><body><main><h1>Faulty</h1>
<p>%s</p><noscript>Without script.</noscript>
<form action="/sent"><input name="q"><label>Your name <input name="name"></label><button disabled>Not yet</button><button>Send it</button></form>
<p id="wide">wide</p><img src="/nowhere.png" alt=""><script>alert("inline")</script><script src="/page.js"></script></main></body></html>`

func serveFaulty(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; connect-src 'self'; img-src 'self'")
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, faulty, "Cookie: "+r.Header.Get("Cookie"))
		case "/style.css":
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, `#wide{width:500px} button{outline:none} @media (prefers-color-scheme:dark){body{background:#000;color:#fff}}`)
		case "/page.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `document.cookie = "me=1"; console.error("said", "aloud"); document.querySelector("h1").textContent = "Scripted";
				fetch("/api/refused"); fetch("/api/broken"); setTimeout(() => { throw new Error("thrown") });`)
		case "/sent":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Sent</title><main><h1>Sent</h1><p>%s</p></main></html>`, r.FormValue("name"))
		case "/api/refused":
			w.WriteHeader(http.StatusConflict)
		case "/api/broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// A kit that cannot see a fault would make every story pass.
func TestBrowserKitSeesFaults(t *testing.T) {
	t.Parallel()
	server := serveFaulty(t)
	r := &record{TB: t}
	b := newBrowser(r, server.URL, phone)
	b.open("/")
	b.sees("Scripted")
	b.until("what was thrown is heard", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return strings.Contains(strings.Join(b.complaints, " "), "thrown") && strings.Contains(strings.Join(b.complaints, " "), "broken") &&
			strings.Contains(strings.Join(b.complaints, " "), "nowhere")
	})
	b.excuse("/nowhere")
	b.checkConsole()
	if r.has("/nowhere.png") {
		t.Errorf("an excused complaint was reported: %q", r.failed)
	}
	for _, words := range []string{"thrown", `console.error: "said" "aloud"`, "Content Security Policy", "/api/broken"} {
		if !r.has(words) {
			t.Errorf("not reported: %s in %q", words, r.failed)
		}
	}
	if r.has("/api/refused") {
		t.Errorf("a refusal counted as a fault: %q", r.failed)
	}
	b.fits()
	if !r.has("wide on a screen of 360") {
		t.Error("a page wider than the screen was not reported")
	}
	b.axe()
	if !r.has("label (critical)") {
		t.Errorf("axe found no field without a label: %q", r.failed)
	}
}

func TestBrowserKitActsAsAPerson(t *testing.T) {
	t.Parallel()
	server := serveFaulty(t)
	ada, bob := newBrowser(&record{TB: t}, server.URL), newBrowser(t, server.URL, phone, noScript, dark, calm)
	bob.excuse("/nowhere")
	ada.open("/")
	ada.sees("Scripted")
	ada.reload()
	ada.sees("Cookie: me=1")
	bob.open("/")
	bob.sees("Faulty", "Without script.")
	if strings.Contains(bob.text("body"), "me=1") {
		t.Error("two people share a cookie")
	}
	var wishes struct {
		Dark, Calm bool
		Width      int
		Ground     string
	}
	err := bob.js(`({dark: matchMedia("(prefers-color-scheme: dark)").matches, calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
		width: screen.width, ground: getComputedStyle(document.body).backgroundColor})`, &wishes)
	if err != nil || !wishes.Dark || !wishes.Calm || wishes.Width != 360 || wishes.Ground != "rgb(0, 0, 0)" {
		t.Errorf("the phone in the dark is %+v, %v", wishes, err)
	}
	bob.tabTo("textbox", "Your name")
	bob.fill("Your name", "Åsa Ünlü")
	bob.click("button", "Send it")
	bob.arrives("/sent")
	bob.sees("Åsa Ünlü")
	if !bob.has("heading", "Sent") || bob.has("heading", "Faulty") {
		t.Error("the headings are not those of the page")
	}
	bob.axe() // a page without script can be judged too

	ada.press("Tab", "Tab")
	if f, visible := ada.focused(); f.role != "textbox" || f.name != "Your name" || !visible {
		t.Errorf("the focus is on %+v, visible %v", f, visible)
	}
	ada.write("Bo")
	ada.press("Tab")
	if f, visible := ada.focused(); f.name != "Send it" || visible {
		t.Errorf("a focus that cannot be seen: %+v, visible %v", f, visible)
	}
	ada.press("Enter")
	ada.arrives("/sent")
	ada.sees("Bo")

	file := filepath.Join(t.TempDir(), "page.webp")
	ada.shot(file)
	if picture, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(picture), "RIFF") {
		t.Errorf("no picture: %v", err)
	}
}

func TestBrowserKitCutsTheLine(t *testing.T) {
	t.Parallel()
	b := newBrowser(&record{TB: t}, serveFaulty(t).URL)
	b.open("/sent")
	reached := func() (ok bool) {
		_ = b.js(`fetch("/sent", {cache: "no-store"}).then(r => r.ok && navigator.onLine, () => false)`, &ok)
		return ok
	}
	if !reached() {
		t.Fatal("not connected at first")
	}
	b.online(false)
	if reached() {
		t.Error("connected though cut off")
	}
	b.online(true)
	b.until("connected again", reached)
}
