package clientcert_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

// tlsServer greets every client with what it knows of it.
type tlsServer struct {
	t       testing.TB
	address string
	seen    chan seen
}

// seen is one connection, and how its handshake ended.
type seen struct {
	connection *clientcert.Connection
	err        error
}

func serve(t testing.TB, config *tls.Config) *tlsServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &tlsServer{t: t, address: listener.Addr().String(), seen: make(chan seen, 100)}
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			accepted, err := listener.Accept()
			if err != nil {
				return
			}
			all.Add(1)
			go func() {
				defer all.Done()
				server.greet(tls.Server(accepted, config))
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return server
}

func (s *tlsServer) greet(conn *tls.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	ctx, connection := clientcert.NewConnection(context.Background(), conn)
	err := conn.HandshakeContext(ctx)
	if err == nil {
		verdict := connection.Verdict()
		fmt.Fprintf(conn, "%s %t %s\n", verdict.Outcome(), connection.Resumed(), verdict.Subject())
	}
	s.seen <- seen{connection, err}
}

// call is what a client of crypto/tls reads, and what the server saw.
func (s *tlsServer) call(config *tls.Config) (string, seen, error) {
	s.t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", s.address, config)
	if err != nil {
		return "", <-s.seen, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	text, err := io.ReadAll(conn)
	return strings.TrimSpace(string(text)), <-s.seen, err
}

// caller is a client of crypto/tls with a certificate, or none, and a memory for sessions.
func caller(root *pki.Authority, client *pki.Client, version uint16) *tls.Config {
	config := &tls.Config{RootCAs: root.Pool(), ServerName: "localhost", MinVersion: version, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	if client != nil {
		certificate := client.TLS()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	return config
}

// base is a server's own configuration.
func base(root *pki.Authority) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{root.Server().TLS()}}
}

var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

func TestHandshakesOfRealClients(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	folder := t.TempDir()
	pki.Write(t, folder+"/root.pem", root.PEM())
	clients := map[string]*pki.Client{
		"nothing": nil, "good": root.Issue("alice"), "chain": root.Intermediate("Staff").Issue("bob"),
		"expired": root.Issue("carol", pki.Expired), "elsewhere": stranger.Issue("mallory"),
	}
	request := serve(t, verifier(t, trusting(root)).TLSConfig(base(root)))
	handshake := serve(t, verifier(t, trusting(root, "mode", "require", "enforcement", "handshake")).TLSConfig(base(root)))
	off := serve(t, verifier(t, trusting(root, "mode", "off")).TLSConfig(base(root)))
	for name, want := range map[string]string{
		"nothing": "NONE false", "good": "SUCCESS false CN=alice,O=Example", "chain": "SUCCESS false CN=bob,O=Example",
		"expired": "FAILED false CN=carol,O=Example", "elsewhere": "FAILED false CN=mallory,O=Example",
	} {
		for version, number := range versions {
			title := name + " over " + version
			text, _, err := request.call(caller(root, clients[name], number))
			if err != nil {
				t.Errorf("%s: %v", title, err)
			}
			equal(t, title, text, want)
			text, _, _ = off.call(caller(root, clients[name], number))
			equal(t, title+", not asked", text, "NONE false")

			text, saw, err := handshake.call(caller(root, clients[name], number))
			if strings.HasPrefix(want, "SUCCESS") {
				equal(t, title+", insisting", text, want)
				continue
			}
			var refused *clientcert.RefusedError
			if err == nil || saw.err == nil || text != "" {
				t.Errorf("%s: let in: %q", title, text)
			}
			if name != "nothing" && (!errors.As(saw.err, &refused) || refused.Verdict.Accepted()) {
				t.Errorf("%s: %v", title, saw.err)
			}
			equal(t, title+": verdict of a handshake that failed", saw.connection.Verdict(), nil)
			if got, want := handshake.alert(folder, clients[name], version), alerts[name+" "+version]; !slices.Contains(want, got) {
				t.Errorf("%s: alert %s", title, got)
			}
		}
	}
}

// What crypto/tls sends: it has one alert for all that a callback refuses. That for a missing certificate in TLS 1.2
// changed with Go.
var alerts = map[string][]string{
	"nothing TLS 1.2": {"handshake failure", "bad certificate"}, "nothing TLS 1.3": {"certificate required"},
	"expired TLS 1.2": {"bad certificate"}, "expired TLS 1.3": {"bad certificate"},
	"elsewhere TLS 1.2": {"bad certificate"}, "elsewhere TLS 1.3": {"bad certificate"},
}

// alert is what openssl s_client says that it got.
func (s *tlsServer) alert(folder string, client *pki.Client, version string) string {
	s.t.Helper()
	arguments := []string{"s_client", "-connect", s.address, "-CAfile", folder + "/root.pem", "-quiet", "-no_ign_eof"}
	if version == "TLS 1.2" {
		arguments = append(arguments, "-tls1_2")
	}
	if client != nil {
		certificate, key := client.Files(folder, "client")
		arguments = append(arguments, "-cert", certificate, "-key", key)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "openssl", arguments...)
	input, err := command.StdinPipe() // open, so that it waits for what the server says
	must(s.t, err)
	defer input.Close()
	output, _ := command.CombinedOutput() // it fails for the alert
	<-s.seen
	_, after, _ := strings.Cut(string(output), "alert ")
	name, _, _ := strings.Cut(after, ":")
	return name
}

func TestSessionsAreResumed(t *testing.T) {
	root := pki.New(t, "Root")
	server := serve(t, verifier(t, trusting(root, "identity", "subject.CN")).TLSConfig(base(root)))
	for version, number := range versions {
		client := caller(root, root.Issue("alice"), number)
		_, first, _ := server.call(client)
		for range 2 {
			text, again, err := server.call(client)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, version, text, "SUCCESS true CN=alice,O=Example")
			equal(t, version+": user", again.connection.Verdict().User(), "alice")
			equal(t, version+": proved at", again.connection.ProvedAt().Unix(), first.connection.ProvedAt().Unix())
		}
	}
}

