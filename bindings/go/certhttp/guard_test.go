package certhttp_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// places is a site with one of each kind.
func places(guard *certhttp.Guard) http.Handler {
	mux := http.NewServeMux()
	require := func(path string, place certhttp.Place) {
		mux.Handle(path, guard.Require(place, http.HandlerFunc(who)))
	}
	mux.HandleFunc("/", who)
	require("/user", certhttp.Place{})
	require("/verified", certhttp.Place{Requirement: clientcert.RequireVerified})
	require("/certificate", certhttp.Place{Requirement: clientcert.RequireCertificate})
	require("/alice", certhttp.Place{Users: []string{"alice"}})
	require("/nobody", certhttp.Place{Users: []string{}})
	require("/fresh", certhttp.Place{MaximumAgeSeconds: 3600})
	require("/log-in-or-certificate", certhttp.Place{LoginURL: "/log-in"})
	require("/basic", certhttp.Place{LoginChallenge: `Basic realm="site"`})
	mux.Handle("/log-out", guard.LogOut(""))
	mux.HandleFunc("/log-in", func(w http.ResponseWriter, r *http.Request) {
		certhttp.LogIn(w)
		who(w, r)
	})
	return mux
}

func TestPlacesByRealClients(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	site := serve(t, root, guard, places(guard))
	alice, bob := root.Issue("alice"), root.Issue("bob")
	for _, row := range []struct {
		client *pki.Client
		path   string
		status int
		says   string
	}{
		{nil, "/", 200, "NONE  "},
		{alice, "/", 200, "SUCCESS alice CN=alice,O=Example"},
		{nil, "/user", 403, "certificate"},
		{alice, "/user", 200, "SUCCESS alice"},
		{nil, "/verified", 403, "certificate"},
		{alice, "/verified", 200, "SUCCESS alice"},
		{nil, "/certificate", 403, "certificate"},
		{alice, "/alice", 200, "SUCCESS alice"},
		{bob, "/alice", 403, "not for you"},
		{alice, "/nobody", 403, "not for you"},
		{alice, "/fresh", 200, "SUCCESS alice"},
		{nil, "/log-in-or-certificate", 302, ""},
		{alice, "/log-in-or-certificate", 200, "SUCCESS alice"},
		{nil, "/basic", 401, ""},
		{root.Issue("carol", pki.Expired), "/", 403, "expired"},
		{stranger.Issue("mallory"), "/", 403, ""},
		{stranger.Issue("mallory"), "/user", 403, ""},
	} {
		for _, version := range []string{"--http1.1", "--http2"} {
			name := "nobody"
			if row.client != nil {
				name = row.client.Certificate.Subject.CommonName
			}
			name += " at " + row.path + " " + version
			got := site.curl(row.client, row.path, version)
			equal(t, name, got.status, row.status)
			if !strings.Contains(got.body, row.says) {
				t.Errorf("%s: %s", name, got.body)
			}
			equal(t, name+": version", got.version, map[string]string{"--http1.1": "1.1", "--http2": "2"}[version])
			if row.status >= 300 {
				equal(t, name+": caches", got.header.Get("Cache-Control"), "no-store")
			}
		}
	}
	got := site.curl(nil, "/basic", "--http1.1")
	equal(t, "challenge", got.header.Get("WWW-Authenticate"), `Basic realm="site"`)
	got = site.curl(nil, "/log-in-or-certificate", "--http1.1")
	equal(t, "location", got.header.Get("Location"), "/log-in")
}

