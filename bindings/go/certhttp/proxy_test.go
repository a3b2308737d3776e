package certhttp_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
	"clientcert.dev/go/internal/ports"
)

// nginx in front, as Debian has it, forwards what it verified in the form of RFC 9440, and in its own.
func TestBehindNginx(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	alice := root.Issue("alice")
	for _, dialect := range []clientcert.Dialect{clientcert.DialectRFC9440, clientcert.DialectNginx} {
		for _, trusted := range []string{"127.0.0.1", "192.0.2.1"} {
			guard := &certhttp.Guard{Verifier: verifier(t, root, "trusted_proxies", trusted), Dialect: dialect}
			mux := http.NewServeMux()
			mux.Handle("/user", guard.Require(certhttp.Place{}, http.HandlerFunc(who)))
			mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				for name := range r.Header {
					if clientcert.IsForwardedHeader(name) {
						fmt.Fprintf(w, "%s reached the application\n", name)
					}
				}
				who(w, r)
			})
			site := serve(t, root, guard, mux)
			backend := site.port
			site.port = nginx(t, root, dialect, backend)
			title := dialect.String() + ", trusting " + trusted
			if trusted == "127.0.0.1" {
				equal(t, title, site.curl(alice, "/user").status, 200)
				equal(t, title+": who", site.curl(alice, "/").body, "SUCCESS alice CN=alice,O=Example")
				equal(t, title+": nobody", site.curl(nil, "/").body, "NONE  ")
				equal(t, title+": nobody's", site.curl(nil, "/user").status, 403)
				equal(t, title+": a stranger", site.curl(stranger.Issue("mallory"), "/").status, 403)
			} else {
				equal(t, title, site.curl(alice, "/").status, 403)
			}
			// Who calls the application himself is at a trusted address here, and is verified all the same; see
			// docs/forwarded.md.
			equal(t, title+": past the proxy, without headers", site.curl(nil, "http://127.0.0.1:"+backend+"/user").status, 403)
		}
	}
}

// Where TLS ends here, no header says who a client is, nor reaches the application.
func TestForwardedHeadersOfClientsCountForNothing(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root, "trusted_proxies", "127.0.0.1")}
	site := serve(t, root, guard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, len(r.Header["Client-Cert"]), len(r.Header["X_ssl_client_cert"]), len(r.Header["Accept"]), " ")
		who(w, r)
	}))
	alice, err := guard.Verifier.Verify(root.Issue("alice").Chain)
	must(t, err)
	fields, err := alice.ForwardHeaders(clientcert.DialectRFC9440, 0, clientcert.HeaderNames{})
	must(t, err)
	got := site.curl(nil, "/", "--header", fields[0].Name+": "+fields[0].Value, "--header", "x_ssl_client_cert: x")
	equal(t, "body", got.body, "0 0 1 NONE  ")
}

// Names that the guard was told do not reach the application either, in whatever spelling a client sends them.
func TestForwardedHeadersOfOtherNames(t *testing.T) {
	root := pki.New(t, "Root")
	names := clientcert.HeaderNames{Certificate: "X-Our-Certificate", Chain: "X-Our-Chain", Verify: "X-Our_Word", By: "X-By"}
	for _, dialect := range []clientcert.Dialect{0, clientcert.DialectNginx} {
		guard := &certhttp.Guard{Verifier: verifier(t, root, "trusted_proxies", "127.0.0.1"), Dialect: dialect, HeaderNames: names}
		site := serve(t, root, guard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name := range r.Header {
				if strings.HasPrefix(name, "X") {
					fmt.Fprint(w, name, " ")
				}
			}
			who(w, r)
		}))
		if dialect == 0 {
			got := site.curl(nil, "/", "--header", "x_our.chain: x", "--header", "X-OUR-WORD: SUCCESS", "--header", "x-our_certificate: x", "--header", "x-by: x")
			equal(t, "a client's own", got.body, "X-By NONE  ")
			continue
		}
		alice, err := guard.Verifier.Verify(root.Issue("alice").Chain)
		must(t, err)
		fields, err := alice.ForwardHeaders(dialect, 0, names)
		must(t, err)
		arguments := []string{"--header", "X-By: x"}
		for _, field := range fields {
			arguments = append(arguments, "--header", field.Name+": "+field.Value)
		}
		got := site.curl(nil, "http://127.0.0.1:"+site.port+"/", arguments...)
		equal(t, "a proxy's", got.body, "X-By SUCCESS alice CN=alice,O=Example")
	}
}

