package clientcert

import (
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"clientcert.dev/go/internal/raw"
)

// Registry says which key belongs to which user, and changes that. Calls wait for one another; to read and write at the same time,
// every goroutine, or every request, opens its own, which costs little.
type Registry struct {
	owned owned[raw.Registry]
	lock  sync.Mutex
}

// Registration is a key of a user. Moments are the zero Time where there is none.
type Registration struct {
	User      string    `json:"user"`
	Key       string    `json:"key"` // spki:sha256: or cert:sha256: and hexadecimal
	Label     string    `json:"label"`
	Created   time.Time `json:"created"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Disabled  bool      `json:"disabled"`
	Revoked   time.Time `json:"revoked"`
	LastUsed  time.Time `json:"last_used"`
	NoManage  bool      `json:"no_manage"` // whoever logs in with it may not change the user's keys
	CA        string    `json:"ca"`        // sha256: and the SHA-256 of the key of the CA that it counts under
	DaysLeft  int       `json:"days_left"` // of Expiring alone
}

// AuditRecord is what a change of a registry leaves.
type AuditRecord struct {
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	User   string    `json:"user"`
	Key    string    `json:"key"`
	Label  string    `json:"label"`
	Detail string    `json:"detail"`
}

// Fields are what an administrator says of a key. Zero values say nothing.
type Fields struct {
	Label     string
	NotBefore time.Time
	NotAfter  time.Time
	Disabled  bool
	NoManage  bool
	CA        string // sha256: and the SHA-256 of a CA's key
	// ThisCertificate registers this very certificate, and no later one with the same key.
	ThisCertificate bool
}

// OpenRegistry opens a registry by the URL that the option registry takes: file:PATH, sqlite:PATH, postgres://…. Nothing is read
// before the first call that needs it.
func OpenRegistry(url string) (*Registry, error) {
	handle, failure := raw.RegistryNew(url)
	if failure != nil {
		return nil, failed(failure)
	}
	return newRegistry(handle), nil
}

// Registry is that of the verifier: what is changed there, it sees at its next Refresh. nil where the verifier has none.
func (v *Verifier) Registry() *Registry {
	handle := v.borrow()
	defer v.giveBack(handle)
	return newRegistry(raw.VerifierRegistry(handle))
}

// Close frees what the registry holds, once. What is registered stays.
func (r *Registry) Close() error {
	if r != nil {
		r.owned.close()
	}
	return nil
}

// ActAs says in whose name the following changes are made, which is what their audit records say.
func (r *Registry) ActAs(actor string) error {
	return r.do(func(handle raw.Registry) *raw.Failure { return raw.RegistryActAs(handle, actor) })
}

// EnrolVerdict registers the key of a connected client to a user who is logged in by other means, such as a password. The verdict
// must be that of the very connection on which the user asks, and all that may be wrong with it is ReasonKeyNotRegistered.
func (r *Registry) EnrolVerdict(verdict *Verdict, user, label string) error {
	judged := verdict.borrow()
	defer verdict.giveBack(judged)
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryEnrolVerdict(handle, judged, user, pointer(label))
	})
}

// EnrolCertificate registers one certificate, DER or PEM: an administrator's verb, because it asks for no proof that the user holds
// the key.
func (r *Registry) EnrolCertificate(user string, certificate []byte, fields Fields) error {
	text := fields.json()
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryEnrolCertificate(handle, user, certificate, &text)
	})
}

// EnrolFingerprint registers a key by its fingerprint, spki:sha256: or cert:sha256: with hexadecimal or base64: an administrator's
// verb.
func (r *Registry) EnrolFingerprint(user, key string, fields Fields) error {
	text := fields.json()
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryEnrolFingerprint(handle, user, key, &text)
	})
}

// RenewBeside registers the key of a connected client beside one that is registered already, to the same user. registered is the
// verdict of a connection with that one, of the same person, which it is for the caller to know.
func (r *Registry) RenewBeside(verdict, registered *Verdict, label string) error {
	judged, known := verdict.borrow(), registered.borrow()
	defer verdict.giveBack(judged)
	defer registered.giveBack(known)
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryRenewBeside(handle, judged, known, pointer(label))
	})
}

// RenewSigned registers the key of a connected client whose certificate a registered key has signed, to the same user. signer is a
// certificate with the registered key, DER or PEM.
func (r *Registry) RenewSigned(verdict *Verdict, signer []byte, label string) error {
	judged := verdict.borrow()
	defer verdict.giveBack(judged)
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryRenewSigned(handle, judged, signer, pointer(label))
	})
}

// Disable makes a key count for nothing, until Enable.
func (r *Registry) Disable(key string) error { return r.change("disable", key, nil) }

// Enable makes a key count again.
func (r *Registry) Enable(key string) error { return r.change("enable", key, nil) }

// Revoke makes a key count for nothing, for good: nobody can register it again.
func (r *Registry) Revoke(key string) error { return r.change("revoke", key, nil) }

// Remove takes a registration away. The key may be registered anew.
func (r *Registry) Remove(key string) error { return r.change("remove", key, nil) }

// Rename gives a key another label.
func (r *Registry) Rename(key, label string) error { return r.change("rename", key, &label) }

// RenameUser gives the keys of a user to another name, which has none yet.
func (r *Registry) RenameUser(user, name string) error { return r.change("rename_user", user, &name) }

// Used says that a key was used. Once a day for each key tells as much as every use.
func (r *Registry) Used(key string, at time.Time) error {
	if at.IsZero() {
		at = time.Now()
	}
	return r.do(func(handle raw.Registry) *raw.Failure { return raw.RegistryUsed(handle, key, at.Unix()) })
}

// Import registers many keys at once, all or none: an administrator's verb. format is text, or jwks, whose keys are user's.
func (r *Registry) Import(format string, data []byte, user string) error {
	return r.do(func(handle raw.Registry) *raw.Failure {
		return raw.RegistryImport(handle, format, data, pointer(user))
	})
}

// All lists every registration.
func (r *Registry) All() ([]Registration, error) { return r.list("all", nil) }

// OfUser lists the keys of a user.
func (r *Registry) OfUser(user string) ([]Registration, error) { return r.list("user", &user) }

// OfKey lists the registration of a key; none where it has none.
func (r *Registry) OfKey(key string) ([]Registration, error) { return r.list("key", &key) }

// Expiring lists what ends within so many days, the next first.
func (r *Registry) Expiring(days int) ([]Registration, error) {
	within := strconv.Itoa(days)
	return r.list("expiring", &within)
}

// Text is everything in the form of a registry that is a file.
func (r *Registry) Text() (string, error) { return r.listed("text", nil) }

// Audit has the records of the last change that was made by this registry; none where it failed.
func (r *Registry) Audit() ([]AuditRecord, error) {
	var text string
	if err := r.do(func(handle raw.Registry) *raw.Failure {
		text, _ = raw.RegistryAudit(handle)
		return nil
	}); err != nil {
		return nil, err
	}
	var records []AuditRecord
	return records, unmarshal(text, &records)
}

func newRegistry(handle raw.Registry) *Registry {
	if handle == nil {
		return nil
	}
	registry := new(Registry)
	own(&registry.owned, handle, raw.RegistryFree)
	return registry
}

// do makes one call, while no other one is made.
func (r *Registry) do(call func(raw.Registry) *raw.Failure) error {
	if r == nil {
		return ErrClosed
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	handle := r.owned.borrow()
	defer r.owned.giveBack(handle)
	if handle == nil {
		return ErrClosed
	}
	return failed(call(handle))
}

func (r *Registry) change(verb, subject string, value *string) error {
	return r.do(func(handle raw.Registry) *raw.Failure { return raw.RegistryChange(handle, verb, subject, value) })
}

func (r *Registry) list(what string, value *string) ([]Registration, error) {
	text, err := r.listed(what, value)
	if err != nil {
		return nil, err
	}
	var list []Registration
	return list, unmarshal(text, &list)
}

func (r *Registry) listed(what string, value *string) (text string, err error) {
	err = r.do(func(handle raw.Registry) (failure *raw.Failure) {
		text, failure = raw.RegistryList(handle, what, value)
		return failure
	})
	return text, err
}

// json is what clientcert.h takes: only what is said.
func (f Fields) json() string {
	fields := map[string]any{}
	if f.Label != "" {
		fields["label"] = f.Label
	}
	if !f.NotBefore.IsZero() {
		fields["not_before"] = f.NotBefore.UTC().Format(time.RFC3339)
	}
	if !f.NotAfter.IsZero() {
		fields["not_after"] = f.NotAfter.UTC().Format(time.RFC3339)
	}
	if f.Disabled {
		fields["disabled"] = true
	}
	if f.NoManage {
		fields["no_manage"] = true
	}
	if f.CA != "" {
		fields["ca"] = f.CA
	}
	if f.ThisCertificate {
		fields["by"] = "certificate"
	}
	text, _ := json.Marshal(fields) // texts and booleans: it cannot fail
	return string(text)
}

func unmarshal(text string, value any) error {
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return &Error{ErrInternal, "the registry's list cannot be read: " + err.Error()}
	}
	return nil
}
