package plan

import (
	"maps"
	"strings"
)

// dress gives the elements of a drawing what its style sheets say of their classes. Of all that a sheet can say only
// "a.class, .other { … }" is read: that is how editors write the looks they share out. The drawing itself may stand before
// them, for then they mean all of it. False when that takes too much work.
func (f *svgFile) dress() bool {
	rules, whole := map[string]map[string]string{}, map[string]bool{"svg": true}
	for class := range strings.FieldsSeq(f.root.get("class")) {
		whole["."+class] = true
	}
	for _, e := range f.sheets {
		css := e.text.String()
		for {
			selectors, rest, ok := strings.Cut(css, "{")
			if !ok {
				break
			}
			body, after, ok := strings.Cut(rest, "}")
			if !ok {
				break
			}
			css = after
			looks := styles(stripComments(body))
			for selector := range strings.SplitSeq(stripComments(selectors), ",") {
				class, ok := oneClass(within(selector, whole))
				if !ok || len(rules) >= maxRules && rules[class] == nil {
					continue
				}
				if !f.spend(len(class) + copying*len(looks)) {
					return false
				}
				if rules[class] == nil {
					rules[class] = map[string]string{}
				}
				maps.Copy(rules[class], looks)
			}
		}
	}
	if len(rules) == 0 {
		return true
	}
	together := map[string]map[string]string{} // by the whole attribute: most elements share it
	for _, e := range f.classed {
		class := e.get("class")
		if !f.spend(1) {
			return false
		}
		sheet, known := together[class]
		if !known {
			for word := range strings.FieldsSeq(class) {
				if !f.spend(len(word) + copying*len(rules[word])) {
					return false
				}
				if rules[word] == nil {
					continue
				}
				if sheet == nil {
					sheet = map[string]string{}
				}
				maps.Copy(sheet, rules[word])
			}
			together[class] = sheet
		}
		e.sheet = sheet
	}
	return true
}

const (
	maxRules = 5000 // classes of the sheets that are read
	copying  = 8    // work to copy one property
)

// within is a selector without the whole drawing before it: ".section" of ".map .section".
func within(selector string, whole map[string]bool) string {
	if above, rest, inside := strings.Cut(strings.TrimSpace(selector), " "); inside && whole[above] {
		return rest
	}
	return selector
}

// oneClass is the class that a selector of nothing else names: ".st0", "circle.st0".
func oneClass(selector string) (string, bool) {
	name, class, ok := strings.Cut(strings.TrimSpace(selector), ".")
	if !ok || class == "" || strings.ContainsAny(name+class, " \t\r\n>+~:#[.*") {
		return "", false
	}
	return class, true
}

func stripComments(css string) string {
	var out strings.Builder
	for {
		before, rest, more := strings.Cut(css, "/*")
		if !more && out.Len() == 0 {
			return before
		}
		out.WriteString(before)
		if !more {
			return out.String()
		}
		_, css, _ = strings.Cut(rest, "*/")
	}
}
