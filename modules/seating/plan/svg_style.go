package plan

import (
	"maps"
	"strings"
)

// dress gives the elements of a drawing what its style sheets say of their classes. Of all that a sheet can say only
// "a.class, .other { … }" is read: that is how editors write the looks they share out.
func (f *svgFile) dress() {
	rules := map[string]map[string]string{}
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
			for selector := range strings.SplitSeq(stripComments(selectors), ",") {
				if class, ok := oneClass(selector); ok && len(rules) < maxRules {
					if rules[class] == nil {
						rules[class] = map[string]string{}
					}
					maps.Copy(rules[class], styles(stripComments(body)))
				}
			}
		}
	}
	if len(rules) == 0 {
		return
	}
	together := map[string]map[string]string{} // by the whole attribute: most elements share it
	for _, e := range f.classed {
		class := e.get("class")
		sheet, known := together[class]
		if !known {
			for word := range strings.FieldsSeq(class) {
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
}

// maxRules is how many classes of the sheets are read.
const maxRules = 5000

// oneClass is the class that a selector of nothing else names: ".st0", "circle.st0".
func oneClass(selector string) (string, bool) {
	name, class, ok := strings.Cut(strings.TrimSpace(selector), ".")
	if !ok || class == "" || strings.ContainsAny(name+class, " \t\r\n>+~:#[.*") {
		return "", false
	}
	return class, true
}

func stripComments(css string) string {
	for {
		before, rest, ok := strings.Cut(css, "/*")
		if !ok {
			return css
		}
		_, after, _ := strings.Cut(rest, "*/")
		css = before + after
	}
}
