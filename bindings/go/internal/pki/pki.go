// Package pki makes certificates, keys and CRLs for tests.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a CA.
type Authority struct {
	t           testing.TB
	Certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	chain       [][]byte // what clients of an intermediate CA present above their own
	serial      int64
	crls        int64
}

// Client is a certificate and its key.
type Client struct {
	t           testing.TB
	Certificate *x509.Certificate
	Chain       [][]byte
	Key         *ecdsa.PrivateKey
}

// New makes a root.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	key := newKey(t)
	template := authorityTemplate(name, 1)
	return &Authority{t: t, key: key, serial: 1, Certificate: sign(t, template, template, &key.PublicKey, key)}
}

// Intermediate makes a CA below this one.
func (a *Authority) Intermediate(name string) *Authority {
	a.t.Helper()
	key := newKey(a.t)
	certificate := sign(a.t, authorityTemplate(name, a.next()), a.Certificate, &key.PublicKey, a.key)
	return &Authority{t: a.t, key: key, serial: 1, Certificate: certificate, chain: append([][]byte{certificate.Raw}, a.chain...)}
}

// Issue makes a client's certificate, which changes may make another one.
func (a *Authority) Issue(name string, changes ...func(*x509.Certificate)) *Client {
	a.t.Helper()
	return a.IssueFor(newKey(a.t), name, changes...)
}

// IssueFor makes a certificate for a key that there is already.
func (a *Authority) IssueFor(key *ecdsa.PrivateKey, name string, changes ...func(*x509.Certificate)) *Client {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.next()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Example"}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, change := range changes {
		change(template)
	}
	certificate := sign(a.t, template, a.Certificate, &key.PublicKey, a.key)
	return &Client{t: a.t, Certificate: certificate, Chain: append([][]byte{certificate.Raw}, a.chain...), Key: key}
}

// Server makes the certificate of a server on the loopback interface.
func (a *Authority) Server(names ...string) *Client {
	a.t.Helper()
	return a.Issue("localhost", func(template *x509.Certificate) {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames = append([]string{"localhost"}, names...)
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	})
}

// Expired makes a certificate one that has expired.
func Expired(template *x509.Certificate) {
	template.NotBefore, template.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
}

// URI gives a certificate a name.
func URI(text string) func(*x509.Certificate) {
	return func(template *x509.Certificate) {
		address, _ := url.Parse(text)
		template.URIs = append(template.URIs, address)
	}
}

// SelfSigned makes a certificate that no CA vouches for.
func SelfSigned(t testing.TB, name string) *Client {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate := sign(t, template, template, &key.PublicKey, key)
	return &Client{t: t, Certificate: certificate, Chain: [][]byte{certificate.Raw}, Key: key}
}

// CRL says which certificates of this CA are revoked, as PEM.
func (a *Authority) CRL(revoked ...*Client) []byte {
	a.t.Helper()
	a.crls++
	list := &x509.RevocationList{Number: big.NewInt(a.crls), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	for _, client := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: client.Certificate.SerialNumber, RevocationTime: time.Now().Add(-time.Minute)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Certificate, a.key)
	check(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// PEM is the CA's certificate.
func (a *Authority) PEM() []byte { return encode(a.Certificate.Raw) }

// Key is the CA's key, for what stands in for it.
func (a *Authority) Key() *ecdsa.PrivateKey { return a.key }

// Pool trusts the CA alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	return pool
}

// TLS is the client as crypto/tls takes it.
func (c *Client) TLS() tls.Certificate {
	return tls.Certificate{Certificate: c.Chain, PrivateKey: c.Key, Leaf: c.Certificate}
}

// PEM is the chain, without the key.
func (c *Client) PEM() []byte { return encode(c.Chain...) }

// Files writes the chain and the key into a folder, as NAME.pem and NAME.key.
func (c *Client) Files(folder, name string) (certificate, key string) {
	c.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.Key)
	check(c.t, err)
	certificate, key = filepath.Join(folder, name+".pem"), filepath.Join(folder, name+".key")
	Write(c.t, certificate, c.PEM())
	Write(c.t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return certificate, key
}

// Write puts a file in the place of another one at once.
func Write(t testing.TB, path string, data []byte) {
	t.Helper()
	check(t, os.WriteFile(path+".new", data, 0o600))
	check(t, os.Rename(path+".new", path))
}

func (a *Authority) next() int64 {
	a.serial++
	return a.serial
}

func authorityTemplate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Example"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(240 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func sign(t testing.TB, template, issuer *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key)
	check(t, err)
	certificate, err := x509.ParseCertificate(der)
	check(t, err)
	return certificate
}

func encode(certificates ...[]byte) []byte {
	var text []byte
	for _, der := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
