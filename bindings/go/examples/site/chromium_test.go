package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// chromium is a browser of its own home, driven by chromedriver (W3C WebDriver over HTTP).
type chromium struct {
	t       *testing.T
	session string
}

// policy has Chromium choose a certificate without asking.
const policy = `{"AutoSelectCertificateForUrls": ["{\"pattern\": \"https://[*.]localhost\", \"filter\": {}}"]}`

// startChromium starts one that trusts a CA, and has a client's certificate. Its home has the database of NSS, where Chromium keeps them.
func startChromium(t *testing.T, root, certificate, key string) *chromium {
	t.Helper()
	// Chromium takes policies from this folder alone, which root may write.
	file := fmt.Sprintf("/etc/chromium/policies/managed/zz-clientcert-go-%d.json", os.Getpid())
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, []byte(policy), 0o644))
	t.Cleanup(func() { os.Remove(file) })

	home := t.TempDir()
	database, bundle := filepath.Join(home, ".pki/nssdb"), filepath.Join(home, "client.p12")
	must(t, os.MkdirAll(database, 0o700))
	run(t, "certutil", "-N", "--empty-password", "-d", "sql:"+database)
	run(t, "certutil", "-A", "-n", "ca", "-t", "C,,", "-d", "sql:"+database, "-i", root)
	run(t, "openssl", "pkcs12", "-export", "-name", "client", "-passout", "pass:x", "-in", certificate, "-inkey", key, "-out", bundle)
	run(t, "pk12util", "-W", "x", "-d", "sql:"+database, "-i", bundle)

	driver := exec.Command("chromedriver", "--port=0")
	driver.Env = append(os.Environ(), "HOME="+home)
	output := &lines{}
	driver.Stdout, driver.Stderr = output, output
	must(t, driver.Start())
	t.Cleanup(func() {
		driver.Process.Kill()
		driver.Wait()
	})
	port := output.wait(t, regexp.MustCompile(`started successfully on port (\d+)`))
	browser := &chromium{t: t, session: "http://127.0.0.1:" + port + "/session"}
	options := map[string]any{"args": []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + filepath.Join(home, "profile")}}
	started := browser.post("", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName": "chrome", "goog:chromeOptions": options,
	}}}).(map[string]any)
	browser.session += "/" + started["sessionId"].(string)
	t.Cleanup(func() {
		request, _ := http.NewRequest(http.MethodDelete, browser.session, nil)
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
		}
	})
	return browser
}

// open goes to a page, and gives its text.
func (c *chromium) open(url string) string {
	c.t.Helper()
	c.post("/url", map[string]any{"url": url})
	return c.text()
}

func (c *chromium) text() string {
	c.t.Helper()
	return c.script("return document.title + '\\n' + document.body.innerText").(string)
}

// fill writes into a field.
func (c *chromium) fill(id, value string) {
	c.t.Helper()
	c.script(fmt.Sprintf("document.getElementById(%q).value = %q", id, value))
}

// click presses a button, and waits for the page that follows.
func (c *chromium) click(id string) string {
	c.t.Helper()
	c.script(fmt.Sprintf("window.left = true; document.getElementById(%q).click()", id))
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c.script("return document.readyState == 'complete' && !window.left") == true {
			return c.text()
		}
	}
	c.t.Fatalf("no page follows %s", id)
	return ""
}

func (c *chromium) script(text string) any {
	c.t.Helper()
	return c.post("/execute/sync", map[string]any{"script": text, "args": []any{}})
}

var client = &http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{Proxy: nil}}

func (c *chromium) post(path string, body any) any {
	c.t.Helper()
	text, err := json.Marshal(body)
	must(c.t, err)
	response, err := client.Post(c.session+path, "application/json", bytes.NewReader(text))
	must(c.t, err)
	defer response.Body.Close()
	var answer struct{ Value any }
	must(c.t, json.NewDecoder(response.Body).Decode(&answer))
	if response.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %v", path, answer.Value)
	}
	return answer.Value
}
