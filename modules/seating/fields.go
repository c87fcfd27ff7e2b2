package seating

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"fairseat/app/fault"
)

// absent tells a member that is not there, or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// strict reads one JSON object without unknown members.
func strict(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// integer reads a JSON number that is whole, however large: the type of the field would make it a syntax error.
func integer(raw json.RawMessage) (int, error) { return strconv.Atoi(string(raw)) }

// number reads a whole number between least and most into to; nothing there leaves it as it is.
func number(fields fault.Fields, name string, raw json.RawMessage, to *int, least, most int) {
	if len(raw) == 0 {
		return
	}
	n, err := integer(raw)
	if err != nil || n < least || n > most {
		fields[name] = fmt.Sprintf("is a whole number from %d to %d", least, most)
		return
	}
	*to = n
}

// moment reads an RFC 3339 time into to, to the millisecond; null makes it nil, nothing there leaves it as it is.
func moment(fields fault.Fields, name string, raw json.RawMessage, to **time.Time) {
	switch {
	case len(raw) == 0:
	case string(raw) == "null":
		*to = nil
	default:
		var text string
		var t time.Time
		err := json.Unmarshal(raw, &text)
		if err == nil {
			t, err = time.Parse(time.RFC3339Nano, text)
		}
		if err != nil {
			fields[name] = "is no RFC 3339 time, such as 2027-05-01T18:00:00Z"
			return
		}
		if t.Year() < 2000 || t.Year() > 9000 {
			fields[name] = "is a time between the years 2000 and 9000"
			return
		}
		t = t.UTC().Truncate(time.Millisecond)
		*to = &t
	}
}
