package clientcert_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestErrorsTellWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty.pem")
	pki.Write(t, empty, nil)
	for _, row := range []struct {
		config clientcert.Config
		status clientcert.Status
		says   string
	}{
		{clientcert.Config{Options: map[string]string{"moed": "optional"}}, clientcert.ErrUnknownOption, "mode"},
		{clientcert.Config{Mode: "sometimes"}, clientcert.ErrInvalidValue, "sometimes"},
		{clientcert.Config{Mode: "optional"}, clientcert.ErrInvalidConfig, "ca"},
		{clientcert.Config{Mode: "optional", CA: filepath.Join(folder, "none.pem")}, clientcert.ErrIO, "none.pem"},
		{clientcert.Config{Mode: "optional", CA: empty}, clientcert.ErrNoCertificate, "empty.pem"},
		{clientcert.Config{Data: map[string][]byte{"ca": []byte("hello")}}, clientcert.ErrNoCertificate, "ca"},
		{clientcert.Config{Mode: "optional\x00"}, clientcert.ErrInvalidArgument, ""},
		{clientcert.Config{File: filepath.Join(folder, "none.toml")}, clientcert.ErrIO, "none.toml"},
	} {
		made, err := clientcert.New(row.config)
		if made != nil || !errors.Is(err, row.status) {
			t.Errorf("%+v: %v", row.config, err)
			continue
		}
		var detailed *clientcert.Error
		if !errors.As(err, &detailed) || detailed.Status != row.status || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%+v: %v", row.config, err)
		}
	}
}

func TestFilesHoldTheSameOptions(t *testing.T) {
	root := pki.New(t, "Root")
	folder := t.TempDir()
	pki.Write(t, filepath.Join(folder, "ca.pem"), root.PEM())
	pki.Write(t, filepath.Join(folder, "options.toml"), []byte("mode = \"require\"\nca = \"ca.pem\"\n"))
	loaded, err := clientcert.Load(filepath.Join(folder, "options.toml"))
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	text, err := clientcert.Config{File: filepath.Join(folder, "options.toml")}.TOML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "again.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := clientcert.Load(filepath.Join(folder, "again.toml"))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	one, _ := loaded.Policy()
	two, _ := again.Policy()
	equal(t, "mode", one.Mode, clientcert.ModeRequire)
	equal(t, "identity", one.Identity, two.Identity)
	equal(t, "names of CAs", len(one.CANames), 1)
}

func TestWordsOfCryptoTLSAreUnderstood(t *testing.T) {
	by := verifier(t, trusting(pki.New(t, "Root"), "mode", "RequireAndVerifyClientCert"))
	policy, err := by.Policy()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "mode", policy.Mode, clientcert.ModeRequire)
	equal(t, "enforcement", policy.Enforcement, clientcert.EnforceHandshake)
}

func TestOptionsAreListed(t *testing.T) {
	names := map[string]bool{}
	for _, option := range clientcert.Options() {
		names[option.Name] = true
		if option.Type == "" || option.Help == "" {
			t.Errorf("%+v", option)
		}
	}
	for _, name := range []string{"mode", "ca", "crl", "registry", "trusted_proxies"} {
		equal(t, name, names[name], true)
	}
}

func TestSettingsCanBeRepeated(t *testing.T) {
	config := trusting(pki.New(t, "Root"), "preflight", "answer")
	config.Settings = []clientcert.Setting{{"preflight_origin", "https://a.example"}, {"preflight_origin", "https://b.example"}}
	text, err := config.TOML()
	if err != nil || !strings.Contains(text, "https://a.example") || !strings.Contains(text, "https://b.example") {
		t.Errorf("%v: %s", err, text)
	}
}
