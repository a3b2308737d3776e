package clientcert_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

// enrolling lets users register their own keys.
func enrolling(t *testing.T, url string) *clientcert.Verifier {
	t.Helper()
	if path, ok := strings.CutPrefix(url, "file:"); ok { // one that holds nobody is refused
		pki.Write(t, path, []byte("spki:sha256:"+strings.Repeat("00", 32)+" somebody\n"))
	}
	return verifier(t, clientcert.Config{Mode: "optional_no_ca", Options: map[string]string{
		"trust": "key", "tolerate": "key_not_registered", "registry": url,
	}})
}

func TestUsersRegisterTheirKeys(t *testing.T) {
	for _, kind := range []string{"file", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			by := enrolling(t, kind+":"+t.TempDir()+"/registry")
			registry := by.Registry()
			defer registry.Close()
			me := pki.SelfSigned(t, "me")
			before := verify(t, by, me)
			equal(t, "before", reasons(before), " key_not_registered")
			equal(t, "accepted", before.Accepted(), true)
			must(t, registry.ActAs("alice"))
			must(t, registry.EnrolVerdict(before, "alice", "laptop"))
			audit, err := registry.Audit()
			if err != nil || len(audit) != 1 || audit[0].Actor != "alice" || audit[0].Action != "enrol_self" {
				t.Errorf("%v: %+v", err, audit)
			}
			must(t, by.Reload())
			after := verify(t, by, me)
			equal(t, "user", after.User(), "alice")
			equal(t, "label", after.RegistrationLabel(), "laptop")
			key := after.RegistrationKey()
			equal(t, "key", key, "spki:sha256:"+after.SPKISHA256())

			if err := registry.EnrolVerdict(before, "bob", ""); !errors.Is(err, clientcert.ErrKeyTaken) || strings.Contains(err.Error(), "alice") {
				t.Errorf("somebody else's key: %v", err)
			}
			must(t, registry.Disable(key))
			must(t, by.Reload())
			equal(t, "disabled", reasons(verify(t, by, me)), " registration_disabled")
			must(t, registry.Enable(key))
			must(t, registry.Rename(key, "old laptop"))
			must(t, registry.RenameUser("alice", "alicia"))
			must(t, registry.Used(key, time.Now()))
			list, err := registry.OfUser("alicia")
			if err != nil || len(list) != 1 || list[0].Key != key || list[0].Label != "old laptop" || list[0].LastUsed.IsZero() || !list[0].Revoked.IsZero() {
				t.Errorf("%v: %+v", err, list)
			}
			must(t, registry.Revoke(key))
			if err := registry.Enable(key); !errors.Is(err, clientcert.ErrKeyRevoked) {
				t.Errorf("enabled again: %v", err)
			}
			must(t, by.Reload())
			equal(t, "revoked", reasons(verify(t, by, me)), " registration_revoked")
			list, err = registry.OfKey(key)
			if err != nil || len(list) != 1 || list[0].Revoked.IsZero() {
				t.Errorf("%v: %+v", err, list)
			}
		})
	}
}

func TestAdministratorsRegisterKeys(t *testing.T) {
	registry, err := clientcert.OpenRegistry("file:" + t.TempDir() + "/registry")
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	me := pki.SelfSigned(t, "me")
	end := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	must(t, registry.EnrolCertificate("alice", me.PEM(), clientcert.Fields{Label: `a "label"`, NotAfter: end, NoManage: true}))
	must(t, registry.EnrolFingerprint("bob", "spki:sha256:"+strings.Repeat("ab", 32), clientcert.Fields{Disabled: true}))
	if err := registry.EnrolFingerprint("carol", "nonsense", clientcert.Fields{}); !errors.Is(err, clientcert.ErrInvalidArgument) {
		t.Errorf("%v", err)
	}
	all, err := registry.All()
	if err != nil || len(all) != 2 || all[0].Label != `a "label"` || !all[0].NotAfter.Equal(end) || !all[0].NoManage || !all[1].Disabled {
		t.Errorf("%v: %+v", err, all)
	}
	expiring, err := registry.Expiring(30)
	if err != nil || len(expiring) != 1 || expiring[0].User != "alice" || expiring[0].DaysLeft > 2 {
		t.Errorf("%v: %+v", err, expiring)
	}
	text, err := registry.Text()
	must(t, err)
	copied, err := clientcert.OpenRegistry("sqlite:" + t.TempDir() + "/copy")
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	must(t, copied.Import("text", []byte(text), ""))
	must(t, copied.Remove(all[1].Key))
	if err := copied.Remove(all[1].Key); !errors.Is(err, clientcert.ErrNotRegistered) {
		t.Errorf("removed twice: %v", err)
	}
	rest, err := copied.All()
	if err != nil || len(rest) != 1 || rest[0].User != "alice" {
		t.Errorf("%v: %+v", err, rest)
	}
}

func TestANewKeyBesideTheOldOne(t *testing.T) {
	by := enrolling(t, "file:"+t.TempDir()+"/registry")
	registry := by.Registry()
	defer registry.Close()
	former, next := pki.SelfSigned(t, "old"), pki.SelfSigned(t, "new")
	must(t, registry.EnrolVerdict(verify(t, by, former), "alice", "laptop"))
	must(t, by.Reload())
	if err := registry.RenewBeside(verify(t, by, next), verify(t, by, next), ""); !errors.Is(err, clientcert.ErrNotEntitled) {
		t.Errorf("a key that is not registered vouches for itself: %v", err)
	}
	must(t, registry.RenewBeside(verify(t, by, next), verify(t, by, former), ""))
	must(t, by.Reload())
	equal(t, "user", verify(t, by, next).User(), "alice")
	equal(t, "label", verify(t, by, next).RegistrationLabel(), "laptop")
}

func TestAClosedRegistryDoesNothing(t *testing.T) {
	by := enrolling(t, "file:"+t.TempDir()+"/registry")
	closed := by.Registry()
	closed.Close()
	closed.Close()
	var none *clientcert.Registry
	for _, registry := range []*clientcert.Registry{closed, none} {
		_, listed := registry.All()
		for _, err := range []error{listed, registry.ActAs("alice"), registry.EnrolVerdict(nil, "alice", ""), registry.Remove("x")} {
			if !errors.Is(err, clientcert.ErrClosed) {
				t.Errorf("%v", err)
			}
		}
	}
	open := by.Registry()
	if err := open.EnrolVerdict(nil, "alice", ""); !errors.Is(err, clientcert.ErrInvalidArgument) {
		t.Errorf("nobody's verdict: %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
