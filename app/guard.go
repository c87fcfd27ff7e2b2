package app

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// guarded is a group of routes behind middleware. Echo's own Group also claims every unknown path below its prefix for
// that middleware: it would ask for a sign-in where the answer is 404, and say 404 where it is 405.
type guarded struct {
	echo       *echo.Echo
	prefix     string
	middleware []echo.MiddlewareFunc
}

var _ request.Group = guarded{}

func guard(e *echo.Echo, prefix string, middleware ...echo.MiddlewareFunc) guarded {
	return guarded{e, prefix, middleware}
}

func (g guarded) add(method, path string, h echo.HandlerFunc, m []echo.MiddlewareFunc) *echo.Route {
	return g.echo.Add(method, g.prefix+path, chain(h, slices.Concat(g.middleware, m)...))
}

// chain puts middleware around a handler, the first outermost. Once: Echo would do it again for every request.
func chain(h echo.HandlerFunc, m ...echo.MiddlewareFunc) echo.HandlerFunc {
	for _, around := range slices.Backward(m) {
		h = around(h)
	}
	return h
}

func (g guarded) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return g.add(http.MethodGet, path, h, m)
}

func (g guarded) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return g.add(http.MethodPost, path, h, m)
}

func (g guarded) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return g.add(http.MethodPut, path, h, m)
}

func (g guarded) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return g.add(http.MethodPatch, path, h, m)
}

func (g guarded) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return g.add(http.MethodDelete, path, h, m)
}
