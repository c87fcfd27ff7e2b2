package app

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// isLoopback tells whether a host names this machine and nothing else.
func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// oneLoopback sends a browser that came by another name of this machine to the public one: cookies belong to a name, and
// who joined at localhost would come back from paying at 127.0.0.1 as a stranger. Programs under /api are left alone.
func oneLoopback(publicURL string) echo.MiddlewareFunc {
	public, err := url.Parse(publicURL)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if err != nil || !isLoopback(public.Hostname()) {
			return next
		}
		return func(c echo.Context) error {
			r := c.Request()
			if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/api/") || !strings.Contains(r.Header.Get(echo.HeaderAccept), "text/html") {
				return next(c)
			}
			host := (&url.URL{Host: r.Host}).Hostname()
			if isLoopback(host) && host != public.Hostname() && (&url.URL{Host: r.Host}).Port() == public.Port() {
				return c.Redirect(http.StatusFound, public.Scheme+"://"+public.Host+r.URL.RequestURI())
			}
			return next(c)
		}
	}
}
