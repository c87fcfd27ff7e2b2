package app

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"fairseat/app/colour"
	"fairseat/app/request"
	"fairseat/modules/checkout/document"
)

// pageRoutes are the bundled pages: they say the same as the API, to people, before any script runs.
func (a *App) pageRoutes(r request.Routes) {
	a.eventPages(r)
	a.joinPages(r)
	a.placePages(r)
	a.seatsPages(r)
	a.checkoutPages(r)
	a.orderPages(r)
	a.deskPages(r)
	r.Root.GET("/problems/:code", a.problemPage)
	r.Root.GET("/assets/:name", a.asset)
	r.Root.GET("/favicon.ico", a.icon)
}

const kindCSS = "text/css; charset=utf-8"

// asset answers /assets/:name: files under names made of their content, the ticket's style, and accents.
func (a *App) asset(c echo.Context) error {
	name := c.Param("name")
	if kind, body, zipped, ok := a.pages.Asset(name); ok {
		c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
		return request.Zipped(c, http.StatusOK, kind, body, zipped)
	}
	if "/assets/"+name == document.StylePath {
		// Its name does not change with its content: an old one must not stand beside new pages for long.
		c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=60")
		return c.Blob(http.StatusOK, kindCSS, document.Style())
	}
	if digits, ok := strings.CutPrefix(name, "accent-"); ok {
		accent, err := colour.Parse("#" + strings.TrimSuffix(digits, ".css"))
		if err != nil || !strings.HasSuffix(digits, ".css") {
			return errNotFound
		}
		c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
		return c.Blob(http.StatusOK, kindCSS, accent.CSS())
	}
	return errNotFound
}

// icon answers /favicon.ico, which browsers ask for on pages that name no icon: tickets and the processor's.
func (a *App) icon(c echo.Context) error {
	path, err := a.pages.Address("shared/icon.svg")
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=86400")
	return c.Redirect(http.StatusFound, path)
}

// accentPath is the style sheet of an event's colour, or "" for the house's own.
func accentPath(accent string) string {
	if accent == "" {
		return ""
	}
	return "/assets/accent-" + strings.TrimPrefix(accent, "#") + ".css"
}

// page writes a page whole, so that a failing template becomes a problem and not half a page.
func (a *App) page(name string, data map[string]any) ([]byte, error) {
	data["Test"] = a.config.Mode == "trial"
	var page bytes.Buffer
	err := a.pages.Render(&page, name, data)
	return page.Bytes(), err
}

// render answers with a page for one person, which nobody keeps.
func (a *App) render(c echo.Context, status int, name string, data map[string]any) error {
	if c.Request().Method == http.MethodPost {
		data["Here"] = a.here(c.Request().URL.Path)
	}
	page, err := a.page(name, data)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c.HTMLBlob(status, page)
}

// here is the page that a form stood on which was sent to a path: that path, or the nearest above it that can be opened. What a
// form was answered with is kept by nobody, so that going back to it would show the browser's own error; web/shared/here.js
// gives it this address instead.
func (a *App) here(path string) string {
	for ; len(path) > 1; path = path[:strings.LastIndexByte(path, '/')] {
		form := a.echo.NewContext(nil, nil)
		a.echo.Router().Find(http.MethodGet, path, form)
		if at := form.Path(); at != "" && !strings.Contains(at, "*") && slices.ContainsFunc(a.echo.Routes(), func(r *echo.Route) bool { return r.Method == http.MethodGet && r.Path == at }) {
			return path
		}
	}
	return "/"
}

// problemPage is what the type of a problem document points at.
func (a *App) problemPage(c echo.Context) error {
	code := c.Param("code")
	if !a.contract.codes[code] { // a page is not made of whatever stands in the address
		return errNotFound
	}
	return a.renderPublic(c, "problem/page", "public, max-age=3600", nil, func() (map[string]any, error) {
		return map[string]any{
			"Title": title(code), "ID": "",
			"Detail": "An answer with the code “" + code + "” says in its detail what happened and what to do. All codes stand in /api/openapi.json.",
		}, nil
	})
}
