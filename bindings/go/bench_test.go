package clientcert_test

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/cloop"
	"clientcert.dev/go/internal/pki"
	"clientcert.dev/go/internal/raw"
)

// One warm verification of leaf and intermediate, as a server does it for a client that it knows, beside that of
// crypto/x509 with the certificates parsed already.
func BenchmarkVerify(b *testing.B) {
	root := pki.New(b, "Root")
	client := root.Intermediate("Staff").Issue("alice")
	by := verifier(b, trusting(root, "identity", "subject.CN"))

	b.Run("clientcert", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			verdict, err := by.Verify(client.Chain)
			if err != nil || !verdict.Verified() {
				b.Fatal(err)
			}
			verdict.Close()
		}
	})
	b.Run("clientcert, several goroutines", func(b *testing.B) {
		b.RunParallel(func(each *testing.PB) {
			for each.Next() {
				verdict, _ := by.Verify(client.Chain)
				if !verdict.Verified() {
					b.Error("not verified")
				}
				verdict.Close()
			}
		})
	})
	b.Run("clientcert, freed by the collector", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if verdict, _ := by.Verify(client.Chain); !verdict.Verified() {
				b.Fatal("not verified")
			}
		}
	})
	b.Run("C", func(b *testing.B) {
		config := raw.ConfigNew()
		defer raw.ConfigFree(config)
		for name, value := range map[string]string{"mode": "optional", "ca": string(root.PEM()), "identity": "subject.CN"} {
			if failure := raw.ConfigSet(config, name, value); failure != nil {
				b.Fatal(failure.Message)
			}
		}
		verifier, failure := raw.VerifierNew(config)
		if failure != nil {
			b.Fatal(failure.Message)
		}
		defer raw.VerifierFree(verifier)
		b.ResetTimer()
		if verified := cloop.Verify(verifier, slices.Concat(client.Chain...), b.N); verified != b.N {
			b.Fatalf("%d of %d verified", verified, b.N)
		}
	})
	// What of that is Go's: the same crossing, with a verifier that has nothing to look up.
	b.Run("clientcert, without a certificate", func(b *testing.B) {
		for range b.N {
			verdict, _ := by.Verify(nil)
			if verdict.Verified() {
				b.Fatal("nobody is verified")
			}
			verdict.Close()
		}
	})
	b.Run("crypto/x509", func(b *testing.B) {
		b.ReportAllocs()
		intermediates := x509.NewCertPool()
		for _, der := range client.Chain[1:] {
			certificate, err := x509.ParseCertificate(der)
			must(b, err)
			intermediates.AddCert(certificate)
		}
		options := x509.VerifyOptions{Roots: root.Pool(), Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, CurrentTime: time.Now()}
		for range b.N {
			if _, err := client.Certificate.Verify(options); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("user and subject of a verdict", func(b *testing.B) {
		verdict := verify(b, by, client)
		for range b.N {
			if verdict.User() != "alice" || verdict.Subject() == "" {
				b.Fatal("who?")
			}
		}
	})
	b.Run("decide", func(b *testing.B) {
		verdict := verify(b, by, client)
		for range b.N {
			decision := by.Decide(verdict, clientcert.Request{Method: "GET", Target: "/", Authority: "www.example.org", TLSVersion: 0x304, HTTPVersion: clientcert.HTTP2, ProvedAt: time.Now()})
			if !decision.Allowed() {
				b.Fatal(decision.Cause())
			}
			decision.Close()
		}
	})
}