func TestARevokedClientIsNotResumed(t *testing.T) {
	root := pki.New(t, "Root")
	crl := t.TempDir() + "/crl.pem"
	for version, number := range versions {
		alice := root.Issue("alice")
		pki.Write(t, crl, root.CRL())
		by := verifier(t, trusting(root, "crl", crl, "crl_check", "leaf"))
		server := serve(t, by.TLSConfig(base(root)))
		client := caller(root, alice, number)
		server.call(client)
		text, _, _ := server.call(client)
		equal(t, version+": before", text, "SUCCESS true CN=alice,O=Example")
		pki.Write(t, crl, root.CRL(alice))
		must(t, by.Reload())
		text, _, _ = server.call(client)
		equal(t, version+": after", text, "FAILED false CN=alice,O=Example")
		text, _, _ = server.call(client)
		equal(t, version+": after that", text, "FAILED false CN=alice,O=Example")
	}
}

// No reload is called: a handshake looks for changed files by itself.
func TestHandshakesTakeInChangedFiles(t *testing.T) {
	root := pki.New(t, "Root")
	crl := t.TempDir() + "/crl.pem"
	alice := root.Issue("alice")
	pki.Write(t, crl, root.CRL())
	server := serve(t, verifier(t, trusting(root, "crl", crl, "crl_check", "leaf")).TLSConfig(base(root)))
	client := caller(root, alice, tls.VersionTLS13)
	server.call(client)
	pki.Write(t, crl, root.CRL(alice))
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if text, _, _ := server.call(client); strings.HasPrefix(text, "FAILED") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a revoked client is still let in")
		}
	}
}

func TestSessionsStayWithTheirPolicy(t *testing.T) {
	root := pki.New(t, "Root")
	alice := root.Issue("alice")
	for version, number := range versions {
		shared := base(root) // the keys of tickets are the same everywhere
		plain := shared.Clone()
		plain.ClientAuth = tls.RequestClientCert
		key := [32]byte{1, 2, 3}
		for _, config := range []*tls.Config{shared, plain} {
			config.SetSessionTicketKeys([][32]byte{key})
		}
		one, same := verifier(t, trusting(root)), verifier(t, trusting(root))
		strict := verifier(t, trusting(root, "mode", "require"))
		named := clientcert.HostsTLSConfig(shared, func(string) clientcert.Host { return clientcert.Host{Name: "www", Verifier: one} })
		client := caller(root, alice, number)
		for i, row := range []struct {
			name    string
			config  *tls.Config
			resumed bool
		}{
			{"the first", one.TLSConfig(shared), false},
			{"the same policy", same.TLSConfig(shared), true},
			{"another policy", strict.TLSConfig(shared), false},
			{"the one before", one.TLSConfig(shared), false},
			{"another host", named, false},
			{"the same host", named, true},
			{"a server without records", plain, false},
			{"with a ticket that has none", one.TLSConfig(shared), false},
		} {
			if i == 6 {
				client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			}
			text, _, err := serve(t, row.config).dial(client)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, version+": "+row.name, text, row.resumed)
		}
	}
}

