//go:build go1.24

package certhttp_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// A proxy sends the requests of many clients over one connection: each is its own client's.
func TestAProxyThatSpeaksHTTP2(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root, "trusted_proxies", "127.0.0.1"), Dialect: clientcert.DialectRFC9440}
	var connections atomic.Int32
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(who), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}}
	server.Protocols.SetUnencryptedHTTP2(true)
	site := run(t, root, guard, server)
	transport := &http.Transport{Protocols: server.Protocols}
	defer transport.CloseIdleConnections()
	proxy := &http.Client{Transport: transport}
	for _, row := range []struct{ name, want string }{
		{"alice", "SUCCESS alice CN=alice,O=Example"}, {"", "NONE  "}, {"bob", "SUCCESS bob CN=bob,O=Example"},
	} {
		var headers []string
		if row.name != "" {
			verdict, err := guard.Verifier.Verify(root.Issue(row.name).Chain)
			must(t, err)
			fields, err := verdict.ForwardHeaders(clientcert.DialectRFC9440, 0, clientcert.HeaderNames{})
			must(t, err)
			headers = []string{fields[0].Name, fields[0].Value}
		}
		got := site.get(proxy, "http://127.0.0.1:"+site.port+"/", headers...)
		equal(t, "who", got.body, row.want)
		equal(t, "version", got.version, "HTTP/2.0")
	}
	equal(t, "connections", connections.Load(), 1)
}
