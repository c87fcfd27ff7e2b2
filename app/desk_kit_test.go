package app_test

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// organiser is somebody at the desk with a browser that runs no script.
type organiser struct {
	t    *testing.T
	base string
	http http.Client
	page string // as last seen
	path string
}

func newOrganiser(t *testing.T, base string) *organiser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &organiser{t: t, base: base, http: http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// send does one request, follows where it leads, and fails unless the page there has the status.
func (o *organiser) send(status int, req *http.Request) {
	o.t.Helper()
	req.Header.Set("Accept", "text/html")
	res, err := o.http.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	o.page, o.path = string(body), res.Request.URL.Path
	if res.StatusCode != status {
		o.t.Fatalf("%s %s: want %d, got %d at %s: %s", req.Method, req.URL, status, res.StatusCode, o.path, o.text())
	}
	if strings.HasPrefix(o.path, "/admin") && !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		o.t.Errorf("%s may be kept: %q", o.path, res.Header.Get("Cache-Control"))
	}
}

func (o *organiser) open(path string) {
	o.t.Helper()
	req, err := http.NewRequest("GET", o.base+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	o.send(200, req)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf is what the forms of the page carry.
func (o *organiser) csrf() string {
	o.t.Helper()
	found := csrfField.FindStringSubmatch(o.page)
	if found == nil {
		o.t.Fatalf("%s has no form of somebody signed in: %s", o.path, o.text())
	}
	return found[1]
}

// post sends a form of the page; pairs are name, value.
func (o *organiser) post(status int, path string, pairs ...string) {
	o.t.Helper()
	form := neturl.Values{}
	if csrfField.MatchString(o.page) {
		form.Set("csrf", o.csrf())
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest("POST", o.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	o.send(status, req)
}

// upload sends a plan file by the form.
func (o *organiser) upload(status int, name string, file []byte) {
	o.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("csrf", o.csrf()) // a Buffer takes everything
	part, _ := form.CreateFormFile("plan", name)
	_, _ = part.Write(file)
	_ = form.Close()
	req, err := http.NewRequest("POST", o.base+"/admin/plans", &body)
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	o.send(status, req)
}

var tags = regexp.MustCompile(`<[^>]*>`)

func (o *organiser) text() string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(o.page, " "))), " ")
}

func (o *organiser) sees(words ...string) {
	o.t.Helper()
	for _, w := range words {
		if !strings.Contains(o.text(), w) && !strings.Contains(html.UnescapeString(o.page), w) {
			o.t.Fatalf("%s does not say %q: %s", o.path, w, o.text())
		}
	}
}

// at fails unless one has been led there.
func (o *organiser) at(path string) {
	o.t.Helper()
	if o.path != path {
		o.t.Fatalf("led to %s, not to %s: %s", o.path, path, o.text())
	}
}

func (o *organiser) signIn(password string, status int) {
	o.t.Helper()
	o.post(status, "/admin/session", "email", ownerEmail, "password", password, "next", "/admin/log?before=7")
}
