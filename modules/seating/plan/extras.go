package plan

import (
	"math"
	"net/url"
	"strconv"
	"strings"
)

// extras are what the schema of pretix has no member for. They stand in the uuid of a seat, row or area, which is a text
// to the schema, as "fairseat:accessible=1&note=behind+a+pillar#seat-12"; the part after # keeps it unique, as uuids must
// be. An element without extras has no uuid.
//
//	seat  accessible=1, companion_of=<seat_guid>, note=<text>
//	row   table=1
//	area  width, height, radius, size=<px>: the exact value of what the file rounds
type extras map[string]string

const extrasPrefix = "fairseat:"

func (e extras) uuid(unique string) string {
	if len(e) == 0 {
		return ""
	}
	values := url.Values{}
	for name, value := range e {
		values.Set(name, value)
	}
	return extrasPrefix + values.Encode() + "#" + unique
}

// readExtras gives the extras of a uuid, none if it is but a uuid.
func readExtras(uuid string) extras {
	rest, ours := strings.CutPrefix(uuid, extrasPrefix)
	if !ours || len(rest) > maxCell {
		return nil
	}
	if i := strings.LastIndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	values, err := url.ParseQuery(rest)
	if err != nil {
		return nil
	}
	e := extras{}
	for name := range values {
		e[name] = values.Get(name)
	}
	return e
}

// exact is the value that the file rounds, unless somebody changed it there since.
func (e extras) exact(name string, rounded float64) float64 {
	v, err := strconv.ParseFloat(e[name], 64)
	if err != nil || math.Round(v) != rounded {
		return rounded
	}
	return v
}
