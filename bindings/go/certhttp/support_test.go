package certhttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// site is a server of net/http, and the files that curl calls it with.
type site struct {
	t      testing.TB
	root   *pki.Authority
	folder string
	port   string
	server *http.Server
}

// serve runs a server with a guard until the test ends. Without a dialect it speaks TLS.
func serve(t testing.TB, root *pki.Authority, guard *certhttp.Guard, handler http.Handler) *site {
	t.Helper()
	return run(t, root, guard, &http.Server{Handler: handler})
}

func run(t testing.TB, root *pki.Authority, guard *certhttp.Guard, server *http.Server) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if server.TLSConfig == nil {
		certificate := root.Server("www.example.org", "login.example.org", "staff.example.org", "guests.example.org").TLS()
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	guard.Install(server)
	done := make(chan error, 1)
	go func() {
		if guard.Dialect != 0 {
			done <- server.Serve(listener)
		} else {
			done <- server.ServeTLS(listener, "", "")
		}
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	folder := t.TempDir()
	pki.Write(t, filepath.Join(folder, "root.pem"), root.PEM())
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return &site{t: t, root: root, folder: folder, port: port, server: server}
}

// listenAndServe runs a server whose certificate is in files, and gives its port.
func listenAndServe(t testing.TB, root *pki.Authority, guard *certhttp.Guard, server *http.Server) (port string) {
	t.Helper()
	certificate, key := root.Server().Files(t.TempDir(), "server")
	address, done := make(chan net.Addr, 1), make(chan error, 1)
	server.Addr = "127.0.0.1:0"
	server.BaseContext = func(listener net.Listener) context.Context {
		address <- listener.Addr()
		return context.Background()
	}
	go func() { done <- guard.ListenAndServeTLS(server, certificate, key) }()
	select {
	case err := <-done:
		t.Fatal(err)
	case listening := <-address:
		_, port, _ = net.SplitHostPort(listening.String())
	}
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return port
}

// who answers who the client is.
func who(w http.ResponseWriter, r *http.Request) {
	verdict := clientcert.FromContext(r.Context())
	fmt.Fprintf(w, "%s %s %s", verdict.Outcome(), verdict.User(), verdict.Subject())
}

// answer is what a client got.
type answer struct {
	status  int
	body    string
	header  http.Header
	version string
}

// curl calls the site as a client, with further arguments.
func (s *site) curl(client *pki.Client, path string, arguments ...string) answer {
	s.t.Helper()
	all := []string{"--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--cacert", s.folder + "/root.pem", "--include",
		"--write-out", "\n%{http_version} %{http_code}"}
	for _, name := range []string{"www.example.org", "login.example.org", "staff.example.org", "guests.example.org"} {
		all = append(all, "--resolve", name+":"+s.port+":127.0.0.1")
	}
	if client != nil {
		certificate, key := client.Files(s.folder, "client")
		all = append(all, "--cert", certificate, "--key", key)
	}
	output, err := exec.Command("curl", append(append(all, arguments...), s.url(path))...).CombinedOutput()
	if err != nil {
		return answer{body: string(output)}
	}
	return parse(s.t, string(output))
}

func (s *site) url(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	return "https://localhost:" + s.port + path
}

// parse reads what curl printed: the last headers, the body, and a line of its own.
func parse(t testing.TB, output string) answer {
	t.Helper()
	end := strings.LastIndex(output, "\n")
	var got answer
	if _, err := fmt.Sscanf(output[end+1:], "%s %d", &got.version, &got.status); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	head, body, _ := strings.Cut(output[:end], "\r\n\r\n")
	got.header, got.body = http.Header{}, body
	for _, line := range strings.Split(head, "\r\n")[1:] {
		name, value, _ := strings.Cut(line, ": ")
		got.header.Add(name, value)
	}
	return got
}

func verifier(t testing.TB, root *pki.Authority, settings ...string) *clientcert.Verifier {
	t.Helper()
	config := clientcert.Config{Mode: "optional", Options: map[string]string{"identity": "subject.CN"}, Data: map[string][]byte{"ca": root.PEM()}}
	for i := 0; i < len(settings); i += 2 {
		config.Options[settings[i]] = settings[i+1]
	}
	if mode, ok := config.Options["mode"]; ok {
		config.Mode = mode
	}
	made, err := clientcert.New(config)
	must(t, err)
	t.Cleanup(func() { made.Close() })
	return made
}

// browser is a client of net/http, which keeps its connections.
func (s *site) browser(client *pki.Client, http2 bool) *http.Client {
	config := &tls.Config{RootCAs: s.root.Pool(), ServerName: "localhost"}
	if client != nil {
		config.Certificates = []tls.Certificate{client.TLS()}
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func (s *site) get(browser *http.Client, path string, headers ...string) answer {
	s.t.Helper()
	return s.send(browser, http.MethodGet, path, headers...)
}

func (s *site) send(browser *http.Client, method, path string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url(path), nil)
	must(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := browser.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(s.t, err)
	return answer{response.StatusCode, string(body), response.Header, response.Proto}
}

func equal[Value comparable](t testing.TB, what string, got, want Value) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a program until the test ends, and waits until somebody listens at a port.
func start(t testing.TB, port, name string, arguments ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	command := exec.Command(path, arguments...)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	command.Stdout, command.Stderr = log, log
	must(t, command.Start())
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	defer func() {
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s says: %s", name, text)
		}
	}()
	await(t, port)
}

// await waits until somebody listens at a port.
func await(t testing.TB, port string) {
	t.Helper()
	for range 200 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", port)
}

func newSessions() tls.ClientSessionCache { return tls.NewLRUClientSessionCache(4) }

// listen serves at a Unix socket besides.
func listen(t testing.TB, server *http.Server, path string) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
}
