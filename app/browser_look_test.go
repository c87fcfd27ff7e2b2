package app_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// listen collects what the page complains of: exceptions, console.error and warn, what the CSP stopped, files that are
// missing. That the API refuses something is no complaint; that it breaks is one.
func (b *browser) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += ": " + e.ExceptionDetails.Exception.Description
		}
		b.complain(text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var said []string
			for _, arg := range e.Args {
				said = append(said, string(arg.Value)+arg.Description)
			}
			b.complain("console." + string(e.Type) + ": " + strings.Join(said, " "))
		}
	case *log.EventEntryAdded:
		entry := e.Entry
		refusal := entry.Source == log.EntrySourceNetwork && strings.Contains(entry.URL, "/api/") && strings.Contains(entry.Text, "status of 4")
		if strings.HasSuffix(entry.URL, "/favicon.ico") { // the browser's own wish, not the page's
			return
		}
		if strings.Contains(entry.Text, "WebSocket is closed before the connection is established") { // the page was left meanwhile
			return
		}
		if (entry.Level == log.EntryLevelError || entry.Level == log.EntryLevelWarning) && !refusal {
			b.complain(fmt.Sprintf("%s: %s (%s)", entry.Source, entry.Text, entry.URL))
		}
	}
}

func (b *browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// excuse lets complaints pass that contain one of the words: a story that cuts the line expects them.
func (b *browser) excuse(words ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.excused = append(b.excused, words...)
}

// checkConsole fails the test for every complaint that was not excused, and forgets them.
func (b *browser) checkConsole() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
complaints:
	for _, complaint := range b.complaints {
		for _, words := range b.excused {
			if strings.Contains(complaint, words) {
				continue complaints
			}
		}
		b.t.Errorf("the console says: %s", complaint)
	}
	b.complaints = nil
}

// shot writes a picture of the whole page: of a screen so high that all of it fits, as what sticks to an edge would
// otherwise lie across the middle.
func (b *browser) shot(file string) {
	b.t.Helper()
	var height float64
	b.set(b.js("document.documentElement.scrollHeight", &height))
	screen := b.height
	b.height = max(screen, int64(height))
	if b.set(b.dress()); !b.noScript { // a canvas is drawn anew
		b.set(b.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))", nil))
	}
	if err := b.picture(file); err != nil {
		b.t.Fatalf("picture %s: %v", file, err)
	}
	b.height = screen
	b.set(b.dress())
}

// picture takes a PNG, or whatever else the file's name asks for.
func (b *browser) picture(file string) error {
	params := page.CaptureScreenshotParams{}
	switch filepath.Ext(file) {
	case ".jpg":
		quality := int64(82)
		params.Format, params.Quality = page.CaptureScreenshotFormatJpeg, &quality
	case ".webp":
		quality := int64(82)
		params.Format, params.Quality = page.CaptureScreenshotFormatWebp, &quality
	}
	res, err := send(b, page.CaptureScreenshot, params)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, res.Data, 0o644)
}

// fits fails when the page is wider than the screen: somebody would have to scroll sideways.
func (b *browser) fits() {
	b.t.Helper()
	var wide struct {
		Width int64
		Over  []string
	}
	measure := `(() => {
		const width = document.documentElement.scrollWidth, over = [];
		if (width > ` + fmt.Sprint(b.width) + `) for (const e of document.querySelectorAll("body *"))
			if (e.getBoundingClientRect().right > ` + fmt.Sprint(b.width) + ` + 0.5 && over.length < 5) over.push(e.outerHTML.slice(0, 100));
		return {width, over};
	})()`
	b.until("there is a page to measure", func() bool { return b.js(measure, &wide) == nil })
	if wide.Width > b.width {
		b.t.Errorf("%s is %d px wide on a screen of %d: %s", b.at(), wide.Width, b.width, strings.Join(wide.Over, "\n  "))
	}
}

