package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Things are found as a person names them: by role and accessible name, as Chromium itself computes them.

// js evaluates in the page and reads the value into out; it works with scripts switched off, too.
func (b *browser) js(expression string, out any) error { return b.jsIn(0, expression, out) }

// jsIn is js in another world of the page than its own.
func (b *browser) jsIn(world runtime.ExecutionContextID, expression string, out any) error {
	yes := true
	res, err := send(b, runtime.Evaluate, runtime.EvaluateParams{
		ContextID: world, Expression: expression, ReturnByValue: &yes, AwaitPromise: &yes, Silent: &yes,
	})
	if err != nil {
		return err
	}
	return value(res.Result, res.ExceptionDetails, out)
}

func value(got *runtime.RemoteObject, thrown *runtime.ExceptionDetails, out any) error {
	if thrown != nil {
		text := thrown.Text
		if thrown.Exception != nil {
			text += ": " + thrown.Exception.Description
		}
		return errors.New(text)
	}
	if out == nil || got == nil || len(got.Value) == 0 {
		return nil
	}
	return json.Unmarshal(got.Value, out)
}

// text is what an element says to the eye, spaces folded; "" while there is none.
func (b *browser) text(selector string) string {
	var text string
	quoted, _ := json.Marshal(selector)
	_ = b.js(`(document.querySelector(`+string(quoted)+`)?.innerText ?? "")`, &text) // a page that is just leaving says nothing
	return strings.Join(strings.Fields(text), " ")
}

// sees waits until the page says all of the words.
func (b *browser) sees(words ...string) {
	b.t.Helper()
	for _, word := range words {
		b.until(fmt.Sprintf("the page says %q", word), func() bool { return strings.Contains(b.text("body"), word) })
	}
}

// at is the path where the browser is, with its query.
func (b *browser) at() string {
	var at string
	_ = b.js("location.pathname+location.search", &at)
	return at
}

// arrives waits until the path begins with prefix and the page there is loaded.
func (b *browser) arrives(prefix string) {
	b.t.Helper()
	b.until("at "+prefix, func() bool {
		var ready bool
		return strings.HasPrefix(b.at(), prefix) && b.js(`document.readyState==="complete"`, &ready) == nil && ready
	})
}

// found is one thing on the page.
type found struct {
	id         cdp.BackendNodeID
	role, name string
	disabled   bool
}

func axText(v *accessibility.Value) string {
	var text string
	if v != nil {
		_ = json.Unmarshal(v.Value, &text)
	}
	return text
}

// all lists what has the role and a name that contains the words, as a screen reader meets it; without words, all.
func (b *browser) all(role, words string) []found {
	doc, err := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil || doc.Result == nil {
		return nil
	}
	tree, err := send(b, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: doc.Result.ObjectID, Role: role})
	if err != nil {
		return nil
	}
	var list []found
	for _, node := range tree.Nodes {
		f := found{id: node.BackendDOMNodeID, role: axText(node.Role), name: strings.Join(strings.Fields(axText(node.Name)), " ")}
		if node.Ignored || !strings.Contains(f.name, words) {
			continue
		}
		for _, p := range node.Properties {
			if p.Name == accessibility.PropertyNameDisabled && p.Value != nil {
				_ = json.Unmarshal(p.Value.Value, &f.disabled)
			}
		}
		if f.name == words { // the whole name goes before a part of one
			list = append([]found{f}, list...)
		} else {
			list = append(list, f)
		}
	}
	return list
}

// has says whether there is such a thing now.
func (b *browser) has(role, name string) bool { return len(b.all(role, name)) > 0 }

// on calls a function of the page with the thing as `this`.
func (b *browser) on(f found, function string, out any) error {
	node, err := send(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: f.id})
	if err != nil {
		return err
	}
	yes := true
	res, err := send(b, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: function, ObjectID: node.Object.ObjectID, ReturnByValue: &yes, AwaitPromise: &yes, Silent: &yes,
	})
	if err != nil {
		return err
	}
	return value(res.Result, res.ExceptionDetails, out)
}

// reach scrolls the thing into view and says where a finger meets it; not while it moves or something lies over it.
const reach = `async function() {
	this.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"});
	const box = this.getBoundingClientRect(), x = box.x + box.width/2, y = box.y + box.height/2;
	const top = document.elementFromPoint(x, y);
	const met = top && (this === top || this.contains(top) || top.closest("label")?.control === this);
	return {x, y, met: !!met && box.width > 0, over: top?.outerHTML.slice(0, 120) ?? ""};
}`

