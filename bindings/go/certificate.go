package clientcert

import (
	"net/netip"
	"strconv"
	"time"
)

// User is whom the certificate stands for; empty for anything but Success, and where nothing names one.
func (v *Verdict) User() string { return v.text("user") }

// UserRule is the identity rule that named the user, or registration.
func (v *Verdict) UserRule() string { return v.text("user_rule") }

// UserStrength is strong or weak: how sure it is that the user is meant.
func (v *Verdict) UserStrength() string { return v.text("user_strength") }

// VerifiedBy is own, or proxy where a trusted proxy's word stands in for a path to a CA.
func (v *Verdict) VerifiedBy() string { return v.text("verified_by") }

// RegistrationLabel is what the registration of the key is called, such as laptop.
func (v *Verdict) RegistrationLabel() string { return v.text("registration_label") }

// RegistrationKey is what is registered, as Registry takes it.
func (v *Verdict) RegistrationKey() string { return v.text("registration_key") }

// PendingFingerprint is the key that the server should look up, for Resolve.
func (v *Verdict) PendingFingerprint() string { return v.text("pending_fingerprint") }

// Subject is the name in the client's certificate as RFC 4514 writes it, on one line. Whether anybody vouches for it, Verified
// says.
func (v *Verdict) Subject() string { return v.text("subject") }

// Issuer is the issuer's name, likewise.
func (v *Verdict) Issuer() string { return v.text("issuer") }

// Serial is the serial number in upper-case hexadecimal.
func (v *Verdict) Serial() string { return v.text("serial") }

// NotBefore is the first second of the certificate's validity; the zero Time without one.
func (v *Verdict) NotBefore() time.Time { return v.time("not_before") }

// NotAfter is the last second of it.
func (v *Verdict) NotAfter() time.Time { return v.time("not_after") }

// DaysLeft is how many whole days the certificate is still valid; 0 when that is past, and without one.
func (v *Verdict) DaysLeft() int { return v.number("days_left") }

// FingerprintSHA256 is the SHA-256 of the certificate in lower-case hexadecimal.
func (v *Verdict) FingerprintSHA256() string { return v.text("fingerprint_sha256") }

// FingerprintSHA1 is the SHA-1 of it.
func (v *Verdict) FingerprintSHA1() string { return v.text("fingerprint_sha1") }

// SPKISHA256 is the SHA-256 of the key, which a renewed certificate keeps.
func (v *Verdict) SPKISHA256() string { return v.text("spki_sha256") }

// X5TS256 is the SHA-256 of the certificate as tokens are bound to it (RFC 8705).
func (v *Verdict) X5TS256() string { return v.text("x5t#S256") }

// Emails are the subject alternative names that are mailboxes. Every value is one line; see docs/variables.md.
func (v *Verdict) Emails() []string { return v.list("san_email") }

// DNSNames are those that are names of hosts.
func (v *Verdict) DNSNames() []string { return v.list("san_dns") }

// URIs are those that are URIs.
func (v *Verdict) URIs() []string { return v.list("san_uri") }

// DirectoryNames are those that are names of a directory, as RFC 4514 writes them.
func (v *Verdict) DirectoryNames() []string { return v.list("san_dirname") }

// UPNs are Microsoft's user principal names.
func (v *Verdict) UPNs() []string { return v.list("san_upn") }

// IPAddresses are those that are addresses.
func (v *Verdict) IPAddresses() []netip.Addr {
	var addresses []netip.Addr
	for _, text := range v.list("san_ip") {
		if address, err := netip.ParseAddr(text); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

func (v *Verdict) text(name string) string {
	text, _ := v.Variable(name)
	return text
}

func (v *Verdict) number(name string) int {
	number, _ := strconv.Atoi(v.text(name))
	return number
}

func (v *Verdict) time(name string) time.Time {
	t, _ := time.Parse(time.RFC3339, v.text(name))
	return t
}

func (v *Verdict) list(name string) []string {
	var list []string
	for i := 0; ; i++ {
		value, ok := v.Variable(name + "_" + strconv.Itoa(i))
		if !ok {
			return list
		}
		list = append(list, value)
	}
}
