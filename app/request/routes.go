package request

import "github.com/labstack/echo/v4"

// Routes are the groups a module hangs its routes on; app/server.go makes them with their middleware.
type Routes struct {
	Root  *echo.Group // "": pages, tickets, health
	API   *echo.Group // "/api/v1": public
	Event *echo.Group // "/api/v1/events/:event": the event is resolved, no credential asked
	Place *echo.Group // the same path, with a valid place token (PlaceOf) whose admission, if any, slides
	Admin *echo.Group // "/api/v1/admin": signed-in staff
	// AdminEvent is "/api/v1/admin/events/:event": staff, and the event resolved.
	AdminEvent *echo.Group
	// Idempotent honours the Idempotency-Key header; put it on the POST routes that API.md names.
	Idempotent echo.MiddlewareFunc
}
