package clientcert_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestOutcomes(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	staff := root.Intermediate("Staff")
	by := verifier(t, trusting(root))
	bob := staff.Issue("bob")
	for _, row := range []struct {
		name    string
		chain   [][]byte
		outcome clientcert.Outcome
		reasons string
	}{
		{"nothing", nil, clientcert.None, ""},
		{"a good one", root.Issue("alice").Chain, clientcert.Success, ""},
		{"by an intermediate", bob.Chain, clientcert.Success, ""},
		{"the same, alone", staff.Issue("carol").Chain[:1], clientcert.Failed, " leaf_issuer_unknown"},
		{"expired", root.Issue("alice", pki.Expired).Chain, clientcert.Failed, " certificate_expired"},
		{"by another CA", stranger.Issue("alice").Chain, clientcert.Failed, " leaf_issuer_unknown"},
		{"a server's", root.Server().Chain, clientcert.Failed, " extended_key_usage"},
		{"one of no bytes", [][]byte{{}}, clientcert.Failed, " chain_malformed"},
		{"one of no bytes after a good one", append(root.Issue("alice").Chain, []byte{}), clientcert.Failed, " chain_malformed"},
		{"no certificate at all", [][]byte{[]byte("hello")}, clientcert.Failed, " chain_malformed"},
	} {
		verdict, err := by.Verify(row.chain)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, row.name, verdict.Outcome(), row.outcome)
		equal(t, row.name+": verified", verdict.Verified(), row.outcome == clientcert.Success)
		equal(t, row.name+": accepted", verdict.Accepted(), row.outcome != clientcert.Failed)
		equal(t, row.name+": reasons", reasons(verdict), row.reasons)
	}
}

func TestWhatAVerdictKnows(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "identity", "san.email"))
	alice := root.Issue("alice", pki.URI("spiffe://example.org/alice"), func(template *x509.Certificate) {
		template.EmailAddresses = []string{"alice@example.org"}
		template.DNSNames = []string{"a.example.org", "b.example.org"}
		template.IPAddresses = append(template.IPAddresses, []byte{192, 0, 2, 1})
	})
	verdict := verify(t, by, alice)
	equal(t, "subject", verdict.Subject(), "CN=alice,O=Example")
	equal(t, "issuer", verdict.Issuer(), "CN=Root,O=Example")
	equal(t, "user", verdict.User(), "alice@example.org")
	equal(t, "rule", verdict.UserRule() != "", true)
	equal(t, "e-mails", fmt.Sprint(verdict.Emails()), "[alice@example.org]")
	equal(t, "DNS names", fmt.Sprint(verdict.DNSNames()), "[a.example.org b.example.org]")
	equal(t, "URIs", fmt.Sprint(verdict.URIs()), "[spiffe://example.org/alice]")
	equal(t, "addresses", fmt.Sprint(verdict.IPAddresses()), "[192.0.2.1]")
	equal(t, "not before", verdict.NotBefore().Equal(alice.Certificate.NotBefore), true)
	equal(t, "not after", verdict.NotAfter().Equal(alice.Certificate.NotAfter), true)
	equal(t, "serial", verdict.Serial(), fmt.Sprintf("%02X", alice.Certificate.SerialNumber))
	equal(t, "fingerprint", len(verdict.FingerprintSHA256()), 64)
	equal(t, "key", len(verdict.SPKISHA256()), 64)
	equal(t, "valid until", verdict.ValidUntil().Unix(), alice.Certificate.NotAfter.Unix())
	equal(t, "certificates", fmt.Sprint(verdict.Certificates()), fmt.Sprint(alice.Chain))
	equal(t, "X509_V_ERR", verdict.X509Error(), 0)
	equal(t, "nginx's status", verdict.NginxStatus(), 0)
	equal(t, "alert", verdict.Alert(tls.VersionTLS13), -1)
	equal(t, "token", verdict.Confirms([]byte(`{"x5t#S256":"`+verdict.X5TS256()+`"}`)), true)
	equal(t, "another token", verdict.Confirms([]byte(`{"x5t#S256":"AAAA"}`)), false)
	days, _ := verdict.VariableAt("days_left", alice.Certificate.NotAfter.Add(-72*time.Hour))
	equal(t, "days left then", days, "3")
	_, ok := verdict.Variable("no_such_variable")
	equal(t, "no such variable", ok, false)
	_, ok = verdict.Variable("subject\x00")
	equal(t, "a name with NUL", ok, false)
	policy, err := by.Policy()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "policy", verdict.PolicyIdentity(), policy.Identity)

	text, err := json.Marshal(verdict)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		Verified bool
		User     string
	}
	if err := json.Unmarshal(text, &fields); err != nil || !fields.Verified || fields.User != "alice@example.org" {
		t.Errorf("%v: %s", err, text)
	}
}