func TestPagesAreOfTheFormThatIsAccepted(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	site := serve(t, root, guard, places(guard))
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8", "application/json": "application/json", "*/*": "text/plain; charset=utf-8",
		"application/json, text/html": "application/json",
	} {
		got := site.curl(nil, "/user", "--header", "Accept: "+accept)
		equal(t, accept, got.header.Get("Content-Type"), want)
		if want == "application/json" && !json.Valid([]byte(got.body)) {
			t.Errorf("%s", got.body)
		}
	}
	head := site.send(site.browser(nil, true), http.MethodHead, "/user")
	equal(t, "HEAD", head.status, 403)
	equal(t, "body", head.body, "")
}

func TestARefusedClientsConnectionEnds(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	site := serve(t, root, guard, places(guard))
	got := site.curl(pki.SelfSigned(t, "me"), "/", "--http1.1")
	equal(t, "Connection", got.header.Get("Connection"), "close")
	got = site.curl(nil, "/", "--http1.1")
	equal(t, "an accepted client's", got.header.Get("Connection"), "")
}

// A certificate that is revoked during a connection ends it at the next request.
func TestRevocationDuringAConnection(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		root := pki.New(t, "Root")
		alice := root.Issue("alice")
		crl := t.TempDir() + "/crl.pem"
		pki.Write(t, crl, root.CRL())
		by := verifier(t, root, "crl", crl, "crl_check", "leaf")
		guard := &certhttp.Guard{Verifier: by}
		site := serve(t, root, guard, places(guard))
		browser := site.browser(alice, http2)
		before := site.get(browser, "/user")
		equal(t, name+": before", before.status, 200)
		equal(t, name+": version", before.version, name)
		pki.Write(t, crl, root.CRL(alice))
		must(t, by.Reload())
		after := site.get(browser, "/user")
		equal(t, name+": after", after.status, 403)
		if !strings.Contains(after.body, "revoked") {
			t.Errorf("%s", after.body)
		}
		equal(t, name+": after that", site.get(browser, "/").status, 403)
	}
}

func TestResumedSessionsAreJudgedAnew(t *testing.T) {
	root := pki.New(t, "Root")
	alice := root.Issue("alice")
	crl := t.TempDir() + "/crl.pem"
	pki.Write(t, crl, root.CRL())
	by := verifier(t, root, "crl", crl, "crl_check", "leaf")
	guard := &certhttp.Guard{Verifier: by}
	var resumed []any
	var lock sync.Mutex
	guard.Audit = func(line string) {
		var record map[string]any
		must(t, json.Unmarshal([]byte(line), &record))
		lock.Lock()
		defer lock.Unlock()
		resumed = append(resumed, record["resumed"])
	}
	site := serve(t, root, guard, http.HandlerFunc(who))
	browser := site.browser(alice, false)
	sessions := browser.Transport.(*http.Transport)
	sessions.DisableKeepAlives = true
	sessions.TLSClientConfig.ClientSessionCache = newSessions()
	for range 3 {
		equal(t, "status", site.get(browser, "/").status, 200)
	}
	pki.Write(t, crl, root.CRL(alice))
	must(t, by.Reload())
	equal(t, "revoked", site.get(browser, "/").status, 403)
	if len(resumed) != 4 || resumed[0] != false || resumed[1] != true || resumed[2] != true || resumed[3] != false {
		t.Errorf("resumed: %v", resumed)
	}
}

func TestPreflights(t *testing.T) {
	root := pki.New(t, "Root")
	preflight := []string{"Origin", "https://app.example", "Access-Control-Request-Method", "PUT"}
	for _, row := range []struct {
		option string
		status int
		public int
		origin string
	}{{"refuse", 403, 200, ""}, {"pass", 403, 200, ""}, {"answer", 204, 204, "https://app.example"}} {
		settings := []string{"preflight", row.option}
		if row.option == "answer" {
			settings = append(settings, "preflight_origin", "https://app.example")
		}
		guard := &certhttp.Guard{Verifier: verifier(t, root, settings...)}
		site := serve(t, root, guard, places(guard))
		browser := site.browser(nil, true)
		got := site.send(browser, http.MethodOptions, "/user", preflight...)
		equal(t, row.option, got.status, row.status)
		equal(t, row.option+": origin", got.header.Get("Access-Control-Allow-Origin"), row.origin)
		// What is passed is for the application to answer before it comes to what a place protects.
		got = site.send(browser, http.MethodOptions, "/", preflight...)
		equal(t, row.option+", where nothing is required", got.status, row.public)
		if row.option == "pass" {
			equal(t, "it has no identity", got.body, "NONE  ")
		}
		if row.option == "refuse" {
			continue
		}
		// The connection has no certificate, because a preflight opened it: the client makes another one, once.
		equal(t, row.option+": the request", site.get(browser, "/user").status, 421)
		equal(t, row.option+": the same again", site.get(browser, "/user").status, 403)
		equal(t, row.option+": what requires nothing", site.get(browser, "/").status, 200)
		other := site.send(site.browser(nil, true), http.MethodOptions, "/user", "Origin", "https://evil.example", "Access-Control-Request-Method", "PUT")
		equal(t, row.option+": another origin's grant", other.header.Get("Access-Control-Allow-Origin"), "")
	}
}

func TestHosts(t *testing.T) {
	staff, guests := pki.New(t, "Staff"), pki.New(t, "Guests")
	hosts := map[string]clientcert.Host{
		"staff.example.org":  {Name: "staff.example.org", Verifier: verifier(t, staff)},
		"guests.example.org": {Name: "guests.example.org", Verifier: verifier(t, guests)},
	}
	guard := &certhttp.Guard{Hosts: func(name string) clientcert.Host { return hosts[name] }}
	site := serve(t, staff, guard, places(guard))
	alice := staff.Issue("alice")
	at := func(name string) string { return "https://" + name + ":" + site.port + "/user" }
	equal(t, "at home", site.curl(alice, at("staff.example.org")).status, 200)
	equal(t, "elsewhere", site.curl(alice, at("guests.example.org")).status, 403)
	// A connection for one host does not serve another one.
	for _, version := range []string{"--http1.1", "--http2"} {
		got := site.curl(alice, at("staff.example.org"), version, "--header", "Host: guests.example.org:"+site.port)
		equal(t, version+": the other host", got.status, 421)
		got = site.curl(alice, at("staff.example.org"), version, "--header", "Host: none.example.org:"+site.port)
		equal(t, version+": a host that there is none of", got.status, 403)
	}
}

// A host is the same in any spelling, also for the application: the policy of one never decides about pages of another.
func TestSpellingsOfAHost(t *testing.T) {
	staff, guests := pki.New(t, "Staff"), pki.New(t, "Guests")
	forStaff := clientcert.Host{Name: "staff.example.org", Verifier: verifier(t, staff)}
	forGuests := clientcert.Host{Name: "*", Verifier: verifier(t, guests)}
	guard := &certhttp.Guard{Hosts: func(name string) clientcert.Host {
		if name == "staff.example.org" {
			return forStaff
		}
		return forGuests
	}}
	mux := http.NewServeMux()
	page := func(text string) http.Handler {
		return guard.Require(certhttp.Place{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }))
	}
	mux.Handle("staff.example.org/", page("staff's"))
	mux.Handle("/", page("guests'"))
	site := serve(t, staff, guard, mux)
	alice := staff.Issue("alice")
	for _, name := range []string{"staff.example.org", "STAFF.example.org", "staff.example.org.", "staff.EXAMPLE.org.:" + site.port, "staff.example.org.."} {
		for _, version := range []string{"--http1.1", "--http2"} {
			got := site.curl(alice, "https://staff.example.org:"+site.port+"/", version, "--header", "Host: "+name)
			equal(t, name+" "+version, got.body, "staff's")
		}
	}
	// A name in brackets is nobody's.
	for _, name := range []string{"[staff.example.org]", "[staff.example.org]:" + site.port} {
		got := site.curl(alice, "https://staff.example.org:"+site.port+"/", "--http1.1", "--header", "Host: "+name)
		equal(t, name, got.status/100, 4)
	}
}

func TestLoggingOut(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	site := serve(t, root, guard, places(guard))
	alice := root.Issue("alice")
	jar := site.folder + "/jar"
	curl := func(path string) answer {
		t.Helper()
		return site.curl(alice, path, "--http1.1", "--cookie", jar, "--cookie-jar", jar)
	}
	equal(t, "before", curl("/user").status, 200)
	out := curl("/log-out")
	equal(t, "log-out", out.status, 403)
	equal(t, "its connection", out.header.Get("Connection"), "close")
	after := curl("/user")
	equal(t, "after", after.status, 403)
	equal(t, "on public pages he is nobody", curl("/").body, "NONE  ")
	equal(t, "log-in", curl("/log-in").status, 200)
	equal(t, "again", curl("/user").status, 200)
}

func TestAHandBackThroughAnotherHost(t *testing.T) {
	root := pki.New(t, "Root")
	cannot := verifier(t, root, "mode", "deferred", "certificate_host", "login.example.org")
	asks := verifier(t, root)
	guard := &certhttp.Guard{Hosts: func(name string) clientcert.Host {
		switch name {
		case "www.example.org":
			return clientcert.Host{Name: name, Verifier: cannot}
		case "login.example.org":
			return clientcert.Host{Name: name, Verifier: asks}
		}
		return clientcert.Host{}
	}}
	site := serve(t, root, guard, places(guard))
	alice, jar := root.Issue("alice"), site.folder+"/jar"
	// Browsers leave a port of a redirect's host as it is configured: here it is put back by hand.
	port := func(location string) string {
		address, err := url.Parse(location)
		must(t, err)
		address.Host = address.Hostname() + ":" + site.port
		return address.String()
	}
	curl := func(address string) answer {
		t.Helper()
		return site.curl(alice, address, "--cookie", jar, "--cookie-jar", jar)
	}
	www := "https://www.example.org:" + site.port
	asked := curl(www + "/user?x=1")
	equal(t, "asked elsewhere", asked.status, 302)
	vouched := curl(port(asked.header.Get("Location")))
	equal(t, "vouched for", vouched.status, 303)
	back := curl(vouched.header.Get("Location"))
	equal(t, "back", back.status, 303)
	equal(t, "without the ticket", back.header.Get("Location"), "/user?x=1")
	equal(t, "signed in", curl(www+"/user?x=1").status, 200)
	equal(t, "as", curl(www+"/user").body, "SUCCESS alice CN=alice,O=Example")
	again := curl(vouched.header.Get("Location"))
	equal(t, "the ticket again", again.status, 403)
	curl(www + "/log-out")
	equal(t, "logged out", curl(www+"/user").status, 403)
	// Who has no certificate is not vouched for.
	nobody := site.curl(nil, port(site.curl(nil, www+"/user").header.Get("Location")))
	equal(t, "nobody", nobody.status, 403)
}

// A preflight has no ticket and no cookie: what is written like one signs nobody in, and takes no room from others.
func TestPreflightsSignNobodyIn(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root, "preflight", "pass")}
	site := serve(t, root, guard, places(guard))
	browser := site.browser(nil, false)
	for _, path := range []string{"/?clientcert_ticket=x", "/?clientcert_question=x"} {
		got := site.send(browser, http.MethodOptions, path, "Origin", "https://app.example", "Access-Control-Request-Method", "PUT")
		equal(t, path, got.status, 403)
		equal(t, path+": caches", got.header.Get("Cache-Control"), "no-store")
		equal(t, path+": cookie", got.header.Get("Set-Cookie"), "")
	}
}

// Whom this host tolerates, and does not verify, is let in where nothing is required, but signed in nowhere.
func TestAHandBackOfSomebodyWhoIsNotVerified(t *testing.T) {
	root, other := pki.New(t, "Root"), pki.New(t, "Other")
	cannot := verifier(t, other, "mode", "deferred", "certificate_host", "login.example.org", "tolerate", "all")
	asks := verifier(t, root)
	guard := &certhttp.Guard{Hosts: func(name string) clientcert.Host {
		return clientcert.Host{Name: name, Verifier: map[string]*clientcert.Verifier{"www.example.org": cannot, "login.example.org": asks}[name]}
	}}
	site := serve(t, root, guard, places(guard))
	alice, jar := root.Issue("alice"), site.folder+"/jar"
	asked := site.curl(alice, "https://www.example.org:"+site.port+"/user", "--cookie-jar", jar)
	question := strings.Replace(asked.header.Get("Location"), "login.example.org", "login.example.org:"+site.port, 1)
	vouched := site.curl(alice, question)
	equal(t, "vouched for", vouched.status, 303)
	back := site.curl(alice, vouched.header.Get("Location"), "--cookie", jar)
	equal(t, "back", back.status, 403)
	equal(t, "cookie", back.header.Get("Set-Cookie"), "")
}

func TestAServerWithoutTheGuardsConnections(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	server := httptest.NewUnstartedServer(guard.Handler(places(guard)))
	server.TLS = guard.Verifier.TLSConfig(&tls.Config{Certificates: []tls.Certificate{root.Server().TLS()}})
	server.StartTLS()
	defer server.Close()
	site := &site{t: t, root: root, folder: t.TempDir()}
	equal(t, "status", site.get(site.browser(root.Issue("alice"), false), server.URL+"/").status, 403)
	if clientcert.FromContext(context.Background()).Verified() {
		t.Error("nobody is verified")
	}
}

func TestAServerWithoutHTTP2(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	server := &http.Server{Handler: places(guard), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	site := run(t, root, guard, server)
	equal(t, "version", site.curl(root.Issue("alice"), "/user", "--http2").version, "1.1")
}

// What ServeTLS reads out of files is for a copy of the configuration: it is refused aloud, and ListenAndServeTLS of
// the guard reads them.
func TestTheServersCertificateInFiles(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	site := serve(t, root, &certhttp.Guard{Verifier: guard.Verifier}, places(guard))
	site.port = listenAndServe(t, root, guard, &http.Server{Handler: places(guard)})
	equal(t, "status", site.curl(root.Issue("alice"), "/user").status, 200)

	config := guard.Verifier.TLSConfig(nil)
	_, err := config.GetConfigForClient(&tls.ClientHelloInfo{})
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}

// A route that another guard guards is decided about by that one's policy, which knows nobody of this server's.
func TestTwoGuards(t *testing.T) {
	root := pki.New(t, "Root")
	installed := &certhttp.Guard{Verifier: verifier(t, root)}
	same := &certhttp.Guard{Verifier: verifier(t, root)}
	stricter := &certhttp.Guard{Verifier: verifier(t, root, "depth", "0", "mode", "require")}
	mux := http.NewServeMux()
	mux.Handle("/same", same.Require(certhttp.Place{}, http.HandlerFunc(who)))
	mux.Handle("/stricter", stricter.Require(certhttp.Place{}, http.HandlerFunc(who)))
	site := serve(t, root, installed, mux)
	bob := root.Intermediate("Staff").Issue("bob")
	equal(t, "the same policy", site.curl(bob, "/same").status, 200)
	equal(t, "another policy", site.curl(bob, "/stricter").status, 421)
}

// A server whose connections have the context of another server's request has clients of its own.
func TestAServerInTheContextOfARequest(t *testing.T) {
	root := pki.New(t, "Root")
	guard := &certhttp.Guard{Verifier: verifier(t, root)}
	var inner *site
	outer := serve(t, root, guard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner = run(t, root, guard, &http.Server{Handler: places(guard), BaseContext: func(net.Listener) context.Context {
			return context.WithoutCancel(r.Context())
		}})
		who(w, r)
	}))
	equal(t, "the outer one", outer.curl(root.Issue("alice"), "/").body, "SUCCESS alice CN=alice,O=Example")
	equal(t, "bob", inner.curl(root.Issue("bob"), "/user").body, "SUCCESS bob CN=bob,O=Example")
	equal(t, "nobody", inner.curl(nil, "/user").status, 403)
}

// Who becomes somebody else during a connection proves anew who he is.
func TestAnIdentityThatChangesDuringAConnection(t *testing.T) {
	root, me := pki.New(t, "Root"), pki.SelfSigned(t, "me")
	by, err := clientcert.New(clientcert.Config{Mode: "optional", Options: map[string]string{
		"trust": "key", "registry": "sqlite:" + t.TempDir() + "/users.db",
	}})
	must(t, err)
	defer by.Close()
	registry := by.Registry()
	defer registry.Close()
	must(t, registry.EnrolCertificate("alice", me.PEM(), clientcert.Fields{}))
	must(t, by.Reload())
	guard := &certhttp.Guard{Verifier: by}
	site := serve(t, root, guard, places(guard))
	browser := site.browser(me, true)
	equal(t, "before", site.get(browser, "/user").body, "SUCCESS alice CN=me")
	must(t, registry.RenameUser("alice", "mallory"))
	must(t, by.Reload())
	after := site.get(browser, "/user")
	equal(t, "after", after.status, 403)
	if !strings.Contains(after.body, "changed") {
		t.Errorf("%s", after.body)
	}
	equal(t, "on a new connection", site.get(site.browser(me, true), "/user").body, "SUCCESS mallory CN=me")
}
