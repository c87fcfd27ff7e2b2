package request

import "github.com/labstack/echo/v4"

// Group is a set of routes under one prefix and one guard. An *echo.Group is one too.
type Group interface {
	GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
}

// Routes are the groups a module hangs its routes on; app/build.go makes them with their middleware.
type Routes struct {
	Root  Group // "": pages, tickets, health
	API   Group // "/api/v1": public
	Event Group // "/api/v1/events/:event": the event is resolved, no credential asked
	Place Group // the same path, with a valid place token (PlaceOf) whose admission, if any, slides
	Still Group // as Place, but the admission does not slide by itself: the route sees to it
	Admin Group // "/api/v1/admin": signed-in staff
	// AdminEvent is "/api/v1/admin/events/:event": staff, and the event resolved.
	AdminEvent Group
	// Idempotent honours the Idempotency-Key header; put it on the POST routes that API.md names.
	Idempotent echo.MiddlewareFunc
}
