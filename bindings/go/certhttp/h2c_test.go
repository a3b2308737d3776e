package certhttp_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// A handler that made HTTP/2 out of a request (h2c) would serve all that follows on the connection out of the guard's
// sight, as the client of that first request.
func TestNoHandlerTakesAConnectionToHTTP2(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root), Dialect: clientcert.DialectRFC9440}
	var prefaces atomic.Int32
	site := serve(t, root, guard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PRI" {
			prefaces.Add(1)
		}
		fmt.Fprintf(w, "%q %q", r.Header.Get("Upgrade"), r.Header.Get("HTTP2-Settings"))
	}))
	address := "http://127.0.0.1:" + site.port + "/"
	equal(t, "an upgrade", site.curl(nil, address, "--http2").body, `"" ""`)
	equal(t, "of several", site.curl(nil, address, "--header", "Connection: Upgrade", "--header", "Upgrade: websocket, H2C").body, `"" ""`)
	equal(t, "another one", site.curl(nil, address, "--header", "Connection: Upgrade", "--header", "Upgrade: websocket").body, `"websocket" ""`)

	conn, err := net.Dial("tcp", "127.0.0.1:"+site.port)
	must(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer response.Body.Close()
	equal(t, "a preface", response.StatusCode, 403)
	equal(t, "prefaces that reached the application", prefaces.Load(), 0)
}
