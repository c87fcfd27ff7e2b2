package seating

import (
	"database/sql/driver"
	"strconv"
	"strings"
)

// ints, ids, texts and amounts pass a slice as one Postgres array; GORM would spread it over many placeholders.
type (
	ints    []int
	ids     []int64
	texts   []string
	amounts []*int64
)

// Value writes the array literal.
func (a ints) Value() (driver.Value, error) {
	return literal(len(a), func(i int) string { return strconv.Itoa(a[i]) }), nil
}

// Value writes the array literal.
func (a ids) Value() (driver.Value, error) {
	return literal(len(a), func(i int) string { return strconv.FormatInt(a[i], 10) }), nil
}

// Value writes the array literal, every element quoted.
func (a texts) Value() (driver.Value, error) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return literal(len(a), func(i int) string { return `"` + escape.Replace(a[i]) + `"` }), nil
}

// Value writes the array literal; nil is NULL.
func (a amounts) Value() (driver.Value, error) {
	return literal(len(a), func(i int) string {
		if a[i] == nil {
			return "NULL"
		}
		return strconv.FormatInt(*a[i], 10)
	}), nil
}

func literal(n int, element func(i int) string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(element(i))
	}
	b.WriteByte('}')
	return b.String()
}
