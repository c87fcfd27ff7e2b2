package app_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fairseat/app/testkit"
)

// budget holds the pages to LOOK.md's weights, as they go over the wire.
func (s *stage) budget(t *testing.T) {
	t.Run("first page", func(t *testing.T) {
		page, parts := weigh(t, s.base, "/events/gala", false)
		if total := page + sum(parts); total > 14<<10 {
			t.Errorf("the first page weighs %d bytes, %d of HTML and %v", total, page, parts)
		} else {
			t.Logf("first page: %d bytes, %d of them HTML, the rest %v", total, page, parts)
		}
	})
	t.Run("seat page", func(t *testing.T) {
		_, parts := weigh(t, s.base, "/events/gala/seats", true)
		if total := sum(parts); total > 100<<10 {
			t.Errorf("script and style of the seat page weigh %d bytes: %v", total, parts)
		} else {
			t.Logf("seat page: %d bytes of script and style", total)
		}
	})
}

func sum(parts map[string]int) (total int) {
	for _, n := range parts {
		total += n
	}
	return total
}

var (
	tagged  = regexp.MustCompile(`<(link|script)\b[^>]*>`)
	address = regexp.MustCompile(`\b(?:href|src)="(/assets/[^"]+)"`)
	static  = regexp.MustCompile(`(?:\bfrom\s*|\bimport\s*)['"](/assets/[^'"]+\.js)['"]`)
	dynamic = regexp.MustCompile(`\bimport\(\s*['"](/assets/[^'"]+\.js)['"]`)
)

// weigh fetches a page and all the style and script that it names, and what those import; lazily imported modules count
// where lazy is set. Sizes are of the bytes that cross the wire.
func weigh(t *testing.T, base, from string, lazy bool) (page int, parts map[string]int) {
	t.Helper()
	page, html := fetchZipped(t, base+from)
	parts = map[string]int{}
	var next []string
	for _, tag := range tagged.FindAllString(html, -1) {
		if m := address.FindStringSubmatch(tag); m != nil && (strings.HasSuffix(m[1], ".css") || strings.HasSuffix(m[1], ".js")) {
			next = append(next, m[1])
		}
	}
	if len(next) == 0 {
		t.Fatalf("%s names no style and no script", from)
	}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if _, seen := parts[path.Base(name)]; seen {
			continue
		}
		size, body := fetchZipped(t, base+name)
		parts[path.Base(name)] = size
		found := static.FindAllStringSubmatch(body, -1)
		if lazy {
			found = append(found, dynamic.FindAllStringSubmatch(body, -1)...)
		}
		for _, m := range found {
			next = append(next, m[1])
		}
	}
	return page, parts
}

// fetchZipped reads an address as a browser does: it accepts gzip, and unpacks what is.
func fetchZipped(t *testing.T, url string) (size int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("Accept", "text/html,*/*")
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, res.StatusCode, err)
	}
	if res.Header.Get("Content-Encoding") != "gzip" {
		return len(raw), string(raw)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return len(raw), string(plain)
}

// public checks that public pages are the same bytes for everyone: a cache may stand before them, and no page says who asks.
func (s *stage) public(t *testing.T) {
	f := s.enters("shop", "Cookie Bearer")
	signedIn := newClient(s.base)
	session := signedIn.must(t, 201, "POST", "/api/v1/admin/session", object{"email": ownerEmail, "password": ownerPassword}, nil)
	cookies := "fs_place_shop=" + f.bearer + "; fs_place_gala=forged"
	for _, line := range session.Header.Values("Set-Cookie") {
		cookies += "; " + strings.SplitN(line, ";", 2)[0]
	}
	for _, path := range []string{"/", "/events/shop", "/events/shop/seats", "/events/shop/verify", "/events/gala/verify", "/problems/seats-taken", "/api/v1/events/shop", "/api/v1/events/shop/queue/now"} {
		t.Run(path, func(t *testing.T) {
			var stranger, known answer
			clock := regexp.MustCompile(`"(now|poll_after_ms)":("[^"]*"|\d+)`) // what differs between two moments
			// The line of this sale still moves between two requests: once it has settled they are the same.
			testkit.Eventually(t, stepLimit, path+" is the same for both", func() bool {
				stranger = newClient(s.base).must(t, 200, "GET", path, nil, nil, "Accept", "text/html,*/*")
				known = newClient(s.base).must(t, 200, "GET", path, nil, nil, "Accept", "text/html,*/*", "Cookie", cookies)
				return bytes.Equal(clock.ReplaceAll(stranger.Body, nil), clock.ReplaceAll(known.Body, nil))
			})
			for _, a := range []answer{stranger, known} {
				control := a.Header.Get("Cache-Control")
				varies := slices.ContainsFunc(a.Header.Values("Vary"), func(v string) bool { return strings.Contains(strings.ToLower(v), "cookie") })
				if len(a.Header.Values("Set-Cookie")) > 0 || varies || !strings.Contains(control, "public") {
					t.Errorf("headers: %v", a.Header)
				}
			}
		})
	}
}