// dial is whether the client resumed its session.
func (s *tlsServer) dial(config *tls.Config) (resumed bool, _ seen, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", s.address, config)
	if err != nil {
		return false, <-s.seen, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err = io.ReadAll(conn)
	return conn.ConnectionState().DidResume, <-s.seen, err
}

// Who was asked and had none may have one for the next connection: a session would keep him from being asked.
func TestClientsWithoutACertificateAreAskedAgain(t *testing.T) {
	root := pki.New(t, "Root")
	server := serve(t, verifier(t, trusting(root)).TLSConfig(base(root)))
	off := serve(t, verifier(t, trusting(root, "mode", "off")).TLSConfig(base(root)))
	for version, number := range versions {
		client := caller(root, nil, number)
		server.dial(client)
		resumed, _, err := server.dial(client)
		must(t, err)
		equal(t, version, resumed, false)
		client = caller(root, nil, number)
		off.dial(client)
		resumed, _, err = off.dial(client)
		must(t, err)
		equal(t, version+", where nobody is asked", resumed, true)
	}
}

// A certificate is public. What a handshake presents counts only once it is proved.
func TestACertificateWithoutItsKey(t *testing.T) {
	root := pki.New(t, "Root")
	server := serve(t, verifier(t, trusting(root)).TLSConfig(base(root)))
	thief := root.Issue("alice")
	thief.Key = root.Issue("mallory").Key
	for version, number := range versions {
		text, saw, err := server.call(caller(root, thief, number))
		if err == nil || saw.err == nil || text != "" {
			t.Errorf("%s: %q, %v", version, text, saw.err)
		}
		equal(t, version, saw.connection.Verdict(), nil)
		equal(t, version+": proved at", saw.connection.ProvedAt().IsZero(), true)
	}
}

// A server within a connection, such as a proxy that answers CONNECT, has the context of the outer one. What the inner
// client presents, and does not prove, is not the outer one's.
func TestAHandshakeInTheContextOfAnotherConnection(t *testing.T) {
	root := pki.New(t, "Root")
	config := verifier(t, trusting(root)).TLSConfig(base(root))
	shake := func(ctx context.Context, client *pki.Client) (context.Context, *clientcert.Connection, error) {
		one, other := net.Pipe()
		defer one.Close()
		defer other.Close()
		go tls.Client(one, caller(root, client, tls.VersionTLS12)).Handshake()
		conn := tls.Server(other, config)
		known, connection := ctx, clientcert.ConnectionFromContext(ctx)
		if connection == nil {
			known, connection = clientcert.NewConnection(ctx, conn)
		}
		return known, connection, conn.HandshakeContext(known)
	}
	outer, connection, err := shake(context.Background(), root.Issue("bob"))
	must(t, err)
	proved := connection.ProvedAt()
	thief := root.Issue("alice")
	thief.Key = root.Issue("mallory").Key
	if _, _, err := shake(outer, thief); err == nil {
		t.Error("nothing is proved")
	}
	equal(t, "subject", connection.Verdict().Subject(), "CN=bob,O=Example")
	_, _, err = shake(outer, root.Issue("carol"))
	must(t, err)
	equal(t, "subject", connection.Verdict().Subject(), "CN=bob,O=Example")
	equal(t, "proved at", connection.ProvedAt(), proved)
}

func TestCAsAreNamedAndNotBelieved(t *testing.T) {
	root, other := pki.New(t, "Root"), pki.New(t, "Other")
	for hints, want := range map[string]int{"send": 1, "none": 0} {
		server := serve(t, verifier(t, trusting(root, "ca_hints", hints)).TLSConfig(&tls.Config{
			Certificates: []tls.Certificate{root.Server().TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: other.Pool(),
		}))
		var named [][]byte
		client := caller(root, nil, tls.VersionTLS13)
		client.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			named = info.AcceptableCAs
			return new(tls.Certificate), nil
		}
		text, _, err := server.call(client)
		must(t, err)
		equal(t, "without a certificate", text, "NONE false")
		equal(t, hints, len(named), want)
		if want == 1 {
			equal(t, "name", string(named[0]), string(root.Certificate.RawSubject))
		}
	}
}

func TestTheServersOwnCallbacksAreCalled(t *testing.T) {
	root := pki.New(t, "Root")
	own := base(root)
	calls := map[string]int{}
	var lock sync.Mutex
	count := func(name string) {
		lock.Lock()
		defer lock.Unlock()
		calls[name]++
	}
	refuse := errors.New("not on a Sunday")
	own.VerifyConnection = func(state tls.ConnectionState) error {
		count("VerifyConnection")
		if len(state.PeerCertificates) == 0 {
			return refuse
		}
		return nil
	}
	own.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		count("GetConfigForClient")
		return nil, nil
	}
	own.WrapSession = func(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		count("WrapSession")
		return own.EncryptTicket(state, session)
	}
	own.UnwrapSession = func(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
		count("UnwrapSession")
		return own.DecryptTicket(ticket, state)
	}
	server := serve(t, verifier(t, trusting(root)).TLSConfig(own))
	client := caller(root, root.Issue("alice"), tls.VersionTLS13)
	server.call(client)
	text, _, _ := server.call(client)
	equal(t, "resumed", text, "SUCCESS true CN=alice,O=Example")
	_, saw, _ := server.call(caller(root, nil, tls.VersionTLS13))
	equal(t, "its refusal", errors.Is(saw.err, refuse), true)
	for name, want := range map[string]int{"VerifyConnection": 3, "GetConfigForClient": 3, "WrapSession": 2, "UnwrapSession": 1} {
		equal(t, name, calls[name], want)
	}
}

