package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestMain closes the one Chromium of this binary; children would go with us, their folders would not.
func TestMain(m *testing.M) {
	if addr := os.Getenv(bareAddr); addr != "" { // we are not the tests but what they measure against
		fmt.Fprintln(os.Stderr, serveBare(addr))
		os.Exit(1)
	}
	if where := os.Getenv(watchersOf); where != "" {
		fmt.Fprintln(os.Stderr, serveWatchers(where))
		os.Exit(1)
	}
	flag.Parse()
	// A story is waiting for the most part, for a page, a process or a second to pass: two go at once on each processor.
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))) // a number it takes
	}
	code := m.Run()
	closeChromium()
	removeBinary()
	os.Exit(code)
}

var closeChromium = func() {}

// headlessShell is Chromium without windows, which does the same for half of the work. On the path it is called by a shell
// script, which would be ended in its stead.
const headlessShell = "/usr/lib/chromium/chromium-headless-shell"

// chromium is started by the first test that looks at a page. Everybody in it has a context of their own: no cookie,
// store or cache is shared.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path := os.Getenv("CHROMIUM")
	for _, name := range []string{headlessShell, "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		return nil, errors.New("no Chromium on this machine: `make test-deps` installs it (Debian's package is chromium-headless-shell); " +
			"or say in the environment where one is: CHROMIUM=/path/to/it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en-GB"),
		// Nobody here goes on to another site, for which it would keep a second process ready beside each page.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, closeAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil { // starts it, for as long as ctx lives
		closeAllocator()
		return nil, fmt.Errorf("start Chromium %s: %w", path, err)
	}
	closeChromium = func() { closeBrowser(); closeAllocator() }
	return ctx, nil
})

// browser is one person's browser: one tab, and nothing of anybody else's. Whatever the page complains of to its
// console fails the test at the end, unless it was excused.
type browser struct {
	t    testing.TB
	base string
	ctx  context.Context

	width, height int64
	touch         bool
	dark          bool
	calm          bool // prefers reduced motion
	noScript      bool

	mu         sync.Mutex
	complaints []string
	excused    []string
}

type browserOption func(*browser)

// The screens and wishes of LOOK.md; without one it is a desktop, light, with script.
func phone(b *browser)    { b.width, b.height, b.touch = 360, 740, true }
func dark(b *browser)     { b.dark = true }
func calm(b *browser)     { b.calm = true }
func noScript(b *browser) { b.noScript = true }

// newBrowser opens a browser for somebody new; base is where the product is.
func newBrowser(t testing.TB, base string, options ...browserOption) *browser {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, base: base, width: 1280, height: 800}
	for _, option := range options {
		option(b)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	b.ctx = ctx
	t.Cleanup(func() {
		b.checkConsole()
		cancel()
	})
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.set(b.dress())
	return b
}

// dress applies the screen, the colours and whether scripts run.
func (b *browser) dress() error {
	viewport := []chromedp.EmulateViewportOption{}
	if b.touch {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2), chromedp.EmulatePortrait)
	}
	colours, motion := "light", "no-preference"
	if b.dark {
		colours = "dark"
	}
	if b.calm {
		motion = "reduce"
	}
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.EmulateViewport(b.width, b.height, viewport...))
	_, err2 := send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: motion},
	}})
	_, err3 := send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: b.noScript})
	return errors.Join(err, err2, err3)
}

// stepLimit is how long one thing may take on a busy machine; what it waits for mostly comes within milliseconds.
const stepLimit = 20 * time.Second

// send gives the tab one command of the DevTools protocol.
func send[P, R any](b *browser, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

func (b *browser) set(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// open goes to a path of the product, or to a whole address, and waits until it is loaded.
func (b *browser) open(path string) {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(path)); err != nil {
		b.fail("open %s: %v", path, err)
	}
}

// goes sets out for a path and does not wait: some pages are looked at while they load.
func (b *browser) goes(path string) {
	b.t.Helper()
	_, err := send(b, page.Navigate, page.NavigateParams{URL: b.base + path})
	b.set(err)
}

// reload loads the page again.
func (b *browser) reload() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepLimit)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Reload()); err != nil {
		b.fail("reload: %v", err)
	}
}

// online cuts this browser off from the network, or lets it back.
func (b *browser) online(on bool) {
	b.t.Helper()
	_, err := send(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	_, err2 := send(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1})
	b.set(errors.Join(err, err2))
}

// blocks keeps addresses with such endings from being fetched from now on; none without one.
func (b *browser) blocks(endings ...string) {
	b.t.Helper()
	rules := make([]*network.BlockPattern, len(endings))
	for i, ending := range endings {
		rules[i] = &network.BlockPattern{URLPattern: "*://*:*/*" + ending, Block: true}
	}
	_, err := send(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: rules})
	b.set(err)
}

// until asks again until it is so; a page that never gets there fails the test with what it shows.
func (b *browser) until(what string, done func() bool) {
	b.t.Helper()
	b.within(stepLimit, what, done)
}

func (b *browser) within(limit time.Duration, what string, done func() bool) {
	b.t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			b.fail("after %v still not: %s", limit, what)
		case <-tick.C:
		}
	}
}

// fail ends the test with what the person sees.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	name := strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name())
	picture := filepath.Join(os.TempDir(), "fairseat-failed-"+name+".png")
	if err := b.picture(picture); err != nil {
		picture = err.Error()
	}
	b.t.Fatalf("%s\nat %s, which shows:\n%s\npicture: %s", fmt.Sprintf(format, args...), b.at(), b.text("body"), picture)
}
