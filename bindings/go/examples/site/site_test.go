package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"clientcert.dev/go/internal/pki"
)

// A person with Chromium and a certificate that nobody knows logs in by a password, registers it, and needs no password any more.
func TestAPersonWithABrowser(t *testing.T) {
	folder := t.TempDir()
	root := pki.New(t, "Root")
	pki.Write(t, folder+"/root.pem", root.PEM())
	certificate, key := root.Server().Files(folder, "server")
	address := start(t, folder, certificate, key)
	certificate, key = pki.SelfSigned(t, "me").Files(folder, "client")
	browser := startChromium(t, folder+"/root.pem", certificate, key)

	says := func(page, text string) {
		t.Helper()
		if !strings.Contains(page, text) {
			t.Fatalf("no %q: %s", text, page)
		}
	}
	says(browser.open(address), "Nobody is logged in.")
	says(browser.open(address+"vault"), "not registered")
	says(browser.open(address+"account"), "Log in")
	browser.fill("name", "alice")
	browser.fill("password", "looking-glass")
	says(browser.click("log-in"), "That is not your password.")
	browser.fill("name", "alice")
	browser.fill("password", "wonderland")
	page := browser.click("log-in")
	says(page, "You are alice, by password.")
	says(page, "not registered: CN=me")
	browser.fill("password", "wonderland")
	browser.fill("label", "Chromium")
	page = browser.click("register")
	says(page, "You are alice, by certificate.")
	says(page, "Chromium spki:sha256:")
	says(browser.open(address+"vault"), "Only a registered certificate opens this page.")
	says(browser.click("log-out"), "Nobody is logged in.")
	says(browser.open(address+"vault"), "logged out")
	says(browser.open(address+"log-in"), "With my certificate")
	says(browser.click("certificate"), "You are alice, by certificate.")
	says(browser.open(address+"vault"), "Only a registered certificate opens this page.")
}

// start builds and runs the site, as anybody would.
func start(t *testing.T, folder, certificate, key string) string {
	t.Helper()
	program := filepath.Join(folder, "site")
	run(t, "go", "build", "-o", program, ".")
	site := exec.Command(program, certificate, key, "sqlite:"+folder+"/users.db", "alice:wonderland")
	output := &lines{}
	site.Stdout, site.Stderr = output, output
	must(t, site.Start())
	t.Cleanup(func() {
		site.Process.Kill()
		site.Wait()
	})
	return output.wait(t, regexp.MustCompile(`(https://localhost:\d+/)`))
}

// lines are what a program has printed.
type lines struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(text)
}

// wait gives the group of a pattern as soon as it was printed.
func (l *lines) wait(t *testing.T, pattern *regexp.Regexp) string {
	t.Helper()
	for range 600 {
		l.lock.Lock()
		match := pattern.FindStringSubmatch(l.text.String())
		l.lock.Unlock()
		if match != nil {
			return match[1]
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s was not printed: %s", pattern, l.text.String())
	return ""
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, output)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
