package certhttp_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// What answers is openssl's responder; its index says who is revoked.
func TestOCSPRespondersAreAsked(t *testing.T) {
	root, folder := pki.New(t, "Root"), t.TempDir()
	url := ocspResponder(t, folder)
	nobodyAnswers := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer nobodyAnswers.Close()
	asks := func(url string) func(*x509.Certificate) {
		return func(template *x509.Certificate) { template.OCSPServer = []string{url} }
	}
	good, revoked, unknown := root.Issue("good", asks(url)), root.Issue("revoked", asks(url)), root.Issue("unknown", asks(url))
	unanswered := root.Issue("unanswered", asks(nobodyAnswers.URL))
	index := fmt.Sprintf("V\t301231235959Z\t\t%02X\tunknown\t/CN=good\nR\t301231235959Z\t250101000000Z\t%02X\tunknown\t/CN=revoked\n",
		good.Certificate.SerialNumber, revoked.Certificate.SerialNumber)
	pki.Write(t, filepath.Join(folder, "index.txt"), []byte(index))
	pki.Write(t, filepath.Join(folder, "ca.pem"), root.PEM())
	key, err := x509.MarshalPKCS8PrivateKey(root.Key())
	must(t, err)
	pki.Write(t, filepath.Join(folder, "ca.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))

	for missing, status := range map[string]int{"fail": 403, "allow": 200} {
		by := verifier(t, root, "ocsp", "leaf", "ocsp_missing", missing)
		guard := &certhttp.Guard{Verifier: by, Complete: certhttp.AskOCSP(&http.Client{Transport: &http.Transport{}}, by)}
		site := serve(t, root, guard, places(guard))
		equal(t, "good", site.curl(good, "/user").status, 200)
		equal(t, "good again", site.curl(good, "/user").status, 200)
		equal(t, "revoked", site.curl(revoked, "/user").status, 403)
		equal(t, "unknown", site.curl(unknown, "/user").status, 403)
		equal(t, "unanswered, ocsp_missing = "+missing, site.curl(unanswered, "/user").status, status)
		without := &certhttp.Guard{Verifier: verifier(t, root, "ocsp", "leaf", "ocsp_missing", missing)}
		equal(t, "nobody asks", serve(t, root, without, places(without)).curl(good, "/user").status, 403)
	}
}

// ocspResponder has openssl answer each question, by the index and the CA in a folder. openssl's own server would have
// to be told a port in advance.
func ocspResponder(t *testing.T, folder string) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked, err := os.MkdirTemp(folder, "question")
		if err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(asked+"/request", question, 0o600); err != nil {
			t.Error(err)
		}
		var said bytes.Buffer
		openssl := exec.Command("openssl", "ocsp", "-reqin", asked+"/request", "-respout", asked+"/response", "-index", folder+"/index.txt",
			"-CA", folder+"/ca.pem", "-rsigner", folder+"/ca.pem", "-rkey", folder+"/ca.key", "-ndays", "1")
		openssl.Stdout, openssl.Stderr = &said, &said
		if err := openssl.Run(); err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
		answer, err := os.ReadFile(asked + "/response")
		if err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
		w.Header().Set("Content-Type", "application/ocsp-response")
		w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