// aimed notes on the page whether the next finger that comes down meets the thing.
const aimed = `function() {
	window.met = false;
	addEventListener("pointerdown", ({ target }) => { window.met = this.contains(target) || target.closest?.("label")?.control === this; }, { capture: true, once: true });
}`

// click waits for the thing and clicks it, or taps it on a phone; where it moved away meanwhile, once more.
func (b *browser) click(role, name string) {
	b.t.Helper()
	for range 3 {
		at, x, y := b.finds(role, name)
		if b.on(at, aimed, nil) != nil {
			continue // it is not there any more
		}
		action := chromedp.MouseClickXY(x, y)
		if b.touch {
			action = chromedp.TapXY(x, y)
		}
		b.set(chromedp.Do(b.ctx, action))
		var missed bool
		if err := b.js(`window.met === false`, &missed); b.noScript || err != nil || !missed { // of another page nothing is known
			return
		}
	}
	b.t.Fatalf("%s %q moves away from every finger", role, name)
}

// finds waits until a thing lies still with nothing over it, and says where its middle is.
func (b *browser) finds(role, name string) (f found, x, y float64) {
	b.t.Helper()
	type spot struct {
		X, Y float64
		Met  bool
		Over string
	}
	var last, now spot
	b.until(fmt.Sprintf("%s %q can be clicked (over it: %s)", role, name, now.Over), func() bool {
		for _, f = range b.all(role, name) {
			if f.disabled || b.on(f, reach, &now) != nil || !now.Met {
				continue
			}
			still := now == last
			last = now
			return still
		}
		return false
	})
	return f, now.X, now.Y
}

// fill replaces what stands in a field.
func (b *browser) fill(label, text string) {
	b.t.Helper()
	var field found
	b.until(fmt.Sprintf("a field %q", label), func() bool {
		for _, role := range []string{"textbox", "spinbutton", "searchbox", "combobox"} {
			if list := b.all(role, label); len(list) > 0 {
				field = list[0]
				return b.on(field, `function() { this.focus(); this.select?.(); }`, nil) == nil
			}
		}
		return false
	})
	b.write(text)
}

// write types into what has the focus.
func (b *browser) write(text string) {
	b.t.Helper()
	_, err := send(b, input.InsertText, input.InsertTextParams{Text: text})
	b.set(err)
}

var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Space": " ", "Escape": kb.Escape, "Home": kb.Home, "End": kb.End,
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight, "+": "+", "-": "-", "0": "0",
}

// press presses keys by name, one after another; "Shift+Tab" goes back.
func (b *browser) press(names ...string) {
	b.t.Helper()
	for _, name := range names {
		plain, shift := strings.CutPrefix(name, "Shift+")
		key, known := keys[plain]
		if !known {
			b.t.Fatalf("no key %s", name)
		}
		var modifiers []chromedp.KeyOption
		if shift {
			modifiers = append(modifiers, chromedp.KeyModifiers(chromedp.ModifierShift))
		}
		b.set(chromedp.Do(b.ctx, chromedp.KeyEvent(key, modifiers...)))
	}
}

// focused is what has the focus, and whether that can be seen.
func (b *browser) focused() (f found, visible bool) {
	el, err := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.activeElement"})
	if err != nil || el.Result == nil || el.Result.ObjectID == "" {
		return f, false
	}
	tree, err := send(b, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: el.Result.ObjectID})
	if err != nil {
		return f, false
	}
	for _, node := range tree.Nodes {
		if !node.Ignored {
			f = found{id: node.BackendDOMNodeID, role: axText(node.Role), name: strings.Join(strings.Fields(axText(node.Name)), " ")}
			break
		}
	}
	_ = b.js(`(() => { const s = getComputedStyle(document.activeElement);
		return (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none"; })()`, &visible)
	return f, visible
}

// tabTo goes with the Tab key alone to the thing, and fails when one stop on the way cannot be seen.
func (b *browser) tabTo(role, name string) {
	b.t.Helper()
	var passed []string
	for stops, rounds := 0, 0; stops < 400 && rounds < 3; stops++ {
		b.press("Tab")
		f, visible := b.focused()
		if f.role == "RootWebArea" || f.role == "" { // past the end: around again
			rounds++
			continue
		}
		if !visible {
			b.fail("the focus on %s %q cannot be seen", f.role, f.name)
		}
		if f.role == role && strings.Contains(f.name, name) {
			return
		}
		passed = append(passed, f.role+" "+f.name)
	}
	b.fail("Tab never came to %s %q; it passed %s", role, name, strings.Join(passed, " · "))
}
