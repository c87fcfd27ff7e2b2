package app

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"fairseat/app/request"
)

// keptFor is how long a public page is sent as it is: the figures on it are as old by themselves.
const keptFor = time.Second

// keptPages are the public pages as last made, by path. At ten o'clock everyone asks for the same bytes, and writing and
// compressing them takes thirty times what sending them does.
type keptPages struct {
	mu    sync.Mutex
	pages map[string]*keptPage
}

type keptPage struct {
	made         time.Time
	of           any
	body, zipped []byte
	// renewing says that somebody is making it anew: meanwhile this one is good enough for everybody else.
	renewing atomic.Bool
}

func (k *keptPages) at(path string) *keptPage {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pages[path]
}

func (k *keptPages) keep(path string, p *keptPage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pages == nil {
		k.pages = map[string]*keptPage{}
	}
	k.pages[path] = p
}

// renderPublic answers with a page that is the same bytes for everyone and may be kept as control says. It is made when
// the last one of this path is a second old, or was made of something else than of, which is comparable. Only paths that
// lead to something come here, or strangers would fill the memory.
func (a *App) renderPublic(c echo.Context, name, control string, of any, gather func() (map[string]any, error)) error {
	path := c.Request().URL.Path
	page, now := a.public.at(path), a.clock.Now()
	if page == nil || ((page.of != of || now.Sub(page.made) >= keptFor) && page.renewing.CompareAndSwap(false, true)) {
		if page != nil {
			defer page.renewing.Store(false)
		}
		data, err := gather()
		if err != nil {
			return err
		}
		body, err := a.page(name, data)
		if err != nil {
			return err
		}
		page = &keptPage{made: now, of: of, body: body, zipped: request.Gzip(body)}
		a.public.keep(path, page)
	}
	c.Response().Header().Set(echo.HeaderCacheControl, control)
	return request.Zipped(c, http.StatusOK, echo.MIMETextHTMLCharsetUTF8, page.body, page.zipped)
}
