package clientcert_test

import (
	"errors"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "identity", "subject.CN", "trusted_proxies", "192.0.2.0/24,unix"))
	alice := verify(t, by, root.Issue("alice"))
	for dialect := clientcert.DialectRFC9440; dialect <= clientcert.DialectProxyProtocol; dialect++ {
		fields, err := alice.ForwardHeaders(dialect, 0, clientcert.HeaderNames{})
		if err != nil || len(fields) == 0 {
			t.Errorf("%v: %v", dialect, err)
			continue
		}
		for peer, want := range map[string]clientcert.Outcome{"192.0.2.7": clientcert.Success, "unix": clientcert.Success, "198.51.100.1": clientcert.Failed, "": clientcert.Failed, "unix\x00": clientcert.Failed} {
			verdict, err := by.VerifyForwarded(dialect, peer, fields, clientcert.HeaderNames{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Outcome() != want {
				t.Errorf("%v from %q: %v%s", dialect, peer, verdict.Outcome(), reasons(verdict))
			}
		}
		for _, field := range fields {
			if dialect != clientcert.DialectProxyProtocol && !clientcert.IsForwardedHeader(field.Name) {
				t.Errorf("%v: %s is not removed from what clients send", dialect, field.Name)
			}
		}
		equal(t, dialect.String()+": name", dialect.String() != "unknown", true)
		equal(t, dialect.String()+": Vary", dialect.Vary() != "", true)
	}
	nobody, _ := by.VerifyForwarded(clientcert.DialectRFC9440, "198.51.100.1", nil, clientcert.HeaderNames{}, time.Time{})
	equal(t, "without headers", nobody.Outcome(), clientcert.None)
	unknown, _ := by.VerifyForwarded(99, "192.0.2.7", nil, clientcert.HeaderNames{}, time.Time{})
	equal(t, "no dialect", reasons(unknown), " internal_error")
}

func TestHeadersHaveOtherNames(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "trusted_proxies", "192.0.2.7"))
	names := clientcert.HeaderNames{Certificate: "X-Cert"}
	fields, err := verify(t, by, root.Issue("alice")).ForwardHeaders(clientcert.DialectNginx, 0, names)
	if err != nil || fields[0].Name != "X-Cert" {
		t.Fatalf("%v: %+v", err, fields)
	}
	verdict, err := by.VerifyForwarded(clientcert.DialectNginx, "192.0.2.7", fields, names, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "outcome", verdict.Outcome(), clientcert.Success)
	if _, err := by.VerifyForwarded(clientcert.DialectNginx, "192.0.2.7", fields, clientcert.HeaderNames{Certificate: "X\r\n"}, time.Time{}); !errors.Is(err, clientcert.ErrInvalidArgument) {
		t.Errorf("a name with a line end: %v", err)
	}
}

func TestNobodyIsForwardedWhoWasNotVerified(t *testing.T) {
	by := verifier(t, trusting(pki.New(t, "Root")))
	stranger := verify(t, by, pki.SelfSigned(t, "me"))
	if _, err := stranger.ForwardHeaders(clientcert.DialectRFC9440, 0, clientcert.HeaderNames{}); !errors.Is(err, clientcert.ErrNotEntitled) {
		t.Errorf("%v", err)
	}
	fields, err := stranger.ForwardHeaders(clientcert.DialectRFC9440, clientcert.ForwardUnverified, clientcert.HeaderNames{})
	if err != nil || len(fields) != 1 {
		t.Errorf("%v: %+v", err, fields)
	}
	var nobody *clientcert.Verdict
	if _, err := nobody.ForwardHeaders(clientcert.DialectRFC9440, 0, clientcert.HeaderNames{}); err == nil {
		t.Error("nobody's verdict was forwarded")
	}
}

func TestTheListOfHeadersIsKnown(t *testing.T) {
	names := clientcert.ForwardedHeaders()
	if len(names) < 20 {
		t.Errorf("%d names", len(names))
	}
	for _, name := range append(names, "Client-Cert", "CLIENT_CERT", "x-ssl-client-anything", "a\x00b") {
		if !clientcert.IsForwardedHeader(name) {
			t.Errorf("%q", name)
		}
	}
	equal(t, "Accept", clientcert.IsForwardedHeader("Accept"), false)
}
