package grpccert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"clientcert.dev/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// service serves for its caller to be known: the name of the user is compared with that of the service that is asked
// about.
type service struct {
	health.UnimplementedHealthServer
}

func (service) Check(ctx context.Context, asked *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	if clientcert.FromContext(ctx).User() != asked.Service {
		return nil, status.Error(codes.NotFound, "somebody else")
	}
	return &health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}, nil
}

func (service) Watch(_ *health.HealthCheckRequest, stream grpc.ServerStreamingServer[health.HealthCheckResponse]) error {
	for {
		if err := stream.Send(&health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestCalls(t *testing.T) {
	ca := newAuthority(t)
	verifier, err := clientcert.New(clientcert.Config{Mode: "optional", Options: map[string]string{"identity": "subject.CN"}, Data: map[string][]byte{"ca": ca.pem()}})
	must(t, err)
	defer verifier.Close()
	address := serve(t, verifier, ca)
	alice, stranger := ca.issue("alice", 2), newAuthority(t).issue("mallory", 2)
	for _, row := range []struct {
		name   string
		client *tls.Certificate
		user   string
		code   codes.Code
	}{
		{"alice", alice, "alice", codes.OK},
		{"bob", ca.issue("bob", 3), "bob", codes.PermissionDenied},
		{"nobody", nil, "", codes.Unauthenticated},
		{"a stranger", stranger, "", codes.PermissionDenied},
	} {
		conn := dial(t, address, ca, row.client)
		for range 2 {
			_, err := health.NewHealthClient(conn).Check(context.Background(), &health.HealthCheckRequest{Service: row.user})
			if status.Code(err) != row.code {
				t.Errorf("%s: %v", row.name, err)
			}
		}
	}
}

func TestAStreamEndsWithItsClient(t *testing.T) {
	ca := newAuthority(t)
	crl := filepath.Join(t.TempDir(), "crl.pem")
	must(t, os.WriteFile(crl, ca.crl(), 0o600))
	verifier, err := clientcert.New(clientcert.Config{Mode: "optional", Data: map[string][]byte{"ca": ca.pem()}, Options: map[string]string{
		"identity": "subject.CN", "crl": crl, "crl_check": "leaf",
	}})
	must(t, err)
	defer verifier.Close()
	conn := dial(t, serve(t, verifier, ca), ca, ca.issue("alice", 2))
	stream, err := health.NewHealthClient(conn).Watch(context.Background(), &health.HealthCheckRequest{})
	must(t, err)
	_, err = stream.Recv()
	must(t, err)
	must(t, os.WriteFile(crl, ca.crl(2), 0o600))
	must(t, verifier.Reload())
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.PermissionDenied || status.Convert(err).Message() != "certificate_revoked" {
		t.Error(err)
	}
}

func TestAServerWithOtherCredentials(t *testing.T) {
	ca := newAuthority(t)
	verifier, err := clientcert.New(clientcert.Config{Mode: "optional", Data: map[string][]byte{"ca": ca.pem()}})
	must(t, err)
	defer verifier.Close()
	guard := &Guard{Verifier: verifier, Require: func(string) clientcert.Request {
		return clientcert.Request{Requirement: clientcert.RequireNothing}
	}}
	address := listen(t, grpc.NewServer(grpc.UnaryInterceptor(guard.Unary)))
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer conn.Close()
	_, err = health.NewHealthClient(conn).Check(context.Background(), &health.HealthCheckRequest{})
	if status.Code(err) != codes.PermissionDenied {
		t.Error(err)
	}
}

// serve runs a server whose methods are for alice alone.
func serve(t *testing.T, verifier *clientcert.Verifier, ca *authority) string {
	t.Helper()
	guard := &Guard{Verifier: verifier, Require: func(string) clientcert.Request {
		return clientcert.Request{Users: []string{"alice"}}
	}}
	creds := NewCredentials(verifier, &tls.Config{Certificates: []tls.Certificate{*ca.issue("localhost", 9)}})
	return listen(t, grpc.NewServer(grpc.Creds(creds), grpc.UnaryInterceptor(guard.Unary), grpc.StreamInterceptor(guard.Stream)))
}

func listen(t *testing.T, server *grpc.Server) string {
	t.Helper()
	health.RegisterHealthServer(server, service{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return listener.Addr().String()
}

func dial(t *testing.T, address string, ca *authority, client *tls.Certificate) *grpc.ClientConn {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(ca.certificate)
	config := &tls.Config{RootCAs: pool, ServerName: "localhost"}
	if client != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return client, nil }
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ca := &authority{t: t, key: key}
	template := ca.template("Root", 1)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.ExtKeyUsage, template.DNSNames = nil, nil
	ca.certificate = ca.sign(template, template, key)
	return ca
}

func (a *authority) issue(name string, serial int64) *tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	certificate := a.sign(a.template(name, serial), a.certificate, key)
	return &tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}
}

func (a *authority) template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
}

func (a *authority) sign(template, issuer *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, a.key)
	must(a.t, err)
	certificate, err := x509.ParseCertificate(der)
	must(a.t, err)
	return certificate
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

func (a *authority) crl(serials ...int64) []byte {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(int64(1 + len(serials))), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for _, serial := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	must(a.t, err)
	return der
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
