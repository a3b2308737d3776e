package certhttp_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// The keys of tickets are those of the configuration that the server was given, and change with them while it runs.
func TestTheKeysOfTicketsChange(t *testing.T) {
	root := pki.New(t, "Root")
	certificates := []tls.Certificate{root.Server().TLS()}
	for name, serve := range map[string]func(*certhttp.Guard, *http.Server) *site{
		"ListenAndServeTLS": func(guard *certhttp.Guard, server *http.Server) *site {
			return &site{t: t, root: root, port: listenAndServe(t, root, guard, server)}
		},
		"Install": func(guard *certhttp.Guard, server *http.Server) *site {
			server.TLSConfig.Certificates = certificates
			return run(t, root, guard, server)
		},
		"a configuration for each client": func(guard *certhttp.Guard, server *http.Server) *site {
			server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return &tls.Config{Certificates: certificates}, nil
			}
			return run(t, root, guard, server)
		},
	} {
		guard, keys := &certhttp.Guard{Verifier: verifier(t, root)}, new(tls.Config)
		site := serve(guard, &http.Server{Handler: places(guard), TLSConfig: keys})
		browser := site.browser(root.Issue("alice"), false)
		transport := browser.Transport.(*http.Transport)
		transport.DisableKeepAlives = true
		transport.TLSClientConfig.ClientSessionCache = newSessions()
		resumed := func() bool {
			response, err := browser.Get(site.url("/user"))
			must(t, err)
			response.Body.Close()
			equal(t, name, response.StatusCode, 200)
			return response.TLS.DidResume
		}
		first, second, third := [32]byte{1}, [32]byte{2}, [32]byte{3}
		keys.SetSessionTicketKeys([][32]byte{first})
		equal(t, name+": the first connection", resumed(), false)
		equal(t, name+": the next one", resumed(), true)
		keys.SetSessionTicketKeys([][32]byte{second, first})
		equal(t, name+": an old ticket whose key is still known", resumed(), true)
		keys.SetSessionTicketKeys([][32]byte{second})
		equal(t, name+": its successor", resumed(), true)
		keys.SetSessionTicketKeys([][32]byte{third})
		equal(t, name+": a ticket whose key is gone", resumed(), false)
		equal(t, name+": a new one", resumed(), true)
	}
}
