package clientcert_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go/internal/pki"
	"clientcert.dev/go/internal/ports"
)

// The program of docs/go.md, as it stands there, but for the port.
func TestTheQuickStart(t *testing.T) {
	text, err := os.ReadFile("../../docs/go.md")
	must(t, err)
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindStringSubmatch(string(text))
	if program == nil {
		t.Fatal("docs/go.md has no program")
	}
	here, err := os.Getwd()
	must(t, err)
	files, port := t.TempDir(), ports.Draw(t)
	pki.Write(t, filepath.Join(files, "main.go"), []byte(strings.Replace(program[1], "8443", port, 1)))
	pki.Write(t, filepath.Join(files, "go.mod"), []byte("module quickstart\n\ngo 1.22\n\nrequire clientcert.dev/go v0.0.0\n\nreplace clientcert.dev/go => "+here+"\n"))
	root := pki.New(t, "Root")
	pki.Write(t, filepath.Join(files, "clients-ca.pem"), root.PEM())
	root.Server().Files(files, "server")
	certificate, key := root.Issue("alice").Files(files, "alice")
	build := exec.Command("go", "build", "-o", "server", ".")
	build.Dir = files
	output, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	server := exec.Command(filepath.Join(files, "server"))
	server.Dir, server.Stderr = files, os.Stderr
	must(t, server.Start())
	defer server.Wait()
	defer server.Process.Kill()

	curl := func(path string, arguments ...string) string {
		arguments = append([]string{"--silent", "--noproxy", "*", "--max-time", "20", "--cacert", filepath.Join(files, "clients-ca.pem"), "--write-out", "%{http_code}"}, arguments...)
		output, _ := exec.Command("curl", append(arguments, "https://localhost:"+port+path)...).Output()
		return string(output)
	}
	for end := time.Now().Add(20 * time.Second); curl("/") == "000" && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
	}
	equal(t, "without a certificate", curl("/"), "hello, whoever you are\n200")
	if got := curl("/private"); !strings.HasSuffix(got, "403") {
		t.Errorf("/private without a certificate: %s", got)
	}
	equal(t, "/private", curl("/private", "--cert", certificate, "--key", key), "hello, alice\n200")
}
