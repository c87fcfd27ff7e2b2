package app_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairseat/app/testkit"
)

// nginxFile is what docs/caching.md tells operators to use; the tests use the very same.
const nginxFile = "../docs/cache/nginx.conf"

// startNginx runs Debian's nginx with our file in front of an address, until the test ends. It gives its own address.
func startNginx(t testing.TB, front, behind string) (base string) {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx" // not on every user's path
	}
	config, err := os.ReadFile(nginxFile)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "fairseat-nginx-")
	if err != nil {
		t.Fatal(err)
	}
	text := string(config)
	for old, own := range map[string]string{
		"server 127.0.0.1:8080;": "server " + behind + ";", "listen 80;": "listen " + front + ";",
		"/var/cache/nginx/fairseat": filepath.Join(dir, "kept"),
	} {
		if strings.Count(text, old) != 1 {
			t.Fatalf("%s does not hold %q once", nginxFile, old)
		}
		text = strings.Replace(text, old, own, 1)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	main := "daemon off;\nworker_processes 1;\npid " + filepath.Join(dir, "pid") + ";\nevents { worker_connections 4096; }\nhttp {\naccess_log off;\n"
	if me.Uid == "0" {
		main = "user root;\n" + main // its workers must reach the folder
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += fmt.Sprintf("%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(main+text+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-p", dir, "-c", file, "-e", "stderr")
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start nginx (make test-deps installs it): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		said.Close()
		if t.Failed() {
			text, _ := os.ReadFile(said.Name())
			t.Logf("nginx said:\n%s", text)
		}
		_ = os.RemoveAll(dir)
	})
	base = "http://" + front
	testkit.Eventually(t, 10*time.Second, "nginx answers", func() bool {
		res, err := http.Get(base + "/healthz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return true
	})
	return base
}

// behindNginx is the product as the world sees it through a cache. process.base still leads past the cache.
func behindNginx(t testing.TB) (p *process, front string) {
	t.Helper()
	addr := freeAddr(t)
	p = startProcess(t, "FAIRSEAT_HTTP__PUBLIC_URL=http://"+addr, "FAIRSEAT_HTTP__TRUSTED_PROXIES=127.0.0.1/32")
	return p, startNginx(t, addr, p.addr)
}
