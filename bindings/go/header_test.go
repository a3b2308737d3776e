package clientcert

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"clientcert.dev/go/internal/raw"
)

// constants are the enumerators of the header that the library was built with.
func constants(t *testing.T) map[string]int64 {
	t.Helper()
	header, err := os.ReadFile("../../include/clientcert.h")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, match := range regexp.MustCompile(`(?m)^    CLIENTCERT_(\w+) = (-?\d+),$`).FindAllStringSubmatch(string(header), -1) {
		found[match[1]], _ = strconv.ParseInt(match[2], 10, 64)
	}
	return found
}

// declared are the constants that a file of this package declares with a prefix, by name in capitals without _.
func declared(t *testing.T, file, prefix string) map[string]int64 {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, match := range regexp.MustCompile(`(?m)^\t`+prefix+`(\w+)(?: +\w+)? += (-?\d+)(?: +//.*)?$`).FindAllStringSubmatch(string(source), -1) {
		found[strings.ToUpper(match[1])], _ = strconv.ParseInt(match[2], 10, 64)
	}
	return found
}

func TestEveryNumberIsTheHeaders(t *testing.T) {
	all := constants(t)
	families := []struct{ file, prefix, header string }{
		{"reason.go", "Reason", "REASON_"},
		{"policy.go", "Mode", "MODE_"},
		{"policy.go", "Enforce", "ENFORCEMENT_"},
		{"decision.go", "Action", "ACTION_"},
		{"decision.go", "Body", "BODY_"},
		{"request.go", "field", "REQUEST_"},
		{"request.go", "HTTP", "HTTP_"},
		{"request.go", "Late", "LATE_"},
		{"forwarded.go", "Dialect", "DIALECT_"},
		{"forwarded.go", "Forward", "FORWARD_"},
		{"reason.go", "Culprit", "CULPRIT_"},
	}
	for _, family := range families {
		ours, theirs := declared(t, family.file, family.prefix), map[string]int64{}
		for name, number := range all {
			if rest, ok := strings.CutPrefix(name, family.header); ok {
				theirs[strings.ReplaceAll(rest, "_", "")] = number
			}
		}
		if family.header == "REQUEST_" {
			theirs["ARRIVEDBEFORE"] = theirs["ARRIVEDBEFORECERTIFICATE"]
			delete(theirs, "ARRIVEDBEFORECERTIFICATE")
		}
		if len(ours) == 0 || len(ours) != len(theirs) {
			t.Errorf("%s: %d here, %d in the header", family.prefix, len(ours), len(theirs))
		}
		for name, number := range theirs {
			if got, ok := ours[name]; !ok || got != number {
				t.Errorf("%s%s is %d here (declared: %t), %d in the header", family.prefix, name, got, ok, number)
			}
		}
	}
	for number, name := range map[Requirement]string{RequireUser: "USER", RequireVerified: "VERIFIED", RequireCertificate: "CERTIFICATE", RequireNothing: "NONE"} {
		if number.number() != all["REQUIREMENT_"+name] {
			t.Errorf("%s is %d", name, number.number())
		}
	}
	for number, name := range map[Outcome]string{None: "NONE", Success: "SUCCESS", Failed: "FAILED"} {
		if int64(number) != all[name] || number.String() != name {
			t.Errorf("%s is %d", name, number)
		}
	}
}

func TestEveryStatusIsTheHeaders(t *testing.T) {
	all := constants(t)
	source := declared(t, "error.go", "Err")
	for name, number := range source {
		if raw.StatusName(int32(number)) == "unknown" {
			t.Errorf("%s, %d, is no status", name, number)
		}
	}
	for name, number := range all {
		status := raw.StatusName(int32(number))
		if strings.ToLower(name) == status && status != "ok" && source[strings.ReplaceAll(name, "_", "")] != number {
			t.Errorf("%s, %d, is not declared", name, number)
		}
	}
}

func TestEveryReasonHasItsName(t *testing.T) {
	ours := declared(t, "reason.go", "Reason")
	codes := ReasonCodes()
	if len(codes) != len(ours) {
		t.Errorf("%d reasons here, %d in the library", len(ours), len(codes))
	}
	for _, code := range codes {
		if number, ok := ours[strings.ToUpper(strings.ReplaceAll(code.String(), "_", ""))]; !ok || number != int64(code) {
			t.Errorf("%s is %d", code, code)
		}
		if code.Text() == "" || code.Text() == "unknown" || code.X509Error() == 0 || !strings.HasPrefix(code.X509Name(), "X509_V_ERR_") {
			t.Errorf("%s: %q %d %q", code, code.Text(), code.X509Error(), code.X509Name())
		}
	}
	if ReasonCode(9999).String() != "unknown" || ReasonCode(9999).Alert(0x304) != 80 {
		t.Error("a number that is no reason has a name")
	}
}