// touches fails for everything to press that is less than 44 px high or wide, as LOOK.md asks, or lies under something else.
// A link in a sentence is excused, and a tick whose label can be pressed.
func (b *browser) touches() {
	b.t.Helper()
	var small []string
	b.set(b.js(`(() => {
		const small = [];
		const root = document.querySelector("dialog:modal") ?? document; // all else is out of reach while it asks
		for (const e of root.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
			if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest(".visually-hidden, [inert]")) continue;
			const target = /^(checkbox|radio)$/.test(e.type) && e.labels?.[0] || e;
			target.scrollIntoView({block: "center", behavior: "instant"});
			const {left, top, width, height} = target.getBoundingClientRect(), middle = [left + width / 2, top + height / 2];
			const covered = [[left + 3, middle[1]], [left + width - 3, middle[1]], [middle[0], top + 3], [middle[0], top + height - 3]]
				.map(([x, y]) => document.elementFromPoint(x, y)).find((hit) => hit && !target.contains(hit) && !hit.contains(target));
			if (covered) small.push("under " + covered.outerHTML.slice(0, 60) + ": " + e.outerHTML.slice(0, 120));
			if (width <= 1 || (width >= 43.5 && height >= 43.5)) continue;
			const said = [...(e.parentElement?.childNodes ?? [])].filter((n) => n !== e && n.nodeType === 3).map((n) => n.data).join("").trim();
			if (getComputedStyle(e).display === "inline" && said) continue;
			if (getComputedStyle(e, "::after").position === "absolute") continue; // lies over its whole card
			small.push(Math.round(width) + " × " + Math.round(height) + ": " + e.outerHTML.slice(0, 120));
		}
		scrollTo({top: 0, behavior: "instant"});
		return small;
	})()`, &small))
	for _, s := range small {
		b.t.Errorf("hard to press at %s: %s", b.at(), s)
	}
}

//go:embed testdata/axe/axe.min.js
var axeSource string

// axe fails the test for every violation that axe-core finds on the page as it stands, of the named rules or of all. It
// runs in a world of its own, where neither the page's CSP nor its scripts meet it; on a page without script, scripts are
// let in first. Such a page may refresh itself, for it has no other way to call somebody whose turn it is: then the new one
// is judged.
func (b *browser) axe(rules ...string) {
	b.t.Helper()
	if b.noScript {
		_, err := send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		b.set(err)
		defer func() {
			_, err := send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			b.set(err)
		}()
	}
	options := object{"resultTypes": []string{"violations"}, "rules": object{"meta-refresh": object{"enabled": !b.noScript}}}
	if len(rules) > 0 {
		options = object{"resultTypes": []string{"violations"}, "runOnly": rules}
	}
	asked, err := json.Marshal(options)
	b.set(err)
	violations, err := b.violations(string(asked))
	for tries := 1; b.noScript && tries < 5 && left(err); tries++ {
		violations, err = b.violations(string(asked))
	}
	b.set(err)
	for _, v := range violations {
		b.t.Errorf("axe at %s: %s", b.at(), v)
	}
}

// left tells whether a page went away while it was asked.
func left(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "Cannot find context") ||
		strings.Contains(err.Error(), "context was destroyed"))
}

// violations asks axe-core about the page, with its options as JSON.
func (b *browser) violations(options string) (found []string, err error) {
	frames, err := send(b, page.GetFrameTree, struct{}{})
	if err != nil {
		return nil, err
	}
	world, err := send(b, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frames.FrameTree.Frame.ID, WorldName: "axe"})
	if err != nil {
		return nil, err
	}
	var there bool
	if err := b.jsIn(world.ExecutionContextID, `typeof axe !== "undefined"`, &there); err != nil {
		return nil, err
	}
	if !there {
		if err := b.jsIn(world.ExecutionContextID, axeSource+"\n;0", nil); err != nil {
			return nil, err
		}
	}
	err = b.jsIn(world.ExecutionContextID, `new Promise((ready) => (document.readyState === "complete" ? ready() : addEventListener("load", ready)))
		.then(() => axe.run(document, `+options+`)).then(r => r.violations.map(v =>
		v.id + " (" + v.impact + "): " + v.help + "\n" + v.nodes.slice(0, 5).map(n => "    " + n.html.slice(0, 160) + "\n      " +
		(n.failureSummary ?? "").replaceAll("\n", "\n      ")).join("\n")))`, &found)
	return found, err
}
