package clientcert_test

import (
	"testing"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

// verifier makes one that lives as long as the test.
func verifier(t testing.TB, config clientcert.Config) *clientcert.Verifier {
	t.Helper()
	made, err := clientcert.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { made.Close() })
	return made
}

// trusting has options, and a CA in memory.
func trusting(root *pki.Authority, settings ...string) clientcert.Config {
	config := clientcert.Config{Mode: "optional", Options: map[string]string{}, Data: map[string][]byte{"ca": root.PEM()}}
	for i := 0; i < len(settings); i += 2 {
		config.Options[settings[i]] = settings[i+1]
	}
	if mode, ok := config.Options["mode"]; ok {
		config.Mode = mode
	}
	return config
}

func verify(t testing.TB, by *clientcert.Verifier, client *pki.Client) *clientcert.Verdict {
	t.Helper()
	verdict, err := by.Verify(client.Chain)
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func equal[Value comparable](t testing.TB, what string, got, want Value) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

// reasons are the names of what is wrong.
func reasons(verdict *clientcert.Verdict) (names string) {
	for _, reason := range verdict.Reasons() {
		names += " " + reason.Code.String()
	}
	return names
}