// crypto/tls does not ask a configuration that it got from GetConfigForClient for another one.
func TestAConfigurationThatAnotherOneReturns(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	ours := verifier(t, trusting(root)).TLSConfig(base(root))
	outer := base(root)
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return ours, nil }
	server := serve(t, outer)
	_, saw, err := server.call(caller(root, stranger.Issue("mallory"), tls.VersionTLS13))
	if err == nil || saw.err == nil {
		t.Error("a stranger was let in")
	}
	client := caller(root, root.Issue("alice"), tls.VersionTLS13)
	for range 2 {
		resumed, saw, err := server.dial(client)
		if err != nil || saw.err != nil || resumed {
			t.Errorf("%v, %v, resumed: %t", err, saw.err, resumed)
		}
		equal(t, "nobody knows whose connection it is", saw.connection.Verdict(), nil)
	}
}

func TestVirtualHosts(t *testing.T) {
	staff, guests := pki.New(t, "Staff"), pki.New(t, "Guests")
	hosts := map[string]clientcert.Host{
		"staff.example":  {Name: "staff.example", Verifier: verifier(t, trusting(staff))},
		"guests.example": {Name: "guests.example", Verifier: verifier(t, trusting(guests))},
	}
	own := &tls.Config{Certificates: []tls.Certificate{staff.Server("staff.example", "guests.example", "none.example").TLS()}}
	server := serve(t, clientcert.HostsTLSConfig(own, func(name string) clientcert.Host { return hosts[name] }))
	guest := caller(staff, guests.Issue("gast"), tls.VersionTLS13)
	for name, want := range map[string]string{"staff.example": "FAILED false CN=gast,O=Example", "guests.example": "SUCCESS false CN=gast,O=Example"} {
		guest.ServerName = name
		text, saw, _ := server.call(guest)
		equal(t, name, text, want)
		equal(t, name+": host", saw.connection.Host().Name, name)
	}
	guest.ServerName = "none.example"
	if _, saw, err := server.call(guest); err == nil || saw.err == nil {
		t.Error("a host that there is none of")
	}
}

func TestWhatAVerdictWaitsForIsAskedInTheHandshake(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, clientcert.Config{Mode: "optional", Options: map[string]string{"trust": "key", "registry": "external"}})
	var lock sync.Mutex
	user := `{"user":"alice"}`
	host := clientcert.Host{Verifier: by, Complete: func(_ context.Context, verdict *clientcert.Verdict) *clientcert.Verdict {
		lock.Lock()
		defer lock.Unlock()
		resolved, _ := by.Resolve(verdict, []byte(user), time.Time{})
		return resolved
	}}
	server := serve(t, clientcert.HostsTLSConfig(base(root), func(string) clientcert.Host { return host }))
	client := caller(root, pki.SelfSigned(t, "me"), tls.VersionTLS13)
	text, _, _ := server.call(client)
	equal(t, "registered", text, "SUCCESS false CN=me")
	lock.Lock()
	user = `null`
	lock.Unlock()
	text, _, _ = server.call(client)
	equal(t, "not any more", text, "FAILED false CN=me")
}

// A chain too large for a ticket is let in all the same, and is not resumed.
func TestLargeChains(t *testing.T) {
	root := pki.New(t, "Root")
	large := root.Issue("alice", func(template *x509.Certificate) {
		for i := range 900 {
			template.DNSNames = append(template.DNSNames, fmt.Sprintf("%s%d.example.org", strings.Repeat("a", 20), i))
		}
	})
	server := serve(t, verifier(t, trusting(root)).TLSConfig(base(root)))
	client := caller(root, large, tls.VersionTLS13)
	for range 2 {
		text, _, err := server.call(client)
		must(t, err)
		equal(t, "outcome", text, "SUCCESS false CN=alice,O=Example")
	}
}
