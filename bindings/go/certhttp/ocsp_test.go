package certhttp_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"clientcert.dev/go/certhttp"
	"clientcert.dev/go/internal/pki"
)

// The responder is openssl's; its index says who is revoked.
func TestOCSPRespondersAreAsked(t *testing.T) {
	root, folder, nobodyAnswers := pki.New(t, "Root"), t.TempDir(), freePort(t)
	port := freePort(t)
	asks := func(port string) func(*x509.Certificate) {
		return func(template *x509.Certificate) { template.OCSPServer = []string{"http://127.0.0.1:" + port + "/"} }
	}
	good, revoked, unknown := root.Issue("good", asks(port)), root.Issue("revoked", asks(port)), root.Issue("unknown", asks(port))
	unanswered := root.Issue("unanswered", asks(nobodyAnswers))
	index := fmt.Sprintf("V\t301231235959Z\t\t%02X\tunknown\t/CN=good\nR\t301231235959Z\t250101000000Z\t%02X\tunknown\t/CN=revoked\n",
		good.Certificate.SerialNumber, revoked.Certificate.SerialNumber)
	pki.Write(t, filepath.Join(folder, "index.txt"), []byte(index))
	pki.Write(t, filepath.Join(folder, "ca.pem"), root.PEM())
	key, err := x509.MarshalPKCS8PrivateKey(root.Key())
	must(t, err)
	pki.Write(t, filepath.Join(folder, "ca.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	responder := exec.Command("openssl", "ocsp", "-port", port, "-index", folder+"/index.txt", "-CA", folder+"/ca.pem", "-rsigner", folder+"/ca.pem",
		"-rkey", folder+"/ca.key", "-ndays", "1", "-ignore_err")
	output, err := responder.StdoutPipe()
	must(t, err)
	must(t, responder.Start())
	t.Cleanup(func() {
		responder.Process.Kill()
		responder.Wait()
	})
	// It says that it listens; a connection without a question would stop it.
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ACCEPT") {
		t.Fatalf("%v: %s", err, line)
	}

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