func TestAProxyAtAUnixSocket(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root, "trusted_proxies", "unix"), Dialect: clientcert.DialectRFC9440}
	site := serve(t, root, guard, http.HandlerFunc(who))
	socket := filepath.Join(t.TempDir(), "socket")
	listen(t, site.server, socket)
	alice, err := guard.Verifier.Verify(root.Issue("alice").Chain)
	must(t, err)
	fields, err := alice.ForwardHeaders(clientcert.DialectRFC9440, 0, clientcert.HeaderNames{})
	must(t, err)
	header := fields[0].Name + ": " + fields[0].Value
	got := site.curl(nil, "http://localhost/", "--unix-socket", socket, "--header", header)
	equal(t, "by the socket", got.body, "SUCCESS alice CN=alice,O=Example")
	got = site.curl(nil, "http://localhost/", "--unix-socket", socket, "--header", header, "--header", header)
	equal(t, "twice", got.status, 403)
	got = site.curl(nil, "http://127.0.0.1:"+site.port+"/", "--header", header)
	equal(t, "by an address", got.status, 403)
}

func TestEarlyDataOfAProxy(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root), Dialect: clientcert.DialectRFC9440}
	site := serve(t, root, guard, guard.Require(certhttp.Place{}, http.HandlerFunc(who)))
	address := "http://127.0.0.1:" + site.port + "/"
	equal(t, "none", site.curl(nil, address).status, 403)
	// RFC 8470 section 5.1: several headers, and any other value, are a 1.
	for _, value := range []string{"1", "0", "1, 1", "x"} {
		equal(t, value, site.curl(nil, address, "--header", "Early-Data: "+value).status, 425)
	}
	equal(t, "twice", site.curl(nil, address, "--header", "Early-Data: 0", "--header", "Early-Data: 0").status, 425)
}

// nginx listens with TLS, and forwards to an application at a port.
func nginx(t *testing.T, root *pki.Authority, dialect clientcert.Dialect, backend string) string {
	t.Helper()
	folder, port := t.TempDir(), ports.Draw(t)
	certificate, key := root.Server().Files(folder, "server")
	pki.Write(t, folder+"/ca.pem", root.PEM())
	forward := `proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert; proxy_set_header X-SSL-Client-Verify $ssl_client_verify; proxy_set_header Client-Cert "";`
	if dialect == clientcert.DialectRFC9440 {
		forward = `proxy_set_header Client-Cert $client_cert; proxy_set_header X-SSL-Client-Cert ""; proxy_set_header X-SSL-Client-Verify "";`
	}
	// PEM to base64 on one line, by lines of a regular expression: nginx has no function for it.
	pattern, value := "~^-----BEGIN CERTIFICATE-----", ":"
	for i := range 40 {
		pattern += fmt.Sprintf(`(\n(?<l%d>[A-Za-z0-9+/=]+))?`, i)
		value += fmt.Sprintf("${l%d}", i)
	}
	pattern += `\n-----END CERTIFICATE-----`
	pki.Write(t, folder+"/nginx.conf", []byte(strings.NewReplacer("FOLDER", folder, "PORT", port, "BACKEND", backend, "CERTIFICATE", certificate,
		"KEY", key, "FORWARD", forward, "PATTERN", pattern, "VALUE", value+":").Replace(`
daemon off;
master_process off;
pid FOLDER/pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi; scgi_temp_path FOLDER/scgi;
    map $ssl_client_raw_cert $client_cert { default ""; "PATTERN" "VALUE"; }
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate CERTIFICATE;
        ssl_certificate_key KEY;
        ssl_client_certificate FOLDER/ca.pem;
        ssl_verify_client optional_no_ca;
        ssl_session_tickets off;
        location / {
            proxy_pass http://127.0.0.1:BACKEND;
            proxy_set_header Host $http_host;
            FORWARD
        }
    }
}
`)))
	start(t, port, "nginx", "-p", folder, "-c", folder+"/nginx.conf")
	return port
}
