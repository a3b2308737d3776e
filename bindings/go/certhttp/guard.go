// Package certhttp lets a net/http server know its clients by their certificates, over HTTP/1.1 and HTTP/2, where TLS
// ends here or at a proxy.
//
//	guard := &certhttp.Guard{Verifier: verifier}
//	mux.Handle("/private", guard.Require(certhttp.Place{}, private))
//	server := &http.Server{Addr: ":8443", Handler: mux}
//	guard.ListenAndServeTLS(server, "server.pem", "server.key")
//
// Handlers ask clientcert.FromContext who the client is.
package certhttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"

	"clientcert.dev/go"
)

// Guard decides about the requests of one server. Its fields do not change once the server runs.
type Guard struct {
	// Verifier judges the clients of every host that Hosts does not know.
	Verifier *clientcert.Verifier
	// Name is that of the virtual host as it is configured, such as www.example.com or *.example.com; empty where there
	// is only one.
	Name string
	// Hosts gives the virtual host of a name, which is in lower case, has no port and no dot at its end, and is empty where
	// the client names none. Request.Host is written in the same way then. nil is one host for all.
	Hosts func(name string) clientcert.Host
	// Complete is that of clientcert.Host, where Hosts is nil.
	Complete func(context.Context, *clientcert.Verdict) *clientcert.Verdict

	// Dialect is how a proxy in front forwards certificates; 0 where TLS ends here. Which proxies are trusted, the
	// option trusted_proxies says.
	Dialect clientcert.Dialect
	// HeaderNames are other names of the proxy's headers. The application sees no header of these names, in any case and
	// with - or _, nor any that clientcert.IsForwardedHeader knows.
	HeaderNames clientcert.HeaderNames

	// LoginURL is the server's other log-in, to which those without a certificate are redirected.
	LoginURL string
	// LoginChallenge is another log-in as a value of WWW-Authenticate, such as `Basic realm="…"`.
	LoginChallenge string
	// Challenges are further values of WWW-Authenticate.
	Challenges []string

	// Audit is called with the record of every decision, one line of JSON. nil forgets them.
	Audit func(line string)

	signIns signIns
}

// Place is what a part of a site requires. The zero value requires a user.
type Place struct {
	Requirement clientcert.Requirement
	// Users are those whom it is for; nil is for every user, an empty list for nobody.
	Users []string
	// Strong is whether only strong identity rules count.
	Strong bool
	// MaximumAgeSeconds is the most seconds since the handshake that proved the key; 0 is any.
	MaximumAgeSeconds int
	// LoginURL and LoginChallenge are the place's own, where they are not the guard's.
	LoginURL, LoginChallenge string

	logOut bool
	// passesPreflights is whether a preflight goes on, without an identity, where the policy has preflight = pass.
	passesPreflights bool
}

// ListenAndServeTLS is that of net/http, with the guard installed, as Install says.
func (g *Guard) ListenAndServeTLS(server *http.Server, certFile, keyFile string) error {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	config := copyOf(server.TLSConfig)
	config.Certificates = append(slices.Clip(config.Certificates), certificate)
	server.TLSConfig = config
	g.Install(server)
	return server.ListenAndServeTLS("", "")
}

// Install makes a server ask and judge its clients: its TLSConfig, ConnContext and Handler are wrapped. Call it before
// the server starts, when these are set. The server's own certificate has to be in TLSConfig, because what ServeTLS
// reads out of files is for a copy of it that nobody sees: start the server by ServeTLS(listener, "", ""). The keys of
// session tickets stay those of the TLSConfig that there was: keep it, and call its SetSessionTicketKeys at any time.
func (g *Guard) Install(server *http.Server) {
	if g.Dialect == 0 {
		base := copyOf(server.TLSConfig)
		if base.NextProtos == nil {
			base.NextProtos = protocols(server)
		}
		server.TLSConfig = clientcert.HostsTLSConfig(base, g.hostOf)
	}
	former := server.ConnContext
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if former != nil {
			ctx = former(ctx, conn)
		}
		return newConnection(ctx, conn)
	}
	handler := server.Handler
	if handler == nil {
		handler = http.DefaultServeMux
	}
	server.Handler = g.Handler(handler)
}

// http2Preface is the method that HTTP/2 begins with, which net/http lets handlers see that speak it themselves.
const http2Preface = "PRI"

// Handler goes around everything that the server has. It refuses clients that are not accepted, keeps from them what
// could pass for a forwarded certificate, answers the questions of other hosts and redeems their tickets. With preflight =
// pass it is what passes preflights, to be answered by the application before they come to what Require protects.
// Install calls it. Handlers below it that speak HTTP/2 without TLS themselves (h2c) are not asked to: let the server do
// that, by its Protocols.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http2Preface {
			refuse(w)
			return
		}
		r, facts := g.learn(r)
		switch {
		case facts.redeemed:
			g.decide(w, r, facts, Place{Requirement: clientcert.RequireNothing}, http.HandlerFunc(g.welcomeBack))
		case isQuestion(r):
			g.decide(w, r, facts, Place{Requirement: clientcert.RequireVerified}, http.HandlerFunc(g.answerQuestion))
		default:
			g.decide(w, r, facts, Place{Requirement: clientcert.RequireNothing, passesPreflights: true}, next)
		}
	})
}

// Require lets a request through to next only where its client meets what the place requires. No preflight does, whatever
// the policy passes: it has no identity.
func (g *Guard) Require(place Place, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, facts := g.learn(r)
		g.decide(w, r, facts, place, next)
	})
}

// LogOut is the page that logs out: it ends the connection, and sets a cookie by which the certificate does not count
// any more, until LogIn. It redirects to a URL where one is given, or to the guard's LoginURL; else it answers 401 or
// 403.
func (g *Guard) LogOut(redirect string) http.Handler {
	return g.Require(Place{Requirement: clientcert.RequireNothing, LoginURL: redirect, logOut: true}, http.NotFoundHandler())
}

// LogIn makes the certificate count again for a user who logged out, and chose on a page to log in with it. Call it
// before the answer is written.
func LogIn(w http.ResponseWriter) {
	setCookie(w, loggedOutCookie, "")
}

// copyOf is a copy of a server's own configuration, whose session tickets keep to the keys of the original.
func copyOf(config *tls.Config) *tls.Config {
	if config == nil {
		return new(tls.Config)
	}
	copied := config.Clone()
	if copied.WrapSession == nil {
		copied.WrapSession = config.EncryptTicket
	}
	if copied.UnwrapSession == nil {
		copied.UnwrapSession = config.DecryptTicket
	}
	return copied
}

// hostOf is the host of a name, whether from a handshake or a request.
func (g *Guard) hostOf(name string) clientcert.Host {
	if g.Hosts == nil {
		return clientcert.Host{Name: g.Name, Verifier: g.Verifier, Complete: g.Complete}
	}
	return g.Hosts(strings.ToLower(strings.TrimSuffix(name, ".")))
}
