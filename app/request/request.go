// Package request is what every handler needs of the HTTP layer: strict decoding, and who and what a request is about.
package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/fault"
)

// What a body can be refused for.
var (
	ErrBadBody         = fault.New(fault.Bad, "bad-body", "The body is not the JSON object this address takes.")
	ErrUnsupportedType = fault.New(fault.Unsupported, "unsupported-type", "Send the body as application/json.")
	ErrTooLarge        = fault.New(fault.TooLarge, "too-large", "The body is larger than this address takes.")
)

// Decode reads a JSON body strictly into v: an unknown field, a second value or a wrong type is ErrBadBody. An empty
// body leaves v as it is, so that an optional body needs no special case.
func Decode(c echo.Context, v any) error {
	r := c.Request()
	if r.Body == http.NoBody {
		return nil
	}
	body, err := readBody(r)
	if err != nil {
		return BodyError(err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if kind := r.Header.Get(echo.HeaderContentType); kind == echo.MIMEApplicationJSON { // what nearly everyone says
		if string(body) == "{}" {
			return nil
		}
	} else if kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err != nil ||
		(kind != echo.MIMEApplicationJSON && !strings.HasSuffix(kind, "+json")) {
		return ErrUnsupportedType
	}
	if string(bytes.TrimSpace(body)) == "null" { // the decoder would take it for an empty object
		return ErrBadBody.Say("The body could not be read: it is a JSON null, not an object.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return ErrBadBody.Say("The body could not be read: " + sayWhy(err) + ".").Wrap(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrBadBody.Say("The body holds more than one JSON value.")
	}
	return nil
}

// readBody reads a body in one piece where it says how long it is, and is short: ReadAll would begin with half a kilobyte.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength <= 0 || r.ContentLength > 4<<10 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// sayWhy tells what is wrong with a body in the words of the one who wrote it, not of our types.
func sayWhy(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return wrong.Field + " cannot be a JSON " + wrong.Value
	case errors.As(err, &wrong):
		return "it is a JSON " + wrong.Value + ", not an object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends in the middle"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// BodyError names why a body could not be read.
func BodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return ErrTooLarge
	}
	var he *echo.HTTPError
	if errors.As(err, &he) && he.Code == http.StatusRequestEntityTooLarge {
		return ErrTooLarge
	}
	return ErrBadBody.Wrap(err)
}

// IsForm tells whether the body is a plain HTML form, which pages without script send.
func IsForm(c echo.Context) bool {
	header := c.Request().Header.Get(echo.HeaderContentType)
	if header == "" || header == echo.MIMEApplicationJSON {
		return false
	}
	kind, _, _ := mime.ParseMediaType(header)
	return kind == echo.MIMEApplicationForm || kind == echo.MIMEMultipartForm
}

// Event is the event a path names, set by the middleware of seating.
type Event struct {
	ID   int64
	Slug string
}

// Place is the place in line a request carries, set by the middleware of queue. Key ("d12", "t7") is unique in its
// event and is what other modules store; the token itself stays with queue.
type Place struct {
	EventID int64
	Key     string
}

// Staff is the account a request is signed in as, set by the middleware of staff.
type Staff struct {
	ID    int64
	Email string
	Role  string
}

// Bearer is the token of an Authorization header, or "".
func Bearer(c echo.Context) string {
	kind, token, ok := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

const (
	eventKey    = "fairseat.event"
	placeKey    = "fairseat.place"
	staffKey    = "fairseat.staff"
	identityKey = "fairseat.identity"
)

// SetEvent is for the middleware that resolves :event.
func SetEvent(c echo.Context, e Event) { c.Set(eventKey, e) }

// EventOf is the event of the path; the route's middleware has set it.
func EventOf(c echo.Context) Event { e, _ := c.Get(eventKey).(Event); return e }

// SetPlace is for the middleware that verifies place tokens.
func SetPlace(c echo.Context, p Place) { c.Set(placeKey, p) }

// PlaceOf is the place the request carries; false without one.
func PlaceOf(c echo.Context) (Place, bool) { p, ok := c.Get(placeKey).(Place); return p, ok }

// SetStaff is for the middleware that verifies staff sessions.
func SetStaff(c echo.Context, s Staff) { c.Set(staffKey, s) }

// StaffOf is who is signed in; false for nobody.
func StaffOf(c echo.Context) (Staff, bool) { s, ok := c.Get(staffKey).(Staff); return s, ok }

// SetIdentity names the credential in a stable way ("place:4/d12"), for the scope of idempotency keys.
func SetIdentity(c echo.Context, id string) { c.Set(identityKey, id) }

// IdentityOf is the credential's name, or "" for a stranger.
func IdentityOf(c echo.Context) string { id, _ := c.Get(identityKey).(string); return id }