func TestRefusals(t *testing.T) {
	root, stranger := pki.New(t, "Root"), pki.New(t, "Stranger")
	by := verifier(t, trusting(root, "mode", "require"))
	verdict := verify(t, by, stranger.Issue("mallory", pki.Expired))
	equal(t, "reasons", reasons(verdict), " leaf_issuer_unknown certificate_expired")
	equal(t, "code", verdict.Reasons()[1].Code, clientcert.ReasonCertificateExpired)
	equal(t, "depth", verdict.Reasons()[1].Depth, 0)
	equal(t, "alert", verdict.Alert(tls.VersionTLS13), 48)
	equal(t, "user", verdict.User(), "")
	equal(t, "nginx's status", verdict.NginxStatus(), 495)
	nobody, _ := by.Verify(nil)
	equal(t, "nobody's status", nobody.NginxStatus(), 496)
	equal(t, "nobody's alert in TLS 1.3", nobody.Alert(tls.VersionTLS13), 116)
	equal(t, "nobody's alert in TLS 1.2", nobody.Alert(tls.VersionTLS12), 40)
}

func TestNobodysVerdictRefuses(t *testing.T) {
	closed := verify(t, verifier(t, trusting(pki.New(t, "Root"))), pki.SelfSigned(t, "me"))
	closed.Close()
	closed.Close()
	for name, verdict := range map[string]*clientcert.Verdict{"nil": nil, "zero": new(clientcert.Verdict), "closed": closed} {
		equal(t, name, verdict.Outcome(), clientcert.Failed)
		equal(t, name+": verified", verdict.Verified(), false)
		equal(t, name+": accepted", verdict.Accepted(), false)
		equal(t, name+": reasons", reasons(verdict), " internal_error")
		equal(t, name+": alert", verdict.Alert(tls.VersionTLS13), 80)
		equal(t, name+": user", verdict.User(), "")
		equal(t, name+": certificates", len(verdict.Certificates()), 0)
		equal(t, name+": valid until", verdict.ValidUntil().IsZero(), true)
		equal(t, name+": JSON", strings.Contains(string(verdict.JSON()), `"verified":false`), true)
	}
}

func TestAClientWithoutACertificateIsValidForever(t *testing.T) {
	nobody, _ := verifier(t, trusting(pki.New(t, "Root"))).Verify(nil)
	equal(t, "valid until", nobody.ValidUntil(), clientcert.Forever)
}

func TestRecheckSeesARevocation(t *testing.T) {
	root := pki.New(t, "Root")
	alice := root.Issue("alice")
	crl := t.TempDir() + "/crl.pem"
	pki.Write(t, crl, root.CRL())
	by := verifier(t, trusting(root, "crl", crl, "crl_check", "leaf"))
	before := verify(t, by, alice)
	equal(t, "before", before.Outcome(), clientcert.Success)
	pki.Write(t, crl, root.CRL(alice))
	if err := by.Reload(); err != nil {
		t.Fatal(err)
	}
	after, err := by.Recheck(before, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "after", reasons(after), " certificate_revoked")
	equal(t, "the old verdict", before.Outcome(), clientcert.Success)
	report, err := by.CRLReport(time.Time{})
	if err != nil || len(report.CRLs) != 1 || report.CRLs[0]["entries"] != "1" || !strings.Contains(report.Metrics, "clientcert_crl_") {
		t.Errorf("%v: %+v", err, report)
	}
}

func TestTheApplicationsOwnRegistry(t *testing.T) {
	by := verifier(t, clientcert.Config{Mode: "optional", Options: map[string]string{"trust": "key", "registry": "external"}})
	pending := verify(t, by, pki.SelfSigned(t, "me"))
	equal(t, "before", reasons(pending), " registration_pending")
	if !strings.HasPrefix(pending.PendingFingerprint(), "spki:sha256:") {
		t.Errorf("it asks for %q", pending.PendingFingerprint())
	}
	for answer, want := range map[string]string{`{"user":"alice"}`: "alice", `null`: "", `nonsense`: "", ``: ""} {
		verdict, err := by.Resolve(pending, []byte(answer), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, answer, verdict.User(), want)
		equal(t, answer+": verified", verdict.Verified(), want != "")
	}
}
