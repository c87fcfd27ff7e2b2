package seating

import (
	"encoding/json"

	"fairseat/app/fault"
)

// lanes reads the member queue.lanes of a request; whether such lanes can be is for whoever keeps the line to say.
func (r *eventRequest) lanes(fields fault.Fields) []Lane {
	var q struct{ Lanes json.RawMessage }
	if json.Unmarshal(r.Queue, &q) != nil || absent(q.Lanes) {
		return nil // line says what is wrong with the whole
	}
	var asked []json.RawMessage
	if json.Unmarshal(q.Lanes, &asked) != nil {
		fields["queue.lanes"] = "is a list of objects of name and share"
		return nil
	}
	lanes := make([]Lane, len(asked))
	for i, raw := range asked {
		lane := struct {
			Name  *string         `json:"name"`
			Share json.RawMessage `json:"share"`
		}{Name: &lanes[i].Name}
		if strict(raw, &lane) != nil || lanes[i].Name == "" || len(lane.Share) == 0 {
			fields["queue.lanes"] = "is a list of objects of name and share"
			return nil
		}
		number(fields, "queue.lanes", lane.Share, &lanes[i].Share, 1, 90)
	}
	return lanes
}
