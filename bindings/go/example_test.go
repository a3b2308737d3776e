package clientcert_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log"
	"math/big"
	"time"

	"clientcert.dev/go"
)

func Example() {
	ca, alice := certificates()
	verifier, err := clientcert.New(clientcert.Config{
		Mode:    "optional",
		Data:    map[string][]byte{"ca": ca}, // or CA: "/etc/ssl/clients-ca.pem"
		Options: map[string]string{"identity": "subject.CN"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()

	verdict, err := verifier.Verify([][]byte{alice})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verdict.Outcome(), verdict.Verified(), verdict.User(), verdict.Subject())
	// Output: SUCCESS true alice CN=alice
}

func ExampleVerdict_Reasons() {
	ca, alice := certificates()
	verifier, err := clientcert.New(clientcert.Config{Mode: "require", Data: map[string][]byte{"ca": ca}})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	verdict, err := verifier.VerifyAt([][]byte{alice}, time.Now().AddDate(0, 2, 0))
	if err != nil {
		log.Fatal(err)
	}
	for _, reason := range verdict.Reasons() {
		fmt.Println(reason.Code, reason.Depth, reason.Code.Text())
	}
	// Output: certificate_expired 0 the certificate has expired
}

func ExampleNew_errors() {
	_, err := clientcert.New(clientcert.Config{Mode: "optinal"})
	var detailed *clientcert.Error
	fmt.Println(errors.Is(err, clientcert.ErrInvalidValue), errors.As(err, &detailed))
	fmt.Println(err)
	// Output:
	// true true
	// clientcert: option 'mode': 'optinal' is not off, optional, optional_no_ca, require, request_any, require_any or deferred
}

func ExampleVerifier_Decide() {
	ca, alice := certificates()
	verifier, err := clientcert.New(clientcert.Config{Mode: "optional", Data: map[string][]byte{"ca": ca}, Options: map[string]string{"identity": "subject.CN"}})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	verdict, err := verifier.Verify([][]byte{alice})
	if err != nil {
		log.Fatal(err)
	}
	for _, users := range [][]string{{"alice", "bob"}, {"bob"}, {}} {
		decision := verifier.Decide(verdict, clientcert.Request{Users: users})
		fmt.Printf("%s %d %q\n", decision.Action(), decision.Status(), decision.Cause())
	}
	// Output:
	// allow 0 ""
	// forbid 403 "user_not_allowed"
	// forbid 403 "user_not_allowed"
}

// A server of one's own: the connection is found in the context of the handshake.
func ExampleVerifier_TLSConfig() {
	verifier, err := clientcert.Load("clientcert.toml")
	if err != nil {
		log.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair("server.pem", "server.key")
	if err != nil {
		log.Fatal(err)
	}
	config := verifier.TLSConfig(&tls.Config{Certificates: []tls.Certificate{own}})
	listener, err := tls.Listen("tcp", ":8443", config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		accepted, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer accepted.Close()
			conn := accepted.(*tls.Conn)
			ctx, connection := clientcert.NewConnection(context.Background(), conn)
			if err := conn.HandshakeContext(ctx); err != nil {
				log.Print(err)
				return
			}
			if verdict := connection.Verdict(); verdict.Verified() {
				fmt.Fprintf(conn, "hello %s\n", verdict.Subject())
			}
		}()
	}
}

// certificates makes a CA, and a client that it has certified.
func certificates() (ca, client []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Clients"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "alice"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if ca, err = x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key); err != nil {
		log.Fatal(err)
	}
	if client, err = x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, key); err != nil {
		log.Fatal(err)
	}
	return ca, client
}
